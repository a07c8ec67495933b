#!/usr/bin/env python3
"""What the SQL of an area does to which table is what db/grants/grants.csv lets its database account do: no less, or it is refused
while people work, and no more (least privilege). Reads the statements in services/<area>/*.cc; what all areas share (receipts,
cursors, staging, the schema) is in services/platform and services/server and listed here.
"""
import csv
import pathlib
import re
import sys

STAGES = {"journal_stage": {"INSERT"}}
# Tables that libraries use on behalf of an area, and the sign in the area's code that it does.
SHARED = [
    (re.compile(r"\bMutate\b"), {"op_receipt": {"SELECT", "INSERT"}}),
    (re.compile(r"\bConsumer::(?:InTransaction|AtLeastOnce)\b"), {"feed_cursor": {"SELECT", "INSERT", "UPDATE"}}),
    (re.compile(r"\b(?:journal::)?(?:Stage|StageAll)\("), STAGES),
]
EVERY_AREA = {"schema_migration": {"SELECT"}, "policy_document": {"SELECT"}, "journal_head": {"SELECT"}}
VERB = re.compile(r"\b(INSERT(?:\s+IGNORE)?\s+INTO|REPLACE\s+INTO|DELETE\s+FROM|UPDATE|FROM|JOIN)\s+`?(\w+)`?", re.S)
FROM_ALSO = re.compile(r"\bFROM\s+\w+(?:\s+(?:AS\s+)?\w+)?((?:\s*,\s*\w+(?:\s+(?:AS\s+)?\w+)?)+)", re.S)


def literals(text):
    """The string literals of a C++ source, those that follow each other joined, one a line."""
    text = re.sub(r"//[^\n]*", "", text)
    parts = re.findall(r'R"\((.*?)\)"|"((?:[^"\\\n]|\\.)*)"|([^\s"])', text, re.S)
    joined, current = [], ""
    for raw, plain, other in parts:
        if other:
            if current:
                joined.append(current)
            current = ""
        else:
            current += raw or plain
    return joined + [current]


def uses_of(text, tables):
    """What the statements of a source do: rights by table."""
    uses = {}
    for literal in literals(text):
        changed = None
        for verb, table in VERB.findall(literal):
            if table not in tables:
                continue
            word = verb.split()[0]
            right = {"FROM": "SELECT", "JOIN": "SELECT", "REPLACE": "INSERT"}.get(word, word)
            uses.setdefault(table, set()).add(right)
            if right != "SELECT":
                changed = table
                # A condition reads the columns it names.
                if right in ("UPDATE", "DELETE"):
                    uses[table].add("SELECT")
        if changed and "ON DUPLICATE KEY UPDATE" in literal:
            uses[changed] |= {"UPDATE", "SELECT"}
        if changed and "RETURNING" in literal:
            uses[changed].add("SELECT")
        for also in FROM_ALSO.findall(literal):
            for table in re.findall(r",\s*(\w+)", also):
                if table in tables:
                    uses.setdefault(table, set()).add("SELECT")
    # A statement that is put together: its second half belongs to the INSERT before it.
    last = None
    for literal in literals(text):
        inserted = re.match(r"\s*INSERT INTO (\w+)", literal)
        last = inserted.group(1) if inserted else last
        if last in uses and re.match(r"\s*ON DUPLICATE KEY UPDATE ", literal):
            uses[last] |= {"UPDATE", "SELECT"}
    return uses


def merge(into, more):
    for table, rights in more.items():
        into.setdefault(table, set()).update(rights)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    tables = {"schema_migration"}
    for path in sorted((root / "db/manifest").glob("*.csv")):
        with open(path, encoding="utf-8", newline="") as file:
            tables |= {row["table"] for row in csv.DictReader(file)}
    granted = {}
    with open(root / "db/grants/grants.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            granted.setdefault(row["account"], {})[row["table"]] = set(row["rights"].split(", "))
    problems = []
    for account, rights in granted.items():
        problems += [f"grants.csv: {account}: there is no table {table}" for table in rights if table not in (*tables, "*", "*.*")]
    areas = set(granted) - {"migrate", "backup"}
    for area in sorted(areas):
        folder = root / "services" / area
        if not folder.is_dir():
            problems.append(f"grants.csv: there is no area {area}")
            continue
        needed = {}
        merge(needed, EVERY_AREA)
        for path in sorted(folder.rglob("*.cc")):
            text = path.read_text(encoding="utf-8")
            # Run by the owner of the database, not by a server.
            if path.name in ("successor.cc", "bootstrap.cc"):
                continue
            merge(needed, uses_of(text, tables))
            for sign, more in SHARED:
                if sign.search(text):
                    merge(needed, more)
        for table in sorted(needed.keys() | granted[area].keys()):
            missing = needed.get(table, set()) - granted[area].get(table, set())
            surplus = granted[area].get(table, set()) - needed.get(table, set())
            if missing:
                problems.append(f"services/{area} does {', '.join(sorted(missing))} on {table}, which db/grants/grants.csv does not give it")
            if surplus:
                problems.append(f"db/grants/grants.csv gives {area} {', '.join(sorted(surplus))} on {table}, which services/{area} never does")
    for problem in problems:
        print(f"grants: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
