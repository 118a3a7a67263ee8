"""A report as one HTML file: works offline, charts can be pointed at, prints well."""

import json
from html import escape
from importlib.resources import files
from typing import Any, Final

import pandas as pd

from engage.present.labels import is_missing
from engage.present.report.story import Figure, Report, Section, Sheet
from engage.present.tables import display
from engage.words import Language, say

_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)
"""Nothing is fetched; Vega makes functions of its expressions."""
_DRAW: Final = """
for (const place of document.querySelectorAll("[data-chart]")) {
  const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  vegaEmbed(place, spec, {
    renderer: "svg",
    actions: {export: true, source: false, compiled: false, editor: false},
    i18n: JSON.parse(document.getElementById("words").textContent),
    downloadFileName: place.dataset.chart
  });
}
"""


def write(report: Report) -> bytes:
    """Return the report as one HTML document in UTF-8."""
    import vl_convert

    lang = report.names.lang
    sheet = files("engage.present.report").joinpath("report.css").read_text(encoding="utf-8")
    contents = "".join(
        f'<li><a href="#{part.name}">{escape(part.title)}</a></li>' for part in report.sections
    )
    label = escape(say("report.contents", lang))
    nav = "" if report.brief else f'<nav aria-label="{label}"><ol>{contents}</ol></nav>'
    words = {
        key: say(f"report.{key.lower()}", lang)
        for key in ("CLICK_TO_VIEW_ACTIONS", "PNG_ACTION", "SVG_ACTION")
    }
    parts = "".join(_section(part, report) for part in report.sections)
    bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub lacks the default
    return (
        f'<!doctype html>\n<html lang="{"zh-Hans" if lang == "zh" else lang}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{sheet}</style></head>"
        f"<body{' class=brief' if report.brief else ''}><main>"
        f"<header><h1>{escape(report.title)}</h1><p>{escape(report.subtitle)}</p></header>{nav}{parts}</main>"
        f"{_data('words', words)}<script>{bundle}</script><script>{_DRAW}</script>"
        "</body></html>\n"
    ).encode()


def _section(part: Section, report: Report) -> str:
    lang = report.names.lang
    first, *more = part.lines
    lines = "".join(f"<p>{escape(line)}</p>" for line in more)
    figures = "".join(_figure(one, f"{part.name}-{place}") for place, one in enumerate(part.figures, 1))
    tables = "".join(_table(sheet, report) for sheet in part.sheets)
    method = "".join(f"<li>{escape(line)}</li>" for line in part.method)
    folded = (
        f"<details><summary>{escape(say('app.method', lang))}</summary><ul>{method}</ul></details>"
        if method
        else ""
    )
    return (
        f'<section id="{part.name}"><h2>{escape(part.title)}</h2><p class="answer">{escape(first)}</p>{lines}'
        f"{figures}{tables}{folded}</section>"
    )


def _figure(figure: Figure, id: str) -> str:
    said = escape(figure.said, quote=True)
    title = f"<h3>{escape(figure.title)}</h3>" if figure.title else ""
    return (
        f'{title}<figure role="img" aria-label="{said}"><div data-chart="{id}"></div></figure>'
        f"{_data(id, figure.chart.to_dict(validate=False))}"
    )


def _table(sheet: Sheet, report: Report) -> str:
    shown = display(sheet.table, report.names)
    heads = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in shown.columns)
    numeric = [pd.api.types.is_numeric_dtype(shown[name]) for name in shown.columns]
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{' class=number' if number else ''}>{escape(cell(value, report.names.lang))}</td>"
            for value, number in zip(row, numeric, strict=True)
        )
        + "</tr>"
        for row in shown.itertuples(index=False, name=None)
    )
    return (
        f"<details><summary>{escape(sheet.title)}</summary><div class=table><table><thead><tr>{heads}</tr>"
        f"</thead><tbody>{rows}</tbody></table></div></details>"
    )


def cell(value: Any, lang: Language) -> str:
    """Return a cell of a displayed table as text: a dash where there is nothing, a comma in Russian."""
    if is_missing(value):
        return "–"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text.replace(".", ",") if lang == "ru" and isinstance(value, float) else text


def _data(id: str, document: Any) -> str:
    """Return a script element that holds data; no text in it can end it."""
    text = json.dumps(document, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{id}">{text}</script>'
