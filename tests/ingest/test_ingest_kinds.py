import numpy as np
import pandas as pd
import pytest
from ingest_files import csv_bytes, xlsx_bytes

from engage.ingest import Reading, read
from engage.ingest.dates import dates
from engage.ingest.values import numbers, seconds


def found(reading: Reading) -> dict[str, tuple[str, int | None]]:
    return {p.code.removeprefix("ingest."): (p.severity, p.row) for p in reading.problems}


PEOPLE = {
    "zh": (
        "工号;截至日期;入职日期;离职日期;离职类型;班组;岗位族;合同;组织路径;绩效档;能力分;星级;调查轮次;姓名",
        "E1;2026-06-30;2020/1/5;2026年3月2日;主动离职;"
        "一班;传统服务;劳务派遣;华东/一部;B;"
        "81.5;3;2026上半年;某人",
    ),
    "en": (
        "employee_id;as_of;Hire Date;leave date;Leave type;"
        "team;role group;contract;Org path;Performance band;"
        "Ability score;Star level;Wave;Full name",
        "E1;2026-06-30;2020-01-05;2026-03-02;Voluntary;"
        "一班;传统服务;劳务派遣;华东/一部;B;"
        "81.5;3;2026上半年;x",
    ),
    "ru": (
        "Табельный номер;По состоянию на;Дата приёма;Дата увольнения;Тип увольнения;"
        "Команда;Группа должностей;Тип договора;Орг. путь;Оценка эффективности;"
        "Балл способностей;Звёздность;Волна;ФИО",
        "E1;30.06.2026;05.01.2020;02.03.2026;по собственному желанию;"
        "一班;传统服务;劳务派遣;华东/一部;B;"
        "81,5;3;2026上半年;x",
    ),
}


@pytest.mark.parametrize("lang", ["zh", "en", "ru"])
def test_people_in_three_languages(lang: str) -> None:
    header, row = (line.split(";") for line in PEOPLE[lang])
    reading = read(csv_bytes([header, row], delimiter=";"), "people")
    assert reading.ok, reading.problems
    assert list(reading.table.columns) == [
        "respondent", "as_of", "hire_date", "leave_date", "leave_type", "left", "team", "role_group",
        "contract", "org_path", "performance", "star", "ability", "wave",
    ]  # fmt: skip
    person = reading.table.iloc[0]
    assert person["hire_date"] == pd.Timestamp("2020-01-05")
    assert person["leave_date"] == pd.Timestamp("2026-03-02")
    assert person["leave_type"] == "voluntary"
    assert bool(person["left"]) is True
    assert person["ability"] == 81.5
    assert person["wave"] == "2026上半年"
    assert set(reading.understood.fields.values()) == set(reading.table.columns) - {"left"}
    assert reading.understood.ignored == (header[-1],)
    assert reading.understood.items == {}
    assert found(reading)["identifiers_ignored"] == ("info", None)


@pytest.mark.parametrize(
    ("word", "type"),
    [
        ("主动离职", "voluntary"), ("辞退", "dismissed"), ("合同到期", "contract_end"), ("调岗", "transfer"),
        ("试用期未过", "probation"), ("Dismissed", "dismissed"), ("contract_end", "contract_end"),
        ("Не прошёл испытательный срок", "probation"), ("перевод", "transfer"), ("Retired", "other"),
    ],
)  # fmt: skip
def test_leave_types(word: str, type: str) -> None:
    reading = read(csv_bytes([["工号", "离职类型"], ["1", word]]), "people")
    assert reading.table["leave_type"].tolist() == [type]
    assert reading.ok


def test_unknown_leave_type_becomes_other_with_a_warning_and_a_mapping_mends_it() -> None:
    data = csv_bytes([["工号", "离职类型"], ["1", ""], ["2", "外星绑架"]])
    reading = read(data, "people")
    assert reading.table["leave_type"].tolist() == [pd.NA, "other"]
    assert found(reading)["unknown_word"] == ("warning", 3)
    mended = read(data, "people", mapping={"values": {"leave_type": {"外星绑架": "voluntary"}}})
    assert mended.table["leave_type"].tolist() == [pd.NA, "voluntary"]


