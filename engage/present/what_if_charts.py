"""Charts of what-if: what the usual change of each factor goes with, and what chosen changes go with."""

from typing import Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.labels import Names
from engage.present.look import INK, ROLE_COLOURS, TONE_COLOURS, finish, nothing, released
from engage.privacy import SafeTable
from engage.words import say

_ROW: Final = 26
_SIGNS: Final = {"better": TONE_COLOURS["positive"], "worse": TONE_COLOURS["negative"], "none": INK}


def levers(table: SafeTable, outcome: str, names: Names) -> alt.LayerChart:
    """Return what the usual rise of each factor alone goes with, for one outcome, largest first."""
    whole = released(table, "levers")
    frame = whole[(whole["outcome"] == outcome) & (whole["direction"] == 1)].dropna(subset=["change"])
    if frame.empty:
        return nothing(names, whole.loc[whole["outcome"] == outcome, "hidden_reason"])
    best = -1.0 if is_strain(outcome, names) else 1.0
    frame = frame.assign(order=best * frame["change"]).sort_values("order", ascending=False, kind="stable")
    rows = pd.DataFrame(
        {
            "row": frame["driver"],
            "label": [
                say("what_if.lever", names.lang, driver=names.driver(d), cap=numbers.decimal(cap, names.lang))
                for d, cap in zip(frame["driver"], frame["cap"], strict=True)
            ],
            "role": [role if role in ROLE_COLOURS else "unlabelled" for role in frame["role"]],
            "change": frame["change"], "low": frame["ci_low"], "high": frame["ci_high"],
            "people": [names.n(n, None) for n in frame["n"]],
        }
    )  # fmt: skip
    roles = [role for role in ROLE_COLOURS if role in set(rows["role"])]
    colour = alt.Color(
        "role:N",
        scale=alt.Scale(domain=roles, range=[ROLE_COLOURS[role] for role in roles]),
        legend=alt.Legend(orient="top", title=None, labelExpr=look.role_words(roles, names), offset=4),
    )
    key = "what_if.axis_share" if frame["unit"].iloc[0] == "share" else "what_if.axis"
    axis = say(key, names.lang, outcome=names.inline(names.outcome(outcome)))
    return _forest(rows, axis, colour, names, share=frame["unit"].iloc[0] == "share")


def what_if(table: SafeTable, names: Names) -> alt.LayerChart:
    """Return what chosen changes go with on each scale of the questionnaire, with 95 % intervals.

    Leaving and service have units of their own and are said in words.
    """
    whole = released(table, "what_if")
    frame = whole[(whole["unit"] == "points") & (whole["level"] == "person")].dropna(subset=["change"])
    if frame.empty:
        return nothing(names, whole["hidden_reason"])
    signs = [sign_of(row, names) for _, row in frame.iterrows()]
    rows = pd.DataFrame(
        {
            "row": frame["outcome"], "label": [names.outcome(outcome) for outcome in frame["outcome"]],
            "sign": signs, "change": frame["change"], "low": frame["ci_low"], "high": frame["ci_high"],
            "people": [names.n(n, None) for n in frame["n"]],
        }
    )  # fmt: skip
    known = [sign for sign in _SIGNS if sign in signs]
    words = {sign: say(f"what_if.sign.{sign}", names.lang) for sign in known}
    colour = alt.Color(
        "sign:N",
        scale=alt.Scale(domain=known, range=[_SIGNS[sign] for sign in known]),
        legend=alt.Legend(
            orient="top", title=None, labelExpr=f"{look.wording_of(words)}[datum.label]", offset=4
        ),
    )
    return _forest(rows, say("what_if.axis_scales", names.lang), colour, names)


def is_strain(outcome: str, names: Names) -> bool:
    """Whether high is bad: strain scales and leaving."""
    return outcome == "attrition" or names.role_of(outcome) == "strain"


def sign_of(row: pd.Series, names: Names) -> str:
    """Return ``better``, ``worse``, or ``none`` where the interval holds 0."""
    low, high = float(row["ci_low"]), float(row["ci_high"])
    if low <= 0 <= high:
        return "none"
    return "better" if (low > 0) != is_strain(str(row["outcome"]), names) else "worse"


def _forest(
    rows: pd.DataFrame, axis: str, colour: alt.Color, names: Names, *, share: bool = False
) -> alt.LayerChart:
    shown = [in_words(value, names, share=share) for value in rows["change"]]
    ends = zip(rows["low"], rows["high"], strict=True)
    rows = rows.assign(shown=shown, interval=[span(a, b, names, share=share) for a, b in ends])
    labels = dict(zip(rows["row"], rows["label"], strict=True))
    ends_of = (min(float(rows["low"].min()), 0.0), max(float(rows["high"].max()), 0.0))
    x_axis = alt.Axis(title=axis, tickCount=7, format="+.1%" if share else "+.2f")
    x = alt.X("change:Q", scale=alt.Scale(domain=list(ends_of), nice=True), axis=x_axis)
    base = alt.Chart(rows).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=list(labels)), axis=look.row_axis(labels)),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=say(f"what_if.tip.{field}", names.lang))
            for field in ("label", "shown", "interval", "people")
        ],
    )
    layers = [
        alt.Chart(pd.DataFrame({"change": [0.0]})).mark_rule(color=INK).encode(x=x),
        base.mark_rule(strokeWidth=2.5, opacity=0.75).encode(
            x=alt.X("low:Q", axis=x_axis), x2="high:Q", color=colour
        ),
        base.mark_point(size=60, filled=True, opacity=1).encode(x=x, color=colour),
    ]
    return finish(layers, _ROW * len(rows))


def in_words(value: float, names: Names, *, share: bool) -> str:
    """Return a change with its sign: in points, or in percentage points of a share."""
    text = numbers.decimal(100 * value if share else value, names.lang, 1 if share else 2)
    return text if text.startswith("\u2212") or not float(value) else f"+{text}"


def span(low: float, high: float, names: Names, *, share: bool) -> str:
    """Return the interval of a change."""
    factor, digits = (100, 1) if share else (1, 2)
    return numbers.between(factor * low, factor * high, names.lang, digits)
