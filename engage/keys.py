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


class Key(bytes):
    """A key, and in ``earlier`` those whose place it took, the last one first.

    A pseudonym is made by the oldest and made again by each later one, since the ids that would be needed to
    make it anew are not kept. Files are encrypted with the key alone.
    """

    earlier: tuple[bytes, ...]

    def __new__(cls, key: bytes, earlier: tuple[bytes, ...] = ()) -> "Key":
        """Return ``key`` with the ``earlier`` ones."""
        made = super().__new__(cls, key)
        made.earlier = earlier
        return made

    @property
    def all(self) -> tuple[bytes, ...]:
        """All of them, the newest first."""
        return (bytes(self), *self.earlier)

    def back_to(self, id: str) -> "Key | None":
        """Return what this was when the key with that id was the newest; ``None`` if it never was."""
        place = next((n for n, key in enumerate(self.all) if key_id(key) == id), None)
        return None if place is None else Key(self.all[place], self.all[place + 1 :])

    def since(self, id: str) -> "Key":
        """Return only the keys that came after the one with that id."""
        older = self.back_to(id)
        newer = self.all[: len(self.all) - len(older.all if older else ())]
        return Key(newer[0], newer[1:])


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


def make_key(path: Path) -> Key:
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


def read_key(path: Path) -> Key:
    """Return the key in ``path`` (a line each for those before it); ``InputError`` if it holds none."""
    try:
        keys = [bytes.fromhex(line) for line in path.read_text(encoding="ascii").strip().splitlines()]
    except FileNotFoundError as error:
        raise InputError("rights.key_missing", where=str(path)) from error
    except (OSError, ValueError) as error:
        raise InputError("rights.key_broken", where=str(path)) from error
    if not keys or not all(_BYTES <= len(key) <= 2 * _BYTES for key in keys):
        raise InputError("rights.key_broken", where=str(path))
    return Key(keys[0], tuple(keys[1:]))


def renew_key(path: Path) -> Key:
    """Put a new key before those in ``path``, and return it; the file is replaced whole.

    Raises ``InputError`` if it can be neither read nor written.
    """
    key = Key(secrets.token_bytes(_BYTES), read_key(path).all)
    try:
        _part(path, key).replace(path)
    except OSError as error:
        raise InputError("rights.key_cannot_be_made", where=str(path)) from error
    return key


def write_key(path: Path, key: bytes) -> None:
    """Write a key whole, for its owner only; ``FileExistsError`` if there is a file already."""
    part = _part(path, key)
    try:
        os.link(part, path)  # unlike a rename it replaces nothing
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def _part(path: Path, key: bytes) -> Path:
    """Write a key and those before it beside ``path``, on disk when it returns."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    lines = [one.hex() for one in (key.all if isinstance(key, Key) else (key,))]
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return part


def key_id(key: bytes) -> str:
    """Return what a key is recognised by; nothing of it follows from that."""
    return hashlib.sha256(b"engage key\0" + key).hexdigest()[:_SHOWN]


def derived(key: bytes, purpose: str) -> bytes:
    """Return the key for one purpose, so that no two uses share one."""
    return hmac.digest(key, b"engage\0" + purpose.encode(), "sha256")
