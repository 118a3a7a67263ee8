"""Who may do what is asked at the one door: of pages, of commands and of scripts; and what managers see."""

import inspect
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from roles_inputs import (
    ALDER,
    BIRCH,
    OF_ALDER,
    OF_BIRCH,
    PERSONAS,
    SEES,
    SURVEY,
    UNITS,
    WAVES,
    company,
    foreign,
    listed,
    table,
)
from streamlit.testing.v1 import AppTest
from workspace_inputs import as_csv

import engage.views.data
from engage.cli import run
from engage.errors import EngageError, TooLittleData, UsageError
from engage.privacy import ACTIONS, Access, Person, SafeTable, Sight, sight_of
from engage.views.template import NEEDS, PAGES
from engage.words import say
from engage.workspace import Workspace
from engage.workspace.organisation import unit_paths
from engage.workspace.rights import ASKED, OPEN

ROOT = Path(__file__).parents[1]
WAVE = WAVES[0]
REST = pytest.mark.rest
LIGHT = ("overview", "teams", "quality", "comments", "upload")
MANAGER = "alma@example.org"
ARGUMENTS: dict[str, tuple[object, ...]] = {
    "import_file": (b"", "responses"), "close": ("x",), "undo": ("x",), "own_data": ("x",), "erase": ("x",),
    "correct": ("x",), "follow": ("x", "done"), "take_back": ("x",), "pseudonyms": (["x"],),
    "switch_attrition": (True,), "differences": ("team",), "response": ("team",), "drivers": ("engagement",),
    "statement": ("x", {}), "whatif": ({},),
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return company(tmp_path_factory.mktemp("roles"))


@pytest.fixture(scope="module")
def shown(made, tmp_path_factory) -> Path:
    """A copy that is read only, with its list."""
    return listed(shutil.copytree(made, tmp_path_factory.mktemp("shown") / "company"))


@pytest.fixture
def own(made, tmp_path) -> Path:
    return listed(shutil.copytree(made, tmp_path / "company"))


# -- the door


def test_every_public_name_of_a_workspace_is_an_action_and_no_other_is():
    public = {name for name in dir(Workspace) if not name.startswith("_")} - OPEN
    names = [name for some in ASKED.values() for name in some]
    assert sorted(names) == sorted(public)
    assert set(ASKED) == set(ACTIONS) - {"policy", "undo_released"}  # asked inside, of a file and of an undo


@pytest.mark.parametrize("name", PERSONAS)
def test_the_door_refuses_what_the_role_may_not(name, shown):
    """Before anything is asked of the store: what is allowed is asked for by the tests below and by pages."""
    space, role = Workspace(shown, who=name), PERSONAS[name]
    for action, names in ASKED.items():
        may = bool(role) and Access.may(role, action)
        assert space.may(action) == may
        for asked in () if may else names:
            assert _refusal(space, asked) == ("rights.not_allowed" if role else "rights.nobody_signs_in"), (
                asked
            )


def _refusal(space: Workspace, name: str) -> str:
    try:
        found = getattr(space, name)
        if callable(found):
            found(*ARGUMENTS.get(name, ()))
    except EngageError as error:
        return error.code
    return ""


def test_without_a_list_nothing_is_asked(made):
    space = Workspace(made, who="whoever")
    assert len(space.frame(WAVE)) == sum((*ALDER.values(), *BIRCH.values()))
    assert set(space.scores(WAVE, "team").tidy()["team"]) == {*ALDER, *BIRCH}
    assert all(space.may(action) for action in ACTIONS)


@REST
def test_raw_rows_are_for_analysts_and_in_the_log_under_their_name(own):
    space = Workspace(own, who="anna@example.org")
    assert len(space.frame(WAVE)) == 92
    for name in ("root@example.org", "hana@example.org", MANAGER):
        with pytest.raises(UsageError, match="does not allow"):
            Workspace(own, who=name).frame(WAVE)
    last = Workspace(own, who="root@example.org").audit_log().entries[-1]
    assert (last["code"], last["who"], last["rows"]) == ("frame", "anna@example.org", 92)


@REST
def test_hr_imports_and_closes_and_an_administrator_alone_takes_back_what_results_hold(own):
    hana = Workspace(own, who="hana@example.org")
    hana.close(WAVES[1])
    assert hana.closed_waves == WAVES
    with pytest.raises(UsageError, match="does not allow"):
        hana.undo(WAVES[1])
    late = table(1).head(3).assign(**{"employee id": ["L1", "L2", "L3"]})
    hana.import_file(as_csv(late), wave=WAVES[1], instrument=SURVEY, name="late.csv")
    assert hana.undo(WAVES[1]).event == "undo"  # it still waited
    Workspace(own, who="root@example.org").undo(WAVES[1])
    assert hana.waves() == WAVES[:1]
    whos = {
        entry["code"]: entry["who"] for entry in Workspace(own, who="root@example.org").audit_log().entries
    }
    assert whos["close"] == "hana@example.org"
    assert whos["undo"] == "root@example.org"


@REST
def test_a_note_is_of_who_signed_in_whatever_name_is_given(own):
    space = Workspace(own, who="hana@example.org")
    comments = space.comments().tidy()
    assert len(comments)
    note = space.correct(str(comments["comment"].iloc[0]), tone="positive", who="somebody else")
    assert note.who == "hana@example.org"
    with pytest.raises(UsageError, match="does not allow"):
        Workspace(own, who="anna@example.org").correct("x", tone="positive")


@pytest.mark.parametrize("lang", ["zh", *(pytest.param(one, marks=REST) for one in ("en", "ru"))])
def test_a_command_is_refused_in_words_with_exit_2(lang, own, monkeypatch, capsys):
    monkeypatch.setattr("getpass.getuser", lambda: "alma@example.org")
    assert run(["undo", WAVE, "--workspace", str(own), "--lang", lang]) == 2
    assert say("rights.not_allowed.what", lang, action="upload") in capsys.readouterr().err
    assert run(["scores", "--by", "team", "--workspace", str(own), "--json"]) == 0
    assert {row["team"] for row in json.loads(capsys.readouterr().out)["rows"]} == set(ALDER)
    assert run(["waves", "--workspace", str(own), "--json"]) == 0


# -- what a manager sees


def tables(space: Workspace, by: str, *, quick: bool) -> dict[str, SafeTable]:
    found: dict[str, SafeTable] = {}
    quick_ones = {
        "scores": lambda: space.scores(WAVE, by),
        "differences": lambda: space.differences(by, WAVE),
    }
    rest = {
        "distribution": lambda: space.distribution(by, WAVE),
        "response": lambda: space.response(by, WAVE),
        "tone": lambda: space.tone(by, WAVE),
        "drivers": lambda: space.drivers("engagement", WAVE, by=by),
    }
    for name, ask in (quick_ones if quick else quick_ones | rest).items():
        try:
            found[name] = ask()
        except TooLittleData:
            continue
    return found


@pytest.mark.parametrize(
    ("by", "quick"),
    [("team", True), *(pytest.param(by, False, marks=REST) for by in ("team", "department", "site"))],
)
def test_a_manager_sees_rows_of_the_one_release_and_of_no_other_unit(by, quick, shown):
    """Each row is one that everybody's table has, to the last digit: nothing is released anew."""
    whole = tables(Workspace(shown, who="hana@example.org"), by, quick=quick)
    assert {"scores", "differences"} <= set(whole)
    for name, units in (("alma@example.org", OF_ALDER), ("bert@example.org", OF_BIRCH))[: 1 if quick else 2]:
        part = tables(Workspace(shown, who=name), by, quick=quick)
        for question, told in part.items():
            seen, every = told.tidy(), whole[question].tidy()
            expected = every if by == "site" else every[every[by].isin(units)]
            pd.testing.assert_frame_equal(seen, expected.reset_index(drop=True))
            assert told.notes == whole[question].notes
            assert not set(foreign(name)) & set(seen.astype(str).to_numpy().ravel())
        assert {"scores", "differences"} <= set(part)


@REST
def test_naming_another_unit_in_a_condition_tells_nothing(shown):
    alma, hana = (Workspace(shown, who=f"{name}@example.org") for name in ("alma", "hana"))
    for unit in BIRCH:
        assert hana.scores(WAVE, where={"team": unit}).tidy()["mean"].notna().any()
        asked, unknown = (alma.scores(WAVE, where={"team": one}).tidy() for one in (unit, "No such team"))
        pd.testing.assert_frame_equal(asked, unknown)
        assert asked["mean"].isna().all()
    assert alma.scores(WAVE, where={"team": "Vexillo North"}).tidy()["mean"].notna().any()
    assert alma.scores(WAVE, where={"department": "Birchwood"}).tidy()["mean"].isna().all()


def test_a_manager_of_nothing_that_is_there_is_told_so(shown):
    nora = Workspace(shown, who="nora@example.org")
    with pytest.raises(TooLittleData, match="your part of the organisation"):
        nora.scores(WAVE, "team")
    assert len(nora.scores(WAVE))
    assert len(nora.scores(WAVE, "site"))


def test_units_lie_where_the_staff_list_has_them(shown):
    paths = unit_paths(Workspace(shown)._need())
    assert {name: set(where) for name, where in paths.items()} == {
        "Works": {"Works"}, "Alderwood": {"Works/Alderwood"}, "Birchwood": {"Works/Birchwood"},
        **{team: {f"Works/Alderwood/{team}"} for team in ALDER},
        **{team: {f"Works/Birchwood/{team}"} for team in BIRCH},
    }  # fmt: skip


def test_a_name_that_two_units_share_is_seen_by_who_sees_both():
    paths = {"One": {"A/One", "B/One"}, "Two": {"A/Two"}, "A": {"A"}, "B": {"B"}}
    owns = {
        subtree: set(sight_of(Person("x", "manager", subtree), paths).own)
        for subtree in (("A",), ("B",), ("A", "B"), ("A/Two",))
    }
    assert owns == {
        ("A",): {"A", "Two"},
        ("B",): {"B"},
        ("A", "B"): {"A", "B", "One", "Two"},
        ("A/Two",): {"Two"},
    }


def test_a_team_that_moved_or_gave_up_its_name_is_not_told_of_by_that_name(made, tmp_path):
    """North became Quokka North under Birchwood; a new team of Alderwood took its old name."""
    folder = shutil.copytree(made, tmp_path / "company")
    space = Workspace(folder)
    staff = table(0)[["employee id", "team"]].assign(as_of="2026-06-30")
    north, new = staff[staff["team"] == "Vexillo North"], staff[staff["team"] == "Vexillo South"].head(6)
    moved = north.assign(team="Quokka North", org_path="Works/Birchwood")
    renames = {"teams": {"Vexillo North": "Quokka North"}}
    space.import_file(as_csv(moved), "people", mapping=renames, name="moved.csv")
    paths = unit_paths(space._need())
    assert paths["Quokka North"] == paths["Vexillo North"] == {"Works/Birchwood/Quokka North"}
    founded = new.assign(team="Vexillo North", org_path="Works/Alderwood")
    space.import_file(as_csv(founded), "people", name="founded.csv")
    paths = unit_paths(space._need())
    assert paths["Vexillo North"] == {"Works/Birchwood/Quokka North", "Works/Alderwood/Vexillo North"}
    listed(folder)
    assert set(Workspace(folder, who=MANAGER).scores(WAVE, "team").tidy()["team"]) == {"Vexillo South"}


def test_rows_without_a_unit_are_left_out_of_a_table_of_units():
    sight = Sight(frozenset({"A"}), frozenset({"A", "B"}))
    frame = pd.DataFrame({"team": ["A", "B", None, "Group 3"], "scale": "pay", "mean": 3.0})
    assert sight.seen(frame, ()).tolist() == [True, False, False, False]
    of_sites = pd.DataFrame({"site": ["hill", "river"], "scale": ["A", "B"]})
    assert sight.seen(of_sites, ("site",)).all(), "a scale that is called like a unit is none"
    levels = pd.DataFrame({"term": ["unit", "unit", "star"], "level": ["A", "B", "5"]})
    assert sight.seen(levels, ()).tolist() == [True, False, True]


# -- leaving is switched on by administrators


def test_leaving_is_switched_on_by_administrators_who_say_what_for(own):
    for name in ("hana@example.org", "anna@example.org", MANAGER):
        with pytest.raises(UsageError, match="does not allow"):
            Workspace(own, who=name).switch_attrition(True, purpose="curiosity")
    root, hana = Workspace(own, who="root@example.org"), Workspace(own, who="hana@example.org")
    assert not hana.attrition_on
    with pytest.raises(EngageError, match="purpose"):
        root.switch_attrition(True, purpose="  ")
    assert not hana.attrition_on
    (own / "policy.yaml").write_text("scores_k: 6  # agreed in May\n", encoding="utf-8")
    root.switch_attrition(True, purpose="to see which teams need people")
    assert hana.attrition_on
    assert hana.policy.attrition_purpose == "to see which teams need people"
    assert "scores_k: 6  # agreed in May" in (own / "policy.yaml").read_text(encoding="utf-8")
    last = root.audit_log().entries[-1]
    assert (last["code"], last["who"], last["attrition"], last["attrition_before"]) == (
        "policy", "root@example.org", 1, 0,
    )  # fmt: skip
    root.switch_attrition(False)
    assert not hana.attrition_on
    assert root.audit_log().entries[-1]["attrition"] == 0


def test_a_change_of_the_policy_file_is_not_laid_at_the_door_of_its_first_reader(own):
    (own / "policy.yaml").write_text("scores_k: 7\n", encoding="utf-8")
    assert Workspace(own, who=MANAGER).policy.scores_k == 7
    last = Workspace(own, who="root@example.org").audit_log().entries[-1]
    assert last["code"] == "policy"
    assert "who" not in last


def test_the_command_that_switches_it(own, monkeypatch, capsys):
    monkeypatch.setattr("getpass.getuser", lambda: "root@example.org")
    ask = ["attrition", "--workspace", str(own), "--lang", "en"]
    assert run([*ask, "--switch", "on"]) == 1
    assert run([*ask, "--switch", "on", "--purpose", "to plan hiring"]) == 0
    assert "to plan hiring" in capsys.readouterr().out
    assert run([*ask, "--switch", "off", "--json"]) == 0
    assert run([*ask, "--switch", "maybe"]) == 2
    assert not Workspace(own, who="root@example.org").attrition_on


# -- pages


def signed(monkeypatch, folder: Path, name: str) -> AppTest:
    monkeypatch.setenv("ENGAGE_WORKSPACE", str(folder))
    monkeypatch.setenv("ENGAGE_LANG", "en")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=240)
    app.secrets = {"auth": {"client_id": "engage"}}
    app.user = {"is_logged_in": bool(name), "email": name, "email_verified": True}
    return app.run()


