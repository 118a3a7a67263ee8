"""The charts of the service desk: the funnel of branches, weeks in their band, the backlog, and marks."""

from typing import Any, Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.desk_words import EVERY, called, tenths, tenths_between, word
from engage.present.labels import Names, is_missing
from engage.present.look import INK, SERIES_COLOURS, finish, nothing, released
from engage.privacy import SafeTable

_HEIGHT: Final = 320
_ROW: Final = 30
_USUAL, _OUT, _GOOD = SERIES_COLOURS[0], SERIES_COLOURS[1], SERIES_COLOURS[3]
_COLOURS: Final = {"far_below": _OUT, "below": _OUT, "within": _USUAL, "above": _GOOD, "far_above": _GOOD,
                   "low": _OUT, "high": _GOOD}  # fmt: skip


def funnel(table: SafeTable, names: Names, type_: str = EVERY) -> alt.LayerChart:
    """Return branches by tickets due and share on time, inside the limits at their size.

    ``table``: of kind ``desk``. Branches beyond a limit bear their name.
    """
    frame = released(table, "desk")
    own = frame[(frame["type"] == type_) & (frame["branch"] != EVERY)]
    shown = own[own["on_time"].notna() & own["standing"].notna()].sort_values("n", kind="stable")
    if shown.empty:
        return nothing(names, own["hidden_reason"])
    rows = _rows(shown, names).assign(
        name=[called("branch", one, names) for one in shown["branch"]],
        **{end: 100 * shown[end].to_numpy(float) for end in ("low", "high", "far_low", "far_high")},
    )
    least = min(rows["share"].min(), rows["far_low"].min())
    y_scale = alt.Scale(domain=[max(0.0, least - 2), 100.5], nice=False)
    x = alt.X(
        "n:Q",
        axis=alt.Axis(title=word(names)("axis.due"), tickMinStep=1),
        scale=alt.Scale(nice=True, zero=True),
    )
    axis = alt.Axis(title=word(names)("axis.on_time"))
    limits = [
        alt.Chart(rows).mark_line(color=INK, opacity=0.8, strokeDash=dash, interpolate="monotone").encode(
            x=x, y=alt.Y(f"{end}:Q", scale=y_scale, axis=axis)
        )
        for end, dash in (("far_low", [2, 3]), ("low", [6, 3]), ("high", [6, 3]), ("far_high", [2, 3]))
    ]  # fmt: skip
    centre = frame[(frame["type"] == type_) & (frame["branch"] == EVERY)]["on_time"]
    middle = alt.Chart(pd.DataFrame({"share": 100 * centre})).mark_rule(color=INK, opacity=0.6)
    points = alt.Chart(rows).encode(x=x, y=alt.Y("share:Q", scale=y_scale, axis=axis))
    marks = points.mark_point(filled=True, size=80, opacity=1).encode(
        color=alt.Color("colour:N", scale=None),
        tooltip=_tips(
            names, {"name": "branch", "shown": "share", "interval": "interval", "n": "n", "place": "standing"}
        ),
    )
    text = points.transform_filter("datum.out").mark_text(align="left", dx=9, fontWeight="bold")
    named = text.encode(text="name:N", color=alt.Color("colour:N", scale=None))
    return finish([*limits, middle.encode(y="share:Q"), marks, named], _HEIGHT)


def desk_weeks(table: SafeTable, names: Names, type_: str = EVERY) -> alt.LayerChart:
    """Return each week's share on time over the band of usual weeks; ``table``: of kind ``desk_weeks``."""
    frame = released(table, "desk_weeks")
    own = frame[(frame["type"] == type_) & frame["on_time"].notna()]
    if own.empty:
        return nothing(names, frame["hidden_reason"])
    rows = _rows(own, names).assign(
        week=own["week"].to_numpy(),
        called=[numbers.day(one.date(), names.lang) for one in own["week"]],
        low=100 * own["low"].to_numpy(float), high=100 * own["high"].to_numpy(float),
        limits=[tenths_between(a, b, names) for a, b in zip(own["low"], own["high"], strict=True)],
        before=[tenths(one, names) for one in own["before"]],
    )  # fmt: skip
    x = alt.X("week:T", axis=alt.Axis(title=None, format="%Y-%m", labelOverlap=True, tickCount=12))
    least = float(rows[["share", "low"]].min().min())
    scale = alt.Scale(domain=[max(0.0, least - 2), 100.5], nice=False)
    axis = alt.Axis(title=word(names)("axis.on_time"))
    area = alt.Chart(rows[rows["low"].notna()]).mark_area(color=_USUAL, opacity=0.13, interpolate="step")
    band = area.encode(x=x, y=alt.Y("low:Q", scale=scale, axis=axis), y2="high:Q")
    base = alt.Chart(rows).encode(x=x, y=alt.Y("share:Q", scale=scale, axis=axis))
    line = base.mark_line(color=_USUAL, strokeWidth=1.5)
    tips = {
        "called": "week",
        "shown": "share",
        "interval": "interval",
        "n": "n",
        "limits": "limits",
        "before": "before",
    }
    points = base.mark_point(filled=True, size=45, opacity=1).encode(
        color=alt.Color("colour:N", scale=None), tooltip=_tips(names, tips)
    )
    text = base.transform_filter("datum.out").mark_text(dy=14, fontWeight="bold")
    named = text.encode(text="called:N", color=alt.Color("colour:N", scale=None))
    return finish([band, line, points, named], 260)


