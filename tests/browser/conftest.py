"""The app in a real browser: a server per test on the loopback, every request and console error watched."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps",
]  # fmt: skip
HERE = {"127.0.0.1", "localhost"}


class Watch:
    """What a page asked for and complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.away: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self._seen(request.url))
        page.on("websocket", lambda socket: self._seen(socket.url))
        page.on("console", lambda message: self._said(message.type, message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _seen(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in HERE:
            self.away.append(url)

    def _said(self, kind: str, text: str) -> None:
        if kind == "error":
            self.errors.append(text)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless; skipped where it is absent unless ``ENGAGE_REQUIRE_BROWSER=1``."""
    path = shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(path).is_file():
        reason = "no chromium on this machine (apt-get install chromium)"
        if os.environ.get("ENGAGE_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Start the app on a workspace and return its address; stopped at the end."""
    with _servers() as start:
        yield start


@pytest.fixture(scope="module")
def both(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses of an ``empty`` and a ``full`` workspace for a whole module; models are fitted once."""
    folder = tmp_path_factory.mktemp("both")
    full = shutil.copytree(sample_workspace, folder / "full" / "workspace")
    (folder / "empty").mkdir()
    with _servers() as start:
        yield {"empty": start(folder / "empty" / "nothing"), "full": start(full)}


@contextmanager
def _servers() -> Iterator[Callable[[Path], str]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(workspace: Path) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [
            *(sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)),
            *("--server.address", "127.0.0.1", "--server.headless", "true"),
            *("--browser.gatherUsageStats", "false", "--client.showErrorDetails", "none"),
            *("--client.toolbarMode", "minimal", "--server.fileWatcherType", "none"),
        ]  # fmt: skip
        environment = {k: v for k, v in os.environ.items() if k != "ENGAGE_LANG"}
        log = (workspace.parent / "server.log").open("wb")
        server = subprocess.Popen(
            command, cwd=workspace.parent, env={**environment, "ENGAGE_WORKSPACE": str(workspace)},
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        log.close()
        started.append(server)
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        return f"http://127.0.0.1:{port}"

    try:
        yield start
    finally:
        for server in started:
            server.terminate()
            server.wait(timeout=20)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open an address; at the end no request may have left the machine and no console error been written."""
    watched: list[Watch] = []

    def go(address: str, *, width: int = 1440, locale: str = "zh-CN") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=locale, accept_downloads=True
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        watched.append(Watch(page))
        page.goto(address)
        return page

    yield go
    for watch in watched:
        watch.page.context.close()
        assert watch.away == [], f"requests off the machine: {watch.away}"
        assert watch.errors == [], f"console errors: {watch.errors}"


def _wait_for(address: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
