"""What is wrong with a file: damage, identifiers, shifted rows; and the way back through corrected rows."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from ingest_files import csv_bytes, xlsx_bytes
from tool_exports import EXPORTS, INSTRUMENT, LABELS

from engage.errors import InputError, UsageError
from engage.ingest import read
from engage.ingest.correcting import corrected_mapping, faulty_rows, with_corrections
from engage.ingest.exports import export_responses, masked, unmasked
from engage.ingest.pseudonyms import Pseudonyms, load_key
from engage.ingest.teams import load_team_map
from engage.ingest.templates import TEMPLATES, kind_template
from engage.instrument import Instrument, load_instrument
from engage.words import LANGUAGES


@pytest.fixture
def climate(tmp_path: Path) -> Instrument:
    path = tmp_path / "climate.yaml"
    path.write_text(INSTRUMENT, encoding="utf-8")
    return load_instrument(path)


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "elsewhere" / "key"
    monkeypatch.setenv("ENGAGE_KEY_FILE", str(path))
    return path


def found(reading, severity: str = "") -> dict[str, tuple[int | None, int]]:
    return {
        p.code.removeprefix("ingest."): (p.row, p.count)
        for p in reading.problems
        if not severity or p.severity == severity
    }


def wide(n: int = 60) -> list[list[object]]:
    """Return n respondents over columns whose values tell one from the next."""
    rows: list[list[object]] = [["工号", "team", "pay_1", "ages", "gender", "tenure", "enps_1"]]
    ages, tenures = ["18-25", "26-35", "36-45"], ["<1y", "1-3y", ">3y"]
    for k in range(n):
        label = LABELS["zh"][k % 5]
        rows.append(
            [f"E{k}", f"{'甲乙丙'[k % 3]}班", label, ages[k % 3], "男女"[k % 2], tenures[k % 3], k % 11]
        )
    return rows


def test_damage_by_spreadsheets_is_named_with_row_column_and_count(climate: Instrument) -> None:
    rows = wide()
    rows[5][3], rows[9][3], rows[12][3] = "Jun-25", "1月5日", "26  35"
    rows[7][1] = "${e://Field/team}"
    reading = read(csv_bytes(rows), instrument=climate)
    problems = {p.code.removeprefix("ingest."): p for p in reading.problems}
    assert (problems["excel_date"].row, problems["excel_date"].column, problems["excel_date"].count) == (
        6,
        "ages",
        2,
    )
    assert (problems["lost_dash"].row, problems["lost_dash"].count) == (13, 1)
    assert (problems["placeholder"].row, problems["placeholder"].column) == (8, "team")


def test_no_damage_is_seen_in_sound_files(climate: Instrument) -> None:
    assert not found(read(csv_bytes(wide()), instrument=climate)).keys() & {
        "excel_date", "lost_dash", "placeholder", "row_shifted", "columns_nearly_empty", "date_future",
        "identifier_phone",
    }  # fmt: skip


@pytest.mark.parametrize("step", [1, -1])
def test_a_shifted_row_is_found(step: int, climate: Instrument) -> None:
    rows = wide()
    body = rows[20]
    rows[20] = [body[0], "", *body[1:-1]] if step > 0 else [body[0], *body[2:], ""]
    assert found(read(csv_bytes(rows), instrument=climate))["row_shifted"] == (21, 1)


def test_times_that_cannot_be(climate: Instrument) -> None:
    rows = [
        ["工号", "开始时间", "提交时间", "pay_1"],
        ["1", "2026-09-03 10:00:00", "2026-09-03 09:00:00", "同意"],
        ["2", "2026-09-03 10:00:00", "2999-09-03 10:00:00", "同意"],
        ["3", "2026-09-03 10:00:00", "2026-02-31 10:00:00", "同意"],
    ]
    faults = found(read(csv_bytes(rows), instrument=climate))
    assert faults["ended_before_start"] == (2, 1)
    assert faults["bad_date"] == (3, 2)
    # dates() knows no year beyond 2100
    later = [*rows[:2], ["2", "2026-09-03 10:00:00", "2099-09-03 10:00:00", "同意"]]
    assert found(read(csv_bytes(later), instrument=climate))["date_future"] == (3, 1)


def test_nearly_empty_columns_and_a_header_that_is_one_short(climate: Instrument) -> None:
    rows = [[*row, ""] for row in wide(120)]
    rows[0][-1], rows[3][-1] = "其他说明", "x"
    assert found(read(csv_bytes(rows), instrument=climate))["columns_nearly_empty"] == (None, 1)
    shifted = [rows[0][:-1], *([n, *row[:-1]] for n, row in enumerate(rows[1:]))]
    assert found(read(csv_bytes(shifted), instrument=climate), "error")["header_short"] == (1, 1)


def test_words_for_no_answer(climate: Instrument) -> None:
    rows = [["工号", "pay_1"], ["1", "不适用"], ["2", "同意"], ["3", "Prefer not to say"]]
    reading = read(csv_bytes(rows), instrument=climate)
    assert reading.ok
    assert found(reading, "info")["no_answer_words"] == (2, 2)
    assert reading.table["pay_1"].tolist() == [pd.NA, 4, pd.NA]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("email", ["a@example.org", "b.c@example.com", "d@example.net"]),
        ("phone", ["13800138000", "+86 13912345678", "15011112222"]),
        ("address", ["10.1.2.3", "1.2.3.4(江苏-南京)", "8.8.8.8"]),
        ("identity", ["11010519491231002X", "440524188001010014", "320311197707070019"]),
    ],
)
def test_identifiers_are_dropped_by_their_looks_whatever_the_heading(
    kind: str, values: list[str], climate
) -> None:
    rows = [["工号", "pay_1", "其他"], *([str(n), "同意", value] for n, value in enumerate(values))]
    reading = read(csv_bytes(rows), instrument=climate)
    assert f"identifier_{kind}" in found(reading, "warning")
    assert "其他" in reading.understood.ignored
    assert not any(value in reading.table.to_csv() + reading.comments.to_csv() for value in values)


def test_respondents_named_by_mail_become_pseudonyms_that_still_join(
    climate: Instrument, key_file: Path
) -> None:
    answers = read(
        csv_bytes([["员工编号", "pay_1"], ["Ann@example.org", "同意"], ["E17", "同意"]]), instrument=climate
    )
    people = read(csv_bytes([["员工编号", "班组"], ["ann@example.org", "甲"], ["E17", "乙"]]), "people")
    assert set(answers.table["respondent"]) == set(people.table["respondent"])
    hidden = answers.table["respondent"][0]
    assert hidden.startswith("p-")
    assert answers.table["respondent"][1] == "E17"
    assert found(answers, "warning")["respondent_pseudonym"] == (2, 1)
    assert key_file.stat().st_mode & 0o077 == 0
    assert hidden == Pseudonyms(load_key()).folded("ann@example.org")
    assert hidden != Pseudonyms(b"x" * 32).folded("ann@example.org")
    key_file.write_text("short")
    with pytest.raises(InputError) as caught:
        load_key()
    assert caught.value.code == "rights.key_broken"


def edited(data: bytes, changes: dict[int, dict[int, str]]) -> bytes:
    """Return a downloaded table of faulty rows with cells changed: ``{line: {column: value}}``."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    for line, cells in changes.items():
        for column, value in cells.items():
            rows[line][column] = value
    return csv_bytes(rows, "utf-8-sig")


