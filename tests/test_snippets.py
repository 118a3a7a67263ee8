"""The same in Python: each page's lines run, and give the tables that the page shows."""

import ast
import inspect
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from test_views import start, turn_to

from engage.present import tables
from engage.present.snippets import SNIPPETS, in_python
from engage.privacy import LeverGrid, SafeTable
from engage.views import importing_waves, template
from engage.workspace import Workspace

ROOT = Path(__file__).parents[1]
IN_A_FILE = ("reports", "settings")
"""Pages whose numbers are in a file or of nobody, not in a released table."""
QUICK = ("trend", "upload")
HEAVY = ("herzberg", "whatif", "service", "programmes", "stars", "attrition", "workforce", "competence")
PICKED = {
    "drivers": {"outcome": "satisfaction"},
    "whatif": {"what_if_growth": 0.2, "what_if_pay": -0.1},
    "stars": {"star_outcome": "satisfaction"},
    "desk": {"desk_period": "1"},
    "attrition": {"retention_by": "star"},
    "teams": {"group": "role_group", "group_scale": "workload"},
    "trend": {"trend_scales": ["workload", "pay"]},
    "comments": {"comments_part": "wishes"},
    "quality": {"response_group": "performance"},
}
"""Choices other than those that a page begins with."""


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[SafeTable]:
    """The tables that pages put into words from now on."""
    found: list[SafeTable] = []
    real = tables.display

    def noted(table: SafeTable, names: object) -> pd.DataFrame:
        found.append(table)
        return real(table, names)

    for module in (tables, template, importing_waves):
        monkeypatch.setattr(module, "display", noted)
    return found


def made(code: str) -> list[SafeTable]:
    """Run lines as a reader would and return the released tables they made."""
    names: dict[str, object] = {}
    exec(compile(code, "snippet", "exec"), names)
    found: list[SafeTable] = []
    for value in names.values():
        grid = [value.levers, value.together] if isinstance(value, LeverGrid) else []
        found += [one for one in [value, *grid] if isinstance(one, SafeTable)]
    return found


def same(one: SafeTable, other: SafeTable) -> bool:
    return one.kind == other.kind and one.notes == other.notes and one.tidy().equals(other.tidy())


def lines_of(app: AppTest) -> str:
    (code,) = (one.value for one in app.code if one.value.startswith("from engage import Workspace"))
    return str(code)


@pytest.mark.parametrize("page", template.PAGES)
def test_every_page_has_its_lines(page):
    assert page in SNIPPETS, f"engage/present/snippets.py has no lines for the page {page}"
    source = (ROOT / "engage" / "views" / f"{page}.py").read_text(encoding="utf-8")
    calls = source.count("view.method("), source.count("view.in_python(")
    assert calls[0] == calls[1], f"the page {page} has view.method() without view.in_python()"


def run_by(page: str, picked: dict) -> list:
    if picked or page in HEAVY:
        return [pytest.mark.slow]
    return [] if page in QUICK else [pytest.mark.rest]


PARAMS = [
    pytest.param(page, picked, id=f"{page}-{'picked' if picked else 'first'}", marks=run_by(page, picked))
    for page in template.PAGES if page not in IN_A_FILE
    for picked in ({}, *([PICKED[page]] if page in PICKED else []))
]  # fmt: skip


@pytest.mark.parametrize(("page", "picked"), PARAMS)
def test_the_lines_give_what_the_page_shows(page, picked, sample_workspace, monkeypatch, shown):
    app = start(monkeypatch, sample_workspace, "en")
    shown.clear()
    for key, value in picked.items():
        app.session_state[key] = value
    turn_to(app, page)
    assert shown, "the page shows no table"
    wanted, code = list(shown), lines_of(app)
    for value in picked.values():
        if isinstance(value, str) and page not in ("stars", "trend", "comments"):
            assert value in code
    tables_made = made(code)
    for table in wanted:
        assert any(same(table, one) for one in tables_made), f"no line gives the table of {table.kind}"


