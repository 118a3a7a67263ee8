"""Wishes, emerging themes, agreement and learning in sentences and charts, in three languages."""

import json

import pytest
from analysis_tables import voices
from safe_tables import INSTRUMENT

from engage.present import charts, voice_sentences
from engage.present.labels import Names
from engage.privacy import SafeTable
from engage.text.own import HeadReport
from engage.words import LANGUAGES

TABLES = voices()
PART = {"question": "change", "source": "employee"}


def names(lang: str) -> Names:
    return Names(INSTRUMENT, lang)


def test_the_widest_wish_and_every_status_are_said():
    head, states = voice_sentences.wishes(TABLES["wishes"], names("en"))
    assert "希望涨一点工资" in head
    assert "2026H1, 30 people" in head
    assert states.endswith("Wishes that can be shown: 2 (Open 1, Declined 1).")
    assert voice_sentences.wishes(TABLES["wishes"], names("zh"), question="none", source="employee") == (
        "目前还没有哪项诉求达到可以显示的人数。",
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_and_chart_is_in_words(lang):
    said = [
        *voice_sentences.wishes(TABLES["wishes"], names(lang)),
        voice_sentences.emerging(TABLES["emerging"], names(lang), **PART),
        voice_sentences.agreement(TABLES["agreement"], names(lang), **PART, wave="2026H1"),
    ]
    assert not [sentence for sentence in said if "{" in sentence or "voices." in sentence]
    for chart in (
        charts.emerging(TABLES["emerging"], names(lang), **PART),
        charts.agreement(TABLES["agreement"], names(lang), **PART, wave="2026H1"),
    ):
        text = json.dumps(chart.to_dict())
        assert "P1" not in text
        assert "hidden_reason" not in text


def test_charts_take_released_tables_only():
    for draw in (charts.emerging, lambda *a, **k: charts.agreement(*a, **k, wave="2026H1")):
        with pytest.raises(TypeError):
            draw(TABLES["emerging"].tidy(), names("en"), **PART)
    with pytest.raises(TypeError):
        voice_sentences.emerging(TABLES["emerging"].tidy(), names("en"), **PART)
    assert isinstance(TABLES["wishes"], SafeTable)


def report(n: int, before: int, after: int, better: bool) -> HeadReport:
    return HeadReport("tone", n, before, after, 0.01, 0.04, 100, better)


def test_learning_says_by_how_much_it_is_better_or_that_it_is_not():
    better = voice_sentences.learned([report(40, 12, 31, True)], True, names("en"))
    assert better[0].startswith("Tone: of 40 corrected comments, 31 are now read rightly instead of 12")
    assert "4% of the other comments" in better[0]
    worse = voice_sentences.learned([report(40, 30, 29, False)], False, names("zh"))
    assert "没有可靠的改进" in worse[0]
    assert worse[-1] == "没有采用新的模型，原来的继续使用。"
    assert "至少要有 20 条" in voice_sentences.learned([report(3, 0, 0, False)], False, names("zh"))[0]
