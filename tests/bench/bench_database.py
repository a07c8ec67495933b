"""A MariaDB of its own on disk with the durable settings of db/mariadb.cnf, for one run of the benchmarks."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SBIN = "/usr/sbin:/usr/local/sbin"


def filesystem_of(path):
    return subprocess.check_output(["stat", "-f", "-c", "%T", str(path)], text=True).strip()


class BenchDatabase:
    def __init__(self, buffer_pool="2G", more=()):
        self.more = list(more)
        parent = ROOT / ".run"
        parent.mkdir(exist_ok=True)
        if filesystem_of(parent) in ("tmpfs", "ramfs"):
            raise SystemExit(f"{parent} is on {filesystem_of(parent)}: a benchmark of durable commits needs a disk")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
        # A socket path may have 107 bytes.
        self.socket_dir = pathlib.Path(tempfile.mkdtemp(prefix="gw-bench-"))
        self.socket = str(self.socket_dir / "s")
        self.buffer_pool = buffer_pool
        self.process = None

    def __enter__(self):
        environment = dict(os.environ, PATH=os.environ["PATH"] + ":" + SBIN)
        as_root = ["--user=root"] if os.getuid() == 0 else []
        data = self.dir / "mysql"
        subprocess.run(["mariadb-install-db", "--no-defaults", "--force", *as_root, f"--datadir={data}", "--skip-test-db",
                        "--auth-root-authentication-method=normal"], check=True, capture_output=True, env=environment)
        log = open(self.dir / "mariadb.log", "ab")
        self.process = subprocess.Popen(
            ["mariadbd", f"--defaults-file={ROOT}/db/mariadb.cnf", *as_root, f"--datadir={data}", f"--socket={self.socket}",
             f"--pid-file={self.dir}/pid", f"--log-error={self.dir}/mariadb.log", f"--tmpdir={self.dir}",
             # The one difference to ./dev up: memory as a city's server has it. The bare transaction gets the same.
             f"--innodb-buffer-pool-size={self.buffer_pool}", "--max-connections=600", *self.more],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
        deadline = time.monotonic() + 60
        while subprocess.run(["mariadb-admin", "--no-defaults", f"--socket={self.socket}", "--user=root", "ping"],
                             capture_output=True).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                raise SystemExit("the database of the benchmarks did not start")
            time.sleep(0.1)
        return self

    def __exit__(self, kind, value, trace):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.rmtree(self.socket_dir, ignore_errors=True)

    def sql(self, statement):
        out = subprocess.check_output(["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch",
                                       "--skip-column-names", "-e", statement], text=True)
        return [line.split("\t") for line in out.splitlines()]
