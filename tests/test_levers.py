"""The list of levers: complete in three languages, and every fault of one's own is named."""

import pytest

from engage.errors import InputError
from engage.instrument import LEVERS_FILE, load_instrument, load_levers, places
from engage.words import LANGUAGES
from engage.workspace import Workspace

GUIDES = load_levers(list(places([])))
ROLES = ("hygiene", "motivator", "unlabelled")
FACTORS = [scale.id for scale in load_instrument("herzberg_service").scales if scale.role in ROLES]


def test_every_factor_has_questions_and_levers():
    assert set(GUIDES) == set(FACTORS)
    for factor, guide in GUIDES.items():
        assert len(guide.talk) >= 2
        assert len(guide.levers) >= 2
        assert all(factor in lever.moves and set(lever.moves) <= set(FACTORS) for lever in guide.levers)


def test_every_text_is_there_in_each_language():
    texts = [text for guide in GUIDES.values() for text in guide.talk]
    texts += [t for g in GUIDES.values() for lever in g.levers for t in (lever.name, lever.text, lever.watch)]
    assert all(set(text) == set(LANGUAGES) and all(text.values()) for text in texts)
    assert len({text["zh"] for text in texts}) == len(texts)


def test_a_list_of_ones_own_takes_its_place(tmp_path):
    (tmp_path / "surveys").mkdir()
    (tmp_path / "surveys" / LEVERS_FILE).write_text("factors: {pay: {talk: [{en: Why}]}}", encoding="utf-8")
    assert {name: guide.talk for name, guide in Workspace(tmp_path).guides.items()} == {
        "pay": ({"en": "Why"},)
    }
    assert load_levers([tmp_path]) == {}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("factors: [", "levers.unreadable"),
        ("- a", "levers.unreadable"),
        ("factors: {pay: 3}", "levers.bad"),
        ("factors: {pay: {talk: [why]}}", "levers.bad"),
        ("factors: {pay: {levers: [{id: a, kind: magic}]}}", "levers.bad"),
        ("factors: {pay: {levers: [{id: a, kind: growth, name: {en: a}, text: {en: b}}]}}", "levers.bad"),
        (
            "factors: {pay: {levers: [&a {id: a, kind: growth, name: &n {en: a}, text: *n, watch: *n}, *a]}}",
            "levers.twice",
        ),
    ],
)
def test_faults_are_named(text, code, tmp_path):
    (tmp_path / LEVERS_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as fault:
        load_levers([tmp_path])
    assert fault.value.code == code
    assert fault.value.where == LEVERS_FILE
