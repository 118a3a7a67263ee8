"""What the Upload page knows of a file: its kind, what was settled, what is kept; and how it says so."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from upload_files import (
    AGREE,
    SAMPLE,
    in_numbers,
    sample_rows,
    staff,
    table,
    unknown_survey,
    with_unknown_word,
)
from workspace_inputs import PULSE, answers, as_csv

from engage.errors import InputError
from engage.ingest import draft_instrument, read
from engage.ingest.adopting import Named, adopt, free_id
from engage.ingest.dialects import recognise
from engage.ingest.files import open_grid
from engage.ingest.guessing import guess_kind, read_guessing, words_at_fault
from engage.ingest.kinds import FIELDS
from engage.ingest.mapping import load_mapping
from engage.ingest.settled import (
    COMMENT,
    with_column,
    with_counted,
    with_direction,
    with_setting,
    with_words,
)
from engage.views.importing_words import (
    answers_tables,
    columns_table,
    preview_table,
    problems_table,
    reason,
    remedy,
    summary,
    words_of,
)
from engage.words import LANGUAGES, catalogue, pick
from engage.workspace import Workspace
from engage.workspace.mappings import keep_questionnaire, recall, remember

VIEWS = Path(__file__).parents[1] / "engage" / "views"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
AN_ID = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")


# -- decisions


def test_a_column_means_what_was_said_last():
    rules = {"ignore": ["a", "b"], "respondent": "c", "columns": {"d": "pay_1"}}
    told = with_column(rules, "a", "pay_1")
    assert (told["ignore"], told["columns"]) == (["b"], {"d": "pay_1", "a": "pay_1"})
    told = with_column(with_column(told, "c", None), "d", COMMENT)
    assert "respondent" not in told
    assert told["ignore"] == ["b", "c"]
    assert (told["columns"], told["comments"]) == ({"a": "pay_1"}, {"d": "d"})
    assert rules == {"ignore": ["a", "b"], "respondent": "c", "columns": {"d": "pay_1"}}
    load_mapping(told)


def test_words_directions_and_settings_add_up():
    rules = with_words(with_words({}, "pay_1", {"so so": 3}), "pay_1", {"none": None})
    assert rules["values"] == {"pay_1": {"so so": 3, "none": None}}
    rules = with_direction({"first_option": "lowest"}, {"pay": "highest"})
    assert rules["first_option"] == {"*": "lowest", "pay": "highest"}
    assert with_setting({"encoding": "big5"}, "encoding", "") == {}
    kept = with_counted({"keep": ["invalid"]}, keep=("test",), drop=("unfinished",))
    assert kept == {"keep": ["test"], "drop": ["unfinished"]}
    assert with_counted(kept) == {}
    load_mapping(kept | rules)


# -- kinds


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("people.csv", "people"),
        ("service.csv", "service"),
        ("programmes.csv", "programmes"),
        ("tickets.csv", "tickets"),
        ("inspections.csv", "inspections"),
        ("plan.csv", "plan"),
        ("activities.csv", "activities"),
        ("suggestion_box_2025H1.csv", "comments"),
        ("responses_2025H1.csv", "responses"),
    ],
)
def test_the_headings_tell_the_kind(file, kind):
    lines = (SAMPLE / file).read_bytes().splitlines(keepends=True)[:30]
    found = read_guessing(b"".join(lines), name=file)
    assert found.kind == kind
    assert found.understood.columns


def test_what_fits_no_kind_is_a_survey_and_a_lone_column_may_be_comments():
    assert guess_kind(read(unknown_survey())) == "responses"
    assert read_guessing("意见\n食堂太贵了\n希望多一点培训\n".encode()).kind == "comments"
    assert read_guessing(staff(heading="代码")).kind == "people"  # its id is yet to be named
    with pytest.raises(InputError) as refused:
        read_guessing(b"lorem ipsum\ndolor sit amet\n")
    assert refused.value.code == "ingest.not_a_table"


def test_the_mapping_may_say_the_kind():
    assert read_guessing(staff(), mapping={"kind": "comments", "comments": {"班组": "x"}}).kind == "comments"


def test_words_that_a_field_does_not_know_are_found_as_written():
    content = staff(left="离了", kind="炒鱿鱼")
    reading = read(content, "people")
    found = {
        problem.column: words_at_fault(content, reading, None, problem)
        for problem in reading.problems
        if problem.code == "ingest.unknown_word"
    }
    assert found == {"是否离职": ("离了",), "离职类型": ("炒鱿鱼",)}
    rules = with_words(with_words({}, "left", {"离了": "yes"}), "leave_type", {"炒鱿鱼": "dismissed"})
    again = read(content, "people", mapping=rules)
    assert again.ok
    assert again.table["leave_type"].tolist()[0] == "dismissed"
    assert bool(again.table["left"].tolist()[0]) is True


# -- questionnaires of one's own


def test_a_draft_becomes_a_questionnaire_that_reads_its_file():
    content = unknown_survey()
    draft = draft_instrument(content)
    reverse = {one.id for one in draft.items if one.reverse_keyed}
    assert {one.header for one in draft.items if one.id in reverse} == {"I think of leaving"}
    left_out = draft.items[1].id
    (scale,) = draft.instrument.scales
    named = {scale.id: Named("Climate", "outcome")}
    own, rules = adopt(draft, "own_1", "Our survey", named, reverse=reverse, without=[left_out])
    assert (own.id, pick(own.name, "en")) == ("own_1", "Our survey")
    assert [(pick(s.name, "en"), s.role, len(s.items)) for s in own.scales] == [("Climate", "outcome", 3)]
    assert [pick(item.text, "en") for item in own.items if item.reverse_keyed] == ["I think of leaving"]
    assert all(item.id.startswith("own_1_") for item in own.items)
    assert [group.id for group in own.demographics] == ["team"]  # what the staff list calls it
    reading = read(content, instrument=own, mapping=rules)
    assert reading.ok
    assert set(reading.understood.items.values()) == {item.id for item in own.items}
    assert set(reading.understood.comments) == {"What should we change?"}
    value = {word: n for n, word in enumerate(AGREE, start=1)}
    header, first = content.decode().splitlines()[:2]
    place = header.split(",").index("I think of leaving")
    id = next(item.id for item in own.items if item.reverse_keyed)
    assert reading.table[id][0] == value[first.split(",")[place]]


def test_a_draft_of_which_nothing_is_left_is_refused():
    draft = draft_instrument(unknown_survey())
    with pytest.raises(InputError):
        adopt(draft, "own_1", "Nothing", {}, without=[one.id for one in draft.items])


def test_ids_of_ones_own_questionnaires_are_never_used_twice():
    assert free_id(["pulse", "own_2", "own_3.v1"]) == "own_4"
    assert free_id([]) == "own_1"


def test_a_questionnaire_of_the_workspace_is_recognised(tmp_path):
    own, _ = adopt(draft_instrument(unknown_survey()), "own_1", "Our survey", {})
    keep_questionnaire(tmp_path, own)
    surveys = [tmp_path / "surveys"]
    (surveys[0] / "own_1.v1.yaml").write_text(own.document, encoding="utf-8")
    assert read(unknown_survey("Y")).instrument is None
    reading = read(unknown_survey("Y"), surveys=surveys)
    assert reading.instrument == own
    assert reading.ok
    space = Workspace(tmp_path / "space")
    space.import_file(as_csv(answers(PULSE)), wave="a", instrument=PULSE)
    keep_questionnaire(space.path, own)
    assert space.import_file(unknown_survey("Y"), wave="a").instrument == "own_1"


# -- what is kept of a reading


def test_a_mapping_is_kept_for_the_same_columns_in_any_order(tmp_path):
    assert recall(tmp_path, ["a", "b"]) is None
    remember(tmp_path, ["a", "b"], "people", {"columns": {"a": "team"}}, wave="2026H1")
    found = recall(tmp_path, ["b", "a"])
    assert (found.kind, found.wave, dict(found.mapping)) == ("people", "2026H1", {"columns": {"a": "team"}})
    assert recall(tmp_path, ["a", "b", "c"]) is None
    (file,) = (tmp_path / "mappings").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    remember(tmp_path, ["b", "a"], "people", {})
    assert dict(recall(tmp_path, ["a", "b"]).mapping) == {}
    assert len(list((tmp_path / "mappings").iterdir())) == 1


@pytest.mark.parametrize(
    "text", ["", "[", "kind: people", "kind: x\nwave: ''\nsaved: 2026-01-01\nmapping: {}", "mapping: 3"]
)
def test_a_kept_mapping_that_was_spoilt_is_refused_in_words(tmp_path, text):
    remember(tmp_path, ["a"], "people", {})
    (file,) = (tmp_path / "mappings").iterdir()
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        recall(tmp_path, ["a"])
    assert refused.value.code == "workspace.saved_mapping_broken"


def test_what_is_kept_reads_the_next_wave_the_same_way(tmp_path):
    rules = with_direction({}, {"*": "highest"})
    first = read(in_numbers(), mapping=rules)
    assert first.ok
    remember(tmp_path, first.understood.columns, "responses", first.mapping)
    kept = recall(tmp_path, read(in_numbers(30)).understood.columns)
    again = read(in_numbers(30), mapping=kept.mapping)
    assert again.ok
    assert again.table["pay_1"].tolist() == first.table["pay_1"].tolist()[:30]


# -- words


def readings() -> dict[str, tuple[bytes, str]]:
    header, rows = sample_rows(20)
    header[header.index("6、您的年龄段") if "6、您的年龄段" in header else 9] += "？"
    return {
        "understood": (table(header, rows), "responses"),
        "numbers": (in_numbers(), "responses"),
        "unknown word": (with_unknown_word(), "responses"),
        "no questionnaire": (unknown_survey(), "responses"),
        "people": (staff(left="离了", kind="炒鱿鱼"), "people"),
        "no id": (staff(heading="代码"), "people"),
        "wrong kind": (with_unknown_word(), "service"),
        "no programme": (staff(), "programmes"),
    }


@pytest.mark.parametrize(
    "lang", [pytest.param(lang, marks=[pytest.mark.rest] if lang != "zh" else []) for lang in LANGUAGES]
)
@pytest.mark.parametrize("name", readings())
def test_a_reading_is_told_in_words_and_without_ids(name, lang):
    content, kind = readings()[name]
    reading = read(content, kind)
    titles = {"work_attitude": "T", "herzberg_service": "T"}
    words = words_of(reading, lang, titles)
    told = [*summary(reading, words)]
    for problem in reading.problems:
        told += [reason(problem, words), remedy(problem, words)]
    frames = [columns_table(reading, words), *answers_tables(reading, words)]
    frames.append(problems_table(reading.problems, words, str))
    told += [str(cell) for frame in frames for cell in (*frame.columns, *frame.to_numpy().ravel())]
    assert told
    assert [text for text in told if AN_ID.search(text)] == []
    assert all(word not in " ".join(told) for word in ("mapping file", "对照文件", "plain_wide", "nan"))


def test_every_column_is_laid_beside_what_it_was_taken_for():
    reading = read(with_unknown_word())
    shown = columns_table(reading, words_of(reading, "zh", {}))
    assert shown.iloc[:, 0].tolist() == list(reading.understood.columns)
    means = dict(zip(shown.iloc[:, 0], shown.iloc[:, 1], strict=True))
    assert (means["来自IP"], means["1、您的工号"]) == ("个人信息，不导入", "答卷信息")
    labels, *_ = answers_tables(reading, words_of(reading, "zh", {}))
    taken = {row[0]: (row[1], int(row[2])) for row in labels.itertuples(index=False)}
    assert taken["同意"][0] == "4 分：同意"
    assert taken["差不多吧"][0] == "看不懂"
    assert sum(count for _, count in taken.values()) == sum(
        count for meaning in reading.understood.meanings[:55] for _, _, count in meaning.labels
    )


def test_a_preview_may_have_a_header_twice():
    assert preview_table((("a", "a"), ("1", "2"))).columns.tolist() == ["1 a", "2 a"]
    assert preview_table(()).empty


def test_there_are_words_for_every_tool_field_and_remedy():
    words = catalogue("reading", "en")
    tools = recognise(open_grid(b"a,b\n1,2\n"))
    assert {f"tool.{name}" for name in tools} <= set(words)
    fields = {field for kind in FIELDS.values() for field in kind}
    fields |= {"started", "submitted", "seconds", "language"}
    assert {f"field.{field}" for field in fields} <= set(words)
    known = catalogue("ingest", "en")
    for key, sentence in words.items():
        part, _, code = key.partition(".")
        if part in ("what", "mend"):
            params = {
                name
                for half in ("what", "remedy")
                for name in PLACEHOLDER.findall(known[f"{code}.{half}"].replace("{{", "").replace("}}", ""))
            }
            assert set(PLACEHOLDER.findall(sentence)) <= params, key


def test_every_word_of_the_steps_is_in_its_catalogue():
    homes = {"view": set(catalogue("page_upload", "en")), "words": set(catalogue("reading", "en"))}
    said = 0
    for path in VIEWS.glob("importing_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = ast.unparse(node.func.value).rpartition(".")[2]
                verb = node.func.attr in ("say", "note", "busy")
                if verb and owner in homes and node.args and isinstance(node.args[0], ast.Constant):
                    said += 1
                    assert node.args[0].value in homes[owner], (path.name, node.args[0].value)
    assert said > 100


def test_the_steps_are_small_modules():
    sizes = {path.name: len(path.read_text("utf-8").splitlines()) for path in VIEWS.glob("importing_*.py")}
    assert max(sizes.values()) <= 330, sizes


def test_kept_mappings_hold_no_answers(tmp_path):
    reading = read(
        unknown_survey(), instrument=adopt(draft_instrument(unknown_survey()), "own_1", "S", {})[0]
    )
    remember(tmp_path, reading.understood.columns, "responses", reading.mapping)
    (file,) = (tmp_path / "mappings").iterdir()
    text = file.read_text(encoding="utf-8")
    assert yaml.safe_load(text)["mapping"]["columns"]
    assert not any(secret in text for secret in ("Z1", "p1@example.org", "far too slow", "north"))
