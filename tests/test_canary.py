"""A planted answer that nobody could overlook is in no page, export, log, file, address or error.

What the uploader is shown of their own file before it is imported (the Upload page, ``engage check``) is the
one exception; ``docs/privacy.md`` says so.
"""

import base64
import html
import inspect
import json
import logging
import pickle
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import pytest
from canaries import (
    COMMENT,
    FILE,
    NUMBER,
    PERSON,
    SURVEY,
    WAVES,
    WORDS,
    Canaries,
    Surfaces,
    files_of,
    planted,
    staff,
    watching,
    wave,
)
from streamlit import config
from streamlit.testing.v1 import AppTest
from workspace_inputs import as_csv

import engage.store.core
from engage.cli import app as commands
from engage.cli import run
from engage.errors import EngageError, TooLittleData
from engage.privacy import SafeTable
from engage.store import Store
from engage.views.template import PAGES
from engage.words import LANGUAGES, say
from engage.workspace import Workspace

ROOT = Path(__file__).parents[1]
REST = pytest.mark.rest
ONE_SOON = [pytest.param(lang, marks=REST if lang == "zh" else pytest.mark.slow) for lang in LANGUAGES]
GROUPS = ("team", "site", "star")
OUTCOMES = ("engagement", "attrition", "service")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Path]:
    """Home, caches, temporary files and the current folder of this module: searched afterwards."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            (folder / name.lower()).mkdir()
            patch.setenv(name, str(folder / name.lower()))
        for name in ("ENGAGE_LANG", "ENGAGE_WORKSPACE"):
            patch.delenv(name, raising=False)
        patch.setattr(tempfile, "tempdir", None)
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def nest(home: Path, tmp_path_factory) -> tuple[Workspace, Canaries]:
    """The workspace with the canaries; nothing is logged of them while it is made."""
    with watching() as kept:
        space, canaries = planted(tmp_path_factory.mktemp("nest"))
        logging.getLogger("engage.anything").debug("told")
    assert kept.records.lines[-1].endswith("told")
    assert kept.leaks(canaries) == []
    return space, canaries


@pytest.fixture(scope="module")
def whole(nest, tmp_path_factory) -> tuple[Workspace, Canaries]:
    """The same with both waves closed."""
    space = Workspace(shutil.copytree(nest[0].path, tmp_path_factory.mktemp("whole") / "space"))
    space.close(WAVES[1])
    return space, nest[1]


@pytest.fixture
def surfaces() -> Iterator[Surfaces]:
    with watching() as kept:
        yield kept


@pytest.fixture
def say_to(capfd, surfaces):
    """Run a command; what it prints, also below Python, is kept."""

    def command(*args: object) -> int:
        capfd.readouterr()
        code = run([str(arg) for arg in args])
        for stream, text in zip(("stdout", "stderr"), capfd.readouterr(), strict=True):
            surfaces.add(f"{stream} of {' '.join(map(str, args[:3]))}", text)
        return code

    return command


@pytest.fixture
def open_app(monkeypatch):
    def start(folder: Path, lang: str = "zh") -> AppTest:
        monkeypatch.setenv("ENGAGE_WORKSPACE", str(folder))
        monkeypatch.setenv("ENGAGE_LANG", lang)
        return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)

    return start


def looked(app: AppTest, kept: Surfaces, place: str) -> AppTest:
    """Run a page; all that it sends is kept anyway, here also what the session and the address hold."""
    app.run()
    assert not app.exception
    for key, value in app.session_state._state.filtered_state.items():
        kept.add(f"session of {place}: {key}", {key: value})
    kept.add(f"address of {place}", quote(str(dict(app.query_params))))
    return app


def turn_to(app: AppTest, page: str, kept: Surfaces) -> AppTest:
    app.switch_page(f"engage/views/{page}.py")
    return looked(app, kept, page)


# -- the search: what is planted on purpose, it finds


@pytest.mark.parametrize("name", WORDS)
def test_the_search_knows_every_spelling(name):
    word = WORDS[name]
    canaries = Canaries({name: word})
    written = [
        word, word.upper(), json.dumps({"a": word}), quote(f"/?q={word}"), html.escape(word), repr({word}),
        f"x{word}y".encode("gb18030"), f"x{word}y".encode("utf-16"), pickle.dumps({"deep": [{"er": word}]}),
        *(base64.b64encode(f"{'x' * lead}{word} and more".encode()) for lead in range(3)),
    ]  # fmt: skip
    assert [blob for blob in written if canaries.in_(blob) != [name]] == []
    assert canaries.in_(f"{word[:-1]} {word[1:]}") == []


def test_the_search_knows_numbers_in_text_tables_and_frames():
    canaries = Canaries({}, {"one": 48.7391})
    frame = pd.DataFrame({"x": [1.0, 48.7391]})
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pandas(frame)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    for blob in (
        frame.to_csv(),
        frame.to_json(),
        frame,
        sink.getvalue().to_pybytes(),
        {"a": 48.7391},
        "48,7391",
    ):
        assert canaries.in_(blob) == ["one"]
    assert canaries.in_(frame.round(1)) == []


LEAKING_PAGE = """
import logging
import streamlit as st
from engage.workspace import Workspace
raw = Workspace({folder!r}).frame("all", ids=[{person!r}])
if {how!r} == "table":
    st.dataframe(raw)