def test_left_is_derived_up_to_the_date_of_the_file() -> None:
    rows = [
        ["工号", "截至日期", "离职日期"],
        ["1", "2026-06-30", "2026-05-01"],
        ["2", "2026-06-30", "2026-07-15"],
        ["3", "2026-06-30", ""],
    ]
    assert read(csv_bytes(rows), "people").table["left"].tolist() == [True, False, False]
    assert read(csv_bytes([["工号", "班组"], ["1", "a"]]), "people").table["left"].isna().all()


def test_people_mapping_with_extras() -> None:
    rows = [
        ["EmployeeID", "Attrition", "Department", "Age", "Gender"],
        ["1", "Yes", "Sales", "41", "F"],
        ["2", "No", "HR", "x", "M"],
    ]
    mapping = {
        "kind": "people",
        "columns": {"EmployeeID": "respondent", "Attrition": "left", "Department": "team"},
        "fields_values": {"left": {"Yes": True, "No": False}},
        "demographics": {"Gender": "gender"},
        "numbers": {"Age": "age"},
    }
    reading = read(csv_bytes(rows), mapping=mapping)
    assert reading.table["left"].tolist() == [True, False]
    assert reading.table["gender"].tolist() == ["F", "M"]
    np.testing.assert_equal(reading.table["age"].to_numpy(), [41.0, np.nan])
    assert found(reading)["bad_number"] == ("warning", 3)


def test_one_row_per_person_and_wave_but_not_two() -> None:
    rows = [["工号", "轮次", "班组"], ["1", "A", "x"], ["1", "B", "y"], ["1", "B", "z"], ["", "B", "z"]]
    reading = read(csv_bytes(rows), "people")
    assert reading.table[["wave", "team"]].values.tolist() == [["A", "x"], ["B", "z"]]
    assert found(reading)["record_repeated"] == ("warning", 3)
    assert found(reading)["row_without_key"] == ("error", 5)


@pytest.mark.parametrize("share", ["98.85%", "98.85", "0.9885"])
def test_service_shares_are_one_however_written(share: str) -> None:
    other = {"98.85%": "90%", "98.85": "90", "0.9885": "0.9"}[share]
    rows = [
        ["班组", "月份", "满意度", "及时率", "质检", "受理量"],
        ["一班", "2026-03", "97.7", share, "92", "1,234"],
        ["一班", "2026/4", "", other, "x", "5"],
    ]
    reading = read(xlsx_bytes(rows), "service")
    table = reading.table
    assert table["on_time"].tolist() == pytest.approx([0.9885, 0.9])
    assert table["month"].tolist() == [pd.Timestamp("2026-03-01"), pd.Timestamp("2026-04-01")]
    assert table["handled"].tolist() == [1234, 5]
    assert np.isnan(table["csat"][1])
    assert found(reading)["bad_number"] == ("warning", 3)


def test_service_in_english_and_russian() -> None:
    rows = [
        ["Team", "Month", "CSAT", "On time", "Quality", "Handled"],
        ["a", "202603", "4.5", "0.9", "80", "10"],
    ]
    assert read(csv_bytes(rows), "service").table.iloc[0].tolist() == [
        "a",
        pd.Timestamp("2026-03-01"),
        4.5,
        0.9,
        80.0,
        10.0,
    ]
    rows = [
        ["Команда", "Месяц", "Удовлетворённость", "Доля в срок", "Качество", "Обработано"],
        ["а", "03.2026", "4,5", "90%", "80,5", "1 010"],
    ]
    assert read(csv_bytes(rows, "cp1251", ";"), "service").table.iloc[0].tolist() == [
        "а",
        pd.Timestamp("2026-03-01"),
        4.5,
        0.9,
        80.5,
        1010.0,
    ]


def test_service_without_team_or_month_says_so() -> None:
    reading = read(csv_bytes([["CSAT", "Calls"], ["1", "2"]]), "service")
    missing = {p.params["field"] for p in reading.problems if p.code == "ingest.field_absent"}
    assert missing == {"team", "month"}
    assert not reading.ok


