"""Factor analysis against R's factanal and lavaan, statsmodels, brute force, and structures known to hold."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from known_moments import NINE, SCHOOLS, rows_with, schools, symmetric

from engage.errors import TooLittleData, UsageError
from engage.measure import (
    confirm_structure,
    explore_factors,
    measurement_invariance,
    parallel_analysis,
)
from engage.measure.answers import correlations
from engage.measure.covariance_model import Sample, _curvature, _discrepancy, _gradient, _start, fit, place
from engage.measure.extraction import extract
from engage.measure.rotation import rotate

SHOWN = 5.01e-4  # figures published with three decimals
STRUCTURE = {"visual": NINE[:3], "textual": NINE[3:6], "speed": NINE[6:]}

HS = Path(__file__).parents[2] / "shared" / "data" / "lavaan_HolzingerSwineford1939.csv"

# R's ability.cov: six tests of 112 people.
ABILITY = [24.641, 5.991, 33.520, 6.023, 20.755, 29.701, 6.700, 18.137, 1.782, 4.936, 7.204, 149.831]
ABILITY += [19.424, 31.430, 50.753, 12.711, 4.757, 9.075, 52.604, 66.762, 135.292]


def ability():
    return pd.DataFrame(rows_with(112, np.zeros(6), symmetric(ABILITY)))


@pytest.mark.skipif(not HS.is_file(), reason=f"{HS.name} is not beside this checkout")
def test_the_moments_are_those_of_the_data():
    frame = pd.read_csv(HS)
    for school, (n, means, upper) in SCHOOLS.items():
        rows = frame.loc[frame["school"] == school, NINE]
        assert len(rows) == n
        np.testing.assert_allclose(rows.mean(), means, rtol=1e-9)
        np.testing.assert_allclose(rows.cov(ddof=0), symmetric(upper), rtol=1e-8, atol=1e-10)


def test_one_and_two_factors_of_ability_agree_with_factanal():
    one = explore_factors(ability(), 1, method="ml")
    np.testing.assert_allclose(one.uniqueness, [0.535, 0.853, 0.748, 0.910, 0.232, 0.280], atol=SHOWN)
    assert (one.chi2, one.df) == (pytest.approx(75.18, abs=5e-3), 9)
    two = explore_factors(ability(), 2, method="ml", rotation="varimax")
    np.testing.assert_allclose(two.uniqueness, [0.455, 0.589, 0.218, 0.769, 0.052, 0.334], atol=SHOWN)
    assert (two.chi2, two.df) == (pytest.approx(6.11, abs=5e-3), 4)
    assert two.p_value == pytest.approx(0.191, abs=SHOWN)
    first = [0.499, 0.156, 0.206, 0.109, 0.956, 0.785]
    second = [0.543, 0.622, 0.860, 0.468, 0.182, 0.225]
    # factanal stops its rotation early, so that its loadings are some .003 from the maximum.
    np.testing.assert_allclose(two.loadings, np.column_stack([first, second]), atol=4e-3)
    assert varimax_criterion(two.loadings) >= varimax_criterion(np.column_stack([first, second]))


def test_three_factors_of_nine_tests_agree_with_factanal():
    result = explore_factors(schools()[NINE], 3, method="ml")
    assert (result.chi2, result.df) == (pytest.approx(22.38, abs=5e-3), 12)
    assert result.p_value == pytest.approx(0.0335, abs=5e-5)
    np.testing.assert_array_equal(np.abs(result.loadings[:8]).argmax(axis=1), [1, 1, 1, 0, 0, 0, 2, 2])


@pytest.mark.rest
def test_maximum_likelihood_agrees_with_statsmodels():
    from statsmodels.multivariate.factor import Factor

    matrix = correlations(schools()[NINE].to_numpy())
    oracle = Factor(corr=matrix, n_factor=3, method="ml", nobs=301).fit()
    loadings, uniqueness = extract(matrix, 3, "ml")
    np.testing.assert_allclose(uniqueness, oracle.uniqueness, atol=2e-4)
    np.testing.assert_allclose(loadings @ loadings.T, oracle.loadings @ oracle.loadings.T, atol=2e-3)


@pytest.mark.parametrize("factors", [1, 2, 3])
def test_minres_leaves_the_least_residuals(factors):
    from scipy.optimize import minimize

    matrix = correlations(schools()[NINE].to_numpy())
    off = ~np.eye(9, dtype=bool)

    def squares(flat):
        loadings = flat.reshape(9, factors)
        residual = np.where(off, matrix - loadings @ loadings.T, 0)
        return (residual**2).sum(), (-4 * residual @ loadings).ravel()

    rng = np.random.default_rng(1)
    tries = [minimize(squares, rng.normal(size=9 * factors) / 2, jac=True, tol=1e-12) for _ in range(6)]
    best = min(tries, key=lambda found: found.fun)
    loadings, uniqueness = extract(matrix, factors, "minres")
    assert squares(loadings.ravel())[0] == pytest.approx(best.fun, rel=1e-6)
    expected = best.x.reshape(9, factors)
    np.testing.assert_allclose(loadings @ loadings.T, expected @ expected.T, atol=1e-4)
    np.testing.assert_allclose(1 - uniqueness, (loadings**2).sum(axis=1), atol=1e-6)


def varimax_criterion(loadings):
    scaled = loadings / np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    return (scaled**2).var(axis=0).sum()


def oblimin_criterion(loadings):
    squares = loadings**2
    return sum((squares[:, p] * squares[:, q]).sum() for p in range(3) for q in range(p))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rotations_can_not_be_bettered_nearby_and_agree_with_statsmodels(seed):
    from statsmodels.multivariate.factor_rotation import rotate_factors

    rng = np.random.default_rng(seed)
    raw = 0.7 * np.kron(np.eye(3), np.ones((4, 1))) + 0.15 * rng.normal(size=(12, 3))
    raw = raw @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    straight, identity = rotate(raw, "varimax")
    oblique, between = rotate(raw, "oblimin")
    np.testing.assert_array_equal(identity, np.eye(3))
    np.testing.assert_allclose(straight @ straight.T, raw @ raw.T, atol=1e-12)
    np.testing.assert_allclose(oblique @ between @ oblique.T, raw @ raw.T, atol=1e-9)
    np.testing.assert_allclose(np.diag(between), 1, atol=1e-12)
    for _ in range(50):
        nudge = np.linalg.qr(np.eye(3) + 0.05 * rng.normal(size=(3, 3)))[0]
        assert varimax_criterion(straight @ nudge) <= varimax_criterion(straight) + 1e-12
        root = np.linalg.cholesky(between)
        turn = root.T + 0.03 * rng.normal(size=(3, 3))
        turn /= np.sqrt((turn**2).sum(axis=0))
        assert oblimin_criterion(oblique @ root @ np.linalg.inv(turn).T) >= oblimin_criterion(oblique) - 1e-12
    oracle, _ = rotate_factors(raw, "oblimin", 0, "oblique", tol=1e-8)
    assert oblimin_criterion(oblique) == pytest.approx(oblimin_criterion(oracle), rel=1e-6)


def test_oblimin_finds_a_perfect_structure_again():
    loadings = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6]]))
    between = np.array([[1, 0.4, 0.2], [0.4, 1, 0.3], [0.2, 0.3, 1]])
    common = loadings @ between @ loadings.T
    items = pd.DataFrame(rows_with(80, np.zeros(9), common + np.diag(1 - np.diag(common))))
    for method in ("minres", "ml"):
        result = explore_factors(items, 3, method=method, rotation="oblimin")
        order = np.abs(result.loadings[::3]).argmax(axis=1)
        np.testing.assert_allclose(result.loadings[:, order], loadings, atol=1e-4)
        np.testing.assert_allclose(result.correlation[np.ix_(order, order)], between, atol=1e-3)
        assert result.rmsr < 1e-6
    assert result.chi2 == pytest.approx(0, abs=1e-6)
    table = result.tidy()
    assert list(table.columns) == ["item", "F1", "F2", "F3", "uniqueness"]


def test_parallel_analysis_counts_the_factors():
    nine = schools()[NINE]
    result = parallel_analysis(nine)
    assert result.n_factors == 3
    np.testing.assert_allclose(result.eigenvalues, np.linalg.eigvalsh(nine.corr())[::-1])
    rng = np.random.default_rng(0)
    worlds = [np.linalg.eigvalsh(np.corrcoef(rng.normal(size=(301, 9)).T))[::-1] for _ in range(200)]
    np.testing.assert_allclose(result.thresholds, np.quantile(worlds, 0.95, axis=0))
    again = parallel_analysis(nine)
    np.testing.assert_array_equal(again.thresholds, result.thresholds)
    unrelated = pd.DataFrame(rows_with(200, np.zeros(8), np.eye(8)))
    assert parallel_analysis(unrelated, seed=1).n_factors == 0
    assert result.tidy()["kept"].sum() == 3


def test_exploring_refuses_what_it_can_not_find():
    nine = schools()[NINE]
    for factors in (0, 6, 9):
        with pytest.raises(UsageError, match="can't be told apart"):
            explore_factors(nine, factors)
    with pytest.raises(UsageError, match="rotation"):
        explore_factors(nine, 2, rotation="promax")
    with pytest.raises(UsageError, match="method"):
        explore_factors(nine, 2, method="pca")
    with pytest.raises(TooLittleData, match="worked out exactly"):
        explore_factors(nine.assign(twice=2 * nine["x1"]), 2)
    with pytest.raises(UsageError, match="0 samples"):
        parallel_analysis(nine, worlds=0)


def test_lavaan_tutorial_fit():
    fit = confirm_structure(schools(), STRUCTURE).fit
    assert (fit.df, fit.df_baseline, fit.n, fit.parameters) == (24, 36, 301, 21)
    shown = (fit.chi2, fit.cfi, fit.tli, fit.rmsea, fit.rmsea_low, fit.rmsea_high, fit.srmr)
    assert shown == pytest.approx((85.306, 0.931, 0.896, 0.092, 0.071, 0.114, 0.065), abs=SHOWN)
    assert fit.chi2_baseline == pytest.approx(918.852, abs=SHOWN)
    assert fit.tidy().loc[0, "cfi"] == fit.cfi


def test_lavaan_tutorial_estimates():
    result = confirm_structure(schools(), STRUCTURE)
    table = result.tidy()
    expected = {
        ("loading", "visual"): ([1, 0.554, 0.729], [np.nan, 0.100, 0.109], [0.772, 0.424, 0.581]),
        ("loading", "textual"): ([1, 1.113, 0.926], [np.nan, 0.065, 0.055], [0.852, 0.855, 0.838]),
        ("loading", "speed"): ([1, 1.180, 1.082], [np.nan, 0.165, 0.151], [0.570, 0.723, 0.665]),
        ("covariance", "visual"): ([0.408, 0.262], [0.074, 0.056], [0.459, 0.471]),
        ("covariance", "textual"): ([0.173], [0.049], [0.283]),
        ("variance", "visual"): ([0.809], [0.145], [1]),
        ("variance", "textual"): ([0.979], [0.112], [1]),
        ("variance", "speed"): ([0.384], [0.086], [1]),
    }
    for key, columns in expected.items():
        rows = table[(table["kind"] == key[0]) & (table["factor"] == key[1])]
        for name, values in zip(("estimate", "std_error", "standardised"), columns, strict=True):
            np.testing.assert_allclose(rows[name], values, rtol=0, atol=SHOWN, err_msg=str(key))
    residuals = table[table["kind"] == "residual"]
    variances = [0.549, 1.134, 0.844, 0.371, 0.446, 0.356, 0.799, 0.488, 0.566]
    errors = [0.114, 0.102, 0.091, 0.048, 0.058, 0.043, 0.081, 0.074, 0.071]
    np.testing.assert_allclose(residuals["estimate"], variances, atol=SHOWN)
    np.testing.assert_allclose(residuals["std_error"], errors, atol=SHOWN)
    row = table.iloc[1]
    assert (row["factor"], row["item"]) == ("visual", "x2")
    assert row["ci_low"] == pytest.approx(row["estimate"] - 1.959964 * row["std_error"])
    assert result.notes == ()
    assert "CFI 0.931" in result._repr_html_()


def two_groups(level="scalar"):
    frame = schools()
    parts = [part[NINE].to_numpy() for _, part in frame.groupby("school", sort=False)]
    samples = tuple(Sample(np.cov(x.T, ddof=0), x.mean(axis=0), len(x)) for x in parts)
    pattern = np.kron(np.eye(3), np.ones((3, 1))).astype(bool)
    return samples, place(pattern, 2, level, with_means=True)


@pytest.mark.parametrize("level", ["configural", "metric", "scalar"])
def test_slopes_agree_with_small_steps(level):
    from scipy.optimize import approx_fprime

    samples, places = two_groups(level)
    rng = np.random.default_rng(2)
    start = _start(samples, places)
    theta = start * (1 + 0.1 * rng.normal(size=len(start))) + 0.02 * rng.normal(size=len(start))
    numeric = approx_fprime(theta, lambda at: _discrepancy(samples, places, at), 1e-7)
    np.testing.assert_allclose(_gradient(samples, places, theta), numeric, atol=2e-5)


def test_the_fit_is_the_least_a_general_search_finds():
    from scipy.optimize import minimize

    samples, places = two_groups()
    found = minimize(
        lambda at: _discrepancy(samples, places, at),
        _start(samples, places),
        jac=lambda at: _gradient(samples, places, at),
        method="BFGS",
        options={"gtol": 1e-7},
    )
    fitted = fit(samples, places)
    assert fitted.discrepancy <= found.fun + 1e-10
    np.testing.assert_allclose(fitted.parameters, found.x, atol=1e-4)


def test_a_structure_that_holds_is_found_exactly():
    from scipy.optimize import approx_fprime

    loadings = np.kron(np.eye(2), np.array([[1], [0.8], [-1.2]]))
    factors = np.array([[0.9, -0.3], [-0.3, 1.4]])
    errors = np.array([0.5, 0.6, 0.7, 0.4, 0.5, 0.9])
    covariance = loadings @ factors @ loadings.T + np.diag(errors)
    names = list("abcdef")
    frame = pd.DataFrame(rows_with(200, np.arange(6), covariance), columns=names)
    result = confirm_structure(frame, {"one": names[:3], "two": names[3:]})
    table = result.tidy()
    loaded = table.loc[table["kind"] == "loading", "estimate"]
    np.testing.assert_allclose(loaded, [1, 0.8, -1.2, 1, 0.8, -1.2], atol=1e-8)
    np.testing.assert_allclose(table.loc[table["kind"] == "residual", "estimate"], errors, atol=1e-8)
    assert (result.fit.chi2, result.fit.cfi, result.fit.rmsea) == pytest.approx((0, 1, 0), abs=1e-9)
    # Where the model is true to the sample, the expected information is the curvature of F itself.
    names_of = ("estimate", "std_error")
    free = table.loc[table["std_error"].notna(), list(names_of)]
    sample = (Sample(np.cov(frame.to_numpy().T, ddof=0), frame.mean().to_numpy(), 200),)
    places = place(loadings != 0, 1, "configural", with_means=False)
    fitted = fit(sample, places)
    numeric = approx_fprime(fitted.parameters, lambda at: _gradient(sample, places, at), 1e-6)
    np.testing.assert_allclose(_curvature(sample, places, fitted.parameters), numeric, atol=1e-4)
    errors_of = np.sqrt(np.diag(2 / 200 * np.linalg.inv(numeric)))
    np.testing.assert_allclose(sorted(free["std_error"]), sorted(errors_of), rtol=1e-4)


def test_a_just_identified_scale_fits_by_itself():
    fit = confirm_structure(schools(), {"visual": NINE[:3]}).fit
    assert (fit.df, fit.cfi, fit.tli, fit.rmsea) == (0, 1, 1, 0)
    assert fit.chi2 == pytest.approx(0, abs=1e-9)
    assert np.isnan(fit.p_value)


def test_lavaan_measurement_invariance_of_the_schools():
    result = measurement_invariance(schools(), STRUCTURE, "school", least=100)
    table = result.tidy()
    np.testing.assert_allclose(table["chi2"], [115.851, 124.044, 164.103], atol=SHOWN)
    assert table["df"].tolist() == [48, 54, 60]
    np.testing.assert_allclose(table["cfi"], [0.923, 0.921, 0.882], atol=SHOWN)
    np.testing.assert_allclose(table["rmsea"], [0.097, 0.093, 0.107], atol=SHOWN)
    assert (result.groups, result.n) == (("Grant-White", "Pasteur"), (145, 156))
    assert (result.verdict, table["holds"].tolist()) == ("metric", [True, True, False])
    assert result.sentence().startswith("Items weigh the same")
    for before, after in pairwise(range(3)):
        change = table["chi2"][after] - table["chi2"][before]
        assert table["change_chi2"][after] == pytest.approx(change)
    for school, chi2 in (("Pasteur", 64.309), ("Grant-White", 51.542)):
        rows = schools()
        alone = confirm_structure(rows[rows["school"] == school], STRUCTURE)
        assert alone.fit.chi2 == pytest.approx(chi2, abs=SHOWN)
    # lavaan gives them for Grant-White against Pasteur.
    means = result.factor_means
    np.testing.assert_allclose(-means["difference"], [-0.148, 0.576, -0.177], atol=SHOWN)
    np.testing.assert_allclose(means["std_error"], [0.122, 0.117, 0.090], atol=SHOWN)


@pytest.mark.parametrize("lang", ["zh", "en", "ru"])
def test_every_level_of_invariance_has_words(lang):
    result = measurement_invariance(schools(), STRUCTURE, "school", least=100)
    verdicts = ("none", "configural", "metric", "scalar")
    assert len({replace(result, verdict=verdict).sentence(lang) for verdict in verdicts}) == 4


def test_factor_models_refuse_what_they_can_not_fit():
    frame = schools()
    with pytest.raises(TooLittleData, match="145 complete rows; two groups of 200"):
        measurement_invariance(frame, STRUCTURE, "school")
    with pytest.raises(TooLittleData, match="Groups: 1"):
        measurement_invariance(frame.assign(school="one"), STRUCTURE, "school")
    with pytest.raises(UsageError, match=r"single item .*: visual"):
        confirm_structure(frame, STRUCTURE | {"visual": ["x1"]})
    with pytest.raises(UsageError, match="more than once: x1"):
        confirm_structure(frame, STRUCTURE | {"visual": ["x1", "x2"], "speed": ["x1", "x3"]})
    with pytest.raises(UsageError, match="no column x99"):
        confirm_structure(frame, {"visual": ["x1", "x2", "x99"]})
    with pytest.raises(TooLittleData, match="worked out exactly"):
        confirm_structure(frame.assign(sum=frame["x1"] + frame["x2"]), {"a": ["x1", "x2", "sum"]})
    unrelated = pd.DataFrame(rows_with(50, np.zeros(3), np.eye(3)), columns=list("abc"))
    with pytest.raises(TooLittleData, match="did not settle"):
        confirm_structure(unrelated, {"a": list("abc")})


def test_warnings_name_what_is_wrong():
    covariance = np.array([[1, 0.9, 0.8], [0.9, 1, 0.3], [0.8, 0.3, 1]]) + np.diag([0, 0.35, 0.35])
    frame = pd.DataFrame(rows_with(20, np.zeros(3), covariance), columns=list("abc"))
    result = confirm_structure(frame, {"one": list("abc")})
    assert [note.code for note in result.notes] == ["measure.few_for_factors", "measure.negative_variance"]
    assert result.notes[1].params["columns"] == ["a"]
    gaps = frame.mask(np.random.default_rng(0).random(frame.shape) < 0.1)
    assert confirm_structure(gaps, {"one": list("abc")}).n_dropped == gaps.isna().any(axis=1).sum()


def answers(rng, n, intercepts=0.0, load=0.7):
    factors = rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], size=n).repeat(4, axis=1)
    loadings = np.full(8, 0.7)
    loadings[1] = load
    noise = rng.normal(size=(n, 8)) * np.sqrt(1 - 0.7**2)
    table = loadings * factors + noise
    table[:, [2, 5]] += intercepts
    return table


TWO = {"one": [f"i{k}" for k in range(4)], "two": [f"i{k}" for k in range(4, 8)]}


@pytest.mark.simulation
@pytest.mark.rest
def test_intervals_of_loadings_cover():
    rng = np.random.default_rng(51)
    names = TWO["one"] + TWO["two"]
    held = []
    for _ in range(250):
        table = confirm_structure(pd.DataFrame(answers(rng, 300), columns=names), TWO).tidy()
        loads = table[(table["kind"] == "loading") & table["std_error"].notna()]
        held.append(((loads["ci_low"] <= 1) & (loads["ci_high"] >= 1)).mean())
    assert 0.93 < np.mean(held) < 0.97


@pytest.mark.simulation
@pytest.mark.rest
@pytest.mark.parametrize(
    ("shift", "load", "expected"), [(0.0, 0.7, "scalar"), (0.6, 0.7, "metric"), (0.0, 0.1, "configural")]
)
def test_the_level_of_invariance_is_found(shift, load, expected):
    rng = np.random.default_rng(52)
    found = []
    for _ in range(60):
        both = np.vstack([answers(rng, 300), answers(rng, 300, shift, load)])
        frame = pd.DataFrame(both, columns=TWO["one"] + TWO["two"]).assign(site=["a"] * 300 + ["b"] * 300)
        found.append(measurement_invariance(frame, TWO, "site").verdict)
    assert found.count(expected) / 60 > 0.85
