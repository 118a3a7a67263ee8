"""A report as slides: native text that can be edited, charts as crisp pictures, the method in the notes."""

import io
from collections.abc import Sequence
from typing import Any, Final

from engage.errors import InputError
from engage.present.report.pictures import png
from engage.present.report.story import Figure, Report, Section
from engage.words import say

_TALL: Final = 800
"""Charts taller than this many pixels, such as of sixty teams, are left to the other formats."""
_MARGIN: Final = 0.045
_TEXT: Final = (0.045, 0.17, 0.27, 0.78)
_CHART: Final = (0.335, 0.16, 0.62, 0.79)
_ONLY_TEXT: Final = (0.045, 0.17, 0.8, 0.78)
"""Left, top, width and height of boxes, as shares of the slide."""
_NARROW, _WIDE = 620, 1000
_TITLE_SIZE: Final = 26
_BESIDE, _ALONE = 620, 2400
"""About so much text fits beside a chart, and without one, in Latin letters; the notes hold all of it."""
_FACE: Final = {"zh": "Microsoft YaHei", "en": "Calibri", "ru": "Calibri"}
Box = tuple[int, int, int, int]


def write(report: Report, template: bytes | None = None) -> bytes:
    """Return the report as a ``.pptx``, on the master and in the size of a ``template`` where one is given.

    Raises ``InputError`` for a template that is not a presentation.
    """
    deck = _opened(template)
    if not report.brief:
        _cover(deck, report)
    for part in report.sections:
        fitting = [one for one in part.figures if not one.minor and one.chart.height <= _TALL]
        leading = fitting[0] if fitting and fitting[0] is part.figures[0] else None
        _slide(deck, part, part.lines, leading, report)
        for figure in fitting[0 if leading is None else 1 :]:
            _slide(deck, part, (figure.said,), figure, report)
    file = io.BytesIO()
    deck.save(file)
    return file.getvalue()


def _opened(template: bytes | None) -> Any:
    from pptx import Presentation
    from pptx.util import Inches

    if template is None:
        deck = Presentation()
        deck.slide_width, deck.slide_height = Inches(13.333), Inches(7.5)
        return deck
    try:
        deck = Presentation(io.BytesIO(template))
    except Exception as error:  # whatever zipfile, lxml and python-pptx raise on what is no presentation
        raise InputError("report.bad_template", where="template") from error
    pages = deck.slides._sldIdLst
    for page in list(pages):
        deck.part.drop_rel(page.rId)
        pages.remove(page)
    return deck


def _layout(deck: Any) -> Any:
    """Return a layout with a title and nothing else; the one with the fewest places where there is none."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    titles = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)

    def places(layout: Any) -> tuple[bool, int]:
        kinds = [one.placeholder_format.type for one in layout.placeholders]
        own = [
            kind
            for kind in kinds
            if kind not in (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)
        ]
        return not any(kind in titles for kind in kinds), len(own)

    return min(deck.slide_layouts, key=places)


def _cover(deck: Any, report: Report) -> None:
    slide = _new(deck)
    _title(slide, report.title, _box(deck, (_MARGIN, 0.36, 1 - 2 * _MARGIN, 0.16)), report, 36)
    _words(slide, [report.subtitle], _box(deck, (_MARGIN, 0.54, 0.8, 0.1)), report)


def _slide(deck: Any, part: Section, lines: Sequence[str], figure: Figure | None, report: Report) -> None:
    """Add a slide: the question, what is said of it, the chart beside; everything and the method as notes."""
    slide, lang = _new(deck), report.names.lang
    _title(slide, part.title, _box(deck, (_MARGIN, 0.05, 1 - 2 * _MARGIN, 0.1)), report, _TITLE_SIZE)
    if figure is None:
        _words(slide, _fitting(lines, _ALONE), _box(deck, _ONLY_TEXT), report)
    else:
        _words(slide, _fitting(lines, _BESIDE), _box(deck, _TEXT), report)
        _picture(slide, figure, _box(deck, _CHART))
    notes = [*part.lines, "", *([say("app.method", lang), *part.method] if part.method else [])]
    slide.notes_slide.notes_text_frame.text = "\n".join(notes).strip()


def _box(deck: Any, shares: tuple[float, float, float, float]) -> Box:
    left, top, across, down = shares
    width, height = deck.slide_width, deck.slide_height
    return round(left * width), round(top * height), round(across * width), round(down * height)


def _length(text: str) -> int:
    """Return how long a text is in Latin letters; a Chinese character takes nearly two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _fitting(lines: Sequence[str], most: int) -> list[str]:
    """Return the first line and as many of the next as there is room for."""
    kept, used = [lines[0]], _length(lines[0])
    for line in lines[1:]:
        used += _length(line) + 20
        if used > most:
            break
        kept.append(line)
    return kept


def _new(deck: Any) -> Any:
    slide = deck.slides.add_slide(_layout(deck))
    for place in list(slide.placeholders):
        if place != slide.shapes.title:
            place._element.getparent().remove(place._element)
    return slide


def _title(slide: Any, text: str, box: Box, report: Report, size: int) -> None:
    title = slide.shapes.title
    if title is None:
        title = slide.shapes.add_textbox(*box)
    title.left, title.top, title.width, title.height = box
    _fill(title.text_frame, [text], [size], report, bold=True)


def _words(slide: Any, lines: Sequence[str], box: Box, report: Report) -> None:
    frame = slide.shapes.add_textbox(*box).text_frame
    first = 20 if _length(lines[0]) < 160 else 16 if _length(lines[0]) < 320 else 13
    sizes = [first, *([min(first, 14)] * (len(lines) - 1))]
    _fill(frame, lines, sizes, report, bold=False)


def _fill(frame: Any, lines: Sequence[str], sizes: Sequence[int], report: Report, *, bold: bool) -> None:
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.oxml.ns import qn
    from pptx.util import Pt

    frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.TOP
    for place, (line, size) in enumerate(zip(lines, sizes, strict=True)):
        paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        paragraph.alignment, paragraph.space_after = PP_ALIGN.LEFT, Pt(8)
        run = paragraph.add_run()
        run.text, run.font.size, run.font.bold = line, Pt(size), bold
        face = _FACE[report.names.lang]
        run.font.name = face
        east = run.font._element.makeelement(qn("a:ea"), {"typeface": face})
        run.font._element.append(east)


def _picture(slide: Any, figure: Figure, box: Box) -> None:
    """Add the chart as large as its box allows, with its sentence as the alternative text."""
    left, top, width, height = box
    wide = min(max(round(figure.chart.height * width / height), _NARROW), _WIDE)
    picture = slide.shapes.add_picture(io.BytesIO(png(figure.chart, wide)), left, top)
    scale = min(width / picture.width, height / picture.height)
    picture.width, picture.height = round(picture.width * scale), round(picture.height * scale)
    picture._element._nvXxPr.cNvPr.set("descr", figure.said)
