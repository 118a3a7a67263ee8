"""Opens tables of a pinned snapshot: committed rows only, every wave a text, columns as declared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from engage.engine.backends import Map, backend
from engage.store import WHOLE, Snapshot, wave_name

if TYPE_CHECKING:
    import ibis.expr.types as ir


def open_table(snapshot: Snapshot, table: str, wave: str | None = None) -> "ir.Table":
    """Return the rows of ``table`` that are committed and not undone, as of ``snapshot``.

    With a ``wave``, those of that wave; no file of another is looked at.

    The columns are those of the pinned Delta version, null in rows imported before a column was added;
    ``wave`` is always text. A fixed table (comments, people, …) that holds nothing yet comes back without
    rows; any other raises ``UsageError``.
    """
    rows = backend().rows(snapshot if wave is None else _alone(snapshot, table, wave), table)
    rows = rows.filter(rows.import_id.isin(snapshot.import_ids(table)))
    return with_present_teams(rows, snapshot) if "team" in rows.columns else rows


def _alone(snapshot: Snapshot, table: str, wave: str) -> Snapshot:
    if table not in snapshot.pins:
        return snapshot
    pinned = snapshot.pins[table]
    files = {name: files for name, files in pinned.files.items() if name == wave}
    return replace(snapshot, pins={**snapshot.pins, table: replace(pinned, files=files)})


def who_and_when(tables: Sequence["ir.Table"]) -> tuple[int, datetime | None, datetime | None]:
    """Return how many respondents some answers are of, and when the first and the last was given (UTC)."""
    parts = [rows.select("respondent", "started") for rows in tables]
    rows = reduce(lambda one, other: one.union(other), parts)
    found = frame(
        rows.aggregate(n=rows.respondent.nunique(), first=rows.started.min(), last=rows.started.max())
    )
    n, first, last = found.astype(object).where(found.notna(), None).iloc[0]
    return int(n), first, last


def with_present_teams(rows: "ir.Table", snapshot: Snapshot) -> "ir.Table":
    """Return rows with ``import_id`` and ``team``, teams renamed as ``snapshot.renames`` says."""
    import ibis

    for earlier, teams in snapshot.renames:
        concerned = rows.import_id.isin(earlier)
        written = frame(rows.filter(concerned).select("team").distinct())["team"].dropna()
        new = {team: now for team in written if (now := teams.present(team)) != team}
        if new:
            rows = rows.mutate(team=ibis.ifelse(concerned, rows.team.substitute(new), rows.team))
    return rows


def frame(expr: "ir.Table") -> pd.DataFrame:
    """Return the rows of ``expr``.

    Numbers are floats where any is missing, dates ``datetime64``, yes/no ``boolean``, text ``str``. Raises
    ``EngageError`` where a pinned file is gone: somebody was erased, or the key changed, since it was pinned.
    """
    booleans = {pa.bool_(): pd.BooleanDtype()}
    rows = backend().arrow(expr).cast(expr.schema().to_pyarrow())
    found: pd.DataFrame = rows.to_pandas(date_as_object=False, types_mapper=booleans.get)
    return found


def latest_people(snapshot: Snapshot, as_of_wave: str | None = None) -> "ir.Table":
    """Return one row per respondent: the last known value of each column of ``people``.

    Last by the date a row describes (``as_of``; without one, the day it was imported), then by commit order,
    then by wave. A null never replaces a value. ``import_id`` and ``wave`` are the last row's.
    With ``as_of_wave`` only that wave's rows and those of no wave count, and the wave's own come last: what a
    person was then, not what became of them.
    """
    import ibis

    people = open_table(snapshot, "people")
    if as_of_wave is not None:
        people = people.filter(people.wave.isin([as_of_wave, WHOLE]))
    events = [event for event in snapshot.events if "people" in event.tables]
    imported = by_import(people, {event.id: event.at.date() for event in events}, "date")
    order = by_import(people, {event.id: i for i, event in enumerate(events)}, "int64")
    own = ibis.literal(0) if as_of_wave is None else (people.wave == as_of_wave).cast("int32")
    dated = people.mutate(own__=own, as_of__=people.as_of.coalesce(imported), order__=order)
    window = ibis.window(
        group_by="respondent", order_by=[dated.own__, dated.as_of__, dated.order__, dated.wave]
    )
    ranked = dated.mutate(rank__=ibis.row_number().over(window))
    values = [column for column in people.columns if column != "respondent"]
    last = {column: ranked[column].argmax(ranked.rank__, where=ranked[column].notnull()) for column in values}
    return ranked.group_by("respondent").aggregate(**last).select(people.columns)


def comments(snapshot: Snapshot, waves: str | Sequence[str] | None) -> "ir.Table":
    """Return the comments of one or more waves (``None``: of all) with what the text models said of them.

    Columns: ``respondent, wave, question, source, text, language, tone, tone_score, intent, theme, team``.
    """
    rows = open_table(snapshot, "comments")
    if waves is not None:
        asked = [waves] if isinstance(waves, str) else waves
        rows = rows.filter(rows.wave.isin([wave_name(wave) for wave in asked]))
    said = ("respondent", "wave", "question", "source", "text")
    return rows.select(*said, "language", "tone", "tone_score", "intent", "theme", "team")


def by_import(rows: "ir.Table", values: Mapping[str, object], kind: str) -> "ir.Value":
    """Return an expression that gives each row the value of its import."""
    import ibis

    if not values:
        return ibis.null(kind)
    return ibis.cases(*((rows.import_id == id, ibis.literal(v, kind)) for id, v in values.items()))


def by_parts(table: pa.Table, function: Map, schema: pa.Schema) -> pa.Table | None:
    """Return ``function`` of the rows of ``table``, its parts worked out by the workers of a cluster.

    ``function`` gives a row of ``schema`` for each row, whatever rows stand beside it. On DuckDB there are no
    workers: ``None``, and the caller does it in its own way.
    """
    return backend().map(table, function, schema)
