"""Charts of driver tables: importance with its interval, and importance against performance."""

from collections.abc import Sequence
from typing import Final, Literal

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.labels import Names, is_missing
from engage.present.look import FAVOURABLE_LINE, INK, ROLE_COLOURS, finish, nothing, released
from engage.present.placing import HEIGHT, WIDTH, Box, point_labels
from engage.privacy import SafeTable
from engage.words import known, say

_ROW: Final = 28
SURE: Final = 0.05
"""Below this p-value a coefficient's sign is said."""

_QUARTERS: Final = ("act", "keep", "watch", "leave")


def importance(drivers: SafeTable, names: Names) -> alt.LayerChart:
    """Return bars of each driver's LMG share with its interval, largest first, and Johnson's weight beside.

    The sign beside the coefficient of all other drivers is always said, as unclear where it may be chance.
    Rows of the block ``theme`` have no share and are left out. Several outcomes or groups in one table get a
    heading each.
    """
    frame = _with_share(drivers)
    if frame.empty:
        return nothing(
            names, released(drivers, "drivers").get("hidden_reason", pd.Series(dtype=object)).dropna()
        )
    frame = _worded(frame, _lead(frame), names)
    rows, labels, headings = _headed(frame)
    base = alt.Chart(frame.drop(columns="heading")).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=rows), axis=look.row_axis(labels, headings)),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=say(f"charts.tip.{field}", names.lang))
            for field in (
                "label", "role_word", "share_word", "interval", "johnson_word", "rank", "direction_word",
                "correlation_word",
            )
        ],
    )  # fmt: skip
    furthest = frame["end"].max()
    top = min(max((int(furthest * 20) + 1) / 20, 0.1), 1.0)
    axis = alt.Axis(format="%", tickCount=6, title=say("charts.importance_axis", names.lang))
    colour = _role_colour(frame, names)
    layers = [
        base.mark_bar(height=15, opacity=look.BAR).encode(
            x=alt.X(
                "share:Q", scale=alt.Scale(domain=[0, top], range=[0, alt.ExprRef("width - 110")]), axis=axis
            ),
            color=colour,
        ),
        base.mark_rule(strokeWidth=2.5).encode(x="importance_low:Q", x2="importance_high:Q", color=colour),
        base.transform_filter("isValid(datum.johnson)")
        .mark_point(
            shape="diamond", filled=True, size=70, opacity=1, fill="#ffffff", stroke=INK, strokeWidth=1.5
        )
        .encode(x="johnson:Q"),
        base.mark_text(align="left", dx=8, color=INK).encode(x="end:Q", text="words:N"),
    ]
    return finish(layers, _ROW * len(rows), _directions(frame, names))


def importance_performance(drivers: SafeTable, scores: SafeTable, names: Names) -> alt.LayerChart:
    """Return each driver at its favourable share (across) and its importance (up), with four named quarters.

    The lines are fixed: 60 % favourable, and the share each driver had if all were equally important.
    ``scores``: totals of one wave. Drivers without a released score (the comments' tone) are left out.
    """
    frame = _with_share(drivers)
    totals = released(scores, "scores")
    totals = totals.dropna(subset=["favourable"]).drop_duplicates("scale").set_index("scale")
    if frame.empty or len(_lead(frame)) or frame["outcome"].nunique() > 1:
        return nothing(names)
    line = 1 / len(frame)
    frame = frame[frame["driver"].isin(totals.index)]
    if frame.empty:
        return nothing(names, released(scores, "scores")["hidden_reason"])
    frame = _worded(frame, [], names)
    own = totals.loc[frame["driver"]]
    frame = frame.assign(
        favourable=own["favourable"].to_numpy(dtype=float),
        favourable_word=[numbers.percent(share) for share in own["favourable"]],
        people=look.safe_people(names, own["n"], own["n_band"]),
    )
    frame = frame[
        [
            "driver",
            "role",
            "label",
            "role_word",
            "favourable",
            "favourable_word",
            "share",
            "share_word",
            "interval",
            "people",
            "direction_word",
        ]
    ]
    across = _around(frame["favourable"].tolist(), FAVOURABLE_LINE, 0.1)
    up = (0.0, _around(frame["share"].tolist(), line, 0.05)[1])
    x = alt.X(
        "favourable:Q",
        scale=alt.Scale(domain=list(across), nice=False),
        axis=alt.Axis(format="%", tickCount=6, grid=False, title=say("charts.performance_axis", names.lang)),
    )
    y = alt.Y(
        "share:Q",
        scale=alt.Scale(domain=list(up), nice=False),
        axis=alt.Axis(format="%", tickCount=6, grid=False, title=say("charts.share_axis", names.lang)),
    )
    base = alt.Chart(frame).encode(
        x=x,
        y=y,
        tooltip=[
            alt.Tooltip(f"{field}:N", title=say(f"charts.tip.{field}", names.lang))
            for field in (
                "label",
                "role_word",
                "favourable_word",
                "people",
                "share_word",
                "interval",
                "direction_word",
            )
        ],
    )
    layers = [
        *_quarters(x, y, across, up, line, names),
        base.mark_point(filled=True, size=90, opacity=0.9).encode(color=_role_colour(frame, names)),
        *_point_labels(base, frame, across, up, names),
    ]
    title = say(
        "charts.lines", names.lang, favourable=numbers.percent(FAVOURABLE_LINE), equal=numbers.percent(line)
    )
    return finish(layers, HEIGHT, [title])


