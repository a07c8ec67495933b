#!/usr/bin/env python3
"""Includes point downward (style.md "Where things go"): base <- domain, platform <- access <- areas <- server.

Areas never include each other: they meet over their protos. When this complains, the code is usually in the wrong folder.
"""
import pathlib
import re
import sys

AREAS = ["identity", "grid", "source", "patrol", "casework", "intake", "media", "journal", "report", "notify", "sync"]
# What each folder of services/ may include of services/, besides itself.
MAY = {
    "base": set(),
    "domain": {"base"},
    "platform": {"base"},
    "access": {"base", "domain", "platform"},
    "gateway": {"base", "platform"},
    "server": None,  # all
}
MAY.update({area: {"base", "domain", "platform", "access"} for area in AREAS})
# Headers of others that a folder must not see at all.
FORBIDDEN = {
    "base": [r"google/protobuf", r"gridwarden/", r"grpc", r"openssl/", r"cppconn/", r"nlohmann/"],
    "domain": [r"google/protobuf", r"gridwarden/", r"grpc", r"openssl/", r"cppconn/", r"^thread$", r"^mutex$",
               r"^condition_variable$", r"absl/time/clock.h", r"absl/synchronization"],
}
# Third-party headers that only one folder may see.
ONLY_IN = {r"^(cppconn/|mysql_)": "platform/db", r"^openssl/": "platform/"}
CLIENTS_MAY = {"base", "domain", "platform"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def folder_of(include):
    return include.split("/", 1)[0] if "/" in include else ""


def check_services(root, problems):
    services = root / "services"
    known = {path.name for path in services.iterdir() if path.is_dir()}
    for name in sorted(known - MAY.keys()):
        problems.append(f"services/{name}: unknown folder; add it to tests/lint/check_deps.py")
    for path in sorted(services.rglob("*")):
        if path.suffix not in (".h", ".cc", ".inc"):
            continue
        relative = path.relative_to(services)
        own = relative.parts[0]
        if own not in MAY:
            continue
        for quote, include in INCLUDE.findall(path.read_text(encoding="utf-8")):
            target = folder_of(include)
            if quote == '"' and target in known and target != own and MAY[own] is not None and target not in MAY[own]:
                problems.append(f"services/{relative}: {own} may not include {include}")
            if quote == '"' and target == own:
                if not (services / include).exists():
                    problems.append(f"services/{relative}: there is no {include}")
            for pattern in FORBIDDEN.get(own, []):
                if re.search(pattern, include):
                    problems.append(f"services/{relative}: {own} may not include {include}")
            for pattern, only in ONLY_IN.items():
                if re.search(pattern, include) and not str(relative).startswith(only):
                    problems.append(f"services/{relative}: only services/{only} may include {include}")


def check_clients(root, problems):
    clients = root / "clients"
    services = {path.name for path in (root / "services").iterdir() if path.is_dir()}
    for path in sorted(clients.rglob("*")) if clients.exists() else []:
        if path.suffix not in (".h", ".cc") or "node_modules" in path.parts:
            continue
        for quote, include in INCLUDE.findall(path.read_text(encoding="utf-8")):
            target = folder_of(include)
            own = (clients / target).is_dir()
            if quote == '"' and target in services and not own and target not in CLIENTS_MAY:
                problems.append(f"{path.relative_to(root)}: a client may not include {include}; it uses the API")


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    problems = []
    check_services(root, problems)
    check_clients(root, problems)
    for problem in problems:
        print(f"deps: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
