"""Each page, in each language, on an empty and on the sample workspace; and what outlives a page."""

import ast
import csv
import io
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from workspace_inputs import PULSE, answers, as_csv

from engage.views import template
from engage.words import LANGUAGES, catalogue, say
from engage.workspace import Workspace

ROOT = Path(__file__).parents[1]
VIEWS = ROOT / "engage" / "views"
PAGES = template.PAGES
CHARTS = {
    "overview": 2, "drivers": 2, "herzberg": 2, "whatif": 1, "service": 2, "desk": 4, "programmes": 2,
    "stars": 4, "attrition": 5, "workforce": 2, "competence": 2, "teams": 3, "trend": 2, "comments": 2,
    "quality": 2, "plans": 0, "reports": 0, "upload": 0, "settings": 0,
}  # fmt: skip
YOUNG = ("trend", "quality", "desk")
HEAVY = (
    "comments",
    "herzberg",
    "whatif",
    "service",
    "programmes",
    "stars",
    "attrition",
    "workforce",
    "competence",
)
"""Pages whose models take seconds: on the sample they are left to make rest."""

EVERY = [
    pytest.param(page, lang, marks=[pytest.mark.rest] if page in YOUNG and lang != "zh" else [])
    for page in PAGES
    for lang in LANGUAGES
]
"""Each page in each language; of the youngest pages two are left to make rest, for its five minutes."""

SAMPLE = [
    pytest.param(*one.values, marks=[*one.marks, *([pytest.mark.rest] if one.values[0] in HEAVY else [])])
    for one in EVERY
]

HAN = re.compile(r"[一-鿿]")


def start(monkeypatch: pytest.MonkeyPatch, folder: Path, lang: str = "zh") -> AppTest:
    monkeypatch.setenv("ENGAGE_WORKSPACE", str(folder))
    monkeypatch.setenv("ENGAGE_LANG", lang)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert not app.exception
    return app


def turn_to(app: AppTest, page: str) -> AppTest:
    app.switch_page(f"engage/views/{page}.py").run()
    assert not app.exception
    return app


def texts(app: AppTest) -> list[str]:
    kinds = ("title", "subheader", "markdown", "caption", "error", "warning", "info", "success")
    return [str(element.value) for kind in kinds for element in app.get(kind)]


def charts(app: AppTest) -> int:
    return len(app.get("vega_lite_chart"))


@pytest.mark.parametrize(("page", "lang"), EVERY)
def test_an_empty_workspace_says_what_to_do(page, lang, tmp_path, monkeypatch):
    app = turn_to(start(monkeypatch, tmp_path / "nothing", lang), page)
    assert app.title[0].value == say(f"page_{page}.title", lang)
    assert not app.error
    assert charts(app) == 0
    if page != "upload":
        assert say("app.empty_text", lang) in texts(app)
        assert [link.label for link in app.main.get("page_link")] == [say("app.empty_link", lang)]
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(("page", "lang"), SAMPLE)
def test_the_sample_fills_every_page(page, lang, sample_workspace, monkeypatch):
    app = turn_to(start(monkeypatch, sample_workspace, lang), page)
    assert app.title[0].value == say(f"page_{page}.title", lang)
    assert [e.value for e in (*app.error, *app.warning, *app.info)] == []
    assert charts(app) == CHARTS[page]
    if page not in ("reports", "upload", "settings"):
        assert len(app.get("download_button")) >= 1
    if lang != "zh":  # answers and tables name teams of the sample, which are Chinese
        own = [*app.title, *app.subheader, *app.caption, *app.expander, *app.selectbox, *app.metric]
        assert not [e for e in own if HAN.search(str(getattr(e, "label", "")) + str(getattr(e, "value", "")))]


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[pytest.mark.rest] if page in HEAVY else []) for page in PAGES]
)
def test_no_page_shows_a_comment_or_a_person(page, sample_workspace, monkeypatch):
    """A marker planted nowhere but in raw rows can't be in what a page sends to the browser."""
    app = turn_to(start(monkeypatch, sample_workspace), page)
    people = (ROOT / "data" / "sample" / "people.csv").read_bytes()
    ids = set(re.findall(rb"(?m)^([A-Za-z]+\d{3,})", people))
    sent = "\n".join([*texts(app), *(frame.value.to_csv() for frame in app.dataframe)])
    assert ids
    assert not [one for one in ids if one.decode() in sent]


@pytest.mark.rest
def test_language_and_wave_outlive_a_page(sample_workspace, monkeypatch):
    app = start(monkeypatch, sample_workspace)
    waves = app.sidebar.selectbox[0].options
    app.sidebar.selectbox[0].select_index(1).run()
    turn_to(app, "teams")
    app.selectbox(key="group").select("role_group").run()
    turn_to(app, "drivers")
    app.session_state["lang"] = "ru"
    app.run()
    turn_to(app, "teams")
    assert app.title[0].value == say("page_teams.title", "ru")
    assert app.session_state["wave"] == waves[1]
    assert app.selectbox(key="group").value == "role_group"
    assert app.query_params["lang"] in ("ru", ["ru"])


