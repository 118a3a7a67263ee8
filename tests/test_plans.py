"""Action plans: who may write them, what is kept, and whether the factor moved, against outside figures."""

import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plan_inputs import TODAY, WAVES, plan, released_plans, world
from scipy.stats import ttest_ind_from_stats

from engage.cli import run
from engage.errors import UsageError
from engage.present.labels import Names
from engage.present.plan_sentences import plan_on, plans
from engage.privacy import Plan, Policy, release_changes
from engage.views import template
from engage.words import LANGUAGES
from engage.workspace import Workspace


def told(several: list[Plan], cells: pd.DataFrame, moments: pd.DataFrame, breaks=None) -> pd.DataFrame:
    return released_plans(several, cells, moments, breaks).tidy()


def test_a_teams_change_is_the_t_test_of_the_released_means_widened_by_rounding():
    cells, moments = world(2.5, 3.4)
    row = told([plan()], cells, moments).iloc[0]
    deviation = 0.8**0.5
    outside = ttest_ind_from_stats(3.4, deviation, 40, 2.5, deviation, 40)
    reach = 1.962 * (0.8 * 2 / 40 + 2 * 0.01 / 12) ** 0.5
    assert outside.pvalue < 0.001
    assert row["verdict"] == "higher"
    assert row["change"] == 0.9
    assert row["ci_low"] == pytest.approx(0.9 - reach, abs=0.051)
    assert row["ci_low"] <= 0.9 - reach
    assert row["ci_high"] >= 0.9 + reach
    assert row["whole_low"] < 0 < row["whole_high"]
    assert row["overdue"]


def test_nothing_is_read_of_a_hidden_group_and_a_band_counts_by_its_lower_end():
    cells, moments = world(2.5, 3.4, band="10-14")
    frame = told([plan(), plan(level="B", id="2"), plan(level="C", id="3")], cells, moments)
    assert list(frame["hidden_reason"]) == [None, "too_few", "not_published"]
    assert frame.loc[1:, ["change", "ci_low", "ci_high"]].isna().all(axis=None)
    reach = 1.962 * (0.8 * 2 / 10 + 2 * 0.01 / 12) ** 0.5
    assert frame.loc[0, "ci_high"] - frame.loc[0, "ci_low"] >= 2 * reach


def test_too_soon_and_a_trend_that_breaks_are_said_and_not_figured():
    cells, moments = world(2.5, 3.4)
    frame = told([plan("w3"), plan("w1", id="2"), plan("w2", id="3")], cells, moments, {"pay": "w2"})
    assert list(frame["hidden_reason"]) == ["too_soon", "trend_breaks", None]


def test_everybody_from_wave_to_wave_is_the_released_change_itself():
    cells, moments = world(3.0, 3.0)
    row = told([plan("w2", level="")], cells, moments).iloc[0]
    change = release_changes(moments, WAVES, Policy()).tidy().iloc[-1]
    assert (row["ci_low"], row["ci_high"]) == (change["ci_low"], change["ci_high"])
    assert row["verdict"] == "no_reliable_difference"


@pytest.mark.simulation
@pytest.mark.slow
def test_intervals_hold_and_false_alarms_are_rare():
    """600 worlds in which nothing moves: the means of 40 of 600 people, rounded as they are released."""
    rng = np.random.default_rng(20261124)
    held = alarms = 0
    for before, after in np.round(rng.normal(3.0, (0.8 / 40) ** 0.5, (600, 2)), 1):
        row = told([plan()], *world(before, after)).iloc[0]
        held += row["ci_low"] <= 0 <= row["ci_high"]
        alarms += row["verdict"] != "no_reliable_difference"
    assert held / 600 >= 0.93
    assert alarms / 600 <= 0.07


