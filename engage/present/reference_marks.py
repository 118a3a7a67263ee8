"""Reference marks on the bars of a score: another group, another wave, norms."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import altair as alt
import pandas as pd

from engage.instrument import Norm
from engage.present import look, numbers
from engage.present.labels import Names
from engage.privacy import SafeTable
from engage.words import say

_SHAPES: Final = ("diamond", "triangle-down", "cross", "square", "triangle-up", "circle")
_COLOURS: Final = ("#3b3f46", "#b0486b", "#5b7fd1", "#3f8f5b", "#9a7b2f", "#8a5a9e")
_SIZE: Final = 75


@dataclass(frozen=True, slots=True)
class Beside:
    """Released scores to lay beside others, under a label; scales ``without`` can't be compared."""

    label: str
    table: SafeTable
    without: Collection[str] = field(default_factory=frozenset)


def share_marks(
    scales: Collection[str], names: Names, beside: Sequence[Beside], norms: Sequence[Norm]
) -> pd.DataFrame:
    """Return ``row, mark, at, label, at_word``: favourable shares of tables and norms, in their order."""
    found: list[tuple[str, str, float]] = []
    for one in beside:
        frame = look.released(one.table, "scores").dropna(subset=["favourable"])
        for scale, share in zip(frame["scale"], frame["favourable"], strict=True):
            if scale not in one.without:
                found.append((str(scale), one.label, float(share)))
    found += [(norm.scale, norm.label, norm.favourable) for norm in norms]
    rows = [
        {
            "row": scale,
            "mark": label,
            "at": at,
            "label": names.scale_share(scale),
            "at_word": numbers.percent(at),
        }
        for scale, label, at in found
        if scale in scales and not math.isnan(at)
    ]
    return pd.DataFrame(rows)


def marks_layer(marks: pd.DataFrame, names: Names) -> alt.Chart:
    """Return marks told apart by shape and colour, with a legend; ``marks`` as of :func:`share_marks`."""
    labels = list(dict.fromkeys(marks["mark"]))
    many = len(_SHAPES)
    legend = alt.Legend(orient="top", title=None, symbolSize=_SIZE, columns=2 if len(labels) > 2 else 0)
    shapes = alt.Scale(domain=labels, range=[_SHAPES[k % many] for k in range(len(labels))])
    colours = alt.Scale(domain=labels, range=[_COLOURS[k % many] for k in range(len(labels))])
    layer: alt.Chart = (
        alt.Chart(marks)
        .mark_point(filled=True, size=_SIZE, opacity=1, stroke="#ffffff", strokeWidth=0.8)
        .encode(
            y=alt.Y("row:N", sort=None),
            x=alt.X("at:Q"),
            shape=alt.Shape("mark:N", scale=shapes, legend=legend),
            color=alt.Color("mark:N", scale=colours, legend=legend),
            tooltip=[
                alt.Tooltip(f"{name}:N", title=say(f"charts.tip.{name}", names.lang))
                for name in ("label", "mark", "at_word")
            ],
        )
    )
    return layer
