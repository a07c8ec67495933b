#!/usr/bin/env python3
"""./dev bench: real load on the real binary with a durable MariaDB on disk. Figures are ratios of one run (numbers.md); what is
short of its goal is printed as SHORT. tests/bench/README.md says what each figure means."""
import argparse
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import support.instance  # noqa: E402
from bench import bench_city, bench_province, morning, overload, report, restore  # noqa: E402
from bench.bench_database import BenchDatabase  # noqa: E402
from support.instance import BUILD, Instance  # noqa: E402

PARTS = ["imports", "transition", "unit", "board", "hotspots", "overload", "split", "ground", "province", "edge", "hop", "restore"]
# Takes longer than all others together: only when asked for.
LONG_PARTS = ["morning"]


def keep_binaries(folder):
    """Copies the programs, so that somebody who builds beside us changes nothing in the middle of a run."""
    kept = folder / "bin"
    (kept / "tests").mkdir(parents=True)
    for name in ("gridwarden", "gridctl", "gridsim", *(f"tests/{path.name}" for path in (BUILD / "tests").glob("*_bench"))):
        shutil.copy2(BUILD / name, kept / name)
    support.instance.BUILD = kept
    return kept


def program(name):
    return support.instance.BUILD / "tests" / name


def run_program(name, *arguments, timeout=1200):
    """Runs a benchmark program; answers the JSON lines it printed."""
    started = time.monotonic()
    done = subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0:
        raise SystemExit(f"{name} failed: {done.stderr[-3000:]}")
    print(f"  ({name}: {time.monotonic() - started:.0f} s)", flush=True)
    return lines


def memory_of(instance):
    """PSS in MiB of every process: pages shared between processes are counted once."""
    pss = {}
    for target, process in instance.processes.items():
        for line in pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                pss[target] = int(line.split()[1]) / 1024
    return pss


class BenchInstance(Instance):
    """An instance on the benchmarks' own database, without TLS; `more` are flags of the server."""

    HTTPS = ()

    def __init__(self, shape, database, more=()):
        self.more = list(more)
        self.database_pid = database.process.pid
        support.instance.test_socket = lambda: database.socket
        super().__init__(shape)

    def _command(self, target):
        return super()._command(target) + self.more


class TlsInstance(BenchInstance):
    """As phones meet it: the edge speaks TLS."""

    HTTPS = ("all",)


def lines_of(measure, lines):
    return [line for line in lines if line["measure"] == measure]


def part_transition(book, plan, options):
    lines = run_program("transition_bench", plan, f"--clients={options.clients}", f"--seconds={options.seconds}", f"--rounds={options.rounds}")
    report.transitions(book, lines)


def part_unit(book, plan, options):
    report.units(book, run_program("unit_bench", plan, "--clients=8,32", f"--seconds={options.seconds * 2}"))


def part_board(book, plan, options):
    arguments = [plan, f"--cases={options.cases}"] + (["--million"] if options.million else [])
    report.board(book, run_program("board_bench", *arguments, timeout=5400), options.cases, options.million)


def part_overload(book, plan, options):
    overload.show(book, run_program("overload_bench", plan, f"--seconds={options.overload_seconds}", timeout=3600))


def part_hotspots(book, instance):
    path = instance.dir / "hotspots.csv"
    bench_city.hotspots_csv(path, 50_000)
    began = time.monotonic()
    instance.gridctl("admin", "import", "hotspots", str(path))
    seconds = time.monotonic() - began
    located = int(instance.sql(f"SELECT COUNT(*) FROM {instance.database}.hotspot WHERE division IS NOT NULL")[0][0])
    report.hotspots(book, located, seconds)


def part_split(book, database, options):
    with BenchInstance("split", database) as instance:
        instance.sign_in("admin", instance.admin_password)
        bench_city.import_tree(instance, counties=2, townships=4, villages=5)
        plan = bench_city.import_people(instance, bench_city.lively_townships(2, 4))
        lines = run_program("transition_bench", plan, "--clients=128", f"--seconds={options.seconds}", "--rounds=1", "--product-only")
        report.split(book, lines, memory_of(instance))


def part_province(book, database, options):
    figures = {}
    for name, cities in (("city", 1), ("province", bench_province.CITIES)):
        with BenchInstance("all", database, options.server_flag) as instance:
            instance.sign_in("admin", instance.admin_password)
            one, (city_codes, _, townships, villages) = bench_province.load(instance, memory_of, cities)
            figures[name] = one
            one["resolve_ms"] = bench_province.resolve_chains(instance, villages)
            one["restart_seconds"] = bench_province.restart_seconds(instance, "all")
            instance.sign_in("admin", instance.admin_password)
            lively = bench_province.lively(townships, villages, city_codes)
            plan = bench_city.import_people(instance, lively, bench_province.TOP)
            one["removal_seconds"] = bench_province.removal_acts_after(instance, list(lively)[-1], f"B{len(lively):03d}0")
            if name == "province" and options.million:
                one["board"] = run_program("board_bench", plan, "--cases=1000000", "--depth=1", timeout=5400)
                one["memory_with_cases"] = bench_province.settle(instance, memory_of)
    with BenchInstance("split", database, options.server_flag) as instance:
        instance.sign_in("admin", instance.admin_password)
        figures["split"], _ = bench_province.load(instance, memory_of)
    report.province(book, figures, options.million)


