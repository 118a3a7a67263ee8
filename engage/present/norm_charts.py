"""Means beside norms that are means: on the scales' own range."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd

from engage.instrument import Norm, ranges
from engage.present import look, numbers
from engage.present.labels import Names
from engage.present.look import INK, finish, nothing, released
from engage.present.reference_marks import marks_layer
from engage.privacy import SafeTable
from engage.words import say

_ROW: Final = 26
_HEAD: Final = 90
"""The legend above and the axis below: pages fit them into the height."""


def mean_marks(scores: SafeTable, norms: Sequence[Norm], names: Names) -> alt.LayerChart:
    """Return the means of scales beside norms that are means, on the range that most of these scales have.

    ``scores``: of one wave, totals or one group. Scales with another range are left out: one axis can't hold
    both.
    """
    frame = released(scores, "scores").dropna(subset=["mean"])
    reach = ranges(names.instrument) if names.instrument is not None else {}
    mine = dict(zip(frame["scale"], frame["mean"].astype(float), strict=True))
    compared = [
        norm for norm in norms if norm.scale in mine and norm.scale in reach and not math.isnan(norm.mean)
    ]
    if not compared:
        return nothing(names)
    axis = Counter(reach[norm.scale] for norm in compared).most_common(1)[0][0]
    compared = [norm for norm in compared if reach[norm.scale] == axis]
    order = look.role_order(names, [norm.scale for norm in compared])
    marks = [
        {
            "row": norm.scale, "mark": norm.label, "at": norm.mean, "label": names.scale(norm.scale),
            "at_word": numbers.decimal(norm.mean, names.lang),
        }
        for norm in compared
    ]  # fmt: skip
    own = say("norms.mean_own", names.lang)
    bars = pd.DataFrame(
        {
            "row": order,
            "label": [names.scale(scale) for scale in order],
            "mean": [mine[scale] for scale in order],
            "low": axis[0],
            "shown": [numbers.decimal(mine[scale], names.lang, 1) for scale in order],
        }
    )
    labels = {scale: names.scale(scale) for scale in order}
    base = alt.Chart(bars).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=order), axis=look.row_axis(labels)),
        tooltip=[
            alt.Tooltip("label:N", title=say("charts.tip.label", names.lang)),
            alt.Tooltip("shown:N", title=own),
        ],
    )
    title = say("norms.mean_axis", names.lang)
    x = alt.X("mean:Q", scale=alt.Scale(domain=list(axis)), axis=alt.Axis(tickCount=5, title=title))
    layers = [
        base.mark_bar(height=14, opacity=look.BAR, color=INK).encode(x=x, x2="low:Q"),
        base.mark_text(align="left", dx=9, color=INK).encode(x="mean:Q", text="shown:N"),
        marks_layer(pd.DataFrame(marks), names),
    ]
    return finish(layers, _ROW * len(order) + _HEAD, own_colours=True)
