"""The restore drill (guarantees.md G10): a backup while clients write, everything destroyed, a fresh server, and everything that was
acknowledged before the last fetch of the binary log is there, once; what is altered or lost is refused and named."""
import shutil
import time

from support.instance import Instance, wait_for
from support.load import Load
from support.mariadb import PrivateMariadb
from system import recount
from system.story import Story, set_up_city


def backup(instance, *more):
    return instance.program("backup", "backup", f"--into={instance.dir}/backups", f"--data-dir={instance.dir}/data", *more)[0]


def newest(instance):
    return sorted(path for path in (instance.dir / "backups").iterdir() if (path / "manifest.json").exists())[-1]


def restore(instance, *more, expect=0):
    return instance.program("restore", "root", f"--from={instance.dir}/backups", f"--data-dir={instance.dir}/data", *more, expect=expect)


def keep_keys(instance):
    """What the operator keeps apart from the data: every key, sealed."""
    passphrase = instance.dir / "passphrase"
    passphrase.write_text("river lamp otter 77\n")
    passphrase.chmod(0o600)
    sealed = instance.dir / "keys.sealed"
    instance.program("backup-keys", "gateway", f"--into={sealed}", f"--data-dir={instance.dir}/data", f"--passphrase-file={passphrase}")
    return (instance.dir / "data/journal/signer.key").read_bytes().strip()


def destroy(instance, source):
    instance.kill("all")
    source.kill()
    shutil.rmtree(instance.dir / "data")


def come_back(instance):
    wrong = instance.dir / "wrong"
    wrong.write_text("river lamp otter 78\n")
    wrong.chmod(0o600)
    back = ("restore-keys", "gateway", f"--from={instance.dir}/keys.sealed", f"--data-dir={instance.dir}/data")
    _, why = instance.program(*back, f"--passphrase-file={wrong}", expect=1)
    assert "passphrase" in why, why
    instance.program(*back, f"--passphrase-file={instance.dir}/passphrase")
    instance.migrate()
    instance.start()


def no_key_in(folder, key):
    """The signing key lies nowhere in the backups."""
    for path in folder.rglob("*"):
        assert not path.is_file() or key not in path.read_bytes(), f"{path} holds the signing key"


def restored():
    with PrivateMariadb() as source, PrivateMariadb() as fresh, Instance("all", database_socket=source.socket) as instance:
        set_up_city(instance)
        with Load(instance, Story(instance)) as load:
            load.wait_for_answers(60)
            said = backup(instance)  # clients write on meanwhile
            assert "manifest SHA-256" in said and "keys are not in it" in said, said
            load.wait_for_answers(60)
            backup(instance, "--log-only")
            load.wait_for_answers(20)
        backup(instance, "--log-only")
        rows = instance.sql(f"SELECT COUNT(*) FROM {instance.database}.signal_file")
        key = keep_keys(instance)
        no_key_in(instance.dir / "backups", key)
        photos = sorted(path.name for path in (instance.dir / "data/media").rglob("*") if path.is_file())
        instance.program("verify-backup", "gateway", f"--from={instance.dir}/backups")
        destroy(instance, source)

        instance.socket = fresh.socket
        refuses_what_is_altered(instance)
        began = time.monotonic()
        said, _ = restore(instance)
        took = time.monotonic() - began
        assert "every row there" in said and "binary log: replayed" in said and "are what was signed" in said, said
        assert instance.sql(f"SELECT COUNT(*) FROM {instance.database}.signal_file") == rows
        assert photos == sorted(path.name for path in (instance.dir / "data/media").rglob("*") if path.is_file())
        restore_is_refused_into_what_is_there(instance)
        come_back(instance)
        recount.check_load(instance, load, 0, 0)
        recount.check_all(instance)
        return f"{load.answered()} acknowledged, {len(photos)} photos, restored and proven in {took:.1f} s"


