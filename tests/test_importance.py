"""Importance against R (relaimpo, Johnson's weights), brute force over subsets, and redrawn rows."""

from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engage.errors import TooLittleData, UsageError
from engage.model import fit_drivers, lmg_from_moments, relative_importance, relative_weights_from_moments
from engage.model.resample import bootstrap_covariances, covariance_of

R = 1e-8  # numbers printed by R 4.2.2
BRUTE = 1e-10  # the same formula by regressions

SWISS = Path(__file__).parents[2] / "shared" / "data" / "rdatasets_datasets_swiss.csv"

# R's `swiss` (47 provinces), as sums and sums of products: all that these methods use of it.
DRIVERS = ["Agriculture", "Examination", "Education", "Catholic", "Infant.Mortality"]
SUMS = np.array([3296.7, 2381.0, 775.0, 516.0, 1933.76, 937.3])
PRODUCTS = np.array(
    [
        [238416.91, 171617.2, 51399.6, 32526.0, 146750.771, 66441.8],
        [171617.2, 144347.22, 33539.1, 19716.1, 115439.06, 47298.03],
        [51399.6, 33539.1, 15707.0, 10973.0, 23120.68, 15333.6],
        [32526.0, 19716.1, 10973.0, 9918.0, 18392.07, 10162.4],
        [146750.771, 115439.06, 23120.68, 18392.07, 159569.841, 39544.745],
        [66441.8, 47298.03, 15333.6, 10162.4, 39544.745, 19082.41],
    ]
)
LMG = [0.05709122077, 0.1711730289, 0.2601346786, 0.1055701504, 0.1127659229]
JOHNSON = [0.04841689581, 0.1547082498, 0.2719641046, 0.1146800299, 0.1169657214]
R_SQUARED = 0.7067350016


def swiss_covariance():
    outcome_last = [1, 2, 3, 4, 5, 0]
    return (PRODUCTS / 47 - np.outer(SUMS, SUMS) / 47**2)[np.ix_(outcome_last, outcome_last)]


def swiss_frame():
    """A frame that has these sums and products, and is nobody's data."""
    noise = np.random.default_rng(0).normal(size=(47, 6))
    basis = np.linalg.qr(noise - noise.mean(axis=0))[0]
    spread = np.linalg.cholesky(PRODUCTS - np.outer(SUMS, SUMS) / 47)
    return pd.DataFrame(SUMS / 47 + basis @ spread.T, columns=["Fertility", *DRIVERS])


@pytest.mark.parametrize(
    ("decompose", "expected"), [(lmg_from_moments, LMG), (relative_weights_from_moments, JOHNSON)]
)
def test_moments_of_swiss_agree_with_r(decompose, expected):
    result = decompose(swiss_covariance())
    np.testing.assert_allclose(result, expected, rtol=0, atol=R)
    assert result.sum() == pytest.approx(R_SQUARED, abs=R)


@pytest.mark.parametrize(("method", "expected"), [("lmg", LMG), ("relative_weights", JOHNSON)])
def test_importance_of_swiss_agrees_with_r(method, expected):
    result = relative_importance(swiss_frame(), "Fertility", DRIVERS, method=method)
    tidy = result.tidy()
    assert list(tidy["driver"]) == DRIVERS
    np.testing.assert_allclose(tidy["importance"], expected, rtol=0, atol=R)
    np.testing.assert_allclose(tidy["share"], np.array(expected) / R_SQUARED, rtol=0, atol=R)
    assert list(tidy["direction"]) == [-1, -1, -1, 1, 1]
    assert tidy[["ci_low", "ci_high", "rank_low", "rank_high"]].isna().all().all()
    assert result.r_squared == pytest.approx(R_SQUARED, abs=R)
    assert (result.n, result.r_squared_controls, result.warnings) == (47, 0, ("model.few_rows",))
    assert "47 complete rows" in result._repr_html_()


@pytest.mark.skipif(not SWISS.is_file(), reason=f"{SWISS.name} is not beside this checkout")
@pytest.mark.parametrize(("method", "expected"), [("lmg", LMG), ("relative_weights", JOHNSON)])
def test_importance_of_the_swiss_file_agrees_with_r(method, expected):
    result = relative_importance(pd.read_csv(SWISS), "Fertility", DRIVERS, method)
    np.testing.assert_allclose(result.importance, expected, rtol=0, atol=R)


