"""The service desk: files read, tickets counted, the gate, words, the bulletin, and the sample's truth."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from desk_inputs import AS_OF, MONDAY, POLICY, marks, released, tickets
from workspace_inputs import as_csv

from engage.cli import run
from engage.errors import TooLittleData, UsageError
from engage.ingest import read
from engage.measure import control_chart, wilson_interval
from engage.measure.funnel import exact_limits
from engage.model.inspections import rater_agreement, weaknesses
from engage.model.tickets import last_monday, ticket_rates, ticket_weeks
from engage.present import charts, numbers, sentences
from engage.present.labels import Names
from engage.present.report import written
from engage.present.report.bulletin import bulletin
from engage.privacy import release_desk, release_inspections
from engage.workspace import Workspace

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
REAL = Path(__file__).parents[2] / "shared" / "data"
HEAD = "ticket,branch,type,opened,due,closed,repeat,as_of"


def lines(*rows, head=HEAD):
    return "\n".join([head, *rows]).encode()


def codes(reading, severity="error"):
    return [problem.code for problem in reading.problems if problem.severity == severity]


# -- files


def test_tickets_are_read_in_any_language():
    russian = "Номер заявки,Филиал,Тип,Открыта,Срок,Закрыта,Повторная,По состоянию на"
    chinese = "工单号,责任单位,工单类型,受理时间,处理时限,完成时间,是否重复,数据截至时间"
    rows = {HEAD: ("complaint", "no"), russian: ("жалоба", "нет"), chinese: ("投诉", "否")}
    tables = []
    for head, (kind, no) in rows.items():
        row = f"1,A,{kind},2026-02-03 10:00,2026-02-05 10:00,2026-02-04 08:30,{no},2026-02-09"
        reading = read(lines(row, head=head), "tickets")
        assert reading.ok
        tables.append(reading.table)
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])
    row = tables[0].iloc[0]
    assert (row["type"], bool(row["repeat"])) == ("complaint", False)
    assert row["as_of"] == pd.Timestamp("2026-02-09 23:59:59")  # a day means its end


def test_impossible_times_refuse_the_file():
    reading = read(
        lines(
            "1,A,fault,2026-02-03 10:00,2026-02-05 10:00,2026-02-02 10:00,no,2026-02-09",
            "2,A,fault,2026-02-03 10:00,2026-02-01 10:00,,no,2026-02-09",
            "3,A,fault,2026-02-11 10:00,2026-02-12 10:00,,no,2026-02-09",
            "4,A,fault,2026-02-03 10:00,,,no,2026-02-09",
        ),
        "tickets",
    )
    assert codes(reading) == ["ingest.closed_before_opened", "ingest.due_before_opened", "ingest.after_as_of"]
    assert codes(reading, "warning") == ["ingest.ticket_without_due"]
    assert reading.faulty_rows == (2, 3, 4)


def test_a_deadline_that_is_a_day_ends_with_it():
    reading = read(lines("1,A,fault,2026-02-03 10:00,2026-02-05,2026-02-05,no,2026-02-09 08:00"), "tickets")
    row = reading.table.iloc[0]
    assert row["due"] == pd.Timestamp("2026-02-05 23:59:59")
    same = read(lines("1,A,fault,2026-02-05 10:00,2026-02-06,2026-02-05,no,2026-02-09"), "tickets")
    assert same.ok  # closed on the day it was opened, without a time


def test_what_is_missing_is_said():
    reading = read(lines("A,2026-02-03 10:00", "B,2026-02-04 10:00", head="branch,opened"), "tickets")
    assert codes(reading) == ["ingest.field_absent"]
    notes = codes(reading, "info")
    assert {"ingest.type_assumed", "ingest.as_of_assumed", "ingest.repeat_unknown"} <= set(notes)


def test_inspections_keep_no_names_of_raters():
    head = "case,branch,agent,inspector,criterion,score,max score,pass mark"
    rows = ["1,A,77,Ann,calming,7,10,8", "1,A,77,Bob,calming,9,10,8", "2,A,78,Ann,calming,12,10,8"]
    reading = read(lines(*rows, head=head), "inspections")
    assert codes(reading) == ["ingest.score_out_of_range"]
    assert reading.table["rater"].tolist() == ["1", "2", "1"]
    assert not reading.table.astype(str).isin(["Ann", "Bob"]).any().any()


def test_criteria_in_columns_are_named_by_the_mapping():
    head = "case,branch,Greeting (0-10),Calming (0-10)"
    told = {"numbers": {"Greeting (0-10)": "greeting", "Calming (0-10)": "calming"}}
    reading = read(lines("1,A,9,7", "2,A,8,", head=head), "inspections", mapping=told)
    assert reading.ok
    assert sorted(zip(reading.table["criterion"], reading.table["score"], strict=True)) == [
        ("calming", 7.0), ("greeting", 8.0), ("greeting", 9.0),
    ]  # fmt: skip
    assert set(reading.table["top"]) == {10.0}
    assert set(reading.table["standard"]) == {8.0}


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files lie beside the checkout only")
def test_real_files_that_are_no_tickets_say_what_they_lack():
    for name in ("callcenter_daily_1251.csv", "cs_remarks_en.csv"):
        reading = read(REAL / name, "tickets")
        assert not reading.ok
        lacking = {p.params["field"] for p in reading.problems if p.code == "ingest.field_absent"}
        assert {"branch", "opened", "due"} <= lacking
        assert "Sales Rep" not in reading.understood.fields


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files lie beside the checkout only")
def test_real_days_of_calls_vary_beyond_chance():
    """Calls answered of those coming in: far fewer days lie outside than outside limits of chance alone."""
    days = pd.read_csv(REAL / "callcenter_daily_1251.csv")
    found = control_chart(days["Answered Calls"].tolist(), days["Incoming Calls"].tolist())
    assert found.sigma_z > 1
    out = sum(one != "within" for one in found.standing)
    chance = (
        exact_limits(found.centre, found.n, 0.00135),
        1 - exact_limits(1 - found.centre, found.n, 0.00135),
    )
    plain = (found.share < chance[0]) | (found.share > chance[1])
    assert 0 < out < 0.75 * plain.sum()


# -- rates


def test_what_counts_as_on_time():
    day = pd.Timedelta(days=1)
    due = MONDAY - 3 * day
    rows = [
        ("in time", due, due), ("late", due, due + day), ("open and overdue", due, pd.NaT),
        ("open, not due", AS_OF + day, pd.NaT), ("closed, not due", AS_OF + day, due),
        ("no deadline", pd.NaT, due),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["why", "due", "closed"])
    table = table.assign(branch="A", type="fault", opened=MONDAY - 5 * day, repeat=None, as_of=AS_OF)
    found = ticket_rates(table, weeks=1).table
    row = found[(found["type"] == "all") & (found["branch"] == "all")].iloc[0]
    assert (row["n"], row["late"]) == (3, 2)
    interval = wilson_interval(1, 3)
    assert (row["ci_low"], row["ci_high"]) == (interval.low, interval.high)
    assert (row["backlog"], row["overdue"]) == (2, 1)
    assert np.isnan(row["repeat"])


def test_periods_are_full_weeks_to_a_monday():
    assert last_monday(pd.Timestamp("2026-03-04 12:00")) == MONDAY
    assert last_monday(pd.Timestamp("2026-03-01 23:59:59")) == MONDAY  # a Sunday that is over
    assert last_monday(pd.Timestamp("2026-03-01 20:00")) == MONDAY - pd.Timedelta(weeks=1)
    with pytest.raises(UsageError):
        ticket_rates(tickets({"A": 0.9}), weeks=0)
    with pytest.raises(TooLittleData):
        ticket_rates(tickets({"A": 0.9}), end=MONDAY + pd.Timedelta(weeks=30))


def test_rates_agree_with_counting_by_hand():
    table = tickets({f"B{i}": 0.95 for i in range(11)} | {"late": 0.7})
    found = ticket_rates(table).table.set_index(["type", "branch"])
    for branch, part in table.groupby("branch"):
        late = int((~(part["closed"] <= part["due"])).sum())
        assert found.loc[("fault", branch), ["n", "late"]].tolist() == [130, late]
    assert found.loc[("all", "late"), "standing"] == "far_below"
    assert set(found["standing"].dropna()) == {"far_below", "within"}
    assert found.loc[("all", "all"), "repeat"] == pytest.approx(table["repeat"].mean(), abs=0.01)


def test_a_year_earlier_needs_a_year():
    table = tickets({"A": 0.95, "B": 0.9}, weeks=70)
    assert ticket_rates(table).table["change"].notna().all()
    assert ticket_rates(table, weeks=52).table["change"].isna().all()
    weeks = ticket_weeks(table)
    assert weeks[weeks["type"] == "all"]["before"].notna().sum() == 18


def test_a_week_planted_bad_is_found():
    table = tickets({"A": 0.95, "B": 0.95}, per_week=40, weeks=30)
    bad = (table["due"] >= MONDAY - pd.Timedelta(weeks=4)) & (table["due"] < MONDAY - pd.Timedelta(weeks=3))
    table.loc[bad & (np.arange(len(table)) % 3 == 0), "closed"] = table["due"] + pd.Timedelta(hours=5)
    found = ticket_weeks(table)
    low = found[(found["type"] == "all") & (found["standing"] == "low")]
    assert low["week"].tolist() == [MONDAY - pd.Timedelta(weeks=4)]


# -- inspections


def test_the_weak_branch_leads_the_training_list():
    found = weaknesses(marks())
    first = found.iloc[0]
    assert (first["branch"], first["criterion"], first["verdict"]) == ("North", "calming", "below")
    assert (found["verdict"] == "below").sum() <= 2  # it may pull the total down as well
    assert first["agents"] == 6


def test_errors_are_clustered_by_agent():
    """The same cases count for less when they are one agent's: the sandwich by hand."""
    table = marks(branches=("East",))
    one = weaknesses(table).query("branch == 'East' and criterion == 'calming'").iloc[0]
    mine = table[table["criterion"] == "calming"]
    cases = mine.groupby(["respondent", "case"])["score"].mean() / 10
    gaps = cases - cases.mean()
    sums = gaps.groupby("respondent").sum()
    error = np.sqrt((sums**2).sum() * 6 / 5) / len(cases)
    assert one["ci_high"] - one["mean"] == pytest.approx(2.5705818366 * error)  # t(5)
    alone = weaknesses(table.assign(respondent=None)).query("branch == 'East' and criterion == 'calming'")
    assert pd.isna(alone["agents"].iloc[0])


