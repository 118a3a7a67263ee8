"""Competence: gaps and what to train first, against outside tests and many worlds; ratings; activities."""

import numpy as np
import pandas as pd
import pytest
from growth_tables import (
    BEHIND,
    NAMES,
    SCALES,
    activities,
    cells,
    competence,
    competence_links,
    moments,
    profile,
    training,
)
from safe_tables import POLICY
from scipy.stats import false_discovery_control, ttest_1samp

from engage.errors import TooLittleData, UsageError
from engage.model import competence_gaps, training_plan
from engage.present import charts, sentences
from engage.present.tables import display
from engage.privacy import (
    release_activities,
    release_competence,
    release_profile,
    release_training,
    select_training,
)
from engage.words import LANGUAGES

IN_EVERY = pytest.mark.parametrize("names", NAMES, ids=LANGUAGES)
ROLES = {"agents": (2.9, 200), "leads": (3.6, 40)}
TARGETS = {"calm": {"agents": 3.0, "leads": 4.0}, "data": {"leads": 3.5}}


def people(rng, sizes=ROLES):
    rows = [
        pd.DataFrame({"role_group": role, "calm": rng.normal(mean, 0.7, n), "data": rng.normal(mean, 0.7, n)})
        for role, (mean, n) in sizes.items()
    ]
    frame = pd.concat(rows, ignore_index=True)
    frame.loc[:3, "calm"] = np.nan
    return frame


# ------------------------------------------------------------------ gaps


def test_gaps_are_one_sample_t_tests_adjusted_over_the_table():
    frame = people(np.random.default_rng(1))
    found = competence_gaps(frame, TARGETS, level=0.9)
    pairs = [("agents", "calm", 3.0), ("leads", "calm", 4.0), ("leads", "data", 3.5)]
    tests = []
    for (role, scale, target), row in zip(pairs, found.tidy().to_dict("records"), strict=True):
        values = frame.loc[frame["role_group"] == role, scale].dropna()
        test = ttest_1samp(values, target)
        low, high = test.confidence_interval(0.9)
        assert (row["role"], row["scale"], row["n"]) == (role, scale, len(values))
        assert row["gap"] == pytest.approx(target - values.mean())
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((target - high, target - low))
        assert row["p_value"] == pytest.approx(test.pvalue)
        tests.append(test.pvalue)
    table = found.tidy()
    assert table["p_adjusted"].to_numpy() == pytest.approx(false_discovery_control(tests))
    assert table.set_index(["role", "scale"]).loc[("leads", "calm"), "verdict"] == "short"
    assert "leads" in found._repr_html_()


def test_what_can_have_no_gap_is_refused():
    frame = people(np.random.default_rng(1))
    with pytest.raises(UsageError):
        competence_gaps(frame, {"nothing": {"agents": 3}})
    with pytest.raises(TooLittleData) as caught:
        competence_gaps(frame, {"calm": {"cooks": 3}})
    assert caught.value.code == "model.no_levels"


def test_what_to_train_first():
    gaps = pd.DataFrame(
        [
            ("a", "calm", 0.4, 0.3, 0.5, "short"),
            ("b", "calm", 0.6, 0.5, 0.7, "short"),
            ("back", "calm", 0.9, 0.8, 1.0, "short"),
            ("a", "data", 0.7, 0.6, 0.8, "short"),
            ("a", "luck", 0.5, 0.4, 0.6, "short"),
            ("b", "data", 0.1, -0.1, 0.3, "met"),
        ],
        columns=["role", "scale", "gap", "ci_low", "ci_high", "verdict"],
    )
    slopes = pd.DataFrame(
        [("calm", 2.0, 1.0, 3.0, True), ("data", 1.0, -1.0, 3.0, False), ("luck", -2.0, -3.0, -1.0, True)],
        columns=["scale", "slope", "slope_low", "slope_high", "sure"],
    )
    plan = training_plan(gaps, slopes, {"a": True, "b": True})
    # first by gap × slope where that is known; then by gap: no service, no sure slope, a slope below nothing
    assert list(zip(plan["role"], plan["scale"], strict=True)) == [
        ("b", "calm"),
        ("a", "calm"),
        ("back", "calm"),
        ("a", "data"),
        ("a", "luck"),
    ]
    assert plan["rank"].tolist() == [1, 2, 3, 4, 5]
    assert plan["gain"].iloc[:2].tolist() == pytest.approx([1.2, 0.8])
    assert plan["gain"].iloc[2:].isna().all()
    gap, slope = 0.1 / 1.959964, 1.0 / 1.959964
    error = np.sqrt(0.6**2 * slope**2 + 2.0**2 * gap**2 + gap**2 * slope**2)
    assert plan["gain_high"].iloc[0] == pytest.approx(1.2 + 1.959964 * error)
    assert training_plan(gaps[gaps["verdict"] == "met"], slopes, {}).empty