def r_squared(covariance, subset):
    if not subset:
        return 0.0
    own, with_outcome = covariance[np.ix_(subset, subset)], covariance[subset, -1]
    return with_outcome @ np.linalg.solve(own, with_outcome) / covariance[-1, -1]


def brute_lmg(covariance, held=()):
    """LMG by its definition, one regression per subset; ``held`` columns are in every subset."""
    free = [j for j in range(len(covariance) - 1) if j not in held]
    p, result = len(free), []
    for driver in free:
        others = [j for j in free if j != driver]
        total = 0.0
        for size in range(p):
            weight = factorial(size) * factorial(p - size - 1) / factorial(p)
            for subset in combinations(others, size):
                before = [*held, *subset]
                total += weight * (r_squared(covariance, [*before, driver]) - r_squared(covariance, before))
        result.append(total)
    return np.array(result)


def random_table(p, n=200, seed=0):
    rng = np.random.default_rng(seed + p)
    return rng.normal(size=(n, p + 1)) @ rng.normal(size=(p + 1, p + 1)) * rng.uniform(0.01, 100, p + 1)


@pytest.mark.parametrize("p", [1, 2, 3, 5, 8])
def test_lmg_agrees_with_brute_force(p):
    covariance = np.cov(random_table(p), rowvar=False)
    np.testing.assert_allclose(lmg_from_moments(covariance), brute_lmg(covariance), rtol=0, atol=BRUTE)


@pytest.mark.parametrize("decompose", [lmg_from_moments, relative_weights_from_moments])
def test_batches_give_what_single_calls_give(decompose):
    stack = np.stack([np.cov(random_table(11, seed=s), rowvar=False) for s in range(300)]).reshape(
        3, 100, 12, 12
    )
    before = stack.copy()
    batched = decompose(stack)
    assert batched.shape == (3, 100, 11)
    single = np.array([[decompose(c) for c in row] for row in stack])
    np.testing.assert_allclose(batched, single, rtol=0, atol=BRUTE)
    np.testing.assert_array_equal(stack, before)
    np.testing.assert_allclose(
        batched.sum(axis=-1)[0, 0], r_squared(stack[0, 0], list(range(11))), atol=BRUTE
    )


def test_relative_weights_agree_with_their_definition():
    z = random_table(6)
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    x, y = z[:, :-1], z[:, -1]
    # Johnson (2000): the orthonormal columns nearest to x, from its singular value decomposition.
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    nearest = u @ vt * np.sqrt(len(z))
    on_nearest = nearest.T @ x / len(z)
    beta = nearest.T @ y / len(z)
    expected = (on_nearest.T**2) @ (beta**2)
    result = relative_weights_from_moments(np.cov(z, rowvar=False))
    np.testing.assert_allclose(result, expected, rtol=0, atol=BRUTE)


def test_uncorrelated_drivers_get_their_squared_correlation():
    correlation = np.eye(4)
    correlation[:3, 3] = correlation[3, :3] = [0.5, -0.4, 0.1]
    for decompose in (lmg_from_moments, relative_weights_from_moments):
        np.testing.assert_allclose(decompose(correlation), [0.25, 0.16, 0.01], atol=1e-14)


def test_a_duplicate_or_constant_driver_breaks_nothing():
    z = random_table(3)
    doubled = np.cov(np.column_stack([z[:, 0], z]), rowvar=False)
    result = lmg_from_moments(doubled)
    assert result[0] == pytest.approx(result[1], abs=1e-6)
    assert result.sum() == pytest.approx(r_squared(doubled[1:, 1:], [0, 1, 2]), abs=1e-6)
    dead = np.cov(z, rowvar=False)
    dead[0], dead[:, 0] = 0, 0
    for decompose in (lmg_from_moments, relative_weights_from_moments):
        np.testing.assert_allclose(decompose(dead)[1:], decompose(dead[1:, 1:]), atol=1e-10)


