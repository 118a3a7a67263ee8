"""Head-counts beside a plan: against an exact Markov chain, in many worlds, through the gate, in words."""

from itertools import product
from math import comb

import numpy as np
import pandas as pd
import pytest
from growth_tables import NAMES, place_counts, places, staff_rows, workforce
from safe_tables import POLICY
from scipy.stats import chi2_contingency, false_discovery_control

from engage.errors import InputError, UsageError
from engage.model import project_headcount, workforce_plan
from engage.present import charts, sentences
from engage.present.tables import display
from engage.privacy import release_places
from engage.words import LANGUAGES
from engage.workspace.grading import _halfway

IN_EVERY = pytest.mark.parametrize("names", NAMES, ids=LANGUAGES)
SURE = 10**9
"""So many people followed leave no doubt about a rate."""


# ------------------------------------------------------------------ stock and flow, exactly


def binomial(n, p):
    return [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]


def exact(now, leave, move, periods):
    """The distribution of (A, B) after some periods: people leave, then of the rest of A some move to B."""
    found = {now: 1.0}
    for _ in range(periods):
        later: dict[tuple[int, int], float] = {}
        for (a, b), p in found.items():
            for gone_a, gone_b in product(range(a + 1), range(b + 1)):
                chance = p * binomial(a, leave[0])[gone_a] * binomial(b, leave[1])[gone_b]
                for moved in range(a - gone_a + 1):
                    state = (a - gone_a - moved, b - gone_b + moved)
                    step = chance * binomial(a - gone_a, move)[moved]
                    later[state] = later.get(state, 0.0) + step
        found = later
    return found


def test_it_is_the_exact_markov_chain_where_rates_are_known():
    leave, move, now = (0.2, 0.35), 0.3, (4, 3)
    groups = pd.DataFrame(
        {"group": ["a", "b"], "now": now, "followed": SURE, "left": [int(p * SURE) for p in leave]}
    )
    paths = pd.DataFrame({"origin": ["a"], "to": ["b"], "n": [int(move * (1 - leave[0]) * SURE)]})
    plan = pd.DataFrame({"group": ["a", "b"], "year": 2028, "target": [2, 3]})
    found = workforce_plan(groups, plan, {2027: 1.0, 2028: 2.0}, moves=paths, seed=4).tidy()
    for year, periods in ((2027, 1), (2028, 2)):
        chances = exact(now, leave, move, periods)
        assert sum(chances.values()) == pytest.approx(1)
        own = found[found["year"] == year].set_index("group")
        for place, group in enumerate("ab"):
            mean = sum(p * state[place] for state, p in chances.items())
            share = sum(p * state[place] / max(sum(state), 1) for state, p in chances.items())
            assert own.loc[group, "expected"] == pytest.approx(mean, abs=0.03)
            assert own.loc[group, "share"] == pytest.approx(share, abs=0.01)
            if year == 2028:
                reached = sum(p for state, p in chances.items() if state[place] >= (2, 3)[place])
                assert own.loc[group, "chance"] == pytest.approx(reached, abs=0.015)
                assert own.loc[group, "verdict"] == "within"
    assert found[found["year"] == 2027]["target"].isna().all()


def test_rates_compound_over_steps_of_any_length_and_leaving_scales_the_hazard():
    groups = pd.DataFrame({"group": ["a"], "now": [100_000], "followed": [SURE], "left": [int(0.2 * SURE)]})
    nothing = pd.DataFrame({"group": [], "year": [], "target": []})
    found = workforce_plan(groups, nothing, {1: 0.25, 2: 1.0, 3: 2.5}).tidy()
    assert found["expected"].to_numpy() == pytest.approx(100_000 * 0.8 ** np.array([0.25, 1, 2.5]), rel=3e-3)
    halved = workforce_plan(groups, nothing, {2: 1.0}, leaving=0.5).tidy()
    assert halved["expected"].iloc[0] == pytest.approx(100_000 * np.sqrt(0.8), rel=2e-3)
    nobody = workforce_plan(groups, nothing, {2: 1.0}, leaving=0.0).tidy()
    assert nobody[["expected", "low", "high"]].to_numpy().tolist() == [[100_000.0] * 3]
    assert found["verdict"].isna().all()
    assert found["share"].tolist() == [1.0] * 3


