"""The three steps of an upload in the app: each way a file can be settled, imported, taken back."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from test_views import HAN, start, texts, turn_to
from upload_files import (
    UNKNOWN_WORD,
    in_numbers,
    sample_rows,
    staff,
    table,
    unknown_survey,
    with_unknown_word,
)

from engage.ingest import faulty_rows
from engage.words import say
from engage.workspace import Workspace


def word(key: str, lang: str = "zh", **params: object) -> str:
    return say(f"page_upload.{key}", lang, **params)


def drop(app: AppTest, content: bytes, name: str = "export.csv") -> AppTest:
    app.file_uploader[0].set_value((name, content, "text/csv")).run()
    assert not app.exception
    return app


def opened(
    monkeypatch: pytest.MonkeyPatch, folder: Path, content: bytes, name: str = "export.csv"
) -> AppTest:
    return drop(turn_to(start(monkeypatch, folder), "upload"), content, name)


def submit(app: AppTest, form: str) -> AppTest:
    """Press the button of the form whose key begins so."""
    (button,) = [b for b in app.button if (b.key or "").startswith(f"FormSubmitter:{form}")]
    button.click().run()
    assert not app.exception
    return app


def pick(app: AppTest, key: str, value: object) -> None:
    (box,) = [box for box in app.selectbox if (box.key or "").startswith(key)]
    box.set_value(value)


def can_import(app: AppTest) -> bool:
    return "upload_import" in [button.key for button in app.button]


def bring_in(app: AppTest) -> AppTest:
    app.button(key="upload_import").click().run()
    assert not app.exception
    assert not app.error
    return app


def test_option_numbers_are_asked_about_and_never_guessed(tmp_path, monkeypatch):
    app = opened(monkeypatch, tmp_path / "mine", in_numbers())
    assert not can_import(app)
    assert not app.error
    assert word("direction_text") in texts(app)
    (asked,) = [box for box in app.radio if box.key.startswith("direction_")]
    assert asked.value is None
    submit(app, "direction_")
    assert word("direction_pick") in [one.value for one in app.warning]
    assert not can_import(app)
    asked = next(box for box in app.radio if box.key.startswith("direction_"))
    asked.set_value("highest")
    submit(app, "direction_")
    assert can_import(app)
    assert not (tmp_path / "mine").exists()


@pytest.mark.rest
def test_a_draft_is_adopted_kept_and_used_for_the_next_wave(tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    app = opened(monkeypatch, folder, unknown_survey(), "Pulse check.csv")
    assert not can_import(app)
    assert app.multiselect[0].value  # one question is likely reversed
    app.text_input[0].set_value("我们的脉搏调查")
    submit(app, "draft_")
    assert any("我们的脉搏调查" in text for text in texts(app))
    bring_in(app)
    assert len(list((folder / "surveys").glob("own_1.yaml"))) == 1
    drop(app, unknown_survey("Y"), "next.csv")
    assert can_import(app)
    assert any("我们的脉搏调查" in text for text in texts(app))
    app.text_input[0].set_value("2027H1").run()
    bring_in(app)
    assert len(Workspace(folder).waves()) == 2


@pytest.mark.rest
def test_a_questionnaire_can_be_picked_all_the_same(tmp_path, monkeypatch):
    app = opened(monkeypatch, tmp_path / "mine", unknown_survey())
    app.radio(key="upload_way").set_value("known").run()
    pick(app, "upload_pick", "pulse")
    submit(app, "pick_questionnaire")
    assert not can_import(app)
    assert [box for box in app.selectbox if box.key.startswith("column_0_")]
    for box in [box for box in app.selectbox if box.key.startswith("column_")][:1]:
        box.set_value(box.options[1])
    submit(app, "columns_")
    assert "ingest.no_items" not in str(texts(app))


@pytest.mark.rest
def test_words_are_settled_by_pickers(tmp_path, monkeypatch):
    app = opened(monkeypatch, tmp_path / "mine", with_unknown_word())
    assert not can_import(app)
    pick(app, "word_0_", "3")
    submit(app, "words_")
    assert can_import(app)
    bring_in(app)
    (kept,) = (tmp_path / "mine" / "mappings").iterdir()
    assert f"{UNKNOWN_WORD}: 3" in kept.read_text(encoding="utf-8")


@pytest.mark.rest
def test_mended_rows_are_laid_into_the_file(tmp_path, monkeypatch):
    content = with_unknown_word()
    app = opened(monkeypatch, tmp_path / "mine", content)
    rows = faulty_rows(content, lang="zh")
    mended = rows.replace(UNKNOWN_WORD.encode(), "同意".encode())
    assert mended != rows
    app.file_uploader[0].set_value(("other.csv", b"a,b\n1,2\n", "text/csv")).run()
    assert say("ingest.corrected_other_file.what", "zh") in str([one.value for one in app.error])
    app.file_uploader[0].set_value(("rows.csv", mended, "text/csv")).run()
    assert can_import(app)
    assert word("corrected_note", rows=1) in texts(app)
    bring_in(app)
    assert len(Workspace(tmp_path / "mine").frame("2026H1")) == 40


@pytest.mark.rest
def test_a_field_that_is_needed_is_named(tmp_path, monkeypatch):
    app = opened(monkeypatch, tmp_path / "mine", staff(heading="代码"))
    assert not can_import(app)
    pick(app, "field_respondent_", "代码")
    submit(app, "fields_")
    assert can_import(app)
    bring_in(app)
    drop(app, staff(heading="代码").replace(b"A1", b"B1"))  # the same columns: nothing to be asked
    assert can_import(app)
    app.button(key="upload_saved_not").click().run()
    assert not can_import(app)


@pytest.mark.rest
def test_words_of_a_staff_list_are_settled(tmp_path, monkeypatch):
    app = opened(monkeypatch, tmp_path / "mine", staff(left="离了", kind="炒鱿鱼"))
    assert not can_import(app)
    pick(app, "field_word_0_", "yes")
    pick(app, "field_word_1_", "dismissed")
    submit(app, "field_words_")
    assert can_import(app)
    assert not app.warning


@pytest.mark.rest
def test_the_wrong_kind_is_noticed(tmp_path, monkeypatch):
    app = turn_to(start(monkeypatch, tmp_path / "mine"), "upload")
    app.selectbox(key="upload_kind").set_value("service").run()
    drop(app, staff())
    assert not can_import(app)
    app.button(key="upload_other_kind").click().run()
    assert can_import(app)
    assert not app.text_input  # a staff list is of no wave
    bring_in(app)
    assert any(word("kind_people") in text for text in texts(app))


@pytest.mark.rest
def test_a_file_is_read_differently(tmp_path, monkeypatch):
    app = opened(monkeypatch, tmp_path / "mine", in_numbers())
    pick(app, "read_encoding_", "big5")
    submit(app, "read_")
    assert len(app.error) == 1
    assert say("reading.mend.encoding", "zh") in app.error[0].value
    pick(app, "read_encoding_", "gb18030")
    submit(app, "read_")
    assert not app.error
    pick(app, "read_kind_", "people")
    submit(app, "read_")
    assert any(say("reading.kind.people", "zh") in text for text in texts(app))
    app.button(key="upload_other").click().run()
    assert word("about_auto") in texts(app)


@pytest.mark.rest
def test_any_column_can_be_taken_for_something_else(tmp_path, monkeypatch):
    header, rows = sample_rows()
    header[header.index("1、您的工号")] = "1、代号"
    app = opened(monkeypatch, tmp_path / "mine", table(header, rows))
    assert say("reading.summary.anonymous", "zh") in texts(app)
    pick(app, "change_which_", "1、代号")
    pick(app, "change_to_", "respondent")
    submit(app, "change_")
    assert say("reading.summary.anonymous", "zh") not in texts(app)
    bring_in(app)
    assert set(Workspace(tmp_path / "mine").frame("2026H1")["respondent"].str[:2]) == {"p-"}


@pytest.mark.rest
def test_reworded_questions_are_settled(tmp_path, monkeypatch):
    header, rows = sample_rows()
    place = next(n for n, name in enumerate(header) if "我常常觉得工资" in name)
    header[place] = "12、完全不同的一句话"
    app = opened(monkeypatch, tmp_path / "mine", table(header, rows))
    assert can_import(app)
    pick(app, "column_0_", "pay_3")
    submit(app, "columns_")
    assert not [box for box in app.selectbox if box.key.startswith("column_0_")]
    assert any("56 道题中认出 56 道" in text for text in texts(app))


@pytest.mark.rest
def test_an_import_is_taken_back_where_it_was_made(tmp_path, monkeypatch):
    app = opened(monkeypatch, tmp_path / "mine", with_unknown_word())
    pick(app, "word_0_", "none")
    submit(app, "words_")
    bring_in(app)
    assert word("remembered") in texts(app)
    app.button(key="upload_take_back").click().run()
    assert Workspace(tmp_path / "mine").waves() == ()
    assert not [button for button in app.button if button.key == "upload_take_back"]


@pytest.mark.rest
def test_a_file_that_is_there_already_stays_in_hand(tmp_path, monkeypatch):
    content = table(*sample_rows())
    folder = tmp_path / "mine"
    Workspace(folder).import_file(content, wave="2026H1")
    app = opened(monkeypatch, folder, content)
    app.button(key="upload_import").click().run()
    assert say("workspace.same_file.what", "zh", wave="2026H1") in str(app.error[0].value).replace("\\", "")
    assert can_import(app)


@pytest.mark.rest
def test_what_was_kept_and_spoilt_is_said_and_not_used(tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    app = bring_in(opened(monkeypatch, folder, staff()))
    (kept,) = (folder / "mappings").iterdir()
    kept.write_text("[", encoding="utf-8")
    drop(app, staff().replace(b"A1", b"B1"))
    assert say("workspace.saved_mapping_broken.what", "zh") in str([one.value for one in app.info])
    assert can_import(app)


@pytest.mark.rest
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_step_speaks_the_readers_language(lang, tmp_path, monkeypatch):
    """Nothing but what stands in the file itself is Chinese."""
    app = drop(turn_to(start(monkeypatch, tmp_path / "mine", lang), "upload"), unknown_survey())
    submit(app, "draft_")
    shown = [
        *texts(app),
        *(str(getattr(one, "label", "")) for one in (*app.selectbox, *app.button, *app.expander)),
    ]
    assert not [text for text in shown if HAN.search(text)]


@pytest.mark.parametrize("content", [b"\n\n", b"\x89PNG\r\n\x1a\n" + b"x" * 300], ids=["empty", "picture"])
def test_what_is_no_table_is_refused_and_another_file_asked_for(content, tmp_path, monkeypatch):
    app = opened(monkeypatch, tmp_path / "mine", content)
    assert len(app.error) == 1
    assert not can_import(app)
    app.button(key="upload_other").click().run()
    assert not app.error
    assert app.file_uploader
