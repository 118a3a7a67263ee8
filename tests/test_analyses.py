"""What is made of several models: gate, charts, sentences and words of the two-factor test."""

import numpy as np
import pandas as pd
import pytest
from safe_tables import FACTORS, INSTRUMENT, POLICY, support

from engage.errors import TooLittleData
from engage.present import charts, sentences
from engage.present.labels import Names
from engage.present.tables import display
from engage.privacy import release_two_factor
from engage.words import LANGUAGES
from engage.workspace.linking import Survey
from engage.workspace.two_factor import two_factor

EN, ZH, RU = (Names(INSTRUMENT, lang) for lang in ("en", "zh", "ru"))
ROLES = {scale.id: scale.role for scale in INSTRUMENT.scales}


def verdicts(told=(), outcomes=("satisfaction", "job_search", "pride")):
    """Return raw two-factor rows; ``told``: (outcome, driver, verdict, low, high)."""
    rows = []
    for outcome in outcomes:
        for driver in FACTORS:
            rows.append(
                (outcome, ROLES[outcome], driver, ROLES[driver], 0.1234, 0.1, "cannot_tell", "undecided")
            )
    columns = ["outcome", "side", "driver", "role", "low", "high", "verdict", "reason"]
    frame = pd.DataFrame(rows, columns=columns)
    for outcome, driver, verdict, low, high in told:
        at = (frame["outcome"] == outcome) & (frame["driver"] == driver)
        frame.loc[at, ["verdict", "reason", "low", "high"]] = [verdict, "", low, high]
    frame["difference"] = frame["high"] - frame["low"]
    return frame.assign(
        std_error=0.05, ci_low=frame["difference"] - 0.1, ci_high=frame["difference"] + 0.1,
        p_value=0.2, p_adjusted=0.0031,
    )  # fmt: skip


def released(told=(), refused=(), **facts):
    table = verdicts(told)
    behind = {outcome: support(1912, **facts) for outcome in table["outcome"].unique()}
    return release_two_factor(table, refused, ("2026H1",), POLICY, behind=behind)


TOLD = (
    ("job_search", "pay", "hygiene_like", -0.51, -0.04),
    ("satisfaction", "pay", "hygiene_like", 0.47, 0.02),
    ("pride", "recognition", "motivator_like", 0.05, 0.4),
    ("pride", "growth", "symmetric", 0.2, 0.21),
)


# ------------------------------------------------------------------ two-factor test


def test_a_two_factor_table_is_rounded_and_holds_named_columns_only():
    table = released(TOLD, refused=["withdrawal"])
    frame = table.tidy()
    shown = frame.dropna(subset=["verdict"])
    assert not {"std_error", "p_value"} & set(frame.columns)
    for name in ("low", "high", "difference", "ci_low", "ci_high"):
        assert (shown[name] == shown[name].round(2)).all()
    assert set(shown["p_adjusted"]) == {0.01}
    hidden = frame[frame["outcome"] == "withdrawal"]
    assert hidden["hidden_reason"].tolist() == ["too_few_rows"]
    assert hidden.drop(columns=["outcome", "hidden_reason"]).isna().all(axis=None)
    assert table.notes == {"n": 1912, "waves": ("2026H1",)}


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"people": 29}, "model_too_small"),
        ({"coefficients": 192}, "model_rows"),
        ({"leverage_known": 0.76}, "model_leverage"),
        ({"category": 4}, "model_category"),
    ],
)
def test_a_two_factor_table_needs_what_every_model_needs(facts, code):
    with pytest.raises(TooLittleData) as caught:
        released(TOLD, **facts)
    assert caught.value.code == f"privacy.{code}"


def test_a_two_factor_table_has_one_row_per_pair_each_with_its_support():
    table = verdicts()
    behind = dict.fromkeys(table["outcome"].unique(), support())
    with pytest.raises(TypeError):
        release_two_factor(pd.concat([table, table]), (), (), POLICY, behind=behind)
    with pytest.raises(TypeError):
        release_two_factor(table, (), (), POLICY, behind={"pride": support()})


