"""Two-factor test, what-if, outcomes side by side, leaving: the gate, its oracles, words and charts."""

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from analysis_tables import (
    TOLD,
    every_kind,
    grid,
    leaving,
    lever_rows,
    no_paths,
    outcome_rows,
    outcomes,
    pairs,
    paths,
    staying,
    two_factor,
    verdicts,
)
from safe_tables import FACTORS, INSTRUMENT, POLICY, driver_table, support
from workspace_inputs import PULSE, answers, as_csv
from workspace_inputs import people as staff_of

from engage.errors import InputError, TooLittleData, UsageError
from engage.model import what_if
from engage.present import charts, sentences
from engage.present.labels import Names
from engage.present.tables import display
from engage.privacy import load_policy, release_levers, release_outcomes, release_two_factor
from engage.words import LANGUAGES
from engage.workspace import Workspace
from engage.workspace.levers import levers
from engage.workspace.linking import Survey
from engage.workspace.two_factor import two_factor as factors_tested

EVERY = [Names(INSTRUMENT, lang) for lang in LANGUAGES]
EN = Names(INSTRUMENT, "en")
IN_EVERY = pytest.mark.parametrize("names", EVERY, ids=LANGUAGES)


def number(text, names):
    return text.replace(".", ",") if names.lang == "ru" else text


# ------------------------------------------------------------------ two-factor test


def test_a_two_factor_table_is_rounded_and_holds_named_columns_only():
    table = two_factor(refused=["withdrawal"])
    frame = table.tidy()
    shown = frame.dropna(subset=["verdict"])
    assert not {"std_error", "p_value"} & set(frame.columns)
    for name in ("low", "high", "difference", "ci_low", "ci_high"):
        assert (shown[name] == shown[name].round(2)).all()
    assert set(shown["p_adjusted"]) == {0.01}
    hidden = frame[frame["outcome"] == "withdrawal"]
    assert hidden["hidden_reason"].tolist() == ["too_few_rows"]
    assert hidden.drop(columns=["outcome", "hidden_reason"]).isna().all(axis=None)
    assert table.notes == {"n": 1912, "waves": ("2026H1",)}


THRESHOLDS = [
    ({"people": 29}, "model_too_small"),
    ({"coefficients": 192}, "model_rows"),
    ({"leverage_known": 0.76}, "model_leverage"),
    ({"category": 4}, "model_category"),
]


@pytest.mark.parametrize(("facts", "code"), THRESHOLDS)
@pytest.mark.parametrize("made", [two_factor, grid])
def test_every_outcome_needs_what_every_model_needs(made, facts, code):
    with pytest.raises(TooLittleData) as caught:
        made(**facts)
    assert caught.value.code == f"privacy.{code}"


def test_every_row_has_its_support_and_stands_once():
    table = verdicts()
    behind = dict.fromkeys(table["outcome"].unique(), support())
    with pytest.raises(TypeError):
        release_two_factor(pd.concat([table, table]), (), (), POLICY, behind=behind)
    with pytest.raises(TypeError):
        release_two_factor(table, (), (), POLICY, behind={"pride": support()})
    rows = lever_rows()
    with pytest.raises(TypeError):
        release_levers(rows, pairs(("pay",), 0, "person"), (), POLICY, behind={"engagement": support()})
    rows = outcome_rows()
    with pytest.raises(TypeError):
        release_outcomes(pd.concat([rows, rows]), (), POLICY, behind=[support()])


def survey(n, *, without=0, waves=("2026H1",)):
    """Return answers of n people in 40 teams; some have no team, so no comment tone."""
    rng = np.random.default_rng(8)
    parts = []
    for place, wave in enumerate(waves):
        team = np.arange(n) % 40
        trait = rng.normal(size=(n, 2)) + rng.normal(0, 0.4, (40, 2))[team]
        given = np.clip(np.round(2 * (3 + trait)) / 2, 1, 5)
        mood = 3 + np.minimum(given[:, 0] - 3, 0) + 0.4 * trait[:, 1] + rng.normal(0, 0.5, n)
        frame = pd.DataFrame(given, columns=["pay", "growth"]).assign(
            job_search=np.clip(np.round(6 - mood), 1, 5), wave=wave, comment_tone=rng.normal(size=n),
            respondent=[f"P{i}" for i in range(n)], team=[f"t{t}" for t in team],
            date=pd.Timestamp("2026-01-01") + pd.Timedelta(days=180 * place),
        )  # fmt: skip
        frame.loc[frame.index[:without], "comment_tone"] = np.nan
        parts.append(frame)
    roles = {"pay": "hygiene", "growth": "motivator", "job_search": "strain"}
    return Survey(pd.concat(parts, ignore_index=True), roles, ("team",), ())


