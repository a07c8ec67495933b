"""The city the benchmarks run in: a real tree in size (11 counties, 198 townships, 2,970 villages) with made-up names, people in
the posts of a few townships, and boxes as boundaries. All of it through the imports and the API an operator uses."""
import csv
import json
import time

from support.instance import new_id, wait_for
from support.instance import Refused

PASSWORD = "a long enough password 7"
CITY = "4117"
COUNTIES, TOWNSHIPS, VILLAGES = 11, 18, 15
OFFICE = "B0000"


def county_code(c):
    return f"4117{c + 1:02d}"


def township_code(c, t):
    return f"{county_code(c)}{t + 1:03d}"


def village_code(c, t, v):
    return f"{township_code(c, t)}{200 + v:03d}"


def box(c, t, v):
    """Degrees: west, south, east, north of a village, where Zhumadian lies."""
    width, height = 2.0 / COUNTIES, 1.3 / TOWNSHIPS
    west, south = 113.2 + c * width, 32.3 + t * height
    step = width / VILLAGES
    return west + v * step, south, west + (v + 1) * step, south + height


def write_csv(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)


def timed_import(instance, *arguments):
    began = time.monotonic()
    instance.gridctl("admin", "import", *arguments)
    return time.monotonic() - began


def import_tree(instance, counties=COUNTIES, townships=TOWNSHIPS, villages=VILLAGES):
    """Imports the tree; answers what run.py prints of it."""
    streets = [(c, t) for c in range(counties) for t in range(townships)]
    return import_divisions(instance, [CITY], [county_code(c) for c in range(counties)], [township_code(c, t) for c, t in streets],
                            [village_code(c, t, v) for c, t in streets for v in range(villages)])


def import_divisions(instance, cities, counties, townships, villages):
    """Imports a tree given by its codes, in the layout the lists are published in."""
    d = instance.dir
    write_csv(d / "provinces.csv", ["code", "name"], [["41", "河南省"]])
    write_csv(d / "cities.csv", ["code", "name", "provinceCode"], [[code, f"测试{i + 1}市", "41"] for i, code in enumerate(cities)])
    write_csv(d / "areas.csv", ["code", "name", "cityCode", "provinceCode"],
              [[code, f"测试{i + 1}县", code[:4], "41"] for i, code in enumerate(counties)])
    write_csv(d / "streets.csv", ["code", "name", "areaCode", "provinceCode", "cityCode"],
              [[code, f"第{code[6:9]}镇", code[:6], "41", code[:4]] for code in townships])
    write_csv(d / "villages.csv", ["code", "name", "streetCode", "provinceCode", "cityCode", "areaCode"],
              [[code, f"第{code[9:12]}村", code[:9], "41", code[:4], code[:6]] for code in villages])
    seconds = 0.0
    for level in ("provinces", "cities", "areas", "streets", "villages"):
        seconds += timed_import(instance, "divisions", str(d / f"{level}.csv"), "--as-of", "2023-06-30")
    divisions, posts = (int(instance.sql(f"SELECT COUNT(*) FROM {instance.database}.{table}")[0][0]) for table in ("division", "post"))
    return {"measure": "import_tree", "divisions": divisions, "posts": posts, "seconds": seconds}


def import_boundaries(instance, counties=COUNTIES, townships=TOWNSHIPS, villages=VILLAGES):
    features = []
    for c in range(counties):
        for t in range(townships):
            for v in range(villages):
                west, south, east, north = box(c, t, v)
                ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
                features.append({"type": "Feature", "properties": {"code": village_code(c, t, v)},
                                 "geometry": {"type": "Polygon", "coordinates": [[[round(x, 6), round(y, 6)] for x, y in ring]]}})
    path = instance.dir / "boundaries.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return {"measure": "import_boundaries", "boundaries": len(features),
            "seconds": timed_import(instance, "boundaries", str(path), "--datum", "WGS84")}


def import_people(instance, lively, top=CITY):
    """People with accounts in the posts of `lively` townships (code -> codes of some of its villages) and in the office of `top`;
    answers the plan that the load generators read."""
    persons, tenures, plan = [], [], []
    kinds = ("CAMPAIGN_OFFICE", "GRID_LEADER", "GRID_OFFICER", "SUPERVISION_OFFICER")

    def hold(staff_no, code, kind):
        persons.append([staff_no, f"测试员{len(persons)}", f"139{len(persons):08d}"])
        tenures.append([staff_no, code, kind, "GENERAL", "1", "正式", "2026-01-01", "", f"测〔2026〕{len(tenures) + 1}号"])
        return staff_no

    hold(OFFICE, top, "CAMPAIGN_OFFICE")
    for i, (code, villages) in enumerate(lively.items()):
        office, leader, officer, supervisor = (hold(f"B{i + 1:03d}{k}", code, kind) for k, kind in enumerate(kinds))
        plan.append({"code": code, "villages": villages,
                     "dispatcher": office, "leader": leader, "officer": officer, "supervisor": supervisor})
    write_csv(instance.dir / "persons.csv", ["工号", "姓名", "电话"], persons)
    write_csv(instance.dir / "tenures.csv", ["工号", "区划代码", "岗位", "体系", "序号", "任职方式", "任职日期", "离任日期", "文号"], tenures)
    timed_import(instance, "persons", str(instance.dir / "persons.csv"))
    timed_import(instance, "tenures", str(instance.dir / "tenures.csv"))
    names, token = {}, ""
    while True:
        page = instance.call("admin", "grid", "ListPersons", {"pageSize": 500, "pageToken": token})
        names.update({p["staffNo"]: p["name"] for p in page["persons"]})
        token = page.get("nextPageToken", "")
        if not token:
            break
    for staff_no, name, _ in persons:
        instance.call("admin", "identity", "CreateAccount", {
            "requestId": new_id(), "password": PASSWORD, "account": {"login": staff_no, "person": names[staff_no], "displayName": name}})
    instance.sign_in(OFFICE, PASSWORD)
    last = plan[-1]["officer"]
    instance.sign_in(last, PASSWORD)
    wait_for("the city to be known everywhere", lambda: is_known(instance, last, top), 30)
    path = instance.dir / "plan.json"
    path.write_text(json.dumps({"server": instance.url, "socket": instance.socket,
                                "database": instance.database, "password": PASSWORD, "city": top, "office": OFFICE,
                                "server_pids": [p.pid for p in instance.processes.values()],
                                "database_pid": instance.database_pid, "townships": plan}))
    return path


def is_known(instance, officer, top):
    try:
        for area, rpc in (("casework", "ListCases"), ("source", "ListSources")):
            instance.call_as(officer, area, rpc, {})
        instance.call_as(OFFICE, "report", "GetBoard", {"division": f"divisions/code:{top}"})
        return True
    except Refused:
        return False


def lively_townships(counties, per_county):
    return {township_code(c, t): [village_code(c, t, v) for v in range(5)] for c in range(counties) for t in range(per_county)}


def hotspots_csv(path, rows):
    """A VIIRS file as FIRMS gives it, every row its own point inside the city."""
    with open(path, "w", encoding="ascii") as out:
        out.write("latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_ti5,frp,daynight\n")
        for i in range(rows):
            lon, lat = 113.201 + (i % 400) * 0.00499, 32.301 + (i // 400 % 320) * 0.00405
            out.write(f"{lat:.5f},{lon:.5f},{330 + i % 30:.2f},0.39,0.36,2026-11-{1 + i % 20:02d},{i % 24:02d}{i % 60:02d},N,VIIRS,"
                      f"n,2.0NRT,290.11,{1 + i % 9:.2f},D\n")
