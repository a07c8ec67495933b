"""Turns measurements into the tables ./dev bench prints. Every figure that has a goal in numbers.md says OK or SHORT."""
import statistics

# What others reached on a machine of this class, from design/numbers.md: published there, not measured here. Work units a second.
PEERS = {"Redmine 5": 7.6, "Request Tracker 5": 12.2, "Directus 11": 32, "ODK Central": 40}
COUNT_OF_GOAL_12 = (32, 128)


class Book:
    """Everything that was printed, kept for --json."""

    def __init__(self):
        self.figures = []
        self.short = []

    def head(self, text):
        print(f"\n{text}", flush=True)

    def section(self, text):
        print(f"\n== {text}", flush=True)

    def note(self, text):
        print(f"   {text}", flush=True)

    def figure(self, name, value, unit="", goal=None, at_least=True, digits=2):
        """Prints one figure; `goal` is a bound it has to reach (at_least) or keep (not at_least)."""
        verdict = ""
        if goal is not None:
            reached = value >= goal if at_least else value <= goal
            verdict = f"   {'OK   ' if reached else 'SHORT'} (goal {'>=' if at_least else '<='} {goal:g})"
            if not reached:
                self.short.append(name)
        self.figures.append({"name": name, "value": value, "unit": unit, "goal": goal})
        print(f"   {name:<58} {value:>12,.{digits}f} {unit:<14}{verdict}", flush=True)

    def foot(self, text):
        self.head(f"{len(self.short)} figures are SHORT of their goal" + "".join(f"\n  {name}" for name in self.short))
        self.head(text)


def median_of(lines, measure, clients, key):
    values = [line[key] for line in lines if line["measure"] == measure and line["clients"] == clients]
    return statistics.median(values) if values else 0.0


def transitions(book, lines):
    book.section("durable transitions a second (signal, filing, dispatch, acceptance), against the bare transaction, same run")
    counts = sorted({line["clients"] for line in lines})
    print(f"   {'clients':>7} {'ours /s':>9} {'p50 ms':>8} {'p95 ms':>8} {'bare /s':>9} {'p95 ms':>8} {'one CALL /s':>12} {'p95 ms':>8}"
          f" {'ours/CALL':>10} {'ours/bare':>10} {'sustained':>10}")
    rate = {}
    for clients in counts:
        ours, bare, call = (median_of(lines, m, clients, "rate") for m in ("product", "bare", "call"))
        rate[clients] = {"ours": ours, "bare": bare, "call": call}
        # What is acknowledged is durable; sustained also counts the time to order it, act on it and put it on the board.
        sustained = statistics.median(l["done"] / (l["seconds"] + l["rest_seconds"]) for l in lines
                                      if l["measure"] == "product" and l["clients"] == clients)
        rate[clients]["sustained"] = sustained
        print(f"   {clients:>7} {ours:>9,.0f} {median_of(lines, 'product', clients, 'p50_ms'):>8.2f}"
              f" {median_of(lines, 'product', clients, 'p95_ms'):>8.2f} {bare:>9,.0f} {median_of(lines, 'bare', clients, 'p95_ms'):>8.2f}"
              f" {call:>12,.0f} {median_of(lines, 'call', clients, 'p95_ms'):>8.2f} {ours / call if call else 0:>10.2f}"
              f" {ours / bare if bare else 0:>10.2f} {sustained:>10,.0f}", flush=True)
        book.figures.append({"name": f"transitions at {clients}", **rate[clients]})
    best = max(r["call"] for r in rate.values())
    if 32 in rate and best:
        book.figure("goal 1: at 32 clients / best point of one CALL", rate[32]["ours"] / best, "", 0.45)
    if 128 in rate and best:
        book.figure("goal 1: at 128 clients / best point of one CALL", rate[128]["ours"] / best, "", 1.0)
    if 32 in rate and median_of(lines, "bare", 32, "p95_ms"):
        book.figure("goal 3: p95 at 32 clients / p95 of the bare transaction",
                    median_of(lines, "product", 32, "p95_ms") / median_of(lines, "bare", 32, "p95_ms"), "", 4, at_least=False)
    if all(c in rate for c in COUNT_OF_GOAL_12) and rate[32]["ours"]:
        book.figure("goal 12: rate at 128 clients / rate at 32", rate[128]["ours"] / rate[32]["ours"], "", 0.9)
    product = [l for l in lines if l["measure"] == "product"]
    errors = sum(l["errors"] for l in product)
    book.figure("goal 12: errors", errors, "", 0, at_least=False, digits=0)
    for line in product:
        if line["errors"]:
            book.note(f"first error at {line['clients']} clients: {line['first_error']}")
            break
    done = sum(l["done"] for l in product)
    if done:
        # The work after the commit is in it: ordering, acting on it, the board.
        book.figure("CPU of our process a transition", 1000 * sum(l["cpu_server"] for l in product) / done, "core-ms")
        book.figure("CPU of the database a transition", 1000 * sum(l["cpu_database"] for l in product) / done, "core-ms")
        bare = [l for l in lines if l["measure"] == "call"]
        if bare:
            book.figure("CPU of the database a bare CALL", 1000 * sum(l["cpu_database"] for l in bare) / sum(l["done"] for l in bare),
                        "core-ms")
    behind = max(l["backlog_unfolded"] for l in product)
    rest = max(l["rest_seconds"] for l in product)
    book.note(f"work left when a load ended: at most {behind:,} entries, done {rest:.1f} s later")


