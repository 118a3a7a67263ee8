"""Models from merged cross-products are those of the rows; split R² of logit and Cox by brute force."""

from itertools import combinations
from math import factorial, pi

import numpy as np
import pandas as pd
import pytest

from engage.engine import MomentTable
from engage.errors import TooLittleData, UsageError
from engage.model import (
    fit_drivers,
    frame_moments,
    importance_from_moments,
    mixed_from_moments,
    relative_importance,
)

TIGHT = 1e-9
SEARCH = 1e-5  # the variance ratio is searched for
DRIVERS = ["pay", "growth", "supervisor"]


@pytest.fixture(scope="module")
def staff():
    """Two waves of teams of unequal size; the climate varies within and between, the site between only."""
    rng = np.random.default_rng(51)
    team = np.repeat(np.arange(40), rng.integers(4, 20, 40))
    n = len(team)
    x = rng.normal(size=(n, 3)) + rng.normal(size=(40, 3))[team]
    frame = pd.DataFrame(np.round(3 + x, 1), columns=DRIVERS).assign(
        site=rng.normal(size=40)[team], team=team
    )
    score = x @ [0.4, 0.2, 0.0] + 0.6 * rng.normal(size=40)[team]
    frame["engagement"] = 50 + score + rng.normal(size=n)
    frame["left"] = (score - 1 + rng.logistic(size=n) > 0).astype(int)
    frame["days"] = np.ceil(400 * np.exp(-0.4 * score) * rng.exponential(size=n)) + 1
    frame["hired"] = np.where(rng.random(n) < 0.4, np.floor(frame["days"] * rng.random(n) * 0.5) + 0.5, 0.0)
    frame.loc[::29, "pay"] = np.nan
    return frame.assign(wave=np.where(np.arange(n) % 2, "2026H1", "2026H2"))


def test_moments_merge_over_waves_and_survive_storing(staff):
    columns = [*DRIVERS, "engagement"]
    whole = frame_moments(staff, columns, ["team"])
    parts = [frame_moments(part, columns, ["team"]) for _, part in staff.groupby("wave")]
    merged = MomentTable.from_frame((parts[1] + parts[0]).to_frame())
    at = [merged.groups.index(group) for group in whole.groups]
    assert whole.n.sum() == staff["pay"].notna().sum()
    np.testing.assert_array_equal(merged.n[at], whole.n)
    np.testing.assert_allclose(merged.products[at], whole.products, rtol=1e-12)
    rows = staff[staff["team"] == 3].dropna()
    x = rows[columns].to_numpy()
    np.testing.assert_allclose(whole.products[whole.groups.index((3,))], x.T @ x, rtol=1e-12)
    np.testing.assert_allclose(whole.sums[whole.groups.index((3,))], x.sum(axis=0), rtol=1e-12)
    alone = MomentTable.from_frame(frame_moments(staff, columns).to_frame())
    assert alone.groups == ((),)
    np.testing.assert_allclose(alone.products[0], whole.pooled().products[0], rtol=1e-12)


def test_importance_from_moments_is_that_of_the_rows(staff):
    rows = relative_importance(
        staff, "engagement", DRIVERS, controls=["site"], cluster="team", bootstrap=2000, seed=2
    )
    moments = frame_moments(staff, ["engagement", "site", *DRIVERS], ["team"])
    merged = importance_from_moments(
        moments, "engagement", DRIVERS, controls=["site"], bootstrap=2000, seed=2
    )
    # The same draws in another order of the teams: estimates agree, intervals up to the resamples.
    np.testing.assert_allclose(merged.importance, rows.importance, atol=TIGHT)
    assert merged.r_squared_controls == pytest.approx(rows.r_squared_controls, abs=TIGHT)
    np.testing.assert_allclose(merged.ci_low, rows.ci_low, atol=0.02)
    np.testing.assert_allclose(merged.ci_high, rows.ci_high, atol=0.02)
    pd.testing.assert_frame_equal(merged.beside, rows.beside, atol=TIGHT)
    assert (merged.n, merged.n_clusters) == (rows.n, 40)


