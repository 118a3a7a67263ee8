"""What people of the company note: a wish's status, a corrected reading, a model taken, a plan, norms.

One row of the table ``notes`` per note, never changed: the append is the commit, and an undo is a further
row. Notes hold digests of shown words, codes, and what HR itself wrote; no comment. They don't belong to the
events of imports and closes, so that a note moves no released table.
"""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa

from engage.errors import UsageError
from engage.store import delta

NoteKind = Literal["follow", "correct", "model", "plan", "norm", "undo"]

_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
_SCHEMA: Final = pa.schema(
    [
        ("id", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        *((name, pa.string()) for name in ("kind", "who", "marks", "value", "reason", "target")),
    ]
)


@dataclass(frozen=True, slots=True)
class Note:
    """One note: what ``kind``, ``who`` and when (UTC, ascending); ``marks`` are digests of what it is about.

    ``follow``: ``value`` is a status and ``reason`` why. ``correct``: ``value`` holds the labels
    (``tone=…;intent=…;theme=…``). ``model``: ``value`` is the name of a file of weights, ``""`` for none.
    ``plan``: ``value`` is the plan in JSON, or of the plan ``target`` its new status, with ``reason`` why.
    ``norm``: ``value`` holds the norms of the source ``target`` in JSON, in place of earlier ones, or
    ``""`` for none. ``undo``: ``target`` is the id of the note it takes back.
    """

    kind: NoteKind
    marks: tuple[str, ...] = ()
    value: str = ""
    reason: str = ""
    who: str = ""
    target: str = ""
    id: str = ""
    at: datetime = _NEVER


def read_notes(folder: Path) -> tuple[Note, ...]:
    """Return all notes in the order they were made, undone ones and undos included."""
    rows = delta.every_row(folder)
    if rows is None:
        return ()
    every = rows.to_pylist()
    notes = [Note(**(row | {"marks": tuple(filter(None, row["marks"].split(",")))})) for row in every]
    return tuple(sorted(notes, key=lambda note: (note.at, note.id)))


def standing_notes(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return the notes that no undo has taken back."""
    every = tuple(notes)
    gone = {note.target for note in every if note.kind == "undo"}
    return tuple(note for note in every if note.kind != "undo" and note.id not in gone)


def drop_notes(folder: Path, marks: Collection[str], *, models: bool) -> tuple[int, tuple[str, ...]]:
    """Take ``marks`` out of every note, and the notes that are about nothing else; ``models``: these, too.

    Return how many notes were changed or dropped because of the marks, and the names of the models. What an
    undo took back goes with its undo. Only the table's present version changes: its history is the caller's.
    """
    changed, gone, names = 0, set(), []

    def change(rows: pa.Table) -> pa.Table:
        nonlocal changed
        kept = []
        for row in rows.to_pylist():
            said = row["marks"].split(",")
            left = [mark for mark in said if mark not in marks]
            changed += left != said
            if row["kind"] == "model" and models:
                names.append(row["value"])
                gone.add(row["id"])
            elif row["marks"] and not left:
                gone.add(row["id"])
            else:
                kept.append(row | {"marks": ",".join(left)})
        return pa.Table.from_pylist([row for row in kept if row["target"] not in gone], schema=rows.schema)

    delta.rewrite(folder, change)
    return changed, tuple(filter(None, dict.fromkeys(names)))


def append_note(folder: Path, note: Note) -> Note:
    """Commit ``note`` and return it with its id and moment. The caller holds the workspace's lock.

    Raises ``UsageError`` for the undo of a note that does not stand.
    """
    before = read_notes(folder)
    if note.kind == "undo" and note.target not in {one.id for one in standing_notes(before)}:
        raise UsageError("store.event_unknown", where=note.target, id=note.target)
    now = datetime.now(UTC)
    at = max(now, before[-1].at + timedelta(microseconds=1)) if before else now
    made = replace(note, id=uuid.uuid4().hex, at=at)
    row = {name: getattr(made, name) for name in _SCHEMA.names} | {"marks": ",".join(made.marks)}
    delta.append(folder, pa.Table.from_pylist([row], schema=_SCHEMA), partitioned=False)
    return made
