"""Charts of the Programmes page: what changed, and one outcome period by period."""

from typing import Final

import altair as alt
import pandas as pd

from engage.present import look
from engage.present.labels import Names
from engage.present.look import INK, TONE_COLOURS, finish, nothing, released
from engage.present.programme_sentences import amount, interval
from engage.privacy import SafeTable
from engage.words import say

_ROW: Final = 24
_HEIGHT: Final = 300
_COLOURS: Final = {"helped": TONE_COLOURS["positive"], "harmed": TONE_COLOURS["negative"], "other": INK}
_PLACES: Final = {
    "value": "estimate",
    "low": "ci_low",
    "high": "ci_high",
    "least": "band_low",
    "most": "band_high",
}
_SCALES: Final = ("people", "new_staff", "conditions")


def programme_effects(table: SafeTable, names: Names) -> alt.LayerChart:
    """Return the overall effects on scales with 95 % intervals, one programme's; ``table`` holds no other."""
    whole = released(table, "programmes")
    frame = whole[(whole["term"] == "overall") & whole["family"].isin(_SCALES)]
    if frame["estimate"].isna().all():
        return nothing(names, whole["hidden_reason"])
    frame = frame[frame["estimate"].notna()]
    rows: list[str] = []
    labels: dict[str, str] = {}
    for family in (one for one in _SCALES if (frame["family"] == one).any()):
        rows.append(f"#{family}")
        labels[rows[-1]] = say(f"programmes.family.{family}", names.lang)
        for outcome in frame.loc[frame["family"] == family, "outcome"]:
            rows.append(f"{family}/{outcome}")
            labels[rows[-1]] = names.outcome(outcome)
    drawn = pd.DataFrame(
        {
            "row": frame["family"] + "/" + frame["outcome"],
            "label": [names.outcome(outcome) for outcome in frame["outcome"]],
            "sign": [verdict if verdict in _COLOURS else "other" for verdict in frame["verdict"]],
            "value": frame["estimate"], "low": frame["ci_low"], "high": frame["ci_high"],
            "shown": [amount(v, u, names) for v, u in zip(frame["estimate"], frame["unit"], strict=True)],
            "interval": [interval(row, names) for _, row in frame.iterrows()],
            "verdict": [say(f"programmes.verdict.{one}", names.lang) for one in frame["verdict"]],
            "people": [names.n(n, band) for n, band in zip(frame["n"], frame["n_band"], strict=True)],
        }
    )  # fmt: skip
    known = [sign for sign in _COLOURS if (drawn["sign"] == sign).any()]
    words = {sign: say(f"programmes.sign.{sign}", names.lang) for sign in known}
    colour = alt.Color(
        "sign:N",
        scale=alt.Scale(domain=known, range=[_COLOURS[sign] for sign in known]),
        legend=alt.Legend(
            orient="top", title=None, labelExpr=f"{look.wording_of(words)}[datum.label]", offset=4
        ),
    )
    axis = alt.Axis(title=say("programmes.axis", names.lang), tickCount=7, format="+.1f")
    x = alt.X("value:Q", axis=axis)
    base = alt.Chart(drawn).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=rows), axis=look.row_axis(labels)),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=say(f"programmes.tip.{field}", names.lang))
            for field in ("label", "shown", "interval", "verdict", "people")
        ],
    )
    layers = [
        alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(color=INK).encode(x=x),
        base.mark_rule(strokeWidth=2.5, opacity=0.8).encode(
            x=alt.X("low:Q", axis=axis), x2="high:Q", color=colour
        ),
        base.mark_point(size=60, filled=True, opacity=1).encode(x=x, color=colour),
    ]
    return finish(layers, _ROW * len(rows))


def event_study(table: SafeTable, family: str, outcome: str, names: Names) -> alt.LayerChart:
    """Return one outcome of one programme period by period, with intervals and the band of all at once."""
    whole = released(table, "programmes")
    own = whole[(whole["family"] == family) & (whole["outcome"] == outcome)]
    frame = own[own["term"].str.startswith("event[") & own["estimate"].notna()]
    if frame.empty:
        return nothing(names, own["hidden_reason"])
    unit = str(frame["unit"].iloc[0])
    factor = 1.0 if unit == "points" else 100.0
    since = frame["term"].str.slice(6, -1).astype(int)
    drawn = pd.DataFrame(
        {
            "since": since, "phase": ["during" if one == "during" else "other" for one in frame["phase"]],
            "period": [p or str(e) for p, e in zip(frame["period"], since, strict=True)],
            **{to: factor * frame[name].astype(float) for to, name in _PLACES.items()},
            "shown": [amount(v, unit, names) for v in frame["estimate"]],
            "interval": [interval(row, names) for _, row in frame.iterrows()],
        }
    ).sort_values("since")  # fmt: skip
    order = drawn["period"].tolist()
    title = say(f"programmes.axis_event.{unit}", names.lang)
    axis = alt.Axis(title=None, tickCount=6, format="+.1f" if unit != "points" else "+.2f")
    base = alt.Chart(drawn).encode(
        x=alt.X("period:N", sort=order, axis=alt.Axis(title=None, labelAngle=-45 if len(order) > 8 else 0)),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=say(f"programmes.tip.{field}", names.lang))
            for field in ("period", "shown", "interval")
        ],
    )
    colour = alt.Color(
        "phase:N", scale=alt.Scale(domain=["other", "during"], range=[INK, "#2583a0"]), legend=None
    )
    bar = max(8, min(40, 500 // len(order)))
    layers = [
        base.mark_bar(opacity=0.18, width=bar).encode(
            y=alt.Y("least:Q", axis=axis), y2="most:Q", color=colour
        ),
        alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(color=INK).encode(y="value:Q"),
        base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", axis=axis), y2="high:Q", color=colour),
        base.mark_point(size=60, filled=True, opacity=1).encode(y=alt.Y("value:Q", axis=axis), color=colour),
    ]
    return finish(layers, _HEIGHT, (title,))
