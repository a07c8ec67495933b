"""The model test of sync (tests/service/sync_model) at length: the service layer runs some thousand operations, this a hundred thousand."""
import os
import subprocess
import time

from support.instance import BUILD


def at_length(operations, seed=None):
    """Runs another day than the service layer's, so that every run finds something new; the seed is printed and repeats it."""
    seed = seed or int(time.time()) % 2_000_000_000
    environment = dict(os.environ, GRIDWARDEN_SYNC_OPERATIONS=str(operations), GRIDWARDEN_SYNC_SEED=str(seed))
    done = subprocess.run([BUILD / "tests" / "service_sync_model_test"], capture_output=True, text=True, timeout=7200, env=environment)
    said = [line for line in done.stdout.splitlines() if not line.startswith("{")]
    assert done.returncode == 0, f"seed {seed}:\n" + "\n".join(said[-60:])
    return next(line for line in said if line.startswith("sync model"))
