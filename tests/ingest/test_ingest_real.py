"""Real files that lie beside the checkout: read where an instrument fits, else refused clearly."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engage.errors import EngageError
from engage.ingest import KINDS, Kind, read
from engage.instrument import Instrument, load_instrument
from engage.words import LANGUAGES


def sentences(path: Path, kind: Kind) -> list[tuple[str, str]]:
    """Return what reading says in every language; any exception but ``EngageError`` passes through."""
    try:
        found = [*read(path, kind).problems]
    except EngageError as error:
        return [(error.what(lang), error.remedy(lang)) for lang in LANGUAGES]
    return [(problem.reason(lang), problem.remedy(lang)) for lang in LANGUAGES for problem in found]


@pytest.mark.parametrize(
    "kind", [kind if kind == "responses" else pytest.param(kind, marks=pytest.mark.rest) for kind in KINDS]
)
def test_every_file_is_read_or_refused_in_words(kind: Kind, real: Path) -> None:
    for path in sorted(real.iterdir()):
        for reason, remedy in sentences(path, kind):
            assert reason
            assert remedy


def test_wenjuanxing_without_a_fitting_instrument(real: Path) -> None:
    reading = read(real / "tool_wjx_800_text.xls")
    assert reading.understood.dialect == "wenjuanxing"
    assert (reading.understood.rows, reading.understood.instrument) == (800, None)
    assert reading.problems[0].code == "ingest.no_instrument"


def test_wenjuanxing_with_an_instrument_of_its_own(real: Path, tmp_path: Path) -> None:
    path = tmp_path / "phones.yaml"
    path.write_text(
        "instrument: phones\nversion: 1\nname: {zh: 手机}\nsource: test\nlicence: MIT\n"
        "responses:\n  share: [{value: 1, zh: 10%以下}, {value: 2, zh: 20%左右}, {value: 3, zh: 30%左右}]\n"
        "scales:\n  spending:\n    role: outcome\n    name: {zh: 投入}\n    responses: share\n"
        "    items:\n      spending_1: {zh: 爱好投入占收入比重}\n"
        "demographics:\n  gender: {name: {zh: 性别}, text: {zh: 性别}}\n",
        encoding="utf-8",
    )
    bare = read(real / "tool_wjx_800_text.xls", instrument=path)
    unknown = [p for p in bare.problems if p.code == "ingest.unknown_answer"]
    assert sum(p.count for p in unknown) + int(bare.table["spending_1"].notna().sum()) == 800
    words = {
        "5%左右": 1,
        "10%左右": 1,
        "40%左右": 3,
        "50%左右": 3,
        "40%以上": 3,
        "50%以上": 3,
        "10%以内": 1,
        "无投入": None,
    }
    words |= {
        "5%以下": 1,
        "不投入": None,
        "60%以上": 3,
        "5%以内": 1,
        "5%及以下": 1,
        "40%及以上": 3,
        "50%及以上": 3,
    }
    full = read(real / "tool_wjx_800_text.xls", instrument=path, mapping={"values": {"spending_1": words}})
    assert full.table["gender"].nunique() == 2
    assert full.understood.anonymous
    assert len(full.table) == 800


def test_three_files_of_one_workforce_join_by_employee(
    real: Path, plain_scale: Callable[..., Instrument]
) -> None:
    survey = plain_scale(
        {"job": "JobSatisfaction", "env": "EnvironmentSatisfaction", "balance": "WorkLifeBalance"}, 1, 4
    )
    answers = read(real / "hrcase_employee_survey_data.csv", instrument=survey)
    assert answers.ok
    assert answers.understood.respondents == 4410
    people = read(
        real / "hrcase_general_data.csv",
        "people",
        mapping={
            "columns": {"EmployeeID": "respondent", "Attrition": "left"},
            "values": {"left": {"Yes": True, "No": False}},
            "numbers": {"Age": "age", "MonthlyIncome": "income"},
        },
    )
    assert people.ok
    assert int(people.table["left"].sum()) == 711
    assert set(people.table["respondent"]) == set(answers.table["respondent"])
    assert answers.table["env"].isna().sum() == 25  # written NA in the file


def test_exit_survey_through_a_mapping(real: Path, plain_scale: Callable[..., Instrument]) -> None:
    survey = plain_scale({"promotion_1": "Opportunities for promotion", "morale_1": "Staff morale"}, 1, 5)
    mapping = {
        "respondent": "ID",
        "missing": ["Not Stated", "M"],
        "values": {"*": {"SA": 5, "A": 4, "N": 3, "D": 2, "SD": 1}},
    }
    reading = read(real / "dete_survey.csv", instrument=survey, mapping=mapping)
    assert reading.ok, reading.problems
    assert reading.understood.respondents == 822
    assert reading.table["morale_1"].dropna().between(1, 5).all()
    assert reading.table["morale_1"].notna().sum() > 700
    bare = read(real / "dete_survey.csv", instrument=survey)
    assert not bare.ok


def test_teams_of_soldiers(real: Path, plain_scale: Callable[..., Instrument]) -> None:
    survey = plain_scale({f"lead_{n}": f"LEAD{n:02d}" for n in range(1, 12)}, 1, 5, demographics=["company"])
    reading = read(
        real / "multilevel_lq2002.csv", instrument=survey, mapping={"demographics": {"COMPID": "company"}}
    )
    assert reading.ok
    assert len(reading.understood.items) == 11
    assert reading.table["company"].nunique() == 49
    assert int(reading.table["lead_1"].count()) == 2042


def test_long_file_of_fourteen_thousand_answers(real: Path, plain_scale: Callable[..., Instrument]) -> None:
    survey = plain_scale(
        {"expect_1": "I know what is expected of me at work"}, 1, 4, demographics=["department"]
    )
    reading = read(real / "engagement_long_14k.csv", instrument=survey, mapping={"missing": ["0"]})
    assert reading.understood.dialect == "plain_long"
    assert reading.understood.items == {"1. I know what is expected of me at work": "expect_1"}
    assert reading.understood.rows > 14_700
    assert reading.table["expect_1"].dropna().between(1, 4).all()
    zeros = read(real / "engagement_long_14k.csv", instrument=survey)
    assert [p.column for p in zeros.problems if p.code == "ingest.out_of_range"] == list(
        reading.understood.items
    )


def test_spreadsheet_named_csv(real: Path) -> None:
    reading = read(real / "csps2020_org_scores_MISNAMED_ods.csv.bin")
    assert reading.understood.encoding is None
    assert not reading.ok


def test_hotel_reviews_as_comments(real: Path) -> None:
    reading = read(real / "zh_ChnSentiCorp_htl_all.csv", "comments")
    assert reading.ok
    assert 7_700 < len(reading.table) <= 7_766


def test_instrument_of_the_product_fits_none_of_them(real: Path) -> None:
    known = load_instrument("herzberg_service")
    for name in ("rse2016_uk_public_data.csv", "osmi_2014_googleforms.csv", "tool_qualtrics_3header.csv"):
        reading = read(real / name, instrument=known)
        assert "ingest.no_items" in {p.code for p in reading.problems}
