"""Attrition models: leaks named, people kept apart, figures against scikit-learn, worlds with known truth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engage.errors import InputError, TooLittleData, UsageError
from engage.model import (
    auc_interval,
    average_precision,
    calibration_curve,
    calibration_line,
    check_leaks,
    fit_attrition,
    project_headcount,
)
from engage.model.calibration import auc_difference
from engage.model.pipelines import fold_rows, forward_rows
from engage.words import LANGUAGES

TIGHT = 1e-9
DATA = Path(__file__).parents[2] / "shared" / "data"
IBM, CASE = DATA / "ibm_hr_attrition.csv", DATA / "hrcase_general_data.csv"
FEATURES = ["pay", "growth", "tenure", "role"]


def needs(path):
    return pytest.mark.skipif(not path.is_file(), reason=f"{path.name} is not beside this checkout")


def draw(rng, n=320):
    x = rng.normal(size=(n, 3))
    role = rng.choice(["agent", "lead"], n)
    score = -0.9 * x[:, 0] - 0.5 * x[:, 1] + 0.5 * (role == "lead") - 1
    frame = pd.DataFrame(x, columns=FEATURES[:3]).assign(role=role, site=rng.choice(["north", "south"], n))
    frame.loc[::17, "growth"] = np.nan
    frame.loc[::23, "role"] = None
    return frame.assign(left=(score + rng.logistic(size=n) > 0).astype(int), chance=1 / (1 + np.exp(-score)))


@pytest.fixture(scope="module")
def staff():
    return draw(np.random.default_rng(81))


@pytest.fixture(scope="module")
def fit(staff):
    return fit_attrition(staff, "left", FEATURES, fairness=["site"], models=["logit"], folds=3)


def test_figures_agree_with_scikit_learn_and_statsmodels(staff):
    import statsmodels.api as sm
    from sklearn.metrics import average_precision_score

    y = staff["left"].to_numpy(dtype=float)
    p = staff["chance"].round(2).to_numpy()  # with ties
    assert average_precision(y, p) == pytest.approx(average_precision_score(y, p), abs=TIGHT)
    theirs = sm.Logit(y, sm.add_constant(np.log(p / (1 - p)))).fit(disp=0)
    np.testing.assert_allclose(calibration_line(y, p), theirs.params, atol=1e-7)
    curve = calibration_curve(y, p, bins=8)
    assert curve["n"].tolist() == [40] * 8
    assert (curve["observed"] * curve["n"]).sum() == y.sum()
    assert ((curve["ci_low"] <= curve["observed"]) & (curve["observed"] <= curve["ci_high"])).all()


def test_auc_interval_is_delongs(staff):
    rows = staff.head(80)
    y, p = rows["left"].to_numpy(dtype=float), rows["chance"].round(1).to_numpy()
    ones, zeros = p[y == 1], p[y == 0]
    wins = (ones[:, None] > zeros) + 0.5 * (ones[:, None] == zeros)
    area = wins.mean()
    variance = wins.mean(axis=1).var(ddof=1) / len(ones) + wins.mean(axis=0).var(ddof=1) / len(zeros)
    ends = np.log(area / (1 - area)) + np.array([-1, 1]) * 1.959963984540054 * np.sqrt(variance) / (
        area * (1 - area)
    )
    np.testing.assert_allclose(auc_interval(y, p), 1 / (1 + np.exp(-ends)), atol=TIGHT)
    assert np.isnan(auc_interval(np.ones(4), p[:4])).all()


def test_the_difference_of_two_models_is_delongs(staff):
    y, one = staff["left"].to_numpy(dtype=float), staff["chance"].round(2).to_numpy()
    other = one + np.random.default_rng(3).normal(0, 0.2, len(y))
    places = []
    for p in (one, other):
        ones, zeros = p[y == 1], p[y == 0]
        wins = (ones[:, None] > zeros) + 0.5 * (ones[:, None] == zeros)
        places.append((wins.mean(axis=1), wins.mean(axis=0)))
    (a, b), (c, d) = places
    difference, error = auc_difference(y, one, other)
    assert difference == pytest.approx(a.mean() - c.mean(), abs=TIGHT)
    m, n = y.sum(), (1 - y).sum()
    whole = len(y) / (len(y) - 1)  # one factor for all rows, where DeLong has one for leavers and stayers
    mine = whole * ((a - c).var() / m + (b - d).var() / n)
    assert error == pytest.approx(mine**0.5, abs=TIGHT)
    theirs = (a - c).var(ddof=1) / m + (b - d).var(ddof=1) / n
    assert error == pytest.approx(theirs**0.5, rel=0.01)
    twice = [np.tile(column, 2) for column in (y, one, other)]
    again = auc_difference(*twice, np.tile(np.arange(len(y)), 2))  # everybody twice is no more people
    assert again == pytest.approx((difference, error), abs=TIGHT)


def test_held_out_figures_are_of_held_out_rows(staff, fit):
    score = fit.tidy().iloc[0]
    assert 0.70 < score["auc"] < 0.85
    assert score["auc_low"] < score["auc"] < score["auc_high"]
    truth = np.array(staff["left"])
    assert score["brier"] == pytest.approx(((fit.predicted - truth) ** 2).mean(), abs=TIGHT)
    assert (score["n"], score["leavers"]) == (320, truth.sum())
    assert score["predicted"] == pytest.approx(score["observed"], abs=0.02)
    assert 0.6 < score["calibration_slope"] < 1.5
    assert fit.importance["feature"][0] == "pay"
    assert fit.importance["drop"][0] > 0.05 > abs(fit.importance.set_index("feature").loc["tenure", "drop"])
    assert fit.calibration["n"].sum() == 320
    own = staff["site"].to_numpy() == "north"
    north = fit.fairness.set_index("group").loc["north"]
    assert north["gap"] == pytest.approx(truth[own].mean() - fit.predicted[own].mean(), abs=TIGHT)
    assert north["gap_low"] < north["gap"] < north["gap_high"]


@pytest.mark.rest
def test_noise_is_not_learned():
    """With outcomes drawn by lot, figures on the training rows would shine; held-out ones must not."""
    rng = np.random.default_rng(82)
    noise = pd.DataFrame(rng.normal(size=(150, 12)), columns=[f"x{j}" for j in range(12)])
    noise["left"] = rng.integers(0, 2, 150)
    fit = fit_attrition(noise, "left", [f"x{j}" for j in range(12)], models=["logit"], folds=3)
    assert fit.tidy()["auc_low"][0] < 0.5 < fit.tidy()["auc_high"][0]


@pytest.mark.rest
def test_boosting_is_judged_beside(staff):
    told = []
    fit = fit_attrition(staff.head(200), "left", FEATURES, folds=2, progress=lambda *step: told.append(step))
    assert told == [(done, 6) for done in range(1, 7)]
    gain = fit.difference.iloc[0]
    auc = fit.tidy().set_index("model")["auc"]
    assert gain["auc"] == pytest.approx(auc["boosting"] - auc["logit"], abs=TIGHT)
    assert gain["ci_low"] < gain["auc"] < gain["ci_high"]
    assert f"{gain['auc']:.3f}" in fit.card()
    assert fit.tidy()["model"].tolist() == ["logit", "boosting"]
    assert (fit.tidy()["auc"] > 0.6).all()
    assert set(fit.models) == {"logit", "boosting"}
    assert set(fit.importance["model"]) == {"logit", "boosting"}


def test_the_card_says_what_was_done(fit):
    for lang in LANGUAGES:
        card = fit.card(lang)
        assert f"{fit.tidy()['auc'][0]:.3f}" in card
        assert "north" in card
        assert "{" not in card
    assert fit.scheme == "stratified"
    shown = fit._repr_html_() + fit.card()
    assert not any(f"{value:.6f}" in shown for value in fit.predicted)


def test_repeated_people_stay_together(staff):
    twice = pd.concat([staff, staff.head(100)], ignore_index=True)
    twice["number"] = np.arange(len(twice)) + 1000
    fit = fit_attrition(twice, "left", [*FEATURES, "number"], models=["logit"], folds=2)
    assert fit.scheme == "grouped"
    assert fit.features == tuple(FEATURES)
    assert fit.warnings == ("model.identifier_left_out", "model.duplicated_people")
    assert fit.leaks.identifiers == ("number",)
    assert fit.leaks.duplicates == 100
    found = fit.leaks.tidy()
    assert found.loc[found["kind"] == "duplicates", "column"].tolist() == ["number"]


def test_folds_keep_groups_apart_and_time_in_order(staff):
    y = staff["left"].to_numpy()
    groups = np.arange(len(y)) // 4
    parts = fold_rows(y, groups, 5, seed=1)
    assert sorted(np.concatenate([test for _, test in parts])) == list(range(len(y)))
    assert not any(set(groups[train]) & set(groups[test]) for train, test in parts)
    waves = np.array(["2025H1", "2025H2", "2026H1", "2026H2"])[np.arange(len(y)) % 4]
    for train, test in forward_rows(y, waves.tolist()):
        assert max(waves[train]) < min(waves[test])


@pytest.mark.rest
def test_each_wave_is_told_from_those_before_it(staff):
    waves = np.array(["2025H1", "2025H2", "2026H1", "2026H2"])[np.arange(len(staff)) % 4]
    fit = fit_attrition(staff.assign(wave=waves), "left", FEATURES, time="wave", models=["logit"])
    assert fit.scheme == "forward"
    assert (fit.folds, fit.tidy()["n"][0]) == (3, 240)
    assert fit.predicted[waves == "2025H1"].isna().all()


def test_leaking_columns_are_named(staff):
    rng = np.random.default_rng(83)
    left = staff["left"] == 1
    leaky = staff.assign(
        score=staff["left"] + 0.1 * rng.normal(size=len(staff)),
        survey_of_leavers=np.where(left, rng.normal(size=len(staff)), np.nan),
        exit_interview=rng.normal(size=len(staff)),
        intent_to_leave=rng.integers(1, 6, len(staff)),
    )
    columns = [*FEATURES, "score", "survey_of_leavers", "exit_interview", "intent_to_leave"]
    found = check_leaks(leaky, "left", columns).tidy().groupby("column")["kind"].agg(set)
    assert found["score"] == {"tells_outcome"}
    assert "missing_tells_outcome" in found["survey_of_leavers"]
    assert found["exit_interview"] == {"post_exit"}
    assert set(found.index) == {"score", "survey_of_leavers", "exit_interview"}
    with pytest.raises(InputError) as caught:
        fit_attrition(leaky, "left", columns)
    assert set(caught.value.params["columns"]) == {"score", "survey_of_leavers", "exit_interview"}


@pytest.mark.rest
def test_a_column_known_before_may_be_allowed(staff):
    known = staff.assign(notice_days=np.arange(len(staff)) % 5)
    options = {"models": ["logit"], "folds": 2}
    with pytest.raises(InputError):
        fit_attrition(known, "left", [*FEATURES, "notice_days"], **options)
    allowed = fit_attrition(known, "left", [*FEATURES, "notice_days"], allow=["notice_days"], **options)
    assert "notice_days" in allowed.features


def test_attrition_refuses(staff):
    for code, options in {
        "model.unknown_column": {"features": ["pai"]},
        "model.unknown_option": {"models": ["forest"]},
        "model.bad_folds": {"folds": 1},
        "model.bad_level": {"level": 95},
        "model.not_binary": {"outcome": "tenure"},
        "model.constant_driver": {"features": ["one"]},
    }.items():
        call = {"outcome": "left", "features": FEATURES} | options
        with pytest.raises((UsageError, TooLittleData)) as caught:
            fit_attrition(staff.assign(one=1), **call)
        assert caught.value.code == code
    with pytest.raises(TooLittleData) as few:
        fit_attrition(staff.assign(left=(np.arange(320) < 20).astype(int)), "left", FEATURES)
    assert few.value.code == "model.too_few_events"


def test_headcount_holds_rate_and_chance():
    groups = pd.DataFrame(
        {"group": ["agents", "leads"], "now": [200, 20], "followed": [300, 30], "left": [45, 0]}
    )
    table = project_headcount(groups, 2, {"agents": 25}).tidy().set_index(["group", "period"])
    rate = 45.5 / 301
    first = 200 * (1 - rate) + 25
    assert table.loc[("agents", 1), "expected"] == pytest.approx(first, abs=0.3)
    assert table.loc[("agents", 2), "expected"] == pytest.approx(first * (1 - rate) + 25, abs=0.5)
    # Beta-binomial: n·r·(1−r)·(n + a + b)/(a + b + 1)
    spread = np.sqrt(200 * rate * (1 - rate) * (200 + 301) / 302)
    row = table.loc[("agents", 1)]
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * spread, abs=2.5)
    assert table.loc[("leads", 1), "high"] == 20
    assert "agents" in project_headcount(groups)._repr_html_()
    with pytest.raises(InputError) as caught:
        project_headcount(groups.assign(left=[400, 0]))
    assert caught.value.params["columns"] == ["agents"]
    with pytest.raises(UsageError):
        project_headcount(groups, 0)


def test_headcount_follows_moves_and_hires():
    groups = pd.DataFrame(
        {
            "group": ["agents", "leads"],
            "now": [400, 60],
            "followed": [400, 60],
            "left": [80, 6],
            "hired": [70, 0],
        }
    )
    moves = pd.DataFrame({"origin": ["agents"], "to": ["leads"], "n": [20]})
    table = project_headcount(groups, moves=moves, length=0.5).tidy().set_index("group")
    # half of a window: shares r become 1 − √(1 − r); movers are of those who did not leave
    left, moved = 80.5 / 401, 20.5 / 321
    stay = np.sqrt(1 - left)
    assert table.loc["agents", "expected"] == pytest.approx(
        400 * stay * np.sqrt(1 - moved) + 70.5 / 2, abs=0.5
    )
    gained = 400 * stay * (1 - np.sqrt(1 - moved))
    lost = 60 * (1 - np.sqrt(1 - 6.5 / 61))
    assert table.loc["leads", "expected"] == pytest.approx(60 - lost + gained + 0.25, abs=0.4)
    planned = project_headcount(groups, hires={"agents": 100}).tidy().set_index("group")
    assert planned.loc["agents", "expected"] == pytest.approx(400 * (1 - left) + 100, abs=0.5)
    for wrong in (moves.assign(n=350), moves.assign(to="cooks")):
        with pytest.raises(InputError) as caught:
            project_headcount(groups, moves=wrong)
        assert caught.value.params["columns"] == ["agents"]
    with pytest.raises(UsageError):
        project_headcount(groups, length=0)


@needs(IBM)
@pytest.mark.rest
def test_ibm_logit_by_repeated_nested_folds():
    rows = pd.read_csv(IBM)
    rows["left"] = (rows["Attrition"] == "Yes").astype(int)
    features = [name for name in rows.columns if name not in ("left", "Attrition")]
    fit = fit_attrition(rows, "left", features, models=["logit"], repeats=2)
    score = fit.tidy().iloc[0]
    assert 0.82 < score["auc"] < 0.85
    assert 0.9 < score["calibration_slope"] < 1.1
    assert score["brier"] < 0.0935
    assert score["predicted"] == pytest.approx(score["observed"], abs=0.005)
    assert fit.leaks.identifiers == ("EmployeeNumber",)
    with pytest.raises(InputError) as caught:
        fit_attrition(rows.assign(again=rows["Attrition"]), "left", [*features, "again"], models=["logit"])
    assert caught.value.params["columns"] == ("again",)


@needs(CASE)
def test_the_case_study_holds_people_twice():
    rows = pd.read_csv(CASE)
    rows["left"] = (rows.pop("Attrition") == "Yes").astype(int)
    features = [name for name in rows.columns if name != "left"]
    leaks = check_leaks(rows, "left", features)
    assert leaks.identifiers == ("EmployeeID",)
    assert leaks.duplicates == 2912
    assert not leaks.serious
    assert check_leaks(rows, "left", [f for f in features if f != "EmployeeID"]).duplicates == 2912


def company(rng, months, state):
    """Let people leave, move and be hired month by month; return groups by person (−1: gone)."""
    leave, move, hire = (0.015, 0.03), (0.004, 0.0), (6.0, 1.0)
    for _ in range(months):
        lot = rng.random(len(state))
        for group in (0, 1):
            own = state == group
            state = np.where(own & (lot < leave[group]), -1, state)
            state = np.where(
                own & (lot >= leave[group]) & (lot < leave[group] + move[group]), 1 - group, state
            )
        state = np.concatenate([state, *(np.full(rng.poisson(hire[group]), group) for group in (0, 1))])
    return state


@pytest.mark.simulation
@pytest.mark.slow
@pytest.mark.parametrize(("watched", "years"), [(12, 1), (14, 3)])
def test_headcount_interval_covers(watched, years):
    """Counts of one window give intervals that hold what the same company comes to."""
    rng = np.random.default_rng(20261206)
    held, worlds = np.zeros(2), 400
    for seed in range(worlds):
        before = np.repeat([0, 1], [320, 60])
        now = company(rng, watched, before)
        known = now[: len(before)]
        groups = pd.DataFrame(
            {
                "group": [0, 1], "now": [(now == g).sum() for g in (0, 1)], "followed": [320, 60],
                "left": [((before == g) & (known < 0)).sum() for g in (0, 1)],
                "hired": [(now[len(before) :] == g).sum() for g in (0, 1)],
            }
        )  # fmt: skip
        moved = int(((before == 0) & (known == 1)).sum())
        paths = pd.DataFrame({"origin": [0], "to": [1], "n": [moved]})
        found = project_headcount(groups, years, moves=paths, length=12 / watched, seed=seed).tidy()
        last = found[found["period"] == years].set_index("group")
        later = company(rng, 12 * years, now)
        held += [last.loc[g, "low"] <= (later == g).sum() <= last.loc[g, "high"] for g in (0, 1)]
    assert (held / worlds > 0.92).all(), held
    assert (held / worlds < 0.99).all(), held
