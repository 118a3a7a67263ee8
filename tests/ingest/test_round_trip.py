"""A wave that was exported, opened in a spreadsheet program, saved there and read again is the same wave."""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from ingest_files import csv_bytes, ods_bytes, xls_bytes, xlsx_bytes
from tool_exports import EXPORTS, INSTRUMENT

from engage.ingest import export_responses, read
from engage.ingest.reading import Reading
from engage.instrument import Instrument, load_instrument
from engage.workspace import Workspace

SAVED: dict[str, Callable[[list[list[object]]], bytes]] = {
    "as it is": csv_bytes,
    "xlsx": xlsx_bytes,
    "xls": xls_bytes,
    "ods": lambda rows: ods_bytes([[str(cell) for cell in row] for row in rows]),
    "gb18030": lambda rows: csv_bytes(rows, "gb18030"),
    "unicode text": lambda rows: csv_bytes(rows, "utf-16", "\t"),
    "semicolons": lambda rows: csv_bytes(rows, "utf-8-sig", ";"),
}
SAID = ["respondent", "question", "text"]


@pytest.fixture(scope="module")
def climate(tmp_path_factory: pytest.TempPathFactory) -> Instrument:
    path = tmp_path_factory.mktemp("surveys") / "climate.yaml"
    path.write_text(INSTRUMENT, encoding="utf-8")
    return load_instrument(path)


def typed(cell: str) -> object:
    """Return a cell as a spreadsheet program takes it on opening a CSV file: numbers and times."""
    if cell.isdecimal() and len(cell) < 12:
        return int(cell)
    try:
        return datetime.strptime(cell, "%Y-%m-%d %H:%M:%S").isoformat(" ")
    except ValueError:
        return cell


def saved(data: bytes, how: str) -> bytes:
    rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    return SAVED[how]([[typed(cell) for cell in row] for row in rows])


def assert_same(again: Reading, wave: Reading, form: str) -> None:
    assert again.ok, again.problems
    assert again.understood.dialect == f"plain_{form}"
    columns = list(wave.table) if form == "wide" else ["respondent", *wave.understood.items.values()]
    order = [again.table.set_index("respondent").index.get_loc(id) for id in wave.table["respondent"]]
    pd.testing.assert_frame_equal(
        again.table.iloc[order][columns].reset_index(drop=True), wave.table[columns], check_dtype=True
    )
    assert sorted(again.comments[SAID].itertuples(index=False)) == sorted(
        wave.comments[SAID].itertuples(index=False)
    )


@pytest.mark.parametrize(
    "how", [how if how == "xlsx" else pytest.param(how, marks=pytest.mark.rest) for how in SAVED]
)
@pytest.mark.parametrize("form", ["wide", "long"])
@pytest.mark.parametrize(
    "lang", ["zh", *(pytest.param(lang, marks=pytest.mark.rest) for lang in ("en", "ru"))]
)
def test_an_export_saved_by_a_spreadsheet_program(
    lang: str, form: str, how: str, climate: Instrument
) -> None:
    export = next(one for one in EXPORTS if one.name == f"google {lang}")
    wave = read(export.make(), instrument=climate)
    data = export_responses(
        wave.table, wave.comments, climate, form=form, headings="text", answers="label", lang=lang
    )
    assert_same(read(saved(data, how), instrument=climate), wave, form)


@pytest.mark.rest
@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_a_wave_from_any_tool_comes_back_through_a_workspace(
    export, climate: Instrument, tmp_path: Path
) -> None:
    wave = read(export.make(), instrument=climate, mapping=export.mapping)
    data = export_responses(wave.table, wave.comments, climate)
    assert_same(read(data, instrument=climate), wave, "wide")
    first, second = Workspace(tmp_path / "a"), Workspace(tmp_path / "b")
    first.import_file(export.make(), "responses", "w", climate, export.mapping)
    done = second.import_file(data, "responses", "w", climate)
    assert done.comments == len(wave.comments)
    pd.testing.assert_frame_equal(first.frame("w"), second.frame("w"))


def test_two_answers_to_one_question_and_odd_cells_come_back(climate: Instrument) -> None:
    head = ["employee id", "pay_1", "first", "second"]
    odd = ["'=1", "=HYPERLINK(1)", "two\nlines", 'say "no"', "-5", "a;b,c\td", "1E5", "0012"]
    rows = [[f"E{n}", "Agree", text, f"also {text}"] for n, text in enumerate(odd)]
    told = {"comments": {"first": "change", "second": "change"}}
    wave = read(csv_bytes([head, *rows]), instrument=climate, mapping=told)
    assert len(wave.comments) == 2 * len(odd)
    for form in ("wide", "long"):
        data = export_responses(wave.table, wave.comments, climate, form=form)
        again = read(data, instrument=climate)
        assert sorted(again.comments["text"]) == sorted(wave.comments["text"])
        assert set(again.comments["question"]) == {"change"}