def test_the_rows_are_those_of_the_driver_model():
    """Two sums that differ by one person's answer would give it away."""
    found = factors_tested(survey(900, without=1), POLICY)
    assert {support.n for support in found.behind.values()} == {899}
    pay = found.table.set_index("driver").loc["pay"]
    assert pay["verdict"] == "hygiene_like"
    assert pay["low"] < -0.5 < pay["high"]


def test_the_support_counts_both_sides_and_the_slope_of_every_factor():
    found = factors_tested(survey(900), POLICY).behind["job_search"]
    assert found.coefficients == 1 + 3 * 2 + 1  # intercept, three columns of two factors, the comments' tone
    assert found.category >= 50
    with pytest.raises(TooLittleData):
        factors_tested(survey(25), POLICY)


@IN_EVERY
def test_two_factor_words_and_charts(names):
    table = two_factor(refused=["withdrawal"])
    headline, largest, theory, untold = sentences.two_factor(table, names)
    assert "95%" in largest
    assert number("0.37", names) in largest
    assert "912" in headline
    assert names.inline(names.scale("pay")) in headline
    assert {"3", "4"} <= set(theory)
    assert "38" in untold
    assert "42" in untold
    (only, *_) = sentences.two_factor(two_factor(()), names)
    assert "14" in only
    said = sentences.two_factor_on(table, "job_search", names)
    assert names.inline(names.scale("pay")) in said
    for text in ("0.51", "0.04", "0.37", "0.57"):
        assert number(text, names) in said
    drawn = charts.verdict_grid(table, names).to_dict()
    assert max(len(rows) for rows in drawn["datasets"].values()) == 42


def test_the_map_turns_strain_so_that_up_and_right_are_good():
    drawn = charts.two_factor_map(two_factor(), "job_search", EN).to_dict()
    points = next(rows for rows in drawn["datasets"].values() if len(rows) == len(FACTORS))
    pay = next(row for row in points if row["driver"] == "pay")
    assert (pay["low"], pay["high"]) == (0.51, 0.04)
    ends = sorted([pay["a_y"] - pay["a_x"], pay["b_y"] - pay["b_x"]])
    assert ends == pytest.approx([-0.57, -0.37])
    assert pay["a_x"] + pay["a_y"] == pytest.approx(0.55)
    hidden = two_factor(TOLD, ["withdrawal"])
    assert "too few people" in sentences.two_factor_on(hidden, "withdrawal", EN)
    assert "too few people" in str(charts.two_factor_map(hidden, "withdrawal", EN).to_dict())


# ------------------------------------------------------------------ what-if


@pytest.fixture(scope="module")
def asked():
    """A grid worked out from 800 people asked twice, and those of the newest wave."""
    every = survey(800, waves=("2025H2", "2026H1"))
    newest = Survey(every.frame[every.frame["wave"] == "2026H1"], every.roles, every.groups, ())
    ends = dict.fromkeys(("pay", "growth", "job_search"), (1.0, 5.0))
    found = levers(newest, every, SimpleNamespace(tables={}), ends, POLICY)
    released = release_levers(found.table, found.together, found.refused, POLICY, behind=found.behind)
    return released, newest.frame, ends


def directly(frame, ends, changes):
    caps = {name: abs(change) for name, change in changes.items()}
    drivers = ("pay", "growth", "comment_tone")
    found = what_if(frame, ["job_search"], drivers, changes, caps, cluster="team", scales=ends)
    return found.effects.iloc[0]


@pytest.mark.parametrize("changes", [{"pay": 0.1}, {"growth": -0.1}, {"pay": -0.1, "growth": 0.1},
                                     {"pay": 0.1, "growth": 0.1}])  # fmt: skip
