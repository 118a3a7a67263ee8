"""Which comments may be read, by whom written nobody learns: the rules by brute force."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from voices_inputs import W1, W2, box, company, pay_comments
from workspace_inputs import as_csv

from engage.errors import TooLittleData, UsageError
from engage.privacy import Policy, release_comments
from engage.text import redact
from engage.text.alike import nearest_alike, same_wishes, shingle_matrix
from engage.text.covering import representatives
from engage.text.telling import KnownNames, mentions
from engage.text.topics import THEMES
from engage.workspace import Workspace

K = Policy().comments_k
NOBODY = KnownNames({})


def world(seed: int, people: int = 60) -> pd.DataFrame:
    """Return comments on few themes, some writers with several, some of them nobody knows."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 120))
    writer = np.array([f"P{int(i):04d}" for i in rng.integers(0, people, n)], dtype=object)
    writer[rng.random(n) < 0.2] = None
    theme = rng.choice(["pay", "growth", "workload", "none"], n, p=[0.45, 0.25, 0.2, 0.1])
    return pd.DataFrame(
        {
            "question": rng.choice(["", "change"], n),
            "source": rng.choice(["employee", "customer_relayed"], n, p=[0.8, 0.2]),
            "theme": theme,
            "tone": rng.choice(["negative", "neutral", "positive"], n),
            "intent": "complaint",
            "language": "en",
            "respondent": writer,
            "team": rng.choice(["a", "b"], n),
            "text": [
                f"comment {'x' * (i % 40 + 1)} {'y' * (i // 40 + 1)} on {t}" for i, t in enumerate(theme)
            ],
        }
    )


def writers(part: pd.DataFrame) -> int:
    known = part["respondent"].dropna()
    return known.nunique() + int(part["respondent"].isna().sum())


@pytest.mark.parametrize("seed", range(8))
def test_comments_are_shown_of_enough_writers_only_with_as_many_beside_them(seed):
    comments = world(seed)
    shown = release_comments(comments, ["team"], NOBODY, Policy(), salt="s").tidy()
    for (question, source), part in comments.groupby(["question", "source"]):
        mine = shown[(shown["question"] == question) & (shown["source"] == source)]
        counts = {theme: writers(cell) for theme, cell in part.groupby("theme")}
        open_ = set(mine["theme"])
        assert all(counts[theme] >= K for theme in open_)
        hidden = [theme for theme in counts if theme not in open_]
        if hidden:
            assert sum(counts[theme] for theme in hidden) >= K or not open_
            assert len(hidden) > 1 or not open_
        for theme in open_:
            said = set(part.loc[part["theme"] == theme, "text"])
            assert set(mine.loc[mine["theme"] == theme, "text"]) <= said
    assert set(shown.columns).isdisjoint({"respondent", "team", "wave", "date"})


def test_the_order_says_nothing_of_when_or_by_whom():
    comments = world(3)
    one = release_comments(comments, ["team"], NOBODY, Policy(), salt="s").tidy()
    mixed = comments.sample(frac=1, random_state=1).reset_index(drop=True)
    two = release_comments(mixed, ["team"], NOBODY, Policy(), salt="s").tidy()
    pd.testing.assert_frame_equal(one.drop(columns="typical"), two.drop(columns="typical"))
    other = release_comments(comments, ["team"], NOBODY, Policy(), salt="t").tidy()
    assert list(one["text"]) != list(other["text"])
    assert sorted(one["text"]) == sorted(other["text"])


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    told = [
        "My pay slip is wrong, call me on 13987650412",
        "Pay me properly, I am P1003 after all",
        "Miss Hill says that the wage rise is off",
        "The salary in room 412 was promised on 3 March 2025",
        "In north the pay is a joke",
    ]
    files = {W1: [box([*pay_comments(20), *told])], W2: [box(pay_comments(9))]}
    return company(tmp_path_factory.mktemp("voices"), files)


def test_identifiers_withhold_a_comment_and_what_is_rare_is_replaced(space):
    shown = space.comments(wave=W1).tidy()
    text = "\n".join(shown["text"])
    assert "13987650412" not in text
    assert "pay slip" not in text
    assert "P1003" not in text
    assert "after all" not in text
    pay = shown[shown["theme"] == "pay"]
    assert len(pay) > 15
    for bad, good in (("Hill", "[NAME]"), ("412", "[PLACE]"), ("March", "[DATE]"), ("north", "[GROUP]")):
        assert bad not in text
        assert good in text
    assert not shown.loc[shown["text"].str.contains(r"\["), "typical"].any()
    assert set(pay["typical"]) == {0, 1, 2, 3}


