#!/usr/bin/env python3
"""The fault layer: whatever dies, whenever, nothing acknowledged is lost and nothing is doubled, and it serves again within 10 s.
Words choose scenarios: run.py split"""
import functools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fault import between_steps, phones, restored, timers, under_load  # noqa: E402
from support.layer import run_layer  # noqa: E402

SCENARIOS = [
    ("killed between all steps, all", functools.partial(between_steps.process_dies, "all")),
    ("killed between all steps, split", functools.partial(between_steps.process_dies, "split")),
    ("MariaDB killed between steps and under load", between_steps.database_dies),
    ("restarted in turn under load, all", functools.partial(under_load.restarted_in_turn, "all")),
    ("restarted in turn under load, split", functools.partial(under_load.restarted_in_turn, "split")),
    ("stopped while a call hangs", under_load.stopped_while_a_call_hangs),
    ("killed at random under load, all", functools.partial(under_load.killed_at_random, "all", 4)),
    ("killed at random under load, split", functools.partial(under_load.killed_at_random, "split", 20)),
]
SCENARIOS += restored.SCENARIOS
SCENARIOS += [("timers under two schedulers that die, clocks stepped", functools.partial(timers.storm, 10_000, 15))]

# Only when asked for by name.
LONG = [("timers at length", functools.partial(timers.storm, 100_000, 240)),
        ("phones at length", functools.partial(phones.at_length, 100_000))]

if __name__ == "__main__":
    sys.exit(run_layer(SCENARIOS + (LONG if sys.argv[1:] else []), sys.argv[1:]))
