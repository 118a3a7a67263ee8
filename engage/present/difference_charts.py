"""Points with their intervals, a row each: groups beside all others, waves beside the last, reliability."""

from typing import Any, Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.labels import POINTS, Names, is_missing
from engage.present.look import INK, TONE_COLOURS, finish, nothing, released
from engage.privacy import SafeTable
from engage.words import say

ROWS: Final = 24
"""So many groups are drawn at most: half of them those that lie lowest, half those that lie highest."""

_ROW: Final = 24
_AROUND: Final = 64
"""What legend and axis take of the height, in pixels."""
_SIGNS: Final = ("better", "worse", "none")
_COLOURS: Final = {"better": TONE_COLOURS["positive"], "worse": TONE_COLOURS["negative"], "none": INK}
STATE_COLOURS: Final = {
    "ok": TONE_COLOURS["positive"],
    "look": "#c8741a",
    "not_fit": "#b0486b",
    "unknown": INK,
}
"""Of the traffic lights; their words always stand beside them."""


def differences(table: SafeTable, by: str, scale: str, names: Names) -> alt.LayerChart:
    """Return how far each group lies from everybody else on one scale, with 95 % intervals.

    ``table``: of kind ``comparisons``, by the demographic ``by``. Reliable differences (over all groups and
    scales of the table) are coloured by whether they are good or bad, the others grey. Hidden groups are left
    out. Above ``ROWS`` groups, the lowest and the highest are drawn.
    """
    frame = released(table, "comparisons")
    frame = frame[frame["scale"] == scale]
    shown = _furthest(frame)
    if shown.empty:
        return nothing(names, frame["hidden_reason"])
    title = say("charts.differences_title", names.lang).split("\n")
    if (known := int(frame["difference"].notna().sum())) > ROWS:
        title.append(say("charts.extremes_cut", names.lang, shown=ROWS, all=known))
    rows = pd.DataFrame(
        {
            "label": [names.level(by, value) for value in shown[by]],
            "value": shown["difference"],
            "low": shown["ci_low"],
            "high": shown["ci_high"],
            "sign": [sign_of(verdict, scale, names) for verdict in shown["verdict"]],
            "verdict": [verdict_word(verdict, names) for verdict in shown["verdict"]],
            "mean": [numbers.decimal(mean, names.lang, 1) for mean in shown["mean"]],
            "rest": [numbers.decimal(mean, names.lang, 1) for mean in shown["rest"]],
            "effect": [numbers.decimal(g, names.lang, 1) for g in shown["hedges_g"]],
            "people": look.safe_people(names, shown["n"], shown["n_band"]),
        }
    )
    axis = say("charts.points_axis" if scale == POINTS else "charts.difference_axis", names.lang)
    return _forest(rows, axis, names, ("mean", "rest", "people", "effect", "verdict"), title)


def furthest_groups(table: SafeTable, by: str, scale: str) -> tuple[str, ...]:
    """Return the groups that :func:`differences` draws, in its order; ``""`` for those without a group."""
    frame = released(table, "comparisons")
    values = _furthest(frame[frame["scale"] == scale])[by]
    return tuple("" if is_missing(value) else str(value) for value in values)


def changes(table: SafeTable, wave: str, names: Names) -> alt.LayerChart:
    """Return how each score moved up to ``wave`` since the wave before, with 95 % intervals.

    ``table``: of kind ``changes``. Only reliable changes have a point; of the others the interval is drawn.
    Scores in points are left out.
    """
    frame = released(table, "changes")
    frame = frame[(frame["wave_to"] == wave) & (frame["scale"] != POINTS)].dropna(subset=["ci_low"])
    if frame.empty:
        return nothing(names)
    order = look.role_order(names, frame["scale"])
    frame = frame.set_index("scale").loc[order].reset_index()
    signs = [
        sign_of(_direction(change) if sure else "no_reliable_difference", scale, names)
        for change, sure, scale in zip(frame["change"], frame["reliable"], frame["scale"], strict=True)
    ]
    rows = pd.DataFrame(
        {
            "label": [names.scale(scale) for scale in frame["scale"]],
            "value": frame["change"],
            "low": frame["ci_low"],
            "high": frame["ci_high"],
            "sign": signs,
            "effect": [numbers.decimal(g, names.lang, 1) for g in frame["hedges_g"]],
            "linked": look.safe_people(names, frame["linked"], frame["linked_band"]),
        }
    )
    before = str(frame["wave_from"].iloc[0])
    axis = say("charts.change_axis", names.lang, wave=before)
    return _forest(
        rows, axis, names, ("effect", "linked"), say("charts.changes_title", names.lang).split("\n")
    )