def test_answers_from_the_grid_agree_with_models_of_the_people(asked, changes):
    """Changes agree to a hundredth; the interval is hardly narrower, and seldom much wider."""
    released, frame, ends = asked
    answer = released.answer(changes).tidy().iloc[0]
    exact = directly(frame, ends, changes)
    assert answer["change"] == pytest.approx(exact["change"], abs=0.01)
    half, wide = (answer["ci_high"] - answer["ci_low"]) / 2, (exact["ci_high"] - exact["ci_low"]) / 2
    assert 0.9 * wide - 0.001 <= half <= 1.6 * wide + 0.001
    assert answer["n"] == exact["n"]


def test_a_change_is_cut_to_the_usual_one_and_nothing_leaves_the_scale():
    answer = grid().answer({"pay": 2.0})
    assert answer.notes["capped"] == ("pay",)
    assert answer.notes["changes"] == ("pay=+0.30",)
    rows = answer.tidy().set_index("outcome")
    assert rows.loc["engagement", "change"] == pytest.approx(0.064)
    steep = lever_rows(("job_search",), ("pay",)).assign(now=1.2, change=-0.5, ci_low=-0.6, ci_high=-0.4)
    released = release_levers(steep, pairs(("pay",), 0, "person"), (), POLICY,
                              behind={"job_search": support()})  # fmt: skip
    row = released.answer({"pay": 0.3}).tidy().iloc[0]
    assert (row["change"], row["ci_low"]) == (-0.2, -0.2)


def test_several_changes_add_up_and_their_errors_never_cancel():
    one, other = (
        grid(r=0.4).answer({"pay": 0.3}).tidy().iloc[0],
        grid(r=0.4).answer({"growth": 0.3}).tidy().iloc[0],
    )
    for r, signs in ((0.7, (1, 1)), (0.7, (1, -1)), (-0.4, (1, 1))):
        both = grid(r=r).answer({"pay": 0.3 * signs[0], "growth": 0.3 * signs[1]}).tidy().iloc[0]
        assert both["change"] == pytest.approx(
            signs[0] * one["change"] + signs[1] * other["change"], abs=0.002
        )
        independent = np.sqrt(2) * (one["ci_high"] - one["ci_low"]) / 2
        half = (both["ci_high"] - both["ci_low"]) / 2
        assert half >= independent - 0.001
        same_way = (r > 0) != (signs[0] == signs[1])
        assert (half > independent + 0.0015) == same_way


def test_composites_stand_for_their_factors_and_teams_know_nothing_finer():
    rows = grid().answer({"motivator": 0.2}).tidy().set_index("outcome")
    apart = grid().answer({"recognition": 0.2, "growth": 0.2}).tidy().set_index("outcome")
    pd.testing.assert_frame_equal(rows, apart)
    half = grid().answer({"growth": 0.2}).tidy().set_index("outcome")
    assert half.loc["csat", "change"] == pytest.approx(rows.loc["csat", "change"] / 2, abs=0.001)
    supervisor = lever_rows(("engagement",), ("supervisor",))
    table = pd.concat([supervisor, lever_rows(("csat",))])
    together = pd.concat([pairs(("supervisor",), 0, "person"), pairs(("hygiene", "motivator"), 0.4, "team")])
    behind = {"engagement": support(), "csat": support()}
    found = release_levers(table, together, (), POLICY, behind=behind).answer({"supervisor": 0.3}).tidy()
    assert found["hidden_reason"].tolist() == [None, "no_lever"]


def test_far_changes_are_refused_by_the_rule_of_the_models():
    """Under normal answers, as many people end up far out as the rule counts (by simulation)."""
    rng = np.random.default_rng(3)
    p, r = 3, 0.9
    released = grid(("engagement",), r=r)
    covariance = np.full((p, p), r) + (1 - r) * np.eye(p)
    people = rng.multivariate_normal(np.zeros(p), covariance, 200_000)
    inverse = np.linalg.inv(covariance)

    def far(changes):
        moved = people + np.array([changes.get(d, 0) for d in ("pay", "recognition", "growth")]) / 0.9
        now, then = (np.einsum("ij,jk,ik->i", x, inverse, x) for x in (people, moved))
        return (then > np.quantile(now, 0.99)).mean() > 0.05

    seen = set()
    for changes in ({"pay": 0.3}, {"pay": 0.3, "growth": 0.3}, {"pay": 0.3, "growth": -0.3},
                    {"pay": 0.2, "growth": -0.2},
                    {"pay": 0.3, "recognition": 0.3, "growth": -0.3}):  # fmt: skip
        refused = released.answer(changes).tidy()["hidden_reason"].iloc[0] == "extrapolation"
        assert refused == far(changes), changes
        seen.add(refused)
    assert seen == {True, False}


