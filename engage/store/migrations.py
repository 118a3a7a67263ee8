"""Workspaces of an older format are brought up to the present one, a numbered step at a time.

A step is begun by writing the format it leads to, with ``migrating_from``: from then on older versions of the
program refuse the workspace, and this one goes on where a crash stopped it. Every part of a step may run
twice. Only the last write takes ``migrating_from`` away.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from engage.errors import InputError
from engage.ingest.pseudonyms import Pseudonyms
from engage.keys import key_id, key_path, make_key, read_key, write_key
from engage.store import delta, originals
from engage.store.audit import AuditLog
from engage.store.events import read_events
from engage.store.files import FILE, describe, described, locked
from engage.store.identities import id_column, stand_ins, without_ids

FORMAT: Final = 2
_FROM: Final = "migrating_from"


def migrate(folder: Path, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the description of the workspace in ``folder``, which is of the present format afterwards.

    Raises ``InputError`` for a format that this version does not know, and if the key is needed and missing.
    """
    _check(folder, document)
    if _is_present(document):
        return document
    with locked(folder):
        while not _is_present(current := described(folder)):  # another process may have done it meanwhile
            _check(folder, current)
            old = current.get(_FROM, current["format"])
            begun = _begin(folder, current, old)
            _STEPS[old](folder, begun)
            describe(folder, {name: value for name, value in begun.items() if name != _FROM})
            AuditLog(folder / "audit.jsonl").append("migrated", format=old + 1)
        return current


def _is_present(document: Mapping[str, Any]) -> bool:
    return document["format"] == FORMAT and _FROM not in document


def _check(folder: Path, document: Mapping[str, Any]) -> None:
    if document["format"] not in (*_STEPS, FORMAT) or document.get(_FROM, 1) not in _STEPS:
        raise InputError("store.format", where=str(folder / FILE), found=document["format"], known=FORMAT)
    if document["format"] == FORMAT and "key" not in document:
        raise InputError("store.broken", where=str(folder / FILE))


def _begin(folder: Path, document: Mapping[str, Any], old: int) -> dict[str, Any]:
    """Write that a step has begun, with the id of the key that it uses."""
    begun = {**document, "format": old + 1, _FROM: old}
    if "key" not in document:
        begun["key"] = key_id(_first_key(str(document["id"])))
    describe(folder, begun)
    return begun


def _first_key(workspace: str) -> bytes:
    """Return the key of a workspace that had none: that which e-mail addresses were hashed with."""
    path, before = key_path(workspace), key_path()
    if not path.exists() and before.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_key(path, read_key(before))
    return make_key(path)


def _to_2(folder: Path, document: Mapping[str, Any]) -> None:
    """Make ids pseudonyms in every table and its history, and encrypt the originals."""
    path = key_path(str(document["id"]))
    key = read_key(path)
    if key_id(key) != document["key"]:
        raise InputError("rights.key_other", where=str(path), found=key_id(key), needed=document["key"])
    pseudonyms, tables = Pseudonyms(key), folder / "tables"
    nobody = stand_ins(event.file_sha256 for event in read_events(tables / "imports"))
    for table in sorted(tables.iterdir()) if tables.is_dir() else ():
        if id_column(table.name) is not None:
            name = table.name
            delta.rewrite(table, lambda rows, name=name: without_ids(name, rows, pseudonyms, nobody))  # type: ignore[misc]
            delta.forget(table)
    today = datetime.now(UTC).date()  # the period begins now: nobody was told of one before
    for file in originals.kept(folder / "originals"):
        originals.encrypt_in_place(file, key, made=today, days=originals.KEPT_DAYS)
    for part in (folder / "originals").glob(".*.part"):
        part.unlink()  # what a crash left of one, as it was uploaded


_STEPS: Final[Mapping[int, Callable[[Path, Mapping[str, Any]], None]]] = {1: _to_2}