elif {how!r} == "chart":
    st.bar_chart(raw, x="respondent", y="pay")
elif {how!r} == "session":
    st.session_state["kept"] = raw
elif {how!r} == "address":
    st.query_params["who"] = str(raw["respondent"].iloc[-1])
elif {how!r} == "download":
    st.download_button("x", raw.to_csv().encode())
elif {how!r} == "log":
    logging.getLogger("some.library").debug("row %s", raw.iloc[-1].to_dict())
else:
    raise RuntimeError(raw.to_string())
"""


@REST  # the upload below shows in every run that the walk over pages finds what is there
@pytest.mark.parametrize("how", ["table", "chart", "session", "address", "download", "log", "error"])
def test_a_leaking_page_is_found_out(how, nest, surfaces):
    space, canaries = nest
    config.set_option("client.showErrorDetails", "full" if how == "error" else "none")
    if how == "chart":
        canaries = Canaries({"respondent": PERSON})
    app = AppTest.from_string(
        LEAKING_PAGE.format(folder=str(space.path), how=how, person=PERSON), default_timeout=60
    ).run()
    for key, value in app.session_state._state.filtered_state.items():
        surfaces.add(f"session: {key}", {key: value})
    surfaces.add("address", quote(str(dict(app.query_params))))
    places = {place for place, name in surfaces.leaks(canaries) if name == "respondent"}
    assert places


def test_a_leaking_command_and_a_leaking_file_are_found_out(nest, say_to, surfaces, monkeypatch, tmp_path):
    space, canaries = nest
    raw = space.frame(ids=[PERSON])[["respondent", "team", "site"]]
    monkeypatch.setattr(SafeTable, "tidy", lambda table: raw)
    say_to("waves", "--workspace", space.path, "--json")
    found = {name for _, name in surfaces.leaks(canaries)}
    assert {"respondent", "typed in", "team of one"} <= found
    (tmp_path / "cache.bin").write_bytes(pickle.dumps(raw))
    assert "respondent" in canaries.in_(dict(files_of(tmp_path)))


# -- commands


QUICK = [
    ["waves"], ["utility"], ["trend"], ["quality"], ["scores", "--by", "team"],
    ["scores", "--wave", WAVES[1]],
    ["comments", "--by", "team"], ["comments", "--read"], ["comments", "--read", "--search", "quokka"],
    ["scores", "--by", "nobody"], ["scores", "--wave", "2031"],
]  # fmt: skip
LONG = [
    ["attrition"], ["attrition", "--by", "star"], ["service"], ["herzberg"], ["whatif"],
    ["whatif", "--set", "pay=+0.1"], ["whatif", "--set", "luck=1"], ["audit"],
    ["joins"], ["scores"], ["comments"], ["scores", "--by", "site"], ["scores", "--by", "star"],
    ["scores", "--by", "team,site"], ["comments", "--by", "site"],
    ["comments", "--by", "wave"], ["comments", "--wishes"], ["comments", "--emerging"],
    ["comments", "--agreement"],
    ["comments", "--notes"], ["comments", "--read", "--wave", "all", "--typical"],
    ["comments", "--follow", "nothing", "--status", "done"], ["plans"],
    *(["drivers", "--outcome", outcome] for outcome in OUTCOMES),
    ["drivers", "--outcome", "engagement", "--by", "team"], ["drivers", "--outcome", "luck"],
    ["workforce"], ["workforce", "--leaving", "0.8"], ["competence"], ["activities"],
    ["stars"], ["programmes"], ["programmes", "--outcome", "growth"], ["programmes", "--programme", "luck"],
    ["programmes", "--programme", "mentors", "--set", "months=2"],
    ["desk"], ["inspections"], ["norms"],
]  # fmt: skip
TOO_FEW_LEFT = "twenty left; that many predictors need twenty-five"
TOO_FEW_TEAMS = "four teams; models of teams need thirty rows"
NO_CHANGES = "too few teams answered twice for a usual change"
REFUSED = {
    "scores --by nobody": (2, "no such demographic"),
    "scores --wave 2031": (2, "no such wave"),
    "drivers --outcome luck": (2, "no such outcome"),
    "attrition": (1, TOO_FEW_LEFT),
    "attrition --by star": (1, TOO_FEW_LEFT),
    "service": (1, TOO_FEW_TEAMS),
    "drivers --outcome service": (1, TOO_FEW_TEAMS),
    "whatif": (1, NO_CHANGES),
    "whatif --set pay=+0.1": (1, NO_CHANGES),
    "whatif --set luck=1": (1, NO_CHANGES),
    "comments --follow nothing --status done": (2, "no such wish"),
    "programmes --programme luck": (2, "no such programme"),
    "desk": (1, "no tickets"),
    "inspections": (1, "no inspections"),
    "stars": (1, "no staff list of each wave, so nobody steps up"),
    "workforce": (1, "no staff list with role groups"),
    "workforce --leaving 0.8": (1, "no staff list with role groups"),
    "competence": (1, "no questionnaire with target levels"),
    "activities": (1, "no file of activities"),
}
"""Commands that are rightly refused on the small workspace: with which exit code, and why."""
CHANGING = {"demo", "app", "check", "draft", "import", "close", "undo", "report", "bulletin", "sentiment"}
"""Commands that are looked at elsewhere, or that read and write a file of the caller's own."""
RIGHTS = {"erase", "export", "retain", "backup", "restore", "compact"}
"""Commands that take the id of a person, or look after the folder, and tell nothing but counts; one writes
that person's own file.
"""
NO_ANSWERS = {"instruments", "template"}
"""Commands that read questionnaires only."""


