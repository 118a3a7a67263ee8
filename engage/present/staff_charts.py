"""Charts of what the staff list says of leaving: ratios of risk, and head-counts to come."""

from collections.abc import Mapping
from typing import Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.labels import Names
from engage.present.look import INK, SERIES_COLOURS, finish, nothing, released
from engage.present.staff_sentences import group_name
from engage.privacy import SafeTable
from engage.words import say

_ROW: Final = 26
_HEIGHT: Final = 300
_ENDS: Final = {"ratio": "ratio", "low": "ci_low", "high": "ci_high"}
_TICKS: Final = (0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10)


def hazard_ratios(table: SafeTable, names: Names) -> alt.LayerChart:
    """Return ratios of the risk of leaving at the same tenure, after the first 90 days, with 95 % intervals.

    ``table``: of kind ``hazards``. A row per star and level; the level that others are compared with is 1.
    """
    frame = released(table, "hazards")
    frame = frame[(frame["part"] == "later") & (frame["term"] != "") & frame["hidden_reason"].isna()]
    if frame.empty:
        return nothing(names)
    base = frame["ratio"].isna()
    named = [
        names.demographic(row["term"])
        if row["level"] == ""
        else f"{names.demographic(row['term'])} · {group_name(row['term'], row['level'], names)}"
        for row in frame.to_dict("records")
    ]
    rows = pd.DataFrame(
        {
            "row": [f"{term}/{level}" for term, level in zip(frame["term"], frame["level"], strict=True)],
            "label": named,
            **{name: frame[column].fillna(1.0).clip(0.05, 20) for name, column in _ENDS.items()},
            "base": base.to_numpy(),
            "shown": [numbers.decimal(value, names.lang) for value in frame["ratio"].fillna(1.0)],
            "interval": [
                say("attrition.compared", names.lang) if own else numbers.between(low, high, names.lang)
                for own, low, high in zip(base, frame["ci_low"], frame["ci_high"], strict=True)
            ],
        }
    )
    labels = dict(zip(rows["row"], rows["label"], strict=True))
    axis = alt.Axis(title=say("attrition.ratio_axis", names.lang), values=list(_TICKS))
    x = alt.X("ratio:Q", scale=alt.Scale(type="log", nice=False, padding=12), axis=axis)
    chart = alt.Chart(rows).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=list(labels)), axis=look.row_axis(labels)),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=say(f"attrition.tip.{field}", names.lang))
            for field in ("label", "shown", "interval")
        ],
    )
    colour = alt.condition("datum.base", alt.value(INK), alt.value(SERIES_COLOURS[0]))
    layers = [
        alt.Chart(pd.DataFrame({"ratio": [1.0]})).mark_rule(color=INK).encode(x=x),
        chart.mark_rule(strokeWidth=2.5, opacity=0.75).encode(
            x=alt.X("low:Q", axis=axis), x2="high:Q", color=colour
        ),
        chart.mark_point(size=60, filled=True, opacity=1).encode(x=x, color=colour),
    ]
    return finish(layers, _ROW * len(rows) + 20)


def headcount(table: SafeTable, names: Names) -> alt.LayerChart:
    """Return each role group's head-count now and in the years projected, with 95 % intervals.

    ``table``: of kind ``headcount``.
    """
    whole = released(table, "headcount")
    frame = whole[whole["hidden_reason"].isna()]
    if frame.empty:
        return nothing(names, whole["hidden_reason"])
    largest = frame[frame["year"] == 0].sort_values("expected", ascending=False)["role_group"]
    groups = [str(group) for group in largest][: len(SERIES_COLOURS)]
    frame = frame[frame["role_group"].isin(groups)]
    ends = zip(frame["low"], frame["high"], strict=True)
    points = pd.DataFrame(
        {
            "series": frame["role_group"].astype(str), "year": frame["year"].astype(int),
            **{name: frame[name].astype(float) for name in ("expected", "low", "high")},
            "label": [names.level("role_group", group) for group in frame["role_group"]],
            "when": [_when(int(year), names) for year in frame["year"]],
            "shown": [numbers.whole(float(value), names.lang) for value in frame["expected"]],
            "interval": [numbers.between(float(a), float(b), names.lang, 0) for a, b in ends],
        }
    )  # fmt: skip
    words = dict(zip(points["series"], points["label"], strict=True))
    colours = dict(zip(groups, SERIES_COLOURS, strict=False))
    scale = alt.Scale(domain=groups, range=list(colours.values()))
    legend = alt.Legend(
        orient="top", title=None, labelExpr=f"{look.wording_of(words)}[datum.label]", offset=4,
        symbolOpacity=1,
    )  # fmt: skip
    colour = alt.Color("series:N", scale=scale, legend=legend)
    years = sorted(points["year"].unique())
    spoken = look.wording({str(year): _when(int(year), names) for year in years})
    x = alt.X(
        "year:Q",
        scale=alt.Scale(domain=[min(years) - 0.08, max(years) + 0.25], nice=False),
        axis=alt.Axis(title=None, values=[int(year) for year in years], labelExpr=spoken, grid=False),
    )
    top = float(points["high"].max()) * 1.03
    y = alt.Y(
        "expected:Q",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(title=say("attrition.headcount.axis", names.lang), tickCount=5, format=",d"),
    )
    base = alt.Chart(points).encode(
        x=x,
        tooltip=[
            alt.Tooltip(f"{field}:N", title=say(f"attrition.tip.{title}", names.lang))
            for field, title in (
                ("label", "label"), ("when", "year"), ("shown", "people_ahead"), ("interval", "interval"),
            )
        ],
    )  # fmt: skip
    layers = [
        base.mark_area(opacity=0.16).encode(y=alt.Y("low:Q"), y2="high:Q", color=colour),
        base.mark_line(strokeWidth=2.2).encode(y=y, color=colour),
        base.mark_point(size=40, filled=True, opacity=1).encode(y=y, color=colour),
        *_at_the_end(points[points["year"] == max(years)], top, x, y, colours),
    ]
    return finish(layers, _HEIGHT, say("attrition.headcount.title", names.lang).split("\n"))


def _at_the_end(
    last: pd.DataFrame, top: float, x: alt.X, y: alt.Y, colours: Mapping[str, str]
) -> list[alt.Chart]:
    """Return each group's number behind the end of its line, moved apart where lines end close together."""
    ends = last.sort_values("expected", ascending=False)
    wanted = [_HEIGHT * (1 - float(value) / top) for value in ends["expected"]]
    places = look.spread(wanted, 15, _HEIGHT - 7)
    return [
        alt.Chart(ends.iloc[[k]])
        .mark_text(align="left", dx=8, dy=round(place - at), fontWeight="bold", color=colours[series])
        .encode(x=x, y=y, text="shown:N")
        for k, (series, at, place) in enumerate(zip(ends["series"], wanted, places, strict=True))
    ]


def _when(year: int, names: Names) -> str:
    key = "attrition.headcount.year" if year else "attrition.headcount.now"
    return say(key, names.lang, **({"year": year} if year else {}))
