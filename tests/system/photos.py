"""Photos move from the folder into a bucket of a real S3 server, in both shapes: never out of sight, copied and checked, read from there,
refused while it is away with nothing half done, taken when it is back. And they come in pieces, by HTTP, while the process that takes
them is killed between any two."""
import base64
import functools
import hashlib
import time
import urllib.error
import urllib.request

from support.instance import LOST_ON_THE_WAY, Instance, Refused, free_port, new_id, wait_for
from support.s3 import S3
from system.story import Story, png, set_up_city


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


def asked(instance, login, method, path, headers=None, body=None):
    """One request as a phone sends it, again while its answer is lost or says to come back: status and headers, and the body."""
    sent = {"Authorization": "Bearer " + instance.tokens[login][0], "Tus-Resumable": "1.0.0", **(headers or {})}
    deadline = time.monotonic() + 40
    while True:
        line = instance.connect()
        try:
            line.request(method, path, body, sent)
            answer = line.getresponse()
            content = answer.read()
            if answer.status not in (429, 502, 503, 504):
                return answer.status, answer.headers, content
            last = f"HTTP {answer.status} {content[:300]}"
        except LOST_ON_THE_WAY as error:
            last = error
        finally:
            line.close()
        assert time.monotonic() < deadline, f"{method} {path} never came through: {last}"
        time.sleep(0.1)


def resumed(shape):
    piece = 64 * 1024
    with Instance(shape) as instance:
        set_up_city(instance)
        story = Story(instance)
        target = "all" if shape == "all" else "media"
        content = png(new_id() + "x" * 300_000)
        digest = hashlib.sha256(content).hexdigest()

        def word(text):
            return base64.b64encode(text.encode()).decode()

        begin = {"Upload-Length": str(len(content)),
                 "Upload-Metadata": f"sha256 {word(digest)},type {word('image/png')},division {word(story.division('411702001201'))}"}
        status, headers, said = asked(instance, "G004", "POST", "/files", begin)
        assert status == 201 and headers["Upload-Offset"] == "0", (status, said)
        where = headers["Location"]
        at = 0
        while at < len(content):
            # What was acknowledged outlives the process; what was not may be there too, but never half.
            instance.kill(target)
            instance.restart(target)
            status, headers, said = asked(instance, "G004", "HEAD", where)
            assert (status, int(headers["Upload-Offset"]), headers["Upload-Complete"]) == (200, at, "?0"), (status, dict(headers))
            part = content[at:at + piece]
            checksum = "sha256 " + base64.b64encode(hashlib.sha256(part).digest()).decode()
            status, headers, said = asked(instance, "G004", "PATCH", where, {
                "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(at), "Upload-Checksum": checksum}, part)
            assert status in (204, 409), (status, said)
            assert int(headers["Upload-Offset"]) == at + len(part), dict(headers)
            at += len(part)
        instance.kill(target)
        instance.restart(target)
        status, headers, said = asked(instance, "G004", "HEAD", where)
        assert (status, headers["Upload-Complete"]) == (200, "?1"), (status, dict(headers))
        status, headers, said = asked(instance, "G004", "POST", "/files", begin)
        assert (status, headers["Upload-Complete"]) == (201, "?1"), (status, said)
        assert instance.sql(f"SELECT COUNT(*) FROM {instance.database}.media WHERE HEX(sha256) = '{digest.upper()}'") == [["1"]]

        status, headers, shown = asked(instance, "G004", "GET", f"/photos/{digest}")
        assert status == 200 and headers["Content-Type"] == "image/png" and shown.startswith(b"\x89PNG"), (status, shown[:300])
        status, headers, small = asked(instance, "G004", "GET", f"/photos/{digest}/thumbnail")
        assert status == 200 and headers["Content-Type"] == "image/jpeg" and small.startswith(b"\xff\xd8"), (status, small[:300])
        status, _, _ = asked(instance, "G004", "GET", f"/photos/{digest}/thumbnail", {"If-None-Match": headers["ETag"]})
        assert status == 304, status

        # By hand: cut off or not, the same command goes on, and what is there is not sent again.
        file = instance.dir / "other.png"
        file.write_bytes(png(new_id() + "y" * 300_000))
        named = instance.gridctl("G004", "media", "upload", str(file)).strip()
        assert named == "media/" + hashlib.sha256(file.read_bytes()).hexdigest(), named
        assert instance.gridctl("G004", "media", "upload", str(file)).strip() == named
        instance.gridctl("G004", "media", "get", named, "--thumbnail", "--into", str(instance.dir / "small.jpg"))
        assert (instance.dir / "small.jpg").read_bytes().startswith(b"\xff\xd8")


SCENARIOS = [(f"photos in pieces, {shape}", functools.partial(resumed, shape)) for shape in ("all", "split")]
SCENARIOS += [(f"photos in a bucket, {shape}", functools.partial(moved, shape)) for shape in ("all", "split")]