def _with_share(drivers: SafeTable) -> pd.DataFrame:
    frame = released(drivers, "drivers")
    if "share" not in frame:
        return frame.iloc[:0]
    return frame[frame["share"].notna() & (frame["block"] != "theme")].reset_index(drop=True)


def _lead(frame: pd.DataFrame) -> list[str]:
    """Return the by columns, which stand before the outcome."""
    columns = list(frame.columns)
    return columns[: columns.index("outcome")]


def _worded(frame: pd.DataFrame, lead: Sequence[str], names: Names) -> pd.DataFrame:
    """Return the columns that are drawn, in words, each group's drivers by falling share."""
    several = frame["outcome"].nunique() > 1
    headings = []
    for row in frame[[*lead, "outcome"]].to_dict("records"):
        parts = [names.level(name, row[name]) for name in lead]
        headings.append(" · ".join([*parts, names.outcome(row["outcome"])] if several or not lead else parts))
    words = frame.assign(
        heading=headings if several or len(lead) else "",
        label=[names.driver(driver) for driver in frame["driver"]],
        role=[role if role in ROLE_COLOURS else "unlabelled" for role in frame["role"]],
        share_word=[numbers.percent(share) for share in frame["share"]],
    )
    words["role_word"] = words["role"].map(names.role)
    for column in ("importance_low", "importance_high", "rank_low", "rank_high", "johnson", "correlation"):
        words[column] = words[column].astype(float) if column in words else float("nan")
    pairs = zip(words["importance_low"], words["importance_high"], strict=True)
    words["interval"] = [numbers.span(low, high) for low, high in pairs]
    words["rank"] = [
        rank_span(low, high) for low, high in zip(words["rank_low"], words["rank_high"], strict=True)
    ]
    p_values = words["p_value"] if "p_value" in words else [None] * len(words)
    signs = [sign(d, p) for d, p in zip(words["direction"], p_values, strict=True)]
    words["direction_word"] = [say(f"labels.direction.{one}", names.lang) for one in signs]
    words["words"] = [
        f"{share} {direction}"
        for share, direction in zip(words["share_word"], words["direction_word"], strict=True)
    ]
    words["johnson_word"] = [numbers.percent(share) for share in words["johnson"]]
    words["correlation_word"] = [
        "–" if is_missing(r) else numbers.decimal(float(r), names.lang) for r in words["correlation"]
    ]
    words["end"] = words[["share", "importance_high", "johnson"]].max(axis=1)
    places = {heading: place for place, heading in enumerate(dict.fromkeys(words["heading"]))}
    words = words.assign(place=words["heading"].map(places)).sort_values(
        ["place", "share"], ascending=[True, False], kind="stable"
    )
    words["row"] = [
        f"{place}/{driver}" for place, driver in zip(words["place"], words["driver"], strict=True)
    ]
    return words[
        [
            "heading",
            "row",
            "driver",
            "label",
            "role",
            "role_word",
            "share",
            "share_word",
            "importance_low",
            "importance_high",
            "interval",
            "johnson",
            "johnson_word",
            "correlation_word",
            "rank",
            "direction",
            "direction_word",
            "words",
            "end",
            "outcome",
        ]
    ]


Sign = Literal["more", "less", "perhaps_more", "perhaps_less", "none"]


def sign(direction: object, p_value: object) -> Sign:
    """Return ``"more"`` or ``"less"`` for a direction of +1 or −1, ``"perhaps_"`` where it may be chance.

    ``p_value`` is that of the driver's coefficient beside the others; without one the direction stands.
    """
    if is_missing(direction):
        return "none"
    up = float(str(direction)) > 0
    if not is_missing(p_value) and float(str(p_value)) > SURE:
        return "perhaps_more" if up else "perhaps_less"
    return "more" if up else "less"


