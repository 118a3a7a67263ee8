"""Wishes, their status, emerging themes, words beside scores: by brute force and by outside oracles."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from safe_tables import POLICY, cells
from scipy.stats import kendalltau
from statsmodels.stats.proportion import proportions_ztest
from voices_inputs import W1, W2, box, company

from engage.cli import run
from engage.errors import UsageError
from engage.privacy import (
    TONES,
    Policy,
    release_agreement,
    release_emerging,
    release_scores,
    release_tone,
    release_wishes,
)
from engage.privacy.wording import p_of_two_shares
from engage.text.telling import KnownNames
from engage.workspace import Workspace

K = Policy().comments_k
NOBODY = KnownNames({})


def asked(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(40, 200))
    wish = rng.choice(6, n, p=[0.4, 0.25, 0.15, 0.1, 0.06, 0.04])
    who = np.array([f"P{int(i):03d}" for i in rng.integers(0, 90, n)], dtype=object)
    who[rng.random(n) < 0.1] = None
    return pd.DataFrame(
        {
            "wave": rng.choice([W1, W2], n), "question": "", "source": "employee", "wish": wish,
            "theme": "pay",
            "tone": rng.choice(TONES, n), "intent": "suggestion", "language": "en", "respondent": who,
            "text": [f"Please mend the {'abcdef'[w] * 6} thing" for w in wish],
        }
    )  # fmt: skip


def people(part: pd.DataFrame) -> int:
    return part["respondent"].nunique() + int(part["respondent"].isna().sum())


def size(shown: str) -> tuple[int, int]:
    low, _, high = shown.partition("-")
    return int(low), int(high or low)


@pytest.mark.parametrize("seed", range(10))
def test_a_wish_is_shown_where_enough_ask_and_never_gives_another_away(seed):
    members = asked(seed)
    table = release_wishes(members, [W1, W2], NOBODY, Policy(), salt="s").table.tidy()
    for place, wave in enumerate([W1, W2]):
        part = members[members["wave"] == wave]
        counts = {name: people(cell) for name, cell in part.groupby("text")}
        shown = {r.name: r.per_wave[place] for r in table.itertuples(index=False) if r.named_by == "comment"}
        shown = {name: band for name, band in shown.items() if band}
        assert all(counts[name] >= K for name in shown)
        assert all(size(band)[0] <= counts[name] <= size(band)[1] for name, band in shown.items())
        left = [name for name in counts if name not in shown]
        assert not (shown and left) or (len(left) > 1 and sum(counts[name] for name in left) >= K)


def test_a_later_wave_moves_nothing_of_an_earlier_one():
    members = asked(4)
    early = release_wishes(members[members["wave"] == W1], [W1], NOBODY, Policy(), salt="s").table.tidy()
    both = release_wishes(members, [W1, W2], NOBODY, Policy(), salt="s").table.tidy()
    kept = both.set_index("wish")["per_wave"].map(lambda waves: waves[0])
    for row in early.dropna(subset=["wish"]).itertuples(index=False):
        assert kept[row.wish] == row.per_wave[0]


def bus(n: int, start: int = 0) -> list[str]:
    ends = ("", " please", " again", ", really", ", thank you", " this year", " at last")
    return [
        f"Please bring back the late shuttle bus for the night shift{ends[(start + i) % 7]}" for i in range(n)
    ]


SMALL = [
    f"Could we have {w} in the canteen?" for w in ("rice", "soup", "tofu", "noodles", "fruit", "dumplings")
]
OTHERS = [
    "Please repair the broken heating", "We need quieter headsets for phone work",
    "Publish the rota two weeks ahead",
    "Let us swap shifts in the app", "Put a water cooler upstairs", "Give newcomers a mentor for a month",
]  # fmt: skip


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> Workspace:
    files = {W1: [box([*bus(12), *SMALL, *OTHERS])], W2: [box([*bus(21, 3), *OTHERS, *SMALL], who="P2")]}
    return company(tmp_path_factory.mktemp("wishes"), files)


def wish(space: Workspace) -> pd.Series:
    frame = space.wishes().tidy()
    shown = frame[frame["named_by"] == "comment"]
    assert len(shown) == 1
    return shown.iloc[0]


def test_wishes_are_counted_wave_by_wave_and_the_rest_folded(space):
    row = wish(space)
    assert "shuttle bus" in row["name"]
    assert (row["first_wave"], row["wave"], row["waves"]) == (W1, W2, 2)
    assert row["per_wave"] == ("10-19", "21")
    further = space.wishes().tidy().iloc[-1]
    assert further["named_by"] == "further"
    assert "canteen" not in space.wishes().tidy().to_csv()


def test_a_status_is_kept_with_who_and_when_over_waves_and_can_be_taken_back(space, tmp_path):
    space = Workspace(shutil.copytree(space.path, tmp_path / "copy"))
    id, key = wish(space)["wish"], space.key
    with pytest.raises(UsageError):
        space.follow(id, "declined")
    for bad in ((id, "later"), ("nothing", "done")):
        with pytest.raises(UsageError):
            space.follow(*bad)
    first = space.follow(id, "planned", who="Personnel office")
    space.follow(id, "declined", reason="Too dear, ask 王经理 at 13987650412", who="Personnel office")
    row = wish(Workspace(space.path))
    assert (row["status"], row["who"]) == ("declined", "Personnel office")
    assert row["reason"] == "Too dear, ask [NAME] at [PHONE]"
    assert pd.isna(row["rank"])
    space.take_back(space.notes()[-1].id)
    assert wish(space)["status"] == "planned"
    space.take_back(first.id)
    assert wish(space)["status"] == "open"
    with pytest.raises(UsageError):
        space.take_back(first.id)
    assert space.key == key  # no released table has moved
    space.undo(W2)  # of W2 the comments come last: its results stay, or show nothing of it
    assert "shuttle" in wish(space)["name"]


def test_the_shortlist_is_ranked_by_the_formula_that_is_stated(space):
    frame = space.wishes().tidy()
    ranked = frame[frame["rank"].notna()]
    for row in ranked.itertuples(index=False):
        assert row.reach == 1.0
        expected = 100 * (0.5 * row.reach + 0.25 * (1 - row.negative) + 0.25 / row.waves)
        assert row.score == pytest.approx(expected, abs=0.6)


@pytest.mark.parametrize("counts", [(10, 50, 30, 60), (5, 40, 5, 41), (80, 100, 20, 90)])
def test_two_shares_are_compared_like_prop_test(counts):
    x0, n0, x1, n1 = counts
    _, p = proportions_ztest([x0, x1], [n0, n1])
    assert p_of_two_shares(x0, n0, x1, n1) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_emerging_themes_hold_enough_writers_each_and_so_do_their_phrases(seed):
    rng = np.random.default_rng(seed)
    n = 160
    group = rng.choice([0, 1, 2, 3, -1], n, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    words = {0: "canteen", 1: "headset", 2: "parking", 3: "curtains", -1: "nothing"}
    who = rng.integers(0, 70, n)
    members = pd.DataFrame(
        {
            "wave": rng.choice([W1, W2], n), "question": "", "source": "employee",
            "language": "en",
            "group": group, "phrases": [(words[g], "lonely") for g in group], "theme": "none",
            "tone": "neutral",
            "text": [f"the {words[g]} {'lonely' if i < 3 else ''}" for i, g in enumerate(group)],
            "respondent": [f"P{w}" for w in who],
        }
    )  # fmt: skip
    table = release_emerging(members, [W1, W2], Policy()).tidy()
    assert "lonely" not in table.to_csv()
    assert "nothing" not in set(sum(table["phrases"], ()))
    for row in table.itertuples(index=False):
        mine = members[members["text"].str.contains(row.phrases[0])]
        assert mine.loc[mine["wave"] == row.wave, "respondent"].nunique() >= K
        assert (row.before is None) == (row.change is None)
    assert len(table) >= 1


def test_words_and_scores_agree_as_kendall_says():
    rng = np.random.default_rng(5)
    themes = ["pay", "growth", "promotion", "bonus", "recognition", "workload", "status"]
    frame = pd.DataFrame({"theme": themes, "question": "q", "source": "employee", "n": 150})
    frame["negative"] = rng.choice(np.arange(20, 70), 7, replace=False) / 100
    frame["positive"], frame["neutral"] = 0.1, 0.9 - frame["negative"]
    tone = release_tone(frame, "theme", POLICY, pd.Series("", index=frame.index))
    scores = release_scores(cells([()], [], 1, scales=themes, sizes=[400]), [], POLICY)
    table = release_agreement({"w": tone}, {"w": scores}, themes).tidy()
    favourable = scores.tidy().set_index("scale")["favourable"].astype(float)
    expected = kendalltau(-frame["negative"], favourable[themes])
    assert table["tau"].iloc[0] == pytest.approx(expected.statistic, abs=0.006)
    assert table["themes"].iloc[0] == 7
    worst = table.iloc[0]
    assert worst["negative"] == frame["negative"].max()
    for row in table.itertuples(index=False):
        far = abs(row.rank_words - row.rank_scores) >= 3.5
        assert (row.verdict != "alike") == far


@pytest.mark.rest
def test_the_command_lists_follows_and_takes_back(space, capsys, tmp_path):
    folder = shutil.copytree(space.path, tmp_path / "copy")

    def told(*asked: str, code: int = 0) -> str:
        assert run(["comments", *asked, "--workspace", str(folder), "--lang", "en"]) == code
        return "".join(capsys.readouterr())

    assert "shuttle bus" in told("--wishes")
    id = wish(Workspace(folder))["wish"]
    noted = json.loads(told("--follow", id, "--status", "planned", "--who", "Personnel", "--json"))
    assert (noted["value"], noted["who"]) == ("planned", "Personnel")
    assert "Planned" in told("--wishes")
    assert noted["id"] in told("--notes")
    assert "Noted" in told("--undo", noted["id"])
    assert noted["id"] not in told("--notes")
    assert "one after the other" in told("--read", "--wishes", code=2)
    assert "needed to learn" in told("--learn")
    for asked in (["--read", "--typical"], ["--emerging"], ["--agreement"]):
        told(*asked)
