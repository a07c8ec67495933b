"""What a user or a stranger does wrong, on the real binary: wrong files, wrong tokens, rubbish, the same thing twice."""
import json
import urllib.error

from support.instance import Refused, new_id, wait_for
from system.story import PEOPLE


def refused(call, *reasons):
    try:
        call()
    except Refused as error:
        assert not reasons or error.reason in reasons, f"got {error.reason} ({error}), want one of {reasons}"
        return error
    raise AssertionError(f"was not refused, want {reasons}")


def check_all(instance, story):
    for check in (wrong_division_files, repeated_requests, strangers, rubbish_over_http, stale_tabs, repeated_imports,
                  hotspot_files, exit_codes, altered_journal):
        check(instance, story)


def write(instance, name, content):
    path = instance.dir / name
    path.write_bytes(content)
    return str(path)


def wrong_division_files(instance, story):
    header = "code,name,township_code,county_code,city_code\n"
    cases = {  # file: (content, what gridctl says)
        "empty.csv": (b"", "is empty"),
        "header_only_of_another.csv": (b"a,b,c\n1,2,3\n", "line 1: got the header"),
        "rubbish.csv": (bytes(range(256)) * 20, "gridctl: content"),
        "missing_parent.csv": ((header + "411799001001,无主村,411799001,411799,4117\n").encode(), "missing_parent.csv:2"),
        "bad_code.csv": ((header + "411702001298,好村,411702001,411702,4117\n4117x2001001,坏码村,411702001,411702,4117\n").encode(),
                         "bad_code.csv:3"),
    }
    before = instance.sql(f"SELECT COUNT(*) FROM {instance.database}.division")
    for name, (content, says) in cases.items():
        for more in ([], ["--dry-run"]):
            instance.gridctl("admin", "import", "divisions", write(instance, name, content), *more, expect=1, says=says)
    instance.gridctl("admin", "import", "divisions", str(instance.dir), expect=2, says="folder")
    instance.gridctl("admin", "import", "divisions", str(instance.dir / "none.csv"), expect=2, says="cannot be read")
    assert before == instance.sql(f"SELECT COUNT(*) FROM {instance.database}.division"), "a refused file stored something"
    # The same list in GBK and with a BOM is the same list.
    good = header + "411702001299,新增演示村,411702001,411702,4117\n"
    instance.gridctl("admin", "import", "divisions", write(instance, "gbk.csv", good.encode("gbk")))
    instance.gridctl("admin", "import", "divisions", write(instance, "bom.csv", b"\xef\xbb\xbf" + good.encode()))
    after = int(instance.sql(f"SELECT COUNT(*) FROM {instance.database}.division")[0][0])
    assert after == int(before[0][0]) + 1, "GBK and BOM forms of one village made two"


def repeated_requests(instance, story):
    request = {"requestId": new_id(), "signal": {"channel": "HOTLINE", "category": "WASTE_BURNING", "channelKey": new_id(),
                                                 "division": story.division("411702001202"),
                                                 "eventTime": "2026-11-20T01:00:00Z"}}
    first = instance.call("G001", "casework", "SubmitSignal", request)
    assert first == instance.call("G001", "casework", "SubmitSignal", request), "the same request, another answer"
    changed = dict(request, signal=dict(request["signal"], category="ROAD"))
    refused(lambda: instance.call("G001", "casework", "SubmitSignal", changed), "REQUEST_ID_REUSED")
    # The channel's own key makes it one signal even under another request id.
    again = instance.call("G001", "casework", "SubmitSignal", dict(request, requestId=new_id()))
    assert again["name"] == first["name"], "one hotline call became two signals"


