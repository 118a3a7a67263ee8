"""Curves of staying, competing exits and Cox models, against brute force, statsmodels and R."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

from engage.errors import InputError, TooLittleData, UsageError
from engage.model import cumulative_incidence, fit_drivers, survival_curve
from engage.model.cox import concordance, cox

TIGHT = 1e-9  # the same arithmetic in another order
LOOSE = 1e-6  # an iterative fit stopped elsewhere
R = 1e-8  # numbers printed by R 4.2.2, survival 3.5-3

ROSSI = Path(__file__).parents[2] / "shared" / "data" / "rdatasets_carData_Rossi.csv"
needs_rossi = pytest.mark.skipif(not ROSSI.is_file(), reason=f"{ROSSI.name} is not beside this checkout")
RECORDS = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]


@pytest.fixture(scope="module")
def spells():
    """People hired before follow-up began, leaving in whole months (ties), of two kinds."""
    rng = np.random.default_rng(21)
    n = 160
    x = rng.normal(size=n)
    hired = np.floor(rng.uniform(0, 12, n) * (rng.random(n) < 0.5))
    end = hired + 1 + np.floor(rng.exponential(14 * np.exp(-0.5 * x)))
    seen = np.minimum(end, 24)
    keep = seen > hired
    frame = pd.DataFrame({"entry": hired, "time": seen, "left": (end <= 24).astype(int), "x": x})
    frame["kind"] = np.where(frame["left"] == 1, np.where(rng.random(n) < 0.6, "voluntary", "other"), "0")
    frame["z"] = rng.normal(size=n)
    return frame[keep].reset_index(drop=True)


def test_curve_is_the_product_over_risk_sets(spells):
    tidy = survival_curve(spells["time"], spells["left"], spells["entry"]).tidy()
    assert tidy.columns.tolist() == ["time", "at_risk", "events", "survival", "ci_low", "ci_high"]
    share, variance = 1.0, 0.0
    for row in tidy.itertuples():
        risk = ((spells["entry"] < row.time) & (spells["time"] >= row.time)).sum()
        gone = ((spells["time"] == row.time) & (spells["left"] == 1)).sum()
        share *= 1 - gone / risk
        variance += gone / (risk * (risk - gone)) if risk > gone else np.inf
        assert (row.at_risk, row.events) == (risk, gone)
        assert row.survival == pytest.approx(share, abs=TIGHT)
        if 0 < share < 1:
            wide = norm.ppf(0.975) * np.sqrt(variance) / np.log(share)
            assert row.ci_low == pytest.approx(share ** np.exp(-wide), abs=TIGHT)
            assert row.ci_high == pytest.approx(share ** np.exp(wide), abs=TIGHT)


def test_curve_agrees_with_statsmodels(spells):
    from statsmodels.duration.survfunc import SurvfuncRight

    tidy = survival_curve(spells["time"], spells["left"], spells["entry"]).tidy()
    # statsmodels counts an entry at t as at risk at t; half a month earlier is after every earlier exit.
    theirs = SurvfuncRight(spells["time"], spells["left"], entry=spells["entry"] + 0.5)
    ours = tidy[tidy["events"] > 0].set_index("time")
    np.testing.assert_allclose(ours["survival"], theirs.surv_prob[np.isin(theirs.surv_times, ours.index)])


def test_known_curve_of_the_leukaemia_trial():
    """R: survfit(Surv(time, status) ~ x, aml, subset = x == "Maintained"); printed in many textbooks."""
    time = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161]
    status = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]
    tidy = survival_curve(time, status).tidy()
    events = tidy[tidy["events"] > 0]
    np.testing.assert_allclose(
        events["survival"], [0.909, 0.818, 0.716, 0.614, 0.491, 0.368, 0.184], atol=6e-4
    )
    assert events["at_risk"].tolist() == [11, 10, 8, 7, 5, 4, 2]


def test_curve_edges():
    tidy = survival_curve([1, 2, 3, 3], [0, 1, 1, 1]).tidy()
    assert tidy["survival"].tolist() == pytest.approx([1, 2 / 3, 0])
    assert (tidy["ci_low"][0], tidy["ci_high"][0]) == (1, 1)
    assert np.isnan(tidy["ci_low"][2])
    grouped = survival_curve([1, 2, 3, None], [1, 0, 1, 1], by=["b", "b", "a", "a"])
    assert grouped.n_dropped == 1
    assert grouped.tidy()["by"].tolist() == ["a", "b", "b"]
    assert "survival" in grouped._repr_html_()
    for error, call in [
        (InputError, lambda: survival_curve([1, 2], [1, 1], entry=[0, 2])),
        (UsageError, lambda: survival_curve([1, 2], [1, 2])),
        (UsageError, lambda: survival_curve([1, 2], [1])),
        (UsageError, lambda: survival_curve([1], [1], level=1.0)),
        (TooLittleData, lambda: survival_curve([None], [1])),
        (TooLittleData, lambda: cumulative_incidence([1, 2], [0, 0])),
    ]:
        with pytest.raises(error):
            call()


def test_incidences_and_survival_add_up(spells):
    cause = spells["kind"].where(spells["kind"] != "0", 0)
    tidy = cumulative_incidence(spells["time"], cause, spells["entry"]).tidy()
    curve = survival_curve(spells["time"], spells["left"], spells["entry"]).tidy()
    parts = tidy.pivot(index="time", columns="cause", values="incidence")
    assert list(parts.columns) == ["other", "voluntary"]
    np.testing.assert_allclose(parts.sum(axis=1) + curve["survival"].to_numpy(), 1, atol=TIGHT)
    naive = (
        1
        - survival_curve(spells["time"], (cause == "voluntary").astype(int), spells["entry"]).tidy()[
            "survival"
        ]
    )
    assert (parts["voluntary"].to_numpy()[-1:] < naive.to_numpy()[-1:]).all()


def test_incidence_agrees_with_statsmodels_and_with_greenwood(spells):
    from statsmodels.duration.survfunc import CumIncidenceRight

    code = spells["kind"].map({"0": 0, "voluntary": 1, "other": 2})
    ours = cumulative_incidence(spells["time"], code).tidy()
    theirs = CumIncidenceRight(spells["time"], code)
    for k in (1, 2):
        part = ours[ours["cause"] == k].set_index("time")
        np.testing.assert_allclose(part.loc[theirs.times, "incidence"], theirs.cinc[k - 1], atol=TIGHT)
        np.testing.assert_allclose(part.loc[theirs.times, "std_error"], theirs.cinc_se[k - 1], atol=0.004)
    single = cumulative_incidence(spells["time"], spells["left"], spells["entry"]).tidy()
    curve = survival_curve(spells["time"], spells["left"], spells["entry"]).tidy()
    inside = curve["survival"].between(1e-12, 1 - 1e-12).to_numpy()
    np.testing.assert_allclose(1 - single["ci_high"][inside], curve["ci_low"][inside], atol=TIGHT)
    np.testing.assert_allclose(1 - single["ci_low"][inside], curve["ci_high"][inside], atol=TIGHT)


@pytest.mark.rest
def test_incidence_error_is_that_of_the_bootstrap(spells):
    rng = np.random.default_rng(4)
    cause = spells["kind"].where(spells["kind"] != "0", 0).to_numpy()
    at, drawn = 12.0, []
    for _ in range(200):
        rows = rng.integers(0, len(spells), len(spells))
        tidy = cumulative_incidence(spells["time"].to_numpy()[rows], cause[rows]).tidy()
        drawn.append(tidy.loc[(tidy["cause"] == "voluntary") & (tidy["time"] <= at), "incidence"].iloc[-1])
    tidy = cumulative_incidence(spells["time"], cause).tidy()
    row = tidy[(tidy["cause"] == "voluntary") & (tidy["time"] == at)].iloc[0]
    assert row["std_error"] == pytest.approx(np.std(drawn), rel=0.17)


@needs_rossi
def test_cox_agrees_with_r_on_rossi():
    fit = fit_drivers(pd.read_csv(ROSSI), "arrest", RECORDS, model="cox", time="week")
    tidy = fit.tidy().set_index("term")
    expected = {
        "fin[yes]": -0.37942217,
        "age": -0.05743774,
        "race[other]": -0.31389979,
        "wexp[yes]": -0.14979570,
        "mar[not married]": 0.43370388,
        "paro[yes]": -0.08487108,
        "prio": 0.09149708,
    }
    for term, value in expected.items():
        assert tidy.loc[term, "estimate"] == pytest.approx(value, abs=R)
    assert tidy.loc["fin[yes]", "std_error"] == pytest.approx(0.19137948, abs=R)
    assert fit.measures["log_likelihood"] == pytest.approx(-658.7476594, abs=1e-7)
    assert fit.measures["concordance"] == pytest.approx(0.6403292471, abs=1e-9)
    zph = fit.proportional_hazards.set_index("term")
    assert zph.loc["age", "statistic"] == pytest.approx(5.9740, abs=5e-5)
    assert zph.loc["age", "p_value"] == pytest.approx(0.01452, abs=5e-6)
    assert fit.warnings == ("model.not_proportional",)
    assert fit.notes[0].params["terms"] == ["age", "wexp[yes]", "global"]


def efron(beta, spells, weights):
    """Minus the partial log-likelihood, written out event time by event time."""
    score = spells[["x", "z"]].to_numpy() @ beta
    left, time, entry = (spells[c].to_numpy(dtype=float) for c in ("left", "time", "entry"))
    total = 0.0
    for t in np.unique(time[left == 1]):
        risk, gone = (entry < t) & (time >= t), (time == t) & (left == 1)
        all_risk, tied = (weights * np.exp(score))[risk].sum(), (weights * np.exp(score))[gone].sum()
        total += (weights * score)[gone].sum()
        for k in range(gone.sum()):
            total -= np.log(all_risk - k / gone.sum() * tied) * weights[gone].mean()
    return -total


def test_cox_is_the_maximum_of_efrons_likelihood_with_delayed_entry(spells):
    fit = fit_drivers(spells, "left", ["x", "z"], model="cox", time="time", entry="entry")
    found = minimize(efron, [0, 0], args=(spells, np.ones(len(spells))), options={"gtol": 1e-9})
    np.testing.assert_allclose(fit.estimate, found.x, atol=1e-6)
    assert fit.measures["log_likelihood"] == pytest.approx(-found.fun, abs=1e-8)
    steps = 1e-4 * np.eye(2)
    hessian = [
        [
            sum(a * b * efron(fit.estimate + a * u + b * v, spells, 1.0 + 0 * spells["x"].to_numpy())
                for a in (-1, 1) for b in (-1, 1)) / 4e-8
            for v in steps
        ]
        for u in steps
    ]  # fmt: skip
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(hessian), rtol=1e-4)


def test_robust_errors_are_the_influence_of_single_rows(spells):
    """Without ties a row's score residual is how its weight moves the score."""
    untied = spells.assign(time=spells["time"] + np.linspace(0, 0.4, len(spells)))
    x = untied[["x", "z"]].to_numpy()
    middle, spread = x.mean(axis=0), x.std(axis=0, ddof=1)
    arrays = [untied[c].to_numpy(dtype=float) for c in ("left", "time", "entry")]
    plain = cox((x - middle) / spread, *arrays)
    beta, bread = plain.coefficients / spread, plain.covariance / np.outer(spread, spread)
    step, lean = 1e-4, 1e-2
    for row in (0, 3, int(np.argmax(arrays[0])), len(untied) - 1):
        moved = np.zeros(2)
        for k in range(2):
            for a in (-1, 1):
                for b in (-1, 1):
                    weights = np.ones(len(untied))
                    weights[row] += b * lean
                    moved[k] -= (
                        a * b * efron(beta + a * step * np.eye(2)[k], untied, weights) / (4 * step * lean)
                    )
        influence = bread @ moved
        # All scores sum to 0: one row against the rest gives twice the square of its influence.
        alone = cox((x - middle) / spread, *arrays, clusters=np.where(np.arange(len(x)) == row, 0, 1))
        np.testing.assert_allclose(
            alone.covariance / np.outer(spread, spread),
            2 * np.outer(influence, influence),
            rtol=2e-3,
            atol=1e-9,
        )


