#!/usr/bin/env python3
"""Who may call whom (services/server/allowed_calls.cc) is exactly who does: every method of another area that an area's code names
has a row, and every row has such code. A row that nobody needs would let a process that was taken over reach further."""
import pathlib
import re
import sys

AREAS = ["identity", "grid", "source", "patrol", "casework", "intake", "media", "journal", "report", "notify", "sync"]
METHOD = re.compile(r'"(gridwarden\.([a-z]+)\.v1\.([A-Za-z]+)/[A-Za-z]+)"')
EDGE = re.compile(r'\{(kAnyArea|"[a-z]+"),\s*"(gridwarden\.[^"]+)"(?:,\s*(true|false))?\}')
CHANNEL = re.compile(r'\bchannel\("([a-z]+)"\)')
CONSUMER = re.compile(r"\bjournal::Consumer::(InTransaction|AtLeastOnce)\b")
COMMENT = re.compile(r"//[^\n]*")
FEED = "gridwarden.journal.v1.JournalInternalService/ReadFeed"


def code_of(folder):
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".cc", ".h"):
            yield path, COMMENT.sub("", path.read_text(encoding="utf-8"))


def named_in(folder, own):
    """The methods of other areas that a folder's code names."""
    return {name for _, text in code_of(folder) for name, area, _ in METHOD.findall(text) if area != own}


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    services = root / "services"
    table = services / "server/allowed_calls.cc"
    if not table.exists():
        return 0
    rows = [(caller.strip('"'), name, system == "true") for caller, name, system in EDGE.findall(table.read_text(encoding="utf-8"))]
    problems = []
    used = {("kAnyArea", name) for name in named_in(services / "access", None)}
    for area in AREAS:
        used |= {(area, name) for name in named_in(services / area, area)}
        for path, text in code_of(services / area):
            if CONSUMER.search(text):
                used.add((area, FEED))
            for other in CHANNEL.findall(text):
                if not any(caller == area and name.startswith(f"gridwarden.{other}.") for caller, name, _ in rows):
                    problems.append(f"{path.relative_to(root)}: channel(\"{other}\"), but {area} may call nothing of {other} "
                                    "(services/server/allowed_calls.cc)")
    allowed = {(caller, name) for caller, name, _ in rows}
    problems += [f"{caller} calls {name}, but services/server/allowed_calls.cc has no row for it" for caller, name in sorted(used - allowed)]
    problems += [f"services/server/allowed_calls.cc: no code of {caller} calls {name}" for caller, name in sorted(allowed - used)]
    problems += [f"services/server/allowed_calls.cc: {caller}, {name} stands twice" for caller, name in sorted(allowed)
                 if sum(row[:2] == (caller, name) for row in rows) > 1]
    for caller, name, system in rows:
        internal = "InternalService/" in name
        if internal != system:
            problems.append(f"services/server/allowed_calls.cc: {caller}, {name}: "
                            f"{'only the system calls an internal service' if internal else 'a public service is called for a user'}")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
