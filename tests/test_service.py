"""Shares as binomial, panels by month, mediation in order of time, and the table of all outcomes."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from engage.errors import InputError, TooLittleData, UsageError
from engage.measure import adjust_pvalues
from engage.model import fit_drivers, fit_service, mediation, outcome_table, service_panel

TIGHT = 1e-9
LOOSE = 1e-6
WAVES = ("2025H1", "2025H2", "2026H1", "2026H2")
DATES = pd.to_datetime(["2025-03-15", "2025-09-15", "2026-03-15", "2026-09-15"])


def draw(rng, teams=60, a=0.5, b=2.0, direct=0.5):
    """Teams in four waves: conditions lead to later engagement (a), engagement to service after it (b)."""
    rows, months = [], []
    x, m, y = rng.normal(size=(3, teams))
    for wave, date in zip(WAVES, DATES, strict=True):
        before = x
        x = 0.6 * x + 0.8 * rng.normal(size=teams)
        m = 0.3 * m + a * before + 0.3 * rng.normal(size=teams)
        y = 0.4 * y + b * m + direct * before + rng.normal(size=teams)
        rows.append(
            pd.DataFrame(
                {"team": np.arange(teams), "wave": wave, "wave_date": date, "hygiene": x, "engagement": m}
            )
        )
        for lag in (1, 2, 3):
            count = rng.integers(200, 2000, teams)
            share = rng.binomial(count, 1 / (1 + np.exp(-2 - 0.2 * m - 0.2 * rng.normal(size=teams)))) / count
            month = (date + pd.DateOffset(months=lag)).replace(day=1)
            noise = np.zeros(teams) if lag == 2 else (lag - 2) * np.ones(teams)
            months.append(
                pd.DataFrame(
                    {"team": np.arange(teams), "month": month, "csat": 90 + y + noise, "on_time": share}
                ).assign(handled=count)
            )
    return pd.concat(rows, ignore_index=True), pd.concat(months, ignore_index=True)


@pytest.fixture(scope="module")
def teams():
    return draw(np.random.default_rng(71))


@pytest.fixture(scope="module")
def panel(teams):
    return service_panel(*teams)


def test_a_monthly_panel_has_the_scores_of_the_wave_before(teams):
    scores, service = teams
    monthly = service_panel(scores, service, monthly=True)
    assert len(monthly) == len(service)
    row = monthly[(monthly["team"] == 7) & (monthly["month"] == "2026-05-01")].iloc[0]
    assert row["wave"] == "2026H1"
    same = (service["team"] == 7) & (service["month"] == "2026-05-01")
    assert (row["csat"], row["handled"]) == tuple(service.loc[same, ["csat", "handled"]].iloc[0])
    # Where windows overlap, a month goes with the latest wave before it.
    long = service_panel(scores, service, months=9, monthly=True)
    assert len(long) == len(service)
    assert long.loc[long["month"] == "2026-05-01", "wave"].unique().tolist() == ["2026H1"]


@pytest.mark.parametrize("clustered", [False, True])
def test_shares_are_binomial_with_their_own_spread(teams, clustered):
    """R: glm(on_time ~ engagement + hygiene, quasibinomial, weights = handled); sandwich::vcovCL."""
    import statsmodels.api as sm

    rows = service_panel(*teams, monthly=True)
    cluster = "team" if clustered else None
    fit = fit_drivers(
        rows, "on_time", ["engagement", "hygiene"], cluster=cluster, model="binomial", trials="handled"
    )
    x = sm.add_constant(rows[["engagement", "hygiene"]])
    model = sm.GLM(rows["on_time"], x, family=sm.families.Binomial(), var_weights=rows["handled"])
    theirs = model.fit(scale="X2")
    np.testing.assert_allclose(fit.estimate, theirs.params, atol=LOOSE)
    assert fit.measures["dispersion"] == pytest.approx(theirs.scale, rel=LOOSE)
    assert fit.measures["dispersion"] > 2
    errors = theirs.bse
    if clustered:
        expected = theirs.fittedvalues
        scores = x.mul(rows["handled"] * (rows["on_time"] - expected), axis=0).groupby(rows["team"]).sum()
        bread = np.linalg.inv(x.T @ x.mul(rows["handled"] * expected * (1 - expected), axis=0))
        factor = 60 / 59 * (len(rows) - 1) / (len(rows) - 3)
        errors = np.sqrt(np.diag(factor * bread @ scores.T @ scores @ bread))
    np.testing.assert_allclose(fit.std_error, errors, rtol=1e-5)
    assert fit.df == (59 if clustered else len(rows) - 3)
    deviance = 1 - model.fit().deviance / model.fit().null_deviance
    assert fit.r_squared == pytest.approx(deviance, abs=LOOSE)


def test_service_by_month_mixed_and_binomial(teams):
    rows = service_panel(*teams, monthly=True)
    mixed = fit_service(rows, "csat", ["engagement"], model="mixed")
    assert mixed.terms[1:3] == ("engagement[within]", "engagement[between]")
    assert sum(term.startswith("month[") for term in mixed.terms) == 11
    shares = fit_service(rows, "on_time", ["engagement"], model="binomial", trials="handled")
    assert shares.cluster == "team"
    assert shares.ci_low[1] < 0.2 < shares.ci_high[1]
    few = rows[rows["team"] < 12]
    wild = fit_service(few, "csat", ["engagement"], wild=999)
    assert "model.few_clusters" in fit_service(few, "csat", ["engagement"]).warnings
    assert "model.few_clusters" not in wild.warnings


def test_shares_refuse_what_is_none(teams):
    rows = service_panel(*teams, monthly=True)
    for code, options in {
        "model.trials_are_for_binomial": {"outcome": "on_time", "model": "binomial"},
        "model.not_a_share": {"outcome": "csat", "model": "binomial", "trials": "handled"},
        "model.no_trials": {"outcome": "on_time", "model": "binomial", "trials": "zero"},
        "model.unknown_column": {"outcome": "on_time", "model": "binomial", "trials": "handeld"},
    }.items():
        with pytest.raises((UsageError, InputError)) as caught:
            fit_drivers(rows.assign(zero=0), drivers=["engagement"], **options)
        assert caught.value.code == code


def lagged(panel):
    """The rows of a team in two waves that follow each other, side by side, written out."""
    rows = []
    for team, own in panel.groupby("team"):
        by_wave = own.set_index("wave")
        for before, now in pairwise(WAVES):
            if before in by_wave.index and now in by_wave.index:
                old, new = by_wave.loc[before], by_wave.loc[now]
                rows.append(
                    {
                        "team": team,
                        "wave": now,
                        "m": new["engagement"],
                        "y": new["csat"],
                        "x0": old["hygiene"],
                        "m0": old["engagement"],
                        "y0": old["csat"],
                    }
                )
    return pd.DataFrame(rows).dropna()


def test_mediation_is_two_lagged_regressions(panel):
    import statsmodels.formula.api as smf

    gaps = panel[(panel["team"] != 3) | (panel["wave"] != "2025H2")]
    found = mediation(gaps, "hygiene", "engagement", "csat", seed=1)
    paths = found.tidy().set_index("path")
    rows = lagged(gaps)
    first = smf.ols("m ~ x0 + m0 + C(wave)", rows).fit(cov_type="cluster", cov_kwds={"groups": rows["team"]})
    second = smf.ols("y ~ m + x0 + m0 + y0 + C(wave)", rows).fit(
        cov_type="cluster", cov_kwds={"groups": rows["team"]}
    )
    assert found.n == len(rows) == 60 * 3 - 2
    estimate = paths["estimate"]
    assert estimate["driver_to_mediator"] == pytest.approx(first.params["x0"], abs=LOOSE)
    assert estimate["mediator_to_outcome"] == pytest.approx(second.params["m"], abs=LOOSE)
    assert estimate["direct"] == pytest.approx(second.params["x0"], abs=LOOSE)
    assert estimate["indirect"] == pytest.approx(first.params["x0"] * second.params["m"], abs=LOOSE)
    errors = paths["std_error"]
    assert errors["driver_to_mediator"] == pytest.approx(first.bse["x0"], rel=0.2)
    assert errors["mediator_to_outcome"] == pytest.approx(second.bse["m"], rel=0.2)
    assert paths.loc["indirect", "ci_low"] < 1.0 < paths.loc["indirect", "ci_high"]
    assert "indirect" in found._repr_html_()


def test_mediation_is_refused_without_order_in_time(panel):
    alternate = panel[panel["wave"].isin(["2025H1", "2026H1"])]
    one = mediation(alternate, "hygiene", "engagement", "csat")
    assert one.n == 60  # of the waves there are, these two follow each other
    for code, rows, options in [
        ("model.no_lag", panel[panel["wave"] == "2025H1"], {}),
        ("model.too_few_teams", panel[panel["team"] < 30], {}),
        ("model.unknown_column", panel, {"controls": ["motivater"]}),
        ("model.repeated_column", panel, {"controls": ["hygiene"]}),
        ("model.repeated_unit_time", pd.concat([panel, panel.head(1)]), {}),
        ("model.few_resamples", panel, {"bootstrap": 10}),
        ("model.bad_level", panel, {"level": 95}),
        ("model.not_numeric", panel, {"controls": ["wave"]}),
    ]:
        with pytest.raises((UsageError, TooLittleData)) as caught:
            mediation(rows, "hygiene", "engagement", "csat", **options)
        assert caught.value.code == code


@pytest.fixture(scope="module")
def people(teams):
    scores, _ = teams
    rng = np.random.default_rng(72)
    rows = scores.loc[scores.index.repeat(6)].reset_index(drop=True)
    n = len(rows)
    frame = rows[["team", "wave"]].assign(started=rows["wave_date"])
    for j, name in enumerate(("pay", "status", "recognition", "growth")):
        frame[name] = (3 + rows["hygiene"] * (j < 2) + rng.normal(size=n)).clip(1, 5)
    frame["engagement"] = 0.4 * frame["pay"] + 0.3 * frame["growth"] + rng.normal(size=n)
    frame["left"] = (rng.logistic(size=n) - 0.4 * frame["growth"] > 1).astype(int)
    return frame


COMPOSITES = {"hygiene": ["pay", "status"], "motivator": ["recognition", "growth"]}
FACTORS = ["pay", "status", "recognition", "growth"]


def test_the_table_of_outcomes_holds_each_model(people, teams):
    found = outcome_table(
        people, teams[1], FACTORS, COMPOSITES, {"engagement": "ols", "left": "logit"}, measures=["csat"]
    ).tidy()
    assert len(found) == 3 * 6
    assert (found["reason"] == "").all()
    table = found.set_index(["outcome", "driver"])
    left = fit_drivers(people, "left", FACTORS, cluster="team", model="logit").tidy().set_index("term")
    assert table.loc[("left", "growth"), "estimate"] == pytest.approx(left.loc["growth", "estimate"])
    means = people.groupby(["team", "wave"])[FACTORS].mean().reset_index()
    means["hygiene"], means["motivator"] = means[FACTORS[:2]].mean(axis=1), means[FACTORS[2:]].mean(axis=1)
    panel = service_panel(
        means.assign(wave_date=means["wave"].map(dict(zip(WAVES, DATES, strict=True)))), teams[1]
    )
    joint = fit_service(panel, "csat").tidy().set_index("term")
    assert table.loc[("csat", "hygiene"), "ci_low"] == pytest.approx(joint.loc["hygiene", "ci_low"])
    alone = [fit_service(panel, "csat", [name]).tidy().set_index("term").loc[name] for name in FACTORS]
    own = found[found["exploratory"]]
    assert own["driver"].tolist() == FACTORS
    np.testing.assert_allclose(own["estimate"], [row["estimate"] for row in alone])
    np.testing.assert_allclose(own["p_adjusted"], adjust_pvalues([row["p_value"] for row in alone]))
    assert set(found.loc[found["exploratory"], "unit"]) == {"team"}


def test_what_too_few_teams_carry_stays_empty(people, teams):
    few = people[people["team"] < 15]
    result = outcome_table(
        few, teams[1], FACTORS, COMPOSITES, {"engagement": "ols"}, measures=["csat", "fcr"]
    )
    table = result.tidy()
    joint = table[(table["unit"] == "team") & ~table["exploratory"]]
    assert joint["reason"].tolist() == ["model.too_few_teams"] * 2
    assert joint["estimate"].isna().all()
    assert table.loc[table["exploratory"], "estimate"].notna().all()
    assert table.loc[table["unit"] == "person", "estimate"].notna().all()
    assert "fcr" not in set(table["outcome"])
    assert "engagement" in result._repr_html_()


@pytest.mark.simulation
@pytest.mark.rest
@pytest.mark.parametrize("b", [2.0, 0.0])
def test_indirect_interval_covers(b):
    rng = np.random.default_rng(20261205)
    held = 0
    for seed in range(200):
        panel = service_panel(*draw(rng, b=b), measures=["csat"])
        row = mediation(panel, "hygiene", "engagement", "csat", bootstrap=500, seed=seed).tidy().iloc[3]
        held += row["ci_low"] <= 0.5 * b <= row["ci_high"]
    assert 0.90 < held / 200 <= 1