def test_twenty_drivers_are_exact_and_one_more_is_refused():
    covariance = np.cov(random_table(20, n=2000), rowvar=False)
    result = lmg_from_moments(covariance)
    assert result.sum() == pytest.approx(r_squared(covariance, list(range(20))), abs=1e-9)
    # Swapping two drivers swaps their values.
    order = [19, *range(1, 19), 0, 20]
    np.testing.assert_allclose(
        lmg_from_moments(covariance[np.ix_(order, order)]), result[order[:-1]], atol=1e-9
    )
    with pytest.raises(UsageError, match="relative_weights"):
        lmg_from_moments(np.eye(22))


@pytest.fixture(scope="module")
def staff():
    rng = np.random.default_rng(4)
    n = 400
    team = rng.integers(0, 40, n)
    of_team = rng.normal(size=(40, 4))[team]
    x = rng.normal(size=(n, 4)) + of_team + rng.normal(size=(n, 1))
    frame = pd.DataFrame(x, columns=["pay", "growth", "bonus", "tenure"])
    frame["wave"] = rng.choice(["a", "b", "c"], size=n)
    frame["team"] = team
    frame["engagement"] = (
        0.5 * x[:, 0] - 0.2 * x[:, 1] + 0.3 * x[:, 3] + (frame["wave"] == "b") + 1.5 * rng.normal(size=n)
    )
    frame.loc[:9, "pay"] = np.nan
    return frame


@pytest.mark.parametrize("method", ["lmg", "relative_weights"])
def test_controls_are_held_first(staff, method):
    drivers = ["pay", "growth", "bonus"]
    before = staff.copy()
    result = relative_importance(staff, "engagement", drivers, method, controls=["tenure", "wave"])
    full = fit_drivers(staff, "engagement", drivers, ["tenure", "wave"])
    assert result.r_squared == pytest.approx(full.r_squared, abs=BRUTE)
    assert result.importance.sum() == pytest.approx(result.r_squared - result.r_squared_controls, abs=BRUTE)
    assert list(result.direction) == list(np.sign(full.estimate[1:4]))
    assert (result.n, result.n_dropped) == (390, 10)
    pd.testing.assert_frame_equal(staff, before)
    if method == "lmg":
        rows = staff.dropna()
        dummies = pd.get_dummies(rows["wave"], drop_first=True).astype(float)
        columns = pd.concat([rows[["tenure"]], dummies, rows[drivers], rows["engagement"]], axis=1)
        expected = brute_lmg(np.cov(columns.to_numpy(), rowvar=False), held=(0, 1, 2))
        np.testing.assert_allclose(result.importance, expected, rtol=0, atol=BRUTE)


@pytest.mark.parametrize("cluster", [None, "team"])
def test_bootstrap_covariances_are_those_of_the_rows_drawn(cluster):
    rng = np.random.default_rng(9)
    table = rng.normal(size=(60, 4))
    codes = np.repeat(np.arange(12), 5)
    given = codes if cluster else None
    units = 12 if cluster else 60
    (drawn,) = bootstrap_covariances(table, 20, np.random.default_rng(1), given)
    picks = np.random.default_rng(1).integers(0, units, size=(20, units))
    for covariance, pick in zip(drawn, picks, strict=True):
        rows = np.concatenate([table[codes == c] for c in pick]) if cluster else table[pick]
        np.testing.assert_allclose(covariance, np.cov(rows, rowvar=False, bias=True), atol=1e-12)


def test_chunks_and_blocks_add_up(monkeypatch):
    import engage.model.resample as resample

    table = np.random.default_rng(2).normal(size=(50, 3))
    (whole,) = bootstrap_covariances(table, 17, np.random.default_rng(5))
    monkeypatch.setattr(resample, "_HELD", 120)
    parts = list(bootstrap_covariances(table, 17, np.random.default_rng(5)))
    assert len(parts) == 9
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-12)
    np.testing.assert_allclose(
        covariance_of(table - table.mean(axis=0)), np.cov(table, rowvar=False, bias=True), atol=1e-14
    )


