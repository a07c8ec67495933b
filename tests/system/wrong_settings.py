"""A wrong setting is refused or alarmed in plain words, in /readyz, and forgiven as soon as it is right again."""
import shutil
import subprocess
import urllib.error

from support.instance import ROOT, Instance, Refused, new_id, wait_for
from support.load import hotline_signal
from support.mariadb import PrivateMariadb
from system.story import Story, set_up_city


def readyz(instance):
    """Status and words."""
    try:
        with instance.http("/readyz") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def wait_says(instance, status, *words):
    def says():
        code, body = readyz(instance)
        return code == status and all(word in body for word in words)

    try:
        wait_for(f"/readyz to answer {status} and say {words}", says, 20)
    except AssertionError as error:
        raise AssertionError(f"{error}; it says {readyz(instance)}\n{instance.log('all')[-1500:]}") from None


def wait_silent(instance, *words):
    """Ready, and no longer saying that."""
    wait_for(f"/readyz to forget {words}", lambda: readyz(instance)[0] == 200 and not any(word in readyz(instance)[1] for word in words), 20)


def metric(instance, name):
    with instance.http("/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(name + " ") or line.startswith(name + "{"):
                return float(line.rsplit(" ", 1)[1])
    raise AssertionError(f"no metric {name}")


def wrong_settings():
    with PrivateMariadb("--sysdate-is-now") as mariadb, Instance("all", database_socket=mariadb.socket) as instance:
        set_up_city(instance)
        unsafe_database(mariadb, instance)
        clock_off(mariadb, instance)
        schema_older(instance)
        rights_missing(instance)
        rights_too_many(instance)
        key_wrong(instance)
        password_shown(instance)
        backup_old(instance)
        disk_full(instance)


def unsafe_database(mariadb, instance):
    for variable, bad, good, words in (
            ("innodb_flush_log_at_trx_commit", "2", "1", "innodb_flush_log_at_trx_commit is 2, want 1"),
            ("sync_binlog", "0", "1", "sync_binlog is 0, want 1"),
            ("innodb_snapshot_isolation", "OFF", "ON", "innodb_snapshot_isolation is OFF, want ON"),
            ("binlog_format", "'MIXED'", "'ROW'", "binlog_format is MIXED, want ROW"),
            ("read_only", "1", "0", "this is a replica")):
        mariadb.sql(f"SET GLOBAL {variable} = {bad}")
        wait_says(instance, 503, words)
        mariadb.sql(f"SET GLOBAL {variable} = {good}")
        wait_silent(instance, words)


def clock_off(mariadb, instance):
    """The database's clock as its ordinary accounts see it; the owner's sessions keep the right one."""
    def shift(seconds):
        mariadb.sql(f"SET GLOBAL init_connect = \"SET SESSION timestamp = UNIX_TIMESTAMP() + {seconds}\"" if seconds
                    else "SET GLOBAL init_connect = ''")
        for (session,) in mariadb.sql(f"SELECT id FROM information_schema.processlist WHERE user = '{instance.database}_all'"):
            subprocess.run(["mariadb", "--no-defaults", f"--socket={mariadb.socket}", "--user=root", "-e", f"KILL {session}"],
                           capture_output=True)

    shift(-300)
    wait_says(instance, 503, "clock: this machine's clock is 30", "ahead of the database's", "请校时")
    assert 290 < metric(instance, "gridwarden_clock_offset_seconds") < 330
    shift(30)
    wait_says(instance, 200, "clock: this machine's clock is", "behind the database's")
    shift(0)
    wait_silent(instance, "clock:")
    assert abs(metric(instance, "gridwarden_clock_offset_seconds")) < 1


def schema_older(instance):
    newest = f"(SELECT MAX(number) FROM {instance.database}.schema_migration)"
    number = instance.sql(f"SELECT {newest}")[0][0]
    instance.sql(f"UPDATE {instance.database}.schema_migration SET applied_us = NULL WHERE number = {number}")
    wait_says(instance, 503, "schema: the schema is older than this program", "run `gridwarden migrate`")
    instance.sql(f"UPDATE {instance.database}.schema_migration SET applied_us = 1 WHERE number = {number}")
    wait_silent(instance, "schema:")


def start_badly(instance):
    assert instance.stop("all") == 0
    instance.start_target("all")


def rights_missing(instance):
    account = f"'{instance.database}_all'@'localhost'"
    instance.sql(f"REVOKE UPDATE ON {instance.database}.case_file FROM {account}")
    start_badly(instance)
    wait_says(instance, 503, f"the database account {instance.database}_all@localhost may not UPDATE case_file", "gridwarden migrate")
    said, _ = instance.program("migrate", "migrate", f"--migrations-dir={ROOT}/db/migrations", f"--policy-dir={ROOT}/db/policy")
    assert "accounts: left alone" in said, said  # the account of migrations changes the schema and nobody's rights
    said, _ = instance.migrate()
    assert "1 rights changed" in said, said
    wait_silent(instance, "may not UPDATE")


def rights_too_many(instance):
    instance.sql(f"GRANT DELETE ON {instance.database}.case_event TO '{instance.database}_all'@'localhost'")
    start_badly(instance)
    wait_says(instance, 200, f"{instance.database}_all@localhost may also DELETE case_event", "权限过大")
    said, _ = instance.migrate()
    assert "1 rights changed" in said, said
    start_badly(instance)
    wait_silent(instance, "may also")


def key_wrong(instance):
    key = instance.dir / "data/journal/signer.key"
    away = instance.dir / "signer.key"
    key.chmod(0o644)
    start_badly(instance)
    wait_says(instance, 503, "journal key:", "can be read by others than its owner")
    key.chmod(0o600)
    wait_silent(instance, "journal key:")
    shutil.move(key, away)
    start_badly(instance)
    wait_says(instance, 503, "signer.key is missing", "日志签名密钥")
    assert not key.exists(), "a new key was made where an old one had signed"
    shutil.move(away, key)
    wait_silent(instance, "journal key:")


def password_shown(instance):
    """A secret that everybody can read is none: the program does not start with it."""
    password = instance.accounts / "all.password"
    password.chmod(0o644)
    assert instance.stop("all") == 0
    refused = subprocess.run(instance._command("all"), capture_output=True, text=True, timeout=30)
    assert refused.returncode == 1 and "everybody can read it" in refused.stderr, refused
    password.chmod(0o600)
    instance.restart("all")


def backup_old(instance):
    backups = instance.dir / "backups"
    instance.more_flags = [f"--backup-dir={backups}"]
    start_badly(instance)
    wait_says(instance, 200, "backup: there is none")
    instance.program("backup", "backup", f"--into={backups}", f"--data-dir={instance.dir}/data")
    wait_silent(instance, "backup:")
    assert 0 <= metric(instance, "gridwarden_backup_age_seconds") < 60


def disk_full(instance):
    """Field work is taken in, decisions and uploads are not."""
    division = Story(instance).division("411702001202")
    filed = instance.call("G001", "casework", "SubmitSignal", hotline_signal(division))
    instance.more_flags = ["--disk-reserve-mb=99000000"]
    start_badly(instance)
    wait_says(instance, 200, "disk: ", "field work is taken in", "磁盘将满")
    instance.wait_ready("all")
    assert 0 < metric(instance, "gridwarden_disk_free_ratio") <= 1
    instance.call("G001", "casework", "SubmitSignal", hotline_signal(division))
    instance.call("G001", "casework", "GetSignal", {"name": filed["name"]})
    for area, rpc, request in (
            ("casework", "RejectSignal", {"requestId": new_id(), "name": filed["name"], "etag": filed.get("etag", ""), "reason": "x"}),
            ("media", "UploadMedia", {"content": "aGVsbG8=", "contentType": "image/jpeg"})):
        try:
            instance.call_as("G001", area, rpc, request)
            raise AssertionError(f"{rpc} was accepted on a full disk")
        except Refused as refused:
            assert refused.reason == "DISK_FULL" and refused.code == "unavailable", refused
    instance.more_flags = []
    assert instance.stop("all") == 0
    instance.restart("all")
    wait_silent(instance, "disk:")


SCENARIOS = [("wrong settings are told and forgiven", wrong_settings)]
