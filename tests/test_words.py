"""The catalogues say the same things in three languages."""

import re
from pathlib import Path

import pytest

import engage.words as words
from engage.words import LANGUAGES, catalogue, known, pick, say

FOLDER = Path(words.__file__).parent
AREAS = sorted({path.stem for lang in LANGUAGES for path in (FOLDER / lang).glob("*.yaml")})
PLACEHOLDER = re.compile(r"\{(\w+)\}")
HAN = re.compile(r"[一-鿿]")
CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)


@pytest.mark.parametrize("area", AREAS)
def test_same_keys_and_placeholders(area):
    english = catalogue(area, "en")
    assert english
    for lang in LANGUAGES:
        other = catalogue(area, lang)
        assert set(other) == set(english)
        for key, sentence in english.items():
            assert set(PLACEHOLDER.findall(other[key])) == set(PLACEHOLDER.findall(sentence)), (lang, key)
            assert other[key].strip(), (lang, key)


@pytest.mark.parametrize("area", AREAS)
def test_no_language_speaks_another(area):
    assert not any(
        HAN.search(s) or CYRILLIC.search(s)
        for k, s in catalogue(area, "en").items()
        if not k.startswith(("language", "tongue"))
    )
    assert not any(
        CYRILLIC.search(s)
        for k, s in catalogue(area, "zh").items()
        if not k.startswith(("language", "tongue"))
    )


def test_every_code_that_is_raised_has_words():
    """A code in the source is an ``area.name`` given to an error or a ``Problem``."""
    raised = re.compile(r"(?:Error|TooLittleData|Problem|Rejected)\(\s*\"([a-z_]+\.[a-z_]+)\"")
    codes = {
        code
        for path in FOLDER.parent.rglob("*.py")
        for code in raised.findall(path.read_text(encoding="utf-8"))
    }
    assert codes, "no code found: the pattern is wrong"
    for code in codes:
        for lang in LANGUAGES:
            assert known(f"{code}.what", lang), f"{lang} has no words for {code}"
            assert known(f"{code}.remedy", lang), f"{lang} has no remedy for {code}"


def test_say_fills_placeholders_and_joins_lists():
    assert "2026H1" in say("workspace.unknown_wave.what", "zh", wave="2026H1")
    assert "a, b" in say("workspace.unknown_wave.remedy", "en", known=("a", "b"))
    assert "a、b" in say("workspace.unknown_wave.remedy", "zh", known=("a", "b"))
    with pytest.raises(KeyError):
        say("workspace.unknown_wave.what", "en")
    with pytest.raises(KeyError):
        say("nowhere.at_all", "en")


def test_pick_prefers_the_language_then_english():
    assert pick({"zh": "薪酬", "en": "Pay"}, "zh") == "薪酬"
    assert pick({"zh": "薪酬", "en": "Pay"}, "ru") == "Pay"
    assert pick({"zh": "薪酬"}, "ru") == "薪酬"
