"""A MariaDB of one test's own, to be killed: the same durable settings as the tests' common one, which stays out of it."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from support.instance import ROOT, wait_for


class PrivateMariadb:
    """`settings`: more of mariadbd's options, after the tests' own."""

    def __init__(self, *settings):
        self.settings = settings

    def __enter__(self):
        shm = pathlib.Path("/dev/shm")
        self.dir = tempfile.mkdtemp(prefix="gw-db-", dir=shm if os.access(shm, os.W_OK) and shutil.disk_usage(shm).free > 1 << 30 else None)
        self.socket = self._run("start")
        return self

    def __exit__(self, kind, value, trace):
        self._run("stop")
        shutil.rmtree(self.dir, ignore_errors=True)

    def _run(self, command):
        environment = dict(os.environ, GRIDWARDEN_TEST_MARIADB_DIR=self.dir,
                           GRIDWARDEN_TEST_MARIADB_SETTINGS="\n".join(self.settings))
        return subprocess.check_output([ROOT / "tests/support/test_mariadb.sh", command], text=True, env=environment).strip()

    def kill(self):
        """kill -9 of the server, by the pid it wrote itself."""
        pid = int((pathlib.Path(self.dir) / "pid").read_text())
        command = pathlib.Path(f"/proc/{pid}/cmdline")
        assert self.dir.encode() in command.read_bytes(), f"{pid} is not ours"
        os.kill(pid, signal.SIGKILL)
        wait_for("the killed MariaDB to be gone", lambda: not command.exists() or self.dir.encode() not in command.read_bytes(), 10)

    def sql(self, statement, *options):
        """As the owner of the server: a list of rows of texts."""
        out = subprocess.check_output(["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch",
                                       "--skip-column-names", *options, "-e", statement], text=True)
        return [line.split("\t") for line in out.splitlines()]

    def revive(self):
        """Starts it on the data it has: InnoDB's own crash recovery."""
        assert self._run("revive") == self.socket
