"""Differences of groups and waves, adjusted p-values, extremes, weights: against R, SciPy and brute force."""

import math

import numpy as np
import pandas as pd
import pytest

from engage.errors import InputError, TooLittleData, UsageError
from engage.measure import adjust_pvalues, compare, compare_waves, contrast_extremes, rake
from engage.measure.effect import hedges_g, overlapping

EXACT = 1e-9
SHOWN = 5e-3  # figures published with two decimals

# R's sleep: extra hours of sleep of ten patients under two drugs.
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]

# R's mtcars: mpg by automatic (0) and manual (1) gears.
AUTOMATIC = [21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8, 16.4, 17.3, 15.2, 10.4, 10.4, 14.7, 21.5, 15.5]
AUTOMATIC += [15.2, 13.3, 19.2]
MANUAL = [21, 21, 22.8, 32.4, 30.4, 33.9, 27.3, 26, 30.4, 15.8, 19.7, 15, 21.4]


def grouped(**groups):
    return pd.DataFrame([(name, x) for name, values in groups.items() for x in values], columns=["g", "y"])


def test_welch_agrees_with_r_on_sleep():
    (pair,) = compare(grouped(a=DRUG_1, b=DRUG_2), "y", by="g").pairs
    found = pair.difference
    assert found.difference == pytest.approx(-1.58)
    assert found.df == pytest.approx(17.776, abs=5e-4)
    assert found.p_value == pytest.approx(0.07939, abs=5e-6)
    assert (found.ci_low, found.ci_high) == pytest.approx((-3.3654832, 0.2054832), abs=5e-8)
    assert (pair.p_adjusted, pair.verdict) == (found.p_value, "no_reliable_difference")
    assert pair.sentence() == "There is no reliable difference between a and b."


def test_hedges_g_agrees_with_effectsize_on_mtcars():
    (pair,) = compare(grouped(automatic=AUTOMATIC, manual=MANUAL), "y", by="g").pairs
    small = 1 - 3 / (4 * 30 - 1)  # the usual approximation of J
    assert pair.standardised.g / small == pytest.approx(-1.48, abs=SHOWN)
    assert pair.standardised.g_low / small == pytest.approx(-2.27, abs=SHOWN)
    assert pair.standardised.g_high / small == pytest.approx(-0.67, abs=SHOWN)
    assert pair.standardised.g == pytest.approx(-1.44, abs=SHOWN)
    assert pair.verdict == "lower"


