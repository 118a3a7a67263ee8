"""Charts to take along: PNG and SVG of every chart, drawn when somebody asks for them."""

import io
import re
from xml.etree import ElementTree

import pytest
import streamlit as st
from PIL import Image
from test_charts import INSTRUMENT, chart_makers
from test_views import charts, start, turn_to

from engage.present.labels import Names
from engage.present.look import in_language
from engage.present.report.pictures import png, svg
from engage.views import template
from engage.words import LANGUAGES

WIDTH = 1040
HAN = re.compile(r"[一-鿿]")
CHARTS = chart_makers(Names(INSTRUMENT, "zh"))
EDGE = 4
"""Pixels that stay white along each edge: what reaches them is cut off."""


def edges_are_white(picture: bytes) -> bool:
    image = Image.open(io.BytesIO(picture)).convert("L")
    across, down = image.size
    strips = [(0, 0, across, EDGE), (0, down - EDGE, across, down),
              (0, 0, EDGE, down), (across - EDGE, 0, across, down)]  # fmt: skip
    return all(image.crop(strip).getextrema() == (255, 255) for strip in strips)


@pytest.mark.parametrize("lang", [pytest.param(one, marks=[pytest.mark.rest]) for one in LANGUAGES])
@pytest.mark.parametrize("name", sorted(CHARTS))
def test_nothing_is_cut_off_at_the_edges(name, lang):
    chart = in_language(chart_makers(Names(INSTRUMENT, lang))[name](), lang)
    picture = png(chart, WIDTH)
    assert Image.open(io.BytesIO(picture)).width == 2 * WIDTH
    assert edges_are_white(picture)


def test_a_picture_that_is_cut_is_found_out():
    """The test above can fail: without room around it, a label lies at the edge."""
    picture = Image.open(io.BytesIO(png(CHARTS["trend"](), WIDTH)))
    assert edges_are_white(png(CHARTS["trend"](), WIDTH))
    cut = io.BytesIO()
    picture.crop((0, 0, picture.width - 60, picture.height - 60)).save(cut, "PNG")
    assert not edges_are_white(cut.getvalue())


@pytest.mark.parametrize("lang", ["zh", *(pytest.param(one, marks=pytest.mark.rest) for one in ("en", "ru"))])
def test_words_of_a_drawing_are_words_of_its_language(lang):
    chart = chart_makers(Names(INSTRUMENT, lang))["scale_bars"]()
    root = ElementTree.fromstring(svg(in_language(chart, lang), WIDTH))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert float(root.attrib["width"]) == WIDTH
    said = {text for text in root.itertext() if text.strip()}
    assert Names(INSTRUMENT, lang).scale("engagement") in said
    assert any(HAN.search(text) for text in said) == (lang == "zh")
    outside = re.findall(rb'(?:href|src)="([^"]*)"|url\(([^)]*)\)', svg(chart, WIDTH))
    assert all(b"://" not in one for pair in outside for one in pair)


@pytest.mark.parametrize(
    "page",
    [pytest.param("overview", marks=pytest.mark.rest), pytest.param("teams", marks=pytest.mark.slow)],
)
def test_every_chart_of_a_page_can_be_saved_and_none_is_drawn_unasked(page, sample_workspace, monkeypatch):
    asked: list[str] = []
    offered: dict[str, object] = {}
    real = st.download_button

    def drawing(kind, draw):
        return lambda chart, width: asked.append(kind) or draw(chart, width)

    def button(label, data, **more):
        offered[more["file_name"]] = data
        return real(label, data, **more)

    monkeypatch.setattr(template, "png", drawing("png", png))
    monkeypatch.setattr(template, "svg", drawing("svg", svg))
    monkeypatch.setattr(st, "download_button", button)
    app = turn_to(start(monkeypatch, sample_workspace, "en"), page)
    offered = {name: data for name, data in offered.items() if f"_{page}_" in name}
    assert len(offered) == 2 * charts(app)
    assert asked == []
    files = {name: data() for name, data in offered.items()}
    assert asked.count("png") == asked.count("svg") == charts(app)
    for name, file in files.items():
        assert file.startswith(b"\x89PNG" if name.endswith("_en.png") else b"<svg"), name
