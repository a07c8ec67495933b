"""Processes are killed at random, or stopped and started again one after another, while eight clients hand in signals and file
cases: everything acknowledged is there afterwards, once, and nobody was told anything but yes or come back."""
import os
import random
import time

from support.instance import Instance
from support.load import Load

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