def test_splitting_a_spell_changes_nothing(spells):
    """A person in two rows, before and after a date, is the same person; robust errors are by person."""
    cut = 8.5
    early = spells.assign(
        time=spells["time"].clip(upper=cut), left=spells["left"].where(spells["time"] < cut, 0)
    )
    late = spells[spells["time"] > cut].assign(entry=lambda d: d["entry"].clip(lower=cut))
    rows = pd.concat(
        [early[early["entry"] < cut].assign(who=lambda d: d.index), late.assign(who=lambda d: d.index)]
    )
    whole = fit_drivers(
        spells.assign(who=spells.index),
        "left",
        ["x", "z"],
        cluster="who",
        model="cox",
        time="time",
        entry="entry",
    )
    split = fit_drivers(rows, "left", ["x", "z"], cluster="who", model="cox", time="time", entry="entry")
    np.testing.assert_allclose(split.estimate, whole.estimate, atol=TIGHT)
    np.testing.assert_allclose(split.std_error, whole.std_error, atol=TIGHT)
    assert split.measures["concordance"] == pytest.approx(whole.measures["concordance"], abs=TIGHT)
    np.testing.assert_allclose(
        split.proportional_hazards["statistic"], whole.proportional_hazards["statistic"], atol=1e-7
    )


def test_tied_score_residuals_sum_to_the_score(spells):
    """With ties too: all rows in two clusters have opposite influences, so the sandwich has rank one."""
    x = (spells[["x", "z"]] - spells[["x", "z"]].mean()) / spells[["x", "z"]].std()
    fit = cox(
        x.to_numpy(),
        *(spells[c].to_numpy(dtype=float) for c in ("left", "time", "entry")),
        clusters=np.arange(len(spells)) % 2,
    )
    assert np.linalg.eigvalsh(fit.covariance)[0] == pytest.approx(0, abs=1e-9)


