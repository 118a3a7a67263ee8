"""Charts of leaving: curves of staying with the people behind them, odds, and calibration."""

import math
from typing import Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.labels import Names
from engage.present.look import INK, ROLE_COLOURS, SERIES_COLOURS, finish, nothing, released
from engage.present.staff_sentences import model_name
from engage.privacy import SafeTable
from engage.words import say

_HEIGHT: Final = 320
_ROW: Final = 26
_BELOW: Final = 0.075
"""Height of a row of numbers below the axis, in shares of the plot."""
_YEAR: Final = 12.0
EVERYBODY: Final = ""


def staying(table: SafeTable, by: str, names: Names) -> alt.LayerChart:
    """Return the share who have not left of their own will, by months since hiring, a line per group.

    ``table``: of kind ``survival``, by ``by`` or of everybody. Bands are 95 % intervals; below the axis
    stand the people still there (to fives). Hidden groups are left out.
    """
    whole = released(table, "survival")
    frame = whole.dropna(subset=["time"])
    if frame.empty:
        return nothing(names, whole["hidden_reason"])
    groups, points = curves_of(table, by, names)
    colours = dict(zip(groups, SERIES_COLOURS, strict=False))
    points = points[points["series"].isin(list(colours))]
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    words = {group: points.loc[points["series"] == group, "label"].iloc[0] for group in colours}
    legend = alt.Legend(
        orient="top", title=None, labelExpr=f"{look.wording_of(words)}[datum.label]", offset=4,
        symbolOpacity=1,
    )  # fmt: skip
    colour = alt.Color("series:N", scale=scale, legend=legend if by else None)
    most = float(points["time"].max())
    below = _people_below(points, list(colours))
    scale_y = alt.Scale(domain=[-_BELOW * (len(colours) + 0.4), 1.0], nice=False)
    x = alt.X(
        "time:Q",
        scale=alt.Scale(domain=[0, most * 1.02], nice=False),
        axis=alt.Axis(title=say("attrition.months", names.lang), tickCount=8, grid=False),
    )
    y = alt.Y(
        "share:Q",
        scale=scale_y,
        axis=alt.Axis(title=say("attrition.share", names.lang), format="%", values=[0, 0.25, 0.5, 0.75, 1]),
    )
    base = alt.Chart(points).encode(
        x=x,
        tooltip=[
            alt.Tooltip(f"{field}:N", title=say(f"attrition.tip.{field}", names.lang))
            for field in ("label", "time", "shown", "interval", "there")
        ],
    )
    layers = [
        base.mark_area(opacity=0.14, interpolate="step-after").encode(
            y=alt.Y("low:Q", scale=scale_y), y2="high:Q", color=colour
        ),
        base.mark_line(strokeWidth=2.2, interpolate="step-after").encode(y=y, color=colour),
        base.mark_point(size=26, filled=True, opacity=1).encode(y=y, color=colour),
        alt.Chart(below)
        .mark_text(fontSize=look.SMALL)
        .encode(x=x, y=alt.Y("share:Q", scale=scale_y), text="there:N", color=colour),
    ]
    height = _HEIGHT + _ROW * len(colours)
    return finish(layers, height, say("attrition.curves_title", names.lang).split("\n"))


