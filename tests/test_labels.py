"""Every id has a word in the three languages, and what has none shows itself."""

import pandas as pd
import pytest
from safe_tables import INSTRUMENT

from engage.instrument import ROLES
from engage.present import numbers
from engage.present.labels import Names, is_missing
from engage.words import LANGUAGES

THEMES = (
    *(s.id for s in INSTRUMENT.scales_with("hygiene", "motivator")),
    "workload", "tools_and_process", "management", "training", "customers", "none",
)  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_stable_id_has_a_word(lang):
    names = Names(INSTRUMENT, lang)
    said = {
        names.scale: [*(s.id for s in INSTRUMENT.scales), "hygiene", "motivator", "enps_net"],
        names.role: ROLES,
        names.demographic: [*(d.id for d in INSTRUMENT.demographics), "performance", "wave", "theme"],
        names.theme: THEMES,
        names.question: ["change", "proud", "none"],
        names.source: ["employee", "customer_relayed"],
        names.outcome: ["attrition", "service", "csat", "on_time", "quality", "engagement", "intent_to_stay"],
        names.driver: ["comment_tone", "hygiene", "motivator", "pay"],
        names.tone: ["negative", "neutral", "positive"],
        names.measure: ["invited", "responses", "people", "people_matched", "teams", "service_teams",
                        "comments", "comments_with_team"],
        names.hidden: ["too_few", "complement", "wave_open", "not_published", "too_few_rows"],
    }  # fmt: skip
    for method, ids in said.items():
        words = [method(id) for id in ids]
        assert not set(words) & set(ids), (method.__name__, words)
        assert len(set(words)) == len(words), (method.__name__, words)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_levels_speak_the_readers_language(lang):
    names = Names(INSTRUMENT, lang)
    assert names.level("star", "3") == {"zh": "三星", "en": "3 stars", "ru": "3 звезды"}[lang]
    assert names.level("theme", "pay") == names.theme("pay")
    assert names.level("team", "客服1组") == "客服1组"
    unknown = {names.level("star", value) for value in ("", None, float("nan"), pd.NA)}
    assert unknown == {{"zh": "未填写", "en": "Not stated", "ru": "Не указано"}[lang]}
    assert names.levels("star") == ("1", "2", "3", "4", "5")
    assert names.levels("team") == names.levels("nowhere") == ()


def test_unknown_ids_show_themselves():
    names = Names(None, "zh")
    assert names.scale("meaning") == names.theme("meaning") == names.outcome("meaning") == "meaning"
    assert names.role_of("meaning") == "unlabelled"
    assert names.hidden("a_new_reason") == "a_new_reason"
    assert names.hidden(None) == ""


def test_roles():
    names = Names(INSTRUMENT, "en")
    scales = ("pay", "growth", "supervisor", "hygiene", "enps_net", "job_search")
    assert [names.role_of(scale) for scale in scales] == [
        "hygiene", "motivator", "unlabelled", "hygiene", "outcome", "strain",
    ]  # fmt: skip


def test_the_share_of_enps_is_named_for_what_it_is():
    assert Names(INSTRUMENT, "en").scale_share("enps") == "Would recommend (9–10)"
    assert Names(INSTRUMENT, "en").scale_share("pay") == "Pay"


@pytest.mark.parametrize(
    ("lang", "n", "words"), [("zh", 1912, "1,912"), ("en", 20, "20"), ("ru", 1912, "1\u00a0912")]
)
def test_people_in_words(lang, n, words):
    names = Names(INSTRUMENT, lang)
    assert names.n(n, None) == words
    assert names.n(pd.NA, "5-9") == names.n(None, "5-9") == "5–9"
    assert names.n(None, None) == "–"


def test_names_inside_a_sentence():
    assert Names(None, "en").inline("Room to grow") == "room to grow"
    assert Names(None, "en").inline("CSAT") == "CSAT"
    assert Names(None, "ru").inline("Премия") == "«Премия»"
    assert Names(None, "zh").inline("奖金") == "奖金"


def test_missing():
    assert all(map(is_missing, (None, "", float("nan"), pd.NA, pd.NaT)))
    assert not any(map(is_missing, (0, "0", False, 0.0)))


def test_numbers_as_written():
    assert numbers.percent(0.29) == "29%"
    assert numbers.percent(float("nan")) == "–"
    assert numbers.span(0.14, 0.23) == "14–23%"
    assert numbers.span(float("nan"), 0.2) == "–"
    assert numbers.decimal(-0.31, "ru") == "−0,31"
    assert numbers.decimal(-0.001, "en") == "0.00"
    assert numbers.between(0.1, 0.52, "en") == "0.10–0.52"
    assert numbers.between(-0.1, 0.52, "zh") == "−0.10 … 0.52"
    assert numbers.whole(-1200, "en") == "−1,200"
