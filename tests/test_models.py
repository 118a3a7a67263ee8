"""Ordered and mixed models, interactions and the wild bootstrap, against R, statsmodels and brute force."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engage.errors import TooLittleData, UsageError
from engage.model import fit_drivers
from engage.model.mixed import group_sums, random_intercept
from engage.model.ordered import ordered_logit
from engage.model.wild import wild_bootstrap

TIGHT = 1e-9  # the same arithmetic in another order
LOOSE = 1e-6  # an iterative fit stopped elsewhere
FIVE = 1e-5  # five digits
SEARCH = 1e-4  # the variances, where statsmodels stops searching

DATA = Path(__file__).parents[2] / "shared" / "data"
SLEEP, LEADERS = DATA / "rdatasets_lme4_sleepstudy.csv", DATA / "multilevel_lq2002.csv"


def needs(path):
    return pytest.mark.skipif(not path.is_file(), reason=f"{path.name} is not beside this checkout")


@pytest.fixture(scope="module")
def teams():
    """Teams of unequal size with an intercept of their own and a driver that varies within and between."""
    rng = np.random.default_rng(31)
    team = np.repeat(np.arange(36), rng.integers(4, 15, 36))
    n = len(team)
    climate = rng.normal(size=36)[team]
    x = climate + rng.normal(size=n)
    frame = pd.DataFrame({"team": [f"T{t:02d}" for t in team], "x": x, "z": rng.normal(size=n)})
    frame["site"] = rng.normal(size=36)[team]
    frame["y"] = 0.3 * x + 0.5 * climate + 0.2 * frame["z"] + rng.normal(size=36)[team] + rng.normal(size=n)
    frame["level"] = pd.cut(frame["y"], [-np.inf, -1, 0, 0.5, 2, np.inf], labels=False) + 1
    return frame


def test_ordered_agrees_with_r_on_anes96():
    """R: MASS::polr(factor(PID) ~ logpopul + selfLR + age + educ + income, anes96)."""
    import statsmodels.api as sm

    anes = sm.datasets.anes96.load_pandas().data
    names = ["logpopul", "selfLR", "age", "educ", "income"]
    fit = fit_drivers(anes, "PID", names, model="ordered")
    np.testing.assert_allclose(fit.estimate[:5], [-0.07073, 1.01920, -0.00416, 0.17767, 0.04719], atol=3e-5)
    assert fit.measures["log_likelihood"] == pytest.approx(-1494.61951, abs=1e-5)
    assert fit.terms[5:] == ("0|1", "1|2", "2|3", "3|4", "4|5", "5|6")


def test_ordered_agrees_with_statsmodels(teams):
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    fit = fit_drivers(teams, "level", ["x", "z"], model="ordered")
    theirs = OrderedModel(teams["level"], teams[["x", "z"]], distr="logit").fit(
        method="newton", disp=0, tol=1e-12
    )
    np.testing.assert_allclose(fit.estimate[:2], theirs.params[:2], atol=LOOSE)
    np.testing.assert_allclose(fit.std_error[:2], theirs.bse[:2], rtol=1e-4)
    cuts = theirs.params.iloc[2] + np.concatenate([[0], np.cumsum(np.exp(theirs.params.iloc[3:]))])
    np.testing.assert_allclose(fit.estimate[2:], cuts, atol=LOOSE)
    assert fit.r_squared == pytest.approx(1 - theirs.llf / theirs.llnull, abs=1e-6)
    assert np.isnan(fit.standardised[2:]).all()


def test_ordered_on_two_levels_is_the_logit(teams):
    rows = teams.assign(high=(teams["level"] > 3).astype(int))
    for cluster in (None, "team"):
        logit = fit_drivers(rows, "high", ["x", "z"], cluster=cluster, model="logit")
        ordered = fit_drivers(rows, "high", ["x", "z"], cluster=cluster, model="ordered")
        np.testing.assert_allclose(ordered.estimate, [*logit.estimate[1:], -logit.estimate[0]], atol=LOOSE)
        np.testing.assert_allclose(ordered.std_error, [*logit.std_error[1:], logit.std_error[0]], rtol=1e-6)


def test_ordered_errors_are_the_curvature(teams):
    x = teams[["x", "z"]].to_numpy()
    codes = teams["level"].to_numpy() - 1
    fit = ordered_logit(codes, x)

    def likelihood(parameters):
        cuts = np.concatenate([[-np.inf], parameters[2:], [np.inf]])
        ends = [1 / (1 + np.exp(-(cuts[codes + k] - x @ parameters[:2]))) for k in (0, 1)]
        return np.log(ends[1] - ends[0]).sum()

    at, h = np.concatenate([fit.coefficients, fit.cuts]), 1e-4
    steps = h * np.eye(len(at))
    hessian = [
        [
            (
                likelihood(at + u + v)
                - likelihood(at + u - v)
                - likelihood(at - u + v)
                + likelihood(at - u - v)
            )
            / (4 * h * h)
            for v in steps
        ]
        for u in steps
    ]
    assert fit.log_likelihood == pytest.approx(likelihood(at), abs=TIGHT)
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(-np.array(hessian)), rtol=1e-3, atol=1e-7)


def test_ordered_refuses_what_it_cannot_do(teams):
    with pytest.raises(UsageError) as caught:
        fit_drivers(teams, "y", ["x"], model="ordered")
    assert caught.value.code == "model.too_many_levels"
    with pytest.raises(TooLittleData) as refused:
        fit_drivers(
            teams.assign(x=teams["level"] + 0.1 * teams["z"].clip(-1, 1)), "level", ["x"], model="ordered"
        )
    assert refused.value.code == "model.separated"


@needs(SLEEP)
def test_mixed_agrees_with_lme4_on_sleepstudy():
    """R: lmer(Reaction ~ Days + (1 | Subject)): REML criterion 1786.465, SDs 37.12 and 30.99."""
    fit = fit_drivers(pd.read_csv(SLEEP), "Reaction", ["Days"], cluster="Subject", model="mixed")
    # All subjects share their mean of Days, so it is not split.
    assert fit.terms == ("intercept", "Days")
    np.testing.assert_allclose(fit.estimate, [251.40510485, 10.46728596], atol=1e-7)
    np.testing.assert_allclose(fit.std_error, [9.7467, 0.8042], atol=5e-5)
    assert -2 * fit.measures["log_likelihood"] == pytest.approx(1786.465, abs=5e-4)
    assert fit.measures["sd_group"] == pytest.approx(37.124, abs=5e-4)
    assert fit.measures["sd_residual"] == pytest.approx(30.991, abs=5e-4)


@needs(SLEEP)
def test_slopes_agree_with_lme4_on_sleepstudy():
    """R: lmer(Reaction ~ Days + (1 + Days | Subject)), which stops its search a little short."""
    rows = pd.read_csv(SLEEP)
    fit = fit_drivers(rows, "Reaction", ["Days"], cluster="Subject", model="mixed", slopes=["Days"])
    np.testing.assert_allclose(fit.estimate, [251.40510485, 10.46728596], atol=1e-7)
    np.testing.assert_allclose(fit.std_error, [6.824596695, 1.545789644], rtol=FIVE)
    found = [fit.measures[key] for key in ("sd_group", "sd_slope[Days]", "correlation[Days]", "sd_residual")]
    np.testing.assert_allclose(found, [24.7406580, 5.9221377, 0.0655512, 25.5917957], rtol=FIVE)
    assert fit.measures["log_likelihood"] == pytest.approx(-871.814136, abs=1e-6)


def test_slopes_are_the_maximum_of_the_restricted_likelihood(teams):
    """Against the textbook formula with the whole covariance matrix, in the units of the data."""
    rows = teams.head(150)
    fit = fit_drivers(rows, "y", ["site", "x"], cluster="team", model="mixed", slopes=["x"])
    assert fit.terms == ("intercept", "site", "x[within]", "x[between]")
    deviation, mean = within_and_between(rows, "x")
    x = np.column_stack([np.ones(150), rows["site"], deviation, mean])
    z, y = np.column_stack([np.ones(150), deviation]), rows["y"].to_numpy()
    groups = pd.factorize(rows["team"])[0]
    of = fit.measures
    sd = [of["sd_group"], of["sd_slope[x]"], of["correlation[x]"], of["sd_residual"]]

    def likelihood(sd):
        off = sd[0] * sd[1] * sd[2]
        random = np.array([[sd[0] ** 2, off], [off, sd[1] ** 2]])
        v = sd[3] ** 2 * np.eye(150) + (groups[:, None] == groups) * (z @ random @ z.T)
        inverse = np.linalg.inv(v)
        information = x.T @ inverse @ x
        left = y - x @ np.linalg.solve(information, x.T @ inverse @ y)
        terms = np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1] + left @ inverse @ left
        return -0.5 * (terms + (150 - 4) * np.log(2 * np.pi))

    assert of["log_likelihood"] == pytest.approx(likelihood(sd), abs=1e-7)
    for j, step in product(range(4), (-0.02, 0.02)):
        assert likelihood([value + step * (k == j) for k, value in enumerate(sd)]) < likelihood(sd)


def by_statsmodels(frame, columns):
    import statsmodels.api as sm

    exog = sm.add_constant(np.column_stack(columns))
    model = sm.MixedLM(frame["y"].to_numpy(), exog, frame["team"])
    found = model.fit(reml=True)
    # Errors given the variances, as lme4 has them; statsmodels' own also hold how far those are uncertain.
    groups = pd.factorize(frame["team"])[0]
    v = found.scale * np.eye(len(groups)) + np.asarray(found.cov_re)[0, 0] * (groups[:, None] == groups)
    return found, np.sqrt(np.diag(np.linalg.inv(exog.T @ np.linalg.solve(v, exog))))


def within_and_between(frame, name):
    mean = frame.groupby("team")[name].transform("mean")
    return frame[name] - mean, mean


def test_mixed_agrees_with_statsmodels(teams):
    fit = fit_drivers(teams, "y", ["x", "z"], ["site"], cluster="team", model="mixed")
    assert fit.terms == ("intercept", "x[within]", "x[between]", "z[within]", "z[between]", "site")
    columns = [*within_and_between(teams, "x"), *within_and_between(teams, "z"), teams["site"]]
    theirs, std_error = by_statsmodels(teams, columns)
    np.testing.assert_allclose(fit.estimate, theirs.fe_params, rtol=FIVE, atol=FIVE)
    np.testing.assert_allclose(fit.std_error, std_error, rtol=SEARCH)
    np.testing.assert_allclose(fit.std_error, theirs.bse_fe, rtol=0.02)
    assert fit.measures["log_likelihood"] == pytest.approx(theirs.llf, abs=1e-6)
    assert fit.measures["sd_group"] ** 2 == pytest.approx(np.asarray(theirs.cov_re)[0, 0], rel=1e-3)
    assert fit.df == 36 - 1 - 3


@needs(LEADERS)
def test_mixed_agrees_with_statsmodels_on_companies():
    rows = pd.read_csv(LEADERS).rename(columns={"COMPID": "team", "HOSTILE": "y"})
    fit = fit_drivers(rows, "y", ["LEAD", "TSIG"], cluster="team", model="mixed")
    theirs, std_error = by_statsmodels(
        rows, [*within_and_between(rows, "LEAD"), *within_and_between(rows, "TSIG")]
    )
    np.testing.assert_allclose(fit.estimate, theirs.fe_params, rtol=FIVE, atol=FIVE)
    np.testing.assert_allclose(fit.std_error, std_error, rtol=SEARCH)
    np.testing.assert_allclose(fit.std_error, theirs.bse_fe, rtol=0.02)


def restricted_likelihood(y, x, groups, between, residual):
    """The textbook formula with the whole covariance matrix."""
    v = residual * np.eye(len(y)) + between * (groups[:, None] == groups)
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    left = y - x @ np.linalg.solve(information, x.T @ inverse @ y)
    terms = np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1] + left @ inverse @ left
    return -0.5 * (terms + (len(y) - x.shape[1]) * np.log(2 * np.pi))


def test_mixed_is_the_maximum_of_the_restricted_likelihood(teams):
    rows = teams.head(90)
    x, y = np.column_stack([np.ones(90), rows["x"]]), rows["y"].to_numpy()
    groups = pd.factorize(rows["team"])[0]
    fit = random_intercept(group_sums(y, x, groups))
    best = restricted_likelihood(y, x, groups, fit.between, fit.residual)
    assert fit.log_likelihood == pytest.approx(best, abs=1e-8)
    for a, b in product((0.98, 1.02), repeat=2):
        assert restricted_likelihood(y, x, groups, a * fit.between, b * fit.residual) < best


def test_mixed_without_differences_between_groups_is_least_squares():
    rng = np.random.default_rng(8)
    x = rng.normal(size=200)
    y = x + rng.normal(size=200)
    groups = np.arange(200) % 20
    # Equal group means leave nothing between groups.
    y -= (np.bincount(groups, weights=y - x) / 10)[groups]
    frame = pd.DataFrame({"x": x, "y": y, "g": groups})
    fit = fit_drivers(frame, "y", ["x"], cluster="g", model="mixed")
    assert fit.measures["sd_group"] == 0
    assert "model.no_group_variance" in fit.warnings
    mean = frame.groupby("g")["x"].transform("mean")
    exog = np.column_stack([np.ones(200), x - mean, mean])
    np.testing.assert_allclose(fit.estimate, np.linalg.lstsq(exog, y, rcond=None)[0], atol=1e-8)


def test_models_ask_for_what_they_need(teams):
    for code, call in {
        "model.mixed_needs_cluster": {"model": "mixed"},
        "model.wild_needs_clusters": {"wild": 999},
        "model.not_a_driver": {"interactions": [("x", "w")]},
        "model.slopes_need_mixed": {"slopes": ["x"]},
        "model.few_resamples": {"wild": 9, "cluster": "team"},
    }.items():
        with pytest.raises(UsageError) as caught:
            fit_drivers(teams, "y", ["x", "z"], **call)
        assert caught.value.code == code


def test_an_interaction_is_the_product_of_centred_drivers(teams):
    fit = fit_drivers(teams, "y", ["x", "z"], ["site"], interactions=[("x", "z")])
    centred = teams[["x", "z"]] - teams[["x", "z"]].mean()
    product_term = (centred["x"] * centred["z"]).rename("x:z")
    direct = fit_drivers(teams.assign(xz=product_term), "y", ["x", "z", "xz"], ["site"])
    assert fit.terms == ("intercept", "x", "z", "x:z", "site")
    assert list(fit.vif) == ["x", "z", "x:z"]
    np.testing.assert_allclose(fit.estimate, direct.estimate, atol=TIGHT)
    np.testing.assert_allclose(fit.std_error, direct.std_error, atol=TIGHT)


def boottest(y, x, clusters, j, value):
    """The definition: every combination of signs, each a regression of its own."""

    def t(outcome):
        coefficients = np.linalg.lstsq(x, outcome, rcond=None)[0]
        bread = np.linalg.inv(x.T @ x)
        sums = np.stack(
            [(x * (outcome - x @ coefficients)[:, None])[clusters == g].sum(axis=0) for g in range(groups)]
        )
        return (coefficients[j] - value) / np.sqrt((bread @ sums.T @ sums @ bread)[j, j])

    groups = clusters.max() + 1
    others = np.delete(x, j, axis=1)
    null = others @ np.linalg.lstsq(others, y - value * x[:, j], rcond=None)[0] + value * x[:, j]
    seen = abs(t(y))
    drawn = [abs(t(null + np.array(v)[clusters] * (y - null))) for v in product((-1, 1), repeat=groups)]
    return np.mean(np.array(drawn) >= seen - 1e-9)


def test_wild_bootstrap_is_all_sign_changes(teams):
    rows = teams[teams["team"] < "T08"]
    clusters = pd.factorize(rows["team"])[0]
    x, y = np.column_stack([np.ones(len(rows)), rows[["x", "z"]]]), rows["y"].to_numpy()
    found = wild_bootstrap(y, x, clusters, draws=256, weights="rademacher")
    for j in range(3):
        assert found.p_value[j] == pytest.approx(boottest(y, x, clusters, j, 0.0), abs=TIGHT)
        # The ends of the interval are where the test's p-value crosses 5 %.
        for end, outward in ((found.ci_low[j], -1), (found.ci_high[j], 1)):
            assert boottest(y, x, clusters, j, end - outward * 1e-3) > 0.05
            assert boottest(y, x, clusters, j, end + outward * 1e-3) <= 0.05


def test_wild_bootstrap_in_a_fit(teams):
    few = teams[teams["team"] < "T12"]
    plain = fit_drivers(few, "y", ["x", "z"], cluster="team")
    wild = fit_drivers(few, "y", ["x", "z"], cluster="team", wild=999, seed=1)
    assert plain.warnings == ("model.few_clusters",)
    assert wild.warnings == ()
    np.testing.assert_array_equal(wild.estimate, plain.estimate)
    assert ((wild.ci_low < wild.estimate) & (wild.estimate < wild.ci_high)).all()
    assert wild.p_value[1] != plain.p_value[1]
    again = fit_drivers(few, "y", ["x", "z"], cluster="team", wild=999, seed=1)
    np.testing.assert_array_equal(wild.p_value, again.p_value)
    scaled = fit_drivers(few.assign(x=100 * few["x"]), "y", ["x", "z"], cluster="team", wild=999, seed=1)
    assert 100 * scaled.ci_low[1] == pytest.approx(wild.ci_low[1], rel=1e-6)


@pytest.mark.simulation
@pytest.mark.slow
@pytest.mark.parametrize("weights", ["webb", "rademacher"])
def test_wild_bootstrap_keeps_its_level_with_ten_unequal_clusters(weights):
    """CR1 with t(G−1) errs more often here than the wild bootstrap, which stays near 5 %."""
    rng = np.random.default_rng(20261128)
    wild = usual = 0
    for seed in range(400):
        team = np.repeat(np.arange(10), rng.integers(5, 60, 10))
        frame = pd.DataFrame({"x": rng.normal(size=10)[team], "team": team})
        frame["y"] = rng.normal(size=10)[team] + rng.normal(size=len(team))
        x = np.column_stack([np.ones(len(frame)), frame["x"]])
        found = wild_bootstrap(frame["y"].to_numpy(), x, team, draws=499, weights=weights, seed=seed)
        wild += found.p_value[1] <= 0.05
        usual += fit_drivers(frame, "y", ["x"], cluster="team").p_value[1] <= 0.05
    assert 0.015 < wild / 400 < 0.095
    assert wild < usual


@pytest.mark.simulation
@pytest.mark.rest
def test_mixed_intervals_cover():
    rng = np.random.default_rng(20261129)
    held = np.zeros(2)
    for _ in range(400):
        team = np.repeat(np.arange(30), rng.integers(3, 12, 30))
        mean = rng.normal(size=30)[team]
        x = mean + rng.normal(size=len(team))
        deviation = x - (np.bincount(team, weights=x) / np.bincount(team))[team]
        y = 0.3 * deviation + 0.8 * (x - deviation) + rng.normal(size=30)[team] + rng.normal(size=len(team))
        fit = fit_drivers(pd.DataFrame({"x": x, "y": y, "t": team}), "y", ["x"], cluster="t", model="mixed")
        held += (fit.ci_low[1:] <= [0.3, 0.8]) & (fit.ci_high[1:] >= [0.3, 0.8])
    assert (held / 400 > 0.92).all()
    assert (held / 400 < 0.985).all()


@pytest.mark.simulation
@pytest.mark.rest
def test_ordered_intervals_cover():
    rng = np.random.default_rng(20261130)
    held = 0
    for _ in range(400):
        x = rng.normal(size=300)
        latent = 0.5 * x + rng.logistic(size=300)
        level = np.searchsorted([-2, 0, 0.5, 2], latent)
        fit = fit_drivers(pd.DataFrame({"x": x, "y": level}), "y", ["x"], model="ordered")
        held += fit.ci_low[0] <= 0.5 <= fit.ci_high[0]
    assert 0.92 < held / 400 < 0.98
