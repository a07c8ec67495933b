"""Ground that changes under an open case: a later list, a merger, a correction and a hand-over, while the case goes on. It stays in the
numbers of the division that held the ground at event time, and who was responsible then does not change (workflow.md W9, 5)."""
import functools

from support.instance import ROOT, Instance, wait_for
from system.story import Story, check_outcome, set_up_city

OLD, NEW, NEIGHBOUR, TOWNSHIP, CITY = "411702001201", "411702001001", "411702001202", "411702001", "4117"


def numbers(board):
    return {key: board["total"].get(key) for key in ("signals", "cases", "open", "closed", "rework")}


class Watched:
    """What must not change, whatever becomes of the ground."""

    def __init__(self, instance, story, village):
        self.i, self.story, self.village = instance, story, village
        case = self.case()
        self.number, self.event_time = case["caseNo"], case["eventTime"]
        self.before = self.everything()

    def case(self):
        return self.i.call("G009", "casework", "GetCase", {"name": self.story.case})

    def chain(self):
        answer = self.i.call("admin", "grid", "ResolveResponsible", {"division": self.village, "eventTime": self.event_time})
        return [(link["division"], link["post"], link.get("person", "")) for link in answer["chain"]]

    def everything(self):
        case = self.case()
        boards = {place: numbers(self.i.call("G009", "report", "GetBoard", {"division": place}))
                  for place in (self.village, "divisions/code:" + TOWNSHIP, "divisions/code:" + CITY)}
        return {"case": (case["caseNo"], case["division"]), "boards": boards, "chain": self.chain()}

    def check(self, after):
        now = self.everything()
        assert now == self.before, f"after {after}:\n{now}\nbefore:\n{self.before}"


def villages_of_the_later_list():
    lines = (ROOT / "db" / "demo" / "villages.csv").read_text().splitlines()
    head, rows = lines[0], [line for line in lines[1:] if TOWNSHIP in line]
    changed = [row.replace(OLD, NEW).replace("演示青松东村", "演示青松东社区居委会") if OLD in row else row for row in rows]
    assert changed != rows, "the demo's list names the village of the story"
    return "\n".join([head, *changed]) + "\n"


def ground_changes(shape):
    with Instance(shape) as instance:
        set_up_city(instance)
        story = Story(instance)
        for step in Story.STEPS[:8]:
            step(story)
        village, neighbour = story.division(OLD), story.division(NEIGHBOUR)
        township = story.division(TOWNSHIP)
        known = {OLD: village, NEIGHBOUR: neighbour}
        find = story.division
        story.division = lambda code: known.get(code) or find(code)  # codes change, the places do not
        wait_for("the case to be counted",
                 lambda: instance.call("G009", "report", "GetBoard", {"division": village})["total"].get("open") in (1, "1"))
        watched = Watched(instance, story, village)

        path = instance.dir / "villages_2026.csv"
        path.write_text(villages_of_the_later_list())
        arguments = ("import", "divisions", str(path), "--as-of", "2026-07-01")
        rows = instance.sql(f"SELECT COUNT(*) FROM {instance.database}.division")
        tried = instance.gridctl("admin", *arguments, "--dry-run")
        assert f"~ {OLD} 演示青松东村 -> {NEW} 演示青松东社区居委会" in tried, tried
        assert instance.call("admin", "grid", "GetDivision", {"name": village})["displayName"] == "演示青松东村", "a dry run stores nothing"
        instance.gridctl("admin", *arguments)
        again = instance.gridctl("admin", *arguments)
        assert ", 0 updated" in again.replace("更新", "updated") or " 0 updated" in again, again
        assert rows == instance.sql(f"SELECT COUNT(*) FROM {instance.database}.division"), "a later list doubled something"
        division = instance.call("admin", "grid", "GetDivision", {"name": "divisions/code:" + NEW})
        assert division["name"] == village and division["displayName"] == "演示青松东社区居委会", division
        watched.check("a later list")

        merge = ("division", "reorganise", "--merge", f"{NEW}={NEIGHBOUR}", "--since", "2026-11-01", "--document", "测政〔2026〕40号")
        tried = instance.gridctl("admin", *merge, "--dry-run")
        assert watched.number in tried, f"the open case is told beforehand: {tried}"
        watched.check("a dry run of the merger")
        instance.gridctl("admin", *merge)
        wait_for("the merger to be known everywhere", lambda: ended(instance, village))
        # The village ended before the case's event: its ground had passed to the neighbour, and the old record is a known mistake now.
        history = instance.gridctl("admin", "division", "history", OLD)
        assert "测政〔2026〕40号" in history and "演示青松东村" in history, history
        case = watched.case()
        assert (case["caseNo"], case["division"], case["state"]) == (watched.number, village, "HANDLING"), case
        for place in (township, "divisions/code:" + CITY):
            got = numbers(instance.call("G009", "report", "GetBoard", {"division": place}))
            want = watched.before["boards"]["divisions/code:" + (TOWNSHIP if place == township else CITY)]
            assert got == want, f"{place}: {got}, before the merger {want}"

        lineages = instance.call("admin", "grid", "ListLineages", {"division": village})["lineages"]
        merged = [line["lineage"]["name"] for line in lineages if line["lineage"]["kind"] == "MERGE"]
        instance.gridctl("admin", "division", "correct", *merged)
        wait_for("the correction to be known everywhere", lambda: not ended(instance, village))
        watched.check("the merger was taken back")

        # Half of the ground of another village goes to a new one; nothing of the case is touched.
        instance.gridctl("admin", "division", "reorganise", "--rename", f"{NEIGHBOUR}=演示青松新村", "--since", "2026-11-02",
                         "--document", "测政〔2026〕41号")
        watched.check("the neighbour bears another name")

        people = {p["displayName"]: p["name"] for p in instance.call("admin", "grid", "ListPersons", {"pageSize": 100})["persons"]}
        receipt = instance.gridctl("admin", "hand-over", people["张强"], people["吴磊"], "--since", "2026-11-22T00:00:00Z",
                                   "--document", "测政任〔2026〕5号", "--dry-run")
        assert watched.number in receipt, f"the handler's open case is on the receipt: {receipt}"
        watched.check("a dry run of a hand-over")

        for step in Story.STEPS[8:]:
            step(story)
        check_outcome(instance, story)
        assert watched.case()["caseNo"] == watched.number


def ended(instance, village):
    return bool(instance.call("admin", "grid", "GetDivision", {"name": village}).get("validTo"))


SCENARIOS = [(f"ground that changes under an open case, {shape}", functools.partial(ground_changes, shape)) for shape in ("all", "split")]
