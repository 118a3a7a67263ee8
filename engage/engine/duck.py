"""DuckDB, in this process: the back end that needs nothing else."""

import threading
from functools import lru_cache
from glob import escape
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from engage.engine.backends import Map
from engage.errors import EngageError
from engage.store import Snapshot

if TYPE_CHECKING:
    import ibis.expr.operations as ops
    import ibis.expr.types as ir

_GONE: Final = ("No files found", "Cannot open file")
_SQL_TYPES: Final = {
    "string": "VARCHAR",
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date32[day]": "DATE",
    "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
}
_SETTINGS: Final = {
    # nothing is ever fetched from the network, and no answer is spilled to a temporary file
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "temp_directory": "",
}
_own = threading.local()  # a DuckDB connection must not be shared by threads


class DuckDB:
    """The back end of one thread; see :class:`engage.engine.backends.Backend`."""

    def rows(self, snapshot: Snapshot, table: str) -> "ir.Table":
        """Read the pinned files; nothing is listed, so nothing else in the folder is seen."""
        import ibis

        schema = snapshot.schema(table)
        typed = ", ".join(f"CAST(NULL AS {_SQL_TYPES[str(f.type)]}) AS {_name(f.name)}" for f in schema)
        selects = [f"SELECT {typed} WHERE FALSE"]
        for wave, files in snapshot.parts(table).items():
            listed = ", ".join(_text(escape(file)) for file in files)
            selects.append(
                f"SELECT *, CAST({_text(wave)} AS VARCHAR) AS wave"
                # not from the folder names: DuckDB guesses their types, and a folder above may look like one
                f" FROM read_parquet([{listed}], union_by_name=true, hive_partitioning=false)"
            )
        query = " UNION ALL BY NAME ".join(selects)
        return _connection().sql(query, schema=ibis.Schema.from_pyarrow(schema))

    def arrow(self, expr: "ir.Table") -> pa.Table:
        """Run ``expr``."""
        from duckdb import IOException

        try:
            return _connection().con.sql(_compiled(expr.op())).to_arrow_table()
        except IOException as error:
            if any(words in str(error) for words in _GONE):
                raise EngageError("store.moved") from error
            raise

    def map(self, table: pa.Table, function: Map, schema: pa.Schema) -> None:  # noqa: ARG002
        """Say that the caller's own process is the place."""
        return


HERE: Final = DuckDB()


@lru_cache(maxsize=64)
def _compiled(expression: "ops.Node") -> str:
    """Return the SQL of an expression: writing it takes longer than running it, and pages ask again."""
    return str(_connection().compile(expression.to_expr()))


def _connection() -> Any:
    import ibis

    if not hasattr(_own, "connection"):
        _own.connection = ibis.duckdb.connect(**_SETTINGS)
        _own.connection.raw_sql("SET TimeZone = 'UTC'")
    return _own.connection


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