def memory_all(book, pss):
    book.section("memory after 128 clients, PSS, without the database")
    for target, mib in pss.items():
        book.figure(f"process {target}", mib, "MiB", 300, at_least=False, digits=0)


def split(book, lines, pss):
    book.section("every area a process of its own (split), 128 clients")
    product = [l for l in lines if l["measure"] == "product"]
    book.figure("transitions at 128 clients, split", statistics.median(l["rate"] for l in product), "/s", digits=0)
    book.figure("errors, split", sum(l["errors"] for l in product), "", 0, at_least=False, digits=0)
    for target, mib in sorted(pss.items()):
        book.figure(f"goal 11: process {target}", mib, "MiB PSS", 64, at_least=False, digits=0)
    book.figure("goal 11: all processes", sum(pss.values()), "MiB PSS", 300, at_least=False, digits=0)


def units(book, lines):
    book.section("whole cases a second: signal, filing, dispatch, acceptance, feedback, check, signature by the right five people")
    book.note("One unit is 7 transitions by people and 2 by the system (a checker is drawn, the closure is watched) and 4 uploads, one of them")
    book.note("a 95 KB photo. The peers' unit in design/numbers.md is 4 steps and one photo: ours is about three times the work.")
    best = 0.0
    for line in lines:
        book.figure(f"units at {line['clients']} clients", line["rate"], "/s")
        book.figure(f"unit p95 at {line['clients']} clients", line["p95_ms"], "ms", digits=0)
        book.figure(f"errors at {line['clients']} clients", line["errors"], "", 0, at_least=False, digits=0)
        if line["errors"]:
            book.note(line["first_error"])
        best = max(best, line["rate"])
    for peer, rate in PEERS.items():
        goal = {"Redmine 5": 80, "Request Tracker 5": 50, "ODK Central": 15}.get(peer)
        book.figure(f"goal 2: ours now / {peer} as published ({rate:g}/s on a quiet machine)", best / rate, "x", goal, digits=1)