def strangers(instance, story):
    refused(lambda: instance.call_as(None, "casework", "GetCase", {"name": story.case}), "NOT_SIGNED_IN")
    refused(lambda: instance.call_as(None, "identity", "SignIn", {"login": "admin", "password": "wrong password"}), "SIGN_IN_REFUSED")
    refused(lambda: instance.call_as(None, "identity", "SignIn", {"login": "nobody", "password": "wrong password"}), "SIGN_IN_REFUSED")
    # A grid officer of another township may neither dispatch here nor see the case.
    refused(lambda: instance.call_as("G010", "casework", "DispatchCase",
                                     {"requestId": new_id(), "name": story.case, "handler": "posts/" + new_id()}), "NOT_ALLOWED")
    # Absent and forbidden look the same to somebody without scope.
    absent = refused(lambda: instance.call_as("G010", "casework", "GetCase", {"name": "cases/" + new_id()}))
    forbidden = refused(lambda: instance.call_as("G010", "casework", "GetCase", {"name": story.case}))
    assert (absent.code, absent.reason) == (forbidden.code, forbidden.reason), f"{absent} / {forbidden}"
    for internal in ("gridwarden.grid.v1.GridInternalService/GetGround", "gridwarden.journal.v1.JournalInternalService/ReadFeed"):
        try:
            instance.http("/" + internal, b"{}", {"Content-Type": "application/json"})
            raise AssertionError(f"{internal} can be reached from outside")
        except urllib.error.HTTPError as error:
            assert error.code == 404, f"{internal}: HTTP {error.code}"


def rubbish_over_http(instance, story):
    path = "/gridwarden.casework.v1.CaseworkService/GetCase"
    for content_type, body in (("application/json", b"{"), ("application/json", b"\xff\xfe"), ("application/proto", b"\xff" * 50)):
        try:
            instance.http(path, body, {"Content-Type": content_type, "Authorization": "Bearer " + instance.tokens["G001"][0]})
            raise AssertionError("rubbish was taken")
        except urllib.error.HTTPError as error:
            assert error.code == 400, error.code
            assert json.loads(error.read())["code"] == "invalid_argument"
    refused(lambda: instance.call_as("G001", "casework", "GetCase", {"name": "cases/../../etc/passwd"}), "INVALID_FIELD", "NOT_FOUND", "NOT_ALLOWED")
    refused(lambda: instance.call_as("G001", "casework", "SubmitFeedback", {"requestId": new_id()}), "REQUIRED_FIELD_MISSING")


def stale_tabs(instance, story):
    second = "cases/" + story.ids["case 2"]
    refused(lambda: instance.call("G001", "casework", "DispatchCase", {
        "requestId": new_id(), "name": second, "etag": "999", "handler": story.post("411702001", "GRID_OFFICER")}), "ETAG_MISMATCH")
    refused(lambda: instance.call("G003", "casework", "AcceptCase", {"requestId": new_id(), "name": story.case}),
            "ILLEGAL_TRANSITION", "NOT_YOUR_TASK")


def repeated_imports(instance, story):
    persons = str(instance.dir / "persons.csv")
    out = instance.gridctl("admin", "import", "persons", persons)
    assert "0 created" in out and f"{len(PEOPLE)} unchanged" in out, out
    out = instance.gridctl("admin", "import", "tenures", str(instance.dir / "tenures.csv"))
    assert "0 created" in out and f"{len(PEOPLE)} unchanged" in out, out


