"""Charts of the workforce: head-counts or the mix beside the plan, and time in grade."""

from typing import Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.labels import Names, is_missing
from engage.present.look import SERIES_COLOURS, finish, nothing, released
from engage.privacy import SafeTable
from engage.words import say

_HEIGHT: Final = 320
_AREAS: Final = {
    False: ("expected", "low", "high", "target"),
    True: ("share", "share_low", "share_high", "target_share"),
}


def workforce(table: SafeTable, names: Names, *, share: bool = False) -> alt.LayerChart:
    """Return each role group's head-count (or share) on the staff lists, then projected, with the plan.

    ``table``: of kind ``workforce``.
    """
    whole = released(table, "workforce")
    frame = whole[whole["hidden_reason"].isna()]
    if frame.empty:
        return nothing(names, whole["hidden_reason"])
    points = _points(frame, names, share=share)
    groups = list(dict.fromkeys(points.sort_values("value", ascending=False)["series"]))[
        : len(SERIES_COLOURS)
    ]
    points = points[points["series"].isin(groups)]
    words = dict(zip(points["series"], points["label"], strict=True))
    scale = alt.Scale(domain=groups, range=list(SERIES_COLOURS[: len(groups)]))
    legend = alt.Legend(
        orient="top",
        title=None,
        labelExpr=f"{look.wording_of(words)}[datum.label]",
        offset=4,
        symbolOpacity=1,
    )
    colour = alt.Color("series:N", scale=scale, legend=legend)
    x = alt.X("date:T", axis=alt.Axis(title=None, grid=False, format="%Y-%m", tickCount=6))
    top = float(points[["value", "high", "target"]].max().max()) * 1.06
    y = alt.Y(
        "value:Q",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(
            title=say(f"workforce.axis{'_share' if share else ''}", names.lang),
            tickCount=5,
            format=".0%" if share else ",d",
        ),
    )
    tips = [
        alt.Tooltip(f"{field}:N", title=say(f"workforce.tip.{title}", names.lang))
        for field, title in (
            ("label", "group"),
            ("when", "when"),
            ("shown", "share" if share else "people"),
            ("interval", "interval"),
            ("planned", "target"),
            ("why", "verdict"),
        )
    ]
    base = alt.Chart(points).encode(x=x, tooltip=tips)
    layers = [
        base.transform_filter("isValid(datum.low)")
        .mark_area(opacity=0.15)
        .encode(y=alt.Y("low:Q"), y2="high:Q", color=colour),
        base.mark_line(strokeWidth=2.2).encode(y=y, color=colour),
        base.mark_point(size=40, filled=True, opacity=1).encode(y=y, color=colour),
        base.transform_filter("isValid(datum.target)")
        .mark_point(shape="diamond", size=110, strokeWidth=2, filled=False, opacity=1)
        .encode(y=alt.Y("target:Q"), color=colour),
    ]
    return finish(layers, _HEIGHT, say("workforce.title", names.lang).split("\n"))


def _points(frame: pd.DataFrame, names: Names, *, share: bool) -> pd.DataFrame:
    value, low, high, target = (frame[name].astype(float) for name in _AREAS[share])
    last = frame.loc[frame["part"] == "actual", "date"].max()
    known = frame["part"] == "ahead"
    # The band starts where the projection does: at the last list, which has no doubt.
    joint = (frame["part"] == "actual") & (frame["date"] == last)

    def told(number: float) -> str:
        return numbers.percent(number) if share else numbers.whole(number, names.lang)

    return pd.DataFrame(
        {
            "series": frame["role_group"].astype(str),
            "date": frame["date"],
            "value": value,
            "low": low.where(known, value.where(joint)),
            "high": high.where(known, value.where(joint)),
            "target": target,
            "label": [names.level("role_group", group) for group in frame["role_group"]],
            "when": [f"{day:%Y-%m-%d}" for day in frame["date"]],
            "shown": [told(one) for one in value],
            "interval": [
                "–"
                if is_missing(a)
                else numbers.span(a, b)
                if share
                else numbers.between(a, b, names.lang, 0)
                for a, b in zip(low, high, strict=True)
            ],
            "planned": ["–" if is_missing(one) else told(one) for one in target],
            "why": [
                "–" if is_missing(one) else say(f"workforce.verdict.{one}", names.lang)
                for one in frame["verdict"]
            ],
        }
    )


def time_in_grade(table: SafeTable, names: Names) -> alt.LayerChart:
    """Return the share that has not stepped up, by months since a star was reached, a line per star."""
    whole = released(table, "survival")
    frame = whole.dropna(subset=["time"])
    if frame.empty:
        return nothing(names, whole["hidden_reason"])
    stars = [str(star) for star in sorted(frame["star"].unique())][: len(SERIES_COLOURS)]
    ends = {"survival": 1.0, "ci_low": 1.0, "ci_high": 1.0, "time": 0.0}
    starts = [frame[frame["star"].astype(str) == star].iloc[0].to_dict() | ends for star in stars]
    points = pd.concat(
        [pd.DataFrame(starts), frame[frame["star"].astype(str).isin(stars)]], ignore_index=True
    )
    drawn = pd.DataFrame(
        {
            "series": points["star"].astype(str),
            "time": points["time"].astype(float),
            **{name: points[name].astype(float) for name in ("survival", "ci_low", "ci_high")},
            "label": [names.level("star", star) for star in points["star"]],
            "shown": [numbers.percent(float(value)) for value in points["survival"]],
            "interval": [
                numbers.span(float(a), float(b))
                for a, b in zip(points["ci_low"], points["ci_high"], strict=True)
            ],
        }
    ).sort_values(["series", "time"])
    words = dict(zip(drawn["series"], drawn["label"], strict=True))
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=stars, range=list(SERIES_COLOURS[: len(stars)])),
        legend=alt.Legend(
            orient="top",
            title=names.demographic("star"),
            labelExpr=f"{look.wording_of(words)}[datum.label]",
            symbolOpacity=1,
        ),
    )
    axis = alt.Axis(title=say("activities.grade_axis", names.lang), tickCount=8, grid=False)
    y = alt.Y(
        "survival:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(
            title=say("activities.grade_share", names.lang), format="%", values=[0, 0.25, 0.5, 0.75, 1]
        ),
    )
    base = alt.Chart(drawn).encode(
        x=alt.X("time:Q", axis=axis),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=title)
            for field, title in (
                ("label", names.demographic("star")),
                ("time", say("activities.grade_axis", names.lang)),
                ("shown", say("activities.grade_share", names.lang)),
                ("interval", say("labels.column.interval_plain", names.lang)),
            )
        ],
    )
    layers = [
        base.mark_area(opacity=0.12).encode(y="ci_low:Q", y2="ci_high:Q", color=colour),
        base.mark_line(strokeWidth=2.2).encode(y=y, color=colour),
        base.mark_point(size=36, filled=True, opacity=1).encode(y=y, color=colour),
    ]
    return finish(layers, 260)
