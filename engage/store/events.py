"""The event log: a row of the ``imports`` table per import, undo, close or erasure; its append commits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa

from engage.store import delta

EventType = Literal["import", "undo", "close", "erase"]
_IN_EFFECT: Final = ("import", "close")

_SCHEMA: Final = pa.schema(
    [
        ("id", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        *((name, pa.string()) for name in ("event", "kind", "wave", "instrument")),
        ("instrument_version", pa.int32()),
        *((name, pa.string()) for name in ("file_name", "file_sha256")),
        ("rows", pa.int64()),
        *((name, pa.string()) for name in ("target", "tables")),
    ]
)


@dataclass(frozen=True, slots=True)
class Event:
    """One committed change of a workspace.

    ``id`` is the ``import_id`` of the rows it brought (none for an undo); ``rows`` counts the rows of the
    kind's own table, the cells of a close, or the people erased from a wave; ``target`` is the id of the
    event an undo takes back; ``tables`` are the tables it wrote. ``instrument`` is ``""`` (version 0) where
    there is none. Events of one workspace have ascending ``at`` (UTC).
    """

    id: str
    at: datetime
    event: EventType
    kind: str
    wave: str
    instrument: str = ""
    instrument_version: int = 0
    file_name: str = ""
    file_sha256: str = ""
    rows: int = 0
    target: str = ""
    tables: tuple[str, ...] = ()

    @property
    def frozen_by_close(self) -> bool:
        """Whether it imported answers or comments: what the close of its wave freezes."""
        return self.event == "import" and self.kind in ("responses", "comments")


def read_events(folder: Path, version: int | None = None) -> tuple[Event, ...]:
    """Return all events in commit order, undone ones and undos included; of one version (the newest).

    A version never changes, so it is read once.
    """
    mark = delta.newest(folder, version)
    return _read(folder, version) if mark is None else _read_at(mark)


@lru_cache(maxsize=16)
def _read_at(mark: delta.Mark) -> tuple[Event, ...]:
    return _read(mark.folder, mark.version)


def _read(folder: Path, version: int | None) -> tuple[Event, ...]:
    rows = delta.every_row(folder, version)
    if rows is None:
        return ()
    events = [_event(row) for row in rows.to_pylist()]
    return tuple(sorted(events, key=lambda event: (event.at, event.id)))


def append_event(folder: Path, event: Event) -> None:
    """Commit ``event``: from here on readers see its rows."""
    row = {name: getattr(event, name) for name in _SCHEMA.names} | {"tables": ",".join(event.tables)}
    delta.append(folder, pa.Table.from_pylist([row], schema=_SCHEMA), partitioned=False)


def effective(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return the imports and closes that no undo has taken back, in commit order.

    A close takes the place of the wave's earlier ones for good: when it is undone they don't come back, and
    with them nobody who was taken back in between.
    """
    events = tuple(events)
    past = {event.target for event in events if event.event == "undo"}
    last = {event.wave: event.id for event in events if event.event == "close"}
    past |= {event.id for event in events if event.event == "close" and event.id != last[event.wave]}
    return tuple(event for event in events if event.event in _IN_EFFECT and event.id not in past)


def released(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return the imports and closes that readers see, in commit order.

    Of a closed wave those are the answers and comments that its close saw: what came or was taken back since
    waits for the next close.
    """
    log = tuple(events)
    current = effective(log)
    closes = [event for event in current if event.event == "close"]
    frozen = {close.wave: {e.id for e in effective(log[: log.index(close)])} for close in closes}
    kept = {event.id for event in current}
    return tuple(
        event
        for event in log
        if event.event in _IN_EFFECT
        and event.id in (frozen.get(event.wave, kept) if event.frozen_by_close else kept)
    )


def next_moment(events: tuple[Event, ...]) -> datetime:
    """Return now, or just after the last event if the clock was set back: time orders the commits."""
    now = datetime.now(UTC)
    return max(now, events[-1].at + timedelta(microseconds=1)) if events else now


def _event(row: dict[str, object]) -> Event:
    tables = str(row["tables"])
    fields = row | {"tables": tuple(tables.split(",")) if tables else ()}
    return Event(**fields)  # type: ignore[arg-type]  # the columns are the fields
