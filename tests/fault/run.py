#!/usr/bin/env python3
"""The fault layer, short form: kill -9 of any process between any two steps of the story loses nothing and doubles nothing.

In shape all every step is followed by a kill; in shape split each step is followed by the kill of another area, so that every area
dies at least once and every step is survived. While a process is down the client goes on asking with the same request, as a phone does."""
import itertools
import pathlib
import sys
import threading
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.instance import AREAS, Instance, wait_for  # noqa: E402
from system.story import Story, board_of, check_outcome, set_up_city  # noqa: E402


def survives(shape):
    with Instance(shape) as instance:
        set_up_city(instance)
        story = Story(instance)
        victims = itertools.cycle(["all"] if shape == "all" else
                                  ["casework", "journal", "report", "patrol", "media", "grid", "identity", "gateway", "source", "intake"])
        for step in Story.STEPS:
            victim = next(victims)
            instance.kill(victim)
            # The step begins while the process is down; it comes back meanwhile.
            restart = threading.Thread(target=instance.restart, args=(victim,))
            restart.start()
            step(story)
            restart.join()
        wait_for("the board to count it", lambda: board_of(instance) == (1, 2), 40)
        check_outcome(instance, story)


def main():
    assert len(AREAS) == 9
    passed, failed = 0, 0
    for shape in sys.argv[1:] or ["all", "split"]:
        started = time.monotonic()
        try:
            survives(shape)
            passed += 1
            print(f"ok      killed between all steps, {shape} ({time.monotonic() - started:.1f} s)")
        except Exception:
            failed += 1
            print(f"FAILED  killed between all steps, {shape}")
            traceback.print_exc()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