def test_agreement_of_raters():
    found = rater_agreement(marks()).set_index("criterion")
    assert found.loc["calming", "verdict"] == "reliable"
    assert found.loc["calming", "n"] == 90
    assert found.loc["calming", "kappa"] > 0.8
    with pytest.raises(TooLittleData):
        rater_agreement(marks().query("rater == '1'"))


# -- the gate


def test_a_branch_of_few_people_is_hidden_with_another():
    table = released()["desk"].tidy()
    hidden = table[table["hidden_reason"].isin(["too_few", "complement"])]
    assert hidden["branch"].nunique() == 1  # B0 alone is on the staff list, and nobody else is to be added
    two = release_desk(
        ticket_rates(tickets({f"B{i}": 0.97 for i in range(7)})).table, {}, POLICY,
        people={"B0": 3, "B1": 8, "B2": 20},
    ).tidy()  # fmt: skip
    assert set(two[two["hidden_reason"].notna()]["branch"]) == {"B0", "B1"}
    assert two[two["branch"] == "B0"]["n"].isna().all()


def test_few_tickets_have_counts_and_no_share():
    table = tickets({"A": 0.5}, per_week=1, weeks=4)
    row = release_desk(ticket_rates(table, weeks=4).table, {}, POLICY, people={}).tidy().iloc[0]
    assert row["hidden_reason"] == "few_tickets"
    assert row["n"] == 4
    assert pd.isna(row["on_time"])
    assert pd.isna(row["late"])


