"""docs/real-data.md: its figures come from a run on the trial files, which lie beside the checkout."""

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from threadpoolctl import threadpool_limits

from engage import load_instrument, read
from engage.ingest.mapping import load_mapping

DOCS = Path(__file__).parents[1] / "docs"
HERE = DOCS / "real-data"
DATA = Path(__file__).parents[2] / "shared" / "data"
SLACK = 0.006  # estimates: the last figure shown may fall either way on another machine
SHARE = 0.011  # shares are shown to a hundredth
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
BLOCK = re.compile(r"<!-- figures: (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)

# Ibis 12 fetches a cached table by a name that DuckDB 2 calls old
pytestmark = pytest.mark.rest
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the trial files (../shared/data) are not here")


@pytest.fixture(scope="module")
def script():
    sys.path.insert(0, str(HERE))
    try:
        yield importlib.import_module("run")
    finally:
        sys.path.remove(str(HERE))
        for name in ("run", "shown"):
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def report(script: ModuleType):
    with threadpool_limits(1):  # two workers with two threads each would stand in each other's way
        return script.reproduce(DATA)


def page_blocks() -> dict[str, str]:
    return dict(BLOCK.findall((DOCS / "real-data.md").read_text(encoding="utf-8")))


def close_to(shown: str, now: str) -> bool:
    if "." not in shown + now:
        return shown == now
    decimals = len(shown.partition(".")[2])
    return float(shown) == pytest.approx(float(now), abs=SLACK if decimals > 2 else SHARE)


@pytest.mark.parametrize("path", sorted(HERE.glob("*.instrument.yaml")), ids=lambda p: p.stem)
def test_instruments_of_the_page_are_sound(path):
    assert load_instrument(path).items


@pytest.mark.parametrize("path", sorted(HERE.glob("*.mapping.yaml")), ids=lambda p: p.stem)
def test_mappings_of_the_page_are_sound(path):
    assert load_mapping(path).headers()


def test_page_names_every_instrument_and_mapping():
    page = (DOCS / "real-data.md").read_text(encoding="utf-8")
    assert [path.name for path in sorted(HERE.glob("*.yaml")) if f"`{path.name}`" not in page] == []


@needs_data
def test_page_is_current(report):
    blocks = page_blocks()
    assert set(blocks) == set(report.blocks)
    for name, block in report.blocks.items():
        shown = blocks[name].strip()
        assert NUMBER.sub("#", shown) == NUMBER.sub("#", block), f"run docs/real-data/run.py --write ({name})"
        pairs = zip(NUMBER.findall(shown), NUMBER.findall(block), strict=True)
        assert [pair for pair in pairs if not close_to(*pair)] == [], name


@needs_data
def test_hrcase_counts(report):
    found = report.figures["hrcase"]
    assert (found["people"], found["left"], found["matched"]) == (4410, 711, 4410)
    assert found["records_repeated"] == 2912
    assert (found["persons"], found["copies_each"], found["persons_left"]) == (1470, [3], 237)


@needs_data
def test_hrcase_honest_figures_are_lower_and_less_sure(report):
    found = report.figures["hrcase"]
    auc = found["auc"]
    assert auc["answers", "rows split at random"] == pytest.approx(0.620, abs=0.005)
    assert auc["answers", "copies kept together"] == pytest.approx(0.611, abs=0.005)
    assert auc["answers and records", "rows split at random"] == pytest.approx(0.773, abs=0.005)
    assert auc["answers and records", "copies kept together"] == pytest.approx(0.738, abs=0.006)
    naive, honest = (fit.set_index("term") for fit in found["fits"])
    assert naive["estimate"].to_dict() == pytest.approx(honest["estimate"].to_dict())
    assert naive.loc["environment", "estimate"] == pytest.approx(-0.2565, abs=5e-4)
    # every person thrice: errors too small by about the square root of three
    widened = honest["std_error"] / naive["std_error"]
    assert widened.between(1.6, 1.9).all()


@needs_data
def test_hrcase_estimates_agree_with_statsmodels(script, tmp_path):
    import statsmodels.api as sm

    trial = script.Trial(DATA, tmp_path / "w")
    trial.walk("\n".join(script.HRCASE.split("\n")[:4]) + "\n")
    rows = trial.workspace.frame("case").dropna(subset=list(script.ANSWERS))
    person = script.copies(rows).astype("category").cat.codes
    model = sm.Logit(rows["left"].astype(int), sm.add_constant(rows[list(script.ANSWERS)]))
    theirs = model.fit(disp=0, cov_type="cluster", cov_kwds={"groups": person})
    ours = script.fit_drivers(
        rows.assign(left=rows["left"].astype(int), person=person.astype(str)),
        "left",
        script.ANSWERS,
        cluster="person",
        model="logit",
    )
    assert ours.estimate == pytest.approx(theirs.params.to_numpy(), rel=1e-6)
    assert ours.std_error == pytest.approx(theirs.bse.to_numpy(), rel=1e-4)


@needs_data
def test_companies(report):
    found = report.figures["lq2002"]
    assert (found["answers"], found["companies"], found["smallest_company"]) == (2042, 49, 10)
    assert found["difference_from_own_scores"] < 1e-8
    for outcome, slope, error in (("hostility", -0.483, 0.029), ("meaning", 0.648, 0.025)):
        clustered = found["fits"][outcome][1].set_index("term").loc["leadership"]
        assert clustered["estimate"] == pytest.approx(slope, abs=0.001)
        assert clustered["std_error"] == pytest.approx(error, abs=0.001)
        notes = found["released"][outcome]["notes"]
        assert (notes["n_clusters"], notes["clustered_by"]) == (49, "team")


@needs_data
def test_exit_survey(report):
    found = report.figures["dete"]
    assert (found["answers"], found["resigned"], found["left_over_dissatisfaction"]) == (822, 311, 89)
    assert found["auc"]["left over dissatisfaction: statements"] == pytest.approx(0.817, abs=0.01)
    assert found["auc"]["resigned: statements"] == pytest.approx(0.49, abs=0.02)
    assert found["auc"]["resigned: age band"] == pytest.approx(0.816, abs=0.01)
    assert found["released"]["attrition"]["notes"]["horizon_days"] is None


@needs_data
def test_exit_survey_is_refused_until_told_which_balance_is_meant():
    reading = read(
        DATA / "dete_survey.csv",
        instrument=HERE / "dete.instrument.yaml",
        mapping={"respondent": "ID", "missing": ["Not Stated", "M"]},
    )
    assert ("ingest.column_twice", "Worklife balance") in {(p.code, p.column) for p in reading.problems}
    assert not reading.ok


@needs_data
def test_phones(report):
    found = report.figures["phones"]
    assert (found["answers"], found["priced"], found["released"]["notes"]["n"]) == (800, 793, 791)
    reading = read(DATA / "tool_wjx_800_text.xls", instrument=HERE / "phones.instrument.yaml")
    refused = [p for p in reading.problems if p.severity == "error"]
    assert {p.column for p in refused} == {"2、手机价格", "5、月收入"}


@needs_data
def test_every_file_is_accounted_for(report):
    listed = {row["file"] for row in report.figures["others"]}
    page = (DOCS / "real-data.md").read_text(encoding="utf-8")
    for path in DATA.iterdir():
        assert path.suffix == ".md" or path.name in listed or f"`{path.name}`" in page, path.name
    assert {row["exit"] for row in report.figures["others"]} == {0, 1}
