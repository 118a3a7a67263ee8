"""nginx as docs/deploy/nginx.conf sets it up, in front of an app on the loopback, for tests."""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONF = ROOT / "docs" / "deploy" / "nginx.conf"
NAME = "engage.example.org"
AROUND = """
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{ worker_connections 128; }}
http {{
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/f;
    uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
    include {home}/engage.conf;
}}
"""


@dataclass(frozen=True)
class Served:
    plain: int
    secure: int
    home: Path

    def ask(self, path: str) -> tuple[http.client.HTTPResponse, str]:
        """Return the answer to a request, and what it holds."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.secure, context=trusting(), timeout=30)
        try:
            connection.request("GET", path, headers={"Host": f"{NAME}:{self.secure}"})
            answer = connection.getresponse()
            return answer, answer.read().decode()
        finally:
            connection.close()

    def say(self, head: str) -> int:
        """Send the head of a request and return the code of what comes back."""
        with (
            socket.create_connection(("127.0.0.1", self.secure), timeout=30) as raw,
            trusting().wrap_socket(raw) as secured,
        ):
            secured.sendall(head.encode())
            return int(secured.recv(64).split()[1])


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificate(home: Path) -> None:
    """Write a certificate that signs itself, for an hour."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    (home / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (home / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))


def wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"nothing listens: {log.read_text() if log.exists() else ''}")


@contextmanager
def front(app: int, home: Path) -> Iterator[Served]:
    """Run nginx in front of the app at that port; skipped where it is absent.

    With ``ENGAGE_REQUIRE_BROWSER=1``, as in CI, that is a failure.
    """
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        reason = "no nginx on this machine (apt-get install nginx)"
        if os.environ.get("ENGAGE_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    plain, secure = free(), free()
    certificate(home)
    text = CONF.read_text(encoding="utf-8")
    for written, here in {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{secure} ssl http2;",
        "127.0.0.1:8501": f"127.0.0.1:{app}",
        "/etc/ssl/engage/": f"{home}/",
        "/var/log/nginx/engage.log": f"{home}/access.log",
    }.items():
        assert written in text
        text = text.replace(written, here)
    (home / "engage.conf").write_text(text, encoding="utf-8")
    (home / "nginx.conf").write_text(AROUND.format(home=home), encoding="utf-8")
    process = subprocess.Popen([nginx, "-c", str(home / "nginx.conf"), "-e", str(home / "error.log")])
    try:
        wait_for(secure, process, home / "error.log")
        yield Served(plain, secure, home)
    finally:
        process.terminate()
        process.wait(30)
