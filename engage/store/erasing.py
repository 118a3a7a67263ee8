"""Erasing one person from everything a workspace keeps, and telling what is kept of them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from engage.errors import UsageError
from engage.ingest.pseudonyms import Pseudonyms
from engage.store import delta, originals
from engage.store.events import Event, append_event, next_moment, read_events
from engage.store.identities import id_column
from engage.store.notes import drop_notes
from engage.store.statistics import drop_statistics
from engage.store.switching import forget, switching
from engage.store.tracing import Somebody, search, words_in

if TYPE_CHECKING:
    from engage.store.core import Store

_LONG: Final = 12  # characters of a comment that is nowhere else by chance


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed of one person, in counts.

    ``rows`` by table; ``originals`` are the hashes of the files that held them and are deleted now;
    ``mappings`` counts kept readings of files that had words of theirs, ``file_names`` names of files that
    had their id. ``notes`` are those about their comments, ``models`` those of the workspace's own that may
    have learned from them. ``searched`` files were looked through afterwards for pseudonym, id, comments and
    the digests under which notes name these; ``left`` names those that still hold one.
    """

    rows: Mapping[str, int]
    originals: tuple[str, ...]
    mappings: int
    file_names: int
    notes: int
    models: int
    searched: int
    left: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    """Where somebody is."""

    rows: dict[str, int] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    said: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)


def erase(
    store: "Store", id: str, *, marks: Callable[[Collection[str]], frozenset[str]] = lambda _: frozenset()
) -> Erased:
    """Remove a person from tables, history, originals, mappings, statistics, file names, notes; then search.

    Originals go whole, since they can't be parted, and so does a model that may have learned from their
    comments. What was released of a closed wave stays; that somebody was erased from it is an event, so that
    the wave is not closed again for so few. ``marks`` returns the digests under which notes may name
    comments. Readers see the person everywhere or nowhere. May be run again where it was interrupted. Raises
    ``UsageError`` if nobody is known by the id, ``InputError`` without the key.
    """
    key = store.key()
    pseudonyms = Pseudonyms(key)
    who = Somebody.known_as(id, pseudonyms)
    with store.writing():
        log = read_events(store.path / "tables" / "imports")
        found = _find(store.path, who)
        held, words = _originals_of(store, who, found, log, pseudonyms)
        if not found.rows and not held:
            raise UsageError("rights.nobody")
        digests = marks(found.texts) if found.texts else frozenset()
        for digest in held:
            (store.path / "originals" / digest).unlink()
        mappings = _drop_mappings(store.path, {*words, *found.texts, *({who.id} if who.telling else ())})
        drop_statistics(store.path)
        with switching(store.path):
            _note(store.path, log, found)
            for table in _tables(store.path):
                delta.rewrite(table, lambda rows, name=table.name: _without(name, rows, who))  # type: ignore[misc]
            file_names = _clear_file_names(store.path, who)
            notes, models = drop_notes(store.path / "tables" / "notes", digests, models=bool(found.said))
        for name in models:
            store.model_file(name).unlink(missing_ok=True)
        forget(store.path)
        needles = {*who.names, *found.texts, *digests, *({who.id} if who.telling else ())}
        searched, left = search(store.path, needles, key)
    return Erased(found.rows, held, mappings, file_names, notes, len(models), searched, left)


def own_data(store: "Store", id: str) -> dict[str, Any]:
    """Return everything that the tables hold of a person, by table, and the originals that hold them.

    Raises ``UsageError`` if nobody is known by the id, ``InputError`` without the key.
    """
    pseudonyms = store.pseudonyms()
    who = Somebody.known_as(id, pseudonyms)
    events = {event.id: event for event in read_events(store.path / "tables" / "imports")}
    tables: dict[str, list[dict[str, Any]]] = {}
    for folder in _tables(store.path):
        rows = []
        for part in delta.waves(folder):
            mine = part.filter(_theirs(folder.name, part, who))
            rows += [row for row in mine.to_pylist() if row["import_id"] in events]
        if rows:
            tables[folder.name] = rows
    if not tables:
        raise UsageError("rights.nobody")
    ids = {row["import_id"] for rows in tables.values() for row in rows}
    files = [events[one] for one in ids if events[one].event == "import"]
    return {
        "respondent": who.id,
        "tables": tables,
        "files": [
            {
                "file": event.file_name,
                "sha256": event.file_sha256,
                "imported": event.at,
                "kind": event.kind,
                "wave": event.wave,
                "original_kept": (store.path / "originals" / event.file_sha256).is_file(),
            }
            for event in sorted(files, key=lambda event: event.at)
        ],
    }


