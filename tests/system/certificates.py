"""The edge's certificate on a running server: not believed by strangers, replaced without losing a request, never by one that does
not serve."""
import http.client
import plistlib
import re
import socket
import ssl
import subprocess
import threading

from support.instance import BUILD, Instance, wait_for
from system.shell import Shell


def certificate_of(instance):
    """What a new connection is shown, in DER."""
    with socket.create_connection(("127.0.0.1", instance.http_port), timeout=10) as plain:
        with instance.tls.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            return secure.getpeercert(binary_form=True)


def metric(instance, name):
    with instance.http("/metrics") as answer:
        return float(re.search(rf'^{name}{{use="edge"}} (\S+)$', answer.read().decode(), re.M).group(1))


def in_clear(instance, method, path, headers):
    connection = http.client.HTTPConnection("127.0.0.1", instance.http_port, timeout=15)
    connection.request(method, path, b"{}" if method == "POST" else None, headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def check_strangers(instance):
    instance.sign_in("admin", instance.admin_password)
    instance.gridctl("admin", "whoami")
    token = instance.tokens["admin"][0]
    for lang, words in (("en", "--ca FILE or GRIDWARDEN_CA"), ("zh", "证书不可信")):
        told = Shell(instance, lang).run("whoami", "--lang", lang, expect=1, GRIDWARDEN_TOKEN=token, GRIDWARDEN_CA="").stderr
        assert words in told, told
    in_the_open = f"--server=http://127.0.0.1:{instance.http_port}"
    instance.gridctl("admin", in_the_open, "whoami", expect=1, says="HTTPS_REQUIRED")
    answer, _ = in_clear(instance, "GET", "/console?x=1", {"Host": f"127.0.0.1:{instance.http_port}"})
    assert (answer.status, answer.headers["Location"]) == (308, f"https://127.0.0.1:{instance.http_port}/console?x=1")
    answer, body = in_clear(instance, "POST", "/gridwarden.identity.v1.IdentityService/SignIn", {"Content-Type": "application/json"})
    assert answer.status == 400 and "请使用 https" in body, body
    answer, body = in_clear(instance, "GET", "/trust", {"Accept-Language": "en"})
    assert answer.status == 200 and "Compare the fingerprint first" in body, body
    _, certificate = in_clear(instance, "GET", "/trust/authority.crt", {})
    _, profile = in_clear(instance, "GET", "/trust/authority.mobileconfig", {})
    held = plistlib.loads(profile.encode())["PayloadContent"][0]
    assert held["PayloadType"] == "com.apple.security.root" and held["PayloadContent"] == ssl.PEM_cert_to_DER_cert(certificate), held


def check_renewal(instance):
    """Somebody works all the while; the certificate changes under his hands."""
    before, failures, done = certificate_of(instance), [], threading.Event()
    calls = 0

    def work():
        nonlocal calls
        connection = instance.connect()
        while not done.is_set():
            try:
                instance.call_as("admin", "identity", "GetMe", {}, connection=connection)
                calls += 1
            except Exception as error:  # any at all is a failure of this test
                failures.append(repr(error))
                return

    worker = threading.Thread(target=work)
    worker.start()
    try:
        subprocess.run([BUILD / "gridwarden", "certificates", "--edge", f"--dir={instance.dir}/tls", "--edge-name=grid.example"], check=True,
                       capture_output=True)
        wait_for("the new certificate", lambda: certificate_of(instance) != before)
        so_far = calls
        wait_for("more calls on the old connection", lambda: calls > so_far + 20 or failures)
    finally:
        done.set()
        worker.join()
    assert not failures, failures
    assert 390 * 86400 < metric(instance, "gridwarden_certificate_expires_seconds") < 398 * 86400


def check_bad_files(instance):
    good, before = (instance.dir / "tls" / "edge.pem").read_bytes(), certificate_of(instance)
    (instance.dir / "tls" / "edge.pem").write_text("-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n")
    wait_for("the refusal", lambda: metric(instance, "gridwarden_certificate_refused_total") == 1)
    assert certificate_of(instance) == before
    assert "certificate_refused" in instance.log("all")
    (instance.dir / "tls" / "edge.pem").write_bytes(good)


def check_flags(instance):
    """What would serve others in clear does not start."""
    done = subprocess.run([BUILD / "gridwarden", "serve", "--listen-http=0.0.0.0:0", *instance._flags("all")], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 2 and "passwords and tokens could be read" in done.stderr, done.stderr
    done = subprocess.run([BUILD / "gridwarden", "serve", "--listen-http=127.0.0.1:0", f"--tls-cert={instance.dir}/tls/edge.pem",
                           f"--tls-key={instance.dir}/tls/authority.key", *instance._flags("all")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "the key is not the certificate's" in done.stderr, done.stderr


def edge():
    with Instance("all") as instance:
        check_strangers(instance)
        check_renewal(instance)
        check_bad_files(instance)
        check_flags(instance)


SCENARIOS = [("the edge's certificate: strangers, renewal, bad files, all", edge)]