def test_every_command_is_looked_at():
    names = {one.name or one.callback.__name__ for one in commands.registered_commands}
    assert names == {asked[0] for asked in [*QUICK, *LONG]} | CHANGING | RIGHTS | NO_ANSWERS


def test_no_command_prints_it(nest, say_to, surfaces):
    space, canaries = nest
    codes = [say_to(*asked, "--workspace", space.path, "--lang", "zh") for asked in QUICK]
    assert codes == [0] * 9 + [2, 2]
    assert surfaces.leaks(canaries) == []


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(
            form, marks=REST if form[-1] in ("--json", "zh") else pytest.mark.slow, id=" ".join(form)
        )
        for form in (["--json"], *(["--lang", lang] for lang in LANGUAGES))
    ],
)
def test_no_command_prints_it_in_any_form(form, whole, say_to, surfaces):
    space, canaries = whole
    codes = {" ".join(asked): say_to(*asked, "--workspace", space.path, *form) for asked in [*QUICK, *LONG]}
    assert {asked: code for asked, code in codes.items() if code} == {
        asked: code for asked, (code, _) in REFUSED.items()
    }
    assert surfaces.leaks(canaries) == []


def test_a_group_of_one_is_as_if_it_were_not_there(nest, capfd):
    """Asking for it by name gives what asking for a name that nobody has gives."""
    said = []
    for name in (WORDS["team of one"], "Nowhere"):
        assert run(["scores", "--where", f"team={name}", "--workspace", str(nest[0].path), "--json"]) == 0
        said.append(capfd.readouterr().out)
    assert said[0] == said[1]
    assert {row["hidden_reason"] for row in json.loads(said[0])["rows"]} == {"not_published"}


