"""The offline day of phones against the real binary: visits with photos and a check made without a server, an answer that is lost, kill -9 in
the middle of a push, sent again and again. Each is there once, and the journal carries what the phone signed."""
import functools
import hashlib
import json
import subprocess
import time

from support.instance import BUILD, Instance, new_id, wait_for
from system.story import PASSWORD, Story, png, set_up_city

VILLAGE = "411702001201"
UNREACHABLE = 3
# SubjectPublicKeyInfo of an uncompressed point on P-256, up to the point.
POINT_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


class Phone:
    """gridsim phone: what it holds is a file."""

    def __init__(self, instance, login):
        self.instance = instance
        self.login = login
        self.state = instance.dir / f"phone-{login}.json"
        password = instance.dir / "phone-password"
        password.write_text(PASSWORD)
        authority = ["--ca", instance.authority] if instance.https else []
        self.do("sign-in", "--server", instance.url, *authority, "--login", login, "--password-file", password)

    def start(self, action, *arguments):
        return subprocess.Popen([BUILD / "gridsim", "phone", action, "--state", self.state, *map(str, arguments)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def do(self, action, *arguments, expect=0):
        process = self.start(action, *arguments)
        out, error = process.communicate(timeout=120)
        assert process.returncode == expect, f"gridsim phone {action} ended with {process.returncode}: {error}"
        return out.strip()

    def show(self):
        return json.loads(self.do("show"))

    def photo(self, label):
        path = self.instance.dir / f"{label}.png"
        path.write_bytes(png(new_id()))
        return path


def plan_visits(instance, story):
    tasks = []
    for title in ("河道巡查", "工地巡查", "秸秆巡查"):
        task = instance.call("G001", "patrol", "CreatePatrolTask", {
            "requestId": new_id(), "patrolTask": {
                "division": story.division(VILLAGE), "category": "WASTE_BURNING", "title": title,
                "post": story.post("411702001", "PATROL_OFFICER"), "dueTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4 * 3600))}})
        tasks.append(task["name"])
    return tasks


def sync_until_through(phone):
    """As a phone does: again and again, until nothing waits on it."""
    def through():
        process = phone.start("sync")
        _, error = process.communicate(timeout=120)
        assert process.returncode in (0, UNREACHABLE), error
        return process.returncode == 0
    wait_for("the phone to be through", through, 60)


def openssl_verifies(instance, point, message, signature):
    """The signature (r and s) of the registered key, asked of another implementation than ours."""
    def number(raw):
        raw = raw.lstrip(b"\0")
        raw = b"\0" + raw if raw[0] & 0x80 else raw
        return b"\x02" + bytes([len(raw)]) + raw
    both = number(signature[:32]) + number(signature[32:])
    files = {"key.der": POINT_PREFIX + point, "signature.der": b"\x30" + bytes([len(both)]) + both, "message": message}
    for name, content in files.items():
        (instance.dir / name).write_bytes(content)
    done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", instance.dir / "key.der", "-keyform", "DER", "-signature",
                           instance.dir / "signature.der", instance.dir / "message"], capture_output=True, text=True)
    return done.returncode == 0


def entries_with(instance, digest):
    """Signatures of the journal's entries that name an operation by its digest: op_digest is field 11, op_signature field 12."""
    rows = instance.sql(f"SELECT HEX(body) FROM {instance.database}.journal_entry WHERE LOCATE(UNHEX('5A20{digest}'), body) > 0")
    marks = [row[0].split(f"5A20{digest.upper()}", 1)[1] for row in rows]
    assert all(mark.startswith("6240") for mark in marks), "an entry has the digest of an operation and no signature"
    return [bytes.fromhex(mark[4:4 + 128]) for mark in marks]


def check_signatures(instance, phone, entries_of):
    shown = phone.show()
    device = shown["device"].split("/")[1].replace("-", "")
    registered = bytes.fromhex(instance.sql(f"SELECT HEX(public_key) FROM {instance.database}.device WHERE device_id = UNHEX('{device}')")[0][0])
    assert registered.hex() == shown["public_key"]
    for operation in shown["operations"]:
        assert operation["verdict"] in ("ACCEPTED", "DUPLICATE"), operation
        body = operation["body"].encode()
        assert hashlib.sha256(body).hexdigest() == operation["hash"]
        signatures = entries_with(instance, operation["hash"].upper())
        assert len(signatures) == entries_of, f"{operation['subject']} left {len(signatures)} entries"
        for signature in signatures:
            assert signature.hex() == operation["signature"]
            assert openssl_verifies(instance, registered, b"gridwarden/op/v1\n" + body, signature), "the entry's signature is not the phone's"
        assert not openssl_verifies(instance, registered, b"gridwarden/op/v1\n" + body + b" ", signatures[0]), "any message would do"


def offline_day(shape):
    with Instance(shape) as instance:
        set_up_city(instance)
        story = Story(instance)
        for step in Story.STEPS[:Story.STEPS.index(Story.the_system_sends_an_independent_checker) + 1]:
            step(story)
        tasks = plan_visits(instance, story)
        officer, checker = Phone(instance, "G004"), Phone(instance, story.checker)

        def has(phone, names):
            phone.do("pull")
            return set(names) <= {record["name"] for record in phone.show()["records"]}
        wait_for("the tasks on the officer's phone", lambda: has(officer, tasks), 30)
        wait_for("the case on the checker's phone", lambda: has(checker, [story.case]), 30)

        # No server: it is all done on the phones.
        victim = "all" if shape == "all" else "sync"
        for target in instance.targets():
            instance.kill(target)
        for task in tasks:
            officer.do("visit", "--task", task, "--result", "NORMAL", "--note", "正常", "--photo", officer.photo(task[-12:]))
        checker.do("check", "--case", story.case, "--result", "FAIL", "--note", "仍有余火", "--photo", checker.photo("remains"))
        assert officer.show()["queued"] == 3
        officer.do("sync", expect=UNREACHABLE)
        assert officer.show()["queued"] == 3, "a server that is away takes nothing from the phone"
        for target in instance.targets():
            instance.start_target(target)
        for target in instance.targets():
            instance.wait_ready(target)

        # The server hears it and the phone does not hear the answer; then the server dies while it is sent again.
        officer.do("sync", "--lose-answers", 1, expect=UNREACHABLE)
        assert officer.show()["queued"] == 3
        sending = [officer.start("sync"), checker.start("sync")]
        time.sleep(0.05)
        instance.kill(victim)
        for process in sending:
            _, error = process.communicate(timeout=120)
            assert process.returncode in (0, UNREACHABLE), error
        instance.restart(victim)
        for phone in (officer, checker, officer, checker):
            sync_until_through(phone)

        for task in tasks:
            done = instance.call("G004", "patrol", "GetPatrolTask", {"name": task})
            assert done["state"] == "DONE" and done["result"] == "NORMAL", done
            visits = instance.call("G004", "patrol", "ListVisits", {"parent": task})["visits"]
            assert len(visits) == 1 and visits[0]["name"] == done["visit"], visits
        assert instance.sql(f"SELECT COUNT(*) FROM {instance.database}.visit") == [["4"]], "the story's one and these three"
        assert story.state() == "HANDLING"
        events = instance.call("G009", "casework", "ListCaseEvents", {"name": story.case})["events"]
        assert [event["action"] for event in events].count("REWORK") == 1
        # Photos are green by the server's own digest only.
        for phone, photos in ((officer, 3), (checker, 1)):
            shown = phone.show()
            assert shown["queued"] == 0 and len(shown["photos"]) == photos
            for digest, photo in shown["photos"].items():
                assert photo["verified"] and photo["receipt"], f"photo {digest} has no receipt"
                assert instance.call(phone.login, "media", "GetMedia", {"name": f"media/{digest}"})["name"] == f"media/{digest}"
        wait_for("the log to hold everything", lambda: instance.sql(f"SELECT COUNT(*) FROM {instance.database}.journal_stage") == [["0"]], 30)
        check_signatures(instance, officer, entries_of=2)
        check_signatures(instance, checker, entries_of=1)


SCENARIOS = [(f"the offline day of phones, {shape}", functools.partial(offline_day, shape)) for shape in ("all", "split")]