def part_restore(book, database, options):
    with BenchInstance("all", database, options.server_flag) as instance, BenchDatabase("512M") as fresh:
        restore.show(book, restore.measure(instance, fresh, 1_000_000 if options.million else 200_000))


def part_morning(book, database, options):
    kind = BenchInstance if options.morning_clear else TlsInstance
    with kind("all", database, options.server_flag) as instance:
        instance.sign_in("admin", instance.admin_password)
        morning.run(book, instance, options.phones, options.morning_minutes, options.morning_threads)


def benchmarks_of(name):
    done = subprocess.run([program(name), "--benchmark_format=json", "--benchmark_min_time=0.3"], capture_output=True, text=True,
                          timeout=300)
    if done.returncode != 0:
        raise SystemExit(f"{name} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)["benchmarks"]


def part_ground(book):
    for name in ("ground_bench", "rollup_bench", "plan_bench"):
        report.in_process(book, name, benchmarks_of(name))


def arguments_of(argv):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("part", nargs="*", help="the same as --only: ./dev bench overload")
    parser.add_argument("--only", default=",".join(PARTS), help="parts by comma: " + " ".join(PARTS + LONG_PARTS))
    parser.add_argument("--clients", default="1,8,32,128")
    parser.add_argument("--seconds", type=float, default=3, help="per cell and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--overload-seconds", type=float, default=10, help="per step of the overload; the design asks for 600")
    parser.add_argument("--cases", type=int, default=100_000, help="of the board")
    parser.add_argument("--million", action="store_true", help="the board at ten times as many cases too: 10 to 20 minutes more")
    parser.add_argument("--buffer-pool", default="2G", help="of the database")
    parser.add_argument("--server-flag", action="append", default=[], help="more flags for the server, e.g. --server-flag=--db-pool=32")
    parser.add_argument("--database-flag", action="append", default=[], help="more flags for the database")
    parser.add_argument("--phones", type=int, default=20_000, help="of the morning")
    parser.add_argument("--morning-minutes", type=float, default=10, help="within which everybody wakes up")
    parser.add_argument("--morning-clear", action="store_true", help="phones without TLS, as behind a proxy of one's own")
    parser.add_argument("--morning-threads", type=int, default=48, help="of the phones' program: so many rpcs at once")
    parser.add_argument("--json", help="file to write all figures to")
    options = parser.parse_args(argv)
    options.parts = options.part or options.only.split(",")
    unknown = [part for part in options.parts if part not in PARTS + LONG_PARTS]
    if unknown:
        parser.error(f"no such part: {' '.join(unknown)}")
    return options


def main(argv):
    options = arguments_of(argv)
    # Ctrl-C and kill leave nothing running: both end the with-blocks.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    book = report.Book()
    began = time.monotonic()
    book.head(f"Gridwarden benchmarks, {datetime.datetime.now():%Y-%m-%d %H:%M}, {os.cpu_count()} cores, "
              f"load {os.getloadavg()[0]:.1f} at the start")
    with BenchDatabase(options.buffer_pool, options.database_flag) as database:
        keep_binaries(database.dir)
        if set(options.parts) & {"imports", "transition", "unit", "board", "hotspots", "overload"}:
            with BenchInstance("all", database, options.server_flag) as instance:
                instance.sign_in("admin", instance.admin_password)
                imported = [bench_city.import_tree(instance)]
                if "imports" in options.parts or "hotspots" in options.parts:
                    imported.append(bench_city.import_boundaries(instance))
                plan = bench_city.import_people(instance, bench_city.lively_townships(8, 2))
                if "imports" in options.parts:
                    report.imports(book, imported)
                if "transition" in options.parts:
                    part_transition(book, plan, options)
                    report.memory_all(book, memory_of(instance))
                if "unit" in options.parts:
                    part_unit(book, plan, options)
                if "board" in options.parts:
                    part_board(book, plan, options)
                if "overload" in options.parts:
                    part_overload(book, plan, options)
                if "hotspots" in options.parts:
                    part_hotspots(book, instance)
        if "split" in options.parts:
            part_split(book, database, options)
        if "province" in options.parts:
            part_province(book, database, options)
        if "restore" in options.parts:
            part_restore(book, database, options)
        if "morning" in options.parts:
            part_morning(book, database, options)
        if "ground" in options.parts:
            part_ground(book)
        if "edge" in options.parts:
            report.edge(book, benchmarks_of("edge_bench"))
        if "hop" in options.parts:
            report.hop(book, benchmarks_of("hop_bench"))
    book.foot(f"took {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f} at the end")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(book.figures, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
