"""Laying small files together, and removing for good what nobody can ask for any more."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from engage.store import delta, originals
from engage.store.events import Event, effective, read_events
from engage.store.switching import tables

if TYPE_CHECKING:
    from engage.store.core import Store

UNDO_DAYS: Final = 30
"""For so many days compaction leaves alone what was taken back, and the files of earlier versions."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What compaction did: the workspace's files and bytes before and after, and the rows it removed.

    ``imports`` counts the undone imports whose rows are gone now; ``unfinished`` those that a crash had cut
    short, of which nobody ever saw a row.
    """

    files: tuple[int, int]
    bytes: tuple[int, int]
    rows: int
    imports: int
    unfinished: int


def compact(store: "Store", *, keep_days: int = UNDO_DAYS) -> Compacted:
    """Lay the files of each table together and remove what is over; every import can be undone as before.

    Removed are rows of imports that never were committed, and rows of imports that were undone ``keep_days``
    ago and never were in a release: one that was is needed to judge the next release beside it. Files that no
    version of the last ``keep_days`` needs are deleted. Readers see no difference at any time.
    """
    with store.writing():
        before = _size(store.path)
        log = read_events(store.path / "tables" / "imports")
        over = _over(log, datetime.now(UTC) - timedelta(keep_days))
        known = {event.id for event in log}
        rows, gone = 0, set()

        def kept(part: pa.Table) -> pa.Table:
            ids = part["import_id"]
            away = {id for id in pc.unique(ids).to_pylist() if id not in known or id in over}
            gone.update(away)
            return part.filter(pc.invert(pc.is_in(ids, value_set=pa.array(sorted(away), pa.string()))))

        for table in tables(store.path):
            schema = delta.stored_schema(table)
            if schema is not None and "import_id" in schema.names:
                rows += delta.rewrite(table, kept)
            delta.compact(table, keep_days=keep_days)
        _drop_unknown_files(store.path, log)
        after = _size(store.path)
    return Compacted((before[0], after[0]), (before[1], after[1]), rows, len(gone & known), len(gone - known))


def _over(log: tuple[Event, ...], since: datetime) -> frozenset[str]:
    """Return the imports that were undone before ``since`` and that no close ever saw."""
    undone = {event.target for event in log if event.event == "undo" and event.at < since}
    closes = [place for place, event in enumerate(log) if event.event == "close"]
    seen = {event.id for place in closes for event in effective(log[:place])}
    return frozenset(e.id for e in log if e.event == "import" and e.id in undone and e.id not in seen)


def _drop_unknown_files(folder: Path, log: tuple[Event, ...]) -> None:
    """Delete originals and team maps of imports that were never committed, and parts of files."""
    digests, ids = {event.file_sha256 for event in log}, {event.id for event in log}
    unknown = [file for file in originals.kept(folder / "originals") if file.name not in digests]
    unknown += [file for file in folder.glob("teams/*.yaml") if file.stem not in ids]
    for file in (*unknown, *folder.glob("*/.*.part"), *folder.glob(".*.part")):
        file.unlink()


def _size(folder: Path) -> tuple[int, int]:
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    return len(sizes), sum(sizes)
