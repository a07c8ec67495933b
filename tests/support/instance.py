"""A real Gridwarden for the system and fault layers: the built binary on a fresh database of the test MariaDB, in either shape.

Every instance has its own database, data folder and ports (asked from the system). Processes are stopped by their own pid.
"""
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
AREAS = ["identity", "grid", "source", "patrol", "casework", "intake", "media", "journal", "report", "notify", "sync"]
BUILD = pathlib.Path(os.environ.get("GRIDWARDEN_BUILD_DIR", ROOT / "build"))
# Whoever was killed serves again within this (guarantees.md).
RESTART_SECONDS = 10
# What a client that retries answers with the same request again.
PASSING = ("unavailable", "resource_exhausted", "deadline_exceeded")
LOST_ON_THE_WAY = (urllib.error.URLError, http.client.HTTPException, OSError)


class Refused(Exception):
    """The server said no: `code` and `reason` as a client sees them."""

    def __init__(self, status, body):
        self.status = status
        self.body = body
        self.code = body.get("code", "")
        self.reason = ""
        for detail in body.get("details", []):
            if detail.get("type") == "google.rpc.ErrorInfo":
                self.reason = detail.get("debug", {}).get("reason", "") or _reason_of(detail.get("value", ""))
        super().__init__(f"HTTP {status} {self.code} {self.reason}: {body.get('message', '')}")


def _reason_of(value):
    """The first field (reason) of a serialised google.rpc.ErrorInfo."""
    import base64

    raw = base64.b64decode(value + "=" * (-len(value) % 4))
    if len(raw) > 2 and raw[0] == 0x0A:
        return raw[2 : 2 + raw[1]].decode()
    return ""


def test_socket():
    return subprocess.check_output([ROOT / "tests/support/test_mariadb.sh", "start"], text=True).strip()


given_ports = set()


def free_port():
    """A port nobody listens on, below those the system gives to outgoing connections: one that is to come back after a kill must not
    be taken by a passer-by meanwhile."""
    for port in random.sample([port for port in range(10_000, 32_000) if port not in given_ports], 1000):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                given_ports.add(port)
                return port
            except OSError:
                continue
    raise AssertionError("no free port")