def sent(app: AppTest) -> str:
    kinds = (
        "title",
        "subheader",
        "markdown",
        "caption",
        "error",
        "warning",
        "info",
        "success",
        "text",
        "code",
    )
    texts = [str(element.value) for kind in kinds for element in app.get(kind)]
    charts = [json.dumps(str(element.proto), ensure_ascii=False) for element in app.get("vega_lite_chart")]
    datasets = [frame.value.to_csv() for frame in app.dataframe]
    options = [str(box.options) for box in app.selectbox]
    return "\n".join([*texts, *charts, *datasets, *options])


def looked(app: AppTest, page: str, name: str) -> str:
    """Turn to a page as by its address, and check that it is what the role may see."""
    if page != PAGES[0]:
        app.switch_page(f"engage/views/{page}.py").run()
    assert not app.exception
    found, role = sent(app), PERSONAS[name]
    assert say("app.broken", "en") not in found
    if not role:
        assert say("rights.nobody_signs_in.what", "en")[:-1] in found.replace("\\", "")
        assert not app.main.get("vega_lite_chart")
        assert not app.dataframe
    elif not Access.may(role, NEEDS.get(page, "results")):
        assert [w.value for w in app.warning] == [say("access.refused", "en", roles=["HR", "administrator"])]
        assert not app.main.get("file_uploader")
    else:
        assert not app.warning
    assert [unit for unit in foreign(name) if unit in found] == []
    return found