def test_programmes() -> None:
    rows = [
        ["项目名称", "类型", "开始日期", "结束日期", "工号", "是否报名", "是否入选"],
        ["师徒", "mentor", "2026-01-01", "2026-06-30", "E1", "是", "否"],
    ]
    reading = read(csv_bytes(rows), "programmes")
    assert reading.ok
    row = reading.table.iloc[0]
    assert (row["programme"], row["unit"], row["member"]) == ("师徒", "person", "E1")
    assert (bool(row["applied"]), bool(row["accepted"])) == (True, False)
    rows = [
        ["programme", "type", "start", "end", "unit", "member"],
        ["contest", "contest", "2026-01-01", "", "班组", "一班"],
    ]
    reading = read(csv_bytes(rows), "programmes")
    assert reading.table["unit"].tolist() == ["team"]
    assert reading.table["applied"].isna().all()


def test_comments_with_their_source() -> None:
    rows = [
        ["日期", "来源", "班组", "内容"],
        ["2026-05-01", "员工", "一班", "排班太满"],
        ["2026-05-02", "客户转述", "二班", "等太久"],
        ["2026-05-03", "员工", "", " "],
    ]
    reading = read(csv_bytes(rows, "gbk"), "comments")
    assert reading.ok
    table = reading.table
    assert list(table.columns) == ["respondent", "question", "source", "text", "date", "team"]
    assert table["source"].tolist() == ["employee", "customer_relayed"]
    assert reading.comments is table
    assert found(reading)["comment_blank"] == ("info", 4)
    assert reading.understood.comments == ("内容",)


def test_an_unknown_source_is_an_error_because_sources_are_never_pooled() -> None:
    reading = read(csv_bytes([["来源", "内容"], ["员工", "a"], ["火星", "b"]]), "comments")
    assert found(reading)["unknown_word"] == ("error", 3)


def test_comments_in_one_column_and_from_several_mapped_ones() -> None:
    reading = read("内容\n加薪，多休息\n换个食堂\n".encode(), "comments")
    assert reading.table["text"].tolist() == ["加薪，多休息", "换个食堂"]
    assert found(reading)["source_assumed"] == ("info", None)
    rows = [["id", "pros", "cons"], ["1", "good", "bad"], ["2", "", "worse"]]
    mapping = {"comments": {"pros": "proud", "cons": "change"}}
    reading = read(csv_bytes(rows), "comments", mapping=mapping)
    assert reading.ok
    assert reading.table[["question", "text"]].values.tolist() == [
        ["proud", "good"],
        ["change", "bad"],
        ["change", "worse"],
    ]


def test_dates_in_many_forms() -> None:
    forms = [
        "2026/09/03",
        "2026-9-3",
        "2026年9月3日",
        "20260903",
        "2026.09.03",
        "46268",
        "2026-09-03T00:00:00Z",
    ]
    parsed = dates(forms)
    assert (parsed.value == np.datetime64("2026-09-03")).all()
    assert not parsed.bad.any()
    assert dates(["3.9.2026", "13/9/2026"]).value[0] == np.datetime64("2026-09-03")
    assert dates(["9/3/2026 1:05 PM", "9/13/2026"]).value[0] == np.datetime64("2026-09-03T13:05")
    assert dates(["3/9/2026"]).ambiguous
    assert dates(["08/2012"], "%m/%Y").value[0] == np.datetime64("2012-08-01")
    assert dates(["2026-13-40", "soon", "", "1426-01-01"]).bad.tolist() == [True, True, False, True]


def test_durations_and_numbers_in_many_forms() -> None:
    values, bad = seconds(["10秒", "1分20秒", "1小时2分3秒", "00:01:35", "95", "1 min 5 sec", "soon", ""])
    np.testing.assert_equal(values, [10, 80, 3723, 95, 95, 65, np.nan, np.nan])
    assert bad.tolist() == [False] * 6 + [True, False]
    values, percent, bad = numbers(["98.85%", "1,234", "1 234.5", "１２", "x"])
    np.testing.assert_allclose(values, [0.9885, 1234, 1234.5, 12, np.nan])
    assert (percent.tolist(), bad.tolist()) == ([True] + [False] * 4, [False] * 4 + [True])
    # 0,985 and 98,85 show that the comma is a decimal one, so 1,234 is not a thousand
    np.testing.assert_allclose(numbers(["0,985", "1,23", "1,234"])[0], [0.985, 1.23, 1.234])
