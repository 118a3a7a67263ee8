"""Charts of the two-factor test: every verdict beside the theory's label, and both sides of one outcome."""

from typing import Final

import altair as alt
import pandas as pd

from engage.present import look, numbers
from engage.present.labels import Names, is_missing
from engage.present.look import INK, ROLE_COLOURS, finish, nothing, released
from engage.present.placing import HEIGHT, WIDTH, Align, Box, point_labels
from engage.privacy import SafeTable
from engage.words import say

VERDICT_COLOURS: Final = {
    "hygiene_like": ROLE_COLOURS["hygiene"],
    "motivator_like": ROLE_COLOURS["motivator"],
    "symmetric": "#76797f",
    "cannot_tell": "#7c808822",
}
"""A verdict has the colour of the role that it is named after."""

_ROW: Final = 27
_LABELLED: Final = ("hygiene", "motivator", "unlabelled")


def verdict_grid(table: SafeTable, names: Names) -> alt.LayerChart:
    """Return the verdict on every factor (rows, under the theory's label) for every outcome (columns).

    ``table``: of kind ``two_factor``. A cell in the colour of its heading is as the theory says; a pale one
    with a question mark can't be told; tooltips give both sides, the interval of their difference and n.
    """
    frame = released(table, "two_factor").dropna(subset=["verdict"])
    if frame.empty:
        return nothing(names, released(table, "two_factor")["hidden_reason"])
    rows, labels, colours = _headed(frame, names)
    outcomes = outcome_order(table)
    cells = _worded(frame, names)
    x = alt.X(
        "outcome:N",
        sort=None,
        scale=alt.Scale(domain=outcomes, paddingInner=0.04),
        axis=alt.Axis(
            orient="top", labelExpr=look.wording({o: names.outcome(o) for o in outcomes}), labelAngle=0,
            labelLimit=150, ticks=False, domain=False, grid=False, title=None,
        ),
    )  # fmt: skip
    base = alt.Chart(cells).encode(
        x=x,
        y=alt.Y(
            "row:N",
            sort=None,
            scale=alt.Scale(domain=rows, paddingInner=0.1),
            axis=look.row_axis(labels, colours),
        ),
        tooltip=_tooltip(names),
    )
    shades = alt.Scale(domain=list(VERDICT_COLOURS), range=list(VERDICT_COLOURS.values()))
    told = "datum.verdict !== 'cannot_tell'"
    layers = [
        base.mark_rect(cornerRadius=2).encode(color=alt.Color("verdict:N", scale=shades, legend=None)),
        base.transform_filter(told).mark_text(color="#ffffff", fontSize=look.SMALL).encode(text="short:N"),
        base.transform_filter(f"!({told})").mark_text(color=INK).encode(text=alt.value("?")),
    ]
    title = say("two_factor.grid_title", names.lang).split("\n")
    return finish(layers, _ROW * len(rows), title)


def two_factor_map(table: SafeTable, outcome: str, names: Names) -> alt.LayerChart:
    """Return each factor at what its shortfall (across) and its surplus (up) go with, for one outcome.

    On the dashed line both weigh the same; right of it is the hygiene side, left of it the motivators'. The
    bar through a point, at right angles to the line, is the 95 % interval of the difference; a filled point
    has a verdict. Strain is counted as relief, so that up and right are good for every outcome.
    """
    whole = released(table, "two_factor")
    frame = whole[(whole["outcome"] == outcome)].dropna(subset=["low"]).reset_index(drop=True)
    if frame.empty:
        return nothing(names, whole.loc[whole["outcome"] == outcome, "hidden_reason"])
    turned = -1.0 if str(frame["side"].iloc[0]) == "strain" else 1.0
    points = _worded(frame, names).assign(low=turned * frame["low"], high=turned * frame["high"])
    total = points["low"] + points["high"]
    for name, end in (("a", "ci_low"), ("b", "ci_high")):
        points[f"{name}_x"] = (total - turned * frame[end]) / 2
        points[f"{name}_y"] = (total + turned * frame[end]) / 2
    ends = points[["low", "high", "a_x", "a_y", "b_x", "b_y"]].astype(float)
    low, high = float(ends.min().min()) - 0.03, float(ends.max().max()) + 0.03
    scale = alt.Scale(domain=[low, high], nice=False)
    x = alt.X("low:Q", scale=scale, axis=_side_axis("across", outcome, turned, names))
    y = alt.Y("high:Q", scale=scale, axis=_side_axis("up", outcome, turned, names))
    base = alt.Chart(points).encode(x=x, y=y, tooltip=_tooltip(names))
    roles = [role for role in ROLE_COLOURS if role in set(points["role"])]
    colour = alt.Color(
        "role:N",
        scale=alt.Scale(domain=roles, range=[ROLE_COLOURS[role] for role in roles]),
        legend=alt.Legend(orient="top", title=None, labelExpr=look.role_words(roles, names), offset=4),
    )
    line = alt.Chart(pd.DataFrame({"low": [low, high], "high": [low, high]}))
    told = "datum.verdict !== 'cannot_tell'"
    layers = [
        line.mark_line(strokeDash=[4, 4], color=INK, opacity=0.8, strokeWidth=1).encode(x=x, y=y),
        *_corners(x, y, low, high, names),
        base.mark_rule(strokeWidth=1.5, opacity=0.45).encode(
            x=alt.X("a_x:Q", scale=scale), y=alt.Y("a_y:Q", scale=scale), x2="b_x:Q", y2="b_y:Q", color=colour
        ),
        base.transform_filter(f"!({told})")
        .mark_point(filled=False, size=60, opacity=0.9)
        .encode(color=colour),
        base.transform_filter(told).mark_point(filled=True, size=110, opacity=1).encode(color=colour),
        *_names_of(base, points, low, high, names),
    ]
    return finish(layers, HEIGHT, say("two_factor.map_title", names.lang).split("\n"))


