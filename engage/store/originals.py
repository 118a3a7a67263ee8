"""The files as they were uploaded, each under the hash of its bytes, encrypted, and for a time only.

A file is a header and chunks. The header (64 bytes: a mark and version, the id of the key, a salt, the day it
was stored, the last day it is kept) is authenticated with every chunk. Each chunk is AES-256-GCM under a key
of the file's own, HMAC-SHA-256 of the salt under the key for originals; its nonce is its number and whether
it is the last, so that chunks can't be swapped, repeated or cut off.
"""

import io
import os
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from engage.errors import InputError
from engage.keys import Key, derived, key_id

KEPT_DAYS: Final = 365
"""How many days originals are kept unless the policy says otherwise."""

_MARK: Final = b"ENGAGE\x00\x01"
_HEADER: Final = struct.Struct(">8s16s32sII")
_CHUNK: Final = 1 << 20
_TAG: Final = 16


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself: the id of its key, when it was stored, until when it is kept."""

    key: str
    salt: bytes
    made: date
    until: date

    def due(self, today: date, days: int) -> bool:
        """Return whether it is to be removed, if originals are now kept for ``days``.

        A period made shorter holds for what is there; one made longer does not prolong what was promised.
        """
        return today >= min(self.until, self.made + timedelta(days))

    def _packed(self) -> bytes:
        days = self.made.toordinal(), self.until.toordinal()
        return _HEADER.pack(_MARK, self.key.encode(), self.salt, *days)


def seal(source: BinaryIO, out: BinaryIO, key: bytes, *, made: date, days: int) -> None:
    """Encrypt ``source`` to ``out``, a chunk at a time, to be kept for ``days`` from ``made`` on."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    header = Header(key_id(key), secrets.token_bytes(32), made, made + timedelta(days))
    packed = header._packed()
    cipher = AESGCM(derived(derived(key, "originals"), header.salt.hex()))
    out.write(packed)
    chunk, number = source.read(_CHUNK), 0
    while True:
        following = source.read(_CHUNK)
        out.write(cipher.encrypt(_nonce(number, last=not following), chunk, packed))
        if not following:
            return
        chunk, number = following, number + 1


def unseal(source: BinaryIO, key: bytes) -> Iterator[bytes]:
    """Give what was encrypted, a chunk at a time; ``InputError`` before any that is not as it was stored."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    header = _read_header(source)
    known = {key_id(one): one for one in (key.all if isinstance(key, Key) else (key,))}
    if header.key not in known:
        raise InputError("rights.key_other", found=key_id(key), needed=header.key)
    key = known[header.key]
    cipher = AESGCM(derived(derived(key, "originals"), header.salt.hex()))
    packed, number = header._packed(), 0
    chunk = source.read(_CHUNK + _TAG)
    while True:
        following = source.read(_CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), chunk, packed)
        except InvalidTag as error:
            raise InputError("rights.original_damaged") from error
        if not following:
            return
        chunk, number = following, number + 1


def read_header(file: Path) -> Header | None:
    """Return the header of an encrypted file; ``None`` of one that is not encrypted."""
    with file.open("rb") as stream:
        try:
            return _read_header(stream)
        except InputError:
            return None


def keep(folder: Path, digest: str, content: bytes, key: bytes, days: int) -> None:
    """Store an original under its hash, unless it is there; whole or not at all, for its owner only."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o700)
    if not (folder / digest).exists():
        with _whole(folder / digest) as out:
            seal(io.BytesIO(content), out, key, made=_today(), days=days)


def load(folder: Path, digest: str, key: bytes) -> bytes:
    """Return an original byte for byte; ``InputError`` if it is gone, damaged, or of another key."""
    try:
        with (folder / digest).open("rb") as stream:
            return b"".join(unseal(stream, key))
    except FileNotFoundError as error:
        raise InputError("rights.original_missing", where=digest) from error
    except InputError as error:
        error.where = error.where or digest
        raise


def encrypt_in_place(file: Path, key: bytes, *, made: date, days: int) -> None:
    """Encrypt a file that was stored as it is, and leave one alone that is encrypted already."""
    if read_header(file) is None:
        with file.open("rb") as stream, _whole(file) as out:
            seal(stream, out, key, made=made, days=days)


def encrypt_again(file: Path, key: Key) -> bool:
    """Encrypt a file with the newest key, kept as long as before; return whether it was with another."""
    header = read_header(file)
    if header is None or header.key == key_id(key):
        return False
    with file.open("rb") as stream:
        content = b"".join(unseal(stream, key))
    with _whole(file) as out:
        seal(io.BytesIO(content), out, key, made=header.made, days=(header.until - header.made).days)
    return True


def remove_due(folder: Path, days: int) -> tuple[str, ...]:
    """Remove the originals whose time is over; return their hashes."""
    gone = []
    for file in kept(folder):
        header = read_header(file)
        if header is not None and header.due(_today(), days):
            file.unlink()
            gone.append(file.name)
    return tuple(gone)


def kept(folder: Path) -> tuple[Path, ...]:
    """Return the originals that are there."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(file for file in folder.iterdir() if not file.name.startswith(".")))


@contextmanager
def _whole(file: Path) -> Iterator[BinaryIO]:
    """Give a stream that becomes ``file`` once everything is written."""
    part = file.with_name(f".{file.name}.part")  # one name per file: the next attempt clears a crash's
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)


def _read_header(source: BinaryIO) -> Header:
    packed = source.read(_HEADER.size)
    try:
        mark, key, salt, made, until = _HEADER.unpack(packed)
        if mark != _MARK:
            raise InputError("rights.original_damaged")
        return Header(key.decode("ascii"), salt, date.fromordinal(made), date.fromordinal(until))
    except (struct.error, ValueError) as error:
        raise InputError("rights.original_damaged") from error


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">QI", number, last)


def _today() -> date:
    return datetime.now(UTC).date()
