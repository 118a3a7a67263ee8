"""Start the app's server, in place of this process: for this machine only, unless people sign in."""

import os
import socket
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import typer

from engage.errors import EngageError, UsageError
from engage.words import say

if TYPE_CHECKING:
    from engage.cli.settings import Settings

_PACKAGE: Final = Path(__file__).parents[1]
_HOST: Final = "127.0.0.1"


def check_reach(folder: Path, address: str, sign_in: Path | None) -> None:
    """Raise an error if others than the user of this machine could come in without signing in."""
    from engage.privacy.sign_in import check_sign_in, is_local

    if sign_in is not None:
        check_sign_in(sign_in, folder, address)
    elif not is_local(address):
        raise UsageError("access.address_open", where=f"--address {address}")


def check_port(port: int, address: str = _HOST) -> None:
    """Raise ``UsageError`` if nothing can listen on ``port``, or there is no such ``address`` here."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except socket.gaierror as error:
            raise UsageError("access.address_unknown", where=f"--address {address}") from error
        except OSError as error:
            raise UsageError(
                "cli.port_taken", where="--port", address=address, port=port, other=_free_port()
            ) from error


def serve(settings: "Settings", port: int, address: str = _HOST, sign_in: Path | None = None) -> NoReturn:
    """Become the app's server until it is told to end; see :func:`check_reach` for who may come in.

    The process is replaced, so that a signal reaches the server itself and no child can be left behind. What
    the server prints goes to stderr. Its settings are those of ``.streamlit/config.toml`` beside the app's
    script, given as flags: a file of that name elsewhere can't overrule them.
    """
    script = _script()
    options = {**_configured(script), "server.address": address, "server.port": port}
    if sign_in is not None:
        options["secrets.files"] = str(sign_in.absolute())
    flags = [f"--{name}={value}" for name, value in options.items()]
    environment = {**os.environ, "ENGAGE_WORKSPACE": str(settings.folder.absolute())}
    if settings.stated:  # else the browser's own language counts
        environment["ENGAGE_LANG"] = settings.lang
    typer.echo(say("cli.serving", settings.lang, address=address, port=port), err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(2, 1)
    # -P: modules that lie in the current folder are not the libraries of that name.
    command = [sys.executable, "-P", "-m", "streamlit", "run", str(script), *flags]
    os.execve(sys.executable, command, environment)


def _script() -> Path:
    """Return the app's entry point: packed into an installed package, beside the package in a checkout."""
    for script in (_PACKAGE / "app.py", _PACKAGE.parent / "app.py"):
        if script.is_file():
            return script
    raise EngageError("cli.no_app", where=str(_PACKAGE))


def _configured(script: Path) -> dict[str, object]:
    file = script.parent / ".streamlit" / "config.toml"
    return dict(_flat(tomllib.loads(file.read_text(encoding="utf-8"))))


def _flat(table: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """Yield the settings under their full names, such as ``theme.light.textColor``."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", str(value).lower() if isinstance(value, bool) else value


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
