"""Charts of scale scores: bars and heat map."""

import math
import re
from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd

from engage.instrument import Norm
from engage.present import look, numbers
from engage.present.labels import POINTS, Names, is_missing
from engage.present.look import FAVOURABLE_LINE, INK, ROLE_COLOURS, SMALL, finish, nothing, released
from engage.present.reference_marks import Beside, marks_layer, share_marks
from engage.privacy import SafeTable
from engage.words import say

_HEAD: Final = 200
"""The slanted names of the columns and the legend above a heat map: pages fit them into its height."""
ROWS: Final = 80
"""A heat map shows so many groups at most: those with most people."""

NORM_ROW: Final = "norm:"
"""Begins the key of a heat map's row that is of a norm, not of people."""
_FACTORS: Final = ("hygiene", "motivator", "unlabelled")
_ROW: Final = 26
_LEGEND: Final = 30
_SLANT: Final = 55
_NARROW: Final = 26
"""The width of a heat map's column on a narrow page, in pixels."""
_STOPS: Final = (0.0, 0.3, FAVOURABLE_LINE, 0.8, 1.0)
_SHADES: Final = ("#6a2c7d", "#b99ac6", "#f4f2ef", "#8cc79b", "#1d6b3a")
_LIFT: Final = 14


def scale_bars(
    scores: SafeTable, names: Names, *, beside: Sequence[Beside] = (), norms: Sequence[Norm] = ()
) -> alt.LayerChart:
    """Return favourable shares with their interval by scale, under the heading of each role.

    ``scores``: of one wave, totals or one group. ``beside``: other such tables, and ``norms``, each drawn as
    a mark on the bars. Scores in points (eNPS) are left out: they are no shares.
    """
    frame = look.felt(released(scores, "scores"), names)
    frame = frame[frame["scale"] != POINTS]
    if frame["favourable"].isna().all():
        return nothing(names, frame["hidden_reason"])
    order = look.role_order(names, frame["scale"])
    rows, labels, colours = headed(order, names)
    frame = frame.assign(
        row=frame["scale"],
        role=[names.role_of(scale) for scale in frame["scale"]],
        **in_words(frame, names),
    )
    columns = [
        "row",
        "label",
        "role",
        "people",
        "shown",
        "interval",
        "why",
        "favourable",
        "ci_low",
        "ci_high",
    ]
    base = alt.Chart(frame[columns]).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=rows), axis=look.row_axis(labels, colours)),
        tooltip=tooltip(names, "label", "shown", "interval", "people", "why"),
    )
    axis = alt.Axis(format="%", tickCount=5, title=say("charts.favourable_axis", names.lang))
    x = alt.X("favourable:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    colour = alt.Color("role:N", legend=None, scale=_role_scale())
    layers = [
        base.mark_bar(height=14, opacity=look.BAR).encode(x=x, color=colour),
        base.mark_rule(strokeWidth=2.5).encode(x="ci_low:Q", x2="ci_high:Q", color=colour),
        base.mark_text(align="left", dx=6, color=INK).encode(x="ci_high:Q", text="shown:N"),
        base.transform_filter("!isValid(datum.favourable)")
        .mark_text(align="left", dx=4, color=INK, fontStyle="italic")
        .encode(x=alt.datum(0), text="why:N"),
    ]
    marks = share_marks(list(order), names, beside, norms)
    if len(marks):
        layers.append(marks_layer(marks, names))
    head = _LEGEND if len(marks) else 0
    return finish(layers, _ROW * len(rows) + head, own_colours=bool(len(marks)))


def heat_map(scores: SafeTable, by: str, names: Names, *, norms: Sequence[Norm] = ()) -> alt.LayerChart:
    """Return groups × scales with the favourable share in each cell, on one fixed colour scale.

    ``scores``: one wave by the demographic ``by``. The scale runs from 0 to 100 % with its middle at 60 %,
    the same for every table; strain scales, where a high share is bad, are coloured by what is left to 100 %.
    Hidden cells are grey with a dot and say why. Above ``ROWS`` groups, those with most people are shown.
    ``norms``: a row per source below the groups.
    """
    frame = look.felt(released(scores, "scores").rename(columns={by: "group"}), names)
    frame = frame[~frame["scale"].isin([POINTS])].reset_index(drop=True)
    if frame["favourable"].isna().all():
        return nothing(names, frame["hidden_reason"])
    frame["group"] = ["" if is_missing(value) else str(value) for value in frame["group"]]
    groups, left_out = _groups(frame, by, names)
    frame = frame[frame["group"].isin(groups)]
    scales = look.role_order(names, frame["scale"])
    frame = _cells(frame, by, names)
    rows = {group: _group_label(frame[frame["group"] == group], by, group, names) for group in groups}
    columns = {scale: names.scale_share(scale) for scale in scales}
    extra = _norm_cells(norms, scales, names)
    if len(extra):
        groups = [*groups, *dict.fromkeys(extra["group"])]
        rows |= dict(zip(extra["group"], extra["group_label"], strict=True))
        frame = pd.concat([frame, extra], ignore_index=True)
    base = alt.Chart(frame).encode(
        x=alt.X(
            "scale:N", sort=None, scale=alt.Scale(domain=scales, paddingInner=0), axis=_column_axis(columns)
        ),
        y=alt.Y(
            "group:N", sort=None, scale=alt.Scale(domain=groups, paddingInner=0), axis=look.row_axis(rows)
        ),
        tooltip=tooltip(names, "group_label", "label", "shown", "interval", "people", "why", group=by),
    )
    shown = "isValid(datum.favourable)"
    goodness = alt.Color(
        "good:Q",
        scale=alt.Scale(domain=list(_STOPS), range=list(_SHADES), clamp=True, interpolate="rgb"),
        legend=_fixed_legend(names),
    )
    dark = "datum.good < 0.2 || datum.good > 0.92"
    layers = [
        base.transform_filter(f"!{shown}").mark_rect(color=INK, opacity=0.16, stroke=INK, strokeOpacity=0.25),
        base.transform_filter(shown).mark_rect(stroke="#ffffff", strokeOpacity=0.55).encode(color=goodness),
        base.transform_filter(shown)
        .mark_text(fontSize=SMALL)
        .encode(text="number:N", color=alt.condition(dark, alt.value("#ffffff"), alt.value("#26282c"))),
        base.transform_filter(f"!{shown}").mark_text(fontSize=14, color=INK).encode(text=alt.value("·")),
        *_role_strip(scales, names),
    ]
    title = say("charts.heat_scale", names.lang).split("\n")
    if any(names.role_of(scale) == "strain" for scale in scales):
        title += say("charts.heat_strain", names.lang).split("\n")
    if left_out:
        title.append(say("charts.heat_cut", names.lang, shown=len(groups), all=len(groups) + left_out))
    chart = finish(layers, 24 * len(groups) + _HEAD, title, own_colours=True)
    chart.padding = {"left": 5, "top": 5, "bottom": 5, "right": _beyond([columns[scale] for scale in scales])}
    return chart


def _norm_cells(norms: Sequence[Norm], scales: Sequence[str], names: Names) -> pd.DataFrame:
    """Return the cells of norms that are shares: a row of the map per source."""
    shares = [norm for norm in norms if norm.scale in scales and not math.isnan(norm.favourable)]
    rows = [
        {
            "group": f"{NORM_ROW}{norm.label}",
            "scale": norm.scale,
            "group_label": say("charts.norm_row", names.lang, source=norm.label),
            "label": names.scale_share(norm.scale),
            "people": numbers.whole(norm.n, names.lang) if norm.n else "–",
            "shown": numbers.percent(norm.favourable),
            "number": numbers.percent(norm.favourable).removesuffix("%"),
            "interval": "–",
            "why": "",
            "favourable": norm.favourable,
            "good": 1 - norm.favourable if names.role_of(norm.scale) == "strain" else norm.favourable,
        }
        for norm in shares
    ]
    return pd.DataFrame(rows)


def headed(order: Sequence[str], names: Names) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Return the rows with a heading row before each role, their words, and the headings' colours."""
    rows: list[str] = []
    labels: dict[str, str] = {}
    colours: dict[str, str] = {}
    for scale in order:
        role = names.role_of(scale)
        heading = f"#{role}"
        if heading not in rows:
            rows.append(heading)
            labels[heading] = names.role(role)
            colours[heading] = ROLE_COLOURS[role]
        rows.append(scale)
        labels[scale] = names.scale_share(scale)
    return rows, labels, colours


def _groups(frame: pd.DataFrame, by: str, names: Names) -> tuple[list[str], int]:
    """Return the groups to show in a findable order, and how many are left out."""
    present = list(dict.fromkeys(frame["group"]))
    if len(present) > ROWS:
        size = frame.assign(n=frame["n"].astype("Float64").fillna(0)).groupby("group")["n"].max()
        kept = set(size.sort_values(ascending=False, kind="stable").index[:ROWS])
        shown = [group for group in present if group in kept]
    else:
        shown = present
    levels = names.levels(by)

    def place(group: str) -> tuple[int, int, list[tuple[int, str]]]:
        known = levels.index(group) if group in levels else len(levels)
        return group == "", known, _natural(names.level(by, group))

    return sorted(shown, key=place), len(present) - len(shown)


def _natural(text: str) -> list[tuple[int, str]]:
    """Return a sort key that puts team 10 after team 9."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text)]


def _cells(frame: pd.DataFrame, by: str, names: Names) -> pd.DataFrame:
    strain = frame["scale"].map(names.role_of) == "strain"
    shown = _shares(frame)
    cells = frame.assign(
        group_label=[names.level(by, group) for group in frame["group"]],
        label=[names.scale_share(scale) for scale in frame["scale"]],
        people=look.safe_people(names, frame["n"], frame["n_band"]),
        shown=shown,
        number=[text.removesuffix("%").removesuffix("–") for text in shown],
        interval=[
            numbers.span(low, high) for low, high in zip(frame["ci_low"], frame["ci_high"], strict=True)
        ],
        why=_why(frame, names),
        good=(1 - frame["favourable"]).where(strain, frame["favourable"]),
    )
    columns = [
        "group",
        "scale",
        "group_label",
        "label",
        "people",
        "shown",
        "number",
        "interval",
        "why",
        "favourable",
        "good",
    ]
    return cells[columns]


def _group_label(cells: pd.DataFrame, by: str, group: str, names: Names) -> str:
    """Return the group's name with the people behind its cells (missing answers make n differ a little)."""
    people = [text for text in cells["people"] if text != "–"]
    name = names.level(by, group)
    if not people:
        return name
    most = max(people, key=lambda text: int(re.sub(r"\D", "", text.split("–")[-1]) or 0))
    return say("charts.group_n", names.lang, group=name, n=most)


def _beyond(labels: Sequence[str]) -> int:
    """Return how far, in pixels, the slanted names of the last columns reach beyond them."""
    along = math.cos(math.radians(_SLANT))
    reach = [look.ems(label) * look.TEXT_SIZE * along - _NARROW * k for k, label in enumerate(labels[::-1])]
    return round(max([5.0, *reach]))


def _column_axis(labels: dict[str, str]) -> alt.Axis:
    return alt.Axis(
        orient="top",
        labelExpr=look.wording(labels),
        labelAngle=-_SLANT,
        labelAlign="left",
        labelBaseline="middle",
        labelLimit=260,
        labelPadding=_LIFT + 8,
        labelOverlap=False,
        ticks=False,
        domain=False,
        grid=False,
        title=None,
    )


def _role_strip(scales: Sequence[str], names: Names) -> list[alt.Chart]:
    """Return a thin strip over the columns in the colour of their role, with its legend."""
    # What is asked about the outcome has one colour, so one word stands for it.
    roles = [role if (role := names.role_of(scale)) in _FACTORS else "outcome" for scale in scales]
    present = list(dict.fromkeys(roles))
    legend = alt.Legend(orient="top", title=None, labelExpr=look.role_words(present, names), offset=8)
    frame = pd.DataFrame({"scale": list(scales), "role": roles})
    strip = (
        alt.Chart(frame)
        .mark_rect(height=5, clip=False)
        .encode(
            x=alt.X("scale:N", sort=None),
            y=alt.value(-6),
            color=alt.Color(
                "role:N",
                legend=legend,
                scale=alt.Scale(domain=present, range=[ROLE_COLOURS[role] for role in present]),
            ),
            tooltip=alt.value(None),
        )
    )
    return [strip]


def _fixed_legend(names: Names) -> alt.Legend:
    return alt.Legend(
        orient="bottom",
        direction="horizontal",
        title=say("charts.heat_legend", names.lang),
        format="%",
        values=list(_STOPS),
        gradientLength=260,
        gradientThickness=10,
    )


def _role_scale() -> alt.Scale:
    return alt.Scale(domain=list(ROLE_COLOURS), range=list(ROLE_COLOURS.values()))


def in_words(frame: pd.DataFrame, names: Names) -> dict[str, list[str]]:
    """Return what the tooltips say of each cell of a score table, by column."""
    ends = zip(frame["ci_low"], frame["ci_high"], strict=True)
    return {
        "label": [names.scale_share(scale) for scale in frame["scale"]],
        "people": look.safe_people(names, frame["n"], frame["n_band"]),
        "shown": _shares(frame),
        "interval": [numbers.span(low, high) for low, high in ends],
        "why": _why(frame, names),
    }


def _shares(frame: pd.DataFrame) -> list[str]:
    columns = (frame[name].astype(float) for name in ("favourable", "ci_low", "ci_high"))
    return [numbers.share(*row) for row in zip(*columns, strict=True)]


def _why(frame: pd.DataFrame, names: Names) -> list[str]:
    """Return why a share is not there: its cell is hidden, or only the share is withheld."""
    there = frame["hidden_reason"].isna() & frame["favourable"].isna()
    return [
        names.hidden("share" if only else r) for only, r in zip(there, frame["hidden_reason"], strict=True)
    ]


def tooltip(names: Names, *fields: str, group: str = "") -> list[alt.Tooltip]:
    """Return tooltip lines; the words of a field are in the catalogue, a group's in the questionnaire."""
    return [
        alt.Tooltip(
            f"{field}:N",
            title=names.demographic(group)
            if field == "group_label"
            else say(f"charts.tip.{field}", names.lang),
        )
        for field in fields
    ]
