"""Random kills while eight clients hand in signals and file cases: everything acknowledged is there afterwards, once."""
import os
import random

from support.instance import Instance
from support.load import Load
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
