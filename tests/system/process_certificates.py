"""Processes that prove to each other who they are: strangers are not listened to, a wrong certificate is refused in plain words, and
new ones are taken up while people work."""
import socket
import ssl
import subprocess
import threading

from support.instance import AREAS, BUILD, Instance, wait_for

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def talk(instance, area, context=None):
    """What a process says to the beginning of an HTTP/2 conversation; b"" when it hangs up."""
    with socket.create_connection(("127.0.0.1", instance.grpc_ports[area]), timeout=10) as connection:
        try:
            if context is not None:
                connection = context.wrap_socket(connection)
            connection.sendall(PREFACE + b"\0\0\0\4\0\0\0\0\0")
            return connection.recv(64)
        except (ssl.SSLError, ConnectionError):
            return b""


def context_of(instance, name=None):
    context = ssl.create_default_context(cafile=f"{instance.dir}/tls/internal/authority.pem")
    context.check_hostname = False
    context.set_alpn_protocols(["h2"])
    if name is not None:
        context.load_cert_chain(f"{instance.dir}/tls/internal/{name}.pem", f"{instance.dir}/tls/internal/{name}.key")
    return context


def check_strangers(instance):
    for area in AREAS:
        assert talk(instance, area) == b"", f"{area} speaks in clear"
        assert talk(instance, area, context_of(instance)) == b"", f"{area} speaks to who shows no certificate"
        assert talk(instance, area, context_of(instance, "report")) != b"", f"{area} does not speak to a process of ours"


def serve(instance, target, *more):
    command = [part for part in map(str, instance._command(target)) if not part.startswith(("--tls-dir", "--listen-grpc", "--ready-file"))]
    return subprocess.run([*command, "--listen-grpc=127.0.0.1:0", *more], capture_output=True, text=True, timeout=30)


def check_wrong_settings(instance):
    folder = f"{instance.dir}/tls/internal"
    files = [f"--grpc-cert={folder}/report.pem", f"--grpc-key={folder}/report.key", f"--grpc-ca={folder}/authority.pem"]
    told = serve(instance, "media", *files)
    assert told.returncode == 1 and "got the certificate of report, want that of media" in told.stderr, told
    told = serve(instance, "media", files[0], f"--grpc-key={folder}/media.key", files[2])
    assert told.returncode == 1 and "the key is not the certificate's" in told.stderr, told
    told = serve(instance, "media", "--listen-grpc=0.0.0.0:0")
    assert told.returncode == 2 and "want certificates" in told.stderr, told
    told = serve(instance, "media", *files[:2])
    assert told.returncode == 2 and "--grpc-ca: want all three or none" in told.stderr, told


def check_renewal(instance):
    """New certificates for every process while somebody works; every process has begun to show its own before the end."""
    failures, done, calls = [], threading.Event(), 0

    def work():
        nonlocal calls
        connection = instance.connect()
        while not done.is_set():
            for area, rpc in (("identity", "GetMe"), ("grid", "ListDivisions"), ("journal", "GetStatus"), ("source", "ListSources")):
                try:
                    instance.call_as("admin", area, rpc, {}, connection=connection)
                    calls += 1
                except Exception as error:  # any at all is a failure of this test
                    failures.append(f"{area} {rpc}: {error!r}")

    def shown(area):
        with socket.create_connection(("127.0.0.1", instance.grpc_ports[area]), timeout=10) as plain:
            with context_of(instance, "report").wrap_socket(plain) as secure:
                return secure.getpeercert(binary_form=True)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        before = {area: shown(area) for area in AREAS}
        for area in (*AREAS, "gateway"):
            (instance.dir / "tls" / "internal" / f"{area}.pem").unlink()
        subprocess.run([BUILD / "gridwarden", "certificates", f"--dir={instance.dir}/tls", "--name=4117"], check=True, capture_output=True)
        for area in AREAS:
            wait_for(f"the new certificate of {area}", lambda area=area: shown(area) != before[area])
        # And connections that begin after it: a process that was away comes back to the others.
        instance.stop("source")
        instance.restart("source")
    finally:
        done.set()
        worker.join()
    # Only while it was away may source not have answered.
    strange = [failure for failure in failures if not failure.startswith("source ListSources")]
    assert not strange, strange[:5]
    assert calls > 100, calls


def proven():
    with Instance("split") as instance:
        instance.sign_in("admin", instance.admin_password)
        check_strangers(instance)
        check_wrong_settings(instance)
        check_renewal(instance)
        instance.ask("admin", "source", "ListSources", {})


SCENARIOS = [("processes prove who they are", proven)]