def broken() -> list[list[object]]:
    rows = wide(8)
    rows[3][2], rows[6][2], rows[6][6] = "超级同意", "=1+1", "99"
    return rows


def test_corrected_rows_lose_nothing_and_repeat_nothing(climate: Instrument) -> None:
    data = csv_bytes(broken(), "gb18030", ";")
    first = read(data, instrument=climate)
    assert not first.ok
    assert first.faulty_rows == (4, 7)
    sheet = faulty_rows(data, instrument=climate, lang="zh")
    assert sheet.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(sheet.decode("utf-8-sig"), newline="")))
    assert [line[0] for line in lines[1:]] == ["4", "7"]
    assert lines[2][4] == "'=1+1"  # opens as text, not as a formula
    assert "enps_1" in lines[2][1]
    half = with_corrections(data, edited(sheet, {1: {4: "同意"}}))
    still = read(half, instrument=climate)
    assert still.faulty_rows == (7,)  # nothing else changed
    whole = with_corrections(data, edited(sheet, {1: {4: "同意"}, 2: {4: "不同意", 8: "9"}}))
    done = read(whole, instrument=climate, mapping=corrected_mapping({"encoding": "gb18030"}))
    assert done.ok
    assert len(done.table) == 8
    assert done.table["respondent"].is_unique
    sound = wide(8)
    sound[3][2], sound[6][2], sound[6][6] = "同意", "不同意", "9"
    pd.testing.assert_frame_equal(done.table, read(csv_bytes(sound), instrument=climate).table)
    # as a workbook, too
    rows = list(csv.reader(io.StringIO(edited(sheet, {1: {4: "同意"}}).decode("utf-8-sig"), newline="")))
    assert read(with_corrections(data, xlsx_bytes(rows)), instrument=climate).faulty_rows == (7,)
    # a row whose cells were emptied is left out
    gone = with_corrections(data, edited(sheet, {1: dict.fromkeys(range(2, 9), ""), 2: {4: "同意", 8: "1"}}))
    assert len(read(gone, instrument=climate).table) == 7


def test_corrections_that_do_not_belong_are_refused(climate: Instrument) -> None:
    data = csv_bytes(broken())
    sheet = faulty_rows(data, instrument=climate)
    cases = {
        "corrected_other_file": (csv_bytes(wide(9)), sheet),
        "corrected_columns": (data, edited(sheet, {0: {2: "Nummer"}})),
        "corrected_row": (data, edited(sheet, {2: {0: "4"}})),
    }
    for code, (original, fixed) in cases.items():
        with pytest.raises(InputError) as caught:
            with_corrections(original, fixed)
        assert caught.value.code == f"ingest.{code}"
    with pytest.raises(InputError) as caught:
        faulty_rows(csv_bytes(wide(8)), instrument=climate)
    assert caught.value.code == "ingest.corrected_nothing"