def rank_span(low: float, high: float) -> str:
    """Return the ranks a driver may have: ``1–3``, ``2``, or ``–``."""
    if is_missing(low) or is_missing(high):
        return "–"
    return f"{low:.0f}" if low == high else f"{low:.0f}–{high:.0f}"


def _headed(frame: pd.DataFrame) -> tuple[list[str], dict[str, str], dict[str, str]]:
    rows: list[str] = []
    labels: dict[str, str] = {}
    headings: dict[str, str] = {}
    for heading, row, label in zip(frame["heading"], frame["row"], frame["label"], strict=True):
        if heading and f"#{heading}" not in rows:
            rows.append(f"#{heading}")
            labels[f"#{heading}"] = heading
            headings[f"#{heading}"] = INK
        rows.append(row)
        labels[row] = label
    return rows, labels, headings


def _directions(frame: pd.DataFrame, names: Names) -> list[str]:
    """Say what the arrows mean for this outcome."""
    outcome = str(frame["outcome"].iloc[0]) if frame["outcome"].nunique() == 1 else "service"
    key = f"charts.arrows.{outcome}"
    if not known(key):
        key = "charts.arrows.other"
    lines = say(key, names.lang, outcome=names.outcome(outcome)).split("\n")
    unsure = {say(f"labels.direction.perhaps_{way}", names.lang) for way in ("more", "less")}
    return [*lines, say("charts.unsure_sign", names.lang)] if unsure & set(frame["direction_word"]) else lines


def _role_colour(frame: pd.DataFrame, names: Names) -> alt.Color:
    roles = [role for role in ROLE_COLOURS if role in set(frame["role"])]
    legend = alt.Legend(orient="top", title=None, labelExpr=look.role_words(roles, names), offset=4)
    return alt.Color(
        "role:N", scale=alt.Scale(domain=roles, range=[ROLE_COLOURS[r] for r in roles]), legend=legend
    )


def _around(values: Sequence[float], line: float, step: float) -> tuple[float, float]:
    """Return the range of ``values`` and ``line``, widened to the next whole steps with a little room."""
    low, high = min(*values, line) - step / 3, max(*values, line) + step / 3
    return max(int(low / step) * step, 0.0), min((int(high / step) + 1) * step, 1.0)


def _quarters(
    x: alt.X, y: alt.Y, across: tuple[float, float], up: tuple[float, float], line: float, names: Names
) -> list[alt.Chart]:
    """Return the two lines and the word in the corner of each quarter."""
    texts = []
    for key, right, top in (("act", 0, 1), ("keep", 1, 1), ("watch", 0, 0), ("leave", 1, 0)):
        corner = pd.DataFrame({"favourable": [across[right]], "share": [up[top]]})
        corner["words"] = say(f"charts.quarter.{key}", names.lang)
        texts.append(
            alt.Chart(corner)
            .mark_text(
                align="right" if right else "left",
                dx=-8 if right else 8,
                dy=14 if top else -10,
                fontSize=13,
                opacity=0.75,
                fontStyle="italic",
            )
            .encode(x=x, y=y, text="words:N")
        )
    lines = pd.DataFrame({"favourable": [FAVOURABLE_LINE], "share": [line]})
    rules = alt.Chart(lines)
    return [
        rules.mark_rule(strokeDash=[4, 4], color=INK, opacity=0.7).encode(x=x),
        rules.mark_rule(strokeDash=[4, 4], color=INK, opacity=0.7).encode(y=y),
        *texts,
    ]


def _point_labels(
    base: alt.Chart, frame: pd.DataFrame, across: tuple[float, float], up: tuple[float, float], names: Names
) -> list[alt.Chart]:
    """Return the drivers' names beside their points, clear of the words in the corners."""
    xs = [(value - across[0]) / (across[1] - across[0]) * WIDTH for value in frame["favourable"]]
    ys = [(1 - (value - up[0]) / (up[1] - up[0])) * HEIGHT for value in frame["share"]]
    corner = 13 * max(look.ems(say(f"charts.quarter.{key}", names.lang)) for key in _QUARTERS) + 10
    corners = [
        Box(left, top, left + corner, top + 24) for left in (0, WIDTH - corner) for top in (0, HEIGHT - 24)
    ]
    points = list(zip(xs, ys, strict=True))
    return point_labels(base, points, list(frame["driver"]), list(frame["label"]), corners, y="share")
