"""What a change goes with: each model against regressions, the doubt by formula and by worlds."""

import numpy as np
import pandas as pd
import pytest

from engage.errors import TooLittleData, UsageError
from engage.model import changes_made, fit_drivers, what_if

TIGHT = 1e-9
DRIVERS = ["pay", "growth"]
CAPS = {"pay": 0.4, "growth": 0.4}


def draw(rng, teams=40, bend=0.0):
    """Answers on five points; engagement is straight in pay, or steeper below 3 by ``bend``."""
    team = np.repeat(np.arange(teams), rng.integers(8, 16, teams))
    n = len(team)
    x = np.clip(3 + rng.normal(size=(n, 2)) + 0.4 * rng.normal(size=(teams, 2))[team], 1, 5).round(1)
    frame = pd.DataFrame(x, columns=DRIVERS).assign(team=team, role=rng.choice(["a", "b", "c"], n))
    score = 0.3 * x[:, 0] + bend * np.minimum(x[:, 0] - 3, 0) + 0.2 * x[:, 1]
    shared = 0.3 * rng.normal(size=teams)[team]
    frame["engagement"] = 1.5 + score + shared + 0.7 * rng.normal(size=n)
    frame["left"] = (rng.logistic(size=n) - score - shared > -0.5).astype(int)
    return frame


@pytest.fixture(scope="module")
def staff():
    return draw(np.random.default_rng(61))


def by_model(result, outcome):
    return result.models[result.models["outcome"] == outcome].set_index("model")


def test_straight_is_the_coefficient_times_the_move(staff):
    result = what_if(
        staff, ["engagement"], DRIVERS, {"pay": 0.3}, CAPS, controls=["role"], scales={"pay": (1, 5)}
    )
    moved = (np.minimum(staff["pay"] + 0.3, 5) - staff["pay"]).mean()
    fit = fit_drivers(staff, "engagement", DRIVERS, ["role"], cluster=None).tidy().set_index("term")
    straight = by_model(result, "engagement").loc["straight"]
    assert result.changes["moved"][0] == pytest.approx(moved, abs=TIGHT)
    assert 0.2 < moved < 0.3
    assert straight["change"] == pytest.approx(moved * fit.loc["pay", "estimate"], abs=TIGHT)
    assert straight["std_error"] == pytest.approx(moved * fit.loc["pay", "std_error"], abs=TIGHT)


def middle(column):
    """The level whose answers lie nearest to the median."""
    shares = column.value_counts(normalize=True).sort_index()
    return float(((shares.cumsum() - shares / 2) - 0.5).abs().idxmin())


def test_bent_and_within_are_regressions_of_their_own(staff):
    import statsmodels.api as sm

    result = what_if(staff, ["engagement"], DRIVERS, {"pay": -0.3, "growth": 0.2}, CAPS, cluster="team")
    models = by_model(result, "engagement")
    assert models.index.tolist() == ["straight", "bent", "within"]
    before = staff[DRIVERS]
    after = (before + pd.Series({"pay": -0.3, "growth": 0.2})).clip(before.min(), before.max(), axis=1)
    means = staff.groupby("team")[DRIVERS].transform("mean")
    kwargs = {"cov_type": "cluster", "cov_kwds": {"groups": staff["team"]}}
    knots = [middle(before[name]) for name in DRIVERS]
    bends = [np.maximum(x - knots, 0) for x in (before, after)]
    for name, extra in {"within": (means, means), "bent": tuple(bends)}.items():
        one, two = (
            sm.add_constant(np.column_stack([x, more]))
            for x, more in zip((before, after), extra, strict=True)
        )
        fit = sm.OLS(staff["engagement"], one).fit(**kwargs)
        gradient = (two - one).mean(axis=0)
        assert models.loc[name, "change"] == pytest.approx(gradient @ fit.params, abs=TIGHT)
        error = np.sqrt(gradient @ fit.cov_params() @ gradient)
        assert models.loc[name, "std_error"] == pytest.approx(error, abs=TIGHT)


def test_logit_is_the_mean_of_everybodys_change(staff):
    import statsmodels.api as sm

    result = what_if(staff, ["left"], DRIVERS, {"pay": 0.3}, CAPS)
    x = sm.add_constant(staff[DRIVERS])
    fit = sm.Logit(staff["left"], x).fit(disp=0)
    after = x.assign(pay=(x["pay"] + 0.3).clip(upper=x["pay"].max()))

    def change(parameters):
        shares = [1 / (1 + np.exp(-rows.to_numpy() @ parameters)) for rows in (x, after)]
        return (shares[1] - shares[0]).mean()

    own = by_model(result, "left").loc["straight"]
    at = fit.params.to_numpy()
    assert own["change"] == pytest.approx(change(at), abs=1e-7)
    gradient = np.array([(change(at + h) - change(at - h)) / 2e-5 for h in 1e-5 * np.eye(3)])
    error = np.sqrt(gradient @ fit.cov_params().to_numpy() @ gradient)
    assert own["std_error"] == pytest.approx(error, rel=1e-5)
    assert result.models["model"].tolist() == ["straight", "linear", "bent"]
    assert result.effects["now"][0] == pytest.approx(staff["left"].mean())


