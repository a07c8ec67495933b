#!/usr/bin/env python3
"""The system layer: stories on the real binary, in both shapes with the same assertions."""
import pathlib
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.instance import Instance, Refused, new_id, wait_for  # noqa: E402
from system import edges  # noqa: E402
from system.story import Story, check_outcome, set_up_city  # noqa: E402


def main_job(shape):
    with Instance(shape) as instance:
        set_up_city(instance)
        story = Story(instance)
        for step in Story.STEPS:
            step(story)
        wait_for("the board to count it", lambda: board_has(instance, 1, 2))
        check_outcome(instance, story)
        edges.check_all(instance, story)


def board_has(instance, signals, cases):
    from system.story import board_of
    return board_of(instance) == (signals, cases)


def main():
    passed, failed = 0, 0
    for shape in sys.argv[1:] or ["all", "split"]:
        started = time.monotonic()
        try:
            main_job(shape)
            passed += 1
            print(f"ok      main job, {shape} ({time.monotonic() - started:.1f} s)")
        except Exception:
            failed += 1
            print(f"FAILED  main job, {shape}")
            traceback.print_exc()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
