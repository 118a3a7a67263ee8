"""Reading questionnaires: the one that comes with the project, and every way a file can be wrong."""

import pickle
import re
from pathlib import Path

import pytest

from engage.errors import EngageError, UsageError
from engage.instrument import (
    RESERVED,
    InstrumentError,
    available,
    load_instrument,
    parse_instrument,
)
from engage.words import LANGUAGES, catalogue

GOOD = """\
instrument: tiny
version: 1
name: {zh: 小问卷, en: Tiny}
source: own
licence: MIT
responses:
  agree3:
    - {value: 1, zh: 否, en: "No"}
    - {value: 2, zh: 一般, en: Neither}
    - {value: 3, zh: 是, en: "Yes"}
scales:
  pay:
    role: hygiene
    name: {zh: 薪酬, en: Pay}
    responses: agree3
    items:
      pay_1: {zh: 甲, en: A}
      pay_2.v2: {zh: 乙, en: B, reverse: true}
demographics:
  team: {name: {zh: 班组, en: Team}, text: {zh: 哪个班组, en: Which team}}
  star:
    name: {zh: 星级, en: Star}
    text: {zh: 几星, en: How many}
    ordered: true
    levels: {"1": {zh: 一星, en: one}, "2": {zh: 二星, en: two}}
questions:
  change: {zh: 改什么, en: What to change}
"""


def line_of(document, needle):
    return document[: document.index(needle)].count("\n") + 1


def faults(document):
    with pytest.raises(InstrumentError) as caught:
        parse_instrument(document, file="tiny.yaml")
    error = caught.value
    assert error.exit_code == 1
    assert error.code == "instrument.broken"
    assert error.where == f"tiny.yaml:{error.problems[0].row}"
    for problem in error.problems:
        for lang in LANGUAGES:
            assert str(problem.row) in error.what(lang)
            assert problem.reason(lang) in error.what(lang)
            assert problem.remedy(lang) in error.remedy(lang)
    return {(problem.code.removeprefix("instrument."), problem.row) for problem in error.problems}


def test_small_file():
    tiny = parse_instrument(GOOD)
    assert (tiny.id, tiny.version, tiny.languages) == ("tiny", 1, ("zh", "en"))
    assert [item.id for item in tiny.items] == ["pay_1", "pay_2.v2"]
    item = tiny.item("pay_2.v2")
    assert item.reverse_keyed
    assert item.scale == "pay"
    assert (item.minimum, item.maximum, item.points) == (1, 3, 3)
    assert [option.label["zh"] for option in item.options] == ["否", "一般", "是"]
    assert tiny.scale("pay").items == ("pay_1", "pay_2.v2")
    assert tiny.demographic("team").levels == ()
    assert [level.id for level in tiny.demographic("star").levels] == ["1", "2"]
    assert tiny.demographic("star").ordered
    assert tiny.question("change").text["en"] == "What to change"
    assert parse_instrument(tiny.document) == tiny
    assert pickle.loads(pickle.dumps(tiny)) == tiny


def test_one_language_and_no_background_is_enough():
    lines = GOOD.splitlines()
    document = re.sub(r"zh: [^,]+, ", "", "\n".join(lines[: line_of(GOOD, "demographics") - 1]))
    tiny = parse_instrument(document)
    assert tiny.languages == ("en",)
    assert tiny.demographics == tiny.questions == ()


def test_options_are_ordered_by_value():
    lines = GOOD.splitlines()
    lines[7], lines[9] = lines[9], lines[7]
    options = parse_instrument("\n".join(lines)).item("pay_1").options
    assert [(option.value, option.label["zh"]) for option in options] == [(1, "否"), (2, "一般"), (3, "是")]


