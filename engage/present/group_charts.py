"""A group's scores beside everyone's and its own of the wave before."""

from collections.abc import Collection
from typing import Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.labels import POINTS, Names
from engage.present.look import INK, finish, nothing, released
from engage.present.score_charts import headed, in_words, tooltip
from engage.privacy import SafeTable
from engage.words import say

_ROW: Final = 23
_LEGEND: Final = 30
_SHAPES: Final = {"group": "square", "everyone": "stroke", "earlier": "diamond"}
_COLOURS: Final = {"group": "#1b6f8a", "everyone": INK, "earlier": "#c8741a"}
_STROKE: Final = "M0,-1 L0,1"


def beside(
    own: SafeTable,
    everyone: SafeTable,
    earlier: tuple[str, SafeTable] | None,
    called: str,
    names: Names,
    *,
    apart: Collection[str] = (),
) -> alt.LayerChart:
    """Return a group's favourable shares with their intervals, everyone's and its earlier ones as marks.

    ``own``, ``everyone``: scores of one wave; ``earlier``: the wave before and the group's scores in it;
    ``apart``: scales whose earlier figures don't compare. Scores in points (eNPS) are left out.
    """
    frame = look.felt(released(own, "scores"), names)
    frame = frame[frame["scale"] != POINTS].reset_index(drop=True)
    if frame["favourable"].isna().all():
        return nothing(names, frame["hidden_reason"])
    rows, labels, colours = headed(look.role_order(names, frame["scale"]), names)
    known = set(frame["scale"])
    legend = {"group": called, "everyone": say("one_pager.everyone", names.lang)}
    marks = [_marks(frame, "group", names), _marks(released(everyone, "scores"), "everyone", names)]
    if earlier is not None:
        before = released(earlier[1], "scores")
        marks.append(_marks(before[~before["scale"].isin(list(apart))], "earlier", names))
        legend["earlier"] = f"{called} {earlier[0]}"
    points = pd.concat(marks, ignore_index=True)
    points = points[points["row"].isin(known) & points["favourable"].notna()]
    bars = frame.assign(row=frame["scale"], **in_words(frame, names))
    base = alt.Chart(
        bars[["row", "label", "shown", "interval", "people", "why", "favourable", "ci_low", "ci_high"]]
    )
    base = base.encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=rows), axis=look.row_axis(labels, colours)),
        tooltip=tooltip(names, "label", "shown", "interval", "people", "why"),
    )
    axis = alt.Axis(format="%", tickCount=5, title=say("charts.favourable_axis", names.lang))
    x = alt.X("favourable:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    layers = [
        base.mark_rule(strokeWidth=2.5, opacity=0.75, color=_COLOURS["group"]).encode(
            x="ci_low:Q", x2="ci_high:Q"
        ),
        _points(points, legend, rows, x, names),
        base.mark_text(align="left", dx=8, color=INK).encode(x="ci_high:Q", text="shown:N"),
        base.transform_filter("!isValid(datum.favourable)")
        .mark_text(align="left", dx=4, color=INK, fontStyle="italic")
        .encode(x=alt.datum(0), text="why:N"),
    ]
    return finish(layers, _ROW * len(rows) + _LEGEND)


def _marks(frame: pd.DataFrame, of: str, names: Names) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": frame["scale"],
            "of": of,
            "favourable": frame["favourable"].astype(float),
            "label": [names.scale_share(scale) for scale in frame["scale"]],
            "shown": [numbers.percent(share) for share in frame["favourable"].astype(float)],
            "interval": [numbers.span(*ends) for ends in zip(frame["ci_low"], frame["ci_high"], strict=True)],
        }
    )


def _points(
    points: pd.DataFrame, legend: dict[str, str], rows: list[str], x: alt.X, names: Names
) -> alt.Chart:
    """Return the marks; one legend tells their form and colour, everyone first drawn, the group last."""
    there = list(legend)
    shapes = [_STROKE if _SHAPES[one] == "stroke" else _SHAPES[one] for one in there]
    words = f"{look.wording_of(legend)}[datum.label]"
    told = alt.Legend(orient="top", title=None, labelExpr=words, offset=4)
    order = points.assign(place=points["of"].map({"everyone": 0, "earlier": 1, "group": 2}))
    marks: alt.Chart = (
        alt.Chart(order.sort_values("place", kind="stable").drop(columns="place"))
        .mark_point(filled=False, size=95, strokeWidth=2.5, opacity=1)
        .encode(
            x=x,
            y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=rows)),
            shape=alt.Shape("of:N", scale=alt.Scale(domain=there, range=shapes), legend=told),
            color=alt.Color(
                "of:N", scale=alt.Scale(domain=there, range=[_COLOURS[one] for one in there]), legend=told
            ),
            tooltip=tooltip(names, "label", "shown", "interval"),
        )
    )
    return marks
