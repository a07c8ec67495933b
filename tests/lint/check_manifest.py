#!/usr/bin/env python3
"""Every column of every table has exactly one row in db/manifest/*.csv, and every row has its column (guarantees.md 4.5).

The manifest says how a column is protected by the journal, how private it is and how long it is kept, so that a new column
without an answer fails the build. Reads CREATE TABLE, ALTER TABLE ... ADD/DROP/RENAME/CHANGE COLUMN and DROP TABLE in
db/migrations/*.sql, in order.
"""
import csv
import pathlib
import re
import sys

CLASSES = {"protected", "derived", "ephemeral"}
PRIVACY = {"none", "staff", "reporter", "secret"}
RETENTION = {"case", "log", "session", "policy"}
HEADER = ["table", "column", "class", "privacy", "retention", "reason"]
NOT_COLUMNS = {"primary", "unique", "key", "index", "constraint", "foreign", "check", "fulltext", "spatial", "period"}


def statements(text):
    """The statements of a migration without comments and without the contents of quoted texts."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    text = re.sub(r"'(?:[^'\\]|\\.|'')*'", "''", "\n".join(lines))
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return [" ".join(part.split()) for part in text.split(";") if part.strip()]


def split_top(text):
    """Splits at commas outside parentheses."""
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def name_of(text):
    return text.split()[0].strip("`")


def apply(statement, tables, where, problems):
    create = re.match(r"CREATE TABLE (?:IF NOT EXISTS )?`?(\w+)`? ?\((.*)\)[^)]*$", statement, re.I)
    if create:
        table, body = create.group(1), create.group(2)
        columns = [name_of(part) for part in split_top(body) if name_of(part).lower().split("(")[0] not in NOT_COLUMNS]
        if table in tables:
            problems.append(f"{where}: table {table} is created twice")
        tables[table] = list(columns)
        return
    drop = re.match(r"DROP TABLE (?:IF EXISTS )?`?(\w+)`?", statement, re.I)
    if drop:
        tables.pop(drop.group(1), None)
        return
    alter = re.match(r"ALTER TABLE `?(\w+)`? (.*)$", statement, re.I)
    if not alter:
        if re.match(r"CREATE (?:OR REPLACE )?TABLE", statement, re.I):
            problems.append(f"{where}: cannot read: {statement[:80]}")
        return
    columns = tables.setdefault(alter.group(1), [])
    for part in split_top(alter.group(2)):
        words = [word.strip("`") for word in part.split()]
        upper = [word.upper() for word in words]
        rest = 2 if len(upper) > 1 and upper[1] == "COLUMN" else 1
        if upper[0] == "ADD" and words[rest].lower().split("(")[0] not in NOT_COLUMNS:
            columns.append(words[rest])
        elif upper[0] == "DROP" and words[rest].lower() not in NOT_COLUMNS:
            if words[rest] in columns:
                columns.remove(words[rest])
        elif upper[0] in ("CHANGE", "RENAME") and (upper[0] == "CHANGE" or upper[1] == "COLUMN"):
            new = words[rest + 1] if upper[0] == "CHANGE" else words[rest + 2]
            columns[columns.index(words[rest])] = new


def read_tables(folder, problems):
    tables = {}
    for path in sorted(folder.glob("*.sql")):
        for statement in statements(path.read_text(encoding="utf-8")):
            apply(statement, tables, path.name, problems)
    return tables


def read_manifest(folder, problems):
    rows = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            if header != HEADER:
                problems.append(f"{path.name}: the header must be {','.join(HEADER)}")
                continue
            for number, row in enumerate(reader, start=2):
                where = f"{path.name}:{number}"
                if len(row) != len(HEADER):
                    problems.append(f"{where}: {len(row)} fields, want {len(HEADER)} (quote a reason that has commas)")
                    continue
                table, column, kind, privacy, retention, reason = row
                for value, allowed, what in ((kind, CLASSES, "class"), (privacy, PRIVACY, "privacy"), (retention, RETENTION, "retention")):
                    if value not in allowed:
                        problems.append(f"{where}: {what} is '{value}', want one of {', '.join(sorted(allowed))}")
                if kind == "ephemeral" and not reason.strip():
                    problems.append(f"{where}: {table}.{column} is ephemeral and needs a reason")
                if (table, column) in rows:
                    problems.append(f"{where}: {table}.{column} stands already in {rows[table, column]}")
                rows[table, column] = where
    return rows


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    problems = []
    tables = read_tables(root / "db/migrations", problems)
    rows = read_manifest(root / "db/manifest", problems)
    columns = {(table, column) for table, names in tables.items() for column in names}
    if not columns:
        problems.append("db/migrations: no table found")
    for table, column in sorted(columns - rows.keys()):
        problems.append(f"db/manifest: no row for {table}.{column}")
    for table, column in sorted(rows.keys() - columns):
        problems.append(f"{rows[table, column]}: there is no column {table}.{column}")
    for problem in problems:
        print(f"manifest: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