CASES = {
    "not_yaml": ("name: {zh: 小问卷, en: Tiny}", "name: {zh: 小问卷, en: Tiny", None),
    "duplicate_id (item in another place)": ("  change:", "  pay_1:", "  pay_1: {zh: 改"),
    "duplicate_id (same mapping)": ("pay_2.v2:", "pay_1:", "pay_1: {zh: 乙"),
    "duplicate_id (scale and demographic)": ("  team:", "  pay:", "  pay: {name"),
    "unknown_responses": ("responses: agree3", "responses: agree5", "responses: agree5"),
    "missing_language": ("{zh: 甲, en: A}", "{zh: 甲}", "{zh: 甲}"),
    "missing_language (option)": ("zh: 一般, en: Neither", "zh: 一般", "value: 2"),
    "missing_language (level)": ("{zh: 二星, en: two}", "{zh: 二星}", "{zh: 二星}"),
    "missing_language (question)": ("{zh: 改什么, en: What to change}", "{zh: 改什么}", "{zh: 改什么}"),
    "extra_language": ("{zh: 甲, en: A}", "{zh: 甲, en: A, ru: А}", "ru: А"),
    "unknown_key": ("{zh: 甲, en: A}", "{zh: 甲, en: A, reversed: true}", "reversed"),
    "unknown_key (language)": ("{zh: 甲, en: A}", "{zh: 甲, en: A, fr: A}", "fr: A"),
    "bad_role": ("role: hygiene", "role: hygeine", "hygeine"),
    "reserved_id": ("  team:", "  wave:", "  wave:"),
    "reserved_id (engine's own)": ("  team:", "  pay__fav:", "  pay__fav:"),
    "bad_id": ("pay_1:", "Pay-1:", "Pay-1"),
    "bad_id (instrument)": ("instrument: tiny", "instrument: Tiny One", "Tiny One"),
    "duplicate_value": ("value: 2", "value: 1", "{value: 1, zh: 一般"),
    "gap_in_values": ("value: 3", "value: 4", "- {value: 1"),
    "bad_number": ("value: 3", "value: -3", "-3"),
    "bad_number (text)": ("version: 1", 'version: "1"', "version"),
    "bad_number (zero)": ("version: 1", "version: 0", "version"),
    "duplicate_label": ("zh: 一般,", "zh: 是,", "- {value: 1"),
    "duplicate_label (level)": ("zh: 二星,", "zh: 一星,", "levels:"),
    "missing_key": ("    role: hygiene\n", "", "  pay:"),
    "missing_key (licence)": ("licence: MIT\n", "", "instrument: tiny"),
    "duplicate_key": ("version: 1", "version: 1\nversion: 2", "version: 2"),
    "empty": ("source: own", "source:", "source:"),
    "empty (text)": ("{zh: 甲, en: A}", '{zh: 甲, en: " "}', '" "'),
    "not_a_boolean": ("reverse: true", "reverse: sometimes", "sometimes"),
    "not_text": ("source: own", "source: [own]", "source"),
    "not_a_list": ("responses:\n  agree3:", "responses:\n  many: {a: b}\n  agree3:", "many"),
    "not_a_mapping": ("{zh: 甲, en: A}", "甲", "甲"),
    "no_language": ("name: {zh: 小问卷, en: Tiny}", "name: {}", "name: {}"),
    "two_wordings": ("pay_1:", "pay_2:", "pay_2.v2"),
    "bad_rater": ("version: 1", "version: 1\nrated_by: boss", "rated_by"),
    "targets_of_whom": ("    role: hygiene", '    role: hygiene\n    targets: {"1": 2}', "targets"),
    "unknown_targets_by": ("version: 1", "version: 1\ntargets_by: stars", "targets_by"),
    "unknown_targets_by (without levels)": ("version: 1", "version: 1\ntargets_by: team", "targets_by"),
    "ordered_without_levels": ("Which team}", "Which team}, ordered: true", "Which team"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_fault_is_named_with_its_line(case):
    old, new, marker = CASES[case]
    assert GOOD.count(old) >= 1
    document = GOOD.replace(old, new, 1)
    found = faults(document)
    kind = case.split(" ")[0]
    if marker is None:
        assert {code for code, _ in found} == {kind}
    else:
        # a pay scale without a key begins on the line of its first remaining key
        line = line_of(document, marker) + (case == "missing_key")
        assert (kind, line) in found
    if kind != "no_language":
        assert len(found) == 1, found


def test_empty_scale_and_too_few_options():
    document = re.sub(r"items:\n.*\n.*\n", "items: {}\n", GOOD)
    assert faults(document) == {("empty", line_of(document, "items: {}"))}
    document = GOOD.replace(
        '    - {value: 2, zh: 一般, en: Neither}\n    - {value: 3, zh: 是, en: "Yes"}\n', ""
    )
    assert faults(document) == {("too_few_options", line_of(document, "- {value: 1"))}


TARGETS = GOOD.replace("version: 1", "version: 1\nrated_by: others\ntargets_by: star").replace(
    "    role: hygiene", '    role: hygiene\n    targets: {"1": 2, "2": 3}'
)


def test_targets_and_raters():
    rated = parse_instrument(TARGETS)
    assert (rated.rated_by, rated.targets_by) == ("others", "star")
    assert rated.scale("pay").targets == {"1": 2, "2": 3}
    plain = parse_instrument(GOOD)
    assert (plain.rated_by, plain.targets_by, plain.scale("pay").targets) == ("self", "", {})
    assert [item.root for item in plain.items] == ["pay_1", "pay_2"]


@pytest.mark.parametrize(("new", "fault"), [('"3": 3', "unknown_level"), ('"2": 4', "bad_number")])
def test_a_target_is_an_answer_of_a_level(new, fault):
    document = TARGETS.replace('"2": 3', new)
    assert faults(document) == {(fault, line_of(document, "targets: "))}


def test_all_faults_are_reported_at_once():
    document = (
        GOOD.replace("role: hygiene", "role: base")
        .replace("{zh: 甲, en: A}", "{zh: 甲}")
        .replace("  change:", "  pay_1:")
        .replace("  team:", "  respondent:")
        .replace("responses: agree3", "responses: agree")
        .replace("value: 3", "value: 2")
    )
    assert {code for code, _ in faults(document)} == {
        "bad_role", "missing_language", "duplicate_id", "reserved_id", "unknown_responses", "duplicate_value"
    }  # fmt: skip


@pytest.mark.parametrize("document", ["", "# nothing\n", "just words", "- a\n- b\n"])
def test_not_a_questionnaire(document):
    assert {code for code, _ in faults(document)} == {"not_an_instrument"}


@pytest.mark.parametrize("document", ["a: [1,", "\x00", "[" * 800, "a: &x {b: *y}", "%TAG"])
def test_not_yaml_at_all(document):
    assert {code for code, _ in faults(document)} == {"not_yaml"}


def test_anchors_that_repeat_a_body_are_read():
    document = GOOD.replace("name: {zh: 薪酬, en: Pay}", "name: &pay {zh: 薪酬, en: Pay}")
    document = document.replace("text: {zh: 哪个班组, en: Which team}", "text: *pay")
    assert parse_instrument(document).demographic("team").text["en"] == "Pay"


def test_the_file_itself_may_be_wrong(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_bytes(GOOD.encode("gbk"))
    with pytest.raises(InstrumentError, match=r"not UTF-8") as caught:
        load_instrument(path)
    assert caught.value.where == "bad.yaml:3"
    path.write_bytes(b"#" * 2_000_001)
    with pytest.raises(InstrumentError, match="far larger"):
        load_instrument(path)


def test_byte_order_mark_is_no_fault(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load_instrument(path).id == "tiny"


def test_names_are_searched_in_the_given_folders_first(tmp_path):
    (tmp_path / "herzberg_service.yaml").write_text(GOOD, encoding="utf-8")
    assert load_instrument("herzberg_service", folders=[tmp_path]).id == "tiny"
    assert load_instrument("herzberg_service").id == "herzberg_service"
    (tmp_path / "own.yaml").write_text(GOOD, encoding="utf-8")
    assert "own" in available([tmp_path])
    assert "own" not in available()


def test_unknown_names_get_a_suggestion(tmp_path):
    with pytest.raises(UsageError, match="Did you mean herzberg_service") as caught:
        load_instrument("herzberg")
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match=r"no questionnaire file none\.yaml"):
        load_instrument(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="Did you mean pay_1"):
        parse_instrument(GOOD).item("pay_11")


def test_every_fault_has_words_in_each_language():
    source = Path(parse_instrument.__code__.co_filename).read_text(encoding="utf-8")
    kinds = set(re.findall(r'self\.fault\(\s*"(\w+)"', source)) | {"missing_language", "missing_key", "empty"}
    assert len(kinds) > 20
    for lang in LANGUAGES:
        words = catalogue("instrument", lang)
        assert {f"{kind}.{part}" for kind in kinds for part in ("what", "remedy")} <= set(words)


# ------------------------------------------------------------------ the questionnaire that comes with it

ROLES = {
    "hygiene": ["pay", "status", "job_security", "working_conditions", "relationships"],
    "motivator": ["recognition", "promotion", "bonus", "growth", "responsibility", "achievement"],
    "unlabelled": ["supervisor", "participation", "workload"],
    "outcome": ["engagement", "satisfaction", "intent_to_stay", "enps"],
    "strain": ["job_search", "withdrawal"],
    "lift": ["pride", "accomplishment"],
}


@pytest.fixture(scope="module")
def herzberg():
    return load_instrument("herzberg_service")


def test_herzberg_has_the_constructs(herzberg):
    assert herzberg.languages == LANGUAGES
    for role, scales in ROLES.items():
        assert [scale.id for scale in herzberg.scales_with(role)] == scales
    both = herzberg.scales_with("hygiene", "motivator")
    assert [scale.id for scale in both] == ROLES["hygiene"] + ROLES["motivator"]
    sizes = {scale.id: len(scale.items) for scale in herzberg.scales}
    assert sizes.pop("engagement") == 6
    assert sizes.pop("enps") == 1
    assert set(sizes.values()) <= {2, 3}
    assert len({item.scale for item in herzberg.items if item.reverse_keyed}) >= 6
    assert [item.id for item in herzberg.items] == [id for scale in herzberg.scales for id in scale.items]


def test_herzberg_options(herzberg):
    for item in herzberg.items:
        assert (item.minimum, item.maximum) == ((0, 10) if item.scale == "enps" else (1, 5))
    labels = [option.label["zh"] for option in herzberg.item("pay_1").options]
    assert labels == ["非常不同意", "不同意", "一般", "同意", "非常同意"]


def test_herzberg_wordings_can_be_told_apart_and_exported(herzberg):
    for lang in LANGUAGES:
        texts = [thing.text[lang] for thing in (*herzberg.items, *herzberg.demographics, *herzberg.questions)]
        assert len(set(texts)) == len(texts)
    for thing in (*herzberg.items, *herzberg.demographics, *herzberg.questions):
        thing.text["zh"].encode("gbk")  # old exports of the survey tool are GBK


def test_engagement_asks_neither_for_a_driver_nor_for_staying(herzberg):
    words = re.compile(
        r"工资|薪|奖金|晋升|表扬|班长|排班|满意|留下|离开|\bpay\b|bonus|satisf|staying|leave", re.I
    )
    for id in herzberg.scale("engagement").items:
        assert not words.search(" ".join(herzberg.item(id).text[lang] for lang in ("zh", "en")))


def test_herzberg_background(herzberg):
    ids = [demographic.id for demographic in herzberg.demographics]
    assert ids == ["team", "role_group", "star", "contract", "tenure", "age_band", "gender", "education"]
    assert [level.id for level in herzberg.demographic("star").levels] == list("12345")
    assert [question.id for question in herzberg.questions] == ["change", "proud"]
    taken = {*ids, *(item.id for item in herzberg.items), *(scale.id for scale in herzberg.scales)}
    assert not taken & RESERVED


def test_errors_are_the_projects_own():
    assert issubclass(InstrumentError, EngageError)
