"""A workspace on disk: Delta tables, the instruments used, the originals, and who may write when."""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, get_args

import pyarrow as pa
import pyarrow.compute as pc

from engage.errors import InputError, UsageError
from engage.ingest.pseudonyms import Pseudonyms
from engage.instrument import Instrument, Item, load_instrument
from engage.keys import Key, key_id, key_path, make_key, read_key
from engage.store import delta, originals
from engage.store.events import Event, EventType, append_event, effective, next_moment, read_events
from engage.store.files import FILE, describe, described, locked, write_whole
from engage.store.identities import stand_ins, without_ids
from engage.store.migrations import FORMAT, migrate
from engage.store.notes import Note, append_note, read_notes, standing_notes
from engage.store.schema import Kind, check_declared, conform, responses_table, wave_name
from engage.store.snapshot import Snapshot, survey_file, take_snapshot, teams_file
from engage.store.switching import writing

_UNSAFE_IN_PATHS: Final = "[]%"  # delta-rs takes a path for a URL and fails on these


class Store:
    """The tables of one workspace. Open one with :meth:`open` or make one with :meth:`create`.

    A commit writes its rows first, each marked with the new ``import_id``, and its event last: the event's
    append is the commit, and a crash before it leaves rows that no reader sees. Writers exclude each other by
    a file lock; readers never wait.
    """

    __slots__ = ("id", "key_id", "path", "sample")

    def __init__(self, path: Path, *, id: str, sample: bool, key_id: str) -> None:
        self.path = path
        self.id = id
        self.sample = sample
        self.key_id = key_id

    @classmethod
    def create(cls, path: str | Path, *, sample: bool = False) -> "Store":
        """Make a workspace in ``path``, a new or empty folder, and its key; ``sample`` marks generated data.

        Raises ``UsageError`` if there is a workspace or anything else already, or the path can't hold one,
        ``InputError`` if the key can be neither made nor read.
        """
        folder = _folder(path)
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o700)  # it will hold what people answered
        with locked(folder):
            if (folder / FILE).exists():
                raise UsageError("store.exists", where=str(path))
            if any(not entry.name.startswith(".") for entry in folder.iterdir()):
                raise UsageError("store.not_empty", where=str(path))
            id = str(uuid.uuid4())
            store = cls(folder, id=id, sample=sample, key_id=key_id(make_key(key_path(id))))
            describe(folder, {"format": FORMAT, "id": id, "sample": sample, "key": store.key_id})
        return store

    @classmethod
    def open(cls, path: str | Path) -> "Store":
        """Open the workspace in ``path``.

        Raises ``UsageError`` if there is none, ``InputError`` if ``workspace.json`` is broken or of a format
        this version does not know. One of an older format is brought up to the present one before anything
        else is read (see :mod:`engage.store.migrations`).
        """
        folder = _folder(path)
        if not (folder / FILE).is_file():
            raise UsageError("store.missing", where=str(path))
        document = migrate(folder, described(folder))
        sample, key = document["sample"] is True, str(document["key"])
        return cls(folder, id=str(document["id"]), sample=sample, key_id=key)

    def key(self) -> Key:
        """Return the key of the originals and pseudonyms, which lies outside the workspace.

        Keys that came after the one that the workspace is under are left out: a change of the key was killed,
        or it is an older backup. Raises ``InputError`` if the key is not there or is not the workspace's:
        another one would make other people of the same ids.
        """
        path = key_path(self.id)
        found = read_key(path)
        key = found.back_to(self.key_id)
        if key is None:
            raise InputError("rights.key_other", where=str(path), found=key_id(found), needed=self.key_id)
        return key

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep every other writer out; ``InputError`` if the workspace is under another key by now.

        What a killed writer left is finished or taken back first (:mod:`engage.store.switching`).
        """
        with writing(self.path):
            if described(self.path).get("key") != self.key_id:
                raise InputError("store.key_changed", where=self.path.name)
            yield

    def pseudonyms(self) -> Pseudonyms:
        """Return what makes the pseudonyms of this workspace; raises as :meth:`key`."""
        return Pseudonyms(self.key())

    def original(self, digest: str) -> bytes:
        """Return an original byte for byte; ``InputError`` if it is gone or damaged, and as :meth:`key`."""
        self.key()
        return originals.load(self.path / "originals", digest, read_key(key_path(self.id)))

    def snapshot(self) -> Snapshot:
        """Pin the present state; what is committed later does not show in it."""
        return take_snapshot(self.path, self.id)

    def retain(self, days: int) -> tuple[str, ...]:
        """Remove the originals whose time is over, if they are now kept for ``days``; return their hashes."""
        with self.writing():
            return originals.remove_due(self.path / "originals", days)

    def commit(
        self,
        kind: Kind,
        wave: str | None,
        tables: Mapping[str, pa.Table],
        *,
        instrument: Instrument | None = None,
        original: bytes = b"",
        file_name: str = "",
        teams: bytes = b"",
        keep_days: int = originals.KEPT_DAYS,
        check: Callable[[Snapshot], None] | None = None,
    ) -> Event:
        """Store ``tables`` as one import, all or nothing, and return its event.

        The tables are as :func:`to_arrow` makes them; ``import_id`` and ``wave`` are added (a row's own wave,
        where it has one, is kept), and ids of people become pseudonyms. ``original`` is kept byte for byte
        under its SHA-256, encrypted, for ``keep_days``, the instrument under
        ``surveys/<id>.v<version>.yaml``, a team map under ``teams/<import id>.yaml``. ``check`` is called
        with the present state before anything is written, when no other writer can change it any more; what
        it raises refuses the import.

        Raises ``InputError`` before anything is written if a column is not as declared or would be retyped,
        if the same file is in effect for this kind, wave and instrument, or if the instrument changed
        without a new version, or the key is not there; ``UsageError`` for a wrong combination of arguments.
        """
        wave = wave_name(wave)
        main = _main_table(kind, tables, instrument)
        digest = hashlib.sha256(original).hexdigest() if original else ""
        key, nobody = self.key(), stand_ins([digest])
        tables = {n: without_ids(n, table, Pseudonyms(key), nobody) for n, table in tables.items()}
        with self.writing():
            if check is not None:
                check(self.snapshot())
            log = read_events(self._log)
            event = _new_event(log, "import", kind, wave)
            event = replace(event, instrument=instrument.id if instrument else "")
            _refuse_duplicate(log, event, digest)
            ready = {name: self._ready(name, table, event, instrument) for name, table in tables.items()}
            if instrument is not None:
                self._keep_instrument(instrument)
            if original:
                originals.keep(self.path / "originals", digest, original, key, keep_days)
            if teams:
                file = teams_file(self.path, event.id)
                file.parent.mkdir(exist_ok=True)
                write_whole(file, teams)
            self._append(ready)
            event = replace(
                event,
                instrument_version=instrument.version if instrument else 0,
                file_name=Path(file_name).name,
                file_sha256=digest,
                rows=len(ready[main]),
                tables=tuple(ready),
            )
            append_event(self._log, event)
        return event

    def undo(self, import_id: str) -> Event:
        """Take back an import or a close: its rows are no longer seen (they stay in the files).

        Raises ``UsageError`` if no import or close in effect has that id.
        """
        with self.writing():
            log = read_events(self._log)
            target = next((event for event in effective(log) if event.id == import_id), None)
            if target is None:
                undone = any(event.target == import_id for event in log)
                raise UsageError(
                    "store.already_undone" if undone else "store.event_unknown",
                    where=import_id,
                    id=import_id,
                )
            event = replace(_new_event(log, "undo", target.kind, target.wave), target=target.id)
            append_event(self._log, event)
        return event

    def close(
        self, wave: str | None, cells: pa.Table, *, members: pa.Table | None = None, seen: str = ""
    ) -> Event:
        """Freeze ``wave`` with the ``cells`` that may be published of it, and the ``members`` they are of.

        ``seen`` is the key of the snapshot the cells were computed from: if anything was committed since, the
        close is refused. Undoing the returned event opens the wave again. A closed wave can be closed again
        once something came to it or was taken back; whether that is enough is for the caller to say.

        Raises ``UsageError`` if nothing of the wave is in effect or it is closed, ``InputError`` if the state
        is not the one ``seen`` or the cells have columns of another type than earlier ones.
        """
        wave = wave_name(wave)
        with self.writing():
            snapshot = self.snapshot()
            now = [event for event in snapshot.present.events if event.wave == wave]
            if not now:
                raise UsageError("store.wave_unknown", where=wave, wave=wave)
            closed = any(event.event == "close" for event in now)
            same = now == [event for event in snapshot.events if event.wave == wave]
            if closed and same and not snapshot.erased_since(wave)[-1]:
                raise UsageError("store.already_closed", where=wave, wave=wave)
            if seen and seen != snapshot.key:
                raise InputError("store.changed", where=wave)
            event = _new_event(snapshot.log, "close", "cells", wave)
            tables = {"cells": cells} if members is None else {"cells": cells, "members": members}
            ready = {name: self._ready(name, table, event, None) for name, table in tables.items()}
            self._append(ready)
            event = replace(event, rows=len(cells), tables=tuple(ready))
            append_event(self._log, event)
        return event

    def note(self, note: Note, *, model: bytes = b"") -> Note:
        """Append a note and return it as stored; ``model``: the file of weights that its ``value`` names.

        The file is written first, whole, so that a note never names one that is not there. Raises
        ``UsageError`` for the undo of a note that does not stand.
        """
        with self.writing():
            if model:
                file = self.model_file(note.value)
                file.parent.mkdir(exist_ok=True)
                file.parent.chmod(0o700)
                write_whole(file, model)
            return append_note(self.path / "tables" / "notes", note)

    def notes(self) -> tuple[Note, ...]:
        """Return the notes that no undo has taken back, in the order they were made."""
        return standing_notes(read_notes(self.path / "tables" / "notes"))

    @property
    def has_notes(self) -> bool:
        """Whether anything was ever noted."""
        return delta.version(self.path / "tables" / "notes") is not None

    def model_file(self, name: str) -> Path:
        """Return where the workspace keeps the weights of a model of its own."""
        return self.path / "models" / name

    @property
    def _log(self) -> Path:
        return self.path / "tables" / "imports"

    def _ready(self, name: str, table: pa.Table, event: Event, instrument: Instrument | None) -> pa.Table:
        """Return ``table`` marked, in declared order, and known to fit what is stored."""
        checked = check_declared(name, _marked(table, event), instrument)
        stored = delta.stored_schema(self.path / "tables" / name)
        if stored is not None:
            conform(name, checked, stored)
        return checked

    def _append(self, tables: Mapping[str, pa.Table]) -> None:
        for name, table in tables.items():
            delta.append(self.path / "tables" / name, table)

    def _keep_instrument(self, instrument: Instrument) -> None:
        file = survey_file(self.path, instrument.id, instrument.version)
        if file.exists():
            if file.read_text(encoding="utf-8") != instrument.document:
                raise InputError(
                    "store.instrument_changed",
                    where=file.name,
                    instrument=instrument.id,
                    version=instrument.version,
                )
            return
        for other in sorted(file.parent.glob(f"{instrument.id}.v*.yaml")):
            _refuse_new_meaning(load_instrument(other), instrument)
        file.parent.mkdir(exist_ok=True)
        write_whole(file, instrument.document.encode())


def _folder(path: str | Path) -> Path:
    folder = Path(path).resolve()
    if any(character in str(folder) for character in _UNSAFE_IN_PATHS):
        raise UsageError("store.path", where=str(path), characters=list(_UNSAFE_IN_PATHS))
    if folder.exists() and not folder.is_dir():
        raise UsageError("store.not_a_folder", where=str(path))
    return folder


def _new_event(log: tuple[Event, ...], event: EventType, kind: str, wave: str) -> Event:
    return Event(uuid.uuid4().hex, next_moment(log), event, kind, wave)


def _refuse_duplicate(log: tuple[Event, ...], event: Event, digest: str) -> None:
    for earlier in effective(log) if digest else ():
        same = (earlier.file_sha256, earlier.kind, earlier.wave) == (digest, event.kind, event.wave)
        if same and earlier.instrument == event.instrument:  # a file may hold several questionnaires
            raise InputError("store.duplicate", where=earlier.file_name, wave=event.wave, id=earlier.id)


def _main_table(kind: Kind, tables: Mapping[str, pa.Table], instrument: Instrument | None) -> str:
    if kind not in get_args(Kind):
        raise UsageError("store.kind_unknown", where=kind, kind=kind, kinds=get_args(Kind))
    if kind == "responses" and instrument is None:
        raise UsageError("store.instrument_needed")
    main = responses_table(instrument.id) if kind == "responses" and instrument else kind
    if main not in tables:
        raise UsageError("store.table_needed", where=main, table=main, kind=kind)
    return main


def _marked(table: pa.Table, event: Event) -> pa.Table:
    """Add ``import_id`` and ``wave``; a row's own wave stands."""
    waves: pa.Array = pa.array([event.wave] * len(table), pa.string())
    if "wave" in table.schema.names:
        named = {wave: wave_name(wave) for wave in pc.unique(table["wave"]).to_pylist() if wave}
        own = [named.get(wave, event.wave) for wave in table["wave"].to_pylist()]
        waves = pa.array(own, pa.string())
    rest = table.drop_columns([name for name in ("import_id", "wave") if name in table.schema.names])
    ids = pa.array([event.id] * len(table), pa.string())
    return rest.add_column(0, "wave", waves).add_column(0, "import_id", ids)


def _refuse_new_meaning(kept: Instrument, new: Instrument) -> None:
    """A column keeps its meaning over versions: an item with other options or another key needs a new id."""
    meanings = {item.id: _meaning(item) for item in kept.items}
    for item in new.items:
        if meanings.get(item.id, _meaning(item)) != _meaning(item):
            raise InputError("store.item_changed", where=item.id, item=item.id, instrument=new.id)


def _meaning(item: Item) -> tuple[int, int, bool]:
    return item.minimum, item.maximum, item.reverse_keyed
