"""Processes are killed at random, or stopped and started again one after another, while eight clients hand in signals and file
cases: everything acknowledged is there afterwards, once, and nobody was told anything but yes or come back."""
import os
import random
import subprocess
import threading
import time

from support.instance import LOST_ON_THE_WAY, Instance, Refused, wait_for
from support.load import Load, hotline_signal

# Every process has drained and ended within this after SIGTERM (guarantees.md G18).
DRAIN_SECONDS = 25
from system import recount
from system.story import Story, set_up_city


def killed_at_random(shape, kills):
    seed = os.environ.get("GRIDWARDEN_TEST_SEED") or str(random.randrange(1 << 32))
    dice = random.Random(seed)
    with Instance(shape) as instance:
        set_up_city(instance)
        # Each process dies equally often, in random order.
        victims = (instance.targets() * kills)[:kills]
        dice.shuffle(victims)
        try:
            with Load(instance, Story(instance)) as load:
                for victim in victims:
                    load.wait_for_answers(dice.randrange(1, 40))
                    instance.kill(victim)
                    instance.restart(victim)
                load.wait_for_answers(40)
            recount.check_load(instance, load, 0, 0)
            recount.check_all(instance)
        except AssertionError as error:
            raise AssertionError(f"{error}\n(again with GRIDWARDEN_TEST_SEED={seed})") from error
        return f"{kills} kills, {load.answered()} acknowledged, seed {seed}"


def restarted_in_turn(shape):
    """What a rolling upgrade does to one version: every process is asked to stop and started again, under load. No seed: the order is
    that of an upgrade."""
    with Instance(shape) as instance:
        set_up_city(instance)
        slowest = 0.0
        with Load(instance, Story(instance)) as load:
            for victim in instance.targets() * (3 if shape == "all" else 1):
                load.wait_for_answers(20)
                began = time.monotonic()
                code = instance.stop(victim)
                took = time.monotonic() - began
                assert code == 0, f"{victim} ended with {code}\n{instance.log(victim)[-1500:]}"
                assert took <= DRAIN_SECONDS, f"{victim} took {took:.1f} s to drain"
                slowest = max(slowest, took)
                instance.restart(victim)
            load.wait_for_answers(40)
        recount.check_load(instance, load, 0, 0)
        recount.check_all(instance)
        return f"{load.answered()} acknowledged, slowest drain {slowest:.1f} s, longest wait of a client {load.longest():.1f} s"


def stopped_while_a_call_hangs():
    """A call that the database does not let go on holds nobody up: the process ends in time, and the same request is done once later."""
    with Instance("all") as instance:
        set_up_city(instance)
        request = hotline_signal(Story(instance).division("411702001202"))
        lock = subprocess.Popen(["mariadb", "--no-defaults", f"--socket={instance.socket}", "--user=root", instance.database,
                                 "-e", "LOCK TABLES signal_file WRITE; SELECT SLEEP(120)"], stdout=subprocess.DEVNULL)
        ends = []
        caller = threading.Thread(target=call_once, args=(instance, request, ends))
        try:
            wait_for("the table to be locked", lambda: sessions(instance, "User sleep"))
            caller.start()
            wait_for("the call to hang", lambda: sessions(instance, "Waiting for table metadata lock"))
            began = time.monotonic()
            code = instance.stop("all")
            took = time.monotonic() - began
            assert code == 0 and took <= DRAIN_SECONDS, f"ended with {code} after {took:.1f} s"
        finally:
            lock.kill()
            lock.wait()
            if caller.ident:
                caller.join()
        assert ends and not isinstance(ends[0], dict), f"answered although nothing was stored: {ends}"
        for session in sessions(instance, "User sleep"):
            instance.sql(f"KILL {session}")
        instance.restart("all")
        instance.call("G001", "casework", "SubmitSignal", request)
        assert instance.sql(f"SELECT COUNT(*) FROM {instance.database}.signal_file") == [["1"]]
        recount.check_all(instance)
        return f"ended after {took:.1f} s"


def call_once(instance, request, ends):
    try:
        ends.append(instance.call_as("G001", "casework", "SubmitSignal", request))
    except (Refused, *LOST_ON_THE_WAY) as error:
        ends.append(error)


def sessions(instance, state):
    rows = instance.sql(f"SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{instance.database}' AND STATE = '{state}'")
    return [row[0] for row in rows]
