"""The S3 server of the tests (tests/support/s3) beside an instance: keeps objects in files, verifies every signature."""
import pathlib
import shutil
import subprocess
import tempfile

from support.instance import ROOT, free_port, wait_for


class S3:
    BUCKET = "photos"
    ACCESS, SECRET = "GRIDWARDENTEST", "a secret/of+the tests"

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="gw-s3-"))
        self.port = free_port()
        self.process = None
        for name, text in (("access.key", self.ACCESS), ("secret.key", self.SECRET)):
            (self.dir / name).write_text(text + "\n", encoding="utf-8")
        self.start()

    def start(self):
        with open(self.dir / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [ROOT / "tests/support/s3/run.sh", "--dir", self.dir / "objects", "--port", str(self.port), "--bucket", self.BUCKET,
                 "--access-key", self.ACCESS, "--secret-key", self.SECRET], stdout=log, stderr=log, stdin=subprocess.DEVNULL)

        def listens():
            said = (self.dir / "log").read_text(encoding="utf-8")
            assert self.process.poll() is None, f"the S3 server stopped: {said}"
            return "listening" in said
        wait_for("the S3 server", listens, 180)  # the first start installs its packages

    def stop(self):
        self.process.kill()
        self.process.wait()

    def flags(self):
        return [f"--media-s3-endpoint=http://127.0.0.1:{self.port}", f"--media-s3-bucket={self.BUCKET}",
                f"--media-s3-access-key-file={self.dir}/access.key", f"--media-s3-secret-key-file={self.dir}/secret.key"]

    def objects(self):
        """How many photos it holds, besides what the server stores to try it out."""
        return len(list((self.dir / "objects").rglob("*._S3rver_object"))) - 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir)
