#!/usr/bin/env python3
"""Metrics and what is built on them:

1. Every gridwarden_ or process_ name in k8s/monitoring is one that the services make (tests/system/monitoring.py holds the same
   names to the /metrics of a real server).
2. The names follow Prometheus' conventions: a counter ends in _total, a unit is a base unit at the end of the name.
3. The dashboard is JSON in which every panel asks something and has an id and place of its own; every alert has a severity and a
   summary in both languages, and no name twice.
"""
import json
import pathlib
import re
import sys

NAME = re.compile(r"\b(?:gridwarden|process)_[a-z0-9_]+\b")
MADE = re.compile(r'"((?:gridwarden|process)_[a-z0-9_]+)"')
COUNTER = re.compile(r'(?:AddCounter\(|Counter \w+[{(]|Counter\()\s*"((?:gridwarden|process)_[a-z0-9_]+)"')
HISTOGRAM_ENDINGS = ("_bucket", "_sum", "_count")
# Labels and words of PromQL that look like names.
WORDS = {"process_refused"}
BAD_UNITS = ("_ms", "_millis", "_milliseconds", "_minutes", "_hours", "_kb", "_mb", "_percent")


def made_names(root):
    """name -> files that make it."""
    made = {}
    for path in sorted((root / "services").rglob("*.cc")) + sorted((root / "services").rglob("*.h")):
        for name in MADE.findall(path.read_text(encoding="utf-8")):
            if name not in WORDS:
                made.setdefault(name, []).append(path.relative_to(root))
    return made


def used_names(text):
    """Names in a rule or dashboard, a histogram's parts as the histogram."""
    names = set()
    for name in NAME.findall(text):
        for ending in HISTOGRAM_ENDINGS:
            if name.endswith("_seconds" + ending):
                name = name.removesuffix(ending)
        names.add(name)
    return names


def monitoring_names(root):
    """name -> the file that uses it."""
    used = {}
    for path in sorted((root / "k8s" / "monitoring").iterdir()):
        if path.suffix not in (".json", ".yaml"):
            continue
        for name in used_names(path.read_text(encoding="utf-8")):
            used.setdefault(name, path.name)
    return used


def check_names(root, problems):
    made = made_names(root)
    for name, file in sorted(monitoring_names(root).items()):
        if name not in made:
            problems.append(f"k8s/monitoring/{file}: no service makes {name}")
    for name, paths in sorted(made.items()):
        if name.endswith(BAD_UNITS):
            problems.append(f"{paths[0]}: {name}: want a base unit (seconds, bytes, ratio)")
    counters = set()
    for path in sorted((root / "services").rglob("*.cc")):
        counters.update(COUNTER.findall(path.read_text(encoding="utf-8")))
    for name in sorted(counters):
        if not name.endswith("_total"):
            problems.append(f"{made[name][0]}: counter {name} does not end in _total")


def check_dashboard(path, problems):
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    ids, places = set(), set()
    for panel in dashboard["panels"]:
        name = f"{path.name}: panel {panel.get('title')}"
        place = (panel["gridPos"]["x"], panel["gridPos"]["y"])
        if panel["id"] in ids or place in places:
            problems.append(f"{name}: id {panel['id']} or place {place} is taken twice")
        ids.add(panel["id"])
        places.add(place)
        if panel["type"] != "row" and not all(target.get("expr", "").strip() for target in panel.get("targets", [])):
            problems.append(f"{name}: asks nothing")
        if panel["type"] != "row" and not panel.get("targets"):
            problems.append(f"{name}: has no targets")


def check_rules(path, problems):
    text = path.read_text(encoding="utf-8")
    seen = set()
    for block in re.split(r"(?m)^      - alert: ", text)[1:]:
        name = block.split("\n", 1)[0].strip()
        if name in seen:
            problems.append(f"{path.name}: alert {name} twice")
        seen.add(name)
        if not re.search(r"labels: \{severity: (page|ticket)\}", block):
            problems.append(f"{path.name}: alert {name}: want severity page or ticket")
        summary = re.search(r'summary: "(.*)"', block)
        if not summary or not re.search(r"[\u4e00-\u9fff]", summary.group(1)) or not re.search(r"[a-z]{3}", summary.group(1)):
            problems.append(f"{path.name}: alert {name}: want a summary in English and Chinese")
        if "expr:" not in block:
            problems.append(f"{path.name}: alert {name}: no expr")
    if not seen:
        problems.append(f"{path.name}: no alerts")


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    problems = []
    check_names(root, problems)
    check_dashboard(root / "k8s" / "monitoring" / "grafana-dashboard.json", problems)
    check_rules(root / "k8s" / "monitoring" / "prometheus-rules.yaml", problems)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