def test_what_is_no_change_is_said():
    for changes in ({"luck": 0.1}, {"pay": 0.0}, {}):
        with pytest.raises(UsageError) as caught:
            grid().answer(changes)
        assert caught.value.code == "model.bad_change"


@IN_EVERY
def test_what_if_words_never_say_causes(names):
    found = grid()
    answer = found.answer({"pay": 0.4, "growth": -0.2})
    lines = sentences.what_if(answer, names)
    assert names.inline(names.driver("pay")) in lines[0]
    assert number("+0.30", names) in lines[0]
    assert number("−0.20", names) in lines[0]
    assert "912" in lines[0]
    assert any(names.inline(names.outcome("attrition")) in line for line in lines)
    assert not any(word in " ".join(lines) for word in ("cause", "effect", "导致", "造成", "вызыва"))
    assert "95%" in sentences.levers(found.levers, names)[0]
    assert "–" not in sentences.levers(found.levers, names, outcome="job_search")[0][:3]
    drawn = charts.what_if(answer, names).to_dict()
    assert max(len(rows) for rows in drawn["datasets"].values()) == 2  # leaving and teams are said in words


# ------------------------------------------------------------------ outcomes side by side


@IN_EVERY
def test_service_words_and_charts(names):
    table = outcomes()
    lines = sentences.service(table, names)
    assert names.inline(names.outcome("attrition")) in lines[0]
    assert "912" in lines[1]
    assert names.inline(names.outcome("quality")) in lines[-1]
    frame = table.tidy()
    assert frame.loc[frame["outcome"] == "quality", ["estimate", "n", "p_value"]].isna().all(axis=None)
    assert frame["estimate"].dropna().eq(frame["estimate"].dropna().round(3)).all()
    drawn = charts.outcomes(table, names).to_dict()
    assert max(len(rows) for rows in drawn["datasets"].values()) == 8
    assert number("0.800", names) in sentences.paths(paths(), names)[0]
    assert "92" in sentences.paths(paths(0.1), names)[0]
    assert len(no_paths()) == 0
    assert sentences.paths(no_paths(), names) != sentences.paths(paths(0.1), names)


# ------------------------------------------------------------------ leaving


def test_tenths_of_risk_are_taken_together_until_each_holds_leavers_and_stayers():
    frame = leaving().tidy()
    bins = frame[frame["part"] == "calibration"]
    left = np.array([2, 3, 6, 8, 10, 14, 17, 20, 30, 50])
    assert 1 < len(bins) < 10
    edges = [round(place * 10 / len(bins)) for place in range(len(bins) + 1)]
    groups = [left[a:b].sum() for a, b in itertools.pairwise(edges)]
    assert min(groups) >= 5
    assert bins["n"].tolist() == [200 * (b - a) for a, b in itertools.pairwise(edges)]
    assert (bins["value"] == bins["value"].round(2)).all()
    assert len(leaving(bins=[5] * 10).tidy().query("part == 'calibration'")) == 10
    none = leaving(bins=[0] * 9 + [4]).tidy()
    assert none[none["part"] == "calibration"].empty


def test_groups_of_leaving_hide_small_ones_and_what_would_give_them_away():
    groups = [("star", "1", 1200, 0.1, 0.1), ("star", "2", 500, 0.08, 0.08), ("star", "3", 240, 0.07, 0.07),
              ("star", "4", 32, 4 / 32, 0.1)]  # fmt: skip
    frame = leaving(fairness=groups, n=1972).tidy().query("part == 'fairness'").set_index("group")
    assert frame["hidden_reason"].to_dict() == {"1": None, "2": None, "3": "complement", "4": "too_few"}
    assert frame.loc[["3", "4"], ["value", "expected", "n"]].isna().all(axis=None)
    # five people without a group: the rounding of the others hides more
    assert leaving().tidy().query("part == 'fairness'")["hidden_reason"].isna().all()


def test_a_table_of_leaving_holds_nothing_of_a_person():
    table = leaving()
    assert set(table.tidy().columns) == {"part", "model", "item", "group", "value", "ci_low", "ci_high",
                                         "expected", "n", "hidden_reason"}  # fmt: skip
    assert len(table) < 40
    assert table.notes["purpose"] == "planning"


