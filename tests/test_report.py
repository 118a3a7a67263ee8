"""Reports say what the pages say, in three forms that open, and hold nothing but released figures."""

import io
import json
import re
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from pptx import Presentation
from pptx.util import Inches
from streamlit.testing.v1 import AppTest
from workspace_inputs import PULSE, answers, as_csv, people

from engage.cli import run
from engage.errors import InputError, UsageError
from engage.present import report as reports
from engage.present.numbers import day
from engage.present.tables import display
from engage.words import LANGUAGES, say
from engage.workspace import Workspace

ROOT = Path(__file__).parents[1]
SECRET = "The tool number"
ODD = "=1+1 </script><b>north"
TEAMS = {ODD: 30, "south": 24, "east": 12, "west": 7, "far": 3}


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    made = Workspace(folder / "space")
    given = answers(PULSE, TEAMS, comments=True)
    file = folder / "answers.csv"
    file.write_bytes(as_csv(given))
    made.import_file(file, wave="2025H1", instrument=PULSE)
    staff = folder / "people.csv"
    staff.write_bytes(as_csv(people(given)))
    made.import_file(staff, kind="people")
    made.close("2025H1")
    return made, set(given["employee id"])


REST = pytest.mark.rest
TONGUES = ["zh", *(pytest.param(lang, marks=REST) for lang in LANGUAGES if lang != "zh")]


@pytest.fixture(scope="module", params=TONGUES)
def report(request, space):
    return reports.of_workspace(space[0], request.param, made_on=day(date(2026, 11, 23), request.param))


def texts_of(file):
    """Return every text that an Office file holds."""
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        names = [name for name in parts.namelist() if name.endswith((".xml", ".rels"))]
        return "\n".join(parts.read(name).decode("utf-8") for name in names)


def test_every_part_begins_with_a_question_and_an_answer(report):
    names = [part.name for part in report.sections]
    assert names == [
        "overview", "talk", "drivers", "herzberg", "teams", "service", "comments", "quality", "withheld",
    ]  # fmt: skip
    assert all(part.title and part.lines and part.lines[0] for part in report.sections)
    # nobody told of service here: the part says so instead of being left out
    service = report.sections[5]
    assert not service.figures
    assert not service.sheets


def test_the_web_page_is_whole_and_fetches_nothing(report):
    page = reports.written(report, "html").decode("utf-8")
    for part in report.sections:
        assert f'<section id="{part.name}">' in page
    drawn = re.findall(r'<div data-chart="([\w-]+)">', page)
    held = dict(re.findall(r'<script type="application/json" id="([\w-]+)">(.*?)</script>', page, re.DOTALL))
    assert set(held) == {*drawn, "words"}
    assert len(drawn) == sum(len(part.figures) for part in report.sections) > 5
    assert all("mark" in held[id] and json.loads(held[id]) for id in drawn)
    assert "default-src 'none'" in page
    own = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r'(src|href)=(?!"#)', own)
    assert not re.search(r"url\(|@import", own)
    assert ODD not in page
    assert "&lt;/script&gt;" in page


def test_slides_are_text_with_the_method_in_the_notes(report):
    deck = Presentation(io.BytesIO(reports.written(report, "pptx")))
    cover, *slides = deck.slides
    assert cover.shapes.title.text == report.title
    assert {slide.shapes.title.text for slide in slides} == {part.title for part in report.sections}
    by_title = {part.title: part for part in report.sections}
    for slide in slides:
        part = by_title[slide.shapes.title.text]
        notes = slide.notes_slide.notes_text_frame.text
        assert all(line in notes for line in (*part.lines, *part.method))
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height
            if shape.shape_type == 13:
                assert shape._element._nvXxPr.cNvPr.get("descr")
    assert sum(shape.shape_type == 13 for slide in slides for shape in slide.shapes) >= 4


def test_the_workbook_holds_the_very_tables_of_the_pages(report):
    book = openpyxl.load_workbook(io.BytesIO(reports.written(report, "xlsx")))
    notes, *sheets = book.worksheets
    said = [row[0] for row in notes.iter_rows(values_only=True)]
    assert said[0] == report.title
    assert all(line in said for part in report.sections for line in part.lines)
    tables = [sheet.table for part in report.sections for sheet in part.sheets]
    assert len(sheets) == len(tables)
    for page, table in zip(sheets, tables, strict=True):
        shown = display(table, report.names)
        rows = list(page.iter_rows(values_only=True))
        assert list(rows[0]) == list(shown.columns)
        assert len(rows) == len(shown) + 1
        for got, want in zip(rows[1:], shown.itertuples(index=False, name=None), strict=True):
            for a, b in zip(got, want, strict=True):
                if pd.isna(b) or b == "":
                    assert a in (None, "")
                elif isinstance(b, str):
                    assert a == b
                else:
                    np.testing.assert_allclose(a, float(b), rtol=1e-12)
    assert not [cell for page in sheets for row in page.iter_rows() for cell in row if cell.data_type == "f"]


def test_no_person_and_no_comment_is_in_any_form(report, space):
    files = {format: reports.written(report, format) for format in reports.FORMATS}
    texts = {"html": files["html"].decode("utf-8"), **{f: texts_of(files[f]) for f in ("pptx", "xlsx")}}
    for text in texts.values():
        assert SECRET not in text
        assert not [id for id in space[1] if re.search(rf"\b{id}\b", text)]


@REST
def test_slides_take_the_look_of_a_template(report):
    own = Presentation()
    own.slide_width, own.slide_height = Inches(10), Inches(7.5)
    slide = own.slides.add_slide(own.slide_layouts[0])
    slide.shapes.title.text = "left over"
    file = io.BytesIO()
    own.save(file)
    made = reports.written(report, "pptx", template=file.getvalue())
    deck = Presentation(io.BytesIO(made))
    assert deck.slide_width == Inches(10)
    assert "left over" not in texts_of(made)
    assert len(deck.slides) > len(report.sections)
    with pytest.raises(InputError) as bad:
        reports.written(report, "pptx", template=b"PK nothing")
    assert bad.value.code == "report.bad_template"
    with pytest.raises(UsageError) as wrong:
        reports.written(report, "html", template=file.getvalue())
    assert wrong.value.code == "report.template_needs_slides"


@pytest.mark.parametrize("format", ["xlsx", *(pytest.param(one, marks=REST) for one in ("html", "pptx"))])
def test_the_command_writes_a_file(format, space, tmp_path, capsys):
    out = tmp_path / f"report.{format}"
    assert (
        run(["report", "--out", str(out), "--workspace", str(space[0].path), "--json", "--lang", "zh"]) == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["format"] == format
    assert told["sections"][0] == "overview"
    assert out.read_bytes()[:2] == (b"<!" if format == "html" else b"PK")
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_a_form_that_is_not_there_is_refused(space, tmp_path, capsys):
    asked = ["report", "--out", str(tmp_path / "report.docx"), "--workspace", str(space[0].path), "--json"]
    assert run(asked) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "report.unknown_format"
    assert not list(tmp_path.iterdir())


@REST
def test_the_page_makes_the_report_that_was_picked(space, monkeypatch):
    monkeypatch.setenv("ENGAGE_WORKSPACE", str(space[0].path))
    monkeypatch.setenv("ENGAGE_LANG", "zh")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    app.switch_page("engage/views/reports.py").run()
    assert not app.get("download_button")
    app.button(key="report_make").click().run()
    assert not app.exception
    assert not app.error
    (file,) = app.get("download_button")
    assert file.label == say("page_reports.save", "zh")