@pytest.mark.parametrize(
    ("agents", "told", "why"), [(4, True, "too_few"), (6, False, "agents_unknown"), (6, True, None)]
)
def test_marks_of_few_agents_are_hidden(agents, told, why):
    table = marks(agents=agents)
    table = table if told else table.assign(respondent=None)
    shown = release_inspections(weaknesses(table), {}, POLICY, people={}).tidy()
    branches = shown[shown["branch"] != "all"]
    assert set(branches["hidden_reason"]) == {why}
    assert branches["mean"].isna().all() == (why is not None)


# -- workspace, words, files


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk") / "space"
    made = Workspace(folder)
    table = tickets({f"B{i}": 0.95 for i in range(11)} | {"late": 0.6, "odd name": 0.5}, weeks=14)
    table = table.assign(ticket=[f"T{n}" for n in range(len(table))])
    table = table[(table["branch"] != "odd name") | (table["ticket"].str.endswith("77"))]
    made.import_file(as_csv(table), "tickets", name="tickets.csv")
    made.import_file(as_csv(marks()), "inspections", name="inspections.csv")
    return made


@pytest.fixture(scope="module")
def shown(space):
    """The desk's tables by name, asked for once."""
    return {name: getattr(space, name)() for name in ("desk", "desk_weeks", "inspections", "raters")}


def test_the_desk_needs_no_wave(space, shown):
    assert space.desk_kinds == ("tickets", "inspections")
    table = shown["desk"].tidy()
    assert table.set_index(["type", "branch"]).loc[("all", "late"), "standing"] == "far_below"
    assert "odd name" not in set(table["branch"])  # a name of one ticket is numbered
    assert not shown["inspections"].tidy().empty
    assert shown["raters"].tidy()["alpha"].notna().all()


def test_an_extract_that_overlaps_counts_once(tmp_path):
    made = Workspace(tmp_path / "space")
    table = tickets({f"B{i}": 0.9 for i in range(3)})
    early = table.assign(closed=pd.NaT, as_of=MONDAY - pd.Timedelta(weeks=1))
    early = early[early["opened"] <= early["as_of"]]
    made.import_file(as_csv(early), "tickets", name="a.csv")
    made.import_file(as_csv(table), "tickets", name="b.csv")
    alone = release_desk(ticket_rates(table).table, {}, POLICY, people={}).tidy()
    pd.testing.assert_frame_equal(made.desk().tidy(), alone)


