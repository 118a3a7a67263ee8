"""Plans of head-count and counts of activities, as an HR person writes them in three languages."""

import pytest
from ingest_files import csv_bytes

from engage.ingest import kind_template, read
from engage.ingest.guessing import read_guessing

LONG = {
    "zh": [
        ["岗位族", "年份", "目标人数"],
        ["管理", "2026年底", "120"],
        ["传统服务", "2027", "900"],
        ["合计", "2027", "1020"],
    ],
    "en": [
        ["Role group", "Plan year", "Head-count"],
        ["Management", "FY2026", "120"],
        ["Hotline", "2027", "900"],
        ["Total", "2027", "1,020"],
    ],
    "ru": [
        ["Категория должностей", "Год", "Численность"],
        ["Управление", "2026", "120"],
        ["Линия", "2027 г.", "900"],
        ["Итого", "2027", "1020"],
    ],
}


def faults(reading):
    return {(p.code, p.row) for p in reading.problems}


@pytest.mark.parametrize("lang", LONG)
def test_a_plan_reads_in_every_language_without_its_totals(lang):
    reading = read(csv_bytes(LONG[lang]), "plan")
    assert reading.ok
    assert reading.table["year"].tolist() == [2026.0, 2027.0]
    assert reading.table["target"].tolist() == [120.0, 900.0]
    assert faults(reading) == {("ingest.plan_total", 4)}
    assert read_guessing(csv_bytes(LONG[lang])).kind == "plan"


def test_a_plan_may_have_a_column_per_year():
    rows = [
        ["岗位族", "2026年", "2027年", "备注"],
        ["管理", "120", "", "x"],
        ["服务", "900", "910", ""],
        ["总计", "1", "2", ""],
    ]
    reading = read(csv_bytes(rows), "plan")
    assert reading.ok
    found = set(reading.table.itertuples(index=False, name=None))
    assert found == {("管理", 2026.0, 120.0), ("服务", 2026.0, 900.0), ("服务", 2027.0, 910.0)}
    assert ("ingest.plan_total", 4) in faults(reading)
    assert any(p.code == "ingest.fields_ignored" for p in reading.problems)


def test_every_fault_of_a_plan_is_named_with_its_row():
    rows = [
        ["岗位族", "年份", "目标人数"],
        ["管理", "明年", "10"],
        ["", "2026", "10"],
        ["服务", "2026", "-3"],
        ["支撑", "2026", "5"],
        ["支撑", "2026", "6"],
        ["支撑", "2026 / 2027", "6"],
    ]
    reading = read(csv_bytes(rows), "plan")
    assert not reading.ok
    assert {
        ("ingest.bad_year", 2),
        ("ingest.row_without_key", 3),
        ("ingest.count_negative", 4),
        ("ingest.record_repeated", 5),
    } <= faults(reading)
    bad = next(p for p in reading.problems if p.code == "ingest.bad_year")
    assert bad.count == 2
    missing = read(csv_bytes([["岗位族", "人数"], ["管理", "3"]]), "plan")
    assert ("ingest.field_absent", None) in faults(missing)
    wide = read(csv_bytes([["岗位族", "2026"], ["", "3"], ["管理", "-1"], ["管理", "4"]]), "plan")
    assert {
        ("ingest.row_without_key", 2),
        ("ingest.count_negative", 3),
        ("ingest.record_repeated", 3),
    } <= faults(wide)


def test_activities():
    rows = [
        ["班组", "月份", "服务之星人数", "提出建议数", "已答复数", "谈心次数"],
        ["热线01班", "2026-01", "2", "3", "5", "1"],
        ["热线01班", "2026年2月", "-1", "3", "2", "x"],
    ]
    reading = read(csv_bytes(rows), "activities")
    assert {("ingest.answered_more", 2), ("ingest.count_negative", 3), ("ingest.bad_number", 3)} <= faults(
        reading
    )
    assert not reading.ok
    assert reading.table["interviews"].iloc[0] == 1.0
    assert read_guessing(csv_bytes(rows)).kind == "activities"
    english = [
        ["Team", "Month", "Service stars", "Suggestions", "Answered", "Interviews"],
        ["A", "2026-01", "1", "2", "1", "0"],
    ]
    assert read_guessing(csv_bytes(english)).kind == "activities"


@pytest.mark.parametrize("kind", ["plan", "activities"])
@pytest.mark.parametrize("lang", ["zh", "en", "ru"])
def test_templates_are_read_back(kind, lang):
    reading = read(kind_template(kind, lang), kind)
    assert not [p for p in reading.problems if p.code in ("ingest.field_absent", "ingest.fields_ignored")]