def survey(n, *, without=0):
    """Return answers of n people to two factors and an outcome; some have no team, so no comment tone."""
    rng = np.random.default_rng(8)
    trait = rng.normal(size=(n, 2))
    answers = np.clip(np.round(2 * (3 + trait)) / 2, 1, 5)
    mood = 3 + np.minimum(answers[:, 0] - 3, 0) + 0.4 * trait[:, 1] + rng.normal(0, 0.5, n)
    frame = pd.DataFrame(answers, columns=["pay", "growth"]).assign(
        job_search=np.clip(np.round(6 - mood), 1, 5), wave="2026H1", comment_tone=rng.normal(size=n),
        respondent=[f"P{i}" for i in range(n)],
    )  # fmt: skip
    frame.loc[frame.index[:without], "comment_tone"] = np.nan
    return Survey(frame, {"pay": "hygiene", "growth": "motivator", "job_search": "strain"}, (), ())


def test_the_rows_are_those_of_the_driver_model():
    """Two sums that differ by one person's answer would give it away."""
    found = two_factor(survey(900, without=1), POLICY)
    assert {support.n for support in found.behind.values()} == {899}
    pay = found.table.set_index("driver").loc["pay"]
    assert pay["verdict"] == "hygiene_like"
    assert pay["low"] < -0.5 < pay["high"]


def test_the_support_counts_both_sides_and_the_slope_of_every_factor():
    found = two_factor(survey(900), POLICY).behind["job_search"]
    assert found.coefficients == 1 + 3 * 2 + 1  # intercept, three columns of two factors, the comments' tone
    assert found.category >= 50
    with pytest.raises(TooLittleData):
        two_factor(survey(25), POLICY)


@pytest.mark.parametrize("names", [EN, ZH, RU], ids=LANGUAGES[1:2] + LANGUAGES[:1] + LANGUAGES[2:])
def test_two_factor_words_and_charts(names):
    table = released(TOLD, refused=["withdrawal"])
    headline, theory, untold = sentences.two_factor(table, names)
    assert "912" in headline
    assert names.inline(names.scale("pay")) in headline
    assert "3" in theory
    assert "4" in theory
    assert "38" in untold
    assert "42" in untold
    (only, *_) = sentences.two_factor(released(), names)
    assert "14" in only
    said = sentences.two_factor_on(table, "job_search", names)
    assert names.inline(names.scale("pay")) in said
    for number in ("0.51", "0.04", "0.37", "0.57"):
        assert number.replace(".", "," if names.lang == "ru" else ".") in said
    assert "0" not in sentences.two_factor_on(released(), "pride", names).replace("1912", "").replace(
        "1 912", ""
    )
    grid = charts.verdict_grid(table, names).to_dict()
    assert max(len(rows) for rows in grid["datasets"].values()) == 42
    assert len(display(table, names)) == 43
    assert "–" not in display(table, names).iloc[0].astype(str).tolist()[:2]


def test_the_map_turns_strain_so_that_up_and_right_are_good():
    drawn = charts.two_factor_map(released(TOLD), "job_search", EN).to_dict()
    points = next(rows for rows in drawn["datasets"].values() if len(rows) == len(FACTORS))
    pay = next(row for row in points if row["driver"] == "pay")
    assert (pay["low"], pay["high"]) == (0.51, 0.04)
    ends = sorted([pay["a_y"] - pay["a_x"], pay["b_y"] - pay["b_x"]])
    assert ends == pytest.approx([-0.57, -0.37])
    assert pay["a_x"] + pay["a_y"] == pytest.approx(0.55)


def test_an_outcome_without_results_says_why():
    hidden = release_two_factor(
        verdicts(outcomes=("pride",)), ["job_search"], (), POLICY, behind={"pride": support()}
    )
    assert "too few people" in sentences.two_factor_on(hidden, "job_search", EN)
    words = str(charts.two_factor_map(hidden, "job_search", EN).to_dict())
    assert "too few people" in words
