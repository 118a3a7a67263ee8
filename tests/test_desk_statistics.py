"""Funnel limits, p′ charts, differences of shares, agreement of raters: oracles and simulations."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom, binom

from engage.errors import TooLittleData, UsageError
from engage.measure.control_chart import control_chart
from engage.measure.funnel import dispersion_of, exact_limits, funnel
from engage.measure.intervals import difference_interval
from engage.measure.raters import cohen_kappa, krippendorff_alpha

TIGHT = 1e-9
KRIPPENDORFF = pd.DataFrame(
    {
        "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        "C": [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    }
)
"""The example of Krippendorff (2011), four observers and twelve units."""


# -- funnel


@pytest.mark.parametrize("rho", [0.0, 0.01])
@pytest.mark.parametrize("p", [0.001, 0.025])
def test_exact_limits_are_interpolated_quantiles(p, rho):
    n, target = 83, 0.94
    law = betabinom(n, target * (1 / rho - 1), (1 - target) * (1 / rho - 1)) if rho else binom(n, target)
    r = next(r for r in range(n + 1) if law.cdf(r) >= p)
    by_hand = (r - (law.cdf(r) - p) / law.pmf(r)) / n
    assert exact_limits(target, np.array([n]), p, rho)[0] == pytest.approx(by_hand, abs=TIGHT)


def test_what_is_beyond_a_limit_comes_rarely():
    """Any count beyond an exact limit has at most the tail's probability, from either end."""
    n, target = 40, 0.95
    limits = funnel([38] * 4, [n] * 4, spread="none").limits([n]).iloc[0]
    for low, high, tail in (("low", "high", 0.025), ("far_low", "far_high", 0.001)):
        below = [k for k in range(n + 1) if k / n < limits[low]]
        above = [k for k in range(n + 1) if k / n > limits[high]]
        assert below
        assert binom.cdf(max(below), n, target) <= tail
        assert all(binom.sf(k - 1, n, target) <= tail for k in above)


def test_the_dispersion_is_that_of_the_winsorised_scores():
    z = np.array([-6.0, -1.2, -0.4, 0.1, 0.2, 0.5, 0.9, 1.1, 1.3, 4.0])
    low, high = np.quantile(z, [0.1, 0.9])
    left = 0.8 - 2 * 1.2815515655 * 0.1754983319 + 0.2 * 1.2815515655**2  # of a normal variance
    by_hand = sum(min(max(one, low), high) ** 2 for one in z) / len(z) / left
    assert dispersion_of(z) == pytest.approx(by_hand, rel=1e-6)


def test_multiplicative_limits_are_stretched():
    rng = np.random.default_rng(2)
    n = rng.integers(200, 900, 30)
    k = rng.binomial(n, rng.beta(90, 10, 30))
    found, plain = funnel(k, n, spread="multiplicative"), funnel(k, n, spread="none")
    assert found.dispersion > 2
    stretched = found.target + (plain.far_low - found.target) * math.sqrt(found.dispersion)
    assert found.far_low == pytest.approx(stretched)


def test_a_late_branch_stands_out_and_chance_alone_does_not():
    n = [120] * 12
    found = funnel([84] + [115] * 11, n, units=["late", *range(11)])
    assert found.standing[0] == "far_below"
    assert set(found.standing[1:]) == {"within"}
    assert found.tidy()["unit"].iloc[0] == "late"
    assert funnel([115] * 3, [120] * 3).dispersion == 1.0  # too few to know how much they differ


def false_alarms(rho, spread, seed, units=16, reps=50):
    rng = np.random.default_rng(seed)
    far = warned = 0
    for _ in range(reps):
        n = rng.integers(60, 500, units)
        p = rng.beta(0.94 * (1 / rho - 1), 0.06 * (1 / rho - 1), units) if rho else np.full(units, 0.94)
        standing = funnel(rng.binomial(n, p), n, spread=spread).standing
        far += sum(one.startswith("far") for one in standing)
        warned += sum(one != "within" for one in standing)
    return far / (units * reps), warned / (units * reps)


def test_units_that_differ_anyway_raise_few_false_alarms():
    """800 branches: 0.2 % beyond the outer limits by the book; chance alone would accuse many."""
    far, warned = false_alarms(0.01, "additive", 20260301)
    assert far <= 0.01
    assert 0.01 <= warned <= 0.075
    assert false_alarms(0.01, "none", 20260301)[0] >= 0.04


@pytest.mark.simulation
@pytest.mark.rest
@pytest.mark.parametrize("rho", [0.0, 0.002, 0.01, 0.03])
def test_false_alarms_are_about_nominal(rho):
    far, warned = false_alarms(rho, "additive", 20260302, units=20, reps=500)
    assert far <= 0.007
    assert 0.01 <= warned <= 0.065