def test_proportionality_is_the_score_test_of_an_interaction_with_time(spells):
    """Split at every event time, fit x and x·g(t): the likelihood ratio is close to the score test."""
    curve = survival_curve(spells["time"], spells["left"], spells["entry"]).tidy()
    times = curve.loc[curve["events"] > 0, "time"].to_numpy()
    before = np.concatenate([[1.0], curve.loc[curve["events"] > 0, "survival"].to_numpy()[:-1]])
    parts = []
    for start, t, s in zip([-1.0, *times[:-1]], times, before, strict=True):
        at = spells[(spells["entry"] < t) & (spells["time"] >= t)]
        parts.append(
            at.assign(entry=start, time=t, left=at["left"].where(at["time"] == t, 0), xg=at["x"] * (1 - s))
        )
    fit = fit_drivers(spells, "left", ["x"], model="cox", time="time", entry="entry")
    long = fit_drivers(pd.concat(parts), "left", ["x", "xg"], model="cox", time="time", entry="entry")
    assert long.measures["log_likelihood"] >= fit.measures["log_likelihood"]
    ratio = 2 * (long.measures["log_likelihood"] - fit.measures["log_likelihood"])
    assert fit.proportional_hazards["statistic"][0] == pytest.approx(ratio, rel=0.1, abs=0.02)
    assert fit.proportional_hazards["statistic"][0] == fit.proportional_hazards["statistic"][1]


