import io
import sys
import zipfile

import numpy as np
import openpyxl
import pytest
from ingest_files import csv_bytes, xlsx_bytes

from engage.errors import EngageError, InputError, UsageError
from engage.ingest import read
from engage.ingest.cells import MAX_CELLS
from engage.ingest.delimited import sniff_delimiter
from engage.ingest.encodings import decode
from engage.ingest.files import open_grid
from engage.ingest.sheet_child import shown

CHINESE = "序号,所在班组,我的工资合理\n1,一班,非常同意\n2,二班,不同意\n"
TRADITIONAL = "編號,所屬團隊,我的薪資合理\n1,一隊,非常同意\n2,二隊,不同意這個說法\n"
RUSSIAN = "Табельный номер;Команда;Моя зарплата справедлива\n1;Первая;Скорее согласен\n2;Вторая;Не согласен\n"
WESTERN = "id,team,comment\n1,Zürich,“très bien” – café\n2,Köln,naïve Lösung für Käse\n"


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        (CHINESE, "gbk", "gb18030"),
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8-sig"),
        (CHINESE, "utf-16", "utf-16"),
        (WESTERN, "utf-16-le", "utf-16-le"),
        (WESTERN, "utf-16-be", "utf-16-be"),
        (TRADITIONAL, "big5", "big5"),
        (RUSSIAN, "cp1251", "cp1251"),
        (WESTERN, "cp1252", "cp1252"),
        ("id,team\n1,2\n", "ascii", "utf-8"),
    ],
)
def test_encoding_is_recognised(text: str, written: str, found: str) -> None:
    decoded = decode(text.encode(written))
    assert (decoded.encoding, decoded.text, decoded.bad) == (found, text, 0)


def test_a_few_broken_characters_are_replaced_and_reported() -> None:
    data = (CHINESE * 5).encode() + b"3,\xe4\xb8,x\n"
    reading = read(data, "people", mapping={"columns": {"序号": "respondent"}})
    assert reading.understood.encoding == "utf-8"
    assert [p.count for p in reading.problems if p.code == "ingest.bad_characters"] == [1]


def test_encoding_may_be_told() -> None:
    assert read(RUSSIAN.encode("koi8-r"), "people", mapping={"encoding": "koi8-r"}).table[
        "team"
    ].tolist() == [
        "Первая",
        "Вторая",
    ]
    with pytest.raises(InputError, match="utf-8"):
        read(RUSSIAN.encode("koi8-r"), "people", mapping={"encoding": "utf-8"})


def test_decimal_commas_do_not_pass_for_delimiters() -> None:
    assert sniff_delimiter(b"team;month;a;b\nx;2026-01;3,5;4,5\ny;2026-02;2,5;1,5\n") == ";"
    assert sniff_delimiter(b"just a sentence, with a comma\nand another\n") == "\x1f"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\t\n", "empty"),
        (b"id,team\n1,\x00\x01\x02\x03\n" * 5, "nul_bytes"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "html"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", "html"),
        (b"%PDF-1.7 whatever", "not_a_table"),
        (b"one column\nonly\n", "not_a_table"),
        (b"PK\x03\x04 broken", "archive_broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "sheet_broken"),
        (b'id,team\n1,"' + b"x" * 140_000 + b'"\n', "cell_too_long"),
    ],
)
def test_what_is_no_table_is_refused_clearly(data: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(data, "people", name="upload.xls")
    assert caught.value.code == f"ingest.{code}"
    assert caught.value.remedy("zh")


def test_missing_file_and_folder(tmp_path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, "a\0b"):
        with pytest.raises(UsageError):
            read(path)


def test_an_archive_that_is_no_workbook() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    with pytest.raises(InputError, match="no table"):
        read(out.getvalue())


def workbook_with(sheet: bytes, *, compress: bool = False) -> bytes:
    """Return a workbook whose first sheet is the given XML."""
    source = zipfile.ZipFile(io.BytesIO(xlsx_bytes([["a", "b"]])))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as archive:
        for name in source.namelist():
            archive.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else source.read(name))
    return out.getvalue()


