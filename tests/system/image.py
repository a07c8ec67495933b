"""The files of the container image (k8s/image_files.sh) are enough: the programs of a root folder that holds nothing else migrate, make
the first administrator, serve, sign in and convert a file from an office. What a container engine would add (namespaces, seccomp, a
user without rights) is not shown here."""
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import urllib.request

from support.instance import ROOT, Instance, free_port, wait_for


class InImage:
    """Runs programs with the image's files as their root. Nothing is mounted, which a container or a chroot would not allow: the folder
    stands beside the database's socket, so that a link to it does."""

    def __init__(self, instance):
        self.instance = instance
        socket = pathlib.Path(instance.socket)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gw-image-", dir=socket.parent))
        self.root = self.folder / "root"
        subprocess.run([ROOT / "k8s/image_files.sh", self.root], check=True)
        (self.root / "run/db").mkdir(exist_ok=True)
        os.link(socket, self.root / "run/db" / socket.name)
        self.data = self.root / "data"
        self.data.mkdir(exist_ok=True)

    def command(self, *arguments):
        own = [] if os.geteuid() == 0 else ["/usr/bin/unshare", "--user", "--map-root-user"]
        return [*own, "/usr/sbin/chroot", str(self.root), *arguments]

    def run(self, *arguments):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, env={}, timeout=120, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def close(self):
        shutil.rmtree(self.folder)


def check_files(root):
    size = 0
    for path in root.rglob("*"):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode) or stat.S_ISSOCK(status.st_mode):
            continue
        assert not status.st_mode & (stat.S_ISUID | stat.S_ISGID), f"{path} is set-uid"
        assert status.st_mode & stat.S_IROTH, f"{path} cannot be read by the image's user"
        if path.name != "tmp":
            assert not status.st_mode & stat.S_IWOTH, f"{path} can be written by anybody"
        size += status.st_size if path.is_file() else 0
    for program in ("sh", "bash", "apt-get", "dpkg", "perl", "python3"):
        assert not list(root.rglob(f"bin/{program}")), f"{program} has no place in the image"
    return size


def served_from_the_image():
    with Instance("all") as instance:
        image = InImage(instance)
        try:
            size = check_files(image.root)
            assert "gridwarden" in image.run("/usr/bin/gridwarden", "--version")
            for tool in ("mariadb", "mariadb-dump", "mariadb-binlog"):
                image.run(f"/usr/bin/{tool}", "--version")
            database = instance.database + "_image"
            flags = [f"--db-socket=/run/db/{pathlib.Path(instance.socket).name}", "--db-user=root", f"--db-name={database}"]
            db = "/usr/share/gridwarden/db"
            image.run("/usr/bin/gridwarden", "migrate", f"--migrations-dir={db}/migrations", f"--policy-dir={db}/policy", *flags)
            try:
                password = image.run("/usr/bin/gridwarden", "bootstrap-admin", *flags).split("password: ")[1].split()[0]
                serve_and_sign_in(image, flags, password)
            finally:
                subprocess.run(["mariadb", "--no-defaults", f"--socket={instance.socket}", "--user=root", "-e",
                                f"DROP DATABASE {database}"], check=True)
            return f"{size / 1e6:.0f} MB"
        finally:
            image.close()


def serve_and_sign_in(image, flags, password):
    port = free_port()
    serve = image.command("/usr/bin/gridwarden", "serve", "--target=all", f"--listen-http=127.0.0.1:{port}", "--listen-grpc=127.0.0.1:0",
                          "--ready-file=/data/ready.json", "--data-dir=/data", "--log-name=4117",
                          "--migrations-dir=/usr/share/gridwarden/db/migrations", "--web-dir=/usr/share/gridwarden/web", *flags)
    with open(image.folder / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(serve, env={}, stdout=log, stderr=log)
    try:
        def is_ready():
            assert process.poll() is None, (image.folder / "log").read_text()
            return (image.data / "ready.json").exists()
        wait_for("the server of the image", is_ready, 60)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://127.0.0.1:{port}/inspector/", timeout=15) as page:
            assert b'<div id="app">' in page.read()
        server = f"--server=http://127.0.0.1:{port}"
        done = subprocess.run(image.command("/usr/bin/gridctl", server, "login", "admin"), input=password + "\n", capture_output=True,
                              text=True, env={"XDG_CONFIG_HOME": "/data/config"}, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        # In the letters of an office's spreadsheet: needs the converter of the C library.
        (image.data / "divisions.csv").write_bytes("code,name\n41,河南省\n".encode("gb18030"))
        done = subprocess.run(image.command("/usr/bin/gridctl", server, "import", "divisions", "/data/divisions.csv", "--dry-run", "--json"),
                              capture_output=True, text=True, env={"XDG_CONFIG_HOME": "/data/config"}, timeout=60, check=False)
        assert done.returncode == 0 and "GB18030" not in done.stderr, done.stdout + done.stderr
    finally:
        process.terminate()
        assert process.wait(60) == 0, (image.folder / "log").read_text()


SCENARIOS = [("served from the files of the image", served_from_the_image)]