def test_counts_that_are_none_are_refused():
    for events, n in (([3], [2]), ([1], [0]), ([0.5], [2]), ([1, 2], [3])):
        with pytest.raises(UsageError):
            funnel(events, n)
    with pytest.raises(UsageError):
        funnel([1], [2], spread="odd")
    with pytest.raises(TooLittleData):
        funnel([], [])


# -- weeks


def test_a_p_chart_by_hand():
    n = np.array([80, 90, 100, 110, 95, 85, 105, 100])
    k = np.array([76, 88, 95, 107, 88, 82, 101, 94])
    p = k.sum() / n.sum()
    z = (k / n - p) / np.sqrt(p * (1 - p) / n)
    ranges = np.abs(np.diff(z))
    assert (ranges < 3.267 * ranges.mean()).all()
    found = control_chart(k.tolist(), n.tolist())
    assert found.sigma_z == pytest.approx(ranges.mean() / 1.128)
    exact = exact_limits(p, n, 0.001349898)
    assert found.low == pytest.approx(p + (exact - p) * max(found.sigma_z, 1))
    assert set(found.standing) == {"within"}
    with pytest.raises(TooLittleData):
        control_chart([1] * 7, [2] * 7)


def test_one_bad_week_is_found_and_does_not_hide_itself():
    rng = np.random.default_rng(8)
    n = rng.integers(90, 130, 52)
    k = rng.binomial(n, 0.95)
    k[30] = round(0.78 * n[30])
    found = control_chart(k.tolist(), n.tolist())
    assert found.standing[30] == "low"
    assert found.standing.count("low") == 1


def test_weeks_that_vary_anyway_raise_few_false_alarms():
    rng = np.random.default_rng(20260303)
    out = 0
    for _ in range(40):
        n = rng.integers(60, 140, 52)
        k = rng.binomial(n, rng.beta(0.95 * 199, 0.05 * 199, 52))
        out += sum(one != "within" for one in control_chart(k.tolist(), n.tolist()).standing)
    assert out / (40 * 52) <= 0.008


# -- shares, raters


def test_newcombe():
    """Newcombe (1998), Table II (a), method 10: 56/70 − 48/80."""
    found = difference_interval(56, 70, 48, 80)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)


def test_kappa_of_a_table():
    """Fleiss, Levin & Paik, Table 18.1: .676; po = .89, pe = .66."""
    pairs = {(1, 1): 75, (1, 2): 1, (1, 3): 4, (2, 1): 5, (2, 2): 4, (2, 3): 1, (3, 3): 10}
    first = [a for (a, _), count in pairs.items() for _ in range(count)]
    second = [b for (_, b), count in pairs.items() for _ in range(count)]
    found = cohen_kappa(first, second)
    assert (found.observed, found.expected) == (pytest.approx(0.89), pytest.approx(0.66))
    assert round(found.kappa, 3) == 0.676
    assert found.n == 100


@pytest.mark.parametrize(
    ("weights", "name"), [("none", None), ("linear", "linear"), ("quadratic", "quadratic")]
)
def test_kappa_agrees_with_statsmodels(weights, name):
    from statsmodels.stats.inter_rater import cohens_kappa

    rng = np.random.default_rng(4)
    first = rng.integers(0, 4, 120)
    second = np.clip(first + rng.integers(-1, 2, 120), 0, 3)
    table = np.zeros((4, 4))
    np.add.at(table, (first, second), 1)
    oracle, found = cohens_kappa(table, wt=name), cohen_kappa(first, second, weights=weights)
    assert found.kappa == pytest.approx(oracle.kappa, abs=TIGHT)
    assert found.std_error == pytest.approx(oracle.std_kappa, abs=TIGHT)


@pytest.mark.parametrize(
    ("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorffs_example(metric, published):
    found = krippendorff_alpha(KRIPPENDORFF, metric=metric)
    assert round(found.alpha, 3) == published
    assert (found.n, found.n_ratings, found.n_dropped) == (11, 40, 1)
    assert found.ci_low < found.alpha < found.ci_high <= 1


def test_ratings_that_tell_nothing_are_refused():
    with pytest.raises(TooLittleData):
        krippendorff_alpha(pd.DataFrame({"a": [1, 1, 1], "b": [1, 1, 1]}))
    with pytest.raises(TooLittleData):
        cohen_kappa([1, 1], [1, 1])
    with pytest.raises(UsageError):
        cohen_kappa([1, 2], [1, 2], weights="odd")
    with pytest.raises(UsageError):
        krippendorff_alpha(KRIPPENDORFF, metric="odd")
