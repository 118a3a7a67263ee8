"""A workspace copied whole while others use it, and put back where it was lost.

A backup is a folder with the workspace's files under ``workspace/`` and ``backup.json``: when, of which
workspace, under which key, and the size and SHA-256 of every file. It is built beside its place and renamed
when everything is on disk. The key is not in it.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from engage.errors import InputError, UsageError
from engage.keys import key_path, read_key
from engage.store.files import FILE, write_whole

if TYPE_CHECKING:
    from engage.store.core import Store

MANIFEST: Final = "backup.json"
_INSIDE: Final = "workspace"
_FORMAT: Final = 1
_CHUNK: Final = 1 << 20

KeyState = Literal["there", "missing", "other"]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup: when it was made (UTC), of which workspace, its files and their bytes, the id of the key."""

    made: str
    workspace: str
    key: str
    files: int
    bytes: int


def back_up(store: "Store", place: str | Path) -> Backup:
    """Copy the workspace to ``place``, a new folder (or an empty one); other writers wait meanwhile.

    Raises ``UsageError`` if there is anything at ``place``, or it lies in the workspace.
    """
    target = Path(place).resolve()
    _need_empty(target)
    if target.is_relative_to(store.path):
        raise UsageError("store.backup_inside", where=str(place))
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _part(target)
    with store.writing():
        files = {name: _copied(store.path / name, part / _INSIDE / name) for name in _names(store.path)}
        made = datetime.now(UTC).isoformat(timespec="seconds")
    document = {"format": _FORMAT, "made": made, "workspace": store.id, "key": store.key_id, "files": files}
    write_whole(part / MANIFEST, json.dumps(document, indent=1, sort_keys=True).encode() + b"\n")
    _place(part, target)
    return _described(document)


def check_backup(place: str | Path) -> Backup:
    """Return what a backup holds after reading every byte of it.

    Raises ``UsageError`` where there is none, ``InputError`` naming the files that are missing, changed, or
    were not in it.
    """
    source = Path(place).resolve()
    document = _manifest(source)
    there = {file.relative_to(source / _INSIDE).as_posix(): file for file in _files(source / _INSIDE)}
    wrong = sorted(set(there) ^ set(document["files"]))
    wrong += [
        n for n, file in there.items() if n in document["files"] and _digest(file) != document["files"][n]
    ]
    if wrong:
        raise InputError("store.backup_damaged", where=str(place), count=len(wrong), files=sorted(wrong)[:5])
    return _described(document)


def restore(place: str | Path, folder: str | Path) -> tuple[Backup, KeyState]:
    """Put a backup back as the workspace in ``folder``, a new folder or an empty one.

    Every file is checked before and after it is copied; the workspace is there whole or not at all. Returns
    also whether its key lies where it is looked for. Raises as :func:`check_backup`, and ``UsageError`` if
    there is anything in ``folder``.
    """
    source, target = Path(place).resolve(), Path(folder).resolve()
    _need_empty(target)
    backup, wanted = check_backup(source), _manifest(source)["files"]
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _part(target)
    for name, facts in wanted.items():
        if _copied(source / _INSIDE / name, part / name) != facts:
            raise InputError("store.backup_damaged", where=str(place), count=1, files=[name])
    _place(part, target)
    return backup, key_state(backup)


def key_state(backup: Backup) -> KeyState:
    """Return whether the key of a backed-up workspace is there, missing, or another one."""
    path = key_path(backup.workspace)
    if not path.exists():
        return "missing"
    return "other" if read_key(path).back_to(backup.key) is None else "there"


def _need_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("store.backup_place", where=str(folder))


def _part(target: Path) -> Path:
    """Return an empty folder beside ``target``; what a crash left of an earlier one goes."""
    part = target.with_name(f".{target.name}.part")
    if part.exists():
        shutil.rmtree(part)
    part.mkdir(mode=0o700)
    return part


def _place(part: Path, target: Path) -> None:
    if target.exists():
        target.rmdir()  # it is empty
    part.rename(target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _names(folder: Path) -> Iterator[str]:
    """Give the files that are part of a workspace: not its locks, nor parts of files."""
    for file in _files(folder):
        if not file.name.startswith(".") and not file.name.endswith((".part", ".tmp")):
            yield file.relative_to(folder).as_posix()


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _copied(file: Path, to: Path) -> dict[str, Any]:
    """Copy a file, on disk when it returns, and return its size and digest. A log ends with a whole line."""
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as stream, os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
        for chunk in _chunks(stream, whole_lines=file.suffix == ".jsonl"):
            out.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        out.flush()
        os.fsync(out.fileno())
    return {"bytes": size, "sha256": digest.hexdigest()}


def _chunks(stream: Any, *, whole_lines: bool) -> Iterator[bytes]:
    if whole_lines:  # somebody may be writing a line of the audit log
        content = stream.read()
        yield content[: content.rfind(b"\n") + 1]
        return
    while chunk := stream.read(_CHUNK):
        yield chunk


def _digest(file: Path) -> dict[str, Any]:
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"bytes": file.stat().st_size, "sha256": digest}


def _manifest(source: Path) -> Mapping[str, Any]:
    file = source / MANIFEST
    if not file.is_file():
        raise UsageError("store.backup_missing", where=str(source))
    try:
        document = json.loads(file.read_bytes())
        known = document["format"] == _FORMAT and FILE in document["files"]
        inside = all(not Path(n).is_absolute() and ".." not in Path(n).parts for n in document["files"])
        if not (known and inside and {"made", "workspace", "key"} <= set(document)):
            raise ValueError("not a backup of this format")
    except (ValueError, TypeError, KeyError) as error:
        raise InputError("store.backup_damaged", where=str(source), count=1, files=[MANIFEST]) from error
    return dict(document)


def _described(document: Mapping[str, Any]) -> Backup:
    files = document["files"].values()
    total = sum(facts["bytes"] for facts in files)
    return Backup(document["made"], document["workspace"], document["key"], len(files), total)