@IN_EVERY
def test_leaving_words_and_charts(names):
    lines = sentences.card(leaving(), names)
    assert len(lines) == 9
    assert "planning" in lines[0]
    assert number("0.73", names) in lines[4]
    assert number("1.04", names) in lines[5]
    assert names.level("contract", "agency") in lines[7]
    fair = [("contract", "a", 1004, 0.08, 0.08), ("contract", "b", 994, 0.08, 0.08)]
    assert "2" in sentences.card(leaving(fairness=fair), names)[7]
    curves = sentences.staying(staying(), names)
    assert len(curves) == 3  # two groups, and why the others are not shown
    assert "95%" in curves[0]
    drawn = charts.staying(staying(), "star", names).to_dict()
    points = max(drawn["datasets"].values(), key=len)
    assert {row["share"] for row in points if row["time"] == 6.0} == {1.0}
    assert max(len(rows) for rows in charts.calibration(leaving(), names).to_dict()["datasets"].values()) > 3
    odds = charts.odds(driver_table("attrition"), names).to_dict()
    ratios = max(odds["datasets"].values(), key=len)
    released = driver_table("attrition").tidy().query("block == 'survey'")
    assert {round(row["ratio"], 9) for row in ratios} == set(np.exp(released["estimate"]).round(9))


def test_a_switch_needs_a_purpose(tmp_path):
    path = tmp_path / "policy.yaml"
    for text, code in (
        ("attrition: true\n", "policy_purpose"),
        ("attrition: true\nattrition_purpose: ' '\n", "policy_purpose"),
        ("attrition: 1\nattrition_purpose: planning\n", "policy_switch"),
        ("attrition: true\nattrition_purpose: 7\n", "policy_purpose"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError) as caught:
            load_policy(path)
        assert caught.value.code == f"privacy.{code}"
    path.write_text("attrition: on\nattrition_purpose: planning\n", encoding="utf-8")
    assert load_policy(path).attrition
    assert load_policy(path).key != load_policy(tmp_path / "none.yaml").key


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A small company with a staff list, in which the analysis of leaving is off."""
    space = Workspace(tmp_path_factory.mktemp("company") / "space")
    there = answers(PULSE, {"north": 150, "south": 90})
    now = staff_of(there, leavers=list(there["employee id"][::4]))
    first = now.assign(as_of="2025-01-10", **{"leave date": "", "leave_type": ""})
    table = pd.concat([first, now])
    table["hire date"] = "2024-06-01"
    table["star"] = np.where(np.arange(len(table)) % len(now) < 3, "9", "1")
    space.import_file(as_csv(table), "people")
    space.import_file(as_csv(there), wave="2025H1", instrument=PULSE)
    space.close("2025H1")
    return space


def test_leaving_is_off_until_the_policy_turns_it_on(company):
    for asked in (company.attrition, company.retention):
        with pytest.raises(UsageError) as caught:
            asked()
        assert caught.value.code == "workspace.attrition_off"
    log = company.path / "audit.jsonl"
    assert '"attrition"' not in log.read_text(encoding="utf-8")
    policy = company.path / "policy.yaml"
    policy.write_text("attrition: true\nattrition_purpose: planning\n", encoding="utf-8")
    try:
        curve = company.retention().tidy()
        assert curve["survival"].iloc[-1] == 0.75  # all sixty left in the same month
        by_star = company.retention("star").tidy()
        assert by_star["survival"].isna().all()  # three people are not apart from the others
        assert "9" not in set(by_star["star"])  # and their group has no name
        line = log.read_text(encoding="utf-8").splitlines()
        told = next(one for one in line if '"code": "policy"' in one)
        assert '"attrition": 1' in told
        assert "planning" not in told
        assert '"purpose_' in told
        policy.write_text("attrition: true\nattrition_purpose: sample\n", encoding="utf-8")
        with pytest.raises(UsageError):
            company.retention()  # the sample's purpose is for the sample
    finally:
        policy.unlink()
    with pytest.raises(UsageError):
        company.retention()


# ------------------------------------------------------------------ all of them


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_table_is_displayed_in_words(lang):
    for table in every_kind().values():
        shown = display(table, Names(INSTRUMENT, lang))
        assert len(shown) == len(table)
        assert not {name for name in shown.columns if "_" in name}
