"""PySpark: the same expressions on a cluster, for what one machine can't hold.

Without more, a cluster of two worker processes on this machine. ``ENGAGE_SPARK_CONF`` names a file of
Spark's own form (``spark.master spark://host:7077``, a setting a line) for one that is there already.
"""

import atexit
import hashlib
import os
import re
import secrets
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from engage.engine.backends import Map
from engage.errors import EngageError, InputError, UsageError
from engage.store import Snapshot

if TYPE_CHECKING:
    import ibis.expr.operations as ops
    import ibis.expr.types as ir

CONF: Final = "ENGAGE_SPARK_CONF"
_GONE: Final = ("PATH_NOT_FOUND", "FILE_NOT_EXIST", "FileNotFoundException", "does not exist")
_LOCAL: Final = {
    "spark.master": "local-cluster[2,1,1024]",  # two worker processes, a core and 1 GB each
    "spark.executor.memory": "1024m",
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "4",
}
_ALWAYS: Final = {
    "spark.app.name": "engage",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.session.timeZone": "UTC",
    # what a shuffle writes to a worker's disk are answers
    "spark.io.encryption.enabled": "true",
}
_PATTERN: Final = re.compile(r"([][{}*?\\])")
_ROW: Final = "row__"
_LINE: Final = re.compile(r"^\s*(spark\.[^\s=:]+)\s*[\s=:]\s*(.*?)\s*$")
_starting = threading.Lock()
_clusters: "list[Cluster]" = []


def settings(file: Path | None) -> dict[str, str]:
    """Return the settings of a session: those of ``file`` over ours; without one, those of a local cluster.

    Raises ``InputError`` for a file that can't be read or holds a line that is no setting.
    """
    given = {} if file is None else _read(file)
    ours = {} if "spark.master" in given else _LOCAL
    found = {**ours, **_ALWAYS, **given}
    if found["spark.master"].startswith("local-cluster"):
        found = {"spark.authenticate": "true", "spark.authenticate.secret": secrets.token_hex(32), **found}
    return found


def cluster() -> "Cluster":
    """Return the session of this process, started when it is first asked for.

    Raises ``UsageError`` where PySpark or Java is not installed, ``InputError`` as :func:`settings`.
    """
    with _starting:
        if not _clusters:
            file = os.environ.get(CONF)
            _clusters.append(Cluster(_session(settings(Path(file) if file else None))))
    return _clusters[0]


class Cluster:
    """One Spark session, for all threads; see :class:`engage.engine.backends.Backend`."""

    def __init__(self, session: Any) -> None:
        import ibis

        self.session = session
        self.ibis = ibis.pyspark.connect(session)

    def rows(self, snapshot: Snapshot, table: str) -> "ir.Table":
        """Read the pinned files as a view, named by what it is of: files never change."""
        import ibis

        schema, parts = snapshot.schema(table), snapshot.parts(table)
        mark = hashlib.sha256(repr((table, str(schema), sorted(parts.items()))).encode()).hexdigest()
        name = f"engage_{mark[:32]}"
        if not self.session.catalog.tableExists(name):
            self._rows(schema, parts).createOrReplaceTempView(name)
        return self.ibis.sql(f"SELECT * FROM {name}", schema=ibis.Schema.from_pyarrow(schema))

    def _rows(self, schema: pa.Schema, parts: Mapping[str, tuple[str, ...]]) -> Any:
        from pyspark.sql import functions
        from pyspark.sql.pandas.types import from_arrow_schema

        typed = from_arrow_schema(schema)
        inside = type(typed)([field for field in typed if field.name != "wave"])
        nothing = [functions.lit(None).cast(field.dataType).alias(field.name) for field in typed]
        found = self.session.range(0).select(nothing)
        for wave, files in parts.items():
            # a folder's name is no pattern
            named = ["file://" + _PATTERN.sub(r"\\\1", file) for file in files]
            rows = _asked(lambda named=named: self.session.read.schema(inside).parquet(*named))
            found = found.unionByName(rows.withColumn("wave", functions.lit(wave)))
        return found

    def arrow(self, expr: "ir.Table") -> pa.Table:
        """Run ``expr``."""
        query = _compiled(self, expr.op())
        return _asked(lambda: self.session.sql(query).toArrow())

    def map(self, table: pa.Table, function: Map, schema: pa.Schema) -> pa.Table:
        """Spread the rows over the workers, and lay what they return together in the rows' order."""
        numbered = table.append_column(_ROW, pa.array(range(len(table)), pa.int64()))
        made = pa.schema([*schema, pa.field(_ROW, pa.int64())])
        workers = max(self.session.sparkContext.defaultParallelism, 1)
        rows = self.session.createDataFrame(numbered).repartition(2 * workers)
        done = rows.mapInArrow(_Part(function, made), _ddl(made)).toArrow()
        return done.sort_by(_ROW).select(schema.names).cast(schema)


class _Part:
    """What a worker does with its part of the rows: as one table, so that nothing depends on batches."""

    def __init__(self, function: Map, schema: pa.Schema) -> None:
        self.function = function
        self.schema = schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        given = [batch for batch in batches if batch.num_rows]
        if not given:
            return
        rows = pa.Table.from_batches(given)
        done = self.function(rows.drop_columns([_ROW])).append_column(_ROW, rows[_ROW])
        yield from done.cast(self.schema).to_batches()


def _ddl(schema: pa.Schema) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


@lru_cache(maxsize=64)
def _compiled(where: Cluster, expression: "ops.Node") -> str:
    return str(where.ibis.compile(expression.to_expr()))


def _asked(run: Any) -> Any:
    """Return what ``run`` does; ``EngageError`` where a file is gone that was there when it was pinned."""
    from pyspark.errors import PySparkException

    try:
        return run()
    except PySparkException as error:
        if any(words in str(error) for words in _GONE):
            raise EngageError("store.moved") from error
        raise


def _session(conf: Mapping[str, str]) -> Any:
    """Start a session, or join the cluster that ``conf`` names."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError("engine.no_pyspark", where="ENGAGE_ENGINE") from error
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and (Path(home) / "bin" / "java").exists())):
        raise UsageError("engine.no_java", where="ENGAGE_ENGINE")
    local = conf["spark.master"].startswith("local")
    if local:
        _stay_here()
    builder = SparkSession.builder
    for name, value in conf.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    atexit.register(session.stop)
    return session


def _stay_here() -> None:
    """Keep a local cluster to the loopback address, to this Python, and its workers' logs out of the package.

    Workers write their logs below SPARK_HOME, so it gets a folder of links that goes with the process.
    """
    import pyspark

    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    package = str(Path(__file__).parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    if "SPARK_HOME" in os.environ:
        return
    home = Path(tempfile.mkdtemp(prefix="engage-spark-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for entry in Path(pyspark.__file__).parent.iterdir():
        (home / entry.name).symlink_to(entry)
    os.environ["SPARK_HOME"] = str(home)


def _read(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("engine.conf_unreadable", where=str(file)) from error
    found = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        setting = _LINE.match(line)
        if setting is None:
            raise InputError("engine.conf_line", where=str(file), line=number)
        found[setting[1]] = setting[2]
    return found
