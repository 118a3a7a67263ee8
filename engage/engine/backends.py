"""Which of the two back ends runs the expressions: DuckDB in this process, or a Spark cluster."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

import pyarrow as pa

from engage.errors import UsageError
from engage.store import Snapshot

if TYPE_CHECKING:
    import ibis.expr.types as ir

ENGINES: Final = ("duckdb", "spark")
Map = Callable[[pa.Table], pa.Table]


class Backend(Protocol):
    """What the expressions need of a back end; everything else is Ibis."""

    def rows(self, snapshot: Snapshot, table: str) -> "ir.Table":
        """Return every row of the pinned files of ``table``, with ``wave`` as text, columns as declared."""
        ...

    def arrow(self, expr: "ir.Table") -> pa.Table:
        """Run ``expr``; ``EngageError`` where a pinned file is gone."""
        ...

    def map(self, table: pa.Table, function: Map, schema: pa.Schema) -> pa.Table | None:
        """Return ``function`` of the rows, part by part on the workers; ``None`` where there are none."""
        ...


def engine_name() -> str:
    """Return ``ENGAGE_ENGINE``: ``duckdb`` where it is not set. Raises ``UsageError`` for any other name."""
    name = os.environ.get("ENGAGE_ENGINE", "").strip().lower() or ENGINES[0]
    if name not in ENGINES:
        raise UsageError("engine.unknown", where="ENGAGE_ENGINE", name=name, known=ENGINES)
    return name


def backend() -> Backend:
    """Return the back end that ``ENGAGE_ENGINE`` names."""
    if engine_name() == "spark":
        from engage.engine import spark

        return spark.cluster()
    from engage.engine import duck

    return duck.HERE
