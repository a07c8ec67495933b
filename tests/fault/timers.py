"""Timers (guarantees.md G8, T8): two schedulers on one database, killed at random, their clocks stepped by an hour; each rung fires once."""
import subprocess

from support.instance import ROOT


def storm(timers, seconds):
    """10^4 timers in 15 s for every change; "timers at length" is the whole of the design: 10^5 in four minutes."""
    run = subprocess.run([ROOT / "build/tests/fault_timer_storm", f"--timers={timers}", f"--seconds={seconds}"], cwd=ROOT,
                         capture_output=True, text=True, timeout=seconds + 300)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.strip()
