"""Runs the scenarios of a layer: a line for each, 'N passed, N failed' in the end, the exit code a shell understands."""
import sys
import time
import traceback


def run_layer(scenarios, words):
    """`scenarios`: (name, function); `words` choose those whose names hold one of them, none chooses all."""
    chosen = [(name, body) for name, body in scenarios if not words or any(word in name for word in words)]
    if not chosen:
        print(f"no such scenario: {' '.join(words)}; there are: {', '.join(name for name, _ in scenarios)}", file=sys.stderr)
        return 2
    passed = failed = 0
    for name, body in chosen:
        started = time.monotonic()
        try:
            remark = body()
            passed += 1
            print(f"ok      {name} ({time.monotonic() - started:.1f} s){f': {remark}' if remark else ''}", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED  {name} ({time.monotonic() - started:.1f} s)", flush=True)
            traceback.print_exc()
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0