def test_equal_steps_are_project_headcount():
    rows = staff_rows()
    paths = pd.DataFrame({"origin": ["agents"], "to": ["leads"], "n": [12]})
    plan = pd.DataFrame({"group": ["agents"], "year": [3], "target": [280]})
    found = workforce_plan(rows, plan, {1: 0.8, 2: 1.6, 3: 2.4}, moves=paths, seed=7)
    same = project_headcount(rows, 3, moves=paths, length=0.8, seed=7).tidy()
    both = found.tidy().merge(same, left_on=["group", "year"], right_on=["group", "period"])
    assert len(both) == 6
    assert both["expected_x"].to_numpy() == pytest.approx(both["expected_y"].to_numpy(), rel=1e-12)
    assert "agents" in found._repr_html_()
    last = found.tidy().query("group == 'agents' and year == 3").iloc[0]
    assert last["difference"] == pytest.approx(last["expected"] - 280)
    assert np.isnan(last["target_share"])  # the other group has no target


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ahead": {2027: 0.0}}, "model.bad_horizon"),
        ({"ahead": {}}, "model.bad_horizon"),
        ({"leaving": -0.1}, "model.bad_leaving"),
        ({"plan": pd.DataFrame({"group": ["cooks"], "year": 1, "target": 2})}, "model.bad_plan"),
        ({"plan": pd.DataFrame({"group": ["agents"] * 2, "year": 1, "target": 2})}, "model.bad_plan"),
    ],
)
def test_what_makes_no_plan_is_refused(change, code):
    call = {"plan": pd.DataFrame({"group": ["agents"], "year": 1, "target": 2}), "ahead": {1: 1.0}} | change
    ahead = call.pop("ahead")
    plan = call.pop("plan")
    with pytest.raises(UsageError) as caught:
        workforce_plan(staff_rows(), plan, ahead, **call)
    assert caught.value.code == code
    with pytest.raises(InputError):
        workforce_plan(staff_rows().assign(left=[900, 0]), plan.iloc[:0], {1: 1.0})


# ------------------------------------------------------------------ intervals hold, over many worlds


def coverage(worlds, first, steps):
    """How often head-counts and shares lie within their intervals after periods that end at ``steps``."""
    rng, held = np.random.default_rng(first), []
    leave, move, hire = (0.18, 0.1), (0.05, 0.0), (60, 9)
    for seed in range(first, first + worlds):

        def on(state, length):
            out = np.array(state, dtype=int)
            for group in (0, 1):
                out[group] -= rng.binomial(state[group], 1 - (1 - leave[group]) ** length)
            moved = rng.binomial(out[0], 1 - (1 - move[0]) ** length)
            out += np.array([-moved, moved])
            return out + rng.poisson(np.array(hire) * length)

        watched = (350, 90)
        left = [rng.binomial(n, p) for n, p in zip(watched, leave, strict=True)]
        moved = rng.binomial(watched[0] - left[0], move[0])
        rows = pd.DataFrame(
            {"group": [0, 1], "now": [340, 95], "followed": watched, "left": left, "hired": rng.poisson(hire)}
        )
        paths = pd.DataFrame({"origin": [0], "to": [1], "n": [moved]})
        nothing = pd.DataFrame({"group": [], "year": [], "target": []})
        found = workforce_plan(rows, nothing, dict(enumerate(steps)), moves=paths, seed=seed).tidy()
        last = found[found["year"] == len(steps) - 1].set_index("group")
        later = np.array((340, 95))
        for length in np.diff([0.0, *steps]):
            later = on(later, length)
        for group in (0, 1):
            share = later[group] / later.sum()
            row = last.loc[group]
            held.append(
                (row["low"] <= later[group] <= row["high"], row["share_low"] <= share <= row["share_high"])
            )
    return np.mean(held, axis=0)


def test_intervals_hold():
    assert (coverage(12, 11, [0.9]) > 0.8).all()


@pytest.mark.simulation
@pytest.mark.slow
def test_intervals_hold_in_many_worlds():
    found = coverage(1000, 20_000, [0.3, 1.4, 2.5])
    assert (found > 0.92).all(), found
    assert (found < 0.99).all(), found


# ------------------------------------------------------------------ the gate


