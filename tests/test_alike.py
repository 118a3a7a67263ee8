"""Comments in nearly the same words: against a plain loop over all pairs."""

import csv
import re
from pathlib import Path

import pytest

from engage.errors import UsageError
from engage.text import same_wishes
from engage.text.features import normalise

TRAIN = Path(__file__).parents[1] / "data" / "text"


def jaccard(one: str, other: str, size: int) -> float:
    a, b = ({t[i : i + size] for i in range(max(len(t) - size + 1, 1))} for t in (one, other))
    return len(a & b) / len(a | b)


def groups_by_hand(texts: list[str], size: int, least: float) -> set[tuple[int, ...]]:
    language = "zh" if size == 2 else "en"
    bare = [re.sub(r"[\W_]+", "", text) for text in normalise(texts, language)]
    group = list(range(len(texts)))
    for i in range(len(texts)):
        for j in range(i):
            if jaccard(bare[i], bare[j], size) >= least:
                group = [group[j] if g == group[i] else g for g in group]
    found: dict[int, list[int]] = {}
    for place, g in enumerate(group):
        found.setdefault(g, []).append(place)
    return {tuple(places) for places in found.values() if len(places) > 1}


@pytest.mark.parametrize(("language", "size", "least"), [("zh", 2, 0.3), ("zh", 2, 0.5), ("en", 4, 0.25)])
def test_groups_are_those_of_a_plain_loop(language: str, size: int, least: float) -> None:
    with (TRAIN / f"{language}_train.tsv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)][-250:]
    texts += [text.replace("，", "") + "！" for text in texts[:20]]
    found = same_wishes(texts, least=least)
    assert {group.places for group in found} == groups_by_hand(texts, size, least)
    assert len(found) >= 20
    assert all(group.typical in group.places for group in found)


def test_people_are_counted_once_and_the_widest_wish_stands_first() -> None:
    texts = ["希望食堂晚上也开门", "食堂晚上也希望开门", "希望食堂晚上也能开门", None, "", "无"]
    texts += ["More bike racks, please!", "more bike racks please", "More bike racks, please."]
    people = ["a", "b", "c", "a", "b", "c", "d", "d", "d"]
    first, second = same_wishes(texts, people=people)
    assert (first.places, first.people) == ((0, 1, 2), 3)
    assert (second.places, second.people, second.typical) == ((6, 7, 8), 1, 6)
    assert same_wishes([]) == () == same_wishes(["只有一条"])


def test_equal_texts_in_two_languages_stay_apart_and_wrong_calls_are_refused() -> None:
    assert [
        group.places for group in same_wishes(["谢谢大家", "Thank you all", "谢谢大家", "thank you all"])
    ] == [
        (0, 2),
        (1, 3),
    ]
    with pytest.raises(UsageError) as caught:
        same_wishes(["x"], least=0)
    assert caught.value.code == "text.least"
    with pytest.raises(UsageError) as caught:
        same_wishes(["x"], people=[])
    assert caught.value.code == "text.people"