def refuses_what_is_altered(instance):
    """A byte of any file, or a file that is gone: refused, naming it, before anything is touched."""
    whole = newest(instance)
    log = sorted((whole / "log").iterdir())[0]
    for victim in (whole / "database.sql.gz", whole / "photos.list", whole / "log/photos.list", whole / "signer.note", log):
        kept = victim.read_bytes()
        changed = bytearray(kept)
        changed[len(changed) // 2] ^= 1
        victim.write_bytes(changed)
        _, why = restore(instance, expect=1)
        assert victim.name in why and "is not what was backed up" in why, why
        victim.unlink()
        _, why = restore(instance, expect=1)
        assert victim.name in why and "is missing" in why, why
        victim.write_bytes(kept)
    assert not instance.sql(f"SHOW DATABASES LIKE '{instance.database}'"), "a refused backup was begun"


def restore_is_refused_into_what_is_there(instance):
    _, why = restore(instance, expect=1)
    assert "restored into an empty one" in why, why


def lost_tail():
    """Without the binary log the signed tail is lost. That is named, the signer refuses, and two officers go on under a new name."""
    with PrivateMariadb() as source, PrivateMariadb() as fresh, Instance("all", database_socket=source.socket) as instance:
        set_up_city(instance)
        with Load(instance, Story(instance)) as load:
            load.wait_for_answers(40)
            backup(instance)
            load.wait_for_answers(60)
        recount.check_journal(instance)
        keep_keys(instance)
        held_note = instance.dir / "held.note"
        held_note.write_text(instance.gridctl("admin", "journal", "checkpoint"))
        signed = int(held_note.read_text().splitlines()[1])  # a checkpoint is origin, size, root, signatures
        destroy(instance, source)

        instance.socket = fresh.socket
        _, why = restore(instance, f"--checkpoint={held_note}", expect=1)
        left = journal_entries(instance)
        assert f"entries {left} to {signed - 1} ({signed - left}) were signed" in why and "are lost" in why, why
        come_back(instance)
        trouble = wait_for("the signer to refuse", lambda: instance.call("admin", "journal", "GetStatus", {}).get("trouble"), 30)
        assert "shrank" in trouble, trouble
        instance.stop("all")
        left = journal_entries(instance)  # what was staged in the backup has its index now
        successor = ("open-successor-log", "root", f"--data-dir={instance.dir}/data", "--reason=no other copy was found")
        _, why = instance.program(*successor, "--officer=admin", expect=1)
        assert "two officers" in why, why
        said, _ = instance.program(*successor, "--officer=admin", "--officer=G001")
        assert f"lost: entries {left} to {signed - 1}" in said, said
        instance.restart("all")
        recount.check_journal(instance)
        tail = instance.gridctl("admin", "journal", "tail", "200")
        assert "log.successor" in tail, tail
        refilled = refill(instance)
        recount.check_all(instance)
        with Load(instance, Story(instance)) as load:
            load.wait_for_answers(20)
        recount.check_journal(instance)
        return f"{signed - left} of {signed} signed entries lost and named, {refilled} submissions refilled by who still held them"


def journal_entries(instance):
    return int(instance.sql(f"SELECT COUNT(*) FROM {instance.database}.journal_entry")[0][0])


def refill(instance):
    """Whoever has not seen SEALED sends again under the same ids: what is there is answered as it was, what was lost is taken in. Only
    the hotline's calls: of a find the photo is gone, too, and would have to be sent first. Answers how many were lost."""
    held = [one for one in instance.acknowledged if one[2] == "SubmitSignal" and one[3]["signal"]["channel"] == "HOTLINE"]
    before = int(instance.sql(f"SELECT COUNT(*) FROM {instance.database}.signal_file")[0][0])
    instance.acknowledged = []
    for login, area, rpc, request, told in held:
        answer = instance.call(login, area, rpc, request)
        assert answer["name"] == told["name"], f"{told['name']} came back as {answer['name']}"
    lost = int(instance.sql(f"SELECT COUNT(*) FROM {instance.database}.signal_file")[0][0]) - before
    assert 0 < lost < len(held), f"{lost} of {len(held)} were lost"
    return lost


SCENARIOS = [
    ("restored from a backup", restored),
    ("restored with a lost tail", lost_tail),
]