def outcome_order(table: SafeTable) -> list[str]:
    """Return the outcomes of a two-factor table with verdicts, as they stand in it."""
    frame = released(table, "two_factor").dropna(subset=["verdict"])
    return list(dict.fromkeys(frame["outcome"]))


def _headed(frame: pd.DataFrame, names: Names) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Return the rows (factors under their theory's label), their words and their colours."""
    rows: list[str] = []
    labels: dict[str, str] = {}
    colours: dict[str, str] = {}
    order = look.role_order(names, frame["driver"])
    for role in _LABELLED:
        own = [driver for driver in order if names.role_of(driver) == role]
        if own:
            heading = f"#{role}"
            rows += [heading, *own]
            labels |= {heading: names.role(role), **{driver: names.scale(driver) for driver in own}}
            colours[heading] = ROLE_COLOURS[role]
    return rows, labels, colours


def _worded(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    lang = names.lang
    made = pd.DataFrame(
        {
            "row": frame["driver"],
            "driver": frame["driver"],
            "outcome": frame["outcome"],
            "verdict": frame["verdict"],
            "role": [names.role_of(driver) for driver in frame["driver"]],
            "label": [names.scale(driver) for driver in frame["driver"]],
            "short": [say(f"two_factor.short.{verdict}", lang) for verdict in frame["verdict"]],
            "outcome_word": [names.outcome(outcome) for outcome in frame["outcome"]],
            "verdict_word": [say(f"model.verdict.{verdict}", lang) for verdict in frame["verdict"]],
            "why_word": [
                "–" if is_missing(why) else say(f"model.reason.{why}", lang) for why in frame["reason"]
            ],
            "people": [names.n(n, None) for n in frame["n"]],
        }
    )
    made["role_word"] = made["role"].map(names.role)
    for name in ("low", "high"):
        made[f"{name}_word"] = [
            "–" if is_missing(value) else numbers.decimal(value, lang) for value in frame[name]
        ]
    ends = zip(frame["ci_low"], frame["ci_high"], strict=True)
    made["interval"] = ["–" if is_missing(a) else numbers.between(a, b, lang) for a, b in ends]
    return made


def _tooltip(names: Names) -> list[alt.Tooltip]:
    fields = (
        "label", "role_word", "outcome_word", "verdict_word", "why_word", "low_word", "high_word",
        "interval", "people",
    )  # fmt: skip
    return [alt.Tooltip(f"{field}:N", title=say(f"two_factor.tip.{field}", names.lang)) for field in fields]


def _side_axis(side: str, outcome: str, turned: float, names: Names) -> alt.Axis:
    key = f"two_factor.axis_{side}{'_strain' if turned < 0 else ''}"
    title = say(key, names.lang, outcome=names.inline(names.outcome(outcome)))
    return alt.Axis(title=title, tickCount=6, grid=False)


def _corners(x: alt.X, y: alt.Y, low: float, high: float, names: Names) -> list[alt.Chart]:
    """Return the words at the lower right (hygiene side) and the upper left (motivators' side)."""
    layers = []
    sides: tuple[tuple[str, float, float, Align, int, int, str], ...] = (
        ("hygiene_side", high, low, "right", -8, -10, "hygiene"),
        ("motivator_side", low, high, "left", 8, 14, "motivator"),
    )
    for key, at_x, at_y, align, dx, dy, role in sides:
        corner = pd.DataFrame(
            {"low": [at_x], "high": [at_y], "words": [say(f"two_factor.{key}", names.lang)]}
        )
        mark = alt.Chart(corner).mark_text(
            align=align, dx=dx, dy=dy, fontSize=13, fontStyle="italic", color=ROLE_COLOURS[role]
        )
        layers.append(mark.encode(x=x, y=y, text="words:N"))
    return layers


def _names_of(
    base: alt.Chart, points: pd.DataFrame, low: float, high: float, names: Names
) -> list[alt.Chart]:
    """Return names beside the points that have a verdict, and beside those with a clear relation."""
    shown = points[(points["verdict"] != "cannot_tell") | (points["low"] + points["high"] > _CLEAR)]
    places = [
        ((x - low) / (high - low) * WIDTH, (1 - (y - low) / (high - low)) * HEIGHT)
        for x, y in zip(shown["low"], shown["high"], strict=True)
    ]
    corner = (
        13 * max(look.ems(say(f"two_factor.{k}_side", names.lang)) for k in ("hygiene", "motivator")) + 10
    )
    reserved = [Box(0, 0, corner, 24), Box(WIDTH - corner, HEIGHT - 24, WIDTH, HEIGHT)]
    return point_labels(base, places, list(shown["driver"]), list(shown["label"]), reserved, y="high")


_CLEAR: Final = 0.2
"""Both sides together go with so much of the outcome that a point is named; tooltips name the others."""
