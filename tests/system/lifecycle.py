"""Starting, starting twice, stopping under load, demo and real logs: what an operator does to the processes."""
import concurrent.futures
import datetime
import functools
import json
import subprocess
import threading
import time

from support.instance import LOST_ON_THE_WAY, PASSING, Instance, Refused, wait_for
from support.load import hotline_signal
from system import recount
from system.story import Story, set_up_city


def drains(shape):
    """SIGTERM under load: what was acknowledged is there, what was turned away or came too late to be answered is not."""
    with Instance(shape) as instance:
        set_up_city(instance)
        division = Story(instance).division("411702001202")
        victims = ["all"] if shape == "all" else ["casework", "gateway"]
        acknowledged = sum(drain_one(instance, victim, division) for victim in victims)
        rows = int(instance.sql(f"SELECT COUNT(*) FROM {instance.database}.signal_file")[0][0])
        assert rows == acknowledged, f"{acknowledged} acknowledged, {rows} stored"
        recount.check_all(instance)
        return f"{acknowledged} acknowledged"


def drain_one(instance, victim, division):
    """Eight clients that send each request once, a SIGTERM in the middle of it. Answers how many were acknowledged."""
    instance.call("G001", "casework", "ListCases", {})  # whoever stopped before is reached again
    stopping = threading.Event()
    told, refused = [], []

    def client():
        while not stopping.is_set():
            request = hotline_signal(division)
            try:
                answer = instance.call_as("G001", "casework", "SubmitSignal", request)
                told.append(("G001", "casework", "SubmitSignal", request, answer))
            except Refused as error:
                refused.append(error)
                return
            except LOST_ON_THE_WAY:  # connected as the door closed: never served, as the count of rows shows
                return

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(client) for _ in range(8)]
        wait_for("clients to be at work", lambda: len(told) >= 100)
        code = instance.stop(victim)
        stopping.set()
        for one in clients:
            one.result()
    assert code == 0, f"{victim} ended with {code}"
    strange = [error for error in refused if error.code not in PASSING]
    assert not strange, f"turned away with {strange[0]}"
    instance.restart(victim)
    instance.acknowledged += told
    return len(told)


def started_twice():
    """On the same ports the second gives up and says so; on ports of its own it stands by, serves, and goes without a trace."""
    with Instance("all") as instance:
        set_up_city(instance)
        story = Story(instance)
        division = story.division("411702001202")
        second = subprocess.run(instance._command("all"), capture_output=True, text=True, timeout=30)
        assert second.returncode == 1 and "in use" in (second.stdout + second.stderr), (second.returncode, second.stdout, second.stderr)
        assert (instance.dir / "all.ready").exists(), "the second start removed the first one's ready file"
        ask = functools.partial(submit, instance, division)
        ask()

        ready = instance.dir / "second.ready"
        log = open(instance.dir / "second.log", "ab")
        port = instance.http_port
        command = [*instance._command("all"), "--listen-http=127.0.0.1:0", f"--ready-file={ready}"]
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        instance.processes["second"] = process
        try:
            wait_for("the second to be ready", ready.exists)

            other = json.loads(ready.read_text())["http"]
            assert other != port
            for turn in range(40):
                instance.http_port = (port, other)[turn % 2]
                ask()
        finally:
            instance.http_port = port
        assert instance.stop("second") == 0
        ask()
        rows = instance.sql(f"SELECT COUNT(*) FROM {instance.database}.signal_file")
        assert rows == [["42"]], rows
        recount.check_all(instance)


def submit(instance, division):
    return instance.call("G001", "casework", "SubmitSignal", hotline_signal(division))


def demo_and_real():
    """A log is born demo or real and stays it; the demo clock of a request counts only in a demo."""
    long_ago = "2026-03-01T00:00:00Z"
    for demo in (False, True):
        with Instance("all", demo=demo) as instance:
            set_up_city(instance)
            request = hotline_signal(Story(instance).division("411702001202"))
            request["signal"]["eventTime"] = "2026-02-28T23:00:00Z"
            answer = instance.call_as("G001", "casework", "SubmitSignal", request, demo_time=long_ago)
            received = datetime.datetime.fromisoformat(answer["receiveTime"].replace("Z", "+00:00"))
            if demo:
                assert answer["receiveTime"].startswith("2026-03-01T00:00:00"), answer
            else:
                age = datetime.datetime.now(datetime.timezone.utc) - received
                assert abs(age) < datetime.timedelta(minutes=1), f"a real log took the demo clock: {answer}"
            status = instance.call("admin", "journal", "GetStatus", {})
            assert bool(status.get("demo")) == demo and status["origin"].endswith("/demo/journal") == demo, status
            assert instance.stop("all") == 0
            instance.demo = not demo
            started = time.monotonic()
            other = subprocess.run(instance._command("all"), capture_output=True, text=True, timeout=30)
            assert other.returncode == 1, f"started with {'--demo' if instance.demo else 'no --demo'} on the other kind of log: {other}"
            assert "demo" in other.stderr and time.monotonic() - started < 10, other.stderr
            instance.demo = demo
            instance.restart("all")
            submit(instance, request["signal"]["division"])


SCENARIOS = [
    ("drained under load, all", functools.partial(drains, "all")),
    ("drained under load, split", functools.partial(drains, "split")),
    ("started twice", started_twice),
    ("demo and real logs", demo_and_real),
]