def test_interval_holds_the_doubt_about_the_model():
    frame = draw(np.random.default_rng(62), bend=0.5)
    result = what_if(frame, ["engagement"], DRIVERS, {"pay": 0.3}, CAPS, cluster="team")
    row = result.tidy().iloc[0]
    own = by_model(result, "engagement")
    assert row["change"] == pytest.approx(own["change"].mean(), abs=TIGHT)
    expected = np.sqrt(own["std_error"] ** 2 + (own["change"] - own["change"].mean()) ** 2).mean()
    assert row["std_error"] == pytest.approx(expected, abs=TIGHT)
    assert row["std_error"] > own["std_error"].min()


def test_change_is_capped_at_what_teams_do(staff):
    result = what_if(staff, ["engagement", "left"], DRIVERS, {"pay": 2.0, "growth": -0.1}, CAPS)
    assert result.changes["used"].tolist() == [0.4, -0.1]
    assert result.warnings == ("model.change_capped",)
    assert result.notes[0].params["columns"] == ["pay"]
    assert "engagement" in result._repr_html_()


def test_changes_made_are_those_of_teams_in_a_row():
    rng = np.random.default_rng(63)
    frame = pd.concat(
        [draw(rng, 14).assign(wave=wave) for wave in ("2025H1", "2025H2", "2026H1")], ignore_index=True
    )
    small = (frame["team"] == 3) & (frame["wave"] == "2025H2")
    frame = frame[~small | (frame.groupby(["team", "wave"]).cumcount() < 4)]
    found = changes_made(frame, DRIVERS).set_index("driver")
    sizes = []
    for team in range(14):
        means = [
            frame[(frame["team"] == team) & (frame["wave"] == w)]["pay"].mean()
            for w in frame["wave"].unique()
        ]
        sizes += [] if team == 3 else list(np.abs(np.diff(means)))
    assert found.loc["pay", "changes"] == 26
    assert found.loc["pay", "cap"] == pytest.approx(np.quantile(sizes, 0.75), abs=TIGHT)
    few = changes_made(frame[frame["team"] < 5], DRIVERS)
    assert few["cap"].isna().all()
    with pytest.raises(TooLittleData) as caught:
        what_if(
            frame, ["engagement"], DRIVERS, {"pay": 0.1}, dict(zip(few["driver"], few["cap"], strict=True))
        )
    assert caught.value.code == "model.no_cap"


def test_mean_stays_on_the_scale(staff):
    top = staff["engagement"].mean() + 0.05
    free = what_if(staff, ["engagement"], DRIVERS, {"pay": 0.3}, CAPS).tidy().iloc[0]
    row = what_if(staff, ["engagement"], DRIVERS, {"pay": 0.3}, CAPS, scales={"engagement": (1, top)}).tidy()
    assert free["ci_low"] < 0.05 < free["change"]
    np.testing.assert_allclose(row[["ci_low", "change", "ci_high"]].iloc[0], [free["ci_low"], 0.05, 0.05])


def test_extrapolation_is_refused():
    """Two drivers that always move together: one of them alone leads where nobody is."""
    rng = np.random.default_rng(65)
    pay = rng.normal(3, 0.7, 400)
    frame = pd.DataFrame({"pay": pay, "bonus": pay + 0.1 * rng.normal(size=400)})
    frame["engagement"] = frame["pay"] + rng.normal(size=400)
    caps = {"pay": 0.4, "bonus": 0.4}
    with pytest.raises(TooLittleData) as caught:
        what_if(frame, ["engagement"], ["pay", "bonus"], {"pay": 0.4}, caps)
    assert caught.value.code == "model.extrapolation"
    together = what_if(frame, ["engagement"], ["pay", "bonus"], {"pay": 0.4, "bonus": 0.4}, caps)
    assert 0.25 < together.tidy()["change"][0] < 0.5


def test_what_if_refuses(staff):
    for code, options in {
        "model.bad_change": {"changes": {"team": 1.0}},
        "model.bad_level": {"level": 95},
        "model.not_numeric": {"drivers": [*DRIVERS, "role"], "changes": {"role": 0.1}},
        "model.unknown_column": {"outcomes": ["engagment"]},
    }.items():
        call = {"outcomes": ["engagement"], "drivers": DRIVERS, "changes": {"pay": 0.1}} | options
        with pytest.raises(UsageError) as caught:
            what_if(staff, caps=CAPS | {"role": 1.0, "team": 1.0}, **call)
        assert caught.value.code == code
    for empty in ({}, {"pay": 0.0}):
        with pytest.raises(UsageError):
            what_if(staff, ["engagement"], DRIVERS, empty, CAPS)


@pytest.mark.simulation
@pytest.mark.rest
@pytest.mark.parametrize("bend", [0.0, 0.3])
def test_intervals_cover_the_change(bend):
    """The truth is the change of the expected answer of the people at hand; teams share a part of theirs."""
    rng = np.random.default_rng(20261204)
    held = straight = 0
    for _ in range(300):
        frame = draw(rng, 40, bend)
        result = what_if(frame, ["engagement"], DRIVERS, {"pay": 0.3}, CAPS, cluster="team")
        after = (frame["pay"] + 0.3).clip(upper=frame["pay"].max())
        truth = (0.3 * (after - frame["pay"])).mean()
        truth += bend * (np.minimum(after - 3, 0) - np.minimum(frame["pay"] - 3, 0)).mean()
        row, own = result.tidy().iloc[0], by_model(result, "engagement").loc["straight"]
        held += row["ci_low"] <= truth <= row["ci_high"]
        straight += abs(own["change"] - truth) <= 2.02 * own["std_error"]
    assert held / 300 > 0.92
    assert held >= straight
