"""Charts of rows with intervals: competence gaps, ratings of teams, and what activities go with."""

from collections.abc import Mapping, Sequence
from typing import Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.labels import Names, is_missing
from engage.present.look import INK, SERIES_COLOURS, finish, nothing, released
from engage.privacy import SafeTable
from engage.words import say

_ROW: Final = 25
_VERDICTS: Final = {"short": "#b4532a", "met": INK, "beyond": SERIES_COLOURS[0]}
_SURE: Final = 0.05


def competence(table: SafeTable, names: Names, *, role: str = "") -> alt.LayerChart:
    """Return target less mean, a row per role and competence, with 95 % intervals; ``role``: of one alone.

    ``table``: of kind ``competence``.
    """
    whole = released(table, "competence")
    by = str(table.notes["by"])
    frame = whole[whole["gap"].notna()]
    frame = frame[frame[by] == role] if role else frame
    if frame.empty:
        return nothing(names, whole["hidden_reason"])
    rows, labels = _headed(frame, by, names)
    drawn = pd.DataFrame(
        {
            "row": [f"{group}/{scale}" for group, scale in zip(frame[by], frame["scale"], strict=True)],
            "value": frame["gap"],
            "low": frame["ci_low"],
            "high": frame["ci_high"],
            "kind": frame["verdict"],
            "group": [names.level(by, group) for group in frame[by]],
            "scale": [names.scale(scale) for scale in frame["scale"]],
            "mean": [numbers.decimal(value, names.lang, 1) for value in frame["mean"]],
            "target": [numbers.decimal(value, names.lang, 0) for value in frame["target"]],
            "gap": [numbers.decimal(value, names.lang, 1) for value in frame["gap"]],
            "interval": [
                numbers.between(a, b, names.lang)
                for a, b in zip(frame["ci_low"], frame["ci_high"], strict=True)
            ],
            "people": look.safe_people(names, frame["n"], frame["n_band"]),
            "verdict": [say(f"competence.verdict.{one}", names.lang) for one in frame["verdict"]],
        }
    )
    words = {name: say(f"competence.verdict.{name}", names.lang) for name in _VERDICTS}
    tips = ("group", "scale", "mean", "target", "gap", "interval", "people", "verdict")
    return _intervals(
        drawn, rows, labels, names, words, say("competence.axis", names.lang), tips, "competence"
    )


def profile(table: SafeTable, names: Names, *, team: str = "") -> alt.LayerChart:
    """Return the mean rating of each value and column, of all teams and, beside it, of one ``team``.

    ``table``: of kind ``profile``.
    """
    whole = released(table, "profile")
    frame = whole[whole["mean"].notna() & (whole["team"].isna() | (whole["team"] == team))]
    if frame.empty:
        return nothing(names, whole["hidden_reason"])
    scales = list(dict.fromkeys(frame["scale"]))
    rows = [f"{scale}/{kind}" for scale in scales for kind in (("all", "team") if team else ("all",))]
    labels = {row: names.scale(row.partition("/")[0]) if row.endswith("/all") else "" for row in rows}
    kinds = ["all" if is_missing(one) else "team" for one in frame["team"]]
    every = say("competence.every_team", names.lang)
    drawn = pd.DataFrame(
        {
            "row": [f"{scale}/{kind}" for scale, kind in zip(frame["scale"], kinds, strict=True)],
            "value": frame["mean"],
            "low": frame["ci_low"],
            "high": frame["ci_high"],
            "kind": kinds,
            "team": [every if kind == "all" else team for kind in kinds],
            "scale": [names.scale(scale) for scale in frame["scale"]],
            "mean": [numbers.decimal(value, names.lang, 1) for value in frame["mean"]],
            "interval": [
                numbers.between(a, b, names.lang)
                for a, b in zip(frame["ci_low"], frame["ci_high"], strict=True)
            ],
            "people": look.safe_people(names, frame["n"], frame["n_band"]),
        }
    )
    words = {"all": every, **({"team": team} if team else {})}
    tips = ("team", "scale", "mean", "interval", "people")
    axis = say("competence.axis_level", names.lang)
    return _intervals(drawn, rows, labels, names, words, axis, tips, "competence", domain=(1.0, 5.0))


