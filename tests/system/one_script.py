"""The one script, ./dev, where it runs no build: what it says of an instance."""
import pathlib
import subprocess
import tempfile

from support.instance import ROOT


# The search for backups in a folder that was never made ended the whole command.
def doctor_tells_everything_of_an_instance_without_a_backup():
    with tempfile.TemporaryDirectory(prefix="gw-dev-") as folder:
        (pathlib.Path(folder) / "kind").write_text("0\n", encoding="utf-8")
        done = subprocess.run([ROOT / "dev", "doctor", "--run-dir", folder], capture_output=True, text=True, timeout=60, check=False)
        for line in ("instance      ", "server        not running", "backup        none yet", "disk          ", "system        "):
            assert f"\n{line}" in done.stdout, f"no line \"{line}\":\n{done.stdout}{done.stderr}"


SCENARIOS = [("doctor tells everything of an instance without a backup", doctor_tells_everything_of_an_instance_without_a_backup)]