def test_the_address_sets_the_language(tmp_path, monkeypatch):
    monkeypatch.setenv("ENGAGE_WORKSPACE", str(tmp_path / "nothing"))
    monkeypatch.delenv("ENGAGE_LANG", raising=False)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.query_params["lang"] = "ru"
    app.run()
    assert app.title[0].value == say("page_overview.title", "ru")


@pytest.mark.parametrize(
    "outcome",
    ["attrition", *(pytest.param(one, marks=pytest.mark.rest) for one in ("service", "satisfaction"))],
)
def test_every_kind_of_outcome_has_its_drivers(outcome, sample_workspace, monkeypatch):
    app = turn_to(start(monkeypatch, sample_workspace), "drivers")
    before = texts(app)
    app.session_state["outcome"] = outcome
    app.run()
    assert not app.exception
    assert [e.value for e in (*app.error, *app.info)] == []
    assert texts(app) != before
    assert charts(app) == (1 if outcome == "service" else 2)  # several measures have no common map


def test_a_broken_page_says_so_without_a_traceback(sample_workspace, monkeypatch, caplog):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of employee 4711")

    app = start(monkeypatch, sample_workspace)
    monkeypatch.setattr("engage.present.sentences.differences", broken)
    turn_to(app, "teams")
    assert [e.value for e in app.error] == [say("app.broken", "zh")]
    assert "4711" not in caplog.text + "".join(texts(app))
    assert "RuntimeError" in caplog.text


def test_the_page_of_leaving_says_how_it_is_switched_on(sample_copy, monkeypatch):
    (sample_copy / "policy.yaml").unlink()
    app = turn_to(start(monkeypatch, sample_copy, "en"), "attrition")
    assert charts(app) == 0
    assert not app.error
    assert template.plain(say("page_attrition.switched_off", "en")) in texts(app)
    assert "attrition_purpose" in app.code[0].value


@pytest.mark.rest
def test_sliders_are_answered_from_the_grid(sample_workspace, monkeypatch):
    app = turn_to(start(monkeypatch, sample_workspace, "en"), "whatif")
    assert charts(app) == 1
    app.slider(key="what_if_growth").set_value(0.2).run()
    assert charts(app) == 2
    assert any("room to grow" in text and "+0.20" in text.replace("\\", "") for text in texts(app))
    app.button[0].click().run()
    assert app.slider(key="what_if_growth").value == 0.0
    assert charts(app) == 1
    turn_to(app, "attrition")
    app.session_state["retention_by"] = "star"
    app.run()
    assert charts(app) == CHARTS["attrition"]
    assert not [*app.error, *app.info, *app.exception]


def test_text_from_files_is_never_markdown():
    nasty = "![x](http://away) **a** :material/home: $x$ <b> [l](u) `c` ~s~ # h"
    shown = template.plain(nasty)
    assert not re.search(r"(?<!\\)[!\[\]()*:$<>`~#]", shown)


def test_pages_use_no_icon_that_needs_a_font_host_and_no_html_of_their_own():
    for path in VIEWS.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert ":material/" not in source, path.name
        assert "unsafe_allow_html" not in source, path.name
        assert source.count("st.html(") == (1 if path.stem == "template" else 0), path.name
    assert not re.search(r"url\(|@import|https?:", (VIEWS / "style.css").read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_no_page_holds_a_loose_value(page):
    """Streamlit's "magic" would write it on the page: a string below a constant, say."""
    body = ast.parse((VIEWS / f"{page}.py").read_text(encoding="utf-8")).body
    loose = [
        node.lineno
        for node in body[1:]
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call)
    ]
    assert loose == []


def test_the_router_stays_small():
    assert len((VIEWS / "router.py").read_text(encoding="utf-8").splitlines()) < 120


def test_every_word_a_page_says_is_in_its_catalogue():
    for page in PAGES:
        tree = ast.parse((VIEWS / f"{page}.py").read_text(encoding="utf-8"))
        said = {
            node.args[0].value
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
            and node.func.attr in ("say", "note", "busy") and isinstance(node.args[0], ast.Constant)
        }  # fmt: skip
        assert said <= set(catalogue(f"page_{page}", "en")), page


def small_export(rows: int = 90, *, broken: bool = False) -> bytes:
    source = (ROOT / "data" / "sample" / "responses_2025H1.csv").read_bytes().decode("gb18030")
    header, *body = csv.reader(io.StringIO(source))
    when = header.index("提交答卷时间")
    for row in body:
        row[when] = row[when].replace("2025/", "2026/")
    if broken:
        body[3] = ["差不多吧" if cell == "同意" else cell for cell in body[3]]
    out = io.StringIO()
    csv.writer(out).writerows([header, *body[:rows]])
    return out.getvalue().encode("gb18030")


