"""Photos move from the folder into a bucket of a real S3 server, in both shapes: never out of sight, copied and checked, read from there,
refused while it is away with nothing half done, taken when it is back."""
import functools
import urllib.error
import urllib.request

from support.instance import Instance, Refused, free_port, wait_for
from support.s3 import S3
from system.story import Story, set_up_city


def readyz(instance, port):
    """The status and words of a process's own page."""
    try:
        if port is None:
            answer = instance.http("/readyz")
        else:
            answer = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://127.0.0.1:{port}/readyz", timeout=10)
        with answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def moved(shape):
    with Instance(shape) as instance, S3() as s3:
        set_up_city(instance)
        story = Story(instance)
        before = story.photo("G004", "NEAR")["media"]
        target = "all" if shape == "all" else "media"
        port = None if shape == "all" else free_port()
        copy = ("copy-media", target, f"--data-dir={instance.dir}/data", *s3.flags())
        instance.more_flags = s3.flags() + ([] if port is None else [f"--listen-http=127.0.0.1:{port}"])
        assert instance.stop(target) == 0
        instance.restart(target)
        # The shape changes first; what the bucket lacks is read from the folder until it is copied.
        assert instance.call("G004", "media", "GetMediaContent", {"name": before})["content"]
        first, _ = instance.program(*copy)
        assert "1 copied" in first and "0 lost" in first, first
        again, _ = instance.program(*copy, "--since=2020-01-01T00:00:00Z")
        assert "1 there already, 0 copied" in again, again

        # Without the folder everything is there.
        (instance.dir / "data/media").rename(instance.dir / "media.away")
        assert instance.stop(target) == 0
        instance.restart(target)
        # Whoever may see it reads it from there; what is new goes there.
        assert instance.call("G004", "media", "GetMediaContent", {"name": before})["content"]
        held = s3.objects()
        after = story.photo("G004", "FAR")["media"]
        assert s3.objects() == held + 1, "the bucket holds it"
        assert not (instance.dir / "data/media").exists(), "and no folder comes back"

        s3.stop()
        # On its own the area is not ready; where it is one of all, the others go on.
        status = 200 if shape == "all" else 503
        wait_for("the store's absence to be told", lambda: (lambda got: got[0] == status and "photo store" in got[1])(readyz(instance, port)), 30)
        rows = instance.sql(f"SELECT COUNT(*) FROM {instance.database}.media")
        try:
            instance.call_as("G004", "media", "GetMediaContent", {"name": before})
            raise AssertionError("read from a store that is away")
        except Refused as refused:
            assert refused.code == "unavailable", refused
            assert refused.reason in ("MEDIA_STORE_UNAVAILABLE", "DATABASE_UNAVAILABLE"), refused
        assert instance.sql(f"SELECT COUNT(*) FROM {instance.database}.media") == rows

        s3.start()
        wait_for("the store's return to be told", lambda: (lambda got: got[0] == 200 and "photo store" not in got[1])(readyz(instance, port)), 30)
        assert instance.call("G004", "media", "GetMediaContent", {"name": after})["content"]

        # A key that is not the right one is told in words, and costs nothing that was there.
        (s3.dir / "secret.key").write_text("another\n", encoding="utf-8")
        wait_for("the refused key to be told", lambda: (lambda got: got[0] == status and "photo store" in got[1])(readyz(instance, port)), 30)
        _, told = instance.program(*copy, expect=1)
        assert "secret key is not the one" in told, told
        (s3.dir / "secret.key").write_text(s3.SECRET + "\n", encoding="utf-8")
        wait_for("the key to be taken again", lambda: readyz(instance, port) == (200, "ready\n"), 30)
        instance.more_flags = []


SCENARIOS = [(f"photos in a bucket, {shape}", functools.partial(moved, shape)) for shape in ("all", "split")]