# ------------------------------------------------------------------ intervals hold


def released_gaps(rng, truth, sizes):
    """The released intervals of three roles' gaps, answers of three items from 1 to 5."""
    parts = {
        role: np.clip(np.rint(rng.normal(level, 0.6, (n, 1)) + rng.normal(0, 0.5, (n, 3))), 1, 5).mean(axis=1)
        for (role, level), n in zip(truth.items(), sizes, strict=True)
    }
    whole = np.concatenate(list(parts.values()))
    table = pd.DataFrame(
        {
            "role_group": list(parts),
            "scale": "calm",
            "n": [len(x) for x in parts.values()],
            "n_band": None,
            "mean": [round(x.mean(), 1) for x in parts.values()],
            "hidden_reason": None,
        }
    ).astype({"n": "Int64"})
    total = pd.DataFrame(
        {"scale": ["calm"], "n": [float(len(whole))], "mean": [whole.mean()], "var": [whole.var(ddof=1)]}
    )
    found = release_competence(table, total, {"calm": dict.fromkeys(parts, 4)}, "role_group", {}, POLICY)
    return found.tidy().set_index("role_group")


def held(worlds, seed):
    rng = np.random.default_rng(seed)
    levels = {"a": 2.6, "b": 3.3, "c": 3.9}
    far = {
        role: 4
        - np.clip(np.rint(rng.normal(m, 0.6, (50_000, 1)) + rng.normal(0, 0.5, (50_000, 3))), 1, 5).mean()
        for role, m in levels.items()
    }
    hits = []
    for _ in range(worlds):
        found = released_gaps(rng, levels, (25, 80, 300))
        hits.append([found.loc[r, "ci_low"] <= far[r] <= found.loc[r, "ci_high"] for r in levels])
    return np.mean(hits, axis=0)


def test_released_gaps_hold_the_truth():
    assert (held(12, 5) > 0.7).all()


@pytest.mark.simulation
@pytest.mark.slow
def test_released_gaps_hold_the_truth_in_many_worlds():
    found = held(2000, 6)
    assert (found > 0.94).all(), found  # rounded outwards: rather too wide


def gains_held(worlds, seed):
    """How often the interval of a gain holds the product of true gap and true slope; a world a row."""
    rng, one = np.random.default_rng(seed), 1.959964
    gap, slope = rng.normal(0.4, 0.1, worlds), rng.normal(2.0, 0.5, worlds)
    scales = [f"s{k}" for k in range(worlds)]
    gaps = pd.DataFrame(
        {
            "role": "a",
            "scale": scales,
            "gap": gap,
            "ci_low": gap - 0.1 * one,
            "ci_high": gap + 0.1 * one,
            "verdict": "short",
        }
    )
    slopes = pd.DataFrame(
        {
            "scale": scales,
            "slope": slope,
            "slope_low": slope - 0.5 * one,
            "slope_high": slope + 0.5 * one,
            "sure": True,
        }
    )
    plan = training_plan(gaps, slopes, {"a": True})
    known = plan[plan["known"]]
    assert len(known) > 0.99 * worlds
    return ((known["gain_low"] <= 0.8) & (known["gain_high"] >= 0.8)).mean()


def test_the_interval_of_a_gain_holds():
    assert 0.92 < gains_held(2000, 8) < 0.98


@pytest.mark.simulation
@pytest.mark.slow
def test_the_interval_of_a_gain_holds_in_many_worlds():
    assert 0.93 < gains_held(50_000, 9) < 0.97


def ratings_held(worlds, seed):
    rng, hits = np.random.default_rng(seed), []
    true = {"T0": 2.4, "T1": 3.1, "T2": 3.7}
    for _ in range(worlds):
        team = np.repeat(list(true), (8, 20, 60))
        rows = pd.DataFrame({"team": team, "value": rng.normal([true[one] for one in team], 0.7)})
        people = pd.Series(dict.fromkeys(true, 20))
        found = (
            release_profile(rows, ["value"], people, {}, POLICY)
            .tidy()
            .dropna(subset=["team"])
            .set_index("team")
        )
        hits.append([found.loc[t, "ci_low"] <= m <= found.loc[t, "ci_high"] for t, m in true.items()])
    return np.mean(hits, axis=0)


def test_released_ratings_hold_the_truth():
    assert (ratings_held(10, 12) > 0.65).all()


