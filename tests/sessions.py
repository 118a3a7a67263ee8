"""Readers of a running app without a browser: its cookies over HTTP, its pages over the web socket."""

import http.cookiejar
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from oidc import Provider
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

ROOT = Path(__file__).parents[1]
XSRF = "_streamlit_xsrf"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class App:
    """A running app: its address, the secret of its cookies, the file with what it printed."""

    address: str
    cookie_secret: str
    log: Path


@contextmanager
def serving(
    workspace: Path, folder: Path, signing: Provider | None, *flags: str, port: int = 0, public: str = ""
) -> Iterator[App]:
    """Run ``engage app`` on a workspace; with a provider, people sign in, and come back to ``public``."""
    port, secret = port or free_port(), secrets.token_urlsafe(48)
    app = App(f"http://127.0.0.1:{port}", secret, folder / "app.log")
    command = [sys.executable, "-m", "engage", "app", "--workspace", str(workspace), "--port", str(port)]
    if signing is not None:
        file = folder / "secrets.toml"
        file.write_text(signing.secrets_toml(public or app.address, secret), encoding="utf-8")
        command += ["--sign-in", str(file)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ENGAGE_LANG", "STREAMLIT_"))}
    with app.log.open("wb") as log:
        server = subprocess.Popen(
            [*command, *flags],
            cwd=folder,
            env={**environment, "PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(f"{app.address}/_stcore/health", server)
        yield app
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(address: str, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            if server.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)


@dataclass
class Reader:
    """A browser's worth of cookies, and the bytes that came over its web socket."""

    app: App
    jar: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def __post_init__(self) -> None:
        self.open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar)).open
        self.open(f"{self.app.address}/_stcore/health").close()
        self.page_hashes: dict[str, str] = {}
        self.held = ExitStack()
        self.socket = None

    def connect(self, host: str = "", **headers: str) -> None:
        """Begin a session with the cookies there are.

        ``host``: the name in the address, where a browser was led to take this machine for another's;
        ``headers`` as a proxy would send.
        """
        self.close()
        cookies = {cookie.name: cookie.value for cookie in self.jar}
        port = urllib.parse.urlsplit(self.app.address).port
        at = f"{host or '127.0.0.1'}:{port}"
        self.socket = self.held.enter_context(
            connect(
                f"ws://{at}/_stcore/stream",
                sock=socket.create_connection(("127.0.0.1", port)),
                origin=f"http://{at}",
                subprotocols=["streamlit", cookies[XSRF]],
                max_size=None,
                additional_headers={"Cookie": "; ".join(f"{n}={v}" for n, v in cookies.items()), **headers},
            )
        )

    def close(self) -> None:
        """End the session."""
        self.held.close()
        self.socket = None

    def turn_to(self, page: str = "", *, press: str = "", lang: str = "en") -> list[ForwardMsg]:
        """Run a page, with a button pressed, and return every message until it is drawn."""
        if self.socket is None:
            self.connect()
        message = BackMsg()
        run = message.rerun_script
        run.query_string = f"lang={lang}"
        if page in self.page_hashes:
            run.page_script_hash = self.page_hashes[page]
        else:
            run.page_name = page
        if press:
            run.widget_states.widgets.append(WidgetState(id=press, trigger_value=True))
        self.socket.send(message.SerializeToString())
        found: list[ForwardMsg] = []
        while not found or found[-1].WhichOneof("type") not in ("script_finished", "auth_redirect"):
            found.append(ForwardMsg.FromString(self.socket.recv(timeout=240)))
            if found[-1].WhichOneof("type") == "navigation":
                pages = found[-1].navigation.app_pages
                self.page_hashes = {one.url_pathname or "overview": one.page_script_hash for one in pages}
        return found

    def sign_in(self, name: str) -> None:
        """Press the button, sign in at the provider, and come back with the app's cookie."""
        drawn = self.turn_to("overview")
        (button,) = [one.id for one in buttons(drawn) if "sign_in" in one.id]
        away = self.turn_to("overview", press=button)[-1].auth_redirect.url
        self.close()
        with self.open(urllib.parse.urljoin(self.app.address, away)) as form:
            asked = form.url
        self.open(asked, urllib.parse.urlencode({"name": name}).encode()).close()


def buttons(drawn: list[ForwardMsg]) -> list[object]:
    """Return the buttons of a page."""
    elements = [message.delta.new_element for message in drawn if message.WhichOneof("type") == "delta"]
    return [element.button for element in elements if element.WhichOneof("type") == "button"]


def pages_listed(drawn: list[ForwardMsg]) -> set[str]:
    """Return the pages that there are links to."""
    elements = [message.delta.new_element for message in drawn if message.WhichOneof("type") == "delta"]
    links = [element.page_link for element in elements if element.WhichOneof("type") == "page_link"]
    return {link.page or "overview" for link in links}


def as_bytes(drawn: list[ForwardMsg]) -> bytes:
    """Return all that was sent."""
    return b"\n".join(message.SerializeToString() for message in drawn)
