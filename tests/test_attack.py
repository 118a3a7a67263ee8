"""The attack on what is released: it must fail against the product, and succeed against simpler rules."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from engage.privacy import audit
from engage.privacy.audit import Score, attack
from engage.workspace import Workspace

SCRIPT = Path(__file__).parents[1] / "docs" / "privacy" / "run.py"


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("privacy_run", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["privacy_run"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


run = loaded()


@pytest.mark.parametrize(
    ("n", "colluders"),
    [(200, 3), *(pytest.param(n, c, marks=pytest.mark.rest) for n, c in ((30, 0), (30, 3), (200, 0)))],
)
def test_nobody_is_certain(n, colluders):
    found = run.attacked(n, 101, colluders=colluders)
    assert (found["asked"] == 24).all()
    assert found["certain"].sum() == 0
    if n >= 200:
        assert found["kept"].min() >= 0.9


@pytest.mark.slow
def test_nobody_is_certain_over_four_waves():
    found = run.attacked(200, 101, waves=4)
    assert set(found["waves"].str.count(" ")) == {0, 3}
    assert found["certain"].sum() == 0


@pytest.mark.parametrize("rule", ["k", "nested"])
def test_the_attack_finds_most_people_behind_a_simple_rule(rule):
    """The test of the test."""
    found = run.attacked(200, 101, rule=rule, targets=0)
    assert (found["certain"] > 100).all()


def test_broken_promises_are_named():
    """`make validate` attacks 60 populations and more by docs/privacy/run.py, and ends with what it broke."""
    row = {"waves": "w", "measure": "mean", "certain": 0, "hits": 0.42, "best": 0.4, "kept": 0.95}
    trial = run.Trial(200, 1)
    assert run.broken(trial, pd.DataFrame([row])) == []
    for worse in ({"certain": 1}, {"hits": 0.44}, {"kept": 0.85}):
        assert len(run.broken(trial, pd.DataFrame([row | worse]))) == 1


def test_colluders_move_the_guess_as_knowing_their_answers_would():
    """Against the linear estimate with the told answers as equations of their own."""
    rng = np.random.default_rng(5)
    matrix = np.vstack([np.ones(9), (np.arange(9) < 5).astype(float)])
    truth = rng.integers(1, 6, 9).astype(float)
    sums = matrix @ truth
    told = np.array([1, 6])

    def guess(matrix, low, high, told):
        system = audit._System(matrix, low, high, truth, Score(1, 5, 1.0), 1.0)
        return system._estimate(told)[1]

    known = np.vstack([matrix, np.eye(9)[told]])
    asked = guess(matrix, sums - 0.4, sums + 0.4, told)
    exact = guess(
        known,
        np.concatenate([sums - 0.4, truth[told] - 1e-4]),
        np.concatenate([sums + 0.4, truth[told] + 1e-4]),
        told[:0],
    )
    np.testing.assert_allclose(asked, exact, atol=1e-3)


def test_a_single_hidden_answer_is_found_by_subtraction():
    """The attacker's own arithmetic: a group of six, and the same six without one."""
    frame = pd.DataFrame(
        {
            "respondent": list("abcdefg"),
            "unit": ["x"] * 6 + ["y"],
            "pay": [1.0, 2, 3, 4, 5, 3, 2],
            "pay__fav": [0.0, 0, 0, 1, 1, 0, 0],
        }
    )

    def ask(wave: str, by: tuple[str, ...]) -> pd.DataFrame:
        numbers = {"ci_low": 0.1, "ci_high": 0.9}
        if not by:
            return pd.DataFrame([{"scale": "pay", "mean": 2.857, "favourable": 2 / 7, **numbers}])
        return pd.DataFrame([{"unit": "x", "scale": "pay", "mean": 3.0, "favourable": 2 / 6, **numbers}])

    found = attack(ask, {"w": frame}, ["unit"], {"pay": Score(1, 5, 1.0)}, favourable="__fav")
    assert [f.certain for f in found] == [1, 1]


def test_filters_show_the_same_cells_as_groups(tmp_path):
    """The attacker asks by groups only: a filter never shows another number."""
    made = run.people(200, 7)
    ask = run.released(Workspace(tmp_path / "ws"), made)
    space = Workspace(tmp_path / "ws")
    table = ask("2025H1", ("unit",)).set_index(["unit", "scale"])
    for unit in table.index.unique("unit"):
        alone = space.scores("2025H1", (), {"unit": unit}).tidy().set_index("scale")
        pd.testing.assert_series_equal(alone["mean"], table.loc[unit]["mean"])
    two = space.scores("2025H1", ("tenure",), {"unit": "unit 0"}).tidy()
    assert (two["hidden_reason"] == "not_published").all()


def test_a_workspace_attacks_itself_from_the_command_line(tmp_path, capsys):
    import json

    from engage.cli import run as command

    made = run.people(200, 3)
    run.released(Workspace(tmp_path / "ws"), made)
    assert command(["audit", "--workspace", str(tmp_path / "ws"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    rows = document["rows"] if isinstance(document, dict) else document
    assert {(row["scale"], row["measure"]) for row in rows} == {
        (scale, measure) for scale in run.SCORES for measure in ("mean", "favourable")
    }
    assert all(row["certain"] == 0 and row["colluders"] == 3 and row["n"] == 200 for row in rows)
    assert command(["audit", "--workspace", str(tmp_path / "ws"), "--lang", "zh", "--colluders", "0"]) == 0
    assert "被推断出的人数" in capsys.readouterr().out