def wait_for(what, condition, seconds=20.0):
    """Polls with a deadline; answers what the condition answered."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain for: {what}")
        time.sleep(0.02)


class Instance:
    """`database_socket`: another MariaDB than the tests' common one."""

    HTTPS = ("all",)  # the shapes whose edge speaks TLS by itself; a proxy in front does it for the other

    def __init__(self, shape, demo=False, database_socket=None):
        assert shape in ("all", "split")
        self.shape = shape
        self.demo = demo
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"gw-{shape}-"))
        self.socket = database_socket or test_socket()
        self.database = f"gw_system_{os.getpid()}_{uuid.uuid4().hex[:8]}"
        self.accounts = self.dir / "accounts"
        self.more_flags = []  # of `serve`
        self.https = shape in self.HTTPS
        self.http_port = free_port()
        self.grpc_ports = {area: free_port() for area in AREAS}
        self.processes = {}
        self.tokens = {}
        self.acknowledged = []  # (login, area, rpc, request, answer) of every change that was answered
        self.lock = threading.Lock()  # guards acknowledged
        try:
            if self.https:
                subprocess.run([BUILD / "gridwarden", "certificates", "--edge", f"--dir={self.dir}/tls"], check=True, capture_output=True)
                self.tls = ssl.create_default_context(cafile=self.authority)
            if shape == "split":
                subprocess.run([BUILD / "gridwarden", "certificates", f"--dir={self.dir}/tls", "--name=4117"], check=True, capture_output=True)
            self.migrate()
            self.admin_password = self._run("bootstrap-admin", "identity", "--login=admin").split("password: ")[1].split()[0]
            self.start()
        except BaseException:
            self.close(orderly=False)
            raise

    @property
    def url(self):
        return f"http{'s' if self.https else ''}://127.0.0.1:{self.http_port}"

    @property
    def authority(self):
        return str(self.dir / "tls" / "authority.pem")

    # ---- processes

    def db_flags(self, account):
        """Connects as the owner of the server (root) or as one of the accounts that migrate made; the gateway needs none."""
        if account == "gateway":
            return []
        flags = [f"--db-socket={self.socket}", f"--db-name={self.database}"]
        if account == "root":
            return flags + ["--db-user=root"]
        return flags + [f"--db-user={self.database}_{account}", f"--db-password-file={self.accounts}/{account}.password"]

    def _flags(self, target):
        flags = [*self.db_flags(target), f"--data-dir={self.dir}/data", f"--migrations-dir={ROOT}/db/migrations"]
        return flags + (["--demo"] if self.demo else []) + self.more_flags

    def _run(self, command, account, *more):
        return self.program(command, account, *more)[0]

    def program(self, command, account, *more, expect=0, timeout=120):
        """Runs a command of gridwarden as one of the database accounts, wants this exit code, answers stdout and stderr."""
        done = subprocess.run([BUILD / "gridwarden", command, *more, *self.db_flags(account)], capture_output=True, text=True, timeout=timeout)
        assert done.returncode == expect, f"gridwarden {command}: exit {done.returncode}, want {expect}: {done.stdout}\n{done.stderr[-2000:]}"
        return done.stdout, done.stderr

    def migrate(self):
        return self.program("migrate", "root", f"--migrations-dir={ROOT}/db/migrations", f"--policy-dir={ROOT}/db/policy",
                            f"--accounts-dir={self.accounts}", f"--accounts-prefix={self.database}")

    def targets(self):
        return ["all"] if self.shape == "all" else AREAS + ["gateway"]

    def _command(self, target):
        command = [BUILD / "gridwarden", "serve", f"--target={target}", f"--ready-file={self.dir}/{target}.ready", *self._flags(target)]
        if target in ("all", "gateway"):
            command.append(f"--listen-http=127.0.0.1:{self.http_port}")
            if self.https:
                command += [f"--tls-cert={self.dir}/tls/edge.pem", f"--tls-key={self.dir}/tls/edge.key", f"--tls-authority={self.authority}"]
        if target == "all":
            command.append("--listen-grpc=127.0.0.1:0")
        elif target != "gateway":
            command.append(f"--listen-grpc=127.0.0.1:{self.grpc_ports[target]}")
        if self.shape == "split":
            command.append(f"--tls-dir={self.dir}/tls")
            for area in AREAS:
                command += ["--peer", f"{area}=127.0.0.1:{self.grpc_ports[area]}"]
        return command

    def start_target(self, target):
        ready = self.dir / f"{target}.ready"
        ready.unlink(missing_ok=True)
        with open(self.dir / f"{target}.log", "ab") as log:
            self.processes[target] = subprocess.Popen(self._command(target), stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def wait_ready(self, target, seconds=30):
        def ready():
            if self.processes[target].poll() is not None:
                raise AssertionError(f"{target} stopped:\n{self.log(target)[-3000:]}")
            return (self.dir / f"{target}.ready").exists()

        try:
            wait_for(f"{target} to be ready", ready, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log(target)[-1500:]}") from None

    def start(self):
        for target in self.targets():
            self.start_target(target)
        for target in self.targets():
            self.wait_ready(target)

    def kill(self, target):
        """kill -9, as a power cut to one process would."""
        process = self.processes[target]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self, target):
        """SIGTERM, and the exit code within 30 s."""
        process = self.processes[target]
        process.terminate()
        try:
            return process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{target} did not stop within 30 s of SIGTERM\n{self.log(target)[-1500:]}") from None

    def restart(self, target):
        self.start_target(target)
        self.wait_ready(target, RESTART_SECONDS)

    def log(self, target):
        path = self.dir / f"{target}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self, orderly=True):
        """Stops what runs and removes every trace. `orderly`: whatever runs stops with exit code 0."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        unruly = []
        for target, process in self.processes.items():
            try:
                if process.wait(timeout=30) != 0:
                    unruly.append(f"{target} ended with {process.returncode}\n{self.log(target)[-1500:]}")
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                unruly.append(f"{target} did not stop within 30 s of SIGTERM\n{self.log(target)[-1500:]}")
        try:
            self.sql(f"DROP DATABASE IF EXISTS {self.database}")
            for file in self.accounts.glob("*.password"):
                self.sql(f"DROP USER IF EXISTS '{self.database}_{file.stem}'@'localhost'")
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)
        if orderly and unruly:
            raise AssertionError("\n".join(unruly))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            for target in self.targets():
                print(f"---- {target} log (end)\n{self.log(target)[-1500:]}")
        self.close(orderly=kind is None)

    def sql(self, statement):
        """Asks the database behind the server's back: a list of rows of texts."""
        out = subprocess.check_output(
            ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "--skip-column-names",
             "-e", statement], text=True)
        return [line.split("\t") for line in out.splitlines()]

    # ---- calls

    def http(self, path, data=None, headers=None, timeout=15):
        request = urllib.request.Request(f"{self.url}{path}", data=data, headers=headers or {})
        handlers = [urllib.request.HTTPSHandler(context=self.tls)] if self.https else []
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *handlers)
        return opener.open(request, timeout=timeout)

    def sign_in(self, login, password):
        answer = self.call(None, "identity", "SignIn", {"login": login, "password": password})
        self.tokens[login] = (answer["accessToken"], password)

    def connect(self):
        """A connection for many calls in a row; call_as opens one of its own otherwise."""
        if self.https:
            return http.client.HTTPSConnection("127.0.0.1", self.http_port, timeout=15, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=15)

    def call_as(self, login, area, rpc, request, demo_time=None, connection=None):
        """One call, tried once. Refused when the server says no; one of LOST_ON_THE_WAY when it says nothing."""
        headers = {"Content-Type": "application/json"}
        if login is not None:
            if login not in self.tokens:
                raise AssertionError(f"{login} never signed in")
            headers["Authorization"] = "Bearer " + self.tokens[login][0]
        if demo_time is not None:
            headers["Gridwarden-Demo-Time"] = demo_time
        own = connection or self.connect()
        try:
            own.request("POST", f"/gridwarden.{area}.v1.{area.capitalize()}Service/{rpc}", json.dumps(request).encode(), headers)
            answer = own.getresponse()
            raw = answer.read()
        except BaseException:
            own.close()  # a kept one opens itself again
            raise
        if connection is None:
            own.close()
        try:
            body = json.loads(raw)
        except ValueError:
            body = {"code": "", "message": raw.decode(errors="replace")[:300]}
        if answer.status != 200:
            raise Refused(answer.status, body)
        return body

    def call(self, login, area, rpc, request):
        """Calls until it is answered. Every acknowledged change is remembered, so that a test can ask for all of them in the end."""
        answer = self.ask(login, area, rpc, request)
        if "requestId" in request:
            with self.lock:
                self.acknowledged.append((login, area, rpc, request, answer))
        return answer

    def ask(self, login, area, rpc, request, connection=None, seconds=40):
        """Calls until it is answered, the same request each time: what a client that retries does."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.call_as(login, area, rpc, request, connection=connection)
            except Refused as refused:
                if refused.code not in PASSING:
                    raise
                last = refused
            except LOST_ON_THE_WAY as error:
                last = error
            if time.monotonic() > deadline:
                raise AssertionError(f"{area}.{rpc} never came through: {last}")
            time.sleep(0.05)

    def gridctl(self, login, *arguments, expect=0, says=""):
        """Runs gridctl, wants this exit code and these words on stderr, answers stdout."""
        environment = dict(os.environ, GRIDWARDEN_SERVER=self.url, GRIDWARDEN_CA=self.authority, XDG_CONFIG_HOME=str(self.dir))
        if login is not None:
            environment["GRIDWARDEN_TOKEN"] = self.tokens[login][0]
        done = subprocess.run([BUILD / "gridctl", *arguments], capture_output=True, text=True, env=environment, timeout=120)
        said = f"gridctl {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == expect, f"want exit {expect}; {said}"
        assert says in done.stderr, f"want the words \"{says}\"; {said}"
        return done.stdout


def new_id():
    """A UUIDv7 as a client makes it."""
    ms = int(time.time() * 1000)
    raw = bytearray(ms.to_bytes(6, "big") + os.urandom(10))
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))