def test_small_groups_are_hidden_and_numbers_are_coarse():
    table = workforce()
    frame = table.tidy()
    hidden = frame[frame["hidden_reason"].notna()].set_index("role_group")
    # eleven cooks are too few; the next smallest goes with them, or the rest would give them back
    assert hidden["hidden_reason"].to_dict() == {"cooks": "too_few", "leads": "complement"}
    assert hidden[["expected", "share", "target", "difference"]].isna().to_numpy()[:, :2].all()
    shown = frame[frame["hidden_reason"].isna()]
    assert set(shown["role_group"]) == {"agents", "chat"}
    chat = shown[shown["role_group"] == "chat"]
    assert (chat["expected"] % 5 == 0).all()
    assert (shown["share"] * 100).round(6).apply(float.is_integer).all()
    ahead = shown[shown["part"] == "ahead"]
    assert (ahead["low"] <= ahead["expected"]).all()
    assert ahead["chance"].between(0.05, 0.95).all()
    assert (ahead["difference"] == ahead["expected"] - ahead["target"]).all()


def test_without_small_groups_everything_is_shown():
    frame = workforce(cooks=35).tidy()
    assert frame["hidden_reason"].isna().all()
    assert frame["role_group"].nunique() == 4


def test_places_by_the_external_tests():
    table = places()
    frame = table.tidy()
    whole = frame[frame["by"] == ""].iloc[0]
    assert (int(whole["n"]), whole["share"]) == (200, 0.5)
    counts = place_counts()
    tests = {}
    for by, own in counts[counts["by"] != ""].groupby("by"):
        if by != "star":
            tests[by] = chi2_contingency(
                np.column_stack([own["accepted"], own["applied"] - own["accepted"]])
            ).pvalue
    adjusted = dict(zip(tests, false_discovery_control(list(tests.values())), strict=True))
    assert adjusted["contract"] < 0.001
    assert frame.loc[frame["by"] == "contract", "p_value"].tolist() == [0.001, 0.001]
    assert adjusted["role_group"] > 0.1
    assert frame.loc[frame["by"] == "role_group", "p_value"].tolist() == [1.0, 1.0]
    few = frame[frame["by"] == "star"].set_index("group")
    assert few["p_value"].isna().all()  # three people with one star: too few are expected
    assert few["hidden_reason"].fillna("").to_dict() == {"1": "too_few", "2": "complement", "3": ""}
    assert few.loc["1", ["n", "share"]].isna().all()


def test_nobody_got_or_everybody_got_is_at_most_and_at_least():
    counts = pd.DataFrame({"programme": "p", "by": "", "group": "", "applied": [40], "accepted": [0]})
    row = release_places(counts, POLICY).tidy().iloc[0]
    assert row["share"] > 0
    assert row["ci_low"] == 0.0


def test_a_step_between_two_lists_is_put_halfway():
    days = pd.to_datetime(["2025-01-01", "2025-07-01", "2026-01-01"])
    rows = pd.DataFrame({"respondent": "p", "as_of": days, "star": [2.0, 2.0, 3.0]})
    made = _halfway(rows)
    added = made[~made["as_of"].isin(days)]
    assert added["as_of"].tolist() == [pd.Timestamp("2025-10-01")]
    assert added["star"].tolist() == [3.0]


# ------------------------------------------------------------------ words and charts


@IN_EVERY
def test_words_say_the_plan_n_and_doubt(names):
    table = workforce()
    headline, mix, *rest = sentences.workforce(table, names)
    assert "2028" in headline
    assert "745" in headline
    assert "95%" in headline
    assert "95%" in mix
    assert len(rest) == 2  # what is hidden, and what the plan names that nobody is in
    assert "pilots" in rest[1]
    free = sentences.workforce(workforce(planned=False), names)
    assert "745" not in free[0]
    off = sentences.workforce(workforce(ahead=False), names)[0]
    assert "2026-10-31" in off
    changed = sentences.leaving_changed(workforce(leaving=0.8), table, names)
    assert "20" in changed
    for share in (False, True):
        assert charts.workforce(table, names, share=share).to_dict()["layer"]
    assert len(display(table, names)) == len(table)


@IN_EVERY
def test_words_say_where_places_differ(names):
    lines = sentences.places(places(), names)
    assert "200" in lines[0]
    assert len(lines) == 4
    assert "70%" in lines[1] + lines[2] + lines[3]
