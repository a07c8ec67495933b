"""The main job as a story: a real find goes all the way to a closure that counts. Each step is one act of one person, so that a
test can pull the plug between any two of them."""
import base64
import datetime
import hashlib
import struct
import zlib

from support.instance import ROOT, Refused, new_id, wait_for
from system import recount

PEOPLE = {
    # staff number: (name, post kind, division code)
    "G001": ("王伟", "CAMPAIGN_OFFICE", "411702001"),
    "G002": ("李芳", "GRID_LEADER", "411702001"),
    "G003": ("张强", "GRID_OFFICER", "411702001"),
    "G004": ("刘敏", "PATROL_OFFICER", "411702001"),
    "G005": ("陈磊", "SUPERVISION_OFFICER", "411702002"),
    "G006": ("杨静", "CAMPAIGN_OFFICE", "411702"),
    "G007": ("赵军", "GRID_LEADER", "411702"),
    "G008": ("黄艳", "SUPERVISION_OFFICER", "411702"),
    "G009": ("周杰", "CAMPAIGN_OFFICE", "4117"),
    # Has nothing to do with the story's ground.
    "G010": ("吴磊", "GRID_OFFICER", "411702103"),
}
PASSWORD = "a long enough password 7"


def png(label):
    """A small valid PNG that differs for every label."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = b"".join(b"\0" + hashlib.sha256(f"{label}{y}".encode()).digest()[:24] for y in range(8))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
            + chunk(b"tEXt", b"Comment\0" + label.encode()) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b""))


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def set_up_city(instance, people=None):
    """Divisions, people, appointments and accounts of a small county, through the same imports an operator uses. `people`: like PEOPLE, with
    the number of the post where a division has several of a kind."""
    people = people or PEOPLE
    instance.sign_in("admin", instance.admin_password)
    demo = ROOT / "db" / "demo"
    for level in ("provinces", "cities", "areas", "streets", "villages"):
        instance.gridctl("admin", "import", "divisions", str(demo / f"{level}.csv"), "--as-of", "2023-06-30")
    persons = instance.dir / "persons.csv"
    persons.write_text("工号,姓名,电话\n" + "".join(f"{no},{p[0]},1390000{no[1:]:0>4}\n" for no, p in people.items()))
    tenures = instance.dir / "tenures.csv"
    tenures.write_text("工号,区划代码,岗位,体系,序号,任职方式,任职日期,离任日期,文号\n" + "".join(
        f"{no},{p[2]},{p[1]},GENERAL,{p[3] if len(p) > 3 else 1},正式,2026-01-01,,测〔2026〕{no[1:]}号\n" for no, p in people.items()))
    instance.gridctl("admin", "import", "persons", str(persons))
    instance.gridctl("admin", "import", "tenures", str(tenures))
    names = {p["staffNo"]: p["name"] for p in
             instance.call("admin", "grid", "ListPersons", {"pageSize": 100})["persons"]}
    for staff_no in people:
        instance.call("admin", "identity", "CreateAccount", {
            "requestId": new_id(), "password": PASSWORD,
            "account": {"login": staff_no, "person": names[staff_no], "displayName": people[staff_no][0]}})
        instance.sign_in(staff_no, PASSWORD)
    # Every process has the city in memory within its refresh interval; the office of the city can read when it has.
    wait_for("the city to be known everywhere", lambda: city_is_known(instance))


def city_is_known(instance):
    try:
        for area, rpc in (("casework", "ListCases"), ("patrol", "ListPatrolTasks"), ("source", "ListSources")):
            instance.call_as("G005", area, rpc, {})
        instance.call_as("G009", "report", "GetBoard", {"division": "divisions/code:4117"})
        return True
    except Refused:
        return False


class Story:
    """State of the story between its steps; ids are made by the client, so a step may be done again after a crash."""

    def __init__(self, instance):
        self.i = instance
        self.ids = {}
        self.case = None

    def rid(self, step):
        return self.ids.setdefault(step, new_id())

    def division(self, code):
        return self.i.call("admin", "grid", "GetDivision", {"name": f"divisions/code:{code}"})["name"]

    def post(self, code, kind):
        posts = self.i.call("G009", "grid", "ListPosts", {"parent": self.division(code), "pageSize": 100})["posts"]
        return next(p["post"]["name"] for p in posts if p["post"]["kind"] == kind)

    def photo(self, who, kind):
        content = png(new_id())
        media = self.i.call(who, "media", "UploadMedia", {
            "content": base64.b64encode(content).decode(), "sha256": hashlib.sha256(content).hexdigest(),
            "division": self.division("411702001201")})
        return {"media": media["name"], "kind": kind}

    def casework(self, who, rpc, request):
        answer = self.i.call(who, "casework", rpc, request)
        return answer

    def state(self):
        return self.i.call("G009", "casework", "GetCase", {"name": self.case})["state"]

    def wait_state(self, state):
        wait_for(f"case to be {state}, it is {self.state()}", lambda: self.state() == state)

    # ---- the steps

    def inspection_is_planned(self):
        task = self.i.call("G001", "patrol", "CreatePatrolTask", {
            "requestId": self.rid("plan"), "patrolTaskId": self.rid("task"),
            "patrolTask": {"division": self.division("411702001201"), "category": "WASTE_BURNING",
                           "post": self.post("411702001", "PATROL_OFFICER"), "title": "夜查",
                           "dueTime": (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=4))
                           .strftime("%Y-%m-%dT%H:%M:%SZ")}})
        assert task["state"] == "ISSUED", task

    def patrol_officer_finds_a_problem(self):
        if "visit request" not in self.ids:
            self.visit = {"requestId": self.rid("visit request"), "visitId": self.rid("visit"),
                          "parent": "patrolTasks/" + self.rid("task"),
                          "visit": {"result": "PROBLEM", "eventTime": now(),
                                    "position": {"longitude": 114.02, "latitude": 32.98, "datum": "WGS84", "accuracyM": 12},
                                    "evidence": [self.photo("G004", "NEAR"), self.photo("G004", "FAR")],
                                    "answers": []}}
        visit = self.i.call("G004", "patrol", "SubmitVisit", self.visit)
        again = self.i.call("G004", "patrol", "SubmitVisit", self.visit)
        assert visit == again, "the same visit sent twice must be answered the same"

    def the_problem_becomes_a_signal(self):
        def found():
            signals = self.i.call("G001", "casework", "ListSignals", {"states": ["NEW"]}).get("signals", [])
            return [s for s in signals if self.rid("visit") in s["channelKey"]]

        signals = wait_for("the visit's signal", found)
        assert len(signals) == 1, signals
        self.signal = signals[0]["name"]
        assert signals[0]["channel"] == "PATROL"

    def dispatcher_files_the_case(self):
        case = self.casework("G001", "FileCase", {"requestId": self.rid("file"), "signal": self.signal, "caseId": self.rid("case")})
        self.case = case["name"]
        assert case["state"] == "FILED" and case["caseNo"], case
        assert self.case == "cases/" + self.rid("case")

    def dispatcher_sends_it_to_the_wrong_desk(self):
        case = self.casework("G001", "DispatchCase", {"requestId": self.rid("dispatch"), "name": self.case,
                                                      "handler": self.post("411702001", "PATROL_OFFICER")})
        assert case["state"] == "DISPATCHED"

    def the_desk_returns_it(self):
        case = self.casework("G004", "ReturnCase", {"requestId": self.rid("return"), "name": self.case, "reason": "不属本岗职责"})
        assert case["state"] == "RETURNED" and case["returnCount"] == 1

    def dispatcher_sends_it_again(self):
        case = self.casework("G001", "DispatchCase", {"requestId": self.rid("dispatch 2"), "name": self.case,
                                                      "handler": self.post("411702001", "GRID_OFFICER")})
        assert case["state"] == "DISPATCHED"

    def handler_accepts(self):
        case = self.casework("G003", "AcceptCase", {"requestId": self.rid("accept"), "name": self.case})
        assert case["state"] == "HANDLING"

    def handler_reports_it_fixed(self):
        self._feedback("feedback")

    def _feedback(self, step):
        if step not in self.ids:
            self.feedback = {"requestId": self.rid(step), "name": self.case, "eventTime": now(), "note": "已清理",
                             "evidence": [self.photo("G003", k) for k in ("BEFORE", "AFTER", "NEAR", "FAR")],
                             "answers": self._closing_answers("G003")}
        self.casework("G003", "SubmitFeedback", self.feedback)

    def _closing_answers(self, who):
        """Every item of the category's checklists answered as it has to be, each with its own photo."""
        category = self.i.call(who, "source", "GetCategory", {"name": "categories/WASTE_BURNING"})
        answers = []
        for code in category["checklists"]:
            checklist = self.i.call(who, "source", "GetChecklist", {"name": f"checklists/{code.split('/')[-1]}"})
            for item in checklist["items"]:
                value = {"yes_no": "no" if item.get("passWhen") == "no" else "yes", "number": "0", "date": "2026-11-01",
                         "geo": "114.0,33.0"}.get(item["answer"], "")
                if item["answer"] == "choice":
                    value = (item.get("options") or ["其他"])[0]
                answers.append({"checklist": checklist["code"], "item": item["code"], "value": value or "已核实",
                                "media": [self.photo(who, "AFTER")["media"]]})
        return answers

    def the_system_sends_an_independent_checker(self):
        self.wait_state("CHECKING")
        case = self.i.call("G009", "casework", "GetCase", {"name": self.case})
        posts = {self.post("411702002", "SUPERVISION_OFFICER"): "G005", self.post("411702", "SUPERVISION_OFFICER"): "G008"}
        assert case["checkPost"] in posts, f"{case['checkPost']} is none of the eligible {posts}"
        self.checker = posts[case["checkPost"]]

    def the_fixer_may_not_check(self):
        try:
            self.i.call("G003", "casework", "SubmitCheck", {"requestId": new_id(), "name": self.case, "result": "PASS",
                                                            "eventTime": now()})
        except Refused as refused:
            assert refused.code == "permission_denied" or refused.reason in ("NOT_YOUR_TASK", "SEPARATION_OF_DUTIES"), refused
        else:
            raise AssertionError("the fixer checked his own fix")

    def checker_finds_it_not_fixed(self):
        if "check" not in self.ids:
            self.check = {"requestId": self.rid("check"), "name": self.case, "result": "FAIL", "eventTime": now(), "note": "仍有余火",
                          "evidence": [self.photo(self.checker, k) for k in ("REMAINS", "NEAR", "FAR")]}
        case = self.casework(self.checker, "SubmitCheck", self.check)
        assert case["state"] == "HANDLING" and case["reworkCount"] == 1, case

    def handler_reports_it_fixed_again(self):
        self._feedback("feedback 2")

    def checker_passes(self):
        if "check 2" not in self.ids:
            self.check = {"requestId": self.rid("check 2"), "name": self.case, "result": "PASS", "eventTime": now(),
                          "evidence": [self.photo(self.checker, k) for k in ("NEAR", "FAR")],
                          "answers": self._closing_answers(self.checker)}
        case = self.casework(self.checker, "SubmitCheck", self.check)
        assert case["state"] == "SIGN_OFF", case

    def leader_signs(self):
        case = self.casework("G002", "SignOff", {"requestId": self.rid("sign"), "name": self.case, "sign": True})
        assert case["state"] in ("CLOSED", "MONITORING"), case
        assert len({case["fixer"], case["checker"], case["signer"]}) == 3, "three persons"

    def the_closure_is_monitored(self):
        self.wait_state("MONITORING")

    def the_recheck_finds_a_rebound(self):
        if "recheck" not in self.ids:
            self.recheck = {"requestId": self.rid("recheck"), "name": self.case, "result": "REBOUNDED", "eventTime": now(),
                            "reboundCaseId": self.rid("case 2"), "evidence": [self.photo("G004", "REMAINS")]}
        case = self.casework("G004", "SubmitRecheck", self.recheck)
        assert case["state"] == "REBOUNDED" and case["held"] == "NOT_HELD", case
        second = self.i.call("G009", "casework", "GetCase", {"name": "cases/" + self.rid("case 2")})
        assert second["state"] == "FILED" and second["reboundOf"] == self.case and second["chain"] == self.case, second

    STEPS = [
        inspection_is_planned, patrol_officer_finds_a_problem, the_problem_becomes_a_signal, dispatcher_files_the_case,
        dispatcher_sends_it_to_the_wrong_desk, the_desk_returns_it, dispatcher_sends_it_again, handler_accepts,
        handler_reports_it_fixed, the_system_sends_an_independent_checker, the_fixer_may_not_check, checker_finds_it_not_fixed,
        handler_reports_it_fixed_again, the_system_sends_an_independent_checker, checker_passes, leader_signs,
        the_closure_is_monitored, the_recheck_finds_a_rebound,
    ]


def check_outcome(instance, story):
    """Nothing lost, nothing doubled, whatever happened on the way: the board equals a recount by SQL, the log verifies."""
    events = instance.call("G009", "casework", "ListCaseEvents", {"name": story.case})["events"]
    actions = [e["action"] for e in events if e["subject"] == story.case]
    assert actions == ["FILE", "DISPATCH", "RETURN", "DISPATCH", "ACCEPT", "SUBMIT_FEEDBACK", "ASSIGN_CHECK", "REWORK",
                       "SUBMIT_FEEDBACK", "ASSIGN_CHECK", "PASS", "SIGN", "START_MONITORING", "RECHECK_REBOUNDED"], actions
    for event in events:
        assert event.get("system") or event.get("personDisplayName"), f"nobody did {event}"
        assert event["leaf"], "every step has its leaf in the log"
    counted = instance.sql(f"SELECT (SELECT COUNT(*) FROM {instance.database}.signal_file), (SELECT COUNT(*) FROM {instance.database}.case_file)")
    assert counted == [["1", "2"]], f"one find became {counted} signals and cases"
    recount.check_all(instance)
