"""Whether a wave is fit to use: against the library, by the rules of its lights, and against an attacker."""

import json

import numpy as np
import pandas as pd
import pytest
from quality_tables import (
    NO_FLAGS,
    PAY,
    items,
    people,
    quality,
    released,
    response,
    scale_quality,
    split,
    staffing,
)
from safe_tables import POLICY
from scipy.stats import chi2_contingency, fisher_exact
from workspace_inputs import PULSE, answers, as_csv
from workspace_inputs import people as staff_of

from engage import engine
from engage.cli import run
from engage.errors import TooLittleData, UsageError
from engage.measure import adjust_pvalues, careless, cronbach_alpha, icc, may_aggregate, omega_total, rwg_j
from engage.privacy import ScaleQuality
from engage.privacy.flagged import released_change
from engage.workspace import Workspace
from engage.workspace.answering import given, person_scores


def lines(table, check, subject=None):
    frame = table.tidy()
    frame = frame[frame["check"] == check]
    return frame if subject is None else frame[frame["subject"] == subject].iloc[0]


# -- the lights


def test_a_good_wave_is_fit():
    frame = quality().tidy()
    assert frame.loc[0, ["check", "state", "reason"]].tolist() == ["wave", "ok", "fit"]
    assert set(frame["state"].dropna()) <= {"ok", "look"}


@pytest.mark.parametrize(
    ("facts", "check", "state"),
    [
        ({"invited": 600}, "response", "look"),
        ({"invited": 1200}, "response", "not_fit"),
        ({"invited": None}, "response", "look"),
        ({"suspects": 45}, "careless", "look"),
        ({"suspects": 90}, "careless", "not_fit"),
        ({"staffing": {"team": staffing((0.2, 0.9, 0.9, 0.9))}}, "make_up", "look"),
        ({"staffing": {"team": staffing((0.0, 0.1, 0.9, 0.9))}}, "make_up", "not_fit"),
        ({"scales": [scale_quality("engagement", lean=0.45)]}, "alpha", "not_fit"),
        ({"responses": 20, "invited": 25}, "careless", "look"),
    ],
)
def test_a_wave_is_as_good_as_the_worst_of_what_all_results_rest_on(facts, check, state):
    whole = quality(**facts).tidy().iloc[0]
    assert (whole["subject"], whole["state"]) == (check, state)


def test_a_weak_scale_that_is_no_headline_leaves_the_wave_fit():
    table = quality(scales=[scale_quality("engagement"), scale_quality("pay", lean=0.4)])
    assert lines(table, "alpha", "pay")["state"] == "not_fit"
    assert table.tidy()["state"].iloc[0] == "ok"


def test_reliability_and_agreement_are_the_librarys_to_two_digits():
    answers, teams = items()
    table = quality(scales=[scale_quality("engagement")])
    alpha, omega = cronbach_alpha(answers), omega_total(answers)
    shown = lines(table, "alpha", "engagement")
    assert shown["value"] == round(alpha.alpha, 2)
    assert shown[["ci_low", "ci_high"]].tolist() == pytest.approx([alpha.ci_low, alpha.ci_high], abs=0.011)
    assert lines(table, "omega", "engagement")["value"] == round(omega.omega, 2)
    differ, agree = icc(answers.mean(axis=1), teams), rwg_j(answers, teams)
    shown = lines(table, "icc1", "engagement")
    assert shown["value"] == round(differ.icc1, 2)
    assert shown[["ci_low", "ci_high"]].tolist() == pytest.approx([differ.ci_low, differ.ci_high], abs=0.03)
    assert lines(table, "icc2", "engagement")["value"] == pytest.approx(differ.icc2, abs=0.03)
    assert lines(table, "rwg_j", "engagement")["value"] == round(agree.median, 2)
    states = {"yes": "ok", "with_care": "look", "no": "not_fit"}
    assert lines(table, "team_means", "engagement")["state"] == states[may_aggregate(differ, agree).verdict]


def test_what_can_not_be_judged_is_unknown():
    table = quality(scales=[ScaleQuality("engagement", None, None, 3)], flagged={"speeding": None})
    assert lines(table, "alpha", "engagement")[["state", "reason"]].tolist() == ["unknown", "too_little"]
    assert lines(table, "team_means", "engagement")["state"] == "unknown"
    assert lines(table, "rule", "speeding")["reason"] == "unchecked_speeding"
    assert quality(scales=[ScaleQuality("enps", None, None, 1)]).tidy()["check"].eq("alpha").sum() == 0


# -- counts of flagged people


@pytest.mark.parametrize("few", [range(5), range(5, 10), range(10, 20), range(43, 48)])
def test_counts_of_flagged_people_tell_no_single_one(few):
    """Nobody and four look alike, and so do all the counts of a band, with their shares and lights."""
    tables = [quality(flagged=NO_FLAGS | {"irv": n}, suspects=n).tidy().to_json() for n in few]
    assert len(set(tables)) == 1


