import pandas as pd
import pytest
from ingest_files import WJX_HEAD, csv_bytes, wjx_rows, xls_bytes, xlsx_bytes

from engage.ingest import Reading, read
from engage.instrument import Instrument


def codes(reading: Reading, severity: str = "error") -> list[str]:
    return [problem.code for problem in reading.problems if problem.severity == severity]


@pytest.mark.parametrize(
    ("form", "encoding", "delimiter"),
    [
        ("xlsx", None, None),
        ("xls", None, None),
        ("gbk", "gb18030", ","),
        ("utf-8", "utf-8", ","),
        ("utf-8-sig", "utf-8-sig", ","),
        ("utf-16", "utf-16", "\t"),
    ],
)
def test_text_export_in_every_file_form(form, encoding, delimiter, wjx_text, small: Instrument) -> None:
    makers = {"xlsx": xlsx_bytes, "xls": xls_bytes}
    data = makers[form](wjx_text) if form in makers else csv_bytes(wjx_text, form, delimiter)
    reading = read(data, instrument=small)
    known = reading.understood
    assert (known.dialect, known.encoding, known.delimiter) == ("wenjuanxing", encoding, delimiter)
    assert (known.rows, known.respondents, known.instrument) == (3, 3, "small")
    assert known.items == {
        "5、我的工资合理。": "pay_1",
        "6、我常觉得工资太低": "pay_2",
        "7、您愿意推荐本公司吗？": "enps_1",
    }
    assert known.demographics == {"2、您所在的班组": "team", "3、您的星级": "star", "4、您的性别": "gender"}
    assert known.comments == ("8、您最想改变什么？",)
    assert not known.anonymous
    assert reading.ok
    table = reading.table
    assert list(table.columns) == [
        "respondent", "started", "seconds", "language", "source",
        "pay_1", "pay_2", "enps_1", "team", "star", "gender",
    ]  # fmt: skip
    assert table["respondent"].tolist() == ["E001", "E002", "E003"]
    assert table["pay_1"].tolist() == [4, 5, pd.NA]
    assert table["pay_2"].tolist() == [1, pd.NA, 3]  # raw, not reverse-coded
    assert table["enps_1"].tolist() == [9, 10, 0]
    assert str(table["pay_1"].dtype) == "Int8"
    assert table["star"].tolist() == ["1", "2", "2"]
    assert table["gender"].tolist() == ["female", "male", "female"]
    assert table["seconds"].tolist() == [60, 61, 62]
    # submitted at 12:00:00 after 60 seconds
    assert table["started"][0] == pd.Timestamp("2026-09-03 11:59:00")
    comments = reading.comments
    assert comments["text"].tolist() == ["多排点休息", "加薪"]
    assert comments["question"].unique().tolist() == ["change"]
    assert comments["source"].unique().tolist() == ["employee"]
    assert comments["team"].tolist() == ["一班", "一班"]


def test_identifiers_are_listed_not_imported(wjx_text, small: Instrument) -> None:
    reading = read(csv_bytes(wjx_text), instrument=small)
    assert {"来自IP", "来源详情"} <= set(reading.understood.ignored)
    assert "ingest.identifiers_ignored" in codes(reading, "info")
    assert "1.2.3.4" not in reading.table.to_csv() + reading.comments.to_csv()


def test_numeric_export(small: Instrument) -> None:
    rows = wjx_rows(
        [["E1", 1, 1, 2, 4, -2, 9, ""], ["E2", 2, 2, 1, -3, 5, 0, ""], ["E3", 1, 1, 1, 5, 1, 10, ""]]
    )
    bare = read(xlsx_bytes(rows), instrument=small)
    assert codes(bare) == ["ingest.direction_unknown"]
    reading = read(xlsx_bytes(rows), instrument=small, mapping={"first_option": "lowest"})
    assert reading.ok
    assert reading.table["pay_1"].tolist() == [4, pd.NA, 5]
    assert reading.table["pay_2"].tolist() == [pd.NA, 5, 1]
    # option numbers become levels in the instrument's order, and the reader is told
    assert reading.table["gender"].tolist() == ["male", "female", "female"]
    assert "ingest.level_by_order" in codes(reading, "warning")
    turned = read(xlsx_bytes(rows), instrument=small, mapping={"first_option": {"pay": "highest"}})
    assert turned.table["pay_1"].tolist() == [2, pd.NA, 1]
    assert turned.table["enps_1"].tolist() == [9, 0, 10]  # numerals are their own labels


def test_number_outside_range_is_an_error_with_its_place(small: Instrument) -> None:
    rows = wjx_rows(
        [["E1", 1, 1, 2, 4, 2, 9, ""], ["E2", 2, 2, 1, 6, 5, 0, ""], ["E3", 1, 1, 1, 7, 1, 11, ""]]
    )
    reading = read(csv_bytes(rows), instrument=small, mapping={"first_option": "lowest"})
    found = {(p.code, p.row, p.column, p.count) for p in reading.problems if p.severity == "error"}
    assert found == {
        ("ingest.out_of_range", 3, "5、我的工资合理。", 2),
        ("ingest.out_of_range", 4, "7、您愿意推荐本公司吗？", 1),
    }
    assert not reading.ok
    assert reading.table["pay_1"].tolist() == [4, pd.NA, pd.NA]


