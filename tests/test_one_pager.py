"""The one-pager of a group: released figures of that group alone, and one refusal for all others."""

import io
import json

import openpyxl
import pandas as pd
import pytest
from roles_inputs import ALDER, BIRCH, DEPARTMENTS, SURVEY, WAVES, listed
from safe_tables import POLICY, cells
from streamlit.testing.v1 import AppTest
from test_report import ROOT, texts_of
from workspace_inputs import answers, as_csv, people

from engage.cli import run
from engage.errors import TooLittleData, UsageError
from engage.present import group_sentences
from engage.present import report as reports
from engage.present.labels import Names
from engage.privacy import release_scores
from engage.words import LANGUAGES
from engage.workspace import Workspace

TINY = "Ibex Hut"
TEAMS = {**ALDER, **BIRCH, TINY: 4}
OWN = "Vexillo North"
MANAGER = "alma@example.org"
REST = pytest.mark.rest


def table(place):
    found = answers(SURVEY, TEAMS, seed=3 + place, day=f"2025-0{3 + 6 * place}-04")
    return found.assign(department=found["team"].map({**DEPARTMENTS, TINY: "Alderwood"}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    space = Workspace(tmp_path_factory.mktemp("one_pager") / "space")
    staff = people(table(0)).assign(
        org_path=lambda f: "Works/" + f["team"].map({**DEPARTMENTS, TINY: "Alderwood"})
    )
    space.import_file(as_csv(staff), "people", name="staff.csv")
    for place, wave in enumerate(WAVES):
        space.import_file(as_csv(table(place)), wave=wave, instrument=SURVEY, name=f"{wave}.csv")
        space.close(wave)
    return listed(space.path)


def made(folder, lang="en", level=OWN, who=MANAGER):
    return reports.of_workspace(Workspace(folder, who=who), lang, made_on="today", group=("team", level))


TONGUES = ["zh", *(pytest.param(lang, marks=REST) for lang in LANGUAGES if lang != "zh")]


@pytest.fixture(scope="module", params=TONGUES)
def report(request, folder):
    return made(folder, request.param)


def test_it_tells_of_one_group_with_the_figures_of_the_pages(report, folder):
    assert report.brief
    names = [part.name for part in report.sections]
    assert [name for name in names if name != "talk"] == ["standing", "extremes", "drivers", "withheld"]
    assert all(part.title and part.lines[0] for part in report.sections)
    assert report.sections[-1].method
    space = Workspace(folder, who=MANAGER)
    sheets = {sheet.name: sheet.table.tidy() for part in report.sections for sheet in part.sheets}
    for name, wave in (("group", WAVES[1]), ("earlier", WAVES[0])):
        scores = space.scores(wave, "team").tidy()
        mine = scores[scores["team"] == OWN].reset_index(drop=True)
        pd.testing.assert_frame_equal(sheets[name], mine)
    pd.testing.assert_frame_equal(sheets["everyone"], space.scores(WAVES[1]).tidy())
    assert any(OWN in line for line in report.sections[0].lines)


def test_no_other_unit_is_in_any_form(report):
    files = {format: reports.written(report, format) for format in reports.FORMATS}
    texts = [files["html"].decode(), texts_of(files["pptx"]), texts_of(files["xlsx"])]
    for text in texts:
        assert OWN in text
        assert not [other for other in TEAMS if other != OWN and other in text]
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    assert len(book.worksheets) == 1 + sum(len(part.sheets) for part in report.sections)


def test_what_is_not_shown_is_refused_in_the_words_for_what_does_not_exist(folder):
    """Too few people, somebody else's unit, and nothing at all: whoever asks can't tell them apart."""
    told = set()
    for level in (TINY, "Quokka East", "nowhere"):
        with pytest.raises(TooLittleData) as refused:
            made(folder, level=level)
        told.add(
            (refused.value.code, refused.value.what("en").replace(level, "x"), refused.value.remedy("en"))
        )
    assert len(told) == 1
    every = reports.FromWorkspace(Workspace(folder, who="hana@example.org"))
    assert "Quokka East" in reports.shown_levels(every, WAVES[1], "team")
    with pytest.raises(UsageError) as wrong:
        reports.of_workspace(Workspace(folder, who=MANAGER), "en", made_on="x", group=("colour", "blue"))
    assert wrong.value.code == "workspace.unknown_demographic"


def test_who_sees_no_unit_gets_none(folder):
    with pytest.raises(TooLittleData) as refused:
        made(folder, who="nora@example.org")
    assert refused.value.code == "rights.nothing_of_yours"


@REST
def test_the_command_writes_it(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: MANAGER)
    out = tmp_path / "own.xlsx"
    asked = ["report", "--out", str(out), "--workspace", str(folder), "--json", "--group", f"team={OWN}"]
    assert run(asked) == 0
    assert json.loads(capsys.readouterr().out)["sections"][0] == "standing"
    assert out.read_bytes()[:2] == b"PK"


def test_the_command_refuses_what_names_no_group(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: MANAGER)
    asked = ["report", "--out", str(tmp_path / "x.html"), "--workspace", str(folder), "--json", "--group"]
    for text, code in (("team", "group_form"), ("team=a,site=b", "group_form"), ("team=nowhere", "no_group")):
        assert run([*asked, text]) != 0
        assert json.loads(capsys.readouterr().out)["error"]["code"] == f"report.{code}"
    assert not list(tmp_path.iterdir())


@REST
def test_the_page_offers_the_groups_that_are_shown_and_makes_one(folder, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: MANAGER)
    monkeypatch.setenv("ENGAGE_WORKSPACE", str(folder))
    monkeypatch.setenv("ENGAGE_LANG", "en")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    app.session_state["report_scope"] = "group"
    app.switch_page("engage/views/reports.py").run()
    assert app.selectbox(key="report_group").options == [OWN]  # beside the tiny team, the other would tell
    app.button(key="report_make").click().run()
    assert not app.exception
    assert not app.error
    assert len(app.get("download_button")) == 1


def scores(shares, n=60):
    made = cells([()], [], sizes=[n], scales=tuple(shares))
    return release_scores(made.assign(favourable=made["scale"].map(shares)), [], POLICY)


def test_a_share_has_moved_where_the_intervals_do_not_meet():
    then = scores({"pay": 0.3, "growth": 0.5, "workload": 0.7, "bonus": 0.2})
    now = scores({"pay": 0.8, "growth": 0.55, "workload": 0.2, "bonus": 0.9})
    names = Names(None, "en")
    said = group_sentences.moved(now, "w1", then, names, apart={"bonus"})
    assert "pay (30% → 80%)" in said.lower()
    assert "workload (70% → 20%)" in said.lower()
    assert "growth" not in said.lower()
    assert "bonus" not in said.lower()
    still = group_sentences.moved(then, "w1", then, names)
    assert "none of 4 scores" in still