def backlog(table: SafeTable, names: Names, type_: str = EVERY) -> alt.LayerChart:
    """Return open and overdue tickets at the end of each week; ``table``: of kind ``desk_weeks``."""
    frame = released(table, "desk_weeks")
    own = frame[frame["type"] == type_]
    if own.empty:
        return nothing(names)
    wide = own[["week", "backlog", "overdue"]].astype({"backlog": float, "overdue": float})
    rows = wide.melt("week", var_name="of", value_name="open")
    rows["called"] = [numbers.day(one.date(), names.lang) for one in rows["week"]]
    labels = {name: word(names)(f"line.{name}") for name in ("backlog", "overdue")}
    rows["word"] = rows["of"].map(labels)
    legend = alt.Legend(
        orient="top", title=None, labelExpr=f"{look.wording_of(labels)}[datum.label]", symbolType="stroke"
    )
    colour = alt.Color("of:N", scale=alt.Scale(domain=list(labels), range=[_USUAL, _OUT]), legend=legend)
    x = alt.X("week:T", axis=alt.Axis(title=None, format="%Y-%m", labelOverlap=True, tickCount=12))
    y = alt.Y("open:Q", axis=alt.Axis(title=word(names)("axis.open"), tickMinStep=1))
    tips = [alt.Tooltip("called:N", title=word(names)("tip.week")), alt.Tooltip("word:N", title=" "),
            alt.Tooltip("open:Q", title=word(names)("axis.open"))]  # fmt: skip
    line = alt.Chart(rows).mark_line(strokeWidth=1.8, point=alt.OverlayMarkDef(size=22)).encode(
        x=x, y=y, color=colour, tooltip=tips
    )  # fmt: skip
    return finish([line], 180)


def marks(table: SafeTable, names: Names) -> alt.LayerChart:
    """Return mean marks by branch and criterion, those below their standard told apart.

    ``table``: of kind ``inspections``. Colour is the distance from the standard; hidden cells are a dash.
    """
    frame = released(table, "inspections")
    if frame["mean"].isna().all():
        return nothing(names, frame["hidden_reason"])
    said = word(names)
    branches = [EVERY, *sorted(set(frame["branch"]) - {EVERY})]
    labels = {one: called("branch", one, names) for one in branches}
    ends = zip(frame["ci_low"], frame["ci_high"], strict=True)
    rows = pd.DataFrame(
        {
            "branch": frame["branch"],
            "criterion": [called("criterion", one, names) for one in frame["criterion"]],
            "gap": 100 * frame["gap"].astype(float),
            "text": ["–" if is_missing(one) else f"{100 * one:.0f}" for one in frame["mean"]],
            "name": frame["branch"].map(labels), "mark": [_per_cent(one) for one in frame["mean"]],
            "interval": [tenths_between(a, b, names, digits=0) for a, b in ends],
            "standard": [_per_cent(one) for one in frame["standard"]],
            "verdict": ["" if is_missing(one) else said(f"verdict.{one}") for one in frame["verdict"]],
            "weak": frame["verdict"] == "below",
        }
    )  # fmt: skip
    criteria = sorted(rows["criterion"].unique())
    axis = alt.Axis(title=None, orient="top", labelAngle=0, labelLimit=130, ticks=False, domain=False)
    x = alt.X("criterion:N", sort=None, scale=alt.Scale(domain=criteria), axis=axis)
    y = alt.Y("branch:N", sort=None, scale=alt.Scale(domain=branches), axis=look.row_axis(labels))
    same = ("criterion", "mark", "interval", "standard", "verdict")
    tips = {"name": "branch"} | dict(zip(same, same, strict=True))
    base = alt.Chart(rows).encode(x=x, y=y, tooltip=_tips(names, tips))
    scale = alt.Scale(domain=[-20, 0, 20], range=["#3f8f5b", "#ececec", "#c8741a"], clamp=True)
    cells = base.mark_rect(stroke="white", strokeWidth=1).encode(
        color=alt.condition(
            "isValid(datum.gap)", alt.Color("gap:Q", scale=scale, legend=None), alt.value("#7c808811")
        )
    )
    text: Any = base.mark_text(color="#33363b").encode(text="text:N")
    bold = text.transform_filter("datum.weak").mark_text(color="#33363b", fontWeight="bold", fontSize=13)
    return finish([cells, text.transform_filter("!datum.weak"), bold], _ROW * len(branches))


def _rows(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Return what the points of branches and of weeks share."""
    standing = frame["standing"].astype(object).where(frame["standing"].notna(), "within")
    return pd.DataFrame(
        {
            "n": frame["n"].astype(int).to_numpy(),
            "share": 100 * frame["on_time"].to_numpy(float),
            "shown": [tenths(one, names) for one in frame["on_time"]],
            "interval": [
                tenths_between(a, b, names) for a, b in zip(frame["ci_low"], frame["ci_high"], strict=True)
            ],
            "place": [word(names)(f"standing.{one}") for one in standing],
            "colour": [_COLOURS[str(one)] for one in standing],
            "out": (standing != "within").to_numpy(),
        }
    )


def _tips(names: Names, fields: dict[str, str]) -> list[alt.Tooltip]:
    types = {"n": "Q"}
    return [
        alt.Tooltip(f"{field}:{types.get(field, 'N')}", title=word(names)(f"tip.{key}"))
        for field, key in fields.items()
    ]


def _per_cent(share: object) -> str:
    return "–" if is_missing(share) else numbers.percent(float(str(share)))