@pytest.mark.parametrize("name", [MANAGER, "mallory@example.org"])
def test_pages_are_as_the_role_is(name, shown, monkeypatch):
    app = signed(monkeypatch, shown, name)
    for page in ("teams", "upload"):
        found = looked(app, page, name)
        if page == "teams" and PERSONAS[name]:
            assert all(unit in found for unit in SEES.get(name, UNITS) if unit in (*ALDER, *BIRCH))


@pytest.mark.parametrize("name", [MANAGER, "root@example.org"])
def test_where_the_workspace_lies_is_told_to_administrators_alone(name, shown, monkeypatch):
    app = signed(monkeypatch, shown, name)
    app.switch_page("engage/views/trend.py").run()
    (lines,) = (one.value for one in app.code)
    folder = str(shown) if PERSONAS[name] == "administrator" else say("app.python_folder", "en")
    assert f'Workspace("{folder}", who="{name}")' in lines


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", PERSONAS)
def test_every_page_for_everybody(page, name, shown, monkeypatch):
    looked(signed(monkeypatch, shown, name), page, name)


def test_nobody_sees_anything_before_signing_in(shown, monkeypatch):
    app = signed(monkeypatch, shown, "")
    for page in LIGHT[:2]:
        found = sent(app.switch_page(f"engage/views/{page}.py").run())
        assert app.title[0].value == say("access.sign_in_title", "en")
        assert [button.key for button in app.button] == ["sign_in"]
        assert not [unit for unit in (*UNITS, *WAVES) if unit in found]


