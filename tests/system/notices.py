"""Who is told what, on the real binary: a dispatched case reaches its handler's inbox within two seconds, a killed process and a feed
that is read again from the beginning double nothing, and the duty roster is planned from a file."""
import datetime
import functools
import time

from support.instance import Instance, wait_for
from system.story import PEOPLE, Story, set_up_city

TOLD_WITHIN_SECONDS = 2
LOCAL = datetime.timezone(datetime.timedelta(hours=8))


def inbox(instance, login, **wanted):
    return instance.call(login, "notify", "ListNotices", {"pageSize": 500, **wanted}).get("notices", [])


def about(instance, login, kind, subject):
    return [n for n in inbox(instance, login) if n["kind"] == kind and n["subject"] == subject]


def told_of(instance, login, kind, subject, since):
    """The one notice of a kind about a subject, and that it came in time."""
    notices = wait_for(f"{kind} for {login}", lambda: about(instance, login, kind, subject), TOLD_WITHIN_SECONDS)
    took = time.monotonic() - since
    assert took < TOLD_WITHIN_SECONDS, f"{kind} took {took:.1f} s"
    assert len(notices) == 1, notices
    return notices[0]


def counted(instance):
    return instance.sql(f"SELECT (SELECT COUNT(*) FROM {instance.database}.notice), "
                        f"(SELECT COUNT(*) FROM {instance.database}.notice_delivery)")[0]


def caught_up(instance):
    """The feed's reader stands at the end of the journal."""
    return wait_for("the feed to be read", lambda: instance.sql(
        f"SELECT 1 FROM {instance.database}.feed_cursor WHERE consumer = 'notify.feed' AND next_index >= "
        f"(SELECT COUNT(*) FROM {instance.database}.journal_entry)"))


def handler_is_told_and_nothing_doubles(shape):
    target = "all" if shape == "all" else "notify"
    with Instance(shape) as instance:
        set_up_city(instance)
        story = Story(instance)
        for step in (story.inspection_is_planned, story.patrol_officer_finds_a_problem, story.the_problem_becomes_a_signal,
                     story.dispatcher_files_the_case):
            step()
        wait_for("who is to patrol to be told", lambda: [n for n in inbox(instance, "G004") if n["kind"] == "PATROL_ISSUED"])
        story.dispatcher_sends_it_to_the_wrong_desk()
        began = time.monotonic()
        notice = told_of(instance, "G004", "CASE_ASSIGNED", story.case, began)
        case = instance.call("G009", "casework", "GetCase", {"name": story.case})
        assert case["caseNo"] in notice["textZh"] and case["caseNo"] in notice["textEn"], notice
        assert inbox(instance, "G010") == [], "whom it does not concern is not told"

        # Killed between two acts, it goes on where it stood.
        story.the_desk_returns_it()
        began = time.monotonic()
        told_of(instance, "G001", "CASE_RETURNED", story.case, began)
        instance.kill(target)
        instance.restart(target)
        story.dispatcher_sends_it_again()
        wait_for("CASE_ASSIGNED for G003", lambda: about(instance, "G003", "CASE_ASSIGNED", story.case), 10)
        reads_and_takes_back(instance)

        # Read again from the beginning, the feed says what it said: nothing is told twice, what was read stays read.
        caught_up(instance)
        before, unread = counted(instance), unread_of(instance, "G003")
        instance.kill(target)
        instance.sql(f"UPDATE {instance.database}.feed_cursor SET next_index = 0 WHERE consumer = 'notify.feed'")
        instance.restart(target)
        caught_up(instance)
        assert counted(instance) == before, f"{counted(instance)} notices and deliveries, want {before}"
        again = unread_of(instance, "G003")
        assert again == unread, f"{again}, want {unread}"

        plans_the_roster(instance)


def unread_of(instance, who):
    # What was announced by now is another matter: deliveries go on while we count.
    return instance.call(who, "notify", "GetUnreadCount", {}).get("unread", 0)


def reads_and_takes_back(instance):
    name = inbox(instance, "G003", unreadOnly=True)[0]["name"]
    unread = instance.call("G003", "notify", "GetUnreadCount", {}).get("unread", 0)
    instance.gridctl("G003", "notice", "read", name)
    assert instance.call("G003", "notify", "GetUnreadCount", {}).get("unread", 0) == unread - 1
    instance.gridctl("G003", "notice", "unread", name)
    assert instance.call("G003", "notify", "GetUnreadCount", {}).get("unread", 0) == unread
    assert "unread" in instance.gridctl("G003", "notice", "list")


def plans_the_roster(instance):
    today = datetime.datetime.now(LOCAL).date()
    file = instance.dir / "roster.csv"
    file.write_text(f"开始,结束,工号\n{today} 00:00,{today} 12:00,G003\n{today} 12:00,{today + datetime.timedelta(days=1)} 00:00,G002\n")
    dry = instance.gridctl("G001", "roster", "import", "411702001", str(file), "--dry-run")
    assert "2 planned" in dry and "dry run" in dry, dry
    assert "2 planned" in instance.gridctl("G001", "roster", "import", "411702001", str(file))
    assert "2 unchanged" in instance.gridctl("G001", "roster", "import", "411702001", str(file))
    who = instance.gridctl("G001", "roster", "who", "411702001", "--at", f"{today} 11:59")
    assert PEOPLE["G003"][0] in who and PEOPLE["G002"][0] not in who, who
    wait_for("both shifts to stand in the journal", lambda: instance.sql(
        f"SELECT COUNT(*) FROM {instance.database}.journal_entry WHERE kind = 'duty.shift'") == [["2"]])
    refused = instance.gridctl("G003", "roster", "import", "411702001", str(file), expect=1)
    assert "2 unchanged" not in refused


SCENARIOS = [(f"notices and duty roster, {shape}", functools.partial(handler_is_told_and_nothing_doubles, shape)) for shape in ("all", "split")]
