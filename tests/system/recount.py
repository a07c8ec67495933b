"""Nothing lost, nothing doubled: the board against a recount by SQL, the journal against itself, every acknowledged request against
what the tables, the journal and the server say of it now."""
import collections
import concurrent.futures
import contextlib
import datetime
import json

from support.instance import wait_for

# Numbers of gridwarden.casework.v1.Case.State.
STATES = ["", "FILED", "DISPATCHED", "RETURNED", "HANDLING", "SUSPENDED", "FEEDBACK", "CHECKING", "SIGN_OFF", "CLOSED", "MONITORING",
          "REBOUNDED", "ARCHIVED", "TRACKED", "VOIDED"]
OPEN = set(STATES[1:9]) | {"TRACKED"}
CLOSED = {"CLOSED", "MONITORING", "REBOUNDED", "ARCHIVED"}
HELD, NOT_HELD = "2", "3"
MEASURES = ["signals", "signalsOpen", "cases", "open", "dueToday", "overdue", "rework", "reworkTimes", "closed", "closedOnTime", "held",
            "notHeld"]
DIVISIONS = ["4117", "411702", "411702001"]
LOCAL = datetime.timezone(datetime.timedelta(hours=8))


def check_all(instance):
    check_journal(instance)
    check_board(instance)
    check_acknowledged(instance)


def check_journal(instance):
    wait_for("every entry to be sealed", lambda: sealed(instance), 30)
    instance.gridctl("admin", "journal", "verify")
    size, first, last, staged = instance.sql(
        f"SELECT COUNT(*), MIN(idx), MAX(idx), (SELECT COUNT(*) FROM {instance.database}.journal_stage) "
        f"FROM {instance.database}.journal_entry")[0]
    assert (int(first), int(last), staged) == (0, int(size) - 1, "0"), f"{size} entries, {first} to {last}, {staged} staged"
    status = instance.call("admin", "journal", "GetStatus", {})
    assert int(status["size"]) == int(size) and not status.get("trouble"), status


def sealed(instance):
    status = instance.call("admin", "journal", "GetStatus", {})
    return int(status.get("staged", 0)) == 0 and status.get("size") == status.get("sealedSize")


def check_board(instance):
    """Every number of three levels and their children equals a count of the rows of signal_file and case_file."""
    wait_for("the board to count the whole journal", lambda: board_index(instance) == journal_size(instance))
    at = datetime.datetime.now(datetime.timezone.utc)
    signals = instance.sql(f"SELECT HEX(ground_path), state FROM {instance.database}.signal_file")
    cases = instance.sql(f"SELECT HEX(ground_path), state, rework_count, closed_on_time, held, COALESCE(due_us, 0), "
                         f"close_us IS NOT NULL "
                         f"FROM {instance.database}.case_file")
    for code in DIVISIONS:
        board = instance.call("G009", "report", "GetBoard", {"division": f"divisions/code:{code}", "asOf": at.isoformat()})
        rows = [board["total"], *board.get("children", [])]
        assert len(rows) > 1, board
        for row in rows:
            expected = recount(row["division"], signals, cases, at)
            shown = {measure: int(row.get(measure, 0)) for measure in MEASURES}
            shown.update({state["state"]: int(state["count"]) for state in row.get("states", [])})
            assert shown == {key: expected[key] for key in shown} and set(expected) <= set(shown), (
                f"{row.get('displayName')}: board {shown}, recount {dict(expected)}")
        for measure in MEASURES:
            parts = sum(int(row.get(measure, 0)) for row in [*board.get("children", []), board.get("own", {})])
            assert parts == int(board["total"].get(measure, 0)), f"{measure} of {code}: parts {parts}, total {board['total']}"
    instance.gridctl("admin", "board", "audit", "4117")


def board_index(instance):
    return int(instance.call("G009", "report", "GetBoard", {"division": "divisions/code:4117"})["logIndex"])


def journal_size(instance):
    return int(instance.call("admin", "journal", "GetStatus", {})["size"])