def _people_below(points: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    """Return the people still there, a row of numbers per group below the axis, a year or more apart."""
    rows = []
    for place, group in enumerate(groups):
        last = -_YEAR
        for row in points[(points["series"] == group) & (points["there"] != "–")].to_dict("records"):
            if row["time"] - last >= _YEAR - 1e-9:
                last = row["time"]
                at = {"time": row["time"], "share": -_BELOW * (place + 0.7), "there": row["there"]}
                rows.append(at | {"series": group})
    return pd.DataFrame(rows, columns=["time", "share", "there", "series"])


def curves_of(table: SafeTable, by: str, names: Names) -> tuple[list[str], pd.DataFrame]:
    """Return the groups and the points of their curves, from where each begins, in words."""
    frame = released(table, "survival").dropna(subset=["time"])
    series = frame[by].astype(str) if by else pd.Series(EVERYBODY, frame.index)
    groups = list(dict.fromkeys(series))
    first = frame.assign(series=series).drop_duplicates("series")
    begin = first.drop(columns="at_risk").assign(time=first["start"].fillna(0.0), survival=1.0)
    begin = begin.assign(ci_low=1.0, ci_high=1.0)
    points = pd.concat([begin, frame.assign(series=series)]).sort_values(["series", "time"])
    ends = zip(points["ci_low"], points["ci_high"], strict=True)
    return groups, pd.DataFrame(
        {
            "series": points["series"],
            "label": [names.level(by, one) if by else "–" for one in points["series"]],
            "time": points["time"], "share": points["survival"], "low": points["ci_low"],
            "high": points["ci_high"],
            "shown": [numbers.percent(float(value)) for value in points["survival"]],
            "interval": [numbers.span(float(a), float(b)) for a, b in ends],
            "there": [names.n(n, None) for n in points["at_risk"]],
        }
    )  # fmt: skip


def odds(table: SafeTable, names: Names) -> alt.LayerChart:
    """Return odds ratios of leaving for one point more on each factor, others equal, with 95 % intervals.

    ``table``: drivers of ``attrition``, of persons. From the released log-odds.
    """
    frame = released(table, "drivers")
    frame = frame[(frame["block"] == "survey") & frame["estimate"].notna()]
    if frame.empty or table.notes.get("level") == "team":
        return nothing(names)
    frame = frame.sort_values("estimate", kind="stable")
    rows = pd.DataFrame(
        {
            "row": frame["driver"], "label": [names.driver(driver) for driver in frame["driver"]],
            "role": [role if role in ROLE_COLOURS else "unlabelled" for role in frame["role"]],
            **{
                name: [math.exp(float(value)) for value in frame[column]]
                for name, column in (("ratio", "estimate"), ("low", "ci_low"), ("high", "ci_high"))
            },
        }
    )  # fmt: skip
    rows["shown"] = [numbers.decimal(value, names.lang) for value in rows["ratio"]]
    ends = zip(rows["low"], rows["high"], strict=True)
    rows["interval"] = [numbers.between(a, b, names.lang) for a, b in ends]
    labels = dict(zip(rows["row"], rows["label"], strict=True))
    roles = [role for role in ROLE_COLOURS if role in set(rows["role"])]
    colour = alt.Color(
        "role:N",
        scale=alt.Scale(domain=roles, range=[ROLE_COLOURS[role] for role in roles]),
        legend=alt.Legend(orient="top", title=None, labelExpr=look.role_words(roles, names), offset=4),
    )
    axis = alt.Axis(
        title=say("attrition.odds_axis", names.lang), values=[0.4, 0.5, 0.6, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2]
    )
    x = alt.X("ratio:Q", scale=alt.Scale(type="log", nice=False, padding=12), axis=axis)
    base = alt.Chart(rows).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=list(labels)), axis=look.row_axis(labels)),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=say(f"attrition.tip.{field}", names.lang))
            for field in ("label", "shown", "interval")
        ],
    )
    layers = [
        alt.Chart(pd.DataFrame({"ratio": [1.0]})).mark_rule(color=INK).encode(x=x),
        base.mark_rule(strokeWidth=2.5, opacity=0.75).encode(
            x=alt.X("low:Q", axis=axis), x2="high:Q", color=colour
        ),
        base.mark_point(size=60, filled=True, opacity=1).encode(x=x, color=colour),
    ]
    return finish(layers, _ROW * len(rows))


def calibration(table: SafeTable, names: Names) -> alt.LayerChart:
    """Return how many left against how many were expected to, by groups of risk, with 95 % intervals.

    A colour per model where there are two.
    """
    frame = released(table, "attrition")
    frame = frame[frame["part"] == "calibration"].dropna(subset=["value"])
    if frame.empty:
        return nothing(names)
    ends = zip(frame["ci_low"], frame["ci_high"], strict=True)
    words = {str(model): model_name(model, names) for model in frame["model"].unique()}
    rows = pd.DataFrame(
        {
            "model": frame["model"], "label": frame["model"].map(words),
            "expected": frame["expected"], "share": frame["value"], "low": frame["ci_low"],
            "high": frame["ci_high"],
            "expected_word": [numbers.percent(float(value)) for value in frame["expected"]],
            "shown": [numbers.percent(float(value)) for value in frame["value"]],
            "interval": [numbers.span(float(a), float(b)) for a, b in ends],
            "people": [names.n(n, None) for n in frame["n"]],
        }
    )  # fmt: skip
    most = max(float(rows["high"].max()), float(rows["expected"].max())) * 1.05
    scale = alt.Scale(domain=[0, most], nice=False)
    x = alt.X(
        "expected:Q",
        scale=scale,
        axis=alt.Axis(title=say("attrition.expected_axis", names.lang), format="%", tickCount=6, grid=False),
    )
    y = alt.Y(
        "share:Q",
        scale=scale,
        axis=alt.Axis(title=say("attrition.observed_axis", names.lang), format="%", tickCount=6),
    )
    legend = alt.Legend(
        orient="top", title=None, labelExpr=f"{look.wording_of(words)}[datum.label]", offset=4
    )
    colour = alt.Color(
        "model:N",
        scale=alt.Scale(domain=list(words), range=list(SERIES_COLOURS[: len(words)])),
        legend=legend if len(words) > 1 else None,
    )
    base = alt.Chart(rows).encode(
        x=x,
        color=colour,
        tooltip=[
            alt.Tooltip(f"{field}:N", title=say(f"attrition.tip.{field}", names.lang))
            for field in ("label", "expected_word", "shown", "interval", "people")
        ],
    )
    line = alt.Chart(pd.DataFrame({"expected": [0.0, most], "share": [0.0, most]}))
    layers = [
        line.mark_line(strokeDash=[4, 4], color=INK, strokeWidth=1).encode(x=x, y=y),
        base.mark_rule(strokeWidth=2, opacity=0.7).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"),
        base.mark_point(size=60, filled=True, opacity=1).encode(y=y),
    ]
    return finish(layers, _HEIGHT, say("attrition.calibration_title", names.lang).split("\n"))