@pytest.mark.simulation
@pytest.mark.slow
def test_released_ratings_hold_the_truth_in_many_worlds():
    assert (ratings_held(1500, 13) > 0.94).all()


# ------------------------------------------------------------------ the gate


def test_gaps_are_made_of_what_the_close_released():
    frame = competence().tidy().set_index(["role_group", "scale"])
    row = frame.loc[("management", "coaching")]
    assert (row["mean"], row["target"], row["gap"], row["verdict"]) == (3.2, 4.0, 0.8, "short")
    assert row["ci_low"] <= 0.8 <= row["ci_high"]
    band = frame.loc[("smart_service", "coaching")]
    assert (pd.isna(band["n"]), band["n_band"], band["verdict"]) == (True, "10-19", "met")
    # of a band only the lower end is read: whoever has ten to nineteen answers gets the same interval
    assert frame.loc[("management", "data_use"), "verdict"] == "beyond"
    hidden = competence({"coaching": {"support": 4, "management": 4}}).tidy().set_index("role_group")
    assert hidden.loc["support", "hidden_reason"] == "too_few"
    assert hidden.loc["support", ["gap", "mean"]].isna().all()
    absent = competence({"coaching": {"nobody": 4, "management": 4}}).tidy().set_index("role_group")
    assert absent.loc["nobody", "hidden_reason"] == "not_published"
    with pytest.raises(TooLittleData):
        release_competence(cells(), moments(), {"coaching": {"support": 4}}, "role_group", {}, POLICY)


def test_a_training_plan_is_made_of_released_tables_only():
    frame = training().tidy()
    first = frame[frame["outcome"] == "csat"].iloc[0]
    assert (first["role"], first["scale"], bool(first["known"])) == ("management", "coaching", True)
    assert first["gain"] == pytest.approx(0.8 * 2.0)
    assert not frame.loc[frame["outcome"] == "quality", "known"].any()
    assert set(select_training(training(), "csat").tidy()["outcome"]) == {"csat"}
    with pytest.raises(TypeError):
        release_training(competence_links(), competence(), (), {})


def test_ratings_of_small_teams_are_hidden_with_one_that_covers_them():
    frame = profile().tidy()
    teams = frame[frame["team"].notna()]
    why = teams.groupby("team")["hidden_reason"].agg(
        lambda own: own.dropna().iloc[0] if own.notna().any() else ""
    )
    assert why.to_dict() == {"T0": "", "T1": "", "T2": "complement", "T3": "too_few"}
    assert frame.loc[frame["team"].isna(), "mean"].notna().all()
    assert teams.loc[teams["team"] == "T3", ["n", "mean", "ci_low"]].isna().to_numpy().all()
    unknown = release_profile(
        pd.DataFrame({"team": ["A"] * 30 + ["B"] * 30, "value_insight": 3.0 + np.arange(60) % 2}),
        SCALES[:1],
        pd.Series({"A": 30}),
        {},
        POLICY,
    ).tidy()
    assert (
        unknown.loc[unknown["team"].notna(), "mean"].isna().all()
    )  # B's size is not known; A would give it back


def test_a_model_of_activities_needs_what_any_model_needs():
    assert (
        activities().tidy().set_index(["activity", "outcome"]).loc[("service_stars", "quality"), "estimate"]
        is not None
    )
    few = BEHIND.__class__(n=12, people=12, coefficients=2, df=10, differing=11, team=5)
    with pytest.raises(TooLittleData):
        release_activities(pd.DataFrame(), {}, POLICY, behind=[few])


# ------------------------------------------------------------------ words and charts


@IN_EVERY
def test_words_say_n_and_doubt(names):
    headline = sentences.competence(competence(), names)[0]
    for part in ("2026H1", "60", "0,8" if names.lang == "ru" else "0.8", "95%"):
        assert part in headline
    first, other = sentences.trainings(training(), names)
    assert "43" in first
    assert "95%" in first
    assert "43" in other
    lines = sentences.profile(profile(), names)
    assert "74" in lines[0]
    assert len(lines) == 3
    told = sentences.activities(activities(), names)
    assert "176" in told[0]
    assert len(told) == 3
    assert len(sentences.activities(activities(p=0.5), names)) == 2
    drawn = [
        charts.competence(competence(), names),
        charts.competence(competence(), names, role="management"),
        charts.profile(profile(), names),
        charts.profile(profile(), names, team="T0"),
        charts.activities(activities(), names, "recognition"),
    ]
    assert all(chart.to_dict()["layer"] for chart in drawn)
    for table in (competence(), training(), profile(), activities()):
        assert len(display(table, names)) == len(table)