def test_mixed_from_moments_is_that_of_the_rows(staff):
    rows = fit_drivers(staff, "engagement", DRIVERS, ["site"], cluster="team", model="mixed")
    moments = frame_moments(staff, ["engagement", "site", *DRIVERS], ["team"])
    merged = mixed_from_moments(moments, "engagement", DRIVERS, ["site"])
    assert merged.terms == rows.terms
    assert "pay[between]" in merged.terms
    np.testing.assert_allclose(merged.estimate, rows.estimate, rtol=SEARCH, atol=SEARCH)
    np.testing.assert_allclose(merged.std_error, rows.std_error, rtol=SEARCH)
    assert (merged.df, merged.n, merged.n_clusters) == (rows.df, rows.n, rows.n_clusters)
    for name, value in rows.measures.items():
        assert merged.measures[name] == pytest.approx(value, rel=1e-4)
    assert merged.vif == pytest.approx(rows.vif)


def test_rows_without_a_group_are_counted_and_left_out(staff):
    gaps = staff.assign(team=staff["team"].astype("Int64").where(staff["team"] != 5))
    moments = frame_moments(gaps, ["engagement", *DRIVERS], ["team"])
    result = mixed_from_moments(moments, "engagement", DRIVERS)
    assert result.n_dropped == (staff["pay"].notna() & (staff["team"] == 5)).sum()
    assert result.n_clusters == 39


def test_moments_refuse(staff):
    moments = frame_moments(staff.assign(one=1.0), ["engagement", "one", *DRIVERS], ["team"])
    for code, call in {
        "model.moments_need_groups": lambda: mixed_from_moments(moments.pooled(), "engagement", DRIVERS),
        "model.unknown_column": lambda: importance_from_moments(moments, "engagement", ["pai"]),
        "model.repeated_column": lambda: importance_from_moments(moments, "engagement", ["pay", "pay"]),
        "model.constant_driver": lambda: importance_from_moments(moments, "engagement", ["pay", "one"]),
        "model.constant_outcome": lambda: importance_from_moments(moments, "one", DRIVERS),
        "model.not_numeric": lambda: frame_moments(staff, ["wave"]),
    }.items():
        with pytest.raises((UsageError, TooLittleData)) as caught:
            call()
        assert caught.value.code == code
    with pytest.raises(UsageError):
        importance_from_moments(moments.pooled(), "engagement", DRIVERS, bootstrap=100)


def shapley(drivers, explained):
    p = len(drivers)
    result = np.zeros(p)
    for j in range(p):
        others = [k for k in range(p) if k != j]
        for size in range(p):
            for chosen in combinations(others, size):
                weight = factorial(size) * factorial(p - size - 1) / factorial(p)
                result[j] += weight * (explained((*chosen, j)) - explained(chosen))
    return result


def latent_share(x, linear, noise):
    """Of the whole model's linear predictor, what a set of columns tells, over its latent variance."""

    def explained(chosen):
        if not chosen:
            return 0.0
        design = np.column_stack([np.ones(len(x)), x[:, list(chosen)]])
        fitted = design @ np.linalg.lstsq(design, linear, rcond=None)[0]
        return fitted.var() / (linear.var() + noise)

    return explained


def test_logit_importance_splits_mckelvey_and_zavoina(staff):
    import statsmodels.api as sm

    rows = staff.dropna()
    result = relative_importance(rows, "left", DRIVERS, model="logit")
    theirs = sm.Logit(rows["left"], sm.add_constant(rows[DRIVERS])).fit(disp=0)
    x = rows[DRIVERS].to_numpy()
    linear = x @ theirs.params[DRIVERS].to_numpy()
    assert result.r_squared == pytest.approx(linear.var() / (linear.var() + pi**2 / 3), abs=1e-6)
    brute = shapley(DRIVERS, latent_share(x, linear, pi**2 / 3))
    np.testing.assert_allclose(result.importance, brute, atol=1e-6)
    assert result.explained == "mckelvey_zavoina"
    np.testing.assert_array_equal(result.direction, np.sign(theirs.params[DRIVERS]))


