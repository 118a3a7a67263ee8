"""The few things done with a Delta table: append to it, and pin one version of it.

Two traps are avoided here. Column statistics would copy the beginnings of texts into the transaction log,
where they survive deletion: tables are created without. And delta-rs reads a plain path partly as a URL:
it gets a proper one, and file names are taken from the log, which holds them percent-encoded.
"""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Pinned:
    """One version of a table: its columns, and its live files by wave (``""`` if it is not partitioned)."""

    version: int
    schema: pa.Schema
    files: Mapping[str, tuple[str, ...]]


def pin(folder: Path) -> Pinned | None:
    """Return the newest version of the table in ``folder``, or ``None`` if there is no table yet."""
    table = _open(folder)
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


def rows(pinned: Pinned) -> pa.Table:
    """Return every row of a small, unpartitioned table."""
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


def stored_schema(folder: Path) -> pa.Schema | None:
    """Return the columns of the table in ``folder``, or ``None`` if there is no table yet."""
    table = _open(folder)
    return None if table is None else pa.schema(table.schema())


def _open(folder: Path) -> "DeltaTable | None":
    from deltalake import DeltaTable

    uri = folder.as_uri()
    return DeltaTable(uri) if folder.is_dir() and DeltaTable.is_deltatable(uri) else None
