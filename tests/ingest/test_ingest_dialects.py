"""Every tool's export of one survey is read as the same wave, whatever the tool, language and coding."""

import gzip
from pathlib import Path

import pandas as pd
import pytest
from ingest_files import csv_bytes, xlsx_bytes
from tool_exports import (
    EXPORTS,
    INSTRUMENT,
    ITEMS,
    PEOPLE,
    TEAMS,
    WORDS,
    Export,
    google,
    limesurvey,
    qualtrics,
    surveymonkey,
    tencent,
    wenjuanxing,
    zipped,
)

from engage.errors import UsageError
from engage.ingest import read
from engage.ingest.dialects import recognise
from engage.ingest.files import contents, open_grid
from engage.instrument import Instrument, load_instrument


@pytest.fixture(scope="module")
def climate(tmp_path_factory) -> Instrument:
    path = tmp_path_factory.mktemp("surveys") / "climate.yaml"
    path.write_text(INSTRUMENT, encoding="utf-8")
    return load_instrument(path)


def assert_is_the_wave(reading, lang: str, *, started: bool = True) -> None:
    """Compare with the truth, cell by cell; responses may come in any order."""
    assert reading.ok, [p.as_dict() for p in reading.problems if p.severity == "error"]
    table = reading.table.set_index("respondent")
    assert sorted(table.index) == [one.id for one in PEOPLE]
    for one in PEOPLE:
        row = table.loc[one.id]
        for item, value in zip(ITEMS, one.pay, strict=True):
            assert (pd.isna(row[item]) and value is None) or row[item] == value, (one.id, item)
        assert row["enps_1"] == one.enps
        assert row["team"] == TEAMS[lang][one.team]
        if started:
            assert (
                row["started"] == pd.Timestamp(one.start)
                or abs((row["started"] - one.start).total_seconds()) < 200
            )
    comments = reading.comments
    assert sorted(comments["respondent"]) == [one.id for one in PEOPLE if one.commented]
    assert set(comments["text"]) == {WORDS[lang]}
    assert set(comments["question"]) == {"change"}


LATER = [export for export in EXPORTS if export.lang == "ru" and export.dialect != "limesurvey"]


@pytest.mark.parametrize(
    "export",
    [
        pytest.param(e, marks=pytest.mark.rest, id=e.name) if e in LATER else pytest.param(e, id=e.name)
        for e in EXPORTS
    ],
)
def test_every_export_is_the_same_wave(export: Export, climate: Instrument) -> None:
    reading = read(export.make(), instrument=climate, mapping=export.mapping)
    assert reading.understood.dialect == export.dialect
    assert_is_the_wave(reading, export.lang, started=export.started)
    assert not reading.understood.anonymous
    leaked = reading.table.to_csv() + reading.comments.to_csv()
    assert not any(word in leaked for word in ("1.2.3.4", "@example.org", "oX12345", "小王", "tok1"))


@pytest.mark.rest
@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_the_tool_is_recognised_by_a_clear_margin(export: Export) -> None:
    found = list(recognise(open_grid(export.make())).items())
    (first, sure), (_, next_best) = found[:2]
    assert first == export.dialect
    assert sure.evidence
    assert sure.confidence >= next_best.confidence + (0.0 if first == "plain_wide" else 0.2)


@pytest.mark.parametrize("name", ["wjx code", "tencent code", "qualtrics en code 3", "limesurvey ru code"])
def test_direction_of_option_numbers_is_asked_never_assumed(name: str, climate: Instrument) -> None:
    export = next(one for one in EXPORTS if one.name == name)
    bare = read(export.make(), instrument=climate)
    asked = [p for p in bare.problems if p.severity == "error"]
    assert [p.code for p in asked] == ["ingest.direction_unknown"]
    signs = asked[0].params["signs"]
    assert [str(sign).split()[0] for sign in signs] == ["pay_1", "pay_2", "pay_3"]
    assert [str(sign).split()[1][0] for sign in signs] == ["+", "-", "+"]
    turned = read(export.make(), instrument=climate, mapping={"first_option": "highest"})
    assert turned.ok
    table = turned.table.set_index("respondent")
    assert [6 - table.loc[one.id, "pay_1"] for one in PEOPLE] == [one.pay[0] for one in PEOPLE]
    assert [table.loc[one.id, "enps_1"] for one in PEOPLE] == [one.enps for one in PEOPLE]