def test_cox_importance_splits_royston_and_sauerbrei(staff):
    import statsmodels.api as sm

    rows = staff.dropna()
    result = relative_importance(rows, "left", DRIVERS, model="cox", time="days", entry="hired")
    theirs = sm.PHReg(rows["days"], rows[DRIVERS], rows["left"], entry=rows["hired"], ties="efron").fit()
    x = rows[DRIVERS].to_numpy()
    brute = shapley(DRIVERS, latent_share(x, x @ theirs.params, pi**2 / 6))
    np.testing.assert_allclose(result.importance, brute, atol=1e-6)
    assert result.explained == "royston_sauerbrei"
    with pytest.raises(UsageError) as caught:
        relative_importance(rows, "left", DRIVERS, model="cox")
    assert caught.value.code == "model.time_is_for_cox"


@pytest.mark.rest
@pytest.mark.parametrize("model", ["logit", "cox"])
def test_one_step_resamples_are_close_to_refits(staff, model):
    rows = staff.dropna().reset_index(drop=True)
    options = {"model": model} | ({"time": "days"} if model == "cox" else {})
    ours = relative_importance(rows, "left", DRIVERS, bootstrap=1000, **options)
    rng = np.random.default_rng(5)
    # Ties among copies of a row would weigh on Cox; the smallest of shifts tells them apart.
    drawn = []
    for _ in range(80):
        again = rows.iloc[rng.integers(0, len(rows), len(rows))]
        again = again.assign(days=again["days"] + 1e-6 * rng.random(len(again)))
        drawn.append(relative_importance(again, "left", DRIVERS, **options).importance)
    refitted = np.std(drawn, axis=0)
    width = (ours.ci_high - ours.ci_low) / (2 * 1.96)
    np.testing.assert_allclose(width[:2], refitted[:2], rtol=0.25)


def test_what_else_is_used_as_importance_stands_beside(staff):
    rows = staff.dropna()
    result = relative_importance(rows, "engagement", DRIVERS)
    beside = result.beside.set_index("driver")
    np.testing.assert_allclose(beside["lmg"], result.importance, atol=TIGHT)
    johnson = relative_importance(rows, "engagement", DRIVERS, "relative_weights")
    np.testing.assert_allclose(beside["relative_weights"], johnson.importance, atol=TIGHT)
    fit = fit_drivers(rows, "engagement", DRIVERS)
    np.testing.assert_allclose(beside["standardised"], fit.standardised[1:], atol=TIGHT)
    np.testing.assert_allclose(beside["correlation"], rows[DRIVERS].corrwith(rows["engagement"]), atol=TIGHT)


@pytest.mark.simulation
@pytest.mark.slow
@pytest.mark.parametrize("model", ["logit", "cox"])
def test_latent_importance_is_covered(model):
    """Two drivers and one that does nothing, people in teams that share part of them."""
    rng = np.random.default_rng(20261203)
    truth_x = rng.multivariate_normal(np.zeros(3), 0.6 * np.eye(3) + 0.4, size=400_000)
    beta = np.array([0.7, 0.4, 0.0])
    noise = pi**2 / (3 if model == "logit" else 6)
    covariance = np.cov(np.column_stack([truth_x, truth_x @ beta]), rowvar=False)
    covariance[3, 3] += noise
    from engage.model import lmg_from_moments

    truth = lmg_from_moments(covariance)
    held = np.zeros(3)
    for seed in range(200):
        x = rng.multivariate_normal(np.zeros(3), 0.6 * np.eye(3) + 0.4, size=500)
        frame = pd.DataFrame(x, columns=list("abc"))
        if model == "logit":
            frame["left"] = (x @ beta - 1 + rng.logistic(size=500) > 0).astype(int)
            options = {}
        else:
            days = rng.exponential(np.exp(-x @ beta))
            frame["left"], frame["time"] = (days < 1).astype(int), np.minimum(days, 1)
            options = {"time": "time"}
        result = relative_importance(
            frame, "left", list("abc"), bootstrap=300, seed=seed, model=model, **options
        )
        held += (result.ci_low <= truth) & (truth <= result.ci_high)
    assert (held / 200 > 0.88).all()
