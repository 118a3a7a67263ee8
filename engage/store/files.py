"""The few files of a workspace beside its tables: written whole or not at all, under one lock."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from engage.errors import EngageError, InputError

FILE: Final = "workspace.json"
LOCK: Final = ".lock"
_PATIENCE: Final = 120.0  # seconds to wait for another import to finish


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep every other writer of a workspace out; ``EngageError`` if one does not let go."""
    lock = FileLock(folder / LOCK, timeout=_PATIENCE)
    try:
        lock.acquire()
    except Timeout as error:
        raise EngageError("store.busy", where=str(folder)) from error
    try:
        yield
    finally:
        lock.release()


def write_whole(file: Path, content: bytes) -> None:
    """Write all of ``file`` or nothing, readable by its owner only."""
    part = file.with_name(f".{file.name}.part")  # one name per file: the next attempt clears a crash's
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)


def described(folder: Path) -> dict[str, Any]:
    """Return what ``workspace.json`` says; ``InputError`` if it is no description of a workspace."""
    file = folder / FILE
    try:
        document = json.loads(file.read_bytes())
        if not {"format", "id", "sample"} <= set(document):
            raise ValueError("something is missing")
    except (ValueError, TypeError) as error:
        raise InputError("store.broken", where=str(file)) from error
    return dict(document)


def describe(folder: Path, document: Mapping[str, Any]) -> None:
    """Write ``workspace.json``, whole."""
    write_whole(folder / FILE, json.dumps(document, indent=2).encode() + b"\n")
