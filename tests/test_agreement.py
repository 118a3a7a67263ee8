"""ICC and rwg(j) against R, the table of the analysis of variance, and what must hold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engage.errors import InputError, TooLittleData, UsageError
from engage.measure import icc, may_aggregate, rwg_j

R = 1e-9  # numbers printed by R 4.2.2
EXACT = 1e-12  # formulas written out

LQ = Path(__file__).parents[2] / "shared" / "data" / "multilevel_lq2002.csv"
needs_lq = pytest.mark.skipif(not LQ.is_file(), reason=f"{LQ.name} is not beside this checkout")

# R's InsectSprays: counts of insects under six sprays, twelve each.
SPRAYS = {
    "A": [10, 7, 20, 14, 14, 12, 10, 23, 17, 20, 14, 13],
    "B": [11, 17, 21, 11, 16, 14, 17, 17, 19, 21, 7, 13],
    "C": [0, 1, 7, 2, 3, 1, 2, 1, 3, 0, 1, 4],
    "D": [3, 5, 12, 6, 4, 3, 5, 5, 5, 5, 2, 4],
    "E": [3, 5, 3, 5, 3, 6, 1, 1, 3, 2, 6, 4],
    "F": [11, 9, 15, 22, 15, 16, 13, 10, 26, 26, 24, 13],
}


def sprays():
    return pd.DataFrame([(k, v) for k, counts in SPRAYS.items() for v in counts], columns=["spray", "count"])


def teams(rng, sizes, icc1, k=1):
    codes = np.repeat(np.arange(len(sizes)), sizes)
    shared = rng.normal(size=len(sizes))[codes] * np.sqrt(icc1)
    return shared[:, None] + rng.normal(size=(len(codes), k)) * np.sqrt(1 - icc1), codes


def test_icc_agrees_with_r():
    frame = sprays()
    result = icc(frame["count"], frame["spray"])
    assert result.icc1 == pytest.approx(0.7374310546, abs=R)
    assert result.icc2 == pytest.approx(0.9711834513, abs=R)
    assert (result.n, result.n_groups, result.group_size) == (72, 6, 12)


def test_icc_by_the_table_of_the_analysis_of_variance():
    from scipy.stats import f, f_oneway

    rng = np.random.default_rng(11)
    values, codes = teams(rng, [2, 5, 1, 9, 4, 7], 0.3)
    y = values[:, 0]
    split = [y[codes == g] for g in range(6)]
    test = f_oneway(*split)
    within = sum(((part - part.mean()) ** 2).sum() for part in split) / (28 - 6)
    between, k = test.statistic * within, 28 / 6
    result = icc(pd.Series(y), pd.Series(codes))
    assert result.f == pytest.approx(test.statistic, rel=EXACT)
    assert result.p_value == pytest.approx(test.pvalue, rel=1e-9)
    assert result.icc1 == pytest.approx((between - within) / (between + (k - 1) * within), abs=EXACT)
    assert result.icc2 == pytest.approx(1 - 1 / test.statistic, abs=EXACT)
    for end, quantile in ((result.ci_low, f.ppf(0.975, 5, 22)), (result.ci_high, f.ppf(0.025, 5, 22))):
        ratio = test.statistic / quantile
        assert end == pytest.approx((ratio - 1) / (ratio + k - 1), abs=1e-9)


@needs_lq
def test_lq2002_agrees_with_r():
    frame = pd.read_csv(LQ)
    items = frame.filter(regex=r"^LEAD\d")
    result = icc(frame["LEAD"], frame["COMPID"])
    assert result.icc1 == pytest.approx(0.0880, abs=5e-5)
    assert result.icc2 == pytest.approx(0.8008, abs=5e-5)
    alike = rwg_j(items, frame["COMPID"])
    assert len(alike.groups) == 49
    assert alike.mean == pytest.approx(0.868, abs=5e-4)
    assert may_aggregate(result, alike).verdict == "yes"


def test_rwg_j_agrees_with_the_reference():
    items = pd.DataFrame([(4, 3, 4), (4, 4, 4), (5, 5, 4), (4, 4, 5)])
    result = rwg_j(items, pd.Series(["one"] * 4))
    assert result.rwg_j[0] == pytest.approx(0.9255319149, abs=R)
    assert result.null_variance == 2


def brute_rwg(rows, options):
    chance = (options**2 - 1) / 12
    spread = sum(np.var(column, ddof=1) for column in zip(*rows, strict=True)) / len(rows[0])
    share = min(spread, chance) / chance
    return len(rows[0]) * (1 - share) / (len(rows[0]) * (1 - share) + share)


@pytest.mark.parametrize("options", [2, 5, 7, 11])
def test_rwg_j_by_brute_force(options):
    rng = np.random.default_rng(options)
    answers = rng.integers(1, options + 1, size=(60, 4)).astype(float)
    group = rng.choice(["a", "b", "c", "alone", None], size=60, p=[0.3, 0.3, 0.3, 0, 0.1])
    group[0], answers[5, 2] = "alone", np.nan
    result = rwg_j(pd.DataFrame(answers), pd.Series(group), options)
    known = ~np.isnan(answers).any(axis=1) & pd.Series(group).notna().to_numpy()
    assert result.groups == ("a", "alone", "b", "c")
    assert result.n_dropped == 60 - known.sum()
    for name, value in zip(result.groups, result.rwg_j, strict=True):
        if name == "alone":
            assert np.isnan(value)
        else:
            assert value == pytest.approx(brute_rwg(answers[known & (group == name)], options), abs=EXACT)
    shown = [value for value in result.rwg_j if not np.isnan(value)]
    assert (result.mean, result.median) == pytest.approx((np.mean(shown), np.median(shown)))


def test_rwg_of_one_item_under_other_nulls():
    item, team = pd.DataFrame({"a": [1, 2, 3, 2]}), pd.Series([7] * 4)
    spread = np.var([1, 2, 3, 2], ddof=1)
    assert rwg_j(item, team).rwg_j[0] == pytest.approx(1 - spread / 2, abs=EXACT)
    assert rwg_j(item, team, null="slight_skew").rwg_j[0] == pytest.approx(1 - spread / 1.34, abs=EXACT)
    assert rwg_j(item, team, null=0.9).rwg_j[0] == pytest.approx(1 - spread / 0.9, abs=EXACT)
    skewed = np.array([0.05, 0.15, 0.20, 0.35, 0.25])
    points = np.arange(1, 6)
    assert skewed @ points**2 - (skewed @ points) ** 2 == pytest.approx(1.34)


def judged(ci_low, icc2, median):
    frame = sprays()
    difference = replace(icc(frame["count"], frame["spray"]), ci_low=ci_low, icc2=icc2)
    return may_aggregate(difference, replace(rwg_j(frame[["count"]], frame["spray"]), median=median))


@pytest.mark.parametrize(
    ("ci_low", "icc2", "median", "verdict", "reasons"),
    [
        (0.01, 0.70, 0.70, "yes", []),
        (0.01, 0.69, 0.90, "with_care", ["icc2_middling"]),
        (0.01, 0.50, 0.50, "with_care", ["icc2_middling", "rwg_j_middling"]),
        (0.01, 0.90, 0.49, "no", ["rwg_j_low"]),
        (0.00, 0.90, 0.90, "no", ["no_difference"]),
        (-0.1, np.nan, 0.60, "no", ["no_difference", "icc2_low"]),
    ],
)
def test_the_verdict_follows_its_rule(ci_low, icc2, median, verdict, reasons):
    result = judged(ci_low, icc2, median)
    assert result.verdict == result.tidy().loc[0, "verdict"] == verdict
    assert result.reasons == tuple(f"measure.aggregate.{reason}" for reason in reasons)


def test_the_verdict_in_words():
    middling = judged(0.01, 0.6, 0.8)
    expected = "Team means may be used with care. A team's mean is only moderately reliable (ICC(2) 0.60"
    assert middling.sentence().startswith(expected)
    assert middling.sentence("zh").startswith(
        "可以使用团队均值，但须谨慎。团队均值的信度一般（ICC(2) 为 0.60"
    )
    assert expected in middling._repr_html_().replace("&#x27;", "'")


@pytest.mark.parametrize("lang", ["zh", "en", "ru"])
def test_every_verdict_has_words(lang):
    said = {
        judged(*case).sentence(lang)
        for case in [(0.1, 0.8, 0.8), (0.1, 0.6, 0.6), (-0.1, 0.2, 0.2), (0.1, 0.2, 0.8), (0.1, 0.8, 0.2)]
    }
    assert len(said) == 5


def test_the_verdict_on_made_up_teams():
    rng = np.random.default_rng(3)
    for icc1, expected in ((0.5, "yes"), (0.0, "no")):
        values, codes = teams(rng, [20] * 40, icc1, 4)
        items = pd.DataFrame(3 + 0.5 * values)
        result = may_aggregate(icc(items.mean(axis=1), pd.Series(codes)), rwg_j(items, pd.Series(codes)))
        assert result.verdict == expected


def test_agreement_refuses_what_it_can_not_answer():
    values, team = pd.Series([1.0, 2.0, 3.0]), pd.Series(["a", "a", "b"])
    with pytest.raises(TooLittleData, match="two people"):
        icc(values, pd.Series(["a", "b", "c"]))
    with pytest.raises(TooLittleData, match="two people"):
        icc(values, pd.Series(["a", "a", None]))
    with pytest.raises(TooLittleData, match="alike"):
        icc(pd.Series([2, 2, 2]), team)
    with pytest.raises(TooLittleData, match="two people"):
        rwg_j(values.to_frame(), pd.Series(["a", "b", "c"]))
    with pytest.raises(InputError, match="Not numbers"):
        icc(pd.Series(["x", "y", "z"]), team)
    with pytest.raises(UsageError, match="3 rows and 2 rows"):
        rwg_j(values.to_frame(), team.head(2))
    for options, null in ((7, "slight_skew"), (5, "normal"), (5, 0.0)):
        with pytest.raises(UsageError, match="chance answers"):
            rwg_j(values.to_frame(), team, options, null=null)


def test_icc_where_a_team_is_of_one_mind():
    alike = icc(pd.Series([1, 1, 2, 2]), pd.Series(list("aabb")))
    assert (alike.icc1, alike.icc2, alike.ci_low, alike.p_value) == (1, 1, 1, 0)
    equal = icc(pd.Series([1, 2, 1, 2]), pd.Series(list("aabb")))
    assert equal.icc1 == -1
    assert np.isnan(equal.icc2)


@pytest.mark.simulation
@pytest.mark.rest
@pytest.mark.parametrize("sizes", [[8] * 30, [3, 5, 8, 12, 15] * 6])
@pytest.mark.parametrize("icc1", [0.05, 0.3])
def test_the_interval_of_icc1_covers(sizes, icc1):
    rng = np.random.default_rng(17)
    held = 0
    for _ in range(1500):
        values, codes = teams(rng, sizes, icc1)
        result = icc(pd.Series(values[:, 0]), pd.Series(codes))
        held += result.ci_low <= icc1 <= result.ci_high
    assert 0.92 < held / 1500 < 0.975
