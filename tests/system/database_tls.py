"""The database over TCP: only with TLS, only with a certificate of the right authority in the right name."""
import pathlib
import subprocess
import tempfile

from support.instance import BUILD, Instance, free_port
from support.mariadb import PrivateMariadb
from system import recount
from system.story import Story, set_up_city


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def authority(folder, name):
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", key, "-out", certificate)
    return key, certificate


def server_certificate(folder, key, certificate):
    own, request, signed, names = (folder / f"server.{kind}" for kind in ("key", "csr", "pem", "names"))
    names.write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", own, "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", certificate, "-CAkey", key, "-CAcreateserial", "-days", "2", "-extfile", names, "-out", signed)
    return own, signed


class TlsInstance(Instance):
    """Reaches its database over TCP and TLS."""

    def __init__(self, mariadb, port, ca, owner_password):
        self.address = [f"--db-host=127.0.0.1:{port}", f"--db-ca={ca}"]
        self.owner_password = owner_password
        super().__init__("all", database_socket=mariadb.socket)

    def db_flags(self, account):
        if account == "gateway":
            return []
        name, password = (("owner", self.owner_password) if account == "root" else
                          (f"{self.database}_{account}", self.accounts / f"{account}.password"))
        return [*self.address, f"--db-name={self.database}", f"--db-user={name}", f"--db-password-file={password}"]


def over_tls():
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="gw-dbtls-") as name:
        folder = pathlib.Path(name)
        key, ca = authority(folder, "authority")
        own, signed = server_certificate(folder, key, ca)
        _, foreign = authority(folder, "another")
        settings = ["--skip-networking=OFF", f"--port={port}", "--bind-address=0.0.0.0", f"--ssl-key={own}", f"--ssl-cert={signed}", f"--ssl-ca={ca}"]
        with PrivateMariadb(*settings) as mariadb:
            password = folder / "owner.password"
            password.write_text("owner-0123456789abcdef\n")
            password.chmod(0o600)
            mariadb.sql("CREATE USER 'owner'@'%' IDENTIFIED BY 'owner-0123456789abcdef' REQUIRE SSL; "
                        "GRANT ALL ON *.* TO 'owner'@'%' WITH GRANT OPTION")
            with TlsInstance(mariadb, port, ca, password) as instance:
                set_up_city(instance)
                story = Story(instance)
                for step in Story.STEPS:
                    step(story)
                recount.check_all(instance)
                every_session_is_encrypted(mariadb, instance)
                refuses(instance, port, foreign)
                accounts_want_tls(mariadb, instance, port)
                for account in mariadb.sql(f"SELECT user FROM mysql.user WHERE user LIKE '{instance.database}%'"):
                    mariadb.sql(f"DROP USER '{account[0]}'@'%'")


def every_session_is_encrypted(mariadb, instance):
    hosts = mariadb.sql(f"SELECT user, host FROM mysql.user WHERE user LIKE '{instance.database}%' AND (host <> '%' OR ssl_type <> 'ANY')")
    assert not hosts, hosts
    sessions = mariadb.sql(f"SELECT host FROM information_schema.processlist WHERE user = '{instance.database}_all'")
    assert sessions and all(host.startswith("127.0.0.1:") for (host,) in sessions), sessions


def refuses(instance, port, foreign):
    """A foreign authority, another name than the certificate's, no TLS to another machine: each before a password is sent."""
    flags = instance.db_flags("root")[2:]
    for address, words in (
            ([f"--db-host=127.0.0.1:{port}", f"--db-ca={foreign}"], "the database is away (2026)"),
            ([f"--db-host=127.0.0.2:{port}", instance.address[1]], "the database is away (2026)"),
            ([f"--db-host=10.1.2.3:{port}"], "nothing goes there unencrypted"),
            ([f"--db-host=localhost:{port}"], "want 127.0.0.1")):
        done = subprocess.run([BUILD / "gridwarden", "migrate", *address, *flags], capture_output=True, text=True, timeout=60)
        assert done.returncode != 0 and words in done.stderr, f"{address}: {done}"


def accounts_want_tls(mariadb, instance, port):
    """Without TLS the server itself refuses the account, whatever the client is set to."""
    password = (instance.accounts / "all.password").read_text().strip()
    done = subprocess.run(["mariadb", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={port}", f"--user={instance.database}_all",
                           f"--password={password}", "--skip-ssl", "-e", "SELECT 1"], capture_output=True, text=True)
    assert done.returncode != 0 and "Access denied" in done.stderr, done


SCENARIOS = [("the database over TLS", over_tls)]
