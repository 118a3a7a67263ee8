"""Charts of scores from wave to wave."""

import json
from collections.abc import Sequence

import altair as alt
import pandas as pd

from engage.present import look
from engage.present.labels import POINTS, Names
from engage.present.look import INK, finish, nothing, released
from engage.present.score_charts import in_words, tooltip
from engage.privacy import SafeTable
from engage.words import say
from engage.workspace import Break

_ACROSS = 720
"""The width that the waves of a wide page share, in pixels; words between them are cut to fit."""


def trend(
    scores: SafeTable,
    scales: Sequence[str],
    names: Names,
    *,
    changes: SafeTable | None = None,
    breaks: Sequence[Break] = (),
) -> alt.LayerChart:
    """Return favourable shares with their intervals by wave, one line per scale, named at its end.

    ``scores``: totals with a ``wave`` column, waves oldest first. A hidden wave leaves a gap. Scores in
    points are left out. At most as many scales as there are colours (8). ``changes``: a triangle marks each
    wave whose mean moved reliably since the wave before, up or down. ``breaks``: a line is cut where its
    scale was asked in other words.
    """
    frame = released(scores, "scores")
    wanted = [s for s in scales if s != POINTS and s in set(frame["scale"])][: len(look.SERIES_COLOURS)]
    frame = frame[frame["scale"].isin(wanted)].reset_index(drop=True)
    if frame.empty or frame["favourable"].isna().all():
        return nothing(names, frame["hidden_reason"])
    waves = [str(wave) for wave in dict.fromkeys(frame["wave"])]
    frame = frame.assign(
        wave=frame["wave"].astype(str),
        stretch=_stretches(frame, waves, breaks),
        **in_words(frame, names),
    )
    columns = [
        "wave",
        "stretch",
        "scale",
        "label",
        "people",
        "shown",
        "interval",
        "why",
        "favourable",
        "ci_low",
        "ci_high",
    ]
    height = 320
    colours = alt.Scale(domain=wanted, range=list(look.SERIES_COLOURS[: len(wanted)]))
    base = alt.Chart(frame[columns]).encode(
        x=alt.X("wave:N", sort=None, scale=_waves(waves, frame["label"], names), axis=look.wave_axis()),
        color=alt.Color("scale:N", scale=colours, legend=None),
        tooltip=tooltip(names, "label", "wave", "shown", "interval", "people", "why"),
    )
    axis = alt.Axis(
        format="%", tickCount=5, title=say("charts.trend_axis", names.lang), domain=False, ticks=False
    )
    y = alt.Y("favourable:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    points = frame.rename(
        columns={"wave": "x", "favourable": "y", "scale": "series", "label": "name", "shown": "value"}
    )
    layers = [
        base.mark_area(opacity=0.12, tooltip=None).encode(
            y=alt.Y("ci_low:Q"), y2="ci_high:Q", detail="stretch:N"
        ),
        base.mark_line(strokeWidth=2.5).encode(y=y, detail="stretch:N"),
        base.mark_point(size=55, filled=True, opacity=1).encode(y=y),
        base.transform_filter("!isValid(datum.favourable)")
        .mark_text(color=INK, fontStyle="italic", dy=-8, limit=_ACROSS // len(waves))
        .encode(y=alt.datum(0), text="why:N", color=alt.value(INK)),
        *_moves(base, frame, y, changes),
        *look.end_labels(points, wanted, height, dict(zip(wanted, look.SERIES_COLOURS, strict=False)), names),
    ]
    title = say("charts.trend_marks", names.lang).split("\n") if changes is not None else ()
    return finish(layers, height, title)


def _stretches(frame: pd.DataFrame, waves: Sequence[str], breaks: Sequence[Break]) -> list[int]:
    """Return for each row how many breaks of its scale lie before it."""
    return [
        sum(one.scale == scale and waves.index(one.wave_to) <= waves.index(str(wave)) for one in breaks)
        for scale, wave in zip(frame["scale"], frame["wave"], strict=True)
    ]


def _moves(base: alt.Chart, frame: pd.DataFrame, y: alt.Y, changes: SafeTable | None) -> list[alt.Chart]:
    """Return triangles where a score moved reliably."""
    if changes is None:
        return []
    found = released(changes, "changes")
    found = found[found["reliable"] & found["change"].astype(float).fillna(0).ne(0)]
    layers = []
    for shape, some in (("triangle-up", found["change"] > 0), ("triangle-down", found["change"] < 0)):
        drawn = found[some & found["scale"].isin(frame["scale"])]
        tests = [
            f"(datum.scale === {json.dumps(scale)} && datum.wave === {json.dumps(str(wave))})"
            for scale, wave in zip(drawn["scale"], drawn["wave_to"], strict=True)
        ]
        if tests:
            marked = base.transform_filter(" || ".join(tests))
            layers.append(marked.mark_point(shape=shape, size=190, filled=True, opacity=1).encode(y=y))
    return layers


def _waves(waves: Sequence[str], labels: pd.Series, names: Names) -> alt.Scale:
    return alt.Scale(type="point", domain=list(waves), padding=0.3, range=look.room_right(names, labels))