def board(book, lines, cases, million, whose="the city"):
    book.section(f"the closure board of {whose}")
    one = {line["measure"]: line for line in lines if line.get("cases", 0) <= cases}
    ten = {line["measure"]: line for line in lines if line.get("cases", 0) > cases}
    for name, cell in ((f"{cases:,}", one), (f"{10 * cases:,}", ten)):
        if not cell:
            continue
        book.figure(f"loading {name} cases", cell["loading"]["rate"], "cases/s", digits=0)
        book.figure(f"sequencing at {name} cases", cell["sequencing"]["rate"], "entries/s", 10_000, digits=0)
        book.figure(f"folding at {name} cases", cell["folding"]["rate"], "entries/s", digits=0)
        for key, words, goal in (("get_board", f"goal 4: GetBoard of {whose}", 2.0), ("board_cases", "ListBoardCases overdue, page 1", 5.0),
                                 ("list_cases", "goal 7: ListCases overdue of a township, page 1", 5.0)):
            book.figure(f"{words} at {name}, p50", cell[key]["p50_ms"], "ms")
            book.figure(f"{words} at {name}, p95", cell[key]["p95_ms"], "ms", goal, at_least=False)
        book.figure(f"recount by GROUP BY at {name}", cell["recount"]["ms"], "ms", digits=1)
        book.figure(f"recount / GetBoard p50 at {name}", cell["recount"]["ms"] / max(cell["get_board"]["p50_ms"], 1e-9), "x", digits=0)
        book.figure(f"cells that differ from the recount at {name}", cell["recount"]["differences"], "", 0, at_least=False, digits=0)
    if one and ten:
        for key, words, goal in (("get_board", "goal 4: GetBoard", 1.2), ("list_cases", "goal 7: ListCases overdue", 1.3)):
            book.figure(f"{words}: time({10 * cases:,}) / time({cases:,}), p50", ten[key]["p50_ms"] / max(one[key]["p50_ms"], 1e-9), "", goal,
                        at_least=False)
    if not million:
        book.note("10^6 cases: ./dev bench --only=board --million")


def imports(book, lines):
    book.section("imports through gridctl and the API")
    for line in lines:
        if line["measure"] == "import_tree":
            rows = line["divisions"] + line["posts"]
            book.figure(f"{line['divisions']:,} divisions and {line['posts']:,} posts", rows / line["seconds"], "rows/s", digits=0)
            # A province: 52,378 villages and 210,000 posts in two minutes.
            book.figure("goal: a province (262,378 rows) at this rate", 262_378 / (rows / line["seconds"]), "s", 120, at_least=False, digits=0)
        else:
            book.figure(f"{line['boundaries']:,} boundaries", line["boundaries"] / line["seconds"], "polygons/s", digits=0)


def province(book, figures, million):
    book.section("a province: 52,378 villages with all their posts, beside one of its cities")
    city, whole = figures["city"], figures["province"]

    def at(values, share_of):
        return sorted(values)[min(len(values) - 1, int(share_of * len(values)))]

    def grown(one):
        return sum(one["memory"].values()) - sum(one["memory_before"].values())

    rows = {name: one["divisions"] + one["posts"] for name, one in (("city", city), ("province", whole))}
    print(f"   {'':<48} {'city':>12} {'province':>12} {'ratio':>8}")
    for words, key in (("divisions", lambda one: one["divisions"]), ("posts", lambda one: one["posts"]),
                       ("import, s", lambda one: one["seconds"]), ("memory for the ground, MiB", grown),
                       ("ResolveResponsible p50, ms", lambda one: at(one["resolve_ms"], 0.5)),
                       ("ResolveResponsible p99, ms", lambda one: at(one["resolve_ms"], 0.99)),
                       ("ready after a restart, s", lambda one: one["restart_seconds"]),
                       ("a removal acts in another area after, s", lambda one: one["removal_seconds"])):
        a, b = key(city), key(whole)
        print(f"   {words:<48} {a:>12,.2f} {b:>12,.2f} {b / max(a, 1e-9):>8.1f}", flush=True)
        book.figures.append({"name": f"province: {words}", "city": a, "province": b})
    book.figure("goal: the province imported", whole["seconds"], "s", 120, at_least=False, digits=1)
    book.figure("rows a second: province / city", (rows["province"] / whole["seconds"]) / (rows["city"] / city["seconds"]), "", 0.5)
    book.figure("goal: ResolveResponsible through the API, p99", at(whole["resolve_ms"], 0.99), "ms", 5, at_least=False)
    book.figure("p50 of the province / of the city", at(whole["resolve_ms"], 0.5) / max(at(city["resolve_ms"], 0.5), 1e-9), "", 1.5, at_least=False)
    book.figure("goal: a removal acts everywhere (G17)", whole["removal_seconds"], "s", 5, at_least=False)
    book.figure("memory of one process with the whole province", sum(whole["memory"].values()), "MiB PSS", 400, at_least=False, digits=0)
    for target, mib in sorted(figures["split"]["memory"].items()):
        book.figure(f"split: process {target}", mib, "MiB PSS", digits=0)
    book.figure("split: all processes", sum(figures["split"]["memory"].values()), "MiB PSS", digits=0)
    if not million:
        book.note("its board at 10^6 cases: ./dev bench --only=province --million")
        return
    board(book, whole["board"], 1_000_000, True, "the province")
    book.figure("memory with 10^6 cases on the board", sum(whole["memory_with_cases"].values()), "MiB PSS", digits=0)