def test_bootstrap_is_percentiles_and_ranks_of_resamples(staff):
    drivers = ["pay", "growth", "bonus"]
    result = relative_importance(staff, "engagement", drivers, bootstrap=200, seed=3, level=0.9)
    rows = staff.dropna()
    picks = np.random.default_rng(3).integers(0, len(rows), size=(200, len(rows)))
    table = rows[[*drivers, "engagement"]].to_numpy()
    drawn = np.array([brute_lmg(np.cov(table[pick], rowvar=False)) for pick in picks])
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    lift = np.maximum(drawn.mean(axis=0) - result.importance, 0)
    np.testing.assert_allclose(result.ci_low, np.maximum(low - 2 * lift, 0), atol=BRUTE)
    np.testing.assert_allclose(result.ci_high, high, atol=BRUTE)
    ranks = 1 + np.argsort(np.argsort(-drawn, axis=1), axis=1)
    ordered = np.sort(ranks, axis=0)
    np.testing.assert_array_equal(result.rank_low, ordered[9])
    np.testing.assert_array_equal(result.rank_high, ordered[190])
    assert result.tidy()["rank_low"].dtype == "Int64"
    again = relative_importance(staff, "engagement", drivers, bootstrap=200, seed=3, level=0.9)
    pd.testing.assert_frame_equal(result.tidy(), again.tidy())


def test_cluster_bootstrap_is_wider_where_teams_differ(staff):
    rng = np.random.default_rng(8)
    of_team = rng.normal(size=(40, 2))[staff["team"]]
    frame = pd.DataFrame({"a": of_team[:, 0], "b": rng.normal(size=400), "team": staff["team"]})
    frame["y"] = frame["a"] + 1.5 * of_team[:, 1] + frame["b"]
    rows = relative_importance(frame, "y", ["a", "b"], bootstrap=400)
    teams = relative_importance(frame, "y", ["a", "b"], bootstrap=400, cluster="team")
    assert teams.n_clusters == 40
    assert teams.ci_high[0] - teams.ci_low[0] > 1.5 * (rows.ci_high[0] - rows.ci_low[0])


def test_a_rare_control_level_survives_the_bootstrap(staff):
    # Some resamples hold no row at all of the level, so its dummy is constant there.
    rare = staff.assign(role=np.where(np.arange(len(staff)) % 150 == 20, "rare", "common"))
    for method in ("lmg", "relative_weights"):
        result = relative_importance(
            rare, "engagement", ["pay", "bonus"], method, bootstrap=300, controls=["role"]
        )
        assert np.isfinite(result.ci_low).all()
        assert (result.ci_high < 1).all()


@pytest.mark.simulation
def test_intervals_cover_the_planted_importance():
    # Equal correlations: LMG of each driver is known from the population covariance.
    covariance = np.full((4, 4), 0.4)
    np.fill_diagonal(covariance, 1)
    covariance[:3, 3] = covariance[3, :3] = [0.6, 0.5, 0.3]
    truth = brute_lmg(covariance)
    rng = np.random.default_rng(12)
    held = np.zeros(3)
    for _ in range(200):
        frame = pd.DataFrame(rng.multivariate_normal(np.zeros(4), covariance, size=300), columns=list("abcy"))
        result = relative_importance(frame, "y", list("abc"), bootstrap=300)
        held += (result.ci_low <= truth) & (truth <= result.ci_high)
    assert ((held / 200 > 0.88) & (held / 200 <= 1)).all()


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("model.unknown_option", {"method": "lgm"}),
        ("model.bad_bootstrap", {"bootstrap": -1}),
        ("model.bad_level", {"level": 2}),
        ("model.not_numeric", {"drivers": ["pay", "wave"]}),
        ("model.unknown_column", {"drivers": ["pai"]}),
        ("model.collinear", {"drivers": ["pay", "again"]}),
        ("model.constant_driver", {"drivers": ["pay", "one"]}),
        ("model.too_few_clusters", {"cluster": "wave"}),
    ],
)
def test_importance_refuses(staff, code, change):
    frame = staff.assign(again=1 - staff["pay"], one=1.0)
    call = {"outcome": "engagement", "drivers": ["pay", "growth"]} | change
    with pytest.raises((UsageError, TooLittleData)) as caught:
        relative_importance(frame, **call)
    assert caught.value.code == code
    assert str(caught.value)