def test_other_text_multiple_choice_and_matrix_headers(small: Instrument) -> None:
    head = [*WJX_HEAD, "1、请评价—我的工资合理", "第2题(我常觉得工资太低)", "3、爱好", "4、您的性别"]
    meta = [1, "2026/09/03 12:00:00", "10秒", "微信", "N/A", "1.2.3.4"]
    rows = [head, [*meta, "同意〖还行〗", "不同意", "运动┋影视┋购物", "女〖保密〗"]]
    reading = read(csv_bytes(rows), instrument=small)
    assert reading.understood.items == {head[6]: "pay_1", head[7]: "pay_2"}
    assert reading.table.loc[0, ["pay_1", "pay_2", "gender"]].tolist() == [4, 2, "female"]
    assert "3、爱好" in reading.understood.ignored
    assert reading.understood.anonymous
    assert reading.table["respondent"][0] == f"row-2-{reading.sha256[:8]}"


def test_one_hot_options_are_not_items(small: Instrument) -> None:
    head = [*WJX_HEAD, "1、原因(我的工资合理)", "1、原因(其他)"]
    meta = [1, "2026/09/03 12:00:00", "10秒", "微信", "N/A", "1.2.3.4"]
    reading = read(csv_bytes([head, [*meta, 1, 0]]), instrument=small)
    assert reading.understood.items == {}
    assert "ingest.no_items" in codes(reading)


def test_repeated_numbers_are_harmless_and_equal_rows_count_once(wjx_text, small: Instrument) -> None:
    again = [*wjx_text, list(wjx_text[1])]
    again[2][0] = 1  # 序号 repeats on a different response
    head = [["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP", *again[0][7:]]]
    anonymous = head + [[*row[:6], *row[7:]] for row in again[1:]]
    reading = read(csv_bytes(anonymous), instrument=small)
    repeated = [p for p in reading.problems if p.code == "ingest.row_repeated"]
    assert [(p.row, p.count, p.severity) for p in repeated] == [(5, 1, "warning")]
    assert (reading.understood.rows, len(reading.table)) == (4, 3)


def test_same_respondent_twice_keeps_the_latest(wjx_text, small: Instrument) -> None:
    early = list(wjx_text[1])
    early[1] = "2026/09/01 08:00:00"
    early[10] = "非常不同意"
    reading = read(csv_bytes([*wjx_text, early]), instrument=small)
    assert reading.table["respondent"].tolist() == ["E001", "E002", "E003"]
    assert reading.table["pay_1"][0] == 4
    problem = next(p for p in reading.problems if p.code == "ingest.respondent_repeated")
    assert (problem.row, problem.count, problem.severity) == (5, 1, "warning")
    assert "5" in problem.reason("zh")


def test_unknown_answer_names_place_and_never_the_answer(wjx_text, small: Instrument) -> None:
    wjx_text[1][10] = "超级同意"
    wjx_text[2][10] = "超级同意"
    reading = read(csv_bytes(wjx_text), instrument=small)
    problem = next(p for p in reading.problems if p.code == "ingest.unknown_answer")
    assert (problem.row, problem.column, problem.count) == (2, "5、我的工资合理。", 2)
    assert "超级同意" not in problem.reason("zh") + problem.remedy("zh")
    mended = read(csv_bytes(wjx_text), instrument=small, mapping={"values": {"pay": {"超级同意": 5}}})
    assert mended.ok
    assert mended.table["pay_1"].tolist() == [5, 5, pd.NA]


def test_instrument_is_chosen_when_half_of_its_items_are_there(wjx_text, tmp_path) -> None:
    from engage.instrument import load_instrument

    full = load_instrument("herzberg_service")
    head = [*WJX_HEAD, *(f"{n}、{item.text['zh']}" for n, item in enumerate(full.items, 1))]
    row = [
        1,
        "2026/09/03 12:00:00",
        "10秒",
        "微信",
        "N/A",
        "1.2.3.4",
        *(i.options[0].label["zh"] for i in full.items),
    ]
    reading = read(csv_bytes([head, row], "gbk"))
    assert reading.understood.instrument == "herzberg_service"
    assert len(reading.understood.items) == len(full.items)
    assert (reading.table[[i.id for i in full.items]].iloc[0] == [i.minimum for i in full.items]).all()
    few = read(csv_bytes([head[:10], row[:10]]))
    assert few.instrument is None
    assert "ingest.no_instrument" in codes(few)
    assert "herzberg_service" in few.problems[0].reason("ru")