@pytest.mark.parametrize("lang", ["zh", *(pytest.param(one, marks=pytest.mark.rest) for one in ("en", "ru"))])
def test_every_chart_and_line_is_in_words(shown, lang):
    names = Names(None, lang)
    desk, weeks, inspected = shown["desk"], shown["desk_weeks"], shown["inspections"]
    said = [
        *sentences.desk(desk, names),
        *sentences.desk(desk, names, "fault"),
        *sentences.raters(shown["raters"], names),
    ]
    said += [*sentences.desk_weeks(weeks, names), *sentences.training(inspected, names)]
    assert all("{" not in line and "nan" not in line.lower() for line in said)
    n = desk.tidy()["n"].iloc[0]
    assert numbers.whole(n, lang) in said[0]
    for chart in (charts.funnel(desk, names), charts.desk_weeks(weeks, names), charts.backlog(weeks, names),
                  charts.marks(inspected, names)):  # fmt: skip
        assert chart.to_dict()["layer"]
    with pytest.raises(TypeError):
        charts.funnel(weeks, names)


@pytest.mark.rest
@pytest.mark.parametrize("format", ["html", "pptx", "xlsx"])
def test_the_bulletin_has_the_figures_of_the_page(space, format):
    names = Names(None, "en")
    report = bulletin(space, names, made_on=numbers.today("en"))
    assert report.sections[0].lines[: len(sentences.desk(space.desk(1), names))] == sentences.desk(
        space.desk(1), names
    )
    quarter = next(part for part in report.sections if part.name == "quarter")
    pd.testing.assert_frame_equal(quarter.sheets[0].table.tidy(), space.desk(13).tidy())
    assert report.sections[-1].method
    assert len(written(report, format)) > 1000
    week = space.desk(1).tidy()
    assert report.sections[0].sheets[0].table.tidy().equals(week)


def test_commands(space, tmp_path, capfd):
    folder = ["--workspace", str(space.path)]
    assert run(["desk", "--weeks", "4", *folder, "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["kind"], told["weeks"]["kind"], told["notes"]["weeks"]) == ("desk", "desk_weeks", 4)
    assert run(["inspections", *folder, "--lang", "zh"]) == 0
    assert "North" in capfd.readouterr().out
    out = tmp_path / "b.xlsx"
    assert run(["bulletin", "--out", str(out), *folder, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["sections"] == ["week", "weeks", "quarter", "training"]
    assert out.stat().st_size > 1000
    assert run(["desk", "--workspace", str(tmp_path / "nothing")]) == 1
    assert run(["bulletin", "--out", str(tmp_path / "b.doc"), *folder]) == 2


# -- the sample's truth


@pytest.fixture(scope="module")
def truth():
    return yaml.safe_load((SAMPLE / "TRUTH.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sample():
    return read(SAMPLE / "tickets.csv", "tickets").table, read(
        SAMPLE / "inspections.csv", "inspections"
    ).table


def test_what_is_planted_in_the_sample_is_found(sample, truth):
    planted, expected = truth["planted"]["desk"], truth["sample"]["desk"]["on_time_expected_last_13_weeks"]
    table = ticket_rates(sample[0]).table.set_index(["type", "branch"])
    for kind in ("fault", "complaint"):
        row = table.loc[(kind, "all")]
        assert row["ci_low"] <= expected[kind] <= row["ci_high"]
    late = planted["late_branch"]["branch"]
    assert table.loc[("all", late), "standing"] == "far_below"
    assert table.loc[("all", late), "repeat_low"] <= planted["late_branch"]["repeat_share"]
    assert not table.drop(("all", late)).loc["all"]["standing"].str.startswith("far", na=False).any()
    weeks = ticket_weeks(sample[0])
    low = weeks[(weeks["type"] == "all") & (weeks["standing"] == "low")]["week"]
    assert pd.Timestamp(planted["bad_week"]["monday"]) in set(low)
    assert len(low) <= 2


def test_the_planted_weakness_and_agreement_are_found(sample, truth):
    planted, icc = truth["planted"]["desk"]["weakness"], truth["estimated"]["desk"]["icc_of_a_single_rating"]
    found = weaknesses(sample[1])
    assert found.iloc[0][["branch", "criterion", "verdict"]].tolist() == [
        planted["branch"],
        planted["criterion"],
        "below",
    ]
    agreed = rater_agreement(sample[1])
    own = agreed[agreed["criterion"] != "all"]
    assert ((own["icc_low"] <= icc) & (icc <= own["icc_high"])).sum() >= len(own) - 1