def test_a_wave_shows_nothing_below_the_rule_and_nothing_while_it_is_open(space, tmp_path):
    assert space.comments(wave=W2).tidy().empty
    open_one = company(tmp_path, {W1: [box(pay_comments(20))]}, close=False)
    with pytest.raises(TooLittleData):
        open_one.comments(wave=W1)
    with pytest.raises(UsageError):
        space.comments("luck")


def test_shown_comments_are_a_function_of_the_close(tmp_path):
    space = company(tmp_path, {W1: [box(pay_comments(20))]})
    before = space.comments(wave=W1).tidy()
    space.import_file(
        as_csv(box(["A fresh word about the salary", "and the wage"], first=60)), "comments", W1
    )
    pd.testing.assert_frame_equal(before, space.comments(wave=W1).tidy())
    assert space.comments(wave=W1, search="fresh").tidy().empty


def test_search_sees_only_what_is_shown(space):
    assert len(space.comments(wave=W1, search="RENT")) > 3
    for hidden in ("13987650412", "slip", "Hill", "412", "north", "P10"):
        assert not len(space.comments(wave=W1, search=hidden))


def test_reading_leaves_counts_in_the_audit_log_and_no_word(space):
    table = space.comments("pay", W1, search="rent")
    last = json.loads((space.path / "audit.jsonl").read_text().splitlines()[-1])
    assert last["code"] == "comments"
    assert (last["shown"], last["theme_pay"], last["search"]) == (len(table), len(table), 1)
    assert "rent" not in json.dumps(last)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("3号楼二层的空调坏了", ["PLACE", "PLACE"]),
        ("2025年3月12日我们三组", ["DATE", "GROUP"]),
        ("Room 412, line 7, on the 3rd of March at 14:30", ["PLACE", "PLACE", "DATE", "TIME"]),
        ("В кабинете 312 с 5 марта, 2-й цех", ["PLACE", "DATE", "PLACE"]),
        ("夜班两班倒，每班八小时，同一组", []),
        ("Two of us waited 10 minutes", []),
        ("机台 B12345 停机", ["NUMBER"]),
    ],
)
def test_mentions_are_found(text, kinds):
    assert [mention.type for mention in mentions(text)] == kinds


def test_known_names_are_found_as_they_are_written():
    known = KnownNames({"north": "GROUP", "热线04班": "GROUP", "E100": "EMPLOYEE_ID"})
    found = mentions("North is not northern; 我们热线04班, E1001, E100", known)
    words = [("North is not northern; 我们热线04班, E1001, E100")[m.start : m.end] for m in found]
    assert words == ["North", "热线04班", "E1001", "E100"]
    assert [m.type for m in found] == ["GROUP", "GROUP", "NUMBER", "EMPLOYEE_ID"]


def jaccard(a: str, b: str, n: int = 4) -> float:
    bags = [
        {re.sub(r"[\W_]+", "", t.lower())[i : i + n] for i in range(len(re.sub(r"[\W_]+", "", t)) - n + 1)}
        for t in (a, b)
    ]
    return len(bags[0] & bags[1]) / len(bags[0] | bags[1])


def test_representatives_cover_as_a_brute_force_search_says():
    texts = [
        *pay_comments(6),
        "The night bus is gone and nobody told us",
        "The night bus is gone, nobody told us so",
    ]
    first, second = representatives(texts, count=2)
    gain = [sum(jaccard(a, b) for a in texts) for b in texts]
    assert first == int(np.argmax(gain))
    both = [sum(max(jaccard(a, texts[first]), jaccard(a, b)) for a in texts) for b in texts]
    assert second == int(np.argmax(both))
    assert representatives(texts, count=9, allowed=[False] * 8) == ()
    assert set(representatives(texts, count=2, allowed=[i > 5 for i in range(8)])) <= {6, 7}


def test_nearest_alike_is_the_most_similar_one():
    others = [*pay_comments(4), "Give us a later bus"]
    found = nearest_alike(["give us a later bus!", "Nothing like it at all", PAY_LIKE], others)
    assert list(found) == [4, -1, int(np.argmax([jaccard(PAY_LIKE, other) for other in others]))]
    _, sizes = shingle_matrix(["无", "abcde"])
    assert list(sizes) == [0, 2]
    assert same_wishes(["give us a later bus", "Give us a later bus."])[0].people == 2


PAY_LIKE = "My wages do not cover the rent any more; please raise salary"


@pytest.mark.rest
def test_no_shown_comment_holds_what_redact_would_find(sample_workspace):
    shown = Workspace(sample_workspace).comments(wave="all").tidy()
    assert len(shown) > 200
    assert set(shown["theme"]) <= set(THEMES)
    assert not [text for text in shown["text"] if redact(text).entities]
    assert shown["typical"].max() == 3
