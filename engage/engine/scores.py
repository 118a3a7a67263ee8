"""Scores of respondents and of groups."""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from engage.engine.tables import by_import, frame, open_table
from engage.instrument import Instrument, Item
from engage.store import Event, Snapshot, responses_table, wave_name

if TYPE_CHECKING:
    import ibis.expr.types as ir

FAVOURABLE: Final = "__fav"
"""Suffix of the column that holds a respondent's share of favourable answers on a scale."""


def respondent_scores(snapshot: Snapshot, instrument: Instrument, wave: str | None) -> "ir.Table":
    """Return one row per respondent and wave: ``import_id, wave, respondent, started``, demographics, scores.

    For a scale of k items, with answers reverse-keyed by ``minimum + maximum − x``::

        <scale>       mean of the answered items, on the items' own points
        <scale>__fav  share (0–1) of the answered items in the top two options (4 to 11 points) or the top
                      one (2 or 3 points)

    Missing data: both are null unless at least half of the k items are answered. ``wave=None`` takes all
    waves. Who answered a wave in several imports counts once, by the last import. Raises ``UsageError`` if
    nothing of the instrument is stored. R: ``psych::scoreItems(keys, items, impute = "none")`` (which asks
    for one answer only).
    """
    rows = _rows(snapshot, instrument, wave)
    schema = rows.schema()
    kept = ["import_id", "wave", "respondent", "started"]
    aside = {*kept, "seconds", "language", "source"}
    kept += [column for column, kind in schema.items() if column not in aside and not kind.is_int8()]
    sums: dict[str, ir.Value] = {}
    for scale in instrument.scales:
        items = [instrument.item(id) for id in scale.items]
        answers = [_answer(rows, item) for item in items]
        sums[scale.id + "__answered"] = _total([answer.notnull().cast("int32") for answer in answers])
        sums[scale.id] = _total([_keyed(a, i).fill_null(0) for a, i in zip(answers, items, strict=True)])
        sums[scale.id + FAVOURABLE] = _total(
            [_top(a, i).fill_null(False).cast("int32") for a, i in zip(answers, items, strict=True)]
        )
    totals = rows.select(*kept, **sums)
    scores: dict[str, ir.Value] = {}
    for scale in instrument.scales:
        answered = totals[scale.id + "__answered"]
        # null where fewer than half are answered, and so are the quotients
        base = (answered * 2 >= len(scale.items)).ifelse(answered, None).cast("float64")
        scores |= {name: totals[name] / base for name in (scale.id, scale.id + FAVOURABLE)}
    return totals.select(*kept, **scores)


def answers(snapshot: Snapshot, instrument: Instrument, wave: str) -> pd.DataFrame:
    """Return what each respondent of a wave answered: ``respondent``, ``seconds`` and a column per item.

    Answers are as given (not reverse-keyed), null where there is none; items in the questionnaire's order.
    Who answered in several imports counts once, by the last. Raises ``UsageError`` as the scores do.
    """
    rows = _rows(snapshot, instrument, wave)
    items = {item.id: _answer(rows, item) for item in instrument.items}
    return frame(rows.select("respondent", "seconds", **items))


def group_cells(scores_expr: "ir.Table", scales: Sequence[str], by: Sequence[str]) -> pd.DataFrame:
    """Return one row per group and scale: the ``by`` columns, ``scale, n, mean, var, favourable``.

    ``n`` counts respondents with a score on the scale; ``mean`` is theirs, ``var`` its sample variance
    (denominator n − 1; missing for n = 1), ``favourable`` the mean of their shares. Groups where ``n`` is 0
    are there, without numbers. A missing value of a ``by`` column is a group of its own.
    """
    measures: dict[str, ir.Value] = {}
    for scale in scales:
        score = scores_expr[scale]
        measures |= {
            f"{scale}__n": score.count(),
            f"{scale}__mean": score.mean(),
            f"{scale}__var": score.var(how="sample"),
            f"{scale}__favourable": scores_expr[scale + FAVOURABLE].mean(),
        }
    wide = frame(
        scores_expr.group_by(list(by)).aggregate(**measures) if by else scores_expr.aggregate(**measures)
    )
    parts = []
    for scale in scales:
        numbers = {name: wide[f"{scale}__{name}"] for name in ("n", "mean", "var", "favourable")}
        parts.append(wide[list(by)].assign(scale=scale, **numbers))
    return pd.concat(parts, ignore_index=True)


def _rows(snapshot: Snapshot, instrument: Instrument, wave: str | None) -> "ir.Table":
    """Return the answers of a wave (``None``: of all), each respondent's last."""
    table = responses_table(instrument.id)
    name = None if wave is None else wave_name(wave)
    rows = open_table(snapshot, table, name)
    events = [event for event in snapshot.events if table in event.tables and name in (None, event.wave)]
    if len({event.wave for event in events}) < len(events):
        rows = _last_answers(rows, events)
    return rows


def _last_answers(rows: "ir.Table", events: Sequence[Event]) -> "ir.Table":
    import ibis

    order = by_import(rows, {event.id: i for i, event in enumerate(events)}, "int64")
    ranked = rows.mutate(order__=order)
    window = ibis.window(group_by=["wave", "respondent"], order_by=ranked.order__.desc())
    ranked = ranked.mutate(rank__=ibis.rank().over(window))
    return ranked.filter(ranked.rank__ == 0).drop("order__", "rank__")


def _answer(rows: "ir.Table", item: Item) -> "ir.Value":
    """Return the item's column, null where the table has none yet (a newer version of the instrument)."""
    import ibis

    return rows[item.id].cast("int32") if item.id in rows.columns else ibis.null("int32")


def _keyed(answer: Any, item: Item) -> Any:
    return item.minimum + item.maximum - answer if item.reverse_keyed else answer


def _top(answer: Any, item: Item) -> Any:
    return _keyed(answer, item) >= item.maximum - (1 if item.points >= 4 else 0)


def _total(values: Sequence[Any]) -> Any:
    return reduce(add, values)
