"""Programmes of a workspace: the gate, verdicts on planted truth, what a change is worth, words, charts."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from programme_tables import FACTS, programme_rows, programmes, statement
from safe_tables import INSTRUMENT, POLICY
from scipy import stats
from test_truth import SAMPLE
from workspace_inputs import PULSE, answers, as_csv

from engage.cli import run
from engage.errors import TooLittleData, UsageError
from engage.model import Assumptions, outcome_statement, step_timing, time_in_grade, year_on_year
from engage.model.grades import step_times
from engage.present import charts, sentences
from engage.present.labels import Names
from engage.present.tables import display
from engage.privacy import release_programmes, select_programmes, told_apart
from engage.words import LANGUAGES
from engage.workspace import Workspace, evaluating
from engage.workspace.enrolled import Programme
from engage.workspace.enrolled_leaving import share_difference
from engage.workspace.linking import Survey
from engage.workspace.stars import steps_up

EN = Names(INSTRUMENT, "en")
IN_EVERY = pytest.mark.parametrize("names", [Names(INSTRUMENT, lang) for lang in LANGUAGES], ids=LANGUAGES)

# ------------------------------------------------------------------ the gate


def test_a_table_of_programmes_is_rounded_and_holds_named_columns_only():
    frame = programmes().tidy().set_index(["outcome", "term"])
    assert not {"std_error", "spread", "pre_trend", "inside"} & set(frame.columns)
    assert frame.loc[("workload", "overall"), "estimate"] == -0.54
    assert frame.loc[("on_time", "overall"), ["estimate", "ci_low"]].tolist() == [0.009, 0.006]
    assert frame.loc[("workload", "overall"), ["p_value", "p_adjusted"]].tolist() == [0.001, 0.01]
    assert frame.loc[("pride", "overall"), "n_band"] == "5-9"
    assert pd.isna(frame.loc[("pride", "overall"), "n"])
    untold = frame.loc[("attrition", "overall")]
    assert (untold["verdict"], untold["hidden_reason"]) == ("cannot_tell", "too_few_rows")
    assert untold[["estimate", "ci_low", "p_value", "n", "n_band"]].isna().all()


@pytest.mark.parametrize(
    ("facts", "code"),
    [({"people": 29}, "model_too_small"), ({"category": 4}, "model_category"), ({"df": 9}, "model_df"),
     ({"leverage": 0.51}, "model_leverage"), ({"differing": 9}, "model_alike")],
)  # fmt: skip
def test_every_outcome_needs_members_controls_and_clusters(facts, code):
    with pytest.raises(TooLittleData) as caught:
        programmes(**facts)
    assert caught.value.code == f"privacy.{code}"


def test_a_row_stands_once_and_figures_need_their_support():
    table = programme_rows()
    with pytest.raises(TypeError):
        release_programmes(pd.concat([table, table]), (), POLICY, behind={})
    bare = release_programmes(table, (), POLICY, behind={}).tidy()
    assert bare[["estimate", "ci_low", "band_low", "p_value", "n", "comparison"]].isna().all(axis=None)
    assert (bare["hidden_reason"] == "too_few_rows").all()
    two = select_programmes(programmes(), "contest A", outcome="on_time", summary=True)
    assert two.tidy()["term"].tolist() == ["overall"]


PEOPLE = [f"P{i}" for i in range(60)]


@pytest.mark.parametrize(("differ", "refused"), [(1, True), (3, True), (4, True), (8, False)])
def test_nobody_follows_from_what_two_programmes_tell(differ, refused):
    """Naming all members but one the next time would tell that one's change; with colluders, of four."""
    first = (set(PEOPLE[:30]), set(PEOPLE[30:]))
    again = (set(PEOPLE[differ:30]), set(PEOPLE[30:]))
    assert told_apart({"again": again}, [first], POLICY) == (("again",) if refused else ())
    assert told_apart({"again": again}, [again], POLICY) == ()
    assert told_apart({"first": first, "again": again}, [], POLICY) == (("again",) if refused else ())