@pytest.mark.parametrize(("shift", "n"), [(0, 4), (0.4, 50), (3, 12), (0.02, 5000)])
def test_every_pair_agrees_with_scipy(shift, n):
    from scipy.stats import nct, ttest_ind

    rng = np.random.default_rng(n)
    groups = {"a": rng.normal(size=n), "b": 2 * rng.normal(size=n + 3) + shift, "c": rng.normal(size=2 * n)}
    table = compare(grouped(**groups), "y", by="g", level=0.9).tidy()
    assert list(zip(table["group_a"], table["group_b"], strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    np.testing.assert_allclose(table["p_adjusted"], adjust_pvalues(table["p_value"]))
    for row in table.itertuples():
        x, y = groups[row.group_a], groups[row.group_b]
        test = ttest_ind(x, y, equal_var=False)
        ends = test.confidence_interval(0.9)
        assert (row.p_value, row.df) == pytest.approx((test.pvalue, test.df), rel=1e-8)
        assert (row.ci_low, row.ci_high) == pytest.approx((ends.low, ends.high), rel=1e-8)
        f = len(x) + len(y) - 2
        small = (
            math.gamma(f / 2) / math.gamma((f - 1) / 2) / math.sqrt(f / 2) if f < 300 else 1 - 3 / (4 * f - 1)
        )
        t = ttest_ind(x, y).statistic
        unit = math.sqrt(1 / len(x) + 1 / len(y))
        assert row.hedges_g == pytest.approx(small * t * unit, rel=1e-6)
        for end, tail in ((row.g_low, 0.95), (row.g_high, 0.05)):
            assert nct.cdf(t, f, end / small / unit) == pytest.approx(tail, abs=1e-7)


def test_a_reference_missing_values_and_groups_of_one():
    frame = grouped(b=[1, 2, 3], a=[2, 4, 6, None], alone=[5], c=[7, 7.5])
    frame.loc[len(frame)] = [None, 3.0]
    before = frame.copy()
    result = compare(frame, "y", by="g", reference="b")
    assert [(pair.a, pair.b, pair.n_a) for pair in result.pairs] == [("a", "b", 3), ("c", "b", 2)]
    assert (result.n, result.n_dropped) == (9, 2)
    assert [note.params["groups"] for note in result.notes] == [["alone"]]
    assert "alone" in result._repr_html_()
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("lang", ["zh", "en", "ru"])
def test_every_verdict_has_words(lang):
    frame = grouped(a=[4, 4, 4.1, 3.9], b=[9, 9, 9.1, 8.9], c=[4, 4.2, 3.8, 4], d=[4, 4], e=[9, 9])
    said = {pair.verdict: pair.sentence(lang) for pair in compare(frame, "y", by="g").pairs}
    said |= {pair.verdict: pair.sentence(lang) for pair in compare(frame, "y", by="g", reference="c").pairs}
    assert len(set(said.values())) == 4


def test_groups_without_spread_are_untestable():
    result = compare(grouped(a=[4, 4, 4], b=[3, 3], c=[1, 5]), "y", by="g").tidy()
    assert result["verdict"].tolist()[0] == "untestable"
    assert result.loc[0, ["p_value", "p_adjusted", "hedges_g"]].isna().all()
    assert result.loc[1:, "p_value"].notna().all()


def test_compare_refuses_what_it_can_not_compare():
    frame = grouped(a=[1, 2], b=[3])
    with pytest.raises(TooLittleData, match="two are needed"):
        compare(frame, "y", by="g")
    with pytest.raises(UsageError, match="no column team"):
        compare(frame, "y", by="team")
    with pytest.raises(UsageError, match="no group z"):
        compare(grouped(a=[1, 2], b=[3, 4]), "y", by="g", reference="z")
    with pytest.raises(InputError, match="Not numbers: g"):
        compare(frame, "g", by="y")


def brute_adjust(p, method):
    m, result = len(p), []
    for x in p:
        if method == "bh":
            found = min(m * q / sum(r <= q for r in p) for q in p if q >= x)
        else:
            found = max((m - sum(r < q for r in p)) * q for q in p if q <= x)
        result.append(min(1.0, found))
    return result


@pytest.mark.parametrize("method", ["bh", "holm"])
def test_adjusted_p_values_by_statsmodels_and_brute_force(method):
    from statsmodels.stats.multitest import multipletests

    rng = np.random.default_rng(6)
    for m in (1, 2, 9, 40):
        p = rng.random(m) ** 3
        p[: m // 3] = p[0]
        adjusted = adjust_pvalues(p, method)
        oracle = multipletests(p, method="fdr_bh" if method == "bh" else "holm")[1]
        np.testing.assert_allclose(adjusted, oracle, rtol=1e-12)
        np.testing.assert_allclose(adjusted, brute_adjust(p.tolist(), method), rtol=1e-12)


def test_adjusted_p_values_keep_order_and_gaps():
    np.testing.assert_allclose(adjust_pvalues([0.04, np.nan, 0.01]), [0.04, np.nan, 0.02])
    np.testing.assert_allclose(adjust_pvalues([0.04, 0.01], "holm"), [0.04, 0.02])
    assert adjust_pvalues([]).shape == (0,)
    with pytest.raises(InputError, match="0 to 1: 1"):
        adjust_pvalues([0.5, 1.2])
    with pytest.raises(UsageError, match="bonferroni"):
        adjust_pvalues([0.5], "bonferroni")


def waves(first, second):
    rows = [("w1", person, x) for person, x in first] + [("w2", person, x) for person, x in second]
    return pd.DataFrame(rows, columns=["wave", "who", "y"])


def changed(frame, **options):
    return compare_waves(frame, "y", wave="wave", respondent="who", before="w1", after="w2", **options)


def test_waves_are_a_paired_test_if_all_are_linked_and_welch_if_none_are():
    linked = changed(waves(list(enumerate(DRUG_2)), list(enumerate(DRUG_1))))
    assert (linked.change.ci_low, linked.change.ci_high) == pytest.approx((-2.4598858, -0.7001142), abs=5e-8)
    assert (linked.change.df, linked.change.p_value) == pytest.approx((9, 0.002833), abs=5e-7)
    assert (linked.n_linked, linked.verdict) == (10, "lower")
    assert linked.change_linked.p_value == pytest.approx(linked.change.p_value, rel=EXACT)
    nobody = changed(waves([(None, x) for x in DRUG_2], [(None, x) for x in DRUG_1]))
    assert nobody.change.p_value == pytest.approx(0.07939, abs=5e-6)
    assert nobody.n_linked == 0
    assert math.isnan(nobody.change_linked.p_value)
    assert math.isnan(nobody.r)


def test_partly_linked_waves_follow_the_formula():
    rng = np.random.default_rng(12)
    person = rng.normal(size=30)
    first = [(i, person[i] + rng.normal()) for i in range(20)] + [(None, rng.normal()) for _ in range(4)]
    second = [(i, person[i] + rng.normal() + 0.3) for i in range(8, 30)]
    result = changed(waves(first, second))
    x1, x2 = np.array([x for _, x in second]), np.array([x for _, x in first])
    r = np.corrcoef([dict(second)[i] for i in range(8, 20)], [dict(first)[i] for i in range(8, 20)])[0, 1]
    n1, n2, both = 22, 24, 12
    v1, v2 = x1.var(ddof=1), x2.var(ddof=1)
    error = math.sqrt(v1 / n1 + v2 / n2 - 2 * r * math.sqrt(v1 * v2) * both / (n1 * n2))
    gamma = (v1 / n1 + v2 / n2) ** 2 / ((v1 / n1) ** 2 / (n1 - 1) + (v2 / n2) ** 2 / (n2 - 1))
    single = 10 + 12
    df = both - 1 + (gamma - both + 1) / (single + 2 * both) * single
    assert (result.change.std_error, result.change.df) == pytest.approx((error, df), rel=EXACT)
    assert result.r == pytest.approx(r, rel=EXACT)
    assert result.tidy()["n_before"].tolist() == [24, 12]


def test_waves_refuse_what_they_can_not_link():
    frame = waves([(1, 2.0), (2, 3.0)], [(1, 3.0), (2, 4.0)])
    same = changed(frame)
    assert same.verdict == "untestable"
    assert same.change.difference == 1
    assert "everybody changed alike" in same._repr_html_()
    with pytest.raises(InputError, match="wave w1: 1"):
        changed(waves([(1, 2.0), (1, 3.0)], [(1, 3.0), (2, 4.0)]))
    with pytest.raises(UsageError, match="no group w2"):
        changed(frame[frame["wave"] == "w1"])
    with pytest.raises(TooLittleData, match="1 complete rows"):
        changed(frame.drop(index=0))


def test_extremes_stand_beside_the_association_over_everybody():
    from scipy.stats import pearsonr, ttest_ind

    rng = np.random.default_rng(14)
    n = 400
    rating = np.round(rng.normal(size=n) * 2)
    frame = pd.DataFrame({"rating": rating, "attitude": 0.2 * rating + rng.normal(size=n)})
    frame["ability"] = rng.normal(size=n)
    frame.loc[:9, "attitude"] = np.nan
    result = contrast_extremes(frame, ["attitude", "ability"], "rating", against="low", share=0.25)
    attitude, ability = result.contrasts
    known = frame.dropna()
    high = known[known["rating"] >= known["rating"].quantile(0.75)]
    low = known[known["rating"] <= known["rating"].quantile(0.25)]
    test = ttest_ind(high["attitude"], low["attitude"], equal_var=False)
    assert (attitude.n_high, attitude.n_other, attitude.n) == (len(high), len(low), n - 10)
    assert attitude.difference.p_value == pytest.approx(test.pvalue, rel=1e-8)
    whole = pearsonr(known["rating"], known["attitude"])
    ends = whole.confidence_interval()
    assert (attitude.r, attitude.r_low, attitude.r_high) == pytest.approx((whole.statistic, *ends), rel=1e-9)
    assert (attitude.verdict, ability.verdict) == ("higher", "no_reliable_difference")
    table = result.tidy()
    np.testing.assert_allclose(table["p_adjusted"], adjust_pvalues(table["p_value"]))
    as_g = 2 * attitude.r / math.sqrt(1 - attitude.r**2)
    assert attitude.standardised.g > as_g  # the ends alone make the association look larger
    assert "25%" in result._repr_html_()


def test_high_performers_stand_beside_average_ones():
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(16)
    frame = pd.DataFrame({"rating": rng.integers(1, 11, 300)})
    frame["attitude"] = 0.1 * frame["rating"] + rng.normal(size=300)
    (found,) = contrast_extremes(frame, ["attitude"], "rating", share=0.3).contrasts
    bottom, top = frame["rating"].quantile([0.3, 0.7])
    high = frame.loc[frame["rating"] >= top, "attitude"]
    average = frame.loc[frame["rating"].between(bottom, top, inclusive="neither"), "attitude"]
    assert (found.n_high, found.n_other) == (len(high), len(average))
    assert found.difference.p_value == pytest.approx(
        ttest_ind(high, average, equal_var=False).pvalue, rel=1e-8
    )
    with pytest.raises(UsageError, match="against"):
        contrast_extremes(frame, ["attitude"], "rating", against="everybody")


def test_extremes_refuse_ends_that_meet():
    frame = pd.DataFrame({"rating": [3, 3, 3, 3, 3, 4], "y": range(6)})
    with pytest.raises(TooLittleData, match="can't be told apart"):
        contrast_extremes(frame, ["y"], "rating")
    with pytest.raises(UsageError, match="not a share"):
        contrast_extremes(frame, ["y"], "rating", share=0.7)
    with pytest.raises(TooLittleData, match="3 complete rows"):
        contrast_extremes(frame.head(3), ["y"], "rating")


def staff():
    rng = np.random.default_rng(15)
    return pd.DataFrame(
        {"age": rng.choice(["<25", "25+"], 200, p=[0.3, 0.7]), "team": rng.choice(list("abc"), 200)},
        index=[f"p{i}" for i in range(200)],
    )


SHARES = {"age": {"<25": 120, "25+": 80}, "team": {"a": 0.5, "b": 0.3, "c": 0.2}}


def test_raking_by_iterative_proportional_fitting_of_the_table():
    frame = staff()
    result = rake(frame, SHARES)
    table = pd.crosstab(frame["age"], frame["team"]).astype(float)
    fitted = table.copy()
    ages, teams = pd.Series({"<25": 0.6, "25+": 0.4}), pd.Series(SHARES["team"])
    for _ in range(40):
        fitted = fitted.mul(ages * 200 / fitted.sum(axis=1), axis=0)
        fitted = fitted.mul(teams * 200 / fitted.sum(axis=0), axis=1)
    cell = (fitted / table).stack()
    expected = [cell[(age, team)] for age, team in zip(frame["age"], frame["team"], strict=True)]
    np.testing.assert_allclose(result.weights, expected, rtol=1e-8)
    assert list(result.weights.index) == list(frame.index)
    w = result.weights
    assert result.design_effect == pytest.approx(1 + w.var(ddof=0) / w.mean() ** 2)
    assert result.effective_n == pytest.approx(w.sum() ** 2 / (w**2).sum())
    np.testing.assert_allclose(result.tidy()["weighted"], [0.6, 0.4, 0.5, 0.3, 0.2], atol=1e-9)
    assert result.notes == ()


def test_one_margin_is_poststratification():
    frame = pd.DataFrame({"age": ["y"] * 3 + ["o"] * 7})
    result = rake(frame, {"age": {"y": 0.6, "o": 0.4}})
    np.testing.assert_allclose(result.weights, [2.0] * 3 + [4 / 7] * 7)
    assert result.rounds == 1
    (note,) = rake(pd.DataFrame({"age": ["y"] + ["o"] * 19}), {"age": {"y": 6, "o": 4}}).notes
    assert (note.code, note.params["highest"]) == ("measure.heavy_weights", "12.0")


def test_raking_refuses_margins_that_do_not_fit():
    frame = staff()
    with pytest.raises(UsageError, match="No margin"):
        rake(frame, {})
    with pytest.raises(UsageError, match="above 0"):
        rake(frame, {"age": {"<25": 0.0, "25+": 1.0}})
    with pytest.raises(InputError, match="no share"):
        rake(frame, {"team": {"a": 0.5, "b": 0.5}})
    with pytest.raises(InputError, match="missing or has no share: 1"):
        rake(pd.DataFrame({"age": ["y", "o", None]}), {"age": {"y": 1, "o": 1}})
    with pytest.raises(TooLittleData, match=r"Nobody .* d$|Nobody .*: d\."):
        rake(frame, {"team": {"a": 1, "b": 1, "c": 1, "d": 1}})
    tied = pd.DataFrame({"age": ["y", "y", "o"], "team": ["a", "a", "b"]})
    with pytest.raises(TooLittleData, match="all margins at once"):
        rake(tied, {"age": {"y": 0.5, "o": 0.5}, "team": {"a": 0.8, "b": 0.2}})


@pytest.mark.simulation
@pytest.mark.rest
def test_hedges_interval_covers():
    rng = np.random.default_rng(31)
    held = 0
    for _ in range(1000):
        found = hedges_g(rng.normal(size=15) + 0.6, rng.normal(size=25), 0.95)
        held += found.g_low <= 0.6 <= found.g_high
    assert 0.93 < held / 1000 < 0.97


@pytest.mark.simulation
@pytest.mark.rest
@pytest.mark.parametrize("linked", [0, 12, 30])
def test_intervals_of_partly_linked_waves_cover(linked):
    rng = np.random.default_rng(32)
    held = 0
    for _ in range(2000):
        person = rng.normal(size=30)
        x = person + rng.normal(size=30)
        other = np.concatenate([person[:linked], rng.normal(size=40 - linked)])
        y = other + 1.5 * rng.normal(size=40)
        r = np.corrcoef(x[:linked], y[:linked])[0, 1] if linked else 0.0
        found = overlapping(x, y, linked, r, 0.95)
        held += found.ci_low <= 0 <= found.ci_high
    assert 0.93 < held / 2000 < 0.97