@REST
def test_closing_and_undoing_say_nothing(whole, say_to, surfaces, tmp_path):
    space, canaries = whole
    copy = shutil.copytree(space.path, tmp_path / "space")
    for asked in (["undo", WAVES[1]], ["waves"], ["undo", WAVES[1]], ["joins", "--wave", WAVES[1]]):
        say_to(*asked, "--workspace", copy)
    file = tmp_path / FILE
    file.write_bytes(as_csv(wave(1)))
    (copy / "surveys" / "canary.yaml").write_text(SURVEY.document, encoding="utf-8")
    asked = ["import", file, "--kind", "responses", "--wave", WAVES[1], "--instrument", "canary"]
    assert say_to(*asked, "--workspace", copy) == 0
    assert say_to("close", WAVES[1], "--workspace", copy) == 0
    assert surfaces.leaks(canaries) == []


# -- the library


@REST
def test_no_released_table_holds_it(whole, surfaces):
    space, canaries = whole
    calls = {
        "scores": [(None, by) for by in ((), *GROUPS)], "trend": [()], "changes": [()],
        "response_rates": [()], "join_report": [(w,) for w in WAVES], "wave_table": [()],
        "tone": [("theme",), ("team",), ("star",)], "comments": [("", "all"), ("workload",)], "wishes": [()],
        "emerging": [()], "agreement": [()], "utility": [("all",)],
        "quality": [()], "response": [("team",), ("star",)], "differences": [("team",), ("site",)],
        "distribution": [(), ("team",), ("site",)], "herzberg": [()],
        "whatif": [({"pay": 0.1},)], "attrition": [()], "service": [()], "service_paths": [()],
        "retention": [("",), ("star",)], "leaving_hazards": [()], "headcount": [()],
        "plans": [()], "moved": [("team", "north")],
        "programmes": [()], "stars": [()], "workforce": [()], "competence": [()], "competence_links": [()],
        "training": [()], "service_value": [()], "activities": [()], "time_in_grade": [()], "places": [()],
        "statement": [("mentors", {"months": 2.0})],
        "desk": [()], "desk_weeks": [()], "inspections": [()], "raters": [()],
    }  # fmt: skip
    releasing = {
        name
        for name, member in inspect.getmembers(Workspace, inspect.isfunction)
        if inspect.signature(member).return_annotation in (SafeTable, "SafeTable")
        and not name.startswith("_")
    }
    assert releasing == {*calls, "close", "audit", "drivers"}  # these are asked by command and page
    for name, every in calls.items():
        for args in every:
            try:
                table = getattr(space, name)(*args)
            except TooLittleData as refused:  # said in words, which are searched as well
                surfaces.add(f"{name}{args}", [refused.as_dict(lang) for lang in LANGUAGES])
                continue
            for blob in (table, repr(table), table._repr_html_()):
                surfaces.add(f"{name}{args}", blob)
    assert surfaces.leaks(canaries) == []


# -- pages


def test_no_page_sends_or_keeps_it(nest, open_app, surfaces):
    space, canaries = nest
    app = looked(open_app(space.path), surfaces, "overview")
    for page in ("teams", "upload"):
        turn_to(app, page, surfaces)
    assert [place for place, _ in surfaces.seen if place.startswith("download")]
    assert surfaces.leaks(canaries) == []