def test_many_programmes_are_one_system_of_equations():
    """Random halves of sixty people: forty of them would tell everybody's answer."""
    rng = np.random.default_rng(9)
    asked = {}
    for number in range(40):
        inside = set(rng.choice(PEOPLE, 30, replace=False))
        asked[f"p{number}"] = (inside, set(PEOPLE) - inside)
    out = told_apart(asked, [], POLICY)
    member = np.array([[person in asked[name][0] for person in PEOPLE] for name in asked if name not in out])
    member = np.vstack([np.ones(60), member]).T.astype(float)
    hat = member @ np.linalg.pinv(member)
    assert 5 < len(asked) - len(out) < 30
    assert np.diag(hat).max() <= POLICY.leverage
    everyone = np.array([[person in asked[name][0] for person in PEOPLE] for name in asked], dtype=float).T
    assert np.diag(everyone @ np.linalg.pinv(everyone)).max() > 0.7


# ------------------------------------------------------------------ verdicts on planted truth


def survey(rng, *, drift=0.0, people=8):
    """Forty teams in three waves; in sixteen of them withdrawal falls by 0.7 from the second wave on."""
    parts = []
    team = np.repeat(np.arange(40), people)
    trait = rng.normal(size=len(team)) + 0.3 * rng.normal(size=40)[team]
    for wave, day in enumerate(("2025-03-01", "2025-09-01", "2026-03-01")):
        inside = (team < 16) & (wave > 0)
        noise = 0.5 * rng.normal(size=(len(team), 3))
        frame = pd.DataFrame({"withdrawal": 3 + 0.5 * trait - 0.7 * inside, "pride": 3 + 0.5 * trait,
                              "pay": 3 + 0.5 * trait + drift * wave * (team < 16)}) + noise  # fmt: skip
        parts.append(
            frame.assign(respondent=[f"P{i}" for i in range(len(team))], team=[f"t{t}" for t in team],
                         wave=str(wave), role_group=np.where(team < 32, "a", "b"), date=pd.Timestamp(day))
        )  # fmt: skip
    roles = {"withdrawal": "strain", "pride": "lift", "pay": "hygiene"}
    return Survey(pd.concat(parts, ignore_index=True), roles, ("team",), ())


def programme(start="2025-06-01", end=None, unit="team", members=None, refused=(), applied=False):
    members = [f"t{i}" for i in range(16)] if members is None else members
    dates = (pd.Timestamp(start), pd.Timestamp(end))
    return Programme("one", "contest", unit, dict.fromkeys(members, dates), frozenset(refused), applied)


def evaluated(monkeypatch, one, answered, months=None):
    monkeypatch.setattr(evaluating, "programmes_of", lambda _: (one,))
    monkeypatch.setattr(evaluating, "programmes_ever", lambda _: (one,))
    monkeypatch.setattr(evaluating, "service_months", lambda _: months)
    snapshot = SimpleNamespace(tables=("service",) if months is not None else ())
    found = evaluating.evaluate(answered, snapshot, POLICY)
    table = release_programmes(found.table, ("0",), POLICY, behind=found.behind).tidy()
    return table, table[table["term"] == "overall"].set_index("outcome")


def test_what_was_planted_is_found_and_nothing_else(monkeypatch):
    table, told = evaluated(monkeypatch, programme(), survey(np.random.default_rng(71)))
    assert told["verdict"].to_dict() == {
        "withdrawal": "helped", "pride": "no_clear_difference", "pay": "no_clear_difference",
    }  # fmt: skip
    row = told.loc["withdrawal"]
    assert row["ci_low"] < -0.7 < row["ci_high"]
    # Of the same role group, and no others: sixteen teams of eight on either side.
    assert (row["n"], row["comparison"], row["n_clusters"]) == (128, 128, 32)
    assert set(table.loc[table["outcome"] == "pay", "term"]) == {"overall", "stayers", "event[0]", "event[1]"}


def test_what_drifted_before_is_not_told(monkeypatch):
    late = programme("2025-12-01")
    told = evaluated(monkeypatch, late, survey(np.random.default_rng(72), drift=0.8))[1]
    assert told.loc["pay", ["verdict", "reason"]].tolist() == ["cannot_tell", "pre_trend"]
    assert told.loc["withdrawal", "reason"] == "pre_trend"


def test_after_its_end_nothing_is_credited(monkeypatch):
    one = programme(end="2025-12-31")
    table, told = evaluated(monkeypatch, one, survey(np.random.default_rng(73)))
    events = table[(table["outcome"] == "withdrawal") & table["term"].str.startswith("event")]
    assert events.set_index("period")["phase"].to_dict() == {"1": "during", "2": "after"}
    assert told.loc["withdrawal", "estimate"] == events.set_index("period").loc["1", "estimate"]


