"""Shares that add up: how answers are spread from unfavourable to favourable, and who answered."""

from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.difference_charts import ROWS, sign_of, verdict_word
from engage.present.labels import Names
from engage.present.look import INK, SMALL, TONE_COLOURS, finish, nothing, released
from engage.privacy import SafeTable
from engage.words import say

_ROW: Final = 26
_PARTS: Final = ("unfavourable", "neutral", "favourable")
_REST: Final = "rest"
_REST_COLOUR: Final = "#c9cbce"
_PALE: Final = f"datum.part === '{_REST}' || datum.part === 'neutral'"


def distribution(
    table: SafeTable, names: Names, *, by: str = "", scale: str = "", order: Sequence[str] = ()
) -> alt.LayerChart:
    """Return diverging bars: unfavourable to the left, favourable to the right, neutral about the middle.

    ``table``: of kind ``distribution``; with ``by``, a row per group on one ``scale``, else a row per scale
    of the whole wave. Where only the favourable share is shown, what is left stands undivided on the left.
    ``order``: the groups to draw, in this order; else by favourable share, the ``ROWS`` with most people.
    """
    frame = released(table, "distribution")
    single = frame["unfavourable"].notna() & (frame["scale"].map(names.role_of) != "strain")
    frame = frame[(frame["scale"] == scale) if by else single]
    shown = frame.dropna(subset=["favourable"]).reset_index(drop=True)
    if shown.empty:
        return nothing(names, frame["hidden_reason"])
    shown = _ordered(shown, names, by, order)
    labels = {
        str(place): names.level(by, row[by]) if by else names.scale_share(row["scale"])
        for place, row in enumerate(shown.to_dict("records"))
    }
    pieces = _pieces(shown, labels, names)
    parts = [part for part in (*_PARTS, _REST) if part in set(pieces["part"])]
    words = {part: say(f"charts.part.{part}", names.lang) for part in parts}
    colours = _colours(names.role_of(scale) == "strain")
    base = alt.Chart(pieces).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=list(labels)), axis=look.row_axis(labels)),
        tooltip=[
            alt.Tooltip(f"{tip}:N", title=say(f"charts.tip.{tip}", names.lang))
            for tip in ("label", "part_word", "shown", "people")
        ],
    )
    words_of_axis = say("charts.distribution_axis", names.lang)
    axis = alt.Axis(title=words_of_axis, labelExpr="format(abs(datum.value), '.0%')", tickCount=8)
    far = min(float(pieces[["start", "end"]].abs().max().max()) + 0.05, 1.0)
    x = alt.X("start:Q", scale=alt.Scale(domain=[-far, far], nice=False), axis=axis)
    layers = [
        base.mark_bar(height=17).encode(
            x=x,
            x2="end:Q",
            color=alt.Color(
                "part:N",
                scale=alt.Scale(domain=parts, range=[colours[part] for part in parts]),
                legend=alt.Legend(
                    orient="top", title=None, labelExpr=f"{look.wording_of(words)}[datum.label]", offset=4
                ),
            ),
        ),
        base.transform_filter("datum.share >= 0.08")
        .mark_text(fontSize=SMALL)
        .encode(
            x="middle:Q",
            text="shown:N",
            color=alt.condition(_PALE, alt.value("#26282c"), alt.value("#ffffff")),
        ),
    ]
    return finish(layers, _ROW * len(labels))