def hotspot_files(instance, story):
    boundary = ('{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"411702"},"geometry":{"type":'
                '"Polygon","coordinates":[[[113.8,32.8],[114.2,32.8],[114.2,33.2],[113.8,33.2],[113.8,32.8]]]}}]}')
    path = write(instance, "boundary.geojson", boundary.encode())
    instance.gridctl("admin", "import", "boundaries", path, expect=1)  # a datum is never guessed
    instance.gridctl("admin", "import", "boundaries", path, "--datum", "WGS84")
    header = "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,daynight\n"
    rows = ["32.98,114.02,311.1,1.7,1.3,2026-11-20,0340,T,57,6.1NRT,299.5,8,D\n",
            "33.01,114.05,318.4,1.2,1.1,2026-11-20,0340,T,81,6.1NRT,301.2,14.2,D\n",
            "36.50,118.00,318.4,1.2,1.1,2026-11-20,0340,T,81,6.1NRT,301.2,14.2,D\n"]
    file = write(instance, "modis.csv", (header + "".join(rows)).encode())
    instance.gridctl("admin", "import", "hotspots", file, "--dry-run")
    assert instance.sql(f"SELECT COUNT(*) FROM {instance.database}.hotspot")[0][0] == "0", "a dry run stored something"
    instance.gridctl("admin", "import", "hotspots", file)
    # Overlapping downloads as browsers and spreadsheets save them: BOM, CRLF, the time with a colon.
    overlapping = header + rows[1] + rows[2] + rows[0].replace("0340", "05:12")
    for name, content in (("bom.csv", b"\xef\xbb\xbf" + overlapping.encode()), ("crlf.csv", overlapping.replace("\n", "\r\n").encode())):
        instance.gridctl("admin", "import", "hotspots", write(instance, name, content))
        assert instance.sql(f"SELECT COUNT(*) FROM {instance.database}.hotspot")[0][0] == "4", "an overlapping download doubled"
    wait_for("three hotspots to become signals", lambda: satellite_signals(instance) == 3)
    for name, content, says in (("bad.csv", (header + rows[0] + "95,200,x\n").encode(), "bad.csv:3"), ("none.csv", b"", "is empty"),
                                ("rubbish.csv", bytes(range(256)) * 20, "gridctl: content"),
                                ("gbk.csv", "经度,纬度,不是火点\n1,2,3\n".encode("gbk"), "gridctl: content")):
        instance.gridctl("admin", "import", "hotspots", write(instance, name, content), expect=1, says=says)
    assert instance.sql(f"SELECT COUNT(*) FROM {instance.database}.hotspot")[0][0] == "4", "a refused file stored something"


def satellite_signals(instance):
    signals = instance.call("G009", "casework", "ListSignals", {"states": ["NEW"], "pageSize": 100}).get("signals", [])
    return sum(1 for s in signals if s["channel"] == "SATELLITE")


def exit_codes(instance, story):
    instance.gridctl("G001", "case", "show", story.case)
    instance.gridctl("G001", "case", "show", "cases/" + new_id(), expect=1)
    instance.gridctl("G001", "case", "nonsense", expect=2)
    instance.gridctl("G001", "case", "list", "--no-such-option", expect=2)
    answer = instance.gridctl("G009", "responsible", "411702001", "--category", "WASTE_BURNING", "--at", "2026-06-01", "--json")
    links = json.loads(answer)["chain"]
    leader = [link for link in links if link["postKind"] == "GRID_LEADER" and link["level"] == "TOWNSHIP"]
    assert leader and leader[0]["personDisplayName"] == "李芳" and leader[0]["documentNo"], leader
    assert any(link.get("vacant") for link in links), "vacancies are marked"


def altered_journal(instance, story):
    """Whoever changes the log behind the server's back is found out: exit 3 for altered, 4 for missing (architecture.md D11)."""
    table = f"{instance.database}.journal_entry"
    instance.sql(f"UPDATE {table} SET body = CONCAT(body, 'x') WHERE idx = 7")
    instance.gridctl("admin", "journal", "verify", expect=3, says="entry 7")
    instance.sql(f"UPDATE {table} SET body = LEFT(body, LENGTH(body) - 1) WHERE idx = 7")
    instance.gridctl("admin", "journal", "verify")
    instance.sql(f"CREATE TABLE {instance.database}.kept SELECT * FROM {table} WHERE idx = 9; DELETE FROM {table} WHERE idx = 9")
    instance.gridctl("admin", "journal", "verify", expect=4, says="entry 9")
    instance.sql(f"INSERT INTO {table} SELECT * FROM {instance.database}.kept; DROP TABLE {instance.database}.kept")
    instance.gridctl("admin", "journal", "verify")