def test_those_who_applied_need_somebody_like_them(monkeypatch):
    """Unsuccessful applicants, else two waves before; with neither there is no verdict."""
    answered = survey(np.random.default_rng(74))
    mentors, turned_down = [f"P{i}" for i in range(0, 128, 2)], [f"P{i}" for i in range(129, 229)]
    beside = programme(unit="person", members=mentors, refused=turned_down, applied=True)
    assert beside.basis == "applicants"
    told = evaluated(monkeypatch, beside, answered)[1]
    assert told.loc["withdrawal", ["verdict", "basis"]].tolist() == ["helped", "applicants"]
    assert told.loc["withdrawal", ["n", "comparison"]].tolist() == [64, 100]
    alone = programme(unit="person", members=mentors, applied=True)
    told = evaluated(monkeypatch, alone, answered)[1]
    assert set(zip(told["verdict"], told["reason"], strict=True)) == {("cannot_tell", "selected")}
    later = programme("2025-12-01", unit="person", members=mentors, applied=True)
    told = evaluated(monkeypatch, later, answered)[1]
    assert set(told["basis"]) == {"matched"}
    assert told["estimate"].notna().all()
    for start, reason in (("2024-06-01", "no_before"), ("2027-01-01", "no_after")):
        told = evaluated(monkeypatch, programme(start), answered)[1]
        assert set(told["reason"]) == {reason}