def test_nearly_everybody_flagged_looks_like_five_fewer():
    assert quality(suspects=300).tidy().equals(quality(suspects=295).tidy())


# -- who answered


def test_make_up_is_compared_by_chi_square_and_weighting_by_released_shares():
    rates = (0.2, 0.9, 0.9, 0.9)
    table = quality(staffing={"team": staffing(rates)})
    frame = staffing(rates).frame
    silent = frame["invited"] - frame["responses"]
    assert chi2_contingency(np.column_stack([frame["responses"], silent]), correction=False).pvalue < 0.05
    shares = [frame[name] / frame[name].sum() for name in ("invited", "responses")]
    distance = (shares[0] - shares[1]).abs().sum() / 2
    assert lines(table, "make_up", "team")["value"] == pytest.approx(distance, abs=0.0051)
    shown = frame.dropna()
    weighted, plain = (np.average(shown["favourable"], weights=shown[n]) for n in ("invited", "responses"))
    assert lines(table, "weighting", "team")["value"] == pytest.approx(weighted - plain, abs=0.0051)
    w = np.repeat((shown["invited"] / shown["responses"]).to_numpy(), shown["responses"])
    assert lines(table, "weighting", "team")["n"] == round(w.sum() ** 2 / (w**2).sum())


def test_response_by_group_is_tested_against_all_others():
    rates = (0.4, 0.8, 0.85, 0.9)
    table, frame = response(rates).tidy(), staffing(rates).frame
    p = []
    for row in frame.dropna().itertuples():
        others = (frame[["invited", "responses"]].sum() - [row.invited, row.responses]).astype(int)
        cross = [
            [row.responses, row.invited - row.responses],
            [others.iloc[1], others.iloc[0] - others.iloc[1]],
        ]
        p.append(fisher_exact(np.array(cross, dtype=int)).pvalue)
    sure = adjust_pvalues(p) <= 0.05
    assert (table["verdict"] != "no_reliable_difference").tolist() == sure.tolist()
    assert table["verdict"].tolist()[0] == "lower"
    assert table["rate"].tolist() == [0.4, 0.8, 0.85, 0.9]


# -- results without the flagged


def membership(release, frame, flagged):
    """Return the 0/1 matrix of what is published: each cell of the release, and the flagged."""
    rows = [(release.grid.codes == cell).any(axis=1) for cell in range(len(release.grid.cells))]
    return np.array([*rows, flagged], dtype=float)


def test_a_flagged_group_of_a_team_and_one_would_give_the_one_away():
    frame = people({"a": 5, "b": 40, "c": 40})
    flagged = (frame["team"] == "a").to_numpy().copy()
    flagged[10] = True
    n, m = len(frame), int(flagged.sum())
    whole, rest = frame["pay"].mean(), frame["pay"][~flagged].mean()
    sum_of_flagged = n * whole - (n - m) * rest
    found = sum_of_flagged - 5 * frame["pay"][frame["team"] == "a"].mean()
    assert found == pytest.approx(frame["pay"][10])  # the attack works on exact numbers …
    assert released_change(split(frame, flagged), released(frame), POLICY) is None  # … which are not shown


@pytest.mark.parametrize(("m", "shown"), [(1, False), (4, False), (5, True), (20, True), (60, False)])
def test_both_sides_need_enough_people(m, shown):
    frame = people({"a": 40, "b": 40})
    flagged = np.zeros(80, dtype=bool)
    flagged[np.linspace(0, 79, m).astype(int)] = True
    assert (released_change(split(frame, flagged), released(frame, ((),)), POLICY) is not None) == shown


def test_what_is_shown_passes_the_projection_and_leaves_every_answer_room():
    """Against brute force: leverage from the pseudo-inverse, and the range each answer still has."""
    kept = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        frame = people({"a": int(rng.integers(5, 12)), "b": 30, "c": int(rng.integers(30, 60))}, seed)
        release = released(frame)
        flagged = rng.random(len(frame)) < rng.uniform(0.03, 0.3)
        if seed % 3 == 0:  # a team that answers carelessly as one
            flagged |= (frame["team"] == "a").to_numpy()
        change = released_change(split(frame, flagged), release, POLICY)
        if change is None:
            continue
        kept += 1
        matrix = membership(release, frame, flagged)
        assert (np.linalg.pinv(matrix) @ matrix).diagonal().max() <= POLICY.leverage + 1e-6
        assert change == round(change, 1)
        n, m = len(frame), int(flagged.sum())
        middle = m * round(frame["pay"].mean(), 1) - (n - m) * change
        half = m * 0.05 + (n - m) * 0.05
        mine = np.sort(frame["pay"][flagged])
        for known in (mine[: POLICY.colluders], mine[-POLICY.colluders :]):
            left = m - len(known) - 1
            low = max(PAY.least, middle - half - known.sum() - left * PAY.most)
            high = min(PAY.most, middle + half - known.sum() - left * PAY.least)
            assert high - low >= PAY.width - 1e-9
    assert kept >= 10