def response(table: SafeTable, by: str, names: Names) -> alt.LayerChart:
    """Return the share of each group that answered, lowest first; reliably low or high ones are coloured.

    ``table``: of kind ``response``. At most ``ROWS`` groups are drawn: those with the lowest shares.
    """
    frame = released(table, "response").dropna(subset=["rate"])
    if frame.empty:
        return nothing(names)
    frame = frame.sort_values("rate", kind="stable")
    title = []
    if len(frame) > ROWS:
        title.append(say("charts.lowest_cut", names.lang, shown=ROWS, all=len(frame)))
        frame = frame.head(ROWS)
    rows = pd.DataFrame(
        {
            "row": [str(place) for place in range(len(frame))],
            "label": [names.level(by, value) for value in frame[by]],
            "rate": frame["rate"].to_numpy(),
            "shown": [numbers.percent(rate) for rate in frame["rate"]],
            "people": look.safe_people(names, frame["n"], frame["n_band"]),
            "invited": look.safe_people(names, frame["invited"], frame["invited_band"]),
            "sign": [sign_of(verdict, "", names) for verdict in frame["verdict"]],
            "verdict": [verdict_word(verdict, names) for verdict in frame["verdict"]],
        }
    )
    labels = dict(zip(rows["row"], rows["label"], strict=True))
    signs = {"better": TONE_COLOURS["positive"], "worse": TONE_COLOURS["negative"], "none": INK}
    tips = {"label": "label", "shown": "rate", "people": "people", "invited": "invited", "verdict": "verdict"}
    base = alt.Chart(rows).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=list(labels)), axis=look.row_axis(labels)),
        tooltip=[
            alt.Tooltip(f"{tip}:N", title=say(f"charts.tip.{key}", names.lang)) for tip, key in tips.items()
        ],
    )
    axis = alt.Axis(format="%", tickCount=5, title=say("charts.rate_axis", names.lang))
    x = alt.X("rate:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    colour = alt.Color("sign:N", legend=None, scale=alt.Scale(domain=list(signs), range=list(signs.values())))
    layers = [
        base.mark_bar(height=14, opacity=look.BAR).encode(x=x, color=colour),
        base.mark_text(align="left", dx=6, color=INK).encode(x="rate:Q", text="shown:N"),
    ]
    return finish(layers, _ROW * len(rows), title)


def _ordered(shown: pd.DataFrame, names: Names, by: str, order: Sequence[str]) -> pd.DataFrame:
    if not by:
        known = look.role_order(names, shown["scale"])
        return shown.set_index("scale").loc[known].reset_index()
    if order:
        keys = shown[by].astype(object).where(shown[by].notna(), "").astype(str)
        return shown.assign(_key=keys).set_index("_key").reindex([k for k in order if k in set(keys)])
    size = shown["n"].astype("Float64").fillna(0)
    kept = shown.loc[size.sort_values(ascending=False, kind="stable").index[:ROWS]]
    return kept.sort_values("favourable", ascending=False, kind="stable")


def _pieces(shown: pd.DataFrame, labels: dict[str, str], names: Names) -> pd.DataFrame:
    """Return one bar piece per row and part, with where it begins and ends."""
    rows = []
    people = look.safe_people(names, shown["n"], shown["n_band"])
    for place, (row, who) in enumerate(zip(shown.to_dict("records"), people, strict=True)):
        favourable, below = float(row["favourable"]), float(row["unfavourable"])
        if pd.isna(below):
            spans = [(_REST, favourable - 1, 0.0), ("favourable", 0.0, favourable)]
        else:
            half = float(row["neutral"]) / 2
            spans = [
                ("unfavourable", -half - below, -half),
                ("neutral", -half, half),
                ("favourable", half, half + favourable),
            ]
        rows += [(str(place), labels[str(place)], part, start, end, who) for part, start, end in spans]
    frame = pd.DataFrame(rows, columns=["row", "label", "part", "start", "end", "people"])
    frame["share"] = (frame["end"] - frame["start"]).round(4)
    frame["middle"] = (frame["end"] + frame["start"]) / 2
    frame["shown"] = [numbers.percent(share) for share in frame["share"]]
    frame["part_word"] = [say(f"charts.part.{part}", names.lang) for part in frame["part"]]
    return frame


def _colours(strain: bool) -> dict[str, str]:
    good, bad = TONE_COLOURS["positive"], TONE_COLOURS["negative"]
    return {
        "unfavourable": good if strain else bad,
        "neutral": TONE_COLOURS["neutral"],
        "favourable": bad if strain else good,
        _REST: _REST_COLOUR,
    }