def test_corrections_keep_three_header_rows(climate: Instrument) -> None:
    export = next(one for one in EXPORTS if one.name == "qualtrics zh text 3")
    data = export.make().replace("非常同意".encode(), "超同意".encode(), 1)
    sheet = faulty_rows(data, instrument=climate)
    lines = list(csv.reader(io.StringIO(sheet.decode("utf-8-sig"), newline="")))
    assert len(lines) == 4
    at = lines[3].index("超同意")
    fixed = read(with_corrections(data, edited(sheet, {3: {at: "非常同意"}})), instrument=climate)
    pd.testing.assert_frame_equal(fixed.table, read(export.make(), instrument=climate).table)


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1", " =x", "-", "'=1", "''+1", "'-5"],
)
def test_cells_that_would_run_are_masked_and_unmasked(cell: str) -> None:
    assert masked(cell) == "'" + cell
    assert unmasked(masked(cell)) == cell


@pytest.mark.parametrize("cell", ["-5", "+3.5", "-0,5", "3%", "'tis", "a=b", ""])
def test_other_cells_stay(cell: str) -> None:
    assert masked(cell) == cell
    assert unmasked(cell) == cell


@pytest.mark.parametrize(
    "lang", ["zh", *(pytest.param(lang, marks=pytest.mark.rest) for lang in ("en", "ru"))]
)
@pytest.mark.parametrize("answers", ["value", "label"])
@pytest.mark.parametrize("headings", ["id", "text"])
@pytest.mark.parametrize("form", ["wide", "long"])
def test_an_exported_wave_is_read_back_the_same(form, headings, answers, lang, climate: Instrument) -> None:
    export = next(one for one in EXPORTS if one.name == f"google {lang}")
    wave = read(export.make(), instrument=climate)
    wave.comments.loc[0, "text"] = "=HYPERLINK(1)"
    data = export_responses(
        wave.table, wave.comments, climate, form=form, headings=headings, answers=answers, lang=lang
    )
    assert data.startswith(b"\xef\xbb\xbf")
    assert b"'=HYPERLINK" in data
    again = read(data, instrument=climate)
    assert again.ok
    assert again.understood.dialect == f"plain_{form}"
    columns = [
        "respondent",
        "pay_1",
        "pay_2",
        "pay_3",
        "enps_1",
        *(["team", "started"] if form == "wide" else []),
    ]
    pd.testing.assert_frame_equal(again.table[columns], wave.table[columns])
    said = ["respondent", "question", "text"]
    pd.testing.assert_frame_equal(again.comments[said], wave.comments[said])


def test_a_team_map_follows_renamings_and_parents(tmp_path: Path, climate: Instrument) -> None:
    path = tmp_path / "teams.yaml"
    path.write_text(
        "teams: {一班: 华东一班, 华东一班: 南京班}\nparents: {华东一班: 华东区, 华东区: 总部}\n",
        encoding="utf-8",
    )
    known = load_team_map(path)
    assert known.present("一班") == known.present("华东一班") == "南京班"
    assert known.present("三班") == "三班"
    assert known.above(pd.Series(["一班", "华东区", "二班"], dtype="string")).tolist() == [
        "华东区",
        "总部",
        pd.NA,
    ]
    assert known.renamed(pd.Series(["一班", None, "二班"], dtype="string")).tolist() == [
        "南京班",
        pd.NA,
        "二班",
    ]
    reading = read(csv_bytes(wide(6)), instrument=climate, mapping={"teams": {"甲班": "新甲班"}})
    assert reading.table["team"].tolist() == ["新甲班", "乙班", "丙班"] * 2
    assert found(reading, "info")["teams_renamed"] == (None, 1)
    for broken in (
        "teams: {a: b, b: a}",
        "parents: {a: a}",
        "teams: [a]",
        "teams: {a: [1]}",
        "other: {}",
        "- a",
        ": [",
    ):
        path.write_text(broken, encoding="utf-8")
        with pytest.raises(InputError) as caught:
            load_team_map(path)
        assert caught.value.code == "ingest.team_map_broken"
    with pytest.raises(UsageError):
        load_team_map(tmp_path / "none.yaml")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", TEMPLATES)
def test_templates_are_read_back_by_their_kind(kind, lang, climate: Instrument, tmp_path: Path) -> None:
    data = kind_template(kind, lang)
    if kind == "teams":
        path = tmp_path / "t.yaml"
        path.write_bytes(data.replace(b"# ", b"", 1) if not data.startswith(b"#") else data)
        assert not load_team_map({"teams": {}}).names
        return
    if kind == "mapping":
        from engage.ingest.mapping import load_mapping

        path = tmp_path / "m.yaml"
        path.write_text(
            "\n".join(line.removeprefix("# ") for line in data.decode().splitlines()[1:]), encoding="utf-8"
        )
        assert load_mapping(path).first_for("pay_1") == "lowest"
        return
    reading = read(data, kind, instrument=climate)
    assert {p.code for p in reading.problems if p.severity == "error"} == {"ingest.no_rows"}
    if kind == "responses":
        assert len(reading.understood.items) == 4
