"""Home of one group: what it stands beside, whether it moved, and why the drivers are everybody's."""

import json
import shutil

import pandas as pd
import pytest
from quality_tables import differences
from safe_tables import INSTRUMENT, POLICY, driver_table, team_scores, totals
from streamlit.testing.v1 import AppTest
from test_views import ROOT, charts, start, texts, turn_to
from workspace_inputs import PULSE, TEAMS, answers, as_csv, people

from engage.errors import TooLittleData, UsageError
from engage.present.home_sentences import beside_rest, matters, why_not_own
from engage.present.labels import Names
from engage.words import LANGUAGES, say
from engage.workspace import Workspace

EN = Names(INSTRUMENT, "en")


@pytest.fixture(scope="module")
def company(tmp_path_factory) -> Workspace:
    """Two waves of five teams under two sites, on a staff list with paths."""
    space = Workspace(tmp_path_factory.mktemp("home") / "w")
    site = {"north": "river", "south": "river", "east": "hill", "west": "hill", "far": "hill"}
    for seed, (wave, day) in enumerate((("2025H1", "2025-03-04"), ("2025H2", "2025-09-04"))):
        given = answers(PULSE, TEAMS, seed=seed, day=day)
        given["site"] = given["team"].map(site)
        if not seed:
            staff = people(given, as_of="2025-01-31").drop(columns=["leave date", "leave_type"])
            staff["org_path"] = [f"all/{site[team]}/{team}" for team in staff["team"]]
            space.import_file(as_csv(staff), "people")
        space.import_file(as_csv(given), wave=wave, instrument=PULSE)
        space.close(wave)
    return space


def test_the_group_above_is_one_whose_results_are_shown(company):
    assert company.unit_above("team", "north") == ("site", "river")
    assert company.unit_above("site", "river") == ("", "")
    assert company.unit_above("team", "nowhere") == ("", "")


def test_what_moved_is_what_a_plan_of_the_wave_before_is_told(company):
    moved = company.moved("team", "north")
    company.add_plan("pay", action="x", owner="Bo", due="2030-01-01", wave="2025H1", by="team", level="north")
    told = company.plans().tidy().iloc[0]
    own = moved.tidy().set_index("factor").loc["pay"]
    assert (own["ci_low"], own["ci_high"]) == (told["ci_low"], told["ci_high"])
    assert pd.notna(own["ci_low"])
    assert list(moved.tidy()["factor"]) == [scale.id for scale in PULSE.scales]
    with pytest.raises(UsageError):
        company.moved("team", "nowhere")


def test_one_wave_alone_has_nothing_before_it(tmp_path):
    space = Workspace(tmp_path / "w")
    space.import_file(as_csv(answers(PULSE)), wave="2025H1", instrument=PULSE)
    space.close("2025H1")
    with pytest.raises(TooLittleData) as refused:
        space.moved("team", "north")
    assert refused.value.code == "workspace.one_wave"


def test_a_group_differs_only_where_the_table_says_so():
    table = differences()
    frame = table.tidy()
    for team in frame["team"].dropna().unique():
        mine = frame[(frame["team"] == team) & ~frame["scale"].isin(["hygiene", "motivator", "enps_net"])]
        for lang in LANGUAGES:
            line = beside_rest(table, "team", team, Names(INSTRUMENT, lang))
            assert line
        line = beside_rest(table, "team", team, EN)
        sure = mine["verdict"].isin(["higher", "lower"]).any()
        assert ("higher on" in line or "lower on" in line) == bool(sure)


def test_the_drivers_are_everybodys_and_it_says_why():
    unit = team_scores(teams=6, small=0)
    first = unit.tidy()["team"].iloc[0]
    drivers, whole = driver_table("engagement"), totals()
    rows = matters(drivers, whole, whole, EN)
    best = drivers.tidy().query("block == 'survey'").sort_values("share", ascending=False)["driver"].head(3)
    assert [one.driver for one in rows] == [EN.driver(driver) for driver in best]
    factors = int((drivers.tidy()["block"] == "survey").sum())
    needed = max(POLICY.model_n, POLICY.rows_per_coefficient * factors)
    for lang in LANGUAGES:
        line = why_not_own(drivers, unit, POLICY, first, Names(INSTRUMENT, lang))
        assert str(needed) in line
    assert "Why the whole" in why_not_own(drivers, unit, POLICY, first, EN)
    assert "Why the whole" not in why_not_own(drivers, whole, POLICY, first, EN)


@pytest.mark.parametrize("lang", ["en", pytest.param("zh", marks=pytest.mark.rest)])
def test_home_of_a_group(lang, company, monkeypatch):
    app = start(monkeypatch, company.path, lang)
    app.selectbox(key="home_by").set_value("team").run()
    app.selectbox(key="home_level_team").set_value("north").run()
    assert not app.exception
    assert not app.error
    found = texts(app)
    assert charts(app) == 1
    assert any(text.replace("\\", "").startswith("north") for text in found)
    assert "far" not in app.selectbox(key="home_level_team").options, "nothing is shown of three people"
    assert app.metric[0].label == say("page_overview.response_rate", lang)
    heads = [head.value for head in app.subheader]
    assert any("river" in head for head in heads), "the site stands above the team"


def test_a_manager_begins_with_the_own_unit(company, monkeypatch, tmp_path):
    folder = shutil.copytree(company.path, tmp_path / "w")
    listed = {"people": {"root": "administrator", "mia": {"role": "manager", "subtree": ["all/hill"]}}}
    (folder / "access.yaml").write_text(json.dumps(listed), encoding="utf-8")
    monkeypatch.setenv("ENGAGE_WORKSPACE", str(folder))
    monkeypatch.setenv("ENGAGE_LANG", "en")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.secrets = {"auth": {"client_id": "engage"}}
    app.user = {"is_logged_in": True, "email": "mia", "email_verified": True}
    app.run()
    assert not app.exception
    assert app.selectbox(key="home_by").value == "team"
    assert app.selectbox(key="home_level_team").options == ["east"], "of west nothing is shown"
    turn_to(app, "settings")
    shown = " ".join(texts(app))
    assert "all/hill" in shown.replace("\\", "")
    assert "root" not in shown
    assert str(folder) not in shown + " ".join(str(code.value) for code in app.code)
    assert not app.get("file_uploader")


def test_settings_load_and_remove_norms(company, monkeypatch, tmp_path):
    folder = shutil.copytree(company.path, tmp_path / "w")
    app = turn_to(start(monkeypatch, folder, "en"), "settings")
    content = b"scale,mean,favourable,source\npay,3.1,45%,industry\n"
    app.file_uploader[0].set_value(("norms.csv", content, "text/csv")).run()
    app.button(key="norms_load").click().run()
    assert not app.exception
    assert [one.source for one in Workspace(folder).norms()] == ["industry"]
    app.file_uploader[0].set_value(("bad.csv", b"scale,mean,source\nluck,3,x\n", "text/csv")).run()
    app.button(key="norms_load").click().run()
    assert any("row 2" in text and "luck" in text for text in texts(app))
    app.button(key="norms_remove").click().run()
    assert Workspace(folder).norms() == ()
