"""The questionnaires of the package: whole in three languages, and read back from their own exports."""

import csv
import io
import re

import numpy as np
import pytest

from engage.errors import InputError, UsageError
from engage.ingest import read
from engage.instrument import RESERVED, available, load_instrument, parse_instrument, template
from engage.measure.scoring import score_items
from engage.words import LANGUAGES
from engage.workspace import Workspace

NAMES = (
    "burnout", "competence", "herzberg_service", "innovation", "pulse", "service_attitude", "service_value",
    "work_attitude",
)  # fmt: skip
SCALES = {
    "work_attitude": "career_planning dedication teamwork peer_relations creativity initiative",
    "service_attitude": "customer_first emotional_regulation",
    "burnout": "lost_enthusiasm negative_attitude no_accomplishment",
    "service_value": "value_insight value_emotional value_practical competence_emotional"
    " competence_professional",
    "competence": "business_knowledge customer_communication stress_management problem_solving"
    " digital_service data_use coaching team_leadership",
    "innovation": "innovation_room idea_handling innovation_behaviour",
    "pulse": "pulse_energy pulse_workload pulse_support pulse_recognition pulse_stay",
}
ALL = {name: load_instrument(name) for name in NAMES}
HAN, CYRILLIC, LATIN = (re.compile(f"[{ends}]") for ends in ("一-鿿", "а-яА-ЯёЁ", "a-zA-Z"))


def texts(instrument, lang):
    """Return every wording of an instrument in one language."""
    asked = [one.text[lang] for one in (*instrument.items, *instrument.demographics, *instrument.questions)]
    options = {option.label[lang] for item in instrument.items for option in item.options}
    levels = [level.label[lang] for one in instrument.demographics for level in one.levels]
    named = [one.name[lang] for one in (*instrument.scales, *instrument.demographics)]
    return [instrument.name[lang], *asked, *options, *levels, *named]


def test_all_are_there():
    assert available() == NAMES
    for name, instrument in ALL.items():
        assert (instrument.id, instrument.version, instrument.languages) == (name, 1, LANGUAGES)
        assert len(instrument.source) > 60
        assert instrument.licence.startswith("MIT")
    for name, scales in SCALES.items():
        assert [scale.id for scale in ALL[name].scales] == scales.split()


def test_ids_and_wordings_are_unique_over_all_so_that_any_can_be_asked_in_one_wave():
    ids = [one.id for i in ALL.values() for one in (*i.items, *i.scales, *i.questions)]
    assert len(set(ids)) == len(ids)
    backgrounds = {one.id for i in ALL.values() for one in i.demographics}
    assert not (set(ids) | backgrounds) & RESERVED
    assert not set(ids) & backgrounds
    for lang in LANGUAGES:
        words = [one.text[lang] for i in ALL.values() for one in (*i.items, *i.questions)]
        assert len({"".join(filter(str.isalnum, text.casefold())) for text in words}) == len(words)


@pytest.mark.parametrize("name", sorted(SCALES))
def test_every_language_is_written_as_it_should_be(name):
    for text in texts(ALL[name], "zh"):
        assert HAN.search(text)
        assert not CYRILLIC.search(text)
        assert not re.search(r"[,.;:?!()]", text), text  # full-width punctuation only
        text.encode("gbk")
    for text in texts(ALL[name], "en"):
        assert LATIN.search(text)
        assert not HAN.search(text)
        assert not CYRILLIC.search(text)
    for text in texts(ALL[name], "ru"):
        assert CYRILLIC.search(text)
        assert not HAN.search(text)
        assert not LATIN.search(text), text
        assert not re.search(r"\b(ты|тебе|тебя|твой|твоя|твои)\b", text, re.I)


@pytest.mark.parametrize("name", sorted(SCALES))
def test_items_end_alike_within_a_questionnaire(name):
    for lang in LANGUAGES:
        ends = {item.text[lang][-1] in "。." for item in ALL[name].items}
        assert len(ends) == 1, (lang, ends)


def test_reverse_items_are_where_they_make_sense():
    for name in ("work_attitude", "service_attitude", "burnout"):
        for scale in ALL[name].scales:
            keys = [ALL[name].item(id).reverse_keyed for id in scale.items]
            assert sum(keys) == 1, scale.id
            assert keys[-1]
    for name in ("pulse", "service_value", "competence"):  # one item each, or levels that can only be climbed
        assert not any(item.reverse_keyed for item in ALL[name].items)
    assert {scale.role for scale in ALL["burnout"].scales} == {"strain"}
    kindly = re.compile(r"keen|feel for|helps", re.I)
    for item in ALL["burnout"].items:
        assert bool(kindly.search(item.text["en"])) == item.reverse_keyed


def test_who_rates_and_what_a_role_should_reach():
    assert [name for name, i in ALL.items() if i.rated_by == "others"] == ["service_value"]
    competence = ALL["competence"]
    assert competence.targets_by == "role_group"
    levels = {level.id for level in competence.demographic("role_group").levels}
    for scale in competence.scales:
        assert set(scale.targets) <= levels
        assert set(scale.targets.values()) <= {2, 3, 4}
    asked = {level: sum(level in scale.targets for scale in competence.scales) for level in levels}
    assert asked == {"management": 8, "operations_support": 7, "smart_service": 6, "traditional_service": 5}
    assert not any(scale.targets for name, i in ALL.items() if name != "competence" for scale in i.scales)