def reliability(quality: SafeTable, names: Names) -> alt.LayerChart:
    """Return alpha of each scale with its interval, and the two limits by which it is judged."""
    frame = released(quality, "quality")
    frame = frame[(frame["check"] == "alpha") & frame["value"].notna()]
    if frame.empty:
        return nothing(names)
    order = look.role_order(names, frame["subject"])
    frame = frame.set_index("subject").loc[order].reset_index()
    rows = pd.DataFrame(
        {
            "row": [str(place) for place in range(len(frame))],
            "label": [names.scale(scale) for scale in frame["subject"]],
            "value": frame["value"],
            "low": frame["ci_low"].clip(lower=0.0),
            "high": frame["ci_high"],
            "state": frame["state"],
            "alpha": [numbers.decimal(value, names.lang) for value in frame["value"]],
            "state_word": [say(f"labels.light.{state}", names.lang) for state in frame["state"]],
            "people": look.safe_people(names, frame["n"], frame["n_band"]),
        }
    )
    labels = dict(zip(rows["row"], rows["label"], strict=True))
    states = [state for state in STATE_COLOURS if state in set(rows["state"])]
    words = {state: say(f"labels.light.{state}", names.lang) for state in states}
    legend = alt.Legend(
        orient="top", title=None, labelExpr=f"{look.wording_of(words)}[datum.label]", offset=4
    )
    colour = alt.Color(
        "state:N",
        scale=alt.Scale(domain=states, range=[STATE_COLOURS[state] for state in states]),
        legend=legend,
    )
    low = min(0.4, float(rows["low"].min()) - 0.05)
    x = alt.X(
        "value:Q",
        scale=alt.Scale(domain=[max(low, 0.0), 1.0], nice=False),
        axis=alt.Axis(title=say("charts.alpha_axis", names.lang), tickCount=6),
    )
    base = _rows(rows, labels, names, ("label", "alpha", "people", "state_word"))
    limits = alt.Chart(pd.DataFrame({"value": [0.6, 0.7]}))
    layers = [
        limits.mark_rule(strokeDash=[4, 4], color=INK, opacity=0.7).encode(x=x),
        base.mark_rule(strokeWidth=2.5, opacity=0.8).encode(x="low:Q", x2="high:Q", color=colour),
        base.mark_point(size=60, filled=True, opacity=1).encode(x=x, color=colour),
    ]
    return finish(layers, _ROW * len(rows) + _AROUND)


def sign_of(verdict: object, scale: str, names: Names) -> str:
    """Return ``better`` or ``worse`` for a reliable difference, by whether high is good on the scale."""
    if verdict not in ("higher", "lower"):
        return "none"
    good = (verdict == "higher") != (names.role_of(scale) == "strain")
    return "better" if good else "worse"


def verdict_word(verdict: object, names: Names) -> str:
    """Return a verdict in words, ``""`` where there is none."""
    return "" if is_missing(verdict) else say(f"labels.verdict.{verdict}", names.lang)


def _furthest(frame: pd.DataFrame) -> pd.DataFrame:
    shown = frame.dropna(subset=["difference"]).sort_values("difference", ascending=False, kind="stable")
    return shown if len(shown) <= ROWS else pd.concat([shown.head(ROWS // 2), shown.tail(ROWS // 2)])


def _direction(change: object) -> str:
    return "higher" if float(str(change)) > 0 else "lower"


def _forest(
    rows: pd.DataFrame, axis: str, names: Names, tips: tuple[str, ...], title: list[str]
) -> alt.LayerChart:
    rows = rows.reset_index(drop=True)
    rows["row"] = [str(place) for place in range(len(rows))]
    rows["shown"] = [
        "–" if is_missing(value) else numbers.decimal(value, names.lang, 1) for value in rows["value"]
    ]
    ends = zip(rows["low"], rows["high"], strict=True)
    rows["interval"] = [numbers.between(low, high, names.lang) for low, high in ends]
    labels = dict(zip(rows["row"], rows["label"], strict=True))
    signs = [sign for sign in _SIGNS if sign in set(rows["sign"])]
    words = {sign: say(f"charts.sign.{sign}", names.lang) for sign in signs}
    colour = alt.Color(
        "sign:N",
        scale=alt.Scale(domain=signs, range=[_COLOURS[sign] for sign in signs]),
        legend=alt.Legend(
            orient="top", title=None, labelExpr=f"{look.wording_of(words)}[datum.label]", offset=4
        ),
    )
    far = max(float(rows[["low", "high"]].abs().max().max()), 0.1)
    x = alt.X(
        "value:Q", scale=alt.Scale(domain=[-far, far], nice=True), axis=alt.Axis(title=axis, tickCount=7)
    )
    base = _rows(rows, labels, names, ("label", "shown", "interval", *tips))
    layers = [
        alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(color=INK).encode(x="value:Q"),
        base.mark_rule(strokeWidth=2.5, opacity=0.75).encode(x="low:Q", x2="high:Q", color=colour),
        base.transform_filter("isValid(datum.value)")
        .mark_point(size=60, filled=True, opacity=1)
        .encode(x=x, color=colour),
    ]
    return finish(layers, _ROW * len(rows) + _AROUND, title)


def _rows(rows: pd.DataFrame, labels: dict[str, str], names: Names, tips: tuple[str, ...]) -> Any:
    """Return a chart of ``rows`` with words on its y axis and in its tooltips."""
    titles = {"shown": "difference"}
    return alt.Chart(rows).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=list(labels)), axis=look.row_axis(labels)),
        tooltip=[
            alt.Tooltip(f"{tip}:N", title=say(f"charts.tip.{titles.get(tip, tip)}", names.lang))
            for tip in tips
        ],
    )