@pytest.mark.rest
def test_plans_are_noted_set_and_told_in_three_languages(sample_workspace, tmp_path, capsys):
    space = Workspace(shutil.copytree(sample_workspace, tmp_path / "space"))
    assert plans(space.plans(), Names(None, "en")) == ("No plan is noted yet.",)
    key, first = space.key, space.closed_waves[0]
    folder = str(space.path)
    team = str(space.scores(first, "team").tidy().dropna(subset=["mean"])["team"].iloc[0])
    made = space.add_plan("pay", lever="explain_pay", owner="HR", due="2030-01-31", wave=first)
    space.add_plan("workload", action="Ring Ann 13912345678", owner="Bo", due=date(2020, 1, 1), by="team",
                   level=team, wave=first)  # fmt: skip
    space.set_plan(made.id, "done", remark="told everybody")
    assert space.key == key, "a plan moves no released table"
    assert space.notes() == (), "notes on comments are apart"
    frame = space.plans(today=TODAY).tidy()
    assert list(frame["status"]) == ["open", "done"]
    assert list(frame["overdue"]) == [True, False]
    assert "13912345678" not in frame.to_csv()
    for lang in LANGUAGES:
        names = Names(space.instrument(), lang)
        assert all(plans(space.plans(), names))
        assert all(plan_on(row, names) for _, row in frame.iterrows())
    assert run(["plans", "--workspace", folder, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 2
    asked = ["plans", "--workspace", folder, "--add", "pay", "--action", "x", "--owner", "Bo"]
    assert run([*asked, "--due", "soon", "--lang", "en"]) == 2
    assert run([*asked, "--due", "2030-01-01", "--where", "team=Nowhere", "--lang", "en"]) == 2
    assert run([*asked, "--due", "2030-01-01", "--lang", "en"]) == 0
    for bad in (
        lambda: space.set_plan("nothing", "done"),
        lambda: space.set_plan(made.id, "finished"),
        lambda: space.add_plan("luck", action="x", owner="Bo", due="2030-01-01"),
        lambda: space.add_plan("pay", lever="luck", owner="Bo", due="2030-01-01"),
        lambda: space.add_plan("pay", owner="Bo", due="2030-01-01"),
    ):
        with pytest.raises(UsageError):
            bad()


def test_a_manager_plans_for_own_units_and_sees_no_others(sample_workspace, tmp_path):
    space = Workspace(shutil.copytree(sample_workspace, tmp_path / "space"))
    wave = space.closed_waves[-1]
    teams = [str(one) for one in space.scores(wave, "team").tidy()["team"].dropna().unique()]
    people = pd.read_csv(Path(__file__).parents[1] / "data" / "sample" / "people.csv")
    assert len(teams) > 1
    place = next(name for name in people if people[name].astype(str).str.contains("/").any())
    path = next(p for p in people[place].dropna() if str(p).endswith(teams[0]))
    listed = {"people": {"root": "administrator", "mia": {"role": "manager", "subtree": [str(path)]}}}
    mine, other = teams[0], teams[1]
    space.add_plan("pay", action="x", owner="Bo", due="2030-01-01", by="team", level=other)
    all_of_us = space.add_plan("pay", action="y", owner="Bo", due="2030-01-01")
    (space.path / "access.yaml").write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")
    mia = Workspace(space.path, who="mia")
    mia.add_plan("pay", action="z", owner="Bo", due="2030-01-01", by="team", level=mine, who="somebody else")
    frame = mia.plans().tidy()
    assert set(frame["action"]) == {"y", "z"}
    assert set(frame["who"]) >= {"mia"}
    for refused in (
        lambda: mia.add_plan("pay", action="x", owner="Bo", due="2030-01-01", by="team", level=other),
        lambda: mia.add_plan("pay", action="x", owner="Bo", due="2030-01-01"),
        lambda: mia.set_plan(all_of_us.id, "done"),
    ):
        with pytest.raises(UsageError):
            refused()


def test_every_page_stands_once_in_the_navigation():
    assert [name for names in template.SECTIONS.values() for name in names] == list(template.PAGES)
