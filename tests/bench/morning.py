"""The morning of 20,000 phones (`gridsim morning`): everybody wakes up within ten minutes, changes the refresh token, fetches, sends
three visits and fetches again. Then every visit that was acknowledged has to be there exactly once, by SQL."""
import json
import subprocess

from bench import bench_city
import support.instance
from support.instance import new_id

COUNTIES, TOWNSHIPS, VILLAGES = 11, 18, 25
KINDS = ("GRID_LEADER", "GRID_OFFICER", "PATROL_OFFICER", "SUPERVISION_OFFICER")
OFFICE = "M0000"
PUSH_P99_GOAL_MS, LAST_DONE_AFTER_GOAL_S, MEMORY_GOAL = 2000.0, 120.0, 2.0


def people():
    """Whoever goes out: four posts of every village and township; and the office of the city."""
    codes = [bench_city.township_code(c, t) for c in range(COUNTIES) for t in range(TOWNSHIPS)]
    codes += [bench_city.village_code(c, t, v) for c in range(COUNTIES) for t in range(TOWNSHIPS) for v in range(VILLAGES)]
    return [(code, kind) for code in codes for kind in KINDS]


def import_people(instance):
    """20,592 people in their posts; one of them, in the office, has a password."""
    persons, tenures = [[OFFICE, "测试主任", "13800000000"]], [[OFFICE, bench_city.CITY, "CAMPAIGN_OFFICE", "GENERAL", "1", "正式", "2026-01-01", "", "测〔2026〕1号"]]
    for number, (code, kind) in enumerate(people(), 1):
        persons.append([f"M{number:05d}", f"测试员{number}", f"137{number:08d}"])
        tenures.append([f"M{number:05d}", code, kind, "GENERAL", "1", "正式", "2026-01-01", "", f"测〔2026〕{number + 1}号"])
    bench_city.write_csv(instance.dir / "persons.csv", ["工号", "姓名", "电话"], persons)
    bench_city.write_csv(instance.dir / "tenures.csv", ["工号", "区划代码", "岗位", "体系", "序号", "任职方式", "任职日期", "离任日期", "文号"], tenures)
    for table in ("persons", "tenures"):
        bench_city.timed_import(instance, table, str(instance.dir / f"{table}.csv"))


def equip(instance, phones):
    """The plan of the city and the phones of its people."""
    page = instance.call("admin", "grid", "ListPersons", {"pageSize": 500, "filter": OFFICE})
    person = next(p["name"] for p in page["persons"] if p["staffNo"] == OFFICE)
    instance.call("admin", "identity", "CreateAccount", {
        "requestId": new_id(), "password": bench_city.PASSWORD, "account": {"login": OFFICE, "person": person, "displayName": "测试主任"}})
    plan = instance.dir / "plan.json"
    plan.write_text(json.dumps({"socket": instance.socket, "database": instance.database}))
    out = instance.dir / "phones.jsonl"
    subprocess.run([support.instance.BUILD / "tests" / "morning_bench", plan, f"--phones={phones}", f"--out={out}"], check=True)
    return out


def play(instance, phones_file, phones, minutes, threads):
    acknowledged = instance.dir / "acknowledged.txt"
    figures = instance.dir / "morning.json"
    password = instance.dir / "office-password"  # gridsim takes secrets from files
    password.write_text(bench_city.PASSWORD)
    authority = ["--ca", instance.authority] if instance.https else []
    pids = ",".join(str(process.pid) for process in instance.processes.values())
    done = subprocess.run([support.instance.BUILD / "gridsim", "morning", "--server", instance.url, *authority, "--phones-file", phones_file,
                           "--phones", str(phones), "--office", OFFICE, "--office-password", password, "--spread-seconds", str(int(60 * minutes)),
                           "--threads", str(threads), "--server-pids", pids, "--acknowledged", acknowledged, "--json", figures],
                          timeout=60 * minutes + 2400)
    if done.returncode not in (0, 1) or not figures.exists():
        raise SystemExit(f"gridsim morning ended with {done.returncode}")
    return json.loads(figures.read_text()), acknowledged


def doubled_and_lost(instance, acknowledged):
    """Of the acknowledged visits: those that are not there exactly once; and tasks that were visited more than once."""
    rows = instance.sql(f"SELECT LOWER(HEX(visit_id)), LOWER(HEX(task_id)) FROM {instance.database}.visit")
    there = {}
    for visit, task in rows:
        there.setdefault(task, []).append(visit)
    lost = 0
    for line in acknowledged.read_text().splitlines():
        task, visit = line.split()
        lost += there.get(task.removeprefix("patrolTasks/").replace("-", ""), []).count(visit.replace("-", "")) != 1
    return sum(len(visits) > 1 for visits in there.values()), lost, len(rows)


def show(book, figures, https, doubled, lost, visits):
    line = "over TLS" if https else "in clear"
    book.section(f"morning: {figures['phones']:,} phones within {figures['spread_s'] / 60:g} minutes {line}, {figures['visits_each']} visits each")
    book.note(f"{figures['acknowledged']:,} visits acknowledged, {visits:,} in the table; verdicts {figures['verdicts']}")
    book.note(f"told to wait: {figures['told_to_wait'] or 'nobody'}; other errors: {figures['errors'] or 'none'}")
    for name, times in figures["rpcs"].items():
        book.note(f"{name}: {times['count']:,} calls, p50 {times['p50_ms']:.1f}, p99 {times['p99_ms']:.1f}, max {times['max_ms']:.0f} ms")
    book.note(f"a phone's whole morning: p50 {figures['whole']['p50_ms']:.0f}, p99 {figures['whole']['p99_ms']:.0f}, max {figures['whole']['max_ms']:.0f} ms")
    book.figure("phones that did not finish", figures["failed"], "", 0, at_least=False, digits=0)
    book.figure("phones that were told to wait and finished", figures["recovered"], "", digits=0)
    book.figure("the last phone after the last began", figures["last_done_s"] - figures["spread_s"], "s", LAST_DONE_AFTER_GOAL_S, at_least=False, digits=1)
    book.figure("p50 of a push of three visits", figures["rpcs"]["Push"]["p50_ms"], "ms", digits=1)
    book.figure("p99 of a push of three visits", figures["rpcs"]["Push"]["p99_ms"], "ms", PUSH_P99_GOAL_MS, at_least=False, digits=1)
    book.figure("p99 of a pull", figures["rpcs"]["Pull"]["p99_ms"], "ms", digits=1)
    book.figure("memory of the server at the start", figures["memory_start_mib"], "MiB", digits=0)
    book.figure("memory at the peak / at the start", figures["memory_peak_mib"] / max(1, figures["memory_start_mib"]), "", MEMORY_GOAL, at_least=False)
    book.figure("acknowledged visits that are not there exactly once", lost + figures["acknowledged_missing"], "", 0, at_least=False, digits=0)
    book.figure("tasks visited more than once", doubled, "", 0, at_least=False, digits=0)


def run(book, instance, phones, minutes, threads):
    bench_city.import_tree(instance, COUNTIES, TOWNSHIPS, VILLAGES)
    import_people(instance)
    phones_file = equip(instance, phones)
    figures, acknowledged = play(instance, phones_file, phones, minutes, threads)
    show(book, figures, instance.https, *doubled_and_lost(instance, acknowledged))
    if figures["acknowledged"] < figures["phones"] * figures["visits_each"] and not figures["failed"]:
        book.note("not every visit was acknowledged although every phone finished")