def test_flagged_people_whose_mean_tells_too_much_are_not_shown():
    """Five who all answer 5: from the two means, rounded, three of them know what the others answered."""
    frame = people({"a": 35})
    frame["pay"] = [5.0] * 5 + [2.5] * 24 + [2.0] * 6
    flagged = np.arange(35) < 5
    release = released(frame, ((),))
    one, n, m = split(frame, flagged), 35, 5
    middle = m * round(frame["pay"].mean(), 1) - (n - m) * round(one.change, 1)
    assert middle - n * 0.05 - 3 * 5.0 - 5.0 > 5.0 - PAY.width  # what one of the other two must have answered
    assert released_change(one, release, POLICY) is None
    frame.loc[:4, "pay"] = [5.0, 2.0, 4.0, 1.0, 3.0]
    assert released_change(split(frame, flagged), released(frame, ((),)), POLICY) is not None


# -- the workspace


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    made = Workspace(tmp_path_factory.mktemp("quality") / "space")
    table = answers(PULSE)
    made.import_file(as_csv(staff_of(table)), "people")
    made.import_file(as_csv(table), wave="2025H1", instrument=PULSE)
    made.close("2025H1")
    return made


def test_a_workspace_is_judged_by_its_answers(space):
    table = space.quality()
    raw = answers(PULSE)
    given = raw[[item.id for item in PULSE.items]].replace("", np.nan).astype(float)
    keyed = given.assign(**{i.id: 6 - given[i.id] for i in PULSE.items if i.reverse_keyed})
    for scale in PULSE.scales:
        alpha = cronbach_alpha(keyed[list(scale.items)])
        row = lines(table, "alpha", scale.id)
        assert (row["value"], row["n"]) == (round(alpha.alpha, 2), alpha.n)
    checked = careless(
        given, {s.id: list(s.items) for s in PULSE.scales}, answers=(1, 5),
        reverse=[i.id for i in PULSE.items if i.reverse_keyed],
    )  # fmt: skip
    flagged = int(checked.flags["even_odd"].sum())
    assert abs(lines(table, "rule", "even_odd")["n"] - flagged) <= 2
    assert lines(table, "rule", "speeding")["state"] == "unknown"
    assert lines(table, "response").iloc[0]["value"] == 1.0


def test_agreement_is_of_the_teams_whose_results_are_shown(space):
    table, raw = space.quality(), answers(PULSE)
    scores = space.scores(by="team").tidy()
    shown = scores[(scores["scale"] == "engagement") & scores["mean"].notna()]["team"]
    there = raw["team"].isin(shown) & (raw[["engagement_1", "engagement_2"]] != "").all(axis=1)
    assert there.sum() <= lines(table, "icc1", "engagement")["n"] <= raw["team"].isin(shown).sum()


def test_response_is_of_groups_whose_results_are_shown(space):
    shown = space.scores(by="team").tidy().dropna(subset=["mean"])["team"].unique()
    assert set(space.response("team").tidy()["team"]) == set(shown)
    with pytest.raises(TooLittleData):
        space.response("site")
    with pytest.raises(UsageError):
        space.response("nothing")


def test_open_waves_say_nothing(tmp_path):
    made = Workspace(tmp_path / "space")
    made.import_file(as_csv(answers(PULSE)), wave="2025H1", instrument=PULSE)
    for ask in (
        made.quality,
        made.distribution,
        lambda: made.differences("team"),
        lambda: made.response("team"),
    ):
        with pytest.raises(TooLittleData):
            ask()


def test_the_command_prints_lights_and_a_table(space, capfd):
    assert run(["quality", "--workspace", str(space.path), "--lang", "en"]) == 0
    out = capfd.readouterr().out
    assert "Response rate [Fit]" in out
    assert run(["quality", "--workspace", str(space.path), "--wave", "2025H1", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["kind"] == "quality"
    assert pd.DataFrame(document["rows"])["check"].iloc[0] == "wave"


@pytest.mark.rest
def test_scores_from_answers_are_the_engines(sample_workspace):
    snapshot = Workspace(sample_workspace)._need()
    for wave in ("2025H1", "2026H1"):
        instruments, answered, _ = given(snapshot, wave)
        own = person_scores(instruments, answered)
        joined = engine.joined_scores(snapshot, wave)
        assert list(own) == list(joined.scales)
        theirs = engine.frame(joined.scores.select("respondent", *joined.scales)).set_index("respondent")
        pd.testing.assert_frame_equal(own.sort_index(), theirs.sort_index(), check_index_type=False)