def test_an_address_that_is_not_verified_is_nobodys_name(shown, monkeypatch):
    app = signed(monkeypatch, shown, "root@example.org")
    app.user = {**app.user, "email_verified": False, "sub": "8231"}
    app.run()
    assert "8231" in app.error[0].value
    assert not app.dataframe


def test_sign_in_without_a_list_lets_nobody_in(made, monkeypatch):
    app = signed(monkeypatch, made, "root@example.org")
    assert say("access.no_list.what", "en") in app.error[0].value.replace("\\", "")
    assert not app.metric


@REST
def test_who_is_taken_off_the_list_is_out_at_the_next_click(own, monkeypatch):
    app = signed(monkeypatch, own, MANAGER)
    assert app.metric
    listed(own, "people: {root@example.org: administrator}")
    app.run()
    assert say("rights.nobody_signs_in.what", "en")[:-1] in app.error[0].value.replace("\\", "")
    assert not app.metric


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("server.address", "0.0.0.0", "address_open"), ("server.address", None, "address_open"),
        ("server.trustedUserHeaders", {"X-User": "email"}, "trusted_headers"),
    ],
)  # fmt: skip
def test_a_server_others_can_reach_shows_nothing_unless_people_sign_in(
    option, value, code, made, monkeypatch
):
    import streamlit as st

    asked = st.get_option
    monkeypatch.setattr(st, "get_option", lambda name: value if name == option else asked(name))
    monkeypatch.setenv("ENGAGE_WORKSPACE", str(made))
    monkeypatch.setenv("ENGAGE_LANG", "en")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    for page in ("", "teams"):
        if page:
            app.switch_page(f"engage/views/{page}.py").run()
        assert say(f"access.{code}.what", "en") in app.error[0].value.replace("\\", "")
        assert not [unit for unit in UNITS if unit in sent(app)]
        assert not app.metric