def hotspots(book, located, seconds):
    book.section("a hotspot file of 50,000 rows, located and filed")
    book.figure("rows that lie in a division", located, "", digits=0)
    book.figure("goal: the whole file", seconds, "s", 5, at_least=False)


def edge(book, benchmarks):
    book.section("the edge: the same request in clear and over TLS, client and server together, one run")
    cost = {line["name"].replace("/process_time/real_time", ""): line for line in benchmarks}
    for words, plain, secure in (("200 B on an open connection", "OnAnOpenConnection/0/200", "OnAnOpenConnection/1/200"),
                                 ("100 KiB on an open connection", "OnAnOpenConnection/0/102400", "OnAnOpenConnection/1/102400"),
                                 ("200 B on a new connection, full handshake", "OnANewConnection/0", "OnANewConnection/1")):
        book.figure(f"{words}, in clear", cost[plain]["cpu_time"], "us CPU", digits=0)
        book.figure(f"{words}, TLS", cost[secure]["cpu_time"], "us CPU", digits=0)
        book.figure(f"{words}, TLS / in clear", cost[secure]["cpu_time"] / cost[plain]["cpu_time"], "x")


def hop(book, benchmarks):
    book.section("between processes: the same call sealed on plain loopback and with certificates, client and server together, one run")
    cost = {line["name"].replace("/process_time/real_time", ""): line for line in benchmarks}
    for words, name in (("200 B on an open connection", "OnAnOpenConnection/{}/200"),
                        ("50 KiB on an open connection", "OnAnOpenConnection/{}/51200"),
                        ("200 B, 16 callers", "OnAnOpenConnection/{}/200/threads:16"),
                        ("200 B on a new connection, full handshake", "OnANewConnection/{}")):
        plain, proven = (cost[name.format(way)]["cpu_time"] for way in (0, 1))
        book.figure(f"{words}, sealed", plain, "us CPU", digits=0)
        book.figure(f"{words}, certificates", proven, "us CPU", digits=0)
        book.figure(f"{words}, certificates / sealed", proven / plain, "x")


def in_process(book, name, benchmarks):
    book.section(f"in memory, {name}")
    goals = {"LocateAPoint/0": ("us", 1.0), "ResolveTheWholeChainOfAVillage/reorganised:0": ("us", 10.0),
             "ResolveTheWholeChainOfAVillage/reorganised:1": ("us", 10.0)}
    for line in benchmarks:
        unit, goal = goals.get(line["name"], (line["time_unit"], None))
        time = line["real_time" if "/real_time" in line["name"] else "cpu_time"]
        book.figure(line["name"], time, line["time_unit"], goal, at_least=False)
        if "tasks" in line:
            book.figure(f"  {line['name']} tasks", line["tasks"], "")
        for part, most in (("p50_us", 1.0), ("p99_us", 5.0)):
            if part in line:
                book.figure(f"  {line['name']} {part[:3]}", line[part], "us", most if line["name"] == "LocateAPoint/0" else None, at_least=False)
        if "MiB" in line:
            book.figure(f"  {line['name']} {line['polygons']:,.0f} polygons", line["MiB"], "MiB", digits=1)
    by_name = {line["name"]: line["cpu_time"] for line in benchmarks}
    by_clock = {line["name"]: line["real_time"] for line in benchmarks}
    if "PlanFunction" in by_clock:
        book.figure("plan: everything read and planned / the pure function", by_clock["PreviewOfTheCity/real_time"] / by_clock["PlanFunction"], "x")
    if "LocateAPoint/301" in by_name:
        book.figure("locate: everything searched / far from borders looked up", by_name["LocateAPoint/301"] / by_name["LocateAPoint/0"], "x")
