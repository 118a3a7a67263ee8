"""The few things done with a Delta table: append to it, pin one version of it, rewrite and forget.

Two traps are avoided here. Column statistics would copy the beginnings of texts into the transaction log,
where they survive deletion: tables are created without. And delta-rs reads a plain path partly as a URL:
it gets a proper one, and file names are taken from the log, which holds them percent-encoded.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from engage.errors import EngageError
from engage.store.schema import conform

if TYPE_CHECKING:
    from deltalake import DeltaTable

_NO_STATISTICS: Final = {"delta.dataSkippingNumIndexedCols": "0"}
_ATTEMPTS: Final = 8
_NAME: Final = len("00000000000000000000.json")


@dataclass(frozen=True, slots=True)
class Pinned:
    """One version of a table: its columns, and its live files by wave (``""`` if it is not partitioned)."""

    version: int
    schema: pa.Schema
    files: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Mark:
    """One version of the table in ``folder``, and what tells it from one of another table that lay there."""

    folder: Path
    version: int
    written: tuple[int, ...]


def newest(folder: Path, version: int | None = None) -> Mark | None:
    """Return the newest version of a table (or the one given) by a look at its log's names alone.

    ``None`` where there is no table, and where the log of that version lies in a checkpoint only.
    """
    log = folder / "_delta_log"
    if version is None:
        try:
            names = [
                file.name for file in log.iterdir() if file.suffix == ".json" and len(file.name) == _NAME
            ]
        except FileNotFoundError:
            return None
        if not names:
            return None
        version = int(max(names).removesuffix(".json"))
    try:
        entry = (log / f"{version:020}.json").stat()
    except FileNotFoundError:
        return None
    return Mark(folder, version, (entry.st_ino, entry.st_size, entry.st_mtime_ns))


def pin(folder: Path, version: int | None = None) -> Pinned | None:
    """Return one version (the newest) of the table in ``folder``, or ``None`` if there is no table yet.

    A version never changes, so it is read once.
    """
    mark = newest(folder, version)
    return _pinned(folder, version) if mark is None else _pinned_at(mark)


@lru_cache(maxsize=256)
def _pinned_at(mark: Mark) -> Pinned | None:
    return _pinned(mark.folder, mark.version)


def _pinned(folder: Path, version: int | None) -> Pinned | None:
    table = _open(folder, version)
    if table is None:
        return None
    actions = pa.table(table.get_add_actions(flatten=True))
    paths = actions["path"].to_pylist()
    partitioned = "partition.wave" in actions.schema.names
    waves = actions["partition.wave"].to_pylist() if partitioned else [""] * len(paths)
    files: dict[str, tuple[str, ...]] = {}
    for wave, path in zip(waves, paths, strict=True):
        files[wave] = (*files.get(wave, ()), str(folder / unquote(path)))
    return Pinned(table.version(), pa.schema(table.schema()), files)


def every_row(folder: Path, version: int | None = None) -> pa.Table | None:
    """Return every row of one version of a small, unpartitioned table; ``None`` if there is no table.

    Begins anew where its files were rewritten and deleted between pinning and reading them.
    """
    for attempt in range(_ATTEMPTS):
        pinned = pin(folder, version)
        try:
            return None if pinned is None else _rows(pinned)
        except FileNotFoundError:
            if attempt == _ATTEMPTS - 1:
                raise
    return None


def _rows(pinned: Pinned) -> pa.Table:
    files = [file for part in pinned.files.values() for file in part]
    tables = [pq.ParquetFile(file).read() for file in files]
    return pa.concat_tables([pinned.schema.empty_table(), *tables], promote_options="default")


def append(folder: Path, table: pa.Table, *, partitioned: bool = True) -> None:
    """Append ``table`` in one transaction, creating the Delta table or adding columns where needed.

    Another writer's change of columns makes this one's commit fail although the data agree; then it starts
    over on the new version. Raises ``InputError`` for a retyped column, ``EngageError`` if others never let
    go.
    """
    from deltalake import DeltaTable, write_deltalake
    from deltalake.exceptions import CommitFailedError

    if _open(folder) is None:
        DeltaTable.create(
            folder.as_uri(),
            schema=table.schema,
            mode="ignore",
            partition_by=["wave"] if partitioned else None,
            configuration=_NO_STATISTICS,
        )
    for attempt in range(_ATTEMPTS):
        current = DeltaTable(folder.as_uri())
        complete, adds_columns = conform(folder.name, table, pa.schema(current.schema()))
        try:
            write_deltalake(current, complete, mode="append", schema_mode="merge" if adds_columns else None)
            return
        except CommitFailedError:
            time.sleep(random.uniform(0, 0.02 * 2**attempt))
    raise EngageError("store.conflict", where=folder.name)


def rewrite(folder: Path, change: Callable[[pa.Table], pa.Table]) -> int:
    """Put what ``change`` makes of each wave's rows in their place; return how many rows fewer there are.

    Each wave is replaced in one transaction, those that stay as they are in none. What was there is left in
    the history until :func:`forget`. Nobody else may write meanwhile.
    """
    from deltalake import write_deltalake

    pinned, fewer = pin(folder), 0
    if pinned is None:
        return 0
    for wave, files in pinned.files.items():
        before = _wave_rows(pinned.schema, wave, files)
        after = change(before)
        if not after.equals(before):
            quoted = wave.replace("'", "''")
            predicate = f"wave = '{quoted}'" if wave != "" else None
            write_deltalake(folder.as_uri(), after, mode="overwrite", predicate=predicate)
            fewer += len(before) - len(after)
    return fewer


def waves(folder: Path) -> Iterator[pa.Table]:
    """Give every row that a table holds, seen by readers or not, a wave at a time."""
    pinned = pin(folder)
    if pinned is None:
        return
    for wave, files in pinned.files.items():
        yield _wave_rows(pinned.schema, wave, files)


def forget(folder: Path) -> None:
    """Delete every file that the present version of a table does not need, whoever left it there."""
    table = _open(folder)
    if table is not None:
        table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)


def version(folder: Path) -> int | None:
    """Return the number of the newest version of the table in ``folder``, or ``None`` if there is none."""
    table = _open(folder)
    return None if table is None else table.version()


def restore(folder: Path, version: int | None) -> None:
    """Make what an earlier version held the newest one again; ``None``: there was no table, so nothing."""
    table = _open(folder)
    if table is None or version == table.version():
        return
    if version is None:
        rewrite(folder, lambda rows: rows.slice(0, 0))
    else:
        table.restore(version)


def compact(folder: Path, *, keep_days: int) -> None:
    """Lay the small files of each wave together, and delete those unused for ``keep_days``.

    Readers that pinned the table before go on reading the old files. Also writes a checkpoint, so that the
    log is not read from its beginning.
    """
    table = _open(folder)
    if table is None:
        return
    table.optimize.compact()
    table.create_checkpoint()
    table.vacuum(retention_hours=24 * keep_days, dry_run=False, enforce_retention_duration=False, full=True)


def _wave_rows(schema: pa.Schema, wave: str, files: Sequence[str]) -> pa.Table:
    parts = []
    for file in files:
        part = pq.ParquetFile(file).read()
        if wave != "":
            part = part.append_column("wave", pa.array([wave] * len(part), pa.string()))
        absent = [field for field in schema if field.name not in part.schema.names]
        for field in absent:
            part = part.append_column(field, pa.nulls(len(part), field.type))
        parts.append(part.select(schema.names).cast(schema))
    return pa.concat_tables(parts)


def stored_schema(folder: Path) -> pa.Schema | None:
    """Return the columns of the table in ``folder``, or ``None`` if there is no table yet."""
    table = _open(folder)
    return None if table is None else pa.schema(table.schema())


def _open(folder: Path, version: int | None = None) -> "DeltaTable | None":
    from deltalake import DeltaTable

    uri = folder.as_uri()
    return DeltaTable(uri, version=version) if folder.is_dir() and DeltaTable.is_deltatable(uri) else None
