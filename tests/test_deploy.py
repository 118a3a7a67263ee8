"""The example for nginx, run as it stands on the loopback: TLS, what a browser may do, sizes, the socket."""

import base64
import http.client
import os
import re
import socket
import ssl
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from hashlib import sha256

import pytest
from fronting import NAME, ROOT, Served, free, front, trusting, wait_for


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home, app = tmp_path_factory.mktemp("nginx"), free()
    environment = os.environ | {"ENGAGE_WORKSPACE": str(home / "ws"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-m", "engage", "app", "--port", str(app)]
    with front(app, home) as found, (home / "app.log").open("wb") as log:
        behind = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log)
        try:
            wait_for(app, behind, home / "app.log")
            yield found
        finally:
            behind.terminate()
            behind.wait(30)


pytestmark = pytest.mark.rest


def test_the_app_is_behind_it_and_says_who_may_do_what(served: Served):
    answer, page = served.ask("/")
    assert answer.status == 200
    policy = answer.getheader("Content-Security-Policy")
    assert policy is not None
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["object-src"] == "'none'"
    assert not re.search(r"https?:|\*", policy), "nothing from elsewhere"
    inside = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(sha256(one.encode()).digest()).decode()}'" for one in inside}
    assert hashes == set(re.findall(r"'sha256-[^']+'", rules["script-src"])), (
        "another Streamlit, another page"
    )
    assert "'unsafe-inline'" not in rules["script-src"]
    assert answer.getheader("X-Frame-Options") == "DENY"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Referrer-Policy") == "no-referrer"
    assert "max-age" in answer.getheader("Strict-Transport-Security", "")
    assert "/" not in answer.getheader("Server", ""), "no version"
    assert served.ask("/_stcore/health")[0].status == 200
    assert served.ask("/_stcore/metrics")[0].status == 404


def test_without_tls_there_is_nothing_but_the_way_to_it(served: Served):
    connection = http.client.HTTPConnection("127.0.0.1", served.plain, timeout=30)
    connection.request("GET", "/teams?lang=zh", headers={"Host": NAME})
    answer = connection.getresponse()
    connection.close()
    assert (answer.status, answer.getheader("Location")) == (301, f"https://{NAME}/teams?lang=zh")
    old = trusting()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", served.secure)) as raw, old.wrap_socket(raw) as secured:
        assert secured.version() == "TLSv1.2"


def test_what_is_too_large_is_refused_before_it_is_sent(served: Served):
    limit = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]["maxUploadSize"]
    size = (limit + 2) * 1024 * 1024
    head = f"PUT /_stcore/upload_file/x HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: {size}\r\n\r\n"
    assert served.say(head) == 413


def test_the_socket_of_a_page_comes_through_and_no_foreign_one(served: Served):
    for origin, code in ((f"https://{NAME}:{served.secure}", 101), ("https://evil.example", 403)):
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /_stcore/stream HTTP/1.1", f"Host: {NAME}:{served.secure}", f"Origin: {origin}",
            "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: streamlit", "", "",
        ]  # fmt: skip
        assert served.say("\r\n".join(lines)) == code, origin


def test_the_log_holds_no_query(served: Served):
    served.ask("/?search=brimstonequokka")
    log = served.home / "access.log"
    for _ in range(50):
        if '"GET /"' in log.read_text():
            break
        time.sleep(0.1)
    assert '"GET /"' in log.read_text()
    assert "quokka" not in log.read_text()
