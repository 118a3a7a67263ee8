"""Charts of what comments say: words beside scores, emerging themes, wishes."""

from typing import Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.labels import Names
from engage.present.look import INK, SERIES_COLOURS, TONE_COLOURS, finish, nothing, released
from engage.present.voice_tables import part_of
from engage.privacy import SafeTable
from engage.words import say

_ROW: Final = 30
_HEIGHT: Final = 340
_VERDICTS: Final = {"alike": "#76797f", "words_worse": TONE_COLOURS["negative"], "scores_worse": "#c8741a"}


def agreement(table: SafeTable, names: Names, *, question: str, source: str, wave: str) -> alt.LayerChart:
    """Return each factor at its favourable answers (across) and its negative comments (up), for one wave."""
    frame = part_of(released(table, "agreement"), question, source)
    frame = frame[frame["wave"] == wave].reset_index(drop=True)
    if frame.empty:
        return nothing(names)
    points = frame.assign(
        name=[names.theme(theme) for theme in frame["theme"]],
        words=[numbers.percent(share) for share in frame["negative"]],
        score=[numbers.percent(share) for share in frame["favourable"]],
        comments=look.safe_people(names, frame["n"], frame["n_band"]),
        told=[say(f"labels.agreement.{one}", names.lang) for one in frame["verdict"]],
    )[["name", "words", "score", "comments", "told", "verdict", "favourable", "negative"]]
    points["place"] = points.groupby(["favourable", "negative"]).cumcount()
    low, high = points["favourable"].min() - 0.04, points["favourable"].max() + 0.1
    x = alt.X(
        "favourable:Q", scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(format="%", tickCount=5, title=say("voices.axis_scores", names.lang)),
    )  # fmt: skip
    bottom, top = points["negative"].min() - 0.06, points["negative"].max() + 0.06
    y = alt.Y(
        "negative:Q", scale=alt.Scale(domain=[max(bottom, 0), min(top, 1)], nice=False),
        axis=alt.Axis(format="%", tickCount=5, title=say("voices.axis_words", names.lang)),
    )  # fmt: skip
    tips = [
        alt.Tooltip(f"{field}:N", title=say(f"voices.tip.{field}", names.lang))
        for field in ("name", "words", "score", "comments", "told")
    ]
    kinds = [kind for kind in _VERDICTS if kind in set(points["verdict"])]
    legend = look.wording_of({kind: say(f"labels.agreement.{kind}", names.lang) for kind in kinds})
    colour = alt.Color(
        "verdict:N",
        scale=alt.Scale(domain=kinds, range=[_VERDICTS[kind] for kind in kinds]),
        legend=alt.Legend(orient="top", title=None, labelExpr=f"{legend}[datum.label]"),
    )
    base = alt.Chart(points).encode(x=x, y=y, tooltip=tips)
    labels = [
        base.transform_filter(f"datum.place === {place}")
        .mark_text(align="left", dx=9, dy=15 * place)
        .encode(text="name:N", color=colour)
        for place in range(int(points["place"].max()) + 1)
    ]
    return finish([base.mark_point(filled=True, size=110, opacity=1).encode(color=colour), *labels], _HEIGHT)


def emerging(table: SafeTable, names: Names, *, question: str, source: str) -> alt.LayerChart:
    """Return bars of how many comments belong to each emerging theme, and a line where it was a wave
    before.
    """
    frame = part_of(released(table, "emerging"), question, source)
    if frame.empty:
        return nothing(names)
    comma = "、" if names.lang == "zh" else ", "
    rows = frame.assign(
        row=[str(place) for place in range(len(frame))],
        name=[comma.join(phrases) for phrases in frame["phrases"]],
        words=[numbers.percent(share) for share in frame["share"]],
        earlier=["–" if pd.isna(share) else numbers.percent(share) for share in frame["share_before"]],
        comments=look.safe_people(names, frame["n"], frame["n_band"]),
        told=["–" if one is None else say(f"labels.moved.{one}", names.lang) for one in frame["change"]],
    )[["row", "name", "words", "earlier", "comments", "told", "share", "share_before"]]
    labels = dict(zip(rows["row"], rows["name"], strict=True))
    y = alt.Y("row:N", sort=None, scale=alt.Scale(domain=list(rows["row"])), axis=look.row_axis(labels))
    tips = [
        alt.Tooltip(f"{field}:N", title=say(f"voices.tip.{field}", names.lang))
        for field in ("name", "words_share", "earlier", "comments", "told")
    ]
    base = alt.Chart(rows.assign(words_share=rows["words"])).encode(y=y, tooltip=tips)
    most = float(rows[["share", "share_before"]].max().max()) * 1.15
    axis = alt.Axis(format="%", tickCount=5, title=say("charts.tone_axis", names.lang))
    x = alt.X("share:Q", scale=alt.Scale(domain=[0, most]), axis=axis)
    layers = [
        base.mark_bar(height=17, color=SERIES_COLOURS[0]).encode(x=x),
        base.mark_text(align="left", dx=6, color=INK).encode(x=x, text="words:N"),
        base.mark_tick(thickness=2, size=22, color="#26282c").encode(x=alt.X("share_before:Q", axis=axis)),
    ]
    return finish(layers, _ROW * len(rows))