@pytest.mark.parametrize("lang", ONE_SOON)
def test_no_choice_on_a_page_brings_it_out(lang, whole, open_app, surfaces):
    space, canaries = whole
    app = turn_to(looked(open_app(space.path, lang), surfaces, "overview"), "teams", surfaces)
    for group in app.selectbox(key="group").options:
        app.selectbox(key="group").set_value(group)
        looked(app, surfaces, f"teams by {group}")
    turn_to(app, "drivers", surfaces)
    for outcome in space.outcomes():
        app.session_state["outcome"] = outcome
        looked(app, surfaces, f"drivers of {outcome}")
    turn_to(app, "comments", surfaces)
    for place in range(len(app.selectbox(key="question").options)):
        app.selectbox(key="question").select_index(place)
        for part in ("themes", "read", "wishes", "emerging", "agreement"):
            app.session_state["comments_part"] = part
            looked(app, surfaces, f"comments: {part}")
    for place in range(len(app.sidebar.selectbox[0].options)):
        app.sidebar.selectbox[0].select_index(place)
        for page in PAGES:
            turn_to(app, page, surfaces)
    assert surfaces.leaks(canaries) == []


def test_an_uploaded_file_is_shown_until_it_is_imported_and_not_after(home, open_app, tmp_path):
    table = wave(0)
    content = as_csv(pd.concat([table.tail(1), table.head(-1)]))
    canaries = Canaries(WORDS)
    folder = tmp_path / "space"
    Workspace(folder).import_file(as_csv(staff()), "people")
    (folder / "surveys").mkdir()
    (folder / "surveys" / "canary.yaml").write_text(SURVEY.document, encoding="utf-8")
    with watching() as before:
        app = turn_to(looked(open_app(folder), before, "overview"), "upload", before)
        app.selectbox(key="upload_instrument").set_value("canary")
        app.file_uploader[0].set_value((FILE, content, "text/csv"))
        looked(app, before, "upload")
    assert before.leaks(canaries)  # their own file, in the preview
    app.text_input[0].set_value("2025H1")
    app.button(key="upload_import").click().run()
    assert Workspace(folder).open_waves == ("2025H1",)
    with watching() as after:
        looked(app, after, "upload")
        turn_to(app, "overview", after)
    assert after.leaks(canaries) == []


# -- faults


def faulty() -> dict[str, bytes]:
    """Files with the canary where it does harm."""
    table = wave(0)
    last, item = len(table) - 1, SURVEY.items[0].id
    strange = table.copy()
    strange.loc[last, item] = COMMENT
    long = as_csv(table) + f"{PERSON},x,{','.join(['1'] * 30)},{COMMENT}\n".encode()
    return {
        "an answer that is no option": as_csv(strange),
        "the same person three times": as_csv(pd.concat([table, table.tail(1), table.tail(1)])),
        "a row that is too long": long,
        "a quotation mark never closed": as_csv(table) + f'"{COMMENT}\n{PERSON},1,2\n'.encode(),
        "bytes of no encoding": as_csv(table).replace(PERSON.encode(), PERSON.encode() + b"\xff\xfe\x81"),
        "people of the wave again": as_csv(table.tail(5)),
    }


@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=[REST] if place % 3 else []) for place, name in enumerate(faulty())]
)
def test_a_fault_is_said_without_the_answer(fault, nest, say_to, surfaces, tmp_path):
    space, canaries = nest
    again = shutil.copytree(space.path, tmp_path / "space")
    file = tmp_path / "mine.csv"
    file.write_bytes(faulty()[fault])
    (again / "surveys" / "canary.yaml").write_text(SURVEY.document, encoding="utf-8")
    where = WAVES[0] if fault.startswith("people") else WAVES[1]
    for form in ([], ["--json"]):
        asked = ["import", file, "--kind", "responses", "--wave", where, "--instrument", "canary"]
        say_to(*asked, "--workspace", again, *form)
    try:
        Workspace(again).import_file(file, wave=where, instrument=SURVEY)
    except EngageError as error:
        lines = traceback.format_exception(error)
        problems = [problem.as_dict(lang) for problem in getattr(error, "problems", ()) for lang in LANGUAGES]
        surfaces.add("error", [str(error), repr(error), lines, error.as_dict("zh"), problems, error.params])
    surfaces.add("files", dict(files_of(again)))
    assert surfaces.leaks(canaries) == []