ONE_SOON = [
    pytest.param(lang, marks=pytest.mark.rest if lang == "zh" else pytest.mark.slow) for lang in LANGUAGES
]


@pytest.mark.parametrize("lang", ONE_SOON)
def test_upload_import_close_and_undo(lang, tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    app = turn_to(start(monkeypatch, folder, lang), "upload")
    app.file_uploader[0].set_value(("export.csv", small_export(), "text/csv")).run()
    assert not app.error
    assert app.text_input[0].value == "2026H1"
    app.button(key="upload_import").click().run()
    assert not app.error
    assert Workspace(folder).open_waves == ("2026H1",)
    app.button(key="close:2026H1").click().run()
    assert not app.error
    assert Workspace(folder).closed_waves == ("2026H1",)
    assert say("page_upload.see_drivers", lang) in [link.label for link in app.main.get("page_link")]
    assert charts(turn_to(app, "overview")) == 1
    turn_to(app, "upload")
    app.button(key="upload_undo_go").click().run()
    assert not app.error
    assert Workspace(folder).waves() == ()


@pytest.mark.parametrize("lang", ONE_SOON)
def test_upload_offers_to_close_again_once_enough_waits(lang, tmp_path, monkeypatch):
    space = Workspace(tmp_path / "mine")
    space.import_file(as_csv(answers(PULSE)), wave="2025H1", instrument=PULSE)
    space.close("2025H1")
    space.import_file(as_csv(answers(PULSE, {"north": 4}, prefix="L")), wave="2025H1", instrument=PULSE)
    app = turn_to(start(monkeypatch, space.path, lang), "upload")
    assert say("page_upload.waits_text", lang, people=5, comments=10) in texts(app)
    assert not [button for button in app.button if button.key == "close:2025H1"]
    space.import_file(as_csv(answers(PULSE, {"south": 2}, prefix="M")), wave="2025H1", instrument=PULSE)
    app = turn_to(app, "upload")
    assert say("page_upload.again_text", lang) in texts(app)
    app.button(key="close:2025H1").click().run()
    assert not app.error
    assert space.waiting_waves == ()
    assert len(space.frame("2025H1")) == 76 + 6


def test_a_faulty_file_is_explained_and_can_not_be_imported(tmp_path, monkeypatch):
    app = turn_to(start(monkeypatch, tmp_path / "mine", "ru"), "upload")
    app.file_uploader[0].set_value(("export.csv", small_export(broken=True), "text/csv")).run()
    assert len(app.error) == 1
    assert len(app.table) >= 1
    assert not [button for button in app.button if button.key == "upload_import"]
    assert not (tmp_path / "mine").exists()


def test_a_file_that_is_no_table_is_refused_in_words(tmp_path, monkeypatch):
    app = turn_to(start(monkeypatch, tmp_path / "mine"), "upload")
    app.file_uploader[0].set_value(("export.csv", b"\x00\x01\x02" * 50, "text/csv")).run()
    assert len(app.error) == 1
    assert app.error[0].value != say("app.broken", "zh")


@pytest.mark.rest
@pytest.mark.parametrize("lang", LANGUAGES)
def test_pickers_of_groups_scales_and_response(lang, sample_workspace, monkeypatch):
    app = turn_to(start(monkeypatch, sample_workspace, lang), "teams")
    before = texts(app)
    app.selectbox(key="group").select("role_group").run()
    app.selectbox(key="group_scale").select("workload").run()
    assert charts(app) == CHARTS["teams"]
    assert texts(app) != before
    turn_to(app, "trend")
    app.multiselect(key="trend_scales").set_value(["workload", "pay"]).run()
    assert charts(app) == CHARTS["trend"]
    turn_to(app, "quality")
    app.selectbox(key="response_group").select("performance").run()
    assert charts(app) == CHARTS["quality"]
    assert not app.exception
    assert [e.value for e in (*app.error, *app.info)] == []


@pytest.mark.rest
def test_a_wave_alone_has_no_trend_and_an_unfit_one_is_called_so(tmp_path, monkeypatch):
    space = Workspace(tmp_path / "mine")
    space.import_file(as_csv(answers(PULSE)), wave="2025H1", instrument=PULSE)
    space.close("2025H1")
    app = turn_to(start(monkeypatch, space.path, "en"), "trend")
    assert charts(app) == 0
    assert any("No wave before this one is closed" in text for text in texts(app))
    turn_to(app, "quality")
    assert any("don't draw conclusions" in template.plain(text).replace("\\", "") for text in texts(app))
    assert say("page_quality.no_staff", "en") in [caption.value for caption in app.caption]
    assert charts(app) == 1
