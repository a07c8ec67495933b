"""What an operator watches: every name of the dashboard and of the alerts is in the /metrics of a real server, the numbers move as they
should, and nothing in them names a person."""
import re
import sys

from support.instance import ROOT, Instance, Refused, wait_for
from support.load import hotline_signal
from system.story import PEOPLE, Story, set_up_city

sys.path.insert(0, str(ROOT / "tests" / "lint"))
import check_metrics  # noqa: E402

# Made only where the setting they speak of is used; the lint holds them to the source.
BY_SETTING = {
    "gridwarden_certificate_expires_seconds": "--tls-cert",
    "gridwarden_certificate_refused_total": "--tls-cert",
    "gridwarden_process_certificate_seconds_left": "processes that know each other by certificates",
    "gridwarden_photo_store_up": "photos in a bucket",
    "gridwarden_backup_age_seconds": "a backup that was made",
}
SERIES_MAX = 4000
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


def scrape(instance):
    """name -> {labels: value}"""
    with instance.http("/metrics") as answer:
        text = answer.read().decode()
    numbers = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match, f"no line of the exposition format: {line}"
            numbers.setdefault(match.group(1), {})[match.group(2) or ""] = float(match.group(3))
    return numbers, text


def check_names(numbers):
    there = {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in numbers} | set(numbers)
    missing = sorted(name for name in check_metrics.monitoring_names(ROOT) if name not in there and name not in BY_SETTING)
    assert not missing, f"used by the dashboard or an alert, but not in /metrics: {missing}"


def check_all(instance):
    """After some work."""
    instance.call("G001", "casework", "SubmitSignal", hotline_signal(Story(instance).division("411702001202")))
    try:
        instance.call_as("G001", "grid", "GetDivision", {"name": "divisions/code:nowhere"})
        raise AssertionError("a division that does not exist was found")
    except Refused:
        pass  # counted by its reason
    wait_for("everything to be sealed and read", lambda: is_quiet(scrape(instance)[0]))
    numbers, text = scrape(instance)
    check_names(numbers)
    one = lambda name: next(iter(numbers[name].values()))  # noqa: E731
    assert one("gridwarden_journal_leading") == 1 and one("gridwarden_journal_entries") == one("gridwarden_journal_sealed_entries") > 0
    assert 0 < one("gridwarden_db_pool_open") <= one("gridwarden_db_pool_size") and one("process_resident_memory_bytes") > 2**24
    committed = numbers["gridwarden_db_transactions_total"]['outcome="committed"']
    assert committed > 0 and set(numbers["gridwarden_part_healthy"].values()) == {1.0}, numbers["gridwarden_part_healthy"]
    assert len(text.splitlines()) < SERIES_MAX, f"{len(text.splitlines())} lines: a label grows"
    told = [word for login, (name, _, _) in PEOPLE.items() for word in (login, name) if word in text]
    assert not told, f"/metrics names people: {told}"


def is_quiet(numbers):
    lags = numbers.get("gridwarden_consumer_lag_entries", {})
    return (lags and not any(lags.values()) and numbers["gridwarden_journal_stage_rows"][""] == 0
            and numbers["gridwarden_journal_sealed_lag_seconds"][""] == 0 and numbers["gridwarden_journal_entries"][""] > 0)


def check_degraded(instance):
    """A part that stands still is named, and everything else goes on: the process stays ready."""
    stage = f"{instance.database}.journal_stage"
    instance.sql(f"INSERT INTO {stage} (entry_id, subject, subject_seq, body) VALUES (UNHEX(REPEAT('ab', 16)), UNHEX(REPEAT('cd', 16)), 1, 'no entry')")
    wait_for("the trouble to be told", lambda: "degraded: journal.sequencer stands still" in readyz(instance))
    assert scrape(instance)[0]["gridwarden_part_healthy"]['part="journal.sequencer"'] == 0
    instance.call("G001", "casework", "SubmitSignal", hotline_signal(Story(instance).division("411702001202")))
    instance.sql(f"DELETE FROM {stage} WHERE entry_id = UNHEX(REPEAT('ab', 16))")
    wait_for("the trouble to be over", lambda: "degraded" not in readyz(instance))
    wait_for("everything to be sealed and read again", lambda: is_quiet(scrape(instance)[0]))


def readyz(instance):
    """Fails unless it answers 200."""
    with instance.http("/readyz") as answer:
        return answer.read().decode()


def watched():
    with Instance("all") as instance:
        set_up_city(instance)
        check_all(instance)
        check_degraded(instance)
