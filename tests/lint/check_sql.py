#!/usr/bin/env python3
"""Rules for the SQL in our sources (style.md "SQL", guarantees.md F2):

1. No SELECT *: columns are listed. (COUNT(*) is fine.)
2. No OFFSET: pages use keys.
3. An UPDATE in a *_repository.cc names a revision, subject_seq, epoch or state it expects in its WHERE, or the file also reads
   its table FOR UPDATE (directly or from a join), or the line before the statement says why neither is needed:
   `// Unlocked: <reason>`.

It reads texts, not programs: it cannot tell that the lock and the update happen in one transaction. Tests must.
"""
import pathlib
import re
import sys

STRING = re.compile(r'R"(\w*)\((.*?)\)\1"|"((?:[^"\\\n]|\\.)*)"', re.S)
JOINED = re.compile(r'"\s*\n\s*"')
EXPECTS = re.compile(r"\b(revision|subject_seq|epoch|state|next_index|size)\s*(=|<|<=|>|>=|IN\s*\(|<>)", re.I)


def literals(text):
    """(position, text) of each string literal; neighbouring literals are one."""
    joined = JOINED.sub(lambda match: "\x00" * len(match.group(0)), text)
    for match in STRING.finditer(joined):
        body = match.group(2) if match.group(2) is not None else match.group(3)
        yield match.start(), " ".join(body.replace("\x00", " ").replace("\\n", " ").split())


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def excused(text, position):
    """True when a comment `// Unlocked: reason` stands on one of the two lines before the statement's constant."""
    before = text[:position].splitlines()
    return any(re.search(r"//\s*Unlocked:\s*\S", line) for line in before[-3:])


def check(path, root, problems):
    text = path.read_text(encoding="utf-8")
    where = path.relative_to(root)
    found = list(literals(text))
    locked = set()
    for _, sql in found:
        if re.search(r"\bFOR UPDATE\b", sql, re.I):
            locked.update(name.lower() for name in re.findall(r"\b(?:FROM|JOIN)\s+`?(\w+)`?", sql, re.I))
    for position, sql in found:
        if not re.match(r"\(?\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH)\s", sql):
            continue
        if re.search(r"\bSELECT\s+(DISTINCT\s+)?(\w+\.)?\*", sql, re.I):
            problems.append(f"{where}:{line_of(text, position)}: SELECT * ; list the columns")
        if re.search(r"\bOFFSET\b", sql, re.I):
            problems.append(f"{where}:{line_of(text, position)}: OFFSET ; page by key")
        update = re.match(r"UPDATE\s+`?(\w+)`?", sql, re.I)
        if not update or not path.name.endswith("_repository.cc"):
            continue
        table = update.group(1).lower()
        condition = re.split(r"\bWHERE\b", sql, maxsplit=1, flags=re.I)
        if len(condition) == 2 and EXPECTS.search(condition[1]):
            continue
        if table in locked or excused(text, position):
            continue
        problems.append(f"{where}:{line_of(text, position)}: UPDATE {table} without a lock (SELECT ... FOR UPDATE) or an expected "
                        "revision; say `// Unlocked: <reason>` in the line above if neither is needed")


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    problems = []
    for path in sorted((root / "services").rglob("*.cc")):
        check(path, root, problems)
    for problem in problems:
        print(f"sql: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
