"""Secret keys, each in a file of its own outside any workspace, and what is derived from them."""

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from engage.errors import InputError

_BYTES: Final = 32
_SHOWN: Final = 16  # hexadecimal digits of a key's id


def key_path(workspace: str = "") -> Path:
    """Return where the key lies: ``ENGAGE_KEY_FILE``, else in the user's configuration folder.

    There each workspace has a file of its own, named by its id; without one it is the key that files are
    read with outside any workspace.
    """
    told = os.environ.get("ENGAGE_KEY_FILE")
    if told:
        return Path(told)
    base = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA") or Path.home() / ".config"
    folder = Path(base) / "engage"
    return folder / "keys" / f"{workspace}.key" if workspace else folder / "pseudonym.key"


def make_key(path: Path) -> bytes:
    """Return the key in ``path``, made there where there is none; only its owner can read it.

    Raises ``InputError`` if the file can be neither read nor made, or holds no key.
    """
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(FileExistsError):  # another process made it meanwhile
                write_key(path, secrets.token_bytes(_BYTES))
        except OSError as error:
            raise InputError("rights.key_cannot_be_made", where=str(path)) from error
    return read_key(path)


def read_key(path: Path) -> bytes:
    """Return the key in ``path``; ``InputError`` if there is none, or the file holds none."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError as error:
        raise InputError("rights.key_missing", where=str(path)) from error
    except (OSError, ValueError) as error:
        raise InputError("rights.key_broken", where=str(path)) from error
    if not _BYTES <= len(key) <= 2 * _BYTES:
        raise InputError("rights.key_broken", where=str(path))
    return key


def write_key(path: Path, key: bytes) -> None:
    """Write a key whole, for its owner only; ``FileExistsError`` if there is a file already."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # unlike a rename it replaces nothing
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def key_id(key: bytes) -> str:
    """Return what a key is recognised by; nothing of it follows from that."""
    return hashlib.sha256(b"engage key\0" + key).hexdigest()[:_SHOWN]


def derived(key: bytes, purpose: str) -> bytes:
    """Return the key for one purpose, so that no two uses share one."""
    return hmac.digest(key, b"engage\0" + purpose.encode(), "sha256")