def test_cached_tables_are_keyed_by_role_and_part(shown):
    """Two managers of one part share an entry; another part and another role never get it."""
    Tables = engage.views.data.Tables  # noqa: N806
    keys = {}
    for name in ("alma@example.org", "bert@example.org", "hana@example.org"):
        space = Workspace(shown, who=name)
        keys[name] = Tables(str(shown), space.key, space.person.key, name)
    alma, bert, hana = keys.values()
    twin = Tables(alma.folder, alma.key, alma.role, "alma's deputy")
    assert alma == twin
    assert len({alma.role, bert.role, hana.role}) == 3
    assert set(alma.scores(WAVE, ("team",)).tidy()["team"]) == set(ALDER)
    assert set(twin.scores(WAVE, ("team",)).tidy()["team"]) == set(ALDER), "from the cache"
    assert set(bert.scores(WAVE, ("team",)).tidy()["team"]) == set(BIRCH)
    assert set(hana.scores(WAVE, ("team",)).tidy()["team"]) == {*ALDER, *BIRCH}


@pytest.mark.slow
def test_what_is_kept_for_all_roles_names_no_unit(sample_workspace):
    """Tables of ``WHOLE``, levers and service are the same after narrowing: sharing them tells nothing."""
    space = Workspace(sample_workspace)
    units = frozenset(unit_paths(space._need()))
    sight = Sight(frozenset(), units)
    asked = {
        "drivers": [("engagement",), ("attrition",), ("service",)], "herzberg": [()], "programmes": [()],
        "stars": [()], "emerging": [()],
    }  # fmt: skip
    assert set(asked) == engage.views.data.WHOLE
    found = [getattr(space, name)(*args) for name, several in asked.items() for args in several]
    grid = space.levers()
    found += [grid.levers, grid.together, *space.service_tables()]
    for told in found:
        assert sight.seen(told.tidy(), space._groups()).all()
        assert not units & set(told.tidy().astype(str).to_numpy().ravel())


def test_an_error_outside_every_page_leaves_no_words_in_the_log(made, monkeypatch, caplog):
    def broken() -> None:
        raise RuntimeError("the secret of employee 4711")

    from engage.views import router, template

    monkeypatch.setattr(template, "style", lambda _: broken())
    monkeypatch.setenv("ENGAGE_WORKSPACE", str(made))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert [e.value for e in app.error] == [say("app.broken", "zh")]
    assert "4711" not in caplog.text
    try:
        broken()
    except RuntimeError:
        router._UNCAUGHT.propagate = True
        router._UNCAUGHT.error("Uncaught app execution", exc_info=True)
    assert "RuntimeError" in caplog.text
    assert "4711" not in caplog.text


def test_the_pages_that_need_more_than_results_are_those_that_import(shown):
    assert NEEDS == {"upload": "upload"}
    assert inspect.signature(Workspace.scores).parameters["wave"].default is None, "the door keeps signatures"
