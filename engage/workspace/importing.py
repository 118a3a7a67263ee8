"""From a file to committed tables: read, check against what is there, score the comments, commit once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import yaml

from engage import engine
from engage.errors import EngageError, InputError, Problem, Rejected, UsageError
from engage.ingest import Kind, Reading, read
from engage.ingest.mapping import load_mapping
from engage.ingest.teams import load_team_map
from engage.instrument import Instrument
from engage.store import (
    WHOLE,
    ExtraType,
    Snapshot,
    Store,
    declared_schema,
    responses_table,
    to_arrow,
    wave_name,
)
from engage.text import sentiment
from engage.text.own import OwnLayer
from engage.workspace.correcting import own_layer

Progress = Callable[[str, int, int], None]
"""Called with a step's name (``reading``, ``comments``, ``writing``), how far it is, and its length."""

_ATTEMPTS: Final = 2
_SCORED: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("language", "tone")),
        ("tone_score", pa.float64()),
        *((name, pa.string()) for name in ("intent", "theme")),
    ]
)
NEEDS_WAVE: Final[tuple[Kind, ...]] = ("responses", "comments")


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did. ``problems`` are the warnings of the file; errors would have refused it.

    ``waits``: the wave is closed, and shows nothing of this before its next close.
    """

    import_id: str
    kind: Kind
    wave: str
    rows: int
    comments: int
    instrument: str | None
    problems: tuple[Problem, ...]
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to import, as the user named it."""

    content: bytes
    name: str
    kind: Kind = "responses"
    wave: str | None = None
    instrument: str | Instrument | None = None
    mapping: str | Path | Mapping[str, object] | None = None


def import_anew(
    store: Callable[[], Store], upload: Upload, progress: Progress, *, keep_days: int
) -> ImportResult:
    """Import a file; begin again where somebody was erased or the key changed while it was read.

    Raises as :func:`import_upload`.
    """
    for _ in range(_ATTEMPTS):
        try:
            return import_upload(store(), upload, progress, keep_days=keep_days)
        except EngageError as error:
            if error.code not in ("store.moved", "store.key_changed"):
                raise
    return import_upload(store(), upload, progress, keep_days=keep_days)


def import_upload(store: Store, upload: Upload, progress: Progress, *, keep_days: int) -> ImportResult:
    """Import a file whole or not at all; the file itself is kept for ``keep_days``.

    Raises ``UsageError`` without a wave where one is needed; ``Rejected`` with every fault of the file;
    ``InputError`` where the same file or the same people are in the wave already, shown or not.
    """
    wave = wave_name(upload.wave)
    if upload.kind in NEEDS_WAVE and wave == WHOLE:
        raise UsageError("workspace.wave_needed", where="wave")
    teams = _team_map(upload)
    progress("reading", 0, 1)
    reading = read(
        upload.content,
        upload.kind,
        upload.instrument,
        upload.mapping,
        name=upload.name,
        surveys=[store.path / "surveys"],
        key=store.key(),
    )
    snapshot = store.snapshot()
    _refuse_twice(store, snapshot.present, reading, wave, upload.name)
    if not reading.ok:
        raise Rejected("workspace.rejected", reading.problems, where=upload.name)
    comments = _scored(reading.comments, progress, own_layer(store))

    def still_welcome(now: Snapshot) -> None:
        """Ask again if others wrote meanwhile: the same people may have been imported."""
        if now.key != snapshot.key:
            _refuse_twice(store, now.present, reading, wave, upload.name)

    progress("writing", 0, 1)
    event = store.commit(
        upload.kind,
        wave,
        _tables(reading, comments),
        instrument=reading.instrument if upload.kind == "responses" else None,
        original=upload.content,
        file_name=upload.name,
        teams=teams,
        keep_days=keep_days,
        check=still_welcome,
    )
    progress("writing", 1, 1)
    return ImportResult(
        import_id=event.id,
        kind=upload.kind,
        wave=wave,
        rows=len(comments) if upload.kind == "comments" else len(reading.table),
        comments=len(comments),
        instrument=reading.instrument.id if upload.kind == "responses" and reading.instrument else None,
        problems=reading.problems,
    )


def _team_map(upload: Upload) -> bytes:
    """Return the renamings that come with an upload as YAML; empty without any."""
    names = load_team_map({"teams": load_mapping(upload.mapping).teams}).names
    return yaml.safe_dump({"teams": dict(names)}, allow_unicode=True).encode() if names else b""


def _refuse_twice(store: Store, snapshot: Snapshot, reading: Reading, wave: str, name: str) -> None:
    asked = reading.instrument.id if reading.kind == "responses" and reading.instrument else ""
    for event in snapshot.events:
        if event.event == "import" and event.file_sha256 == reading.sha256 and event.kind == reading.kind:
            other = event.wave == wave and asked not in ("", event.instrument)
            if not other:  # one file may hold the answers to several questionnaires of a wave
                raise InputError("workspace.same_file", where=name, wave=event.wave)
    if reading.kind != "responses":
        return
    if reading.instrument is None:
        if reading.ok:
            raise InputError("workspace.no_instrument", where=name)
        return
    table = responses_table(reading.instrument.id)
    if table in snapshot.tables:
        rows = engine.open_table(snapshot, table)
        before = engine.frame(rows.filter(rows.wave == wave).select("respondent"))
        pseudonyms, known = store.pseudonyms(), set(before["respondent"])
        again = sum(pseudonyms.stored(id) in known for id in reading.table["respondent"])
        if again:
            raise InputError("workspace.already_answered", where=name, wave=wave, count=again)


def _scored(comments: pd.DataFrame, progress: Progress, own: OwnLayer | None) -> pd.DataFrame:
    if comments.empty:
        return comments
    texts = pa.table({"text": pa.array(comments["text"], pa.string(), from_pandas=True)})
    spread = engine.by_parts(texts, partial(_scored_part, own), _SCORED)
    if spread is not None:
        scored: pd.DataFrame = spread.to_pandas().set_index(comments.index)
    else:
        scored = sentiment(
            comments["text"], progress=lambda done, of: progress("comments", done, of), own=own
        )
    return pd.concat([comments, scored], axis=1)


def _scored_part(own: OwnLayer | None, texts: pa.Table) -> pa.Table:
    """Score some of the texts, on a worker of a cluster: no text's scores depend on its neighbours."""
    return pa.Table.from_pandas(
        sentiment(texts["text"].to_pandas(), own=own), schema=_SCORED, preserve_index=False
    )


def _tables(reading: Reading, comments: pd.DataFrame) -> dict[str, object]:
    tables: dict[str, object] = {}
    if reading.kind == "responses" and reading.instrument is not None:
        name = responses_table(reading.instrument.id)
        tables[name] = to_arrow(reading.table, declared_schema(name, reading.instrument))
    elif reading.kind not in NEEDS_WAVE:
        base = declared_schema(reading.kind).names
        extras: dict[str, ExtraType] = {
            str(name): "double" if pd.api.types.is_float_dtype(reading.table[name]) else "string"
            for name in reading.table.columns
            if name not in base
        }
        tables[reading.kind] = to_arrow(reading.table, declared_schema(reading.kind, extras=extras))
    if len(comments):
        tables["comments"] = to_arrow(comments, declared_schema("comments"))
    return tables