def test_previews_unfinished_and_invalid_responses(climate: Instrument) -> None:
    reading = read(csv_bytes(qualtrics("en", "text", 3)), instrument=climate)
    found = {p.code.removeprefix("ingest."): (p.row, p.count) for p in reading.problems}
    assert found["test_dropped"] == (16, 1)
    assert found["unfinished_dropped"] == (17, 1)
    kept = read(csv_bytes(qualtrics("en", "text", 3)), instrument=climate, mapping={"keep": ["test"]})
    assert "E998" in set(kept.table["respondent"])
    rows = limesurvey("en", "full", "text")
    rows[3][1] = ""
    half = read(csv_bytes(rows), instrument=climate)
    assert {p.code.removeprefix("ingest."): p.row for p in half.problems}["unfinished_kept"] == 4
    assert len(half.table) == 12
    whole = read(csv_bytes(rows), instrument=climate, mapping={"drop": ["unfinished"]})
    assert len(whole.table) == 11
    invalid = read(csv_bytes(tencent("text")), instrument=climate)
    assert {p.code.removeprefix("ingest."): p.row for p in invalid.problems}["invalid_dropped"] == 14


def test_masked_formula_signs_are_taken_off_again(climate: Instrument) -> None:
    rows = limesurvey("en", "full", "text")
    rows[1][-3] = "'=cmd"
    reading = read(csv_bytes(rows), instrument=climate)
    assert "=cmd" in set(reading.comments["text"])


@pytest.mark.parametrize("wrap", ["zip", "gzip", "zip of xlsx"])
def test_archives_with_one_table(wrap: str, climate: Instrument) -> None:
    rows = google("ru")
    data = {
        "zip": lambda: zipped(csv_bytes(rows), "results/answers.csv"),
        "gzip": lambda: gzip.compress(csv_bytes(rows)),
        "zip of xlsx": lambda: zipped(xlsx_bytes(rows), "answers.xlsx"),
    }[wrap]()
    reading = read(data, instrument=climate)
    assert_is_the_wave(reading, "ru")
    assert "ingest.unpacked" in {p.code for p in reading.problems}


def test_wrong_extensions_are_seen_through(tmp_path: Path, climate: Instrument) -> None:
    for name, data in (
        ("a.csv", xlsx_bytes(wenjuanxing("{n}、{row}", "text"))),
        ("b.xlsx", csv_bytes(surveymonkey("zh"))),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        assert_is_the_wave(read(path, instrument=climate), "zh")


def test_a_dialect_may_be_named(climate: Instrument) -> None:
    reading = read(csv_bytes(google("en")), instrument=climate, mapping={"dialect": "plain_wide"})
    assert reading.understood.dialect == "plain_wide"
    with pytest.raises(UsageError) as caught:
        read(csv_bytes(google("en")), instrument=climate, mapping={"dialect": "goggle"})
    assert "google_forms" in caught.value.remedy()


REAL = {
    "tool_wjx_800_text.xls": ("wenjuanxing", 800),
    "tool_qualtrics_3header.csv": ("qualtrics", 452),
    "tool_limesurvey_998192_R.csv": ("limesurvey", 7),
    "tool_limesurvey_de_fulltext.csv": ("limesurvey", 53),
    "tool_surveymonkey_starwars_cp1252.csv": ("surveymonkey", 1186),
    "engagement_long_14k.csv": ("plain_long", 14710),
    "dete_survey.csv": ("plain_wide", 822),
    "psychTools_bfi.csv": ("plain_wide", 2800),
    "rse2016_uk_public_data.csv": ("plain_wide", 273),
}


@pytest.mark.parametrize("name", REAL)
def test_real_exports_are_recognised(name: str, real: Path) -> None:
    found = next(iter(recognise(open_grid(contents(real / name)))))
    assert found == REAL[name][0]
