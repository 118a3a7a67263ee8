"""How every chart looks: palette, fonts, axes, and the few helpers the chart modules share.

Colours carry meaning and are the same on every page. Nothing is coloured for a light page: the ink is a grey
that reads on white and on near-black, and the background is transparent.
"""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import altair as alt
import pandas as pd

from engage.present.labels import Names
from engage.privacy import SafeTable
from engage.words import Language, say

ROLE_COLOURS: Final[dict[str, str]] = {
    "hygiene": "#1b6f8a",
    "motivator": "#c8741a",
    "unlabelled": "#85799c",
    "outcome": "#76797f",
    "strain": "#76797f",
    "lift": "#76797f",
}
"""One hue per role; the two theory roles differ in lightness too, for readers who see few colours."""

TONE_COLOURS: Final[dict[str, str]] = {"negative": "#8a5a9e", "neutral": "#a3a6ab", "positive": "#3f8f5b"}
"""Purple to green, as in the heat map: the pair that colour-blind readers tell apart."""

SERIES_COLOURS: Final = (
    "#2583a0",
    "#c8741a",
    "#8a5a9e",
    "#3f8f5b",
    "#b0486b",
    "#76797f",
    "#5b7fd1",
    "#9a7b2f",
)
"""For lines that carry their name at the end."""

INK: Final = "#7c8088"
FAINT: Final = "#7c808855"
FONTS: Final = (
    "'Source Sans', 'Source Sans Pro', 'Noto Sans CJK SC', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', "
    "sans-serif"
)
"""The page's own face first; Chinese glyphs come from the first face that has them."""
TEXT_SIZE: Final = 12
_TITLE_LINE: Final = 20
SMALL: Final = 11

BAR: Final = 0.6
"""Bars are lighter than their interval, which is drawn over them in the same hue."""

FAVOURABLE_LINE: Final = 0.6
"""The stated middle of the favourable scale: below it fewer than three in five answers are favourable."""

_WIDE: Final = ("W", "F")


def theme() -> dict[str, Any]:
    """Return the Vega-Lite configuration that each chart carries; nothing is registered globally."""
    axis = {
        "labelColor": INK,
        "titleColor": INK,
        "titleFontWeight": "normal",
        "labelFontSize": TEXT_SIZE,
        "titleFontSize": TEXT_SIZE,
        "gridColor": FAINT,
        "gridOpacity": 0.5,
        "domainColor": FAINT,
        "tickColor": FAINT,
        "labelLimit": 600,
        "titleLimit": 700,
    }
    legend = {
        "labelColor": INK,
        "titleColor": INK,
        "titleFontWeight": "normal",
        "labelFontSize": TEXT_SIZE,
        "titleFontSize": TEXT_SIZE,
        "labelLimit": 600,
        "titleLimit": 700,
        "symbolType": "square",
    }
    title = {
        "anchor": "start",
        "color": INK,
        "fontSize": TEXT_SIZE,
        "fontWeight": "normal",
        "frame": "bounds",
        "limit": 1200,
    }
    return {
        "font": FONTS,
        "background": "transparent",
        "view": {"stroke": None},
        "axis": axis,
        "legend": legend,
        "title": title,
        "text": {"color": INK, "fontSize": TEXT_SIZE},
    }


def released(table: SafeTable, kind: str) -> pd.DataFrame:
    """Return the cells of a released table of that kind.

    Raises ``TypeError`` for anything but a ``SafeTable``, and for one of another kind: a chart draws nothing
    that has not passed the gate.
    """
    if not isinstance(table, SafeTable):
        raise TypeError(f"a SafeTable is needed, not a {type(table).__name__}")
    if table.kind != kind:
        raise TypeError(f"a table of {kind} is needed, not of {table.kind}")
    return table.tidy()


def finish(
    layers: Sequence[alt.Chart], height: int, title: Sequence[str] = (), *, own_colours: bool = False
) -> alt.LayerChart:
    """Lay ``layers`` over each other, as wide as the page, with the look of every chart.

    ``height`` in pixels, without the lines of the ``title``; pages fit the axes into it as well.
    ``own_colours``: the layers don't share scales of colours and shapes.
    """
    height += _TITLE_LINE * len(title)
    chart = alt.LayerChart(layer=list(layers), width="container", height=height, config=alt.Config(**theme()))
    if title:
        chart.title = alt.TitleParams(text=list(title), offset=10)
    if own_colours:
        chart.resolve = alt.Resolve(scale=alt.ScaleResolveMap(color="independent", shape="independent"))
    return chart


def in_language(chart: Any, lang: Language) -> Any:
    """Return the chart with its axes' numbers as readers of ``lang`` write them: in Russian 1 000 and 0,5."""
    if lang != "ru":
        return chart
    numbers = alt.NumberLocale(decimal=",", thousands="\u00a0", grouping=[3], currency=["", "\u00a0₽"])
    chart = chart.copy(deep=False)
    chart.config = alt.Config(**theme(), locale=alt.Locale(number=numbers))
    return chart


def nothing(names: Names, reasons: Iterable[object] = ()) -> alt.LayerChart:
    """Return a chart that only says why there is nothing to draw."""
    why = list(dict.fromkeys(filter(None, map(names.hidden, reasons))))
    key = "charts.nothing_because" if why else "charts.nothing"
    text = say(key, names.lang, reasons=why) if why else say(key, names.lang)
    frame = pd.DataFrame({"words": [text]})
    return finish([alt.Chart(frame).mark_text(fontSize=14).encode(text="words:N")], 80)


