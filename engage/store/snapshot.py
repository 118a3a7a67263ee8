"""What a reader holds: one state of the workspace, unmoved by whatever is imported meanwhile."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import pyarrow as pa

from engage.errors import EngageError, UsageError
from engage.ingest.teams import TeamMap, load_team_map
from engage.instrument import Instrument, load_instrument
from engage.store import delta
from engage.store.delta import Pinned
from engage.store.events import Event, effective, read_events, released
from engage.store.schema import FIXED_TABLES, declared_schema, wave_name
from engage.store.switching import holding

_ATTEMPTS: Final = 100  # a switch begins and ends; one reader meets few of them


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pinned state of a workspace.

    ``key`` changes whenever anything committed changes, and only then; ``events`` are the imports and closes
    that readers see, in commit order (see :func:`engage.store.events.released`); ``log`` is everything that
    was ever committed; ``pins`` hold the Delta version of every table it wrote. ``renames`` are team maps
    and the imports whose teams each of them renames, in the order in which they apply.
    """

    path: Path
    key: str
    events: tuple[Event, ...]
    log: tuple[Event, ...]
    pins: Mapping[str, Pinned]
    renames: tuple[tuple[tuple[str, ...], TeamMap], ...] = ()

    @property
    def renamed(self) -> "Snapshot":
        """The same with teams by their present names.

        A team map that came with an import renames the teams of the imports before it, and of no later one:
        a new team may take an old name.
        """
        maps: list[tuple[tuple[str, ...], TeamMap]] = []
        before: list[str] = []
        for event in self.events:
            file = teams_file(self.path, event.id)
            if event.event == "import" and file.is_file():
                maps.append((tuple(before), load_team_map(file)))
            before.append(event.id)
        return replace(self, renames=tuple(maps))

    @property
    def present(self) -> "Snapshot":
        """The same with everything that is in effect now, also what a closed wave does not show yet."""
        return self.only(effective(self.log))

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables with anything in effect in them, sorted."""
        written = {name for event in self.events for name in event.tables}
        return tuple(sorted(written & set(self.pins)))

    @property
    def closes(self) -> "Snapshot":
        """The same with every close that ever was, undone ones too: what readers have seen."""
        return self.only(event for event in self.log if event.event == "close")

    def releases(self, wave: str) -> tuple["Snapshot", ...]:
        """Return what each close of a wave saw, oldest first; closes that were undone have been seen too."""
        places = [n for n, event in enumerate(self.log) if (event.event, event.wave) == ("close", wave)]
        return tuple(self.only(effective(self.log[:place])) for place in places)

    def erased_since(self, wave: str) -> tuple[int, ...]:
        """Return, for each of :meth:`releases`, how many people were erased after it who were in one."""
        places = [n for n, event in enumerate(self.log) if (event.event, event.wave) == ("close", wave)]
        after = [e.rows if (e.event, e.wave) == ("erase", wave) else 0 for e in self.log]
        return tuple(sum(after[place:]) for place in places)

    def only(self, events: Iterable[Event]) -> "Snapshot":
        """Return the same with nothing but ``events`` to see."""
        return replace(self, events=tuple(events))

    def files(self, table: str) -> list[str]:
        """Return the live files of the pinned version of ``table`` (none if the table holds nothing).

        They also hold rows that are not committed or undone: read them with :func:`engage.engine.open_table`.
        """
        return [file for part in self.parts(table).values() for file in part]

    def parts(self, table: str) -> Mapping[str, tuple[str, ...]]:
        """Return the live files of ``table`` by wave."""
        pinned = self.pins.get(table)
        return pinned.files if pinned else {}

    def schema(self, table: str) -> pa.Schema:
        """Return the columns of ``table``; those it is declared with where nothing was ever imported.

        Raises ``UsageError`` for a table that is neither there nor one of the fixed ones.
        """
        if table in self.pins:
            return self.pins[table].schema
        if table in FIXED_TABLES:
            return declared_schema(table)
        raise UsageError("store.no_table", where=table, table=table)

    def import_ids(self, table: str) -> tuple[str, ...]:
        """Return the ids of the events in effect that wrote ``table``, in commit order."""
        return tuple(event.id for event in self.events if table in event.tables)

    def instruments(self, wave: str | None) -> tuple[str, ...]:
        """Return the ids of the instruments ``wave`` (``None``: any wave) was asked with, in commit order."""
        name = None if wave is None else wave_name(wave)
        return tuple(
            dict.fromkeys(e.instrument for e in self.events if e.instrument and name in (None, e.wave))
        )

    def answered(self, wave: str) -> tuple[str, ...]:
        """Return the instruments of ``wave`` that its people answered on themselves.

        Who or what is rated by others has answered nothing: ratings count as answers only in a wave that has
        nothing else.
        """
        all_of = self.instruments(wave)
        own = tuple(id for id in all_of if self.instrument(id, wave).rated_by == "self")
        return own or all_of

    def instrument(self, id: str, wave: str | None = None) -> Instrument:
        """Return the instrument as kept at import: the highest version among the imports in effect.

        With a wave, among those of that wave: what was asked then, whatever was reworded since. Raises
        ``UsageError`` if no such import used it.
        """
        name = None if wave is None else wave_name(wave)
        events = [event for event in self.events if event.instrument == id and name in (None, event.wave)]
        versions = [event.instrument_version for event in events]
        if not versions:
            raise UsageError("store.instrument_unknown", where=id, instrument=id)
        file = survey_file(self.path, id, max(versions))
        return _kept(file, file.stat().st_mtime_ns)


def teams_file(path: Path, import_id: str) -> Path:
    """Return where a workspace keeps the team map that came with an import."""
    return path / "teams" / f"{import_id}.yaml"


def survey_file(path: Path, id: str, version: int) -> Path:
    """Return where a workspace keeps that version of an instrument."""
    return path / "surveys" / f"{id}.v{version}.yaml"


def take_snapshot(path: Path, workspace_id: str) -> Snapshot:
    """Pin the state of the workspace in ``path``.

    The event log comes first: an event's rows are written before it, so every table pinned afterwards holds
    at least the rows of the events seen. Where a change of several tables begins or ends meanwhile (see
    :mod:`engage.store.switching`), everything is pinned anew.
    """
    for _ in range(_ATTEMPTS):
        state = holding(path)
        try:
            taken = _pinned(path, workspace_id, *state)
        except FileNotFoundError:  # the version that was pinned is over
            continue
        if holding(path) == state:
            return taken
    raise EngageError("store.busy", where=str(path))


def _pinned(path: Path, workspace_id: str, turn: int, versions: Mapping[str, int] | None) -> Snapshot:
    tables, held = path / "tables", versions or {}
    log = read_events(tables / "imports", held.get("imports"))
    pins = {}
    for name in sorted({name for event in log for name in event.tables}):
        pinned = delta.pin(tables / name, held.get(name))
        if pinned is not None:
            pins[name] = pinned
    marks = "\n".join([workspace_id, *([f"turn {turn}"] if turn else ()), *(event.id for event in log)])
    return Snapshot(path, hashlib.sha256(marks.encode()).hexdigest(), released(log), log, pins)


@lru_cache(maxsize=32)
def _kept(file: Path, _written: int) -> Instrument:
    return load_instrument(file)