def _tables(folder: Path) -> list[Path]:
    tables = folder / "tables"
    names = sorted(tables.iterdir()) if tables.is_dir() else []
    return [table for table in names if id_column(table.name) is not None]


def _theirs(name: str, rows: pa.Table, who: Somebody) -> pa.ChunkedArray:
    names = pc.is_in(rows[id_column(name)], value_set=pa.array(sorted(who.names), pa.string()))
    return pc.fill_null(names, False)


def _without(name: str, rows: pa.Table, who: Somebody) -> pa.Table:
    return rows.filter(pc.invert(_theirs(name, rows, who)))


def _find(folder: Path, who: Somebody) -> _Found:
    """Return where somebody's rows are, undone imports and those that a crash left included."""
    found, by_others = _Found(), set()
    for table in _tables(folder):
        for part in delta.waves(table):
            mine = part.filter(_theirs(table.name, part, who))
            if table.name == "comments":
                by_others |= set(_without(table.name, part, who)["text"].to_pylist())
            found.people |= set(part[id_column(table.name)].unique().to_pylist()) - {None}
            if not len(mine):
                continue
            found.rows[table.name] = found.rows.get(table.name, 0) + len(mine)
            found.imports |= set(mine["import_id"].to_pylist())
            if table.name == "members":
                found.released |= set(mine["import_id"].to_pylist())
            if table.name == "comments":
                found.said |= set(filter(None, mine["text"].to_pylist()))
    found.texts = {text for text in found.said - by_others if len(text) >= _LONG}
    return found


def _originals_of(
    store: "Store", who: Somebody, found: _Found, log: tuple[Event, ...], pseudonyms: Pseudonyms
) -> tuple[tuple[str, ...], set[str]]:
    """Return the originals to delete, and what only this person says in them.

    Those are the files behind their rows, those that no import knows (a crash left them), and those with a
    row of theirs that no table has: it was left out as unfinished or repeated.
    """
    sources = {event.file_sha256 for event in log if event.id in found.imports}
    known = {event.file_sha256 for event in log}
    people = frozenset(found.people)
    held, words = [], set()
    for file in originals.kept(store.path / "originals"):
        said = words_in(store.original(file.name), who, pseudonyms, people)
        if said is not None or file.name in sources or file.name not in known:
            held.append(file.name)
            words |= said or set()
    return tuple(held), words


def _note(folder: Path, log: tuple[Event, ...], found: _Found) -> None:
    """Add an event for each wave whose releases held the person, or one for all where none did."""
    waves = sorted({event.wave for event in log if event.id in found.released})
    for wave in waves or [""]:
        event = Event(uuid4().hex, next_moment(log), "erase", "respondent", wave, rows=int(bool(wave)))
        append_event(folder / "tables" / "imports", event)
        log = (*log, event)


def _drop_mappings(folder: Path, words: set[str]) -> int:
    """Delete the kept readings of files that quote somebody; they are made again at the next upload."""
    gone = 0
    for file in sorted((folder / "mappings").glob("*")):
        text = " ".join(file.read_text(encoding="utf-8", errors="replace").split())
        if file.suffix == ".part" or any(" ".join(word.split()) in text for word in words):
            file.unlink()
            gone += file.suffix != ".part"
    return gone


def _clear_file_names(folder: Path, who: Somebody) -> int:
    """Take the id out of the names of files in the event log."""
    if not who.telling:
        return 0
    cleared = 0

    def change(rows: pa.Table) -> pa.Table:
        nonlocal cleared
        names = rows["file_name"].to_pylist()
        kept = ["" if who.id in (name or "") else name for name in names]
        cleared += sum(one != other for one, other in zip(names, kept, strict=True))
        place = rows.schema.get_field_index("file_name")
        return rows.set_column(place, rows.schema.field("file_name"), pa.array(kept, pa.string()))

    delta.rewrite(folder / "tables" / "imports", change)
    return cleared
