"""Closing a wave, and what comes or goes afterwards: nobody can be told from two results of one wave."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from workspace_inputs import PULSE, answers, as_csv, people

from engage.cli import run
from engage.errors import InputError, TooLittleData
from engage.privacy import SafeTable
from engage.store import AuditLog, Store
from engage.workspace import Workspace

W = "2025H1"
TEAMS = {"north": 40, "south": 30, "east": 16}


REST = pytest.mark.rest


@pytest.fixture(scope="module")
def closed(tmp_path_factory) -> Path:
    space = Workspace(tmp_path_factory.mktemp("closed") / "workspace")
    put(space, answers(PULSE, TEAMS, comments=True))
    space.close(W)
    return space.path


@pytest.fixture
def space(closed, tmp_path) -> Workspace:
    return Workspace(shutil.copytree(closed, tmp_path / "workspace"))


def put(space: Workspace, frame: pd.DataFrame):
    return space.import_file(as_csv(frame), wave=W, instrument=PULSE)


def late(teams: dict[str, int], prefix: str = "L", *, seed: int = 7) -> pd.DataFrame:
    return answers(PULSE, teams, seed=seed, prefix=prefix, comments=True)


def written(team: str | None, n: int, mark: str, question: str = "change") -> bytes:
    """Return a file of comments that name a team, or none."""
    rows = {"employee id": [f"{mark}{i}" for i in range(n)], "question": question}
    rows |= {"comment": [f"Number {mark} {i}: thank you, all of it works very well" for i in range(n)]}
    return as_csv(pd.DataFrame(rows if team is None else rows | {"team": team}))


def everything(space: Workspace) -> dict[str, str]:
    """Return every table that is shown of the wave."""
    tables = {
        "waves": space.wave_table(), "rates": space.response_rates(), "joins": space.join_report(W),
        "all": space.scores(W), "team": space.scores(W, "team"), **toned(space),
    }  # fmt: skip
    return {name: table.tidy().to_csv() for name, table in tables.items()}


def toned(space: Workspace) -> dict[str, SafeTable]:
    return {"tone": space.tone("wave"), "tone by team": space.tone("team", W)}


def tones(space: Workspace) -> dict[str, str]:
    return {name: table.tidy().to_csv() for name, table in toned(space).items()}


def refusal(space: Workspace, lang: str = "en") -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        space.close(W)
    return caught.value.code, caught.value.what(lang)


def test_late_answers_wait_until_they_are_enough(space):
    before, told = everything(space), set()
    for number, people_late in enumerate((1, 3)):
        assert put(space, late({"north": people_late}, f"L{number}", seed=number)).waits
        assert (space.waiting_waves, space.ready_waves) == ((W,), ())
        told.add(refusal(space))
    ((code, words),) = told  # of one late and of four the same words are said
    assert code == "workspace.few_answers_differ"
    assert "fewer than 5 people" in words
    put(space, late({"north": 1}, "L2"))
    assert space.ready_waves == (W,)
    assert everything(space) == before
    assert len(space.frame(W)) == 86
    space.close(W)
    assert (space.waiting_waves, space.ready_waves) == ((), ())
    assert len(space.frame(W)) == 91
    assert space.scores(W).tidy()["n"].max() == 91


@pytest.mark.parametrize("come", [{"east": 1, "south": 5}, pytest.param({"east": 6}, marks=REST)])
def test_a_group_that_fewer_joined_is_not_shown_anew(space, come):
    """Where one came to a group of 16, her answers are the difference of its two results."""
    was = space.scores(W, "team").tidy().query("scale == 'pay'").set_index("team")
    assert was["mean"].notna().all()
    put(space, late(come))
    space.close(W)
    now = space.scores(W, "team").tidy().query("scale == 'pay'").set_index("team")
    assert pd.isna(now.loc["east", "mean"]) == (come["east"] < 5)
    assert now.loc[["north", "south"], "mean"].notna().all()


@REST
def test_taking_back_fewer_keeps_the_results_until_the_next_close(tmp_path):
    space = Workspace(tmp_path / "workspace")
    put(space, answers(PULSE, TEAMS, comments=True))
    put(space, late({"north": 3}, "A"))
    space.close(W)
    before = everything(space)
    space.undo(W)
    assert space.closed_waves == (W,)
    assert everything(space) == before
    assert (space.waiting_waves, space.ready_waves) == ((W,), ())
    assert refusal(space)[0] == "workspace.few_answers_differ"
    put(space, late({"north": 3}, "A"))  # the same again: nothing waits any more
    assert space.waiting_waves == ()
    space.undo(W)
    put(space, late({"south": 4}, "B"))
    space.close(W)
    there = {f"P{1000 + i}" for i in range(86)} | {f"B{1000 + i}" for i in range(4)}
    assert set(space.frame(W, ids=there)["respondent"]) == there


@REST
def test_taking_back_enough_opens_the_wave(tmp_path):
    """Two imports of three are six people, though neither is enough alone."""
    space = Workspace(tmp_path / "workspace")
    put(space, answers(PULSE, TEAMS, comments=True))
    for prefix in "AB":
        put(space, late({"north": 3}, prefix, seed=ord(prefix)))
    space.close(W)
    space.undo(W)
    assert space.closed_waves == (W,)
    space.undo(W)
    assert (space.open_waves, space.ready_waves) == ((W,), (W,))
    space.close(W)
    assert len(space.frame(W)) == 86


@REST
@pytest.mark.parametrize("named", [True, False])
def test_a_file_that_comes_again_with_one_answer_changed_is_not_shown(tmp_path, named):
    """Also where nobody has an id: people are then told by their answers."""
    space = Workspace(tmp_path / "workspace")
    frame = answers(PULSE, TEAMS, comments=True)
    given = frame if named else frame.drop(columns="employee id")
    put(space, given)
    space.close(W)
    shown = space.scores(W).tidy().to_csv()
    space.undo(W)
    assert space.waves() == ()
    changed = given.copy()
    changed.loc[3, "pay_1"] = "1" if given.loc[3, "pay_1"] != "1" else "5"
    put(space, changed)
    assert (space.open_waves, space.ready_waves) == ((W,), ())
    assert refusal(space)[0] == "workspace.few_answers_differ"
    space.undo(W)
    put(space, given.iloc[::-1])  # in another order: nothing changed
    space.close(W)
    assert named is False or space.scores(W).tidy().to_csv() == shown


@REST
def test_late_comments_wait_and_enter_by_groups(space):
    before = tones(space)
    space.import_file(written("north", 9, "n"), "comments", W)
    assert tones(space) == before
    assert refusal(space)[0] == "workspace.few_comments_differ"
    space.import_file(written("south", 1, "s"), "comments", W)
    assert space.ready_waves == (W,)
    space.close(W)
    assert tones(space) == before  # the south would be told by its difference
    space.import_file(written("south", 9, "t"), "comments", W)
    space.import_file(written("north", 1, "m"), "comments", W)
    assert tones(space) == before
    space.close(W)
    assert space.tone("wave").tidy()["n"].tolist() == [43 + 20]


@REST
def test_comments_on_a_new_question_enter_whole(space):
    """No table of them was shown before, so that there is none to compare with."""
    space.import_file(written(None, 24, "x", "benefits"), "comments", W)
    space.close(W)
    assert sorted(space.tone("wave").tidy()["n"]) == [24, 43]


@REST
def test_comments_taken_back_leave_no_stale_table(space):
    space.import_file(written("north", 14, "n"), "comments", W)
    space.import_file(written("south", 4, "s"), "comments", W)
    space.undo(W)
    space.close(W)
    before = tones(space)
    space.import_file(written("south", 14, "t"), "comments", W)
    space.close(W)
    assert tones(space) != before
    space.undo(W)  # fourteen: enough to be left out, at the next close
    assert space.tone("wave").tidy()["n"].tolist() == [43 + 28]
    space.close(W)
    assert tones(space) == before


@REST
def test_too_few_comments_taken_back_take_the_table_along(tmp_path):
    """Without them it would tell what they said; with them it would show what was taken back."""
    space = Workspace(tmp_path / "workspace")
    put(space, answers(PULSE, TEAMS, comments=True))
    space.import_file(written("north", 4, "n"), "comments", W)
    space.close(W)
    before = everything(space)
    space.undo(W)
    assert space.closed_waves == (W,)
    assert everything(space) == before
    put(space, late({"south": 24}))
    space.close(W)
    with pytest.raises(TooLittleData):
        space.tone("wave")


@REST
def test_the_staff_list_moves_no_comment_of_a_closed_wave(tmp_path):
    space = Workspace(tmp_path / "workspace")
    frame = answers(PULSE, TEAMS, comments=True)
    staff = people(frame).drop(columns="team")
    space.import_file(as_csv(staff), "people")
    put(space, frame)
    space.close(W)
    before = space.tone("contract", W).tidy().to_csv()
    moved = staff.assign(as_of="2026-01-31")
    moved.loc[0, "contract"] = "regular"
    space.import_file(as_csv(moved), "people")
    assert space.tone("contract", W).tidy().to_csv() == before


def test_a_change_of_the_policy_is_logged_once(space):
    def events() -> list[dict[str, object]]:
        lines = (space.path / "audit.jsonl").read_text(encoding="utf-8").splitlines()
        return [entry for entry in map(json.loads, lines) if entry["code"] == "policy"]

    assert events() == []
    file = space.path / "policy.yaml"
    file.write_text("scores_k: 4\nleverage: 0.4\ncrosses: [[team, site]]\n", encoding="utf-8")
    for _ in range(2):
        Workspace(space.path).scores()
        assert Workspace(space.path).policy.scores_k == 4
    (event,) = events()
    assert (event["scores_k"], event["scores_k_before"]) == (4, 5)
    assert (event["leverage"], event["leverage_before"]) == (400, 500)
    assert "at" in event
    assert "comments_k" not in event
    ((cross, listed),) = ((n, v) for n, v in event.items() if n.startswith("cross_") and "before" not in n)
    assert (listed, event[f"{cross}_before"]) == (1, 0)
    file.unlink()
    assert space.policy.scores_k == 5
    assert [(e["scores_k"], e["scores_k_before"], e[cross]) for e in events()] == [(4, 5, 1), (5, 4, 0)]
    assert AuditLog(space.path / "audit.jsonl").verify()


@REST
@pytest.mark.parametrize("lang", ["zh", "en", "ru"])
def test_the_commands_say_what_waits_and_not_how_many(space, lang, capfd):
    at = ["--workspace", str(space.path), "--lang", lang]
    said = []
    for number in range(2):
        put(space, late({"north": 1}, f"L{number}", seed=number))
        assert run(["waves", *at]) == 0
        listed = capfd.readouterr().out
        assert run(["close", W, *at]) != 0
        said.append((listed, capfd.readouterr().err))
    assert said[0] == said[1]
    put(space, late({"north": 4}))
    assert run(["waves", *at]) == 0
    assert f"engage close {W}" in capfd.readouterr().out
    assert run(["close", W, *at]) == 0


@REST
def test_releases_are_what_each_close_saw(space):
    put(space, late({"north": 6}))
    space.close(W)
    first, second = Store.open(space.path).snapshot().releases(W)
    assert [sum(event.rows for event in seen.events if event.kind == "responses")
            for seen in (first, second)] == [86, 92]  # fmt: skip


@REST
def test_models_keep_to_what_the_first_close_saw(space):
    """Two models of nearly the same people are more equations than there are newcomers."""
    before = space.drivers("engagement", W)
    scores = space.scores(W).tidy()
    put(space, late({"north": 8, "south": 6}))
    pd.testing.assert_frame_equal(space.drivers("engagement", W).tidy(), before.tidy())
    space.close(W)
    assert not space.scores(W).tidy().equals(scores)
    after = space.drivers("engagement", W)
    pd.testing.assert_frame_equal(after.tidy(), before.tidy())
    assert after.notes["n"] == before.notes["n"]


@REST
def test_a_wave_imported_anew_is_modelled_anew(space):
    before = space.drivers("engagement", W)
    space.undo(W)
    put(space, answers(PULSE, TEAMS, seed=99, prefix="N"))
    space.close(W)
    assert not space.drivers("engagement", W).tidy().equals(before.tidy())
