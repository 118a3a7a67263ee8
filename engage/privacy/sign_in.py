"""Where the app may be reached from: this machine alone, unless people sign in; and what signing in takes."""

import ipaddress
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from engage.errors import InputError, UsageError

CALLBACK: Final = "/oauth2callback"
LEAST_SECRET: Final = 32
"""Characters of the secret that signs cookies: whoever guesses it is whoever they like."""
_NEEDED: Final = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")


def is_local(address: object) -> bool:
    """Return whether only this machine reaches a server at an address; none means every address."""
    name = str(address or "").strip().strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_local_host(host: str) -> bool:
    """Return whether a request's ``Host`` header, with or without its port, names this machine."""
    return is_local(urlsplit(f"//{host}").hostname)


def check_sign_in(file: Path, workspace: Path, address: str) -> None:
    """Return if the app may be served at ``address`` with the sign-in of a ``secrets.toml``.

    Raises ``InputError`` for a file that can't be read or lacks a setting, a short secret, a redirect without
    TLS to another machine; ``UsageError`` for a file inside the workspace, whose copies would carry it away,
    where Authlib is not installed, or where ``access.yaml`` lists nobody.
    """
    if find_spec("authlib") is None or find_spec("httpx2") is None:
        raise UsageError("access.no_authlib", where="authlib")
    if file.resolve().is_relative_to(workspace.resolve()):
        raise UsageError("access.secrets_inside", where=str(file))
    told = _auth(file)
    missing = [name for name in _NEEDED if not str(told.get(name) or "").strip()]
    if missing:
        raise InputError("access.secrets_incomplete", where=file.name, missing=missing)
    if len(str(told["cookie_secret"])) < LEAST_SECRET:
        raise InputError("access.secret_short", where=file.name, least=LEAST_SECRET)
    back = urlsplit(str(told["redirect_uri"]))
    if not back.path.endswith(CALLBACK):
        raise InputError("access.redirect_elsewhere", where=file.name, callback=CALLBACK)
    if back.scheme != "https" and not (is_local(address) and is_local(back.hostname)):
        raise InputError("access.redirect_plain", where=file.name)
    if not (workspace / "access.yaml").is_file():
        raise UsageError("access.no_list", where="access.yaml")


def _auth(file: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError("access.secrets_unreadable", where=str(file)) from error
    told = document.get("auth")
    return told if isinstance(told, dict) else {}