def fails(*_: object, **__: object) -> None:
    """Fail as a library does that quotes the value it stumbled over."""
    pa.array([COMMENT]).cast(pa.int64())


DEEP = ("engage.engine.frame", "engage.workspace.findings.driver_answer", "engage.workspace.toning.tone_by")


@pytest.mark.parametrize("place", [DEEP[0], *(pytest.param(place, marks=REST) for place in DEEP[1:])])
def test_a_failure_deep_inside_is_told_by_its_kind(place, nest, say_to, open_app, surfaces, monkeypatch):
    space, canaries = nest
    with pytest.raises(pa.ArrowInvalid, match=WORDS["comment"]):
        fails()
    monkeypatch.setattr(place, fails)
    asked = {"driver": ["drivers", "--outcome", "pay"], "tone_b": ["comments"]}
    words = asked.get(place.rpartition(".")[2][:6], ["scores"])
    for form in ([], ["--json"]):
        assert say_to(*words, "--workspace", space.path, *form) == 3
    from engage.views import data

    data._table.clear()
    data._names.clear()
    app = looked(open_app(space.path), surfaces, "overview")
    page = {"drivers": "drivers", "comments": "comments"}.get(words[0], "overview")
    turn_to(app, page, surfaces)
    assert [error.value for error in app.error] == [say("app.broken", "zh")]
    assert [line for line in surfaces.records.lines if "ArrowInvalid" in line]
    assert surfaces.leaks(canaries) == []


def test_an_import_killed_half_way_leaves_nothing_to_find(home, say_to, surfaces, monkeypatch, tmp_path):
    folder = tmp_path / "space"
    Workspace(folder).import_file(as_csv(wave(1)), wave=WAVES[1], instrument=SURVEY)
    file = tmp_path / "mine.csv"
    file.write_bytes(as_csv(wave(0)))
    monkeypatch.setattr(engage.store.core, "append_event", fails)
    (folder / "surveys" / "canary.yaml").write_text(SURVEY.document, encoding="utf-8")
    asked = ["import", file, "--kind", "responses", "--wave", WAVES[0], "--instrument", "canary"]
    assert say_to(*asked, "--workspace", folder) == 3
    assert say_to("waves", "--workspace", folder, "--json") == 0
    assert WAVES[0] not in str([text for place, text in surfaces.seen if "stdout of waves" in place])
    surfaces.add("files", dict(files_of(folder)))
    assert surfaces.leaks(Canaries(WORDS)) == []


# -- files; last, when everything above has run


def test_no_file_but_the_answers_themselves_holds_it(nest, home):
    space, canaries = nest
    there = dict(files_of(space.path))
    assert {"workspace.json", "audit.jsonl"} <= {Path(name).name for name in there}
    assert [name for name in there if "_delta_log" in name]
    assert [(name, canaries.in_(content)) for name, content in there.items() if canaries.in_(content)] == []
    away = dict(files_of(home))
    assert [(name, canaries.in_(content)) for name, content in away.items() if canaries.in_(content)] == []
    kept = [path.name for path in (space.path / "originals").iterdir()]
    sealed = b"".join((space.path / "originals" / name).read_bytes() for name in kept)
    assert canaries.in_(sealed) == []
    raw = b"".join(Store.open(space.path).original(name) for name in kept)
    assert set(canaries.in_(raw)) >= set(WORDS)
    assert str(NUMBER).encode() in raw