def recount(division, signals, cases, at):
    key = division.split("/")[1].replace("-", "").upper()
    below = lambda path: key in (path[i:i + 32] for i in range(0, len(path), 32))  # noqa: E731
    now_us = int(at.timestamp() * 1e6)
    midnight = (at.astimezone(LOCAL) + datetime.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    count = collections.Counter()
    for path, state in signals:
        if below(path):
            count["signals"] += 1
            count["signalsOpen"] += state in ("1", "2")
    for path, number, rework, on_time, held, due, was_closed in cases:
        if not below(path):
            continue
        state = STATES[int(number)]
        count["cases"] += 1
        count[state] += 1
        if state in OPEN:
            count["open"] += 1
            count["overdue"] += 0 < int(due) < now_us
            count["dueToday"] += now_us <= int(due) < int(midnight.timestamp() * 1e6)
        count["rework"] += int(rework) > 0
        count["reworkTimes"] += int(rework)
        # What a dispute opened again stays among the closed.
        closed = state in CLOSED or (state in OPEN and was_closed == "1")
        count["closed"] += closed
        count["closedOnTime"] += closed and on_time == "1"
        count["held"] += held == HELD
        count["notHeld"] += held == NOT_HELD
    return +count


def check_acknowledged(instance):
    """Each request that was answered: the answer stands, the journal has it once per aggregate and sealed; sent again it answers the
    same and changes nothing."""
    before = rows_of(instance)
    entries = collections.Counter()
    for request_id, subject, count in instance.sql(
            f"SELECT HEX(request_id), HEX(subject), COUNT(*) FROM {instance.database}.journal_entry "
            f"WHERE request_id IS NOT NULL GROUP BY request_id, subject"):
        assert count == "1", f"request {request_id} wrote {count} entries for {subject}"
        entries[request_id] += 1
    stored = {row[0] for row in instance.sql(f"SELECT HEX(request_id) FROM {instance.database}.op_receipt")}
    acknowledged = list(instance.acknowledged)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for checked in [pool.submit(check_requests, instance, acknowledged[part::4], stored, entries) for part in range(4)]:
            checked.result()
    assert rows_of(instance) == before, "a request that was sent again changed something"


def check_requests(instance, acknowledged, stored, entries):
    with contextlib.closing(instance.connect()) as connection:
        for login, area, rpc, request, answer in acknowledged:
            key = request["requestId"].replace("-", "").upper()
            assert key in stored, f"acknowledged and lost: {area}.{rpc} {request['requestId']}"
            again = instance.ask(login, area, rpc, request, connection)
            assert again == answer, f"{area}.{rpc} answered {answer}, now {again}"
            if entries[key] == 0:  # the channel's own key had made it before
                continue
            receipt = instance.ask("admin", "journal", "GetReceipt", {"requestId": request["requestId"]}, connection)
            assert receipt["state"] == "SEALED" and len(receipt["lines"]) == entries[key], f"{area}.{rpc}: {json.dumps(receipt)[:600]}"


def rows_of(instance):
    tables = ("signal_file", "case_file", "patrol_task", "visit", "account", "op_receipt", "case_event", "signal_event")
    return instance.sql("SELECT " + ", ".join(f"(SELECT COUNT(*) FROM {instance.database}.{table})" for table in tables))


def check_load(instance, load, signals_before, cases_before):
    """The tables hold what the clients were told, no more and no less."""
    counted = instance.sql(f"SELECT (SELECT COUNT(*) FROM {instance.database}.signal_file), (SELECT COUNT(*) FROM {instance.database}.case_file)")
    expected = [str(signals_before + load.signals), str(cases_before + load.cases)]
    assert counted[0] == expected, f"rows {counted[0]}, acknowledged {expected}"
    names = collections.Counter(answer["name"] for _, area, rpc, _, answer in instance.acknowledged
                                if (area, rpc) in (("casework", "SubmitSignal"), ("casework", "FileCase")))
    doubled = [name for name, count in names.items() if count > 1]
    assert not doubled, f"two requests were answered with one aggregate: {doubled[:5]}"