def export(instruments, lang, people, seed):
    """Return a CSV of made-up answers under a template's headings, and {item: the values behind them}."""
    rng = np.random.default_rng(seed)
    columns = template(instruments, lang)
    options = {item.id: item.options for i in instruments for item in i.items}
    values, table = {}, []
    for column in columns:
        if column.kind == "item":
            drawn = [options[column.id][k] for k in rng.integers(0, len(column.answers), people)]
            values[column.id] = [option.value for option in drawn]
            table.append([option.label[lang] for option in drawn])
        elif column.id == "started":
            table.append([f"2026-03-{1 + k % 28:02d} 09:00:00" for k in range(people)])
        elif column.kind == "question":
            table.append([""] * people)
        else:
            table.append(
                [
                    column.answers[k % len(column.answers)] if column.answers else f"A{k:03d}"
                    for k in range(people)
                ]
            )
    out = io.StringIO(newline="")
    csv.writer(out).writerows([[column.heading for column in columns], *zip(*table, strict=True)])
    return out.getvalue().encode("utf-8-sig"), values


def expected(instrument, scale, values, row):
    """Return a person's score from the definition, without the package's arithmetic."""
    keyed = []
    for id in scale.items:
        item = instrument.item(id)
        ends = [option.value for option in item.options]
        answer = values[id][row]
        keyed.append(sorted(ends)[::-1][sorted(ends).index(answer)] if item.reverse_keyed else answer)
    return sum(keyed) / len(keyed)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_an_export_is_recognised_and_scored(name, lang):
    instrument = ALL[name]
    content, values = export([instrument], lang, 12, seed=5)
    reading = read(content)
    assert reading.ok
    assert reading.instrument == instrument
    assert [problem.code for problem in reading.problems if problem.severity != "info"] == []
    table = reading.table
    assert list(table["respondent"]) == [f"A{k:03d}" for k in range(12)]
    for scale in instrument.scales:
        items = table[list(scale.items)]
        first = instrument.item(scale.items[0])
        reverse = [id for id in scale.items if instrument.item(id).reverse_keyed]
        scores = score_items(items, minimum=first.minimum, maximum=first.maximum, reverse=reverse)
        assert scores.tolist() == pytest.approx([expected(instrument, scale, values, k) for k in range(12)])


def test_several_are_asked_in_one_wave_with_one_file(tmp_path):
    asked = [ALL["work_attitude"], ALL["burnout"]]
    content, values = export(asked, "zh", 30, seed=6)
    space = Workspace(tmp_path / "space")
    for instrument in asked:
        assert space.import_file(content, wave="2026H1", instrument=instrument.id).rows == 30
    merged = space.instrument("2026H1")
    assert [scale.id for scale in merged.scales] == [scale.id for i in asked for scale in i.scales]
    assert [one.id for one in merged.demographics] == ["team", "role_group"]
    frame = space.frame("2026H1", ids=["A007"]).set_index("respondent")
    assert len(frame) == 30
    for instrument in asked:
        for scale in instrument.scales:
            assert frame.loc["A007", scale.id] == pytest.approx(expected(instrument, scale, values, 7))
    assert space.wave_table().tidy()["n_band"].tolist() == ["20+"]
    for wave in ("2026H1", "2026H2"):
        with pytest.raises(InputError, match="very file"):
            space.import_file(content, wave=wave, instrument="burnout")


def test_people_who_are_rated_have_not_answered(tmp_path):
    space = Workspace(tmp_path / "space")
    answered, _ = export([ALL["pulse"]], "en", 24, seed=7)
    rated, _ = export([ALL["service_value"]], "en", 90, seed=8)
    space.import_file(rated, wave="2026H1", instrument="service_value")
    assert space.wave_table().tidy()["n_band"].tolist() == ["80+"]
    space.import_file(answered, wave="2026H1", instrument="pulse")
    assert space.wave_table().tidy()["n_band"].tolist() == ["20+"]


def test_a_template_asks_what_several_share_once():
    columns = template([ALL["burnout"], ALL["innovation"]], "en")
    kinds = [column.kind for column in columns]
    assert kinds == sorted(kinds, key=["field", "demographic", "item", "question"].index)
    ids = [column.id for column in columns]
    assert ids[:4] == ["respondent", "started", "team", "role_group"]
    assert len(set(ids)) == len(ids) == 4 + 24 + 1
    assert columns[3].answers[0] == "Management"
    english = parse_instrument(
        "instrument: small\nversion: 1\nname: {en: Small}\nsource: own\nlicence: MIT\n"
        "responses: {yes2: [{value: 0, en: 'No'}, {value: 1, en: 'Yes'}]}\n"
        "scales: {pay: {role: hygiene, name: {en: Pay}, responses: yes2, items: {pay_1: {en: Paid}}}}\n"
    )
    with pytest.raises(UsageError, match="not in the language ru"):
        template([english], "ru")
