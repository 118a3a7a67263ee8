"""The page of comments at work: what is read is logged once, a status and a correction are kept."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from test_wishes import OTHERS, SMALL, bus
from voices_inputs import W1, box, company, pay_comments

from engage.workspace import Workspace

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.rest


@pytest.fixture
def space(tmp_path) -> Workspace:
    return company(tmp_path, {W1: [box([*bus(14), *SMALL, *OTHERS, *pay_comments(24)])]})


def page(space: Workspace, part: str, monkeypatch) -> AppTest:
    monkeypatch.setenv("ENGAGE_WORKSPACE", str(space.path))
    monkeypatch.setenv("ENGAGE_LANG", "en")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    app.switch_page("engage/views/comments.py")
    app.session_state["comments_part"] = part
    return looked(app)


def looked(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    assert not app.error
    return app


def readings(space: Workspace) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (space.path / "audit.jsonl").read_text().splitlines()]
    return [line for line in lines if line["code"] == "comments"]


def test_reading_searching_and_correcting(space, monkeypatch):
    app = page(space, "read", monkeypatch)
    assert len(app.text) == 12
    assert len(readings(space)) == 1
    app.button(key="comments_later").click()
    looked(app)
    assert len(readings(space)) == 1  # turning a page reads nothing new
    app.text_input(key="comments_search").set_value("shop next door")
    looked(app)
    assert {"shop next door" in text.value for text in app.text} == {True}
    assert readings(space)[-1]["search"] == 1
    chosen = app.selectbox(key="fix_which").value
    app.selectbox(key=f"fix_tone_{chosen}").set_value("positive")
    app.text_input(key="fix_who").set_value("Personnel office")
    app.button(key="fix_save").click()
    looked(app)
    (note,) = space.notes()
    assert (note.kind, note.who, note.marks) == ("correct", "Personnel office", (chosen,))
    assert note.value.startswith("tone=positive;")
    app.button(key="learn").click()
    looked(app)
    assert any("needed to learn" in line.value for line in app.markdown)


def test_a_wish_gets_its_status(space, monkeypatch):
    app = page(space, "wishes", monkeypatch)
    assert any("shuttle bus" in text.value for text in app.text)
    app.text_input(key=f"follow_reason_{app.selectbox(key='follow_which').value}").set_value("From autumn on")
    app.session_state[f"follow_status_{app.selectbox(key='follow_which').value}_open"] = "planned"
    app.button(key="follow_save").click()
    looked(app)
    (note,) = space.notes()
    assert (note.kind, note.value, note.reason) == ("follow", "planned", "From autumn on")
    assert any("Planned" in caption.value for caption in app.caption)