def activities(table: SafeTable, names: Names, outcome: str) -> alt.LayerChart:
    """Return the slope of an outcome on each activity, with intervals: ``table`` of kind ``activities``."""
    whole = released(table, "activities")
    frame = whole[(whole["outcome"] == outcome) & whole["estimate"].notna()]
    if frame.empty:
        return nothing(names, whole["hidden_reason"])
    labels = {str(one): say(f"activities.name.{one}", names.lang) for one in frame["activity"]}
    sure = [
        "short" if p <= _SURE and v < 0 else "beyond" if p <= _SURE else "met"
        for p, v in zip(frame["p_adjusted"], frame["estimate"], strict=True)
    ]
    drawn = pd.DataFrame(
        {
            "row": frame["activity"],
            "value": frame["estimate"],
            "low": frame["ci_low"],
            "high": frame["ci_high"],
            "kind": sure,
            "activity": list(labels.values()),
            "outcome": [names.outcome(outcome)] * len(frame),
            "estimate": [numbers.decimal(value, names.lang, 3) for value in frame["estimate"]],
            "interval": [
                numbers.between(a, b, names.lang, 3)
                for a, b in zip(frame["ci_low"], frame["ci_high"], strict=True)
            ],
            "people": [names.n(n, None) for n in frame["n"]],
        }
    )
    tips = ("activity", "outcome", "estimate", "interval", "people")
    return _intervals(
        drawn, list(labels), labels, names, {}, say("activities.axis", names.lang), tips, "activities"
    )


def _headed(frame: pd.DataFrame, by: str, names: Names) -> tuple[list[str], dict[str, str]]:
    """Return rows under the heading of each role, and what stands beside them."""
    rows: list[str] = []
    labels: dict[str, str] = {}
    order = [group for group in names.levels(by) if group in set(frame[by])] or list(dict.fromkeys(frame[by]))
    for group in order:
        heading = f"#{group}"
        labels[heading] = names.level(by, group)
        rows.append(heading)
        for scale in frame.loc[frame[by] == group, "scale"]:
            rows.append(f"{group}/{scale}")
            labels[rows[-1]] = names.scale(scale)
    return rows, labels


def _intervals(
    drawn: pd.DataFrame,
    rows: Sequence[str],
    labels: Mapping[str, str],
    names: Names,
    kinds: Mapping[str, str],
    axis_title: str,
    tips: Sequence[str],
    area: str,
    *,
    domain: tuple[float, float] | None = None,
) -> alt.LayerChart:
    """Return points with intervals, a row each, coloured by ``kind``; ``kinds`` words the legend."""
    known = list(kinds) or list(_VERDICTS)
    colours = [_VERDICTS.get(kind, INK if kind == "all" else SERIES_COLOURS[0]) for kind in known]
    legend = (
        alt.Legend(
            orient="top", title=None, labelExpr=f"{look.wording_of(kinds)}[datum.label]", symbolOpacity=1
        )
        if kinds
        else None
    )
    colour = alt.Color("kind:N", scale=alt.Scale(domain=known, range=colours), legend=legend)
    axis = alt.Axis(title=axis_title, tickCount=7)
    scale = alt.Scale(domain=list(domain), nice=False) if domain else alt.Scale(zero=True, padding=12)
    x = alt.X("value:Q", axis=axis, scale=scale)
    base = alt.Chart(drawn).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=list(rows)), axis=look.row_axis(dict(labels))),
        tooltip=[alt.Tooltip(f"{field}:N", title=say(f"{area}.tip.{field}", names.lang)) for field in tips],
    )
    zero = [] if domain else [alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(color=INK).encode(x=x)]
    layers = [
        *zero,
        base.mark_rule(strokeWidth=2.5, opacity=0.8).encode(
            x=alt.X("low:Q", axis=axis, scale=scale), x2="high:Q", color=colour
        ),
        base.mark_point(size=65, filled=True, opacity=1).encode(x=x, color=colour),
    ]
    return finish(layers, _ROW * len(rows) + (60 if kinds else 36))
