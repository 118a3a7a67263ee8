"""Asymmetry: its moments by brute force, its contrasts against statsmodels, its verdicts by simulation."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm
from worlds import ASYMMETRIC, SYMMETRIC, World

from engage.errors import TooLittleData, UsageError
from engage.model import asymmetry
from engage.model.answers import read_answers
from engage.model.copula import coefficients, expected_covariance, hermite_steps, trait_correlation
from engage.model.resample import bootstrap_moments

TIGHT = 1e-9  # the same arithmetic in another order
SERIES = 1e-6  # forty terms of a series against an integral

MILD = World("mild", (0.4, 0.1, 0.2), (0.1, 0.4, 0.2))


@pytest.fixture(scope="module")
def frame():
    return MILD.draw(1500, np.random.default_rng(3))


@pytest.mark.parametrize("rho", [-0.6, 0.1, 0.45, 0.8])
def test_copula_covariance_is_the_integral(rho):
    x_shares, y_shares = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.05, 0.25, 0.7])
    f, g = np.array([[1.0, 2.0, 3.0, 7.0], [1.0, 0.0, 0.0, 0.0]]), np.array([[1.0, 2.0, 4.0]])
    x_cuts = np.concatenate([[-8], norm.ppf(np.cumsum(x_shares)[:-1]), [8]])
    y_cuts = np.concatenate([[-8], norm.ppf(np.cumsum(y_shares)[:-1]), [8]])
    below = np.array(
        [[multivariate_normal.cdf([a, b], cov=[[1, rho], [rho, 1]]) for b in y_cuts] for a in x_cuts]
    )
    cells = np.diff(np.diff(below, axis=0), axis=1)
    own = coefficients(f, hermite_steps(x_shares))
    answered = coefficients(g, hermite_steps(y_shares))[0]
    for values, c in zip(f, own, strict=True):
        exact = values @ cells @ g[0] - (values @ x_shares) * (g[0] @ y_shares)
        assert expected_covariance(c, answered, np.array(rho)) == pytest.approx(exact, abs=2e-4)
    found = trait_correlation(own[0], answered, expected_covariance(own[0], answered, np.array(rho)))
    assert found == pytest.approx(rho, abs=SERIES)


def test_hermite_coefficients_are_integrals():
    shares = np.array([0.2, 0.5, 0.3])
    values = np.array([1.0, 3.0, 4.0])
    cuts = [-8, *norm.ppf([0.2, 0.7]), 8]
    unit = [lambda z: z, lambda z: (z**2 - 1) / np.sqrt(2), lambda z: (z**3 - 3 * z) / np.sqrt(6)]
    ours = coefficients(values, hermite_steps(shares))
    for k, h in enumerate(unit):
        exact = sum(
            v * quad(lambda z, h=h: h(z) * norm.pdf(z), a, b)[0]
            for v, a, b in zip(values, cuts[:-1], cuts[1:], strict=True)
        )
        assert ours[k] == pytest.approx(exact, abs=TIGHT)


def test_two_halves_give_the_tetrachoric_correlation():
    half = coefficients(np.array([0.0, 1.0]), hermite_steps(np.array([0.5, 0.5])))
    covariance = np.arcsin(0.6) / (2 * np.pi)
    assert trait_correlation(half, half, np.array(covariance)) == pytest.approx(0.6, abs=SERIES)


@pytest.mark.parametrize("clustered", [False, True])
def test_bootstrap_moments_are_those_of_the_rows_drawn(clustered):
    rng = np.random.default_rng(4)
    columns, marks = rng.normal(size=(40, 3)), (rng.random((40, 2)) < 0.4).astype(np.uint8)
    clusters = rng.permutation(np.arange(40) % 7) if clustered else None
    units = np.arange(40) if clusters is None else clusters
    draws = np.random.default_rng(9).integers(0, units.max() + 1, size=(5, units.max() + 1))
    (covariances, means), *_ = bootstrap_moments(columns, marks, 5, np.random.default_rng(9), clusters)
    for drawn, covariance, mean in zip(draws, covariances, means, strict=True):
        rows = np.concatenate([np.flatnonzero(units == unit) for unit in drawn])
        np.testing.assert_allclose(covariance, np.cov(columns[rows].T, ddof=0), atol=TIGHT)
        np.testing.assert_allclose(mean, marks[rows].mean(axis=0), atol=TIGHT)


def by_statsmodels(y, columns):
    import statsmodels.api as sm

    return sm.OLS(np.asarray(y), sm.add_constant(np.asarray(columns, dtype=float))).fit()


def test_piecewise_on_equal_intervals_is_the_regression_on_hinges(frame):
    checks = asymmetry(frame, "y", ["x0", "x1", "x2"], "piecewise").checks
    middle = checks[(checks["method"] == "piecewise") & (checks["reading"] == "interval")].iloc[1::3]
    x = frame[["x0", "x1", "x2"]].to_numpy()
    fit = by_statsmodels(frame["y"], np.hstack([x, np.maximum(x - middle["low_to"].to_numpy(), 0)]))
    np.testing.assert_allclose(middle["difference"], fit.params[4:], atol=1e-7)
    # Half of the expected difference (none here) would be taken off each side.
    np.testing.assert_allclose(middle["low"], fit.params[1:4], atol=1e-7)
    np.testing.assert_allclose(middle["high"], fit.params[1:4] + fit.params[4:], atol=1e-7)


def test_penalty_and_reward_on_equal_intervals_are_measured_from_a_straight_relation(frame):
    checks = asymmetry(frame, "y", ["x0", "x1", "x2"]).checks
    rows = checks[(checks["method"] == "prca") & (checks["reading"] == "interval")]
    x = frame[["x0", "x1", "x2"]].to_numpy()
    low, high = x <= rows["low_to"].to_numpy() + 1e-9, x >= rows["high_from"].to_numpy() - 1e-9
    assert rows["n_low"].tolist() == low.sum(axis=0).tolist()
    assert rows["n_high"].tolist() == high.sum(axis=0).tolist()
    straight = by_statsmodels(frame["y"], x).fittedvalues
    seen, expected = (by_statsmodels(y, np.hstack([low, high])).params for y in (frame["y"], straight))
    difference = (seen - expected)[1:4] + (seen - expected)[4:]
    np.testing.assert_allclose(rows["difference"], difference, atol=1e-7)
    np.testing.assert_allclose(rows["high"] - rows["low"], difference, atol=1e-7)
    np.testing.assert_allclose((rows["high"] + rows["low"]), seen[4:] - seen[1:4], atol=1e-7)


def test_latent_reading_expects_what_a_drawn_copula_gives(frame):
    """One driver: draw the traits, cut them at the observed shares, regress: the same expected difference."""
    rows = asymmetry(frame, "y", ["x0"]).checks.query("method == 'prca'").set_index("reading")
    x, y = (read_answers(frame[name].to_numpy()) for name in ("x0", "y"))
    low, high = frame["x0"] <= rows["low_to"].iloc[0] + 1e-9, frame["x0"] >= rows["high_from"].iloc[0] - 1e-9
    own = coefficients(x.values, hermite_steps(x.counts / x.counts.sum()))
    answered = coefficients(y.values, hermite_steps(y.counts / y.counts.sum()))
    rho = trait_correlation(own, answered, np.array(np.mean(x.values[x.codes] * y.values[y.codes])))
    rng = np.random.default_rng(5)
    traits = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=1_000_000)
    cut = lambda z, s: np.searchsorted(norm.ppf(np.cumsum(s.counts)[:-1] / s.counts.sum()), z)  # noqa: E731
    codes, answers = cut(traits[:, 0], x), y.mean + y.spread * y.values[cut(traits[:, 1], y)]
    means = [answers[codes <= x.tails[0]].mean(), answers[codes >= x.tails[1]].mean()]
    middling = answers[(codes > x.tails[0]) & (codes < x.tails[1])].mean()
    seen = by_statsmodels(frame["y"], np.column_stack([low, high])).params
    difference = seen[1:].sum() - (sum(means) - 2 * middling)
    assert rows.loc["latent", "difference"] == pytest.approx(difference, abs=0.01)


def test_a_row_per_driver_in_its_own_units(frame):
    before = frame.copy()
    result = asymmetry(frame, "y", ["x0", "x1", "x2"], "piecewise")
    tidy = result.tidy()
    expected = (
        "driver, low, high, difference, std_error, ci_low, ci_high, p_value, p_adjusted, verdict, reason"
    )
    assert ", ".join(tidy.columns) == expected
    np.testing.assert_allclose(tidy["difference"], tidy["high"] - tidy["low"], atol=TIGHT)
    assert ((tidy["ci_low"] < tidy["difference"]) & (tidy["difference"] < tidy["ci_high"])).all()
    scaled = frame.assign(x0=10 * frame["x0"] - 3, y=7 * frame["y"] + 1)
    again = asymmetry(scaled, "y", ["x0", "x1", "x2"], "piecewise").tidy()
    np.testing.assert_allclose(again["difference"] / tidy["difference"], [0.7, 7, 7], rtol=1e-6)
    np.testing.assert_allclose(again["p_value"], tidy["p_value"], rtol=1e-6)
    pd.testing.assert_frame_equal(asymmetry(frame, "y", ["x0", "x1", "x2"], "piecewise").tidy(), tidy)
    pd.testing.assert_frame_equal(frame, before)
    assert "x0" in result._repr_html_()


def test_a_strong_asymmetry_is_found_whatever_the_sign_of_the_outcome():
    world = World("strong", (0.9, 0.0, 0.3), (0.0, 0.9, 0.3), items=4, points=7)
    frame = world.draw(3000, np.random.default_rng(6))
    names = ["x0", "x1", "x2"]
    for method in ("prca", "piecewise"):
        assert asymmetry(frame, "y", names, method).verdict[:2] == ("hygiene_like", "motivator_like")
        strain = asymmetry(frame.assign(y=-frame["y"]), "y", names, method)
        assert strain.verdict[:2] == ("hygiene_like", "motivator_like")
        assert strain.difference[0] > 0


def test_symmetric_needs_evidence():
    world = World("even", (0.4, 0.4, 0.0), (0.4, 0.4, 0.0), items=4, points=7, driver_ceiling=0.2)
    many = asymmetry(world.draw(12_000, np.random.default_rng(7)), "y", ["x0", "x1", "x2"])
    assert many.verdict == ("symmetric", "symmetric", "cannot_tell")
    assert many.reason[2] in {"no_direction", "undecided"}
    few = asymmetry(world.draw(300, np.random.default_rng(7)), "y", ["x0", "x1"])
    assert few.verdict == ("cannot_tell", "cannot_tell")
    assert few.reason == ("undecided", "undecided")


def test_thin_tails_are_not_tested(frame):
    rare = frame.assign(x0=np.where(np.arange(len(frame)) < 49, 1, np.where(frame["x0"] > 4, 5, 4)))
    result = asymmetry(rare, "y", ["x0", "x1", "x2"])
    assert (result.verdict[0], result.reason[0]) == ("cannot_tell", "few_in_tail")
    assert np.isnan([result.difference[0], result.p_value[0], result.p_adjusted[0]]).all()
    assert result.warnings == ("model.few_in_tail",)
    assert set(result.checks["driver"]) == {"x1", "x2"}
    enough = rare.assign(x0=rare["x0"].where(np.arange(len(frame)) != 49, 1))
    assert asymmetry(enough, "y", ["x0", "x1", "x2"]).reason[0] != "few_in_tail"
    two = asymmetry(frame.assign(x0=frame["x0"] > 4), "y", ["x0", "x1"])
    assert two.reason[0] == "few_in_tail"


def test_many_values_are_read_in_groups():
    values = np.random.default_rng(8).normal(size=3000)
    scale = read_answers(values)
    assert len(scale.values) == 60
    assert scale.counts.tolist() == [50] * 60
    assert np.mean(scale.values[scale.codes]) == pytest.approx(0, abs=TIGHT)
    order = np.argsort(values)
    assert (np.diff(scale.codes[order]) >= 0).all()


def test_teams_widen_the_errors():
    rng = np.random.default_rng(10)
    team = np.repeat(np.arange(60), 20)
    climate = rng.normal(size=60)[team]
    x = np.clip(np.round(3.5 + climate + 0.5 * rng.normal(size=1200)), 1, 5)
    frame = pd.DataFrame(
        {"x": x, "y": x + 2 * rng.normal(size=60)[team] + rng.normal(size=1200), "team": team}
    )
    alone, teams = (asymmetry(frame, "y", ["x"], cluster=c) for c in (None, "team"))
    assert teams.n_clusters == 60
    assert teams.std_error[0] > 1.5 * alone.std_error[0]


def test_many_rows_are_resampled_in_lots(frame, monkeypatch):
    """In lots of three the errors are the same, but for the chance in 400 resamples of each."""
    plain = asymmetry(frame, "y", ["x0", "x1", "x2"], bootstrap=800).std_error
    # The package holds the function of that name; the module is found among the loaded ones.
    monkeypatch.setattr(sys.modules["engage.model.asymmetry"], "MAX_UNITS", 500)
    lots = asymmetry(frame, "y", ["x0", "x1", "x2"], bootstrap=800)
    assert lots.n_clusters is None
    np.testing.assert_allclose(lots.std_error, plain, rtol=0.12)


def test_refusals(frame):
    text = frame.assign(word=np.where(frame["x0"] > 3, "a", "b"))
    for code, call in {
        "model.unknown_option": lambda: asymmetry(frame, "y", ["x0"], "kano"),
        "model.bad_level": lambda: asymmetry(frame, "y", ["x0"], level=95),
        "model.few_resamples": lambda: asymmetry(frame, "y", ["x0"], bootstrap=99),
        "model.not_numeric": lambda: asymmetry(text, "y", ["x0", "word"]),
        "model.unknown_column": lambda: asymmetry(frame, "y", ["x9"]),
    }.items():
        with pytest.raises(UsageError) as caught:
            call()
        assert caught.value.code == code
    with pytest.raises(TooLittleData):
        asymmetry(frame.head(10), "y", ["x0"])


@pytest.mark.simulation
@pytest.mark.slow
@pytest.mark.parametrize("world", [w for w in SYMMETRIC if w.skew < 0.5], ids=lambda w: w.name)
def test_no_asymmetry_is_seen_where_there_is_none(world):
    """At most 5 % of worlds may have a false verdict: 8 or more of 60 would refute that (p < 0.02)."""
    rng = np.random.default_rng(20261124)
    drivers = [f"x{j}" for j in range(len(world.low))]
    false = 0
    for seed in range(60):
        result = asymmetry(world.draw(2400, rng), "y", drivers, bootstrap=150, seed=seed)
        false += any(verdict in {"hygiene_like", "motivator_like"} for verdict in result.verdict)
    assert false < 8


@pytest.mark.simulation
@pytest.mark.rest
def test_asymmetry_is_found_in_large_surveys_and_never_turned_round():
    rng = np.random.default_rng(20261125)
    world = ASYMMETRIC[0]
    drivers = [f"x{j}" for j in range(6)]
    verdicts = [asymmetry(world.draw(6000, rng), "y", drivers, bootstrap=150).verdict[:2] for _ in range(20)]
    found = sum((low == "hygiene_like") + (high == "motivator_like") for low, high in verdicts)
    assert found >= 28
    assert not any(low == "motivator_like" or high == "hygiene_like" for low, high in verdicts)


@pytest.mark.simulation
@pytest.mark.slow
@pytest.mark.parametrize("method", ["prca", "piecewise"])
def test_latent_intervals_cover_nothing_where_nothing_is(method):
    """The latent reading is true in these worlds, so its 95 % intervals must hold 0 about that often."""
    rng = np.random.default_rng(20261126)
    held = []
    for seed in range(60):
        frame = SYMMETRIC[0].draw(1200, rng)
        checks = asymmetry(frame, "y", [f"x{j}" for j in range(10)], method, bootstrap=150, seed=seed).checks
        latent = checks[(checks["reading"] == "latent") & (checks["method"] == method)]
        held.append((latent["p_value"] > 0.05).mean())
    assert 0.92 < np.mean(held) < 0.975