def ems(text: str) -> float:
    """Return the width of ``text`` in ems, near enough to leave room for it."""
    return sum(_glyph(c) for c in text)


def wording_of(labels: Mapping[str, str]) -> str:
    """Return a Vega object literal from keys to words: data keep stable keys, axes and legends show words."""
    return json.dumps(dict(labels), ensure_ascii=False)


def role_words(roles: Iterable[str], names: Names) -> str:
    """Return the Vega expression of the labels of a legend of roles."""
    return f"{wording_of({role: names.role(role) for role in roles})}[datum.label]"


def wording(labels: Mapping[str, str]) -> str:
    """Return the Vega expression of an axis label."""
    return f"{wording_of(labels)}[datum.value]"


def label_room(labels: Mapping[str, str]) -> float:
    """Return the width in pixels that the longest row label needs."""
    return min(max((ems(text) for text in labels.values()), default=0) * TEXT_SIZE + 6, 320)


def row_axis(labels: Mapping[str, str], colours: Mapping[str, str] | None = None) -> alt.Axis:
    """Return a y axis of words: left-aligned, never cut, in their colours (headings are keys with ``#``)."""
    room = label_room(labels)
    colour: Any = INK
    if colours:
        by_colour = {
            c: [key for key, own in colours.items() if own == c] for c in dict.fromkeys(colours.values())
        }
        tests = [
            {"test": f"indexof({json.dumps(keys)}, datum.value) >= 0", "value": c}
            for c, keys in by_colour.items()
        ]
        colour = {"condition": tests, "value": INK}
    return alt.Axis(
        labelExpr=wording(labels),
        labelAlign="left",
        labelPadding=room,
        labelLimit=room + 40,
        labelColor=colour,
        labelFontWeight={"condition": {"test": "datum.value[0] === '#'", "value": "bold"}, "value": "normal"},
        ticks=False,
        domain=False,
        grid=False,
        title=None,
    )


def role_order(names: Names, scales: Iterable[str]) -> list[str]:
    """Return scales grouped by role, in the questionnaire's order, composites before their parts."""
    roles = list(ROLE_COLOURS)
    known = [scale.id for scale in names.instrument.scales] if names.instrument else []

    def place(scale: str) -> tuple[int, int]:
        return roles.index(names.role_of(scale)), known.index(scale) if scale in known else -1

    return sorted(dict.fromkeys(scales), key=place)


def felt(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Return the rows of how people feel, where there are any: levels of competence have their own page."""
    level = frame["scale"].map(names.is_level).astype(bool)
    return frame if level.all() else frame[~level].reset_index(drop=True)


def safe_people(names: Names, n: pd.Series, n_band: pd.Series) -> list[str]:
    """Return the released numbers of people in words, one per row."""
    return [names.n(one, band) for one, band in zip(n, n_band, strict=True)]


def _glyph(character: str) -> float:
    if unicodedata.east_asian_width(character) in _WIDE:
        return 1.0
    if character in " .,:;il|'()–-":
        return 0.32
    return 0.66 if character.isupper() or ord(character) > 0x3FF else 0.56


def wave_axis() -> alt.Axis:
    """Return the time axis: waves in their order, words level."""
    return alt.Axis(title=None, labelAngle=0, labelLimit=160, ticks=False, labelPadding=8)


def spread(wanted: Sequence[float], gap: float, length: float) -> list[float]:
    """Return positions near ``wanted`` (ascending), at least ``gap`` apart, none beyond ``length``."""
    places: list[float] = []
    for at in wanted:
        places.append(max(at, places[-1] + gap) if places else at)
    limit = length
    for index in range(len(places) - 1, -1, -1):
        places[index] = min(places[index], limit)
        limit = places[index] - gap
    return places


def room_right(names: Names, labels: Iterable[str]) -> list[Any]:
    """Return the pixel range of a time axis that leaves room for the lines' names behind their ends."""
    longest = max(
        (ems(say("charts.line_end", names.lang, label=label, share="100%")) for label in labels), default=0
    )
    return [24, alt.ExprRef(f"width - {round(longest * TEXT_SIZE) + 24}")]


def end_labels(
    points: pd.DataFrame, series: Sequence[str], height: int, colours: Mapping[str, str], names: Names
) -> list[alt.Chart]:
    """Return each line's name behind its last shown point, moved apart where lines end close together.

    ``points``: one row per point with ``series, x, y`` (share), ``name`` and ``value`` (the share in words).
    """
    shown = points.dropna(subset=["y"])
    last = {one: shown[shown["series"] == one].iloc[-1] for one in series if (shown["series"] == one).any()}
    ends = sorted(last, key=lambda one: -float(last[one]["y"]))
    wanted = [height * (1 - float(last[one]["y"])) for one in ends]
    layers = []
    for one, at, place in zip(ends, wanted, spread(wanted, 17, height - 7), strict=True):
        row = last[one]
        words = say("charts.line_end", names.lang, label=row["name"], share=row["value"])
        point = pd.DataFrame({"x": [row["x"]], "y": [row["y"]], "words": [words]})
        layers.append(
            alt.Chart(point)
            .mark_text(align="left", dx=10, dy=round(place - at), fontWeight="bold", color=colours[one])
            .encode(x=alt.X("x:N", sort=None), y="y:Q", text="words:N")
        )
    return layers