def test_concordance_counts_pairs(spells):
    risk = np.round(spells["x"].to_numpy(), 1)
    event, time, entry = (spells[c].to_numpy(dtype=float) for c in ("left", "time", "entry"))
    agree = pairs = 0.0
    for i in np.flatnonzero(event == 1):
        for j in range(len(risk)):
            if entry[j] < time[i] and (time[j] > time[i] or (time[j] == time[i] and event[j] == 0)):
                pairs += 1
                agree += (risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j])
    assert concordance(risk, event, time, entry) == pytest.approx(agree / pairs, abs=TIGHT)


def test_cox_refusals(spells):
    for code, call in {
        "model.time_is_for_cox": lambda: fit_drivers(spells, "left", ["x"], model="cox"),
        "model.not_binary": lambda: fit_drivers(spells, "z", ["x"], model="cox", time="time"),
        "model.unknown_column": lambda: fit_drivers(spells, "left", ["x"], model="cox", time="tme"),
        "model.not_numeric": lambda: fit_drivers(spells, "left", ["x"], model="cox", time="kind"),
        "model.exit_before_entry": lambda: fit_drivers(
            spells.assign(entry=spells["time"]), "left", ["x"], model="cox", time="time", entry="entry"
        ),
        "model.separated": lambda: fit_drivers(
            spells.assign(late=-spells["time"]),
            "left",
            ["late"],
            model="cox",
            time="time",
        ),
        "model.too_few_events": lambda: fit_drivers(
            spells.assign(left=(np.arange(len(spells)) < 4).astype(int)),
            "left",
            ["x"],
            model="cox",
            time="time",
        ),
    }.items():
        with pytest.raises((UsageError, InputError, TooLittleData)) as caught:
            call()
        assert caught.value.code == code
    with pytest.raises(UsageError):
        fit_drivers(spells, "z", ["x"], time="time")
    gaps = spells.assign(entry=spells["entry"].where(np.arange(len(spells)) > 4))
    assert fit_drivers(gaps, "left", ["x"], model="cox", time="time", entry="entry").n_dropped == 5