@pytest.mark.rest
@pytest.mark.parametrize("part", ["read", "emerging", "agreement"])
def test_the_parts_of_comments_have_lines_of_their_own(part, sample_copy, monkeypatch, shown):
    app = start(monkeypatch, sample_copy, "en")
    shown.clear()
    app.session_state["comments_part"] = part
    turn_to(app, "comments")
    wanted = list(shown)
    tables_made = made(lines_of(app))
    assert wanted
    assert all(any(same(table, one) for one in tables_made) for table in wanted)


@pytest.mark.slow
def test_the_lines_of_a_report_write_the_file_that_the_page_offers(sample_workspace, monkeypatch, tmp_path):
    app = turn_to(start(monkeypatch, sample_workspace, "en"), "reports")
    code = lines_of(app)
    monkeypatch.chdir(tmp_path)
    made(code)
    (file,) = tmp_path.iterdir()
    from engage.present.numbers import today
    from engage.present.report import of_workspace, written

    space = Workspace(sample_workspace)
    report = of_workspace(space, "en", space.closed_waves[-1], made_on=today("en"))
    assert file.name.endswith("_en.html")
    assert file.read_bytes() == written(report, "html")


SAMPLES = {
    "overview": {
        "wave": "w", "before": "v", "by": "team", "level": "t", "above": ("site", "s"), "moved": True,
        "drivers": True,
    },
    "settings": {},
    "drivers": {"outcome": "pay", "wave": "all", "shown": "w"},
    "herzberg": {},
    "whatif": {"wave": "w", "changes": {"growth": 0.25}},
    "service": {"activities": True},
    "programmes": {"programme": "p", "assumed": {"exit_cost": 1e7}},
    "stars": {"wave": "w", "scored": True, "staying": True, "graded": True, "placed": True},
    "attrition": {"on": True, "by": "star", "challenger": True},
    "teams": {"wave": "w", "group": "team", "scale": "pay"},
    "trend": {},
    "comments": {"part": "read", "wave": "w", "read": {"theme": "pay", "typical": True, "search": "x"}},
    "quality": {"wave": "w", "group": "team"},
    "reports": {"wave": "w", "lang": "zh", "format": "xlsx"},
    "upload": {"newest": "w"},
    "desk": {"tickets": True, "inspections": True, "weeks": 13},
    "workforce": {"leaving": 0.8},
    "competence": {"levels": True, "rated": True},
    "plans": {},
}  # fmt: skip


@pytest.mark.parametrize("page", SAMPLES)
def test_lines_ask_the_workspace_as_it_can_be_asked(page):
    """Every question is a public name of Workspace with parameters that it takes; none of them is raw."""
    tree = ast.parse(in_python(page, "here", SAMPLES[page]))
    asked = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name) and node.func.value.id == "space"
    ]  # fmt: skip
    assert asked or page == "reports"
    for call in asked:
        method = getattr(Workspace, call.func.attr)
        given = {word.arg: 0 for word in call.keywords}
        inspect.signature(method).bind("space", *call.args, **given)
        assert call.func.attr not in ("frame", "own_data", "pseudonyms", "secret_key")


NASTY = 'a"); import os  # \\ \n {x} 班组\u2028'


@pytest.mark.parametrize("page", SAMPLES)
def test_whatever_a_file_holds_stays_text(page):
    """Names come from files: as literals they can't be lines."""
    choices = {name: NASTY if isinstance(value, str) and name != "part" else value
               for name, value in SAMPLES[page].items()}  # fmt: skip
    tree = ast.parse(in_python(page, NASTY, choices, who=NASTY))
    literals = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert NASTY in literals
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]


def test_the_module_of_the_lines_imports_nothing_that_could_hand_data_out():
    source = (ROOT / "engage" / "present" / "snippets.py").read_text(encoding="utf-8")
    found = {node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
    assert found <= {"collections.abc", "typing"}


def test_who_is_asked_as_where_roles_are_listed():
    assert 'Workspace("here", who="ann@example.org")' in in_python("trend", "here", {}, who="ann@example.org")
    assert 'Workspace("here")' in in_python("trend", "here", {})
    assert in_python("no_such_page", "here", {}) == ""
