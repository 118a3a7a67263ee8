"""Corrections, and a workspace's own last layer: taken only where it is better, and never more than that."""

import json

import numpy as np
import pytest
from scipy.stats import binomtest
from voices_inputs import W1, W2, box, company, pay_comments
from workspace_inputs import PULSE, answers, as_csv

from engage.errors import InputError, UsageError
from engage.text import sentiment
from engage.text.model import probabilities
from engage.text.own import FEWEST, LABELS, Example, OwnLayer, features, learn, mcnemar

REST = pytest.mark.rest
WORDS = ("monday", "tuesday", "friday", "sunday")


def blue(n: int) -> list[Example]:
    """Return comments on a thing that only this company has, all positive here."""
    read = {"tone": "positive", "intent": "praise", "theme": "tools_and_process"}
    texts = [
        f"Again the zebrabox on {WORDS[i % 4]} {'and ' * (i // 4)}then, floor {'x' * i}" for i in range(n)
    ]
    return [Example(text, "en", read) for text in texts]


def others(n: int) -> list[Example]:
    return [Example(text, "en", {}) for text in pay_comments(n)]


def test_a_layer_that_reads_better_is_taken_and_leaves_the_rest_alone():
    layer, reports = learn(blue(48), others(60))
    tone = next(one for one in reports if one.head == "tone")
    assert tone.n == 48
    assert tone.after > tone.before
    assert tone.better == (tone.p_value <= 0.05 and tone.moved <= 0.1)
    assert tone.better
    assert set(layer.weights) == {one.head for one in reports if one.better}
    unseen = "Our zebrabox is here since monday"
    p = probabilities([unseen, pay_comments(1)[0]], "en")
    q = layer.adjusted([unseen, pay_comments(1)[0]], "en", p)
    assert q.tone[0, 2] > p.tone[0, 2]
    assert q.tone[1].argmax() == p.tone[1].argmax()
    assert q.tone[1] == pytest.approx(p.tone[1], abs=0.2)
    assert q.tone.sum(axis=1) == pytest.approx(1)
    read = sentiment([unseen], own=layer)
    assert read["tone_score"].iloc[0] == pytest.approx(q.tone[0, 2])


def test_labels_at_random_and_too_few_of_them_are_not_taken():
    rng = np.random.default_rng(11)
    noise = [
        Example(one.text, "en", {head: str(rng.choice(labels)) for head, labels in LABELS.items()})
        for one in others(60)
    ]
    layer, reports = learn(noise, others(30))
    assert not layer.weights
    assert not any(one.better for one in reports)
    layer, reports = learn(blue(FEWEST - 1), others(10))
    assert not layer.weights


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (5, 0), (9, 3), (3, 9), (40, 21)])
def test_mcnemar_is_the_binomial_test(gained, lost):
    expected = binomtest(gained, gained + lost, alternative="greater").pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(expected, rel=1e-12)


def test_the_file_gives_the_layer_back_and_rows_have_unit_length():
    layer, _ = learn(blue(48), others(30))
    again = OwnLayer.from_bytes(layer.to_bytes())
    assert set(again.weights) == set(layer.weights)
    for head, weights in layer.weights.items():
        assert again.weights[head] == pytest.approx(weights, abs=1e-5)
    x = features(["abcdef", "工资太低了"], "en")
    assert np.bincount(x.row, x.value**2, x.texts) == pytest.approx([1, 1])


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    return company(tmp_path_factory.mktemp("own"), {W1: [box(pay_comments(28))]})


@REST
def test_corrections_are_kept_with_who_and_move_no_table(space):
    shown = space.comments(wave=W1).tidy()
    before, key = space.tone("theme", W1).tidy(), space.key
    for id in shown["comment"]:
        space.correct(id, tone="positive", intent="praise", who="Personnel office")
    with pytest.raises(UsageError):
        space.correct("nothing", tone="positive")
    with pytest.raises(UsageError):
        space.correct(shown["comment"].iloc[0], tone="furious")
    after = space.comments(wave=W1).tidy()
    assert list(after["theme"]) == list(shown["theme"])
    assert set(after["corrected_by"]) == {"Personnel office"}
    assert set(after["corrected"].str.split(";").str[0]) == {"tone=positive"}
    assert space.tone("theme", W1).tidy().equals(before)
    assert space.key == key
    log = [json.loads(line)["code"] for line in (space.path / "audit.jsonl").read_text().splitlines()]
    assert log.count("correct") == len(shown)


@REST
def test_the_model_is_learned_used_for_later_imports_and_given_up(space):
    done = space.learn(who="Personnel office")
    assert done.note
    assert done.tidy().set_index("head").loc["tone", "better"]
    before = space.tone("theme", W1).tidy()
    positive = space.tone("wave").tidy()["positive"].iloc[0]
    space.import_file(
        as_csv(answers(PULSE, {"north": 40, "south": 30}, seed=9, day="2025-08-04")),
        wave=W2,
        instrument=PULSE,
    )
    space.import_file(as_csv(box(pay_comments(24, 28), first=500)), "comments", W2)
    space.close(W2)
    assert space.tone("theme", W1).tidy().equals(before)
    newer = space.tone("wave").tidy()["positive"].iloc[1]
    assert newer > positive
    file = next((space.path / "models").iterdir())
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    with pytest.raises(InputError):
        space.import_file(as_csv(box(pay_comments(3), first=700)), "comments", W2)
    file.write_bytes(content)
    space.take_back(done.note)
    space.import_file(as_csv(box(pay_comments(24, 90), first=800)), "comments", W2)
    space.close(W2)
    assert space.tone("wave").tidy()["positive"].iloc[1] < newer