@pytest.mark.simulation
@pytest.mark.rest
@pytest.mark.parametrize("clustered", [False, True])
def test_a_driver_without_effect_is_found_as_often_as_chance(clustered):
    """A covariate that changes halfway and does nothing, beside one that acts, hires before follow-up."""
    rng = np.random.default_rng(20261127)
    found = held = 0
    for _ in range(400):
        n = 250
        x, z = rng.normal(size=(2, n))
        hired = np.where(rng.random(n) < 0.5, rng.uniform(0, 6, n), 0)
        end = np.ceil(hired + rng.exponential(15 * np.exp(-0.5 * x)))
        half = pd.DataFrame({"who": np.arange(n), "x": x, "z": z, "start": hired, "end": np.minimum(end, 24)})
        half["left"] = (end <= 24).astype(int)
        early = half[half["start"] < 6].assign(
            left=lambda d: d["left"] * (d["end"] <= 6), end=lambda d: d["end"].clip(upper=6)
        )
        late = half[half["end"] > 6].assign(start=lambda d: d["start"].clip(lower=6))
        late["z"] = late["z"] * 0.5 + rng.normal(size=len(late))
        rows = pd.concat([early, late])
        rows = rows[rows["end"] > rows["start"]]
        cluster = "who" if clustered else None
        fit = fit_drivers(rows, "left", ["x", "z"], cluster=cluster, model="cox", time="end", entry="start")
        found += fit.p_value[1] < 0.05
        held += fit.ci_low[0] <= 0.5 <= fit.ci_high[0]
    assert 0.025 < found / 400 < 0.085
    assert 0.91 < held / 400 < 0.98