def test_service_and_harm_are_told_by_month(monkeypatch):
    rng = np.random.default_rng(75)
    rows = [
        {"team": f"t{team}", "month": pd.Timestamp(2024 + at // 12, at % 12 + 1, 1),
         "csat": 90 + rng.normal(),
         "handled": 1000 * (1.1 if team < 16 and at >= 18 else 1) * math.exp(0.02 * rng.normal()),
         "overtime": 5 + 3 * (team < 16 and at >= 18) + rng.normal(),
         "leave_taken": 8 - 2 * (team < 16 and at >= 18) + rng.normal()}
        for team in range(40) for at in range(24)
    ]  # fmt: skip
    table, told = evaluated(
        monkeypatch, programme("2025-06-15"), survey(np.random.default_rng(76)), pd.DataFrame(rows)
    )
    assert told.loc["handled", "unit"] == "ratio"
    assert told.loc["handled", "ci_low"] < 0.1 < told.loc["handled", "ci_high"]
    assert told.loc["overtime", ["family", "watch"]].tolist() == ["watch", True]
    # Each of the two checks raises a false alarm in a twentieth of cases.
    sure = told[told["family"].isin(["service", "watch"]) & ~told["reason"].isin(["pre_trend", "placebo"])]
    expected = {"handled": "rose", "overtime": "harmed", "csat": "no_clear_difference",
                "leave_taken": "harmed"}  # fmt: skip
    assert len(sure) >= 3
    assert sure["verdict"].to_dict() == {outcome: expected[outcome] for outcome in sure.index}
    handled = table[table["outcome"] == "handled"].set_index("term")
    assert handled.loc["event[-1]", ["phase", "period"]].tolist() == ["lead", "2025-06"]
    assert handled.loc["year_members", "estimate"] == pytest.approx(0.1, abs=0.02)
    assert handled.loc["year_others", "estimate"] == pytest.approx(0, abs=0.02)


def test_shares_who_left_are_compared_as_statsmodels_does():
    from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

    difference, low, high, p = share_difference(7, 116, 15, 95)
    found = confint_proportions_2indep(7, 116, 15, 95, method="newcomb", compare="diff")
    assert difference == pytest.approx(7 / 116 - 15 / 95)
    assert (low, high) == pytest.approx(found, abs=1e-9)
    pooled = 22 / 211
    z = difference / math.sqrt(pooled * (1 - pooled) * (1 / 116 + 1 / 95))
    assert p == pytest.approx(2 * stats.norm.sf(abs(z)))
    assert test_proportions_2indep(7, 116, 15, 95, method="score", correction=False).pvalue == pytest.approx(
        p
    )


def imported(folder):
    """Two waves of 30 people in six teams each, of whom some got a place."""
    space = Workspace(folder)
    teams = dict.fromkeys("abcdef", 10)
    for place, wave in enumerate(("2025H1", "2025H2")):
        table = answers(PULSE, teams, seed=3 + place, day=f"2025-0{3 + 6 * place}-04")
        space.import_file(as_csv(table), wave=wave, instrument=PULSE, name="answers.csv")
        space.close(wave)
    return space


def enrolled(taken, refused):
    rows = [("mentors", "mentor", "2025-05-01", "person", who, "yes", "yes") for who in taken]
    rows += [("mentors", "mentor", "2025-05-01", "person", who, "yes", "no") for who in refused]
    columns = ["programme", "type", "start", "unit", "member", "applied", "accepted"]
    return as_csv(pd.DataFrame(rows, columns=columns))


@pytest.mark.rest
def test_a_workspace_tells_of_its_programmes_and_never_of_one_more_member(tmp_path, capsys):
    space = imported(tmp_path / "space")
    with pytest.raises(TooLittleData) as caught:
        space.programmes()
    assert caught.value.code == "workspace.no_programmes"
    who = [f"P{1000 + i}" for i in range(60)]
    space.import_file(enrolled(who[:30], who[30:]), "programmes", name="p.csv")
    told = space.programmes().tidy()
    assert told.loc[told["term"] == "overall", "estimate"].notna().all()
    with pytest.raises(UsageError):
        space.programmes("mentor")
    assert run(["programmes", "--workspace", str(space.path), "--lang", "en", "--outcome", "growth"]) == 0
    out = capsys.readouterr().out
    assert "those who applied and got no place (30 members, 30 applicants" in out
    assert run(["programmes", "--workspace", str(space.path), "--json", "--set", "months=2"]) == 2
    assert (
        run(["programmes", "--workspace", str(space.path), "--programme", "mentors", "--set", "wages=2"]) == 2
    )
    assert (
        run(["programmes", "--workspace", str(space.path), "--programme", "mentors", "--set", "months=2"])
        == 0
    )
    # One member more the next time: the answers of that one would follow.
    space.undo("all")
    space.import_file(enrolled(who[:29], who[30:]), "programmes", name="p.csv")
    (row,) = space.programmes().tidy().to_dict("records")
    assert (row["verdict"], row["reason"], row["hidden_reason"]) == (
        "cannot_tell",
        "combination",
        "combination",
    )


@pytest.mark.rest
def test_what_is_planted_in_the_sample_is_told(sample_workspace):
    """Against TRUTH.yaml: what an analysis finds with nearly endless data lies in the intervals."""
    truth = yaml.safe_load((SAMPLE / "TRUTH.yaml").read_text(encoding="utf-8"))["estimated"]["programmes"]
    table = Workspace(sample_workspace).programmes().tidy()
    told = table[table["term"] == "overall"].set_index(["type", "family", "outcome"])
    expected = {
        ("mentor", "people", "withdrawal"): (truth["mentor"]["withdrawal"], "helped"),
        ("contest", "conditions", "workload"): (truth["contest"]["workload"], "harmed"),
        ("contest", "service", "on_time"): (truth["contest"]["on_time"], "helped"),
        ("contest", "service", "csat"): (truth["contest"]["csat"], "no_clear_difference"),
        ("contest", "service", "handled"): (0.06, "rose"),
    }
    for key, (value, verdict) in expected.items():
        row = told.loc[key]
        assert row["ci_low"] <= value <= row["ci_high"], key
        assert row["verdict"] == verdict, key
    clear = told[told["verdict"].isin(["helped", "harmed", "rose", "fell"])]
    assert set(clear.index) == {
        key for key, (_, verdict) in expected.items() if verdict != "no_clear_difference"
    }
    assert told.loc[("contest", "leaving", "attrition"), "reason"] == "no_before"


# ------------------------------------------------------------------ what it is worth


EFFECTS = pd.DataFrame(
    [
        {"outcome": "handled", "estimate": -0.19, "ci_low": -0.25, "ci_high": -0.13, "verdict": "fell"},
        {"outcome": "attrition", "estimate": -0.05, "ci_low": -0.08, "ci_high": -0.02, "verdict": "helped"},
    ]
)
ENTERED = {"contacts": 10_000, "months": 6, "channel_shift": 0.4, "cost_per_contact": 5,
           "contacts_per_person": 1200, "members": 120, "cost_per_leaver": 30_000}  # fmt: skip


def test_the_statement_matches_the_calculation_by_hand():
    made = outcome_statement(EFFECTS, Assumptions(**ENTERED)).tidy().set_index("item")
    assert (made["state"] == "told").all()
    # 10,000 contacts × 6 months × −19 % = −11,400, of which 60 % are the programme's own.
    assert made.loc["contacts", "value"] == pytest.approx(-6_840)
    assert made.loc["contacts", ["low", "high"]].tolist() == pytest.approx([-9_000, -4_680])
    assert made.loc["contact_cost", "value"] == pytest.approx(-34_200)
    assert made.loc["person_months", "value"] == pytest.approx(-5.7)
    assert made.loc["leavers", ["value", "low", "high"]].tolist() == pytest.approx([-6, -9.6, -2.4])
    assert made.loc["leaver_cost", "value"] == pytest.approx(-180_000)


def test_no_figure_without_what_it_rests_on():
    without = {name: value for name, value in ENTERED.items() if name != "channel_shift"}
    made = outcome_statement(EFFECTS, Assumptions(**without)).tidy().set_index("item")
    volume = made.loc[["contacts", "contact_cost", "person_months"]]
    assert set(volume["state"]) == {"not_attributable"}
    assert volume["value"].isna().all()
    assert made.loc["leavers", "state"] == "told"
    none = outcome_statement(EFFECTS, Assumptions(channel_shift=0)).tidy().set_index("item")
    assert set(none["state"]) == {"not_entered"}
    assert none.loc["person_months", "missing"] == ("contacts", "months", "contacts_per_person")
    unclear = EFFECTS.assign(verdict="cannot_tell")
    made = outcome_statement(unclear, Assumptions(**ENTERED)).tidy()
    assert set(made["state"]) == {"not_attributable"}
    assert outcome_statement(EFFECTS.iloc[:0], Assumptions()).tidy().empty
    for wrong in ({"channel_shift": 1.2}, {"months": -1}, {"contacts_per_person": 0}):
        with pytest.raises(UsageError):
            Assumptions(**wrong)


def test_a_year_is_compared_month_by_month():
    rows = [
        ("a", "2024-03-01", 10.0), ("a", "2025-03-15", 13.0), ("a", "2025-04-01", 50.0),
        ("b", "2024-03-01", 8.0), ("b", "2025-03-01", 9.0), ("b", "2024-05-01", 4.0),
        ("b", "2025-05-01", 7.0), ("c", "2025-03-01", 1.0),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["team", "month", "y"])
    found = year_on_year(frame, "y", "team", "month").tidy().iloc[0]
    # a: 3; b: the mean of 1 and 3; c has no year before. Mean 2.5, standard error 0.5, t with one degree.
    half = stats.t.ppf(0.975, 1) * 0.5
    assert found["estimate"] == 2.5
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((2.5 - half, 2.5 + half))
    assert (found["n_units"], found["n_months"]) == (2, 2)
    with pytest.raises(TooLittleData):
        year_on_year(frame[frame["team"] != "b"], "y", "team", "month")


# ------------------------------------------------------------------ words and charts


@IN_EVERY
def test_programmes_in_words(names):
    table = programmes()
    headline, basis, counts = sentences.programmes(table, names)
    for outcome in ("workload", "on_time", "handled"):
        assert names.inline(names.outcome(outcome)) in headline
    assert FACTS["programme"] in headline
    assert "449" in basis
    assert "7" in counts
    said, stayers = sentences.programme_on(table, "conditions", "workload", names)
    assert ("0,54" if names.lang == "ru" else "0.54") in said
    assert ("0,60" if names.lang == "ru" else "0.60") in stayers
    assert len(sentences.programme_on(table, "service", "on_time", names)) == 3
    assert len(sentences.programme_on(table, "watch", "overtime", names)) == 2
    (untold,) = sentences.programme_on(table, "leaving", "attrition", names)
    assert "{" not in untold
    silent = select_programmes(table, outcome="attrition")
    assert FACTS["programme"] in sentences.programmes(silent, names)[0]
    lines = sentences.statement(statement(channel_shift=0.5, contacts=1000, months=2), names)
    assert "72" in lines[0]
    assert len(lines) == 5
    for shown in (table, statement()):
        assert not display(shown, names).empty


def test_the_event_study_is_grey_outside_the_programme():
    drawn = charts.event_study(programmes(), "service", "on_time", EN).to_dict()
    points = next(rows for rows in drawn["datasets"].values() if len(rows) == 4)
    assert [row["phase"] for row in points] == ["other", "other", "during", "other"]
    assert [row["value"] for row in points] == pytest.approx([-0.8, -0.4, 0, 0.4])
    assert "too few people" in str(charts.event_study(programmes(), "leaving", "attrition", EN).to_dict())
    assert "too few people" in str(
        charts.programme_effects(
            programmes(untold=("workload", "engagement", "pride", "attrition")), EN
        ).to_dict()
    )


# ------------------------------------------------------------------ stars


def graded(lead, lag, n=300):
    """Return three waves; a third step up in the last: y moves by ``lead`` before it and ``lag`` then."""
    rng = np.random.default_rng(81)
    up = np.arange(n) % 3 == 0
    level = rng.normal(size=n)
    gains = (np.zeros(n), lead * up, (lead + lag) * up)
    return pd.concat(
        [
            pd.DataFrame({"who": np.arange(n), "wave": wave, "star": 1 + (wave > 1) * up,
                          "y": level + gain + 0.5 * rng.normal(size=n)})
            for wave, gain in enumerate(gains)
        ]
    )  # fmt: skip


@pytest.mark.parametrize(("lead", "lag"), [(0.6, 0.0), (0.0, 0.6)])
def test_a_change_before_a_step_up_is_told_from_one_after(lead, lag):
    events = step_timing(graded(lead, lag), "y", "who", "wave", "star").tidy().set_index("term")
    for term, truth in (("event[-1]", lead), ("event[0]", lag)):
        row = events.loc[term]
        assert row["ci_low"] < truth < row["ci_high"]
        assert (row["p_value"] < 0.001) == (truth > 0)


def test_only_the_first_step_counts_and_who_falls_is_left_out():
    rows = [(1, 0, 1), (1, 1, 2), (1, 2, 3), (2, 0, 2), (2, 1, 2), (3, 0, 3), (3, 1, 2), (4, 2, 1)]
    found = step_times(pd.DataFrame(rows, columns=["who", "wave", "star"]), "who", "wave", "star")
    assert found.dropna().to_dict() == {1: 1.0}
    assert set(found.index) == {1, 2, 4}


def test_time_in_grade_counts_from_a_step_to_the_next():
    """1 reaches star 2 in March and 3 in September; 2 reaches star 2 in March and keeps it; 3 never moves."""
    rows = [
        (1, "2025-01-01", 1), (1, "2025-03-01", 2), (1, "2025-09-01", 3), (1, "2026-03-01", 3),
        (2, "2025-01-01", 1), (2, "2025-03-01", 2), (2, "2026-03-01", 2), (3, "2025-01-01", 2),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["who", "as_of", "star"])
    found = time_in_grade(frame.assign(as_of=pd.to_datetime(frame["as_of"])), "who", "as_of", "star").tidy()
    two = found[found["by"] == "2"]
    assert two["at_risk"].iloc[0] == 2
    assert two["time"].iloc[0] == pytest.approx(184 / 30.4375)
    assert two["survival"].iloc[0] == 0.5
    with pytest.raises(TooLittleData):
        time_in_grade(frame[frame["who"] == 3], "who", "as_of", "star")


def test_stars_of_a_workspace_pass_the_gate():
    frame = graded(0.6, 0.0).rename(columns={"who": "respondent", "y": "engagement"})
    days = pd.to_datetime(["2025-03-01", "2025-09-01", "2026-03-01"])
    frame = frame.assign(
        date=days[frame["wave"]], wave=frame["wave"].astype(str), star=frame["star"].astype(str)
    )
    answered = Survey(frame, {"engagement": "outcome"}, ("star",), ())
    found = steps_up(answered, POLICY)
    table = release_programmes(found.table, ("0",), POLICY, behind=found.behind)
    rows = table.tidy().set_index("term")
    assert rows.loc["event[-1]", "estimate"] == pytest.approx(0.6, abs=0.2)
    assert rows.loc["overall", ["n", "comparison"]].tolist() == [100, 200]
    for lang in LANGUAGES:
        lines = sentences.stars(table, Names(INSTRUMENT, lang))
        assert len(lines) == 2
        assert (
            f"{rows.loc['event[-1]', 'estimate']:.2f}".replace(".", "," if lang == "ru" else ".") in lines[0]
        )
        assert "200" in lines[1]
    with pytest.raises(TooLittleData):
        steps_up(Survey(frame.drop(columns="star"), {"engagement": "outcome"}, (), ()), POLICY)
    with pytest.raises(TooLittleData):
        steps_up(Survey(frame[frame["respondent"] < 20], {"engagement": "outcome"}, (), ()), POLICY)