SPARSE = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s<sheetData>'
    b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    b"</sheetData></worksheet>"
)


@pytest.mark.parametrize("declared", [b'<dimension ref="A1:XFD1048576"/>', b'<dimension ref="A1:B2"/>', b""])
def test_sparse_sheet_of_a_thousand_bytes_is_refused(declared: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read(workbook_with(SPARSE % declared))
    assert caught.value.code == "ingest.sheet_too_big"


def test_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(InputError) as caught:
        read(workbook_with(b" " * 60_000_000, compress=True))
    assert caught.value.code == "ingest.sheet_bomb"


def test_cells_read_as_text_without_float_noise() -> None:
    import datetime

    assert [shown(v) for v in (3.0, 0.1 + 0.2, 1e20, True, "x")] == ["3", "0.3", "1e+20", "TRUE", "x"]
    assert shown(datetime.datetime(2026, 9, 3)) == "2026-09-03"
    assert shown(datetime.datetime(2026, 9, 3, 4, 5)) == "2026-09-03 04:05:00"


def test_largest_visible_sheet_is_read_and_the_others_named() -> None:
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active.append(["请勿修改"])
    data = book.create_sheet("数据")
    data.append(["工号", "班组"])
    data.append(["1", "甲"])
    hidden = book.create_sheet("hidden")
    hidden.sheet_state = "hidden"
    for _ in range(9):
        hidden.append([1, 2, 3])
    out = io.BytesIO()
    book.save(out)
    reading = read(out.getvalue(), "people")
    assert reading.table["team"].tolist() == ["甲"]
    problem = next(p for p in reading.problems if p.code == "ingest.sheet_chosen")
    assert problem.params["others"] == ["说明"]
    with pytest.raises(InputError, match="nosuch"):
        read(out.getvalue(), "people", mapping={"sheet": "nosuch"})


def test_the_child_loads_neither_pandas_nor_numpy() -> None:
    import subprocess

    probe = (
        "import sys, engage.ingest.sheet_child; print(sorted({'pandas', 'numpy', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_cells_keep_their_places_over_chunks() -> None:
    rng = np.random.default_rng(7)
    rows = [[str(n), *map(str, rng.integers(0, 3, 3))] for n in range(9_000)]
    rows[5_000].append("beyond")
    grid = open_grid(csv_bytes(rows))
    assert grid.cells.shape == (9_000, 5)
    assert [list(row[:4]) for row in grid.cells] == [row[:4] for row in rows]
    assert grid.cells[5_000, 4] == "beyond"
    assert grid.filled[5_000] == 5
    assert grid.cells.size < MAX_CELLS


def test_an_open_quotation_mark_is_found() -> None:
    reading = read(b'id,team\n1,a\n2,"b\n3,c\n4,d\n', "people")
    problem = next(p for p in reading.problems if p.code == "ingest.quote_open")
    assert (problem.severity, problem.row) == ("error", 3)


def outcome(data: bytes, kind: str) -> dict[str, str]:
    """Return the error of reading, or that of its first problem; any other exception passes through."""
    try:
        reading = read(data, kind)  # type: ignore[arg-type]
    except EngageError as error:
        return error.as_dict("zh")
    return {"remedy": reading.problems[0].remedy("zh")}


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_never_raise_anything_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe", b"id,team\n"][seed % 5]
    data = start + rng.integers(0, 256, 3_000, dtype=np.uint8).tobytes()
    assert outcome(data, "people")["remedy"]


def test_truth_values_and_ones_of_one_column_stay_apart() -> None:
    rows = [["h", "x"], ["a", 1], ["b", True], ["c", 0], ["d", False], *([["z", 1]] * 300), ["q", True]]
    cells = open_grid(xlsx_bytes(rows)).cells
    assert [row[1] for row in cells[1:5]] == ["1", "TRUE", "0", "FALSE"]
    assert (cells[304, 1], cells[305, 1]) == ("1", "TRUE")
