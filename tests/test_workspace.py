"""The workspace as its users meet it: what goes in, what comes out, what is refused, what stays hidden."""

import hashlib
import re
from datetime import date, datetime
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import yaml
from scipy.stats import t, ttest_ind
from statsmodels.stats.multitest import multipletests
from workspace_inputs import (
    MOOD,
    PULSE,
    TEAMS,
    answers,
    as_csv,
    contents,
    people,
    questionnaire,
    service,
)

from engage.errors import InputError, Rejected, TooLittleData, UsageError
from engage.ingest import read
from engage.instrument import load_instrument
from engage.privacy import SafeTable
from engage.store import AuditLog, Store
from engage.workspace import Workspace, linking
from engage.workspace.sample_files import sample_folder

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
FACTS = yaml.safe_load((SAMPLE / "TRUTH.yaml").read_text(encoding="utf-8"))["sample"]
WAVES = tuple(FACTS["waves"])
NUMBERS = ["n", "mean", "favourable", "ci_low", "ci_high"]
COMPOSITES = {
    "hygiene": ["pay", "status", "job_security", "working_conditions", "relationships"],
    "motivator": ["recognition", "promotion", "bonus", "growth", "responsibility", "achievement"],
}


@pytest.fixture
def space(tmp_path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture(scope="module")
def sample(sample_workspace) -> Workspace:
    return Workspace(sample_workspace)


@pytest.fixture(scope="module")
def everybody(sample) -> pd.DataFrame:
    return sample.frame("all")


def put(space: Workspace, frame: pd.DataFrame, wave="2025H1", instrument=PULSE, **more):
    return space.import_file(as_csv(frame), wave=wave, instrument=instrument, **more)


# ------------------------------------------------------------------ from an import to a closed wave


def test_a_missing_folder_is_an_empty_workspace(space):
    assert space.is_empty
    assert not space.is_sample
    assert space.waves() == space.closed_waves == space.open_waves == space.outcomes() == ()
    assert len(space.wave_table()) == 0
    for ask in (space.scores, space.trend, space.changes, space.frame, space.join_report):
        with pytest.raises(TooLittleData) as caught:
            ask()
        assert caught.value.code == "workspace.no_wave"
    assert not space.path.exists()


def test_an_open_wave_shows_only_how_many_in_a_band(space):
    put(space, answers(PULSE))
    assert space.open_waves == ("2025H1",)
    table = space.wave_table().tidy()
    assert table[["state", "n_band"]].iloc[0].tolist() == ["open", "60+"]
    assert pd.isna(table["n"][0])
    for by in ((), "team"):
        shown = space.scores("2025H1", by=by).tidy()
        assert (shown["n_band"] == "60+").all()
        assert (shown["hidden_reason"] == "wave_open").all()
        assert shown[NUMBERS].isna().all(axis=None)
    for ask in (lambda: space.drivers("engagement", "2025H1"), lambda: space.tone(wave="2025H1")):
        with pytest.raises(TooLittleData) as caught:
            ask()
        assert caught.value.code == "workspace.wave_open"
    with pytest.raises(TooLittleData):
        space.scores()


def test_closing_shows_the_results_and_freezes_them(space):
    put(space, answers(PULSE))
    released = space.close("2025H1")
    assert released.tidy().to_csv() == space.scores().tidy().to_csv()
    assert space.closed_waves == ("2025H1",)
    assert space.scores().tidy().set_index("scale")["n"].loc["hygiene"] == sum(TEAMS.values())
    with pytest.raises(UsageError) as caught:
        space.close("2025H1")
    assert caught.value.code == "workspace.wave_is_closed"
    for number, wave in enumerate(("2025H1", " 2025H1 ")):
        assert put(space, answers(PULSE, seed=2, prefix=f"Q{number}"), wave).waits
        assert released.tidy().to_csv() == space.scores().tidy().to_csv()


def test_waves_come_in_the_order_of_their_answers(space):
    """Not in the order of import, nor of their names."""
    for name, day in (("spring", "2025-03-04"), ("autumn", "2025-09-04"), ("before", "2024-09-04")):
        put(space, answers(PULSE, day=day, seed=len(name)), name)
        space.close(name)
    order = ("before", "spring", "autumn")
    assert space.waves() == space.closed_waves == order
    assert tuple(space.wave_table().tidy()["wave"]) == order
    assert tuple(space.trend().tidy()["wave"].unique()) == order
    moves = space.changes().tidy()
    pairs = set(zip(moves["wave_from"], moves["wave_to"], strict=True))
    assert pairs == {("before", "spring"), ("spring", "autumn")}
    assert moves.loc[~moves["reliable"], "change"].isna().all()
    with pytest.raises(UsageError) as caught:
        space.scores("sprung")
    assert caught.value.params["known"] == ["spring"]


def test_another_key_for_another_state(space):
    """Caches hang on it: imports, closes, undos and the policy change it, questions don't."""
    keys = [space.key]
    put(space, answers(PULSE))
    keys.append(space.key)
    space.close("2025H1")
    keys.append(space.key)
    space.scores(by="team")
    space.frame()
    assert space.key == keys[-1]
    (space.path / "policy.yaml").write_text("scores_k: 6\n", encoding="utf-8")
    keys.append(space.key)
    space.undo("2025H1")
    keys.append(space.key)
    assert len(set(keys)) == len(keys)


def test_undo_takes_back_the_last_import_and_opens_the_wave(space):
    put(space, answers(PULSE, {"north": 20}))
    put(space, answers(PULSE, {"south": 15}, prefix="Q"))
    space.close("2025H1")
    assert space.scores().tidy()["n"].max() == 35
    assert space.undo("2025H1").event == "undo"
    assert space.open_waves == ("2025H1",)
    assert len(space.frame()) == 20
    with pytest.raises(TooLittleData):
        space.trend()
    space.undo("2025H1")
    assert space.waves() == ()
    assert space.is_empty
    with pytest.raises(UsageError) as caught:
        space.undo("2025H1")
    assert caught.value.code == "workspace.nothing_to_undo"
    put(space, answers(PULSE, {"north": 20}))  # what was taken back may come again
    assert len(space.frame()) == 20


# ------------------------------------------------------------------ what is refused


def test_unknown_names_are_met_with_the_known_ones(space):
    put(space, answers(PULSE))
    space.close("2025H1")
    asked = {
        "workspace.unknown_wave": lambda: space.scores("2025H2"),
        "workspace.unknown_demographic": lambda: space.scores(by="tema"),
        "workspace.unknown_outcome": lambda: space.drivers("engagment"),
        "workspace.nothing_to_close": lambda: space.close("2030"),
        "workspace.wave_needed": lambda: put(space, answers(PULSE), wave=" "),
    }
    known = {"unknown_wave": "2025H1", "unknown_demographic": "team", "unknown_outcome": "engagement"}
    for code, ask in asked.items():
        with pytest.raises(UsageError) as caught:
            ask()
        assert caught.value.code == code
        name = known.get(code.removeprefix("workspace."))
        assert name is None or name in caught.value.params["known"]
    for ask in (lambda: space.scores(where={"tema": "x"}), lambda: space.drivers("engagement", by="tema")):
        with pytest.raises(UsageError) as caught:
            ask()
        assert caught.value.code == "workspace.unknown_demographic"


def test_the_same_file_and_the_same_people_are_refused(space):
    frame = answers(PULSE)
    put(space, frame)
    before = contents(space.path)
    for wave in ("2025H1", "2025H2"):
        with pytest.raises(InputError) as caught:
            put(space, frame, wave)
        assert caught.value.code == "workspace.same_file"
    again = answers(PULSE, {"north": 3}, seed=9)
    with pytest.raises(InputError) as caught:
        put(space, again)
    assert caught.value.code == "workspace.already_answered"
    assert caught.value.params["count"] == 3
    assert contents(space.path) == before
    put(space, again, "2025H2")  # in another wave they may answer again


def test_a_file_with_a_fault_leaves_no_trace(space):
    put(space, answers(PULSE))
    before = contents(space.path)
    broken = answers(PULSE, prefix="Q", comments=True)
    broken.loc[7, "pay_1"] = "perhaps"
    broken.loc[9, "growth_2"] = "17"
    with pytest.raises(Rejected) as caught:
        put(space, broken, "2025H2")
    faults = {problem.column: problem for problem in caught.value.problems if problem.severity == "error"}
    assert set(faults) == {"pay_1", "growth_2"}
    assert (faults["pay_1"].row, faults["growth_2"].row) == (9, 11)  # as a spreadsheet counts them
    assert "perhaps" not in str(caught.value)
    assert contents(space.path) == before
    assert space.waves() == ("2025H1",)


def test_the_original_is_kept_byte_for_byte(space):
    content = as_csv(answers(PULSE)).replace(b"\r\n", b"\n") + b"\n"
    space.import_file(content, wave="2025H1", instrument=PULSE, name="a.csv")
    digest = hashlib.sha256(content).hexdigest()
    assert Store.open(space.path).original(digest) == content
    assert content[:40] not in (space.path / "originals" / digest).read_bytes()


# ------------------------------------------------------------------ what is joined


def test_people_and_service_may_come_later(space):
    frame = answers(PULSE)
    put(space, frame)
    space.close("2025H1")
    assert space.outcomes() == ("engagement",)
    report = space.join_report().tidy().set_index("measure")
    assert report.loc["people", ["n", "n_band"]].isna().all()
    with pytest.raises(TooLittleData) as caught:
        space.drivers("attrition")
    assert caught.value.code == "workspace.no_people"
    with pytest.raises(TooLittleData) as caught:
        space.drivers("service")
    assert caught.value.code == "workspace.no_service"

    leavers = list(frame["employee id"].sample(20, random_state=3))
    space.import_file(as_csv(people(frame.iloc[:70], leavers=leavers)), "people")
    space.import_file(as_csv(service(["north", "south"])), "service")
    assert space.outcomes() == ("engagement", "attrition", "service")
    report = space.join_report().tidy().set_index("measure")
    assert report.loc[["responses", "people", "people_matched"], "n"].tolist() == [76, 70, 70]
    assert report.loc["service_teams", "n_band"] == "1-4"
    table = space.drivers("attrition")
    known = set(frame["employee id"][:70])
    assert table.notes["level"] == "person"
    assert len(known & set(leavers)) == 19
    assert (table.notes["events"], table.notes["events_band"], table.notes["n"]) == (None, "10-19", 70)
    raw = space.frame(ids=frame["employee id"]).set_index("respondent")
    assert raw.loc[frame["employee id"][0], "contract"] == "agency"
    rates = space.response_rates().tidy().set_index("measure")
    assert rates.loc["invited", "n"] == 70


def test_a_service_month_imported_again_replaces_the_earlier(space):
    """Teams send the year to date each quarter: months overlap, and the last word counts."""
    put(space, answers(PULSE))
    space.close("2025H1")
    space.import_file(as_csv(service(TEAMS, csat=60.0)), "service")
    corrected = service(TEAMS, csat=90.0, seed=3)
    space.import_file(as_csv(corrected), "service")
    months = linking.service_months(Store.open(space.path).snapshot())
    assert len(months) == 12 * len(TEAMS)
    stated = corrected.assign(month=pd.to_datetime(corrected["month"])).set_index(["team", "month"])["csat"]
    found = months.set_index(["team", "month"])["csat"]
    assert found.to_dict() == stated.to_dict()


def test_an_anonymous_survey_is_joined_by_team(space):
    teams = {f"team {i}": 12 for i in range(40)}
    staff = answers(PULSE, {**teams, "of two": 2, "of three": 3})
    leavers = list(staff["employee id"].sample(90, random_state=2))
    space.import_file(as_csv(people(staff, leavers=leavers)), "people")
    put(space, staff.drop(columns="employee id").sample(frac=0.8, random_state=1))
    space.close("2025H1")
    report = space.join_report().tidy().set_index("measure")
    assert report.loc["people_matched", "n_band"] == "0"
    table = space.drivers("attrition")
    assert table.notes["level"] == "team"
    assert table.notes["n"] == len(teams)  # the means of the two small teams are their people's answers
    assert set(table.tidy()["driver"]) == {"hygiene", "motivator"}


def test_a_group_too_small_for_a_model_is_hidden(space):
    put(space, answers(PULSE, {"north": 90, "south": 80, "west": 70, "far": 8}))
    space.close("2025H1")
    table = space.drivers("engagement", by="team").tidy().set_index("team")
    assert table.loc["far", "hidden_reason"] == "too_few_rows"
    assert table.loc["west", "hidden_reason"] == "complement"  # all less north, south and west would be far
    shown = table.drop(index=["far", "west"])
    assert set(shown.index) == {"north", "south"}
    assert shown["hidden_reason"].isna().all()
    assert shown["estimate"].notna().all()
    numbers = table.loc["far"].drop(["outcome", "hidden_reason"])
    assert numbers.isna().all()


def test_two_questionnaires_of_a_wave_are_one_row_per_person(space):
    put(space, answers(PULSE))
    put(space, answers(MOOD, {"north": 30, "south": 24, "east": 12}, seed=5), instrument=MOOD)
    put(space, answers(MOOD, {"elsewhere": 9}, seed=6, prefix="X"), instrument=MOOD)
    frame = space.frame()
    assert frame["respondent"].is_unique
    assert len(frame) == 76 + 9
    both = frame[["pay", "satisfaction"]].notna().all(axis=1)
    assert both.sum() >= 60
    space.close("2025H1")
    n = space.scores().tidy().set_index("scale")["n"]
    assert n["pay"] == frame["pay"].notna().sum()
    assert n["satisfaction"] == frame["satisfaction"].notna().sum()
    assert n["motivator"] == frame["motivator"].notna().sum()
    assert {"pay", "satisfaction"} <= {scale.id for scale in space.instrument().scales}
    assert space.drivers("satisfaction").notes["n"] == (
        frame[["pay", "relationships", "growth", "recognition", "satisfaction"]].notna().all(axis=1).sum()
    )


def test_two_questionnaires_with_a_scale_in_common_are_refused(space):
    put(space, answers(PULSE))
    twin = questionnaire("twin", {"pay": "hygiene"})
    put(space, answers(twin, prefix="X"), instrument=twin)
    with pytest.raises(InputError) as caught:
        space.close("2025H1")
    assert caught.value.code == "workspace.scale_twice"


def test_comments_that_all_sound_alike_are_no_predictor(space):
    """Differences of rounding error once came out as a coefficient of 10¹⁵."""
    frame = answers(PULSE, comments=True)
    put(space, frame.assign(change=np.where(frame["change"] != "", "The tool is slow", "")))
    space.close("2025H1")
    table = space.drivers("engagement").tidy()
    assert set(table.loc[table["block"] == "survey", "driver"]) == {"pay", "relationships", "growth"}
    assert "comment_tone" not in set(table["driver"])
    assert table["estimate"].abs().max() < 10


# ------------------------------------------------------------------ what analysts get, and the trail of it


def test_raw_rows_leave_a_line_in_the_audit_log(space):
    frame = answers(PULSE)
    put(space, frame)
    log = space.path / "audit.jsonl"
    before = log.read_text(encoding="utf-8").splitlines()
    raw = space.frame(ids=frame["employee id"])
    (line,) = log.read_text(encoding="utf-8").splitlines()[len(before) :]
    assert '"frame"' in line
    assert '"rows": 76' in line
    assert AuditLog(log).verify()
    space.close("2025H1")
    space.drivers("engagement")
    space.undo("2025H1")
    assert AuditLog(log).verify()
    assert not any(id in log.read_text(encoding="utf-8") for id in frame["employee id"])

    given = frame.set_index("employee id")[["pay_1", "pay_2"]].apply(pd.to_numeric)
    keyed = given.assign(pay_2=6 - given["pay_2"]).mean(axis=1)
    found = raw.set_index("respondent")["pay"]
    pd.testing.assert_series_equal(found.sort_index(), keyed.sort_index(), check_names=False)


def test_a_stricter_policy_hides_more(space):
    put(space, answers(PULSE))
    space.close("2025H1")
    hidden = space.scores(by="team").tidy().query("scale == 'pay'").set_index("team")["hidden_reason"]
    assert set(hidden.dropna().index) == {"*1", "west"}
    again = Workspace(space.path.with_name("strict"))
    put(again, answers(PULSE))
    (again.path / "policy.yaml").write_text("scores_k: 15\n", encoding="utf-8")
    again.close("2025H1")
    hidden = again.scores(by="team").tidy().query("scale == 'pay'").set_index("team")["hidden_reason"]
    assert set(hidden.dropna().index) == {"*1", "west", "east"}


def test_a_two_way_table_is_shown_only_where_the_policy_lists_it(space):
    put(space, answers(PULSE))
    put(space, answers(PULSE, seed=8, prefix="Q"), "2025H2")
    space.close("2025H1")
    asked = space.scores(by=("team", "site")).tidy()
    assert (asked["hidden_reason"] == "not_published").all()
    assert asked[[*NUMBERS, "n_band", "team", "site"]].isna().all(axis=None)
    (space.path / "policy.yaml").write_text("crosses: [[team, site]]\n", encoding="utf-8")
    assert (space.scores(by=("team", "site")).tidy()["hidden_reason"] == "not_published").all()
    space.close("2025H2")
    shown = space.scores("2025H2", by=("site", "team")).tidy()
    assert list(shown.columns[:2]) == ["site", "team"]
    assert shown["mean"].notna().any()


# ------------------------------------------------------------------ the sample, against its raw files


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    """The last wave's export, scored here by hand: one row per respondent, a column per scale and __fav."""
    book = openpyxl.load_workbook(SAMPLE / f"responses_{WAVES[-1]}.xlsx", read_only=True)
    header, *rows = [list(row) for row in book.active.iter_rows(values_only=True)]
    header = [re.sub(r"^\d+、", "", str(title)) for title in header]
    rows.sort(key=lambda row: datetime.strptime(row[1], "%Y/%m/%d %H:%M:%S"))
    latest = {row[6]: dict(zip(header, row, strict=True)) for row in rows}
    instrument = load_instrument("herzberg_service")
    scored = []
    for respondent, row in latest.items():
        person: dict[str, object] = {"respondent": respondent}
        for demographic in instrument.demographics:
            names = {level.label["zh"]: level.id for level in demographic.levels}
            said = str(row[demographic.text["zh"]])
            person[demographic.id] = "" if said in ("(空)", "(跳过)") else names.get(said, said)
        for scale in instrument.scales:
            items = [instrument.item(id) for id in scale.items]
            given = [(item, row[item.text["zh"]]) for item in items]
            keyed = [
                item.minimum + item.maximum - value if item.reverse_keyed else value
                for item, value in given
                if value not in (-2, -3)
            ]
            enough = 2 * len(keyed) >= len(items)
            top = items[0].maximum - 1
            person[scale.id] = sum(keyed) / len(keyed) if enough else np.nan
            person[f"{scale.id}__fav"] = sum(v >= top for v in keyed) / len(keyed) if enough else np.nan
        scored.append(person)
    frame = pd.DataFrame(scored)
    for name, scales in COMPOSITES.items():
        for suffix in ("", "__fav"):
            parts = frame[[scale + suffix for scale in scales]]
            half = 2 * parts.notna().sum(axis=1) >= len(scales)
            frame[name + suffix] = parts.mean(axis=1).where(half)
    frame["enps_net"] = frame["enps"].map(lambda x: np.nan if pd.isna(x) else 100 * ((x >= 9) - (x <= 6)))
    return frame.assign(enps_net__fav=np.nan)


def in_band(n: int, shown: pd.Series) -> bool:
    if shown["n"] is not pd.NA and not pd.isna(shown["n"]):
        return n >= 20 and shown["n"] == n
    low, high = map(int, shown["n_band"].split("-"))
    return low <= n <= high


def check_cell(row: pd.Series, group: pd.DataFrame) -> None:
    """A released cell is the rounded recomputation; n in a band below 20."""
    values = group[row["scale"]].dropna()
    n, places = len(values), (row["scale"] == "enps_net")
    assert in_band(n, row), row
    assert n >= 5
    step = (1.0 if n >= 100 else 5.0) if places else 0.1
    assert abs(row["mean"] - values.mean()) <= step / 2 + 1e-9, row
    assert row["mean"] / step == pytest.approx(round(row["mean"] / step), abs=1e-6)
    share = group[row["scale"] + "__fav"].mean()
    if places:
        assert pd.isna(row["favourable"])
        return
    if pd.isna(row["favourable"]):
        return  # the share would say too much, beside its mean
    assert n >= 10, row
    step = 0.01 if n >= 100 else 0.05 if n >= 20 else 0.1
    cap = max(0.05 if n < 100 else 0.0, np.ceil(4 / (n if n >= 20 else 10) / step - 1e-9) * step)
    expected = min(max(share, cap), 1 - cap)
    assert abs(row["favourable"] - expected) <= step / 2 + 1e-9, row
    assert row["ci_low"] <= row["favourable"] <= row["ci_high"]


def test_every_number_shown_is_the_rounded_one_of_the_raw_file(sample, raw):
    asked = [scale.id for scale in load_instrument("herzberg_service").scales]
    further = {scale.id for scale in load_instrument("competence").scales}  # in a file of its own
    total = sample.scores().tidy()
    assert set(total["scale"]) == {*asked, *further, "hygiene", "motivator", "enps_net"}
    for _, row in total[~total["scale"].isin(further)].iterrows():
        check_cell(row, raw)
    checked = 0
    for by in ("team", "gender", "star"):
        table = sample.scores(by=by).tidy()
        table = table[~table["scale"].isin(further)]
        for _, row in table[table["hidden_reason"].isna()].iterrows():
            check_cell(row, raw[raw[by] == row[by]])
            checked += 1
    assert checked > 1400


def test_hidden_cells_are_the_small_ones_and_enough_to_hide_them(sample, raw):
    for by in sample.demographics():
        table = sample.scores(by=by).tidy()
        for scale, part in table.groupby("scale"):
            hidden = part[part["hidden_reason"].notna()]
            if scale not in raw:  # of competence, whose other hidden group may be without answers, and no row
                continue
            assert hidden[[*NUMBERS, "n_band"]].isna().all(axis=None)
            assert len(hidden) != 1 or hidden["hidden_reason"].iloc[0] == "combination"
    teams = sample.scores(by="team").tidy().query("scale == 'pay'").set_index("team")
    sizes = raw.dropna(subset=["pay"]).groupby("team").size()
    small = teams["hidden_reason"] == "too_few"
    assert set(teams.index[small]) == set(sizes.index[sizes < 5])
    assert sizes[teams["hidden_reason"].notna().pipe(lambda s: s.index[s])].sum() >= 5


def test_where_picks_from_what_is_published(sample):
    by_team = sample.scores(by="team").tidy()
    team = by_team.loc[by_team["n"].notna(), "team"].iloc[0]
    one = sample.scores(where={"team": team}).tidy()
    same = by_team[by_team["team"] == team].drop(columns="team").reset_index(drop=True)
    pd.testing.assert_frame_equal(one, same)
    pd.testing.assert_frame_equal(sample.scores(by=["team"]).tidy(), by_team)
    for table in (
        sample.scores(by=("team", "gender")),
        sample.scores(by="gender", where={"team": team}),
        sample.scores(where={"team": "nowhere"}),
    ):
        frame = table.tidy()
        assert (frame["hidden_reason"] == "not_published").all()
        assert frame[NUMBERS].isna().all(axis=None)


def test_totals_over_the_waves(sample):
    trend = sample.trend().tidy()
    assert tuple(trend["wave"].unique()) == WAVES
    for wave in WAVES:
        part = trend[trend["wave"] == wave].drop(columns="wave").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, sample.scores(wave).tidy())


def partly_paired(after, before):
    """Return the p-value of the test for partly overlapping samples (Derrick et al. 2017), by person."""
    both = after.index.intersection(before.index)
    (nx, vx), (ny, vy), linked = (len(after), after.var()), (len(before), before.var()), len(both)
    shared = 2 * linked * np.corrcoef(after[both], before[both])[0, 1] * np.sqrt(vx * vy) / (nx * ny)
    welch = ttest_ind(after, before, equal_var=False)
    df = linked - 1 + (welch.df - linked + 1) * (nx + ny - 2 * linked) / (nx + ny)
    return 2 * t.sf(abs(after.mean() - before.mean()) / np.sqrt(vx / nx + vy / ny - shared), df)


def test_changes_are_tested_on_the_raw_answers(sample, everybody):
    """Whoever answered both waves is a pair; Benjamini-Hochberg from statsmodels over all scales."""
    moves = sample.changes().tidy()
    by_person = everybody.set_index("respondent")
    p, moved = [], []
    for row in moves.itertuples():
        before, after = (
            by_person.loc[by_person["wave"] == wave, row.scale].dropna().astype(float)
            for wave in (row.wave_from, row.wave_to)
        )
        p.append(partly_paired(after, before))
        moved.append(after.mean() - before.mean())
    reliable, *_ = multipletests(p, alpha=0.05, method="fdr_bh")
    assert len(moves) == 2 * (len(load_instrument("herzberg_service").scales) + 3)
    assert moves["reliable"].tolist() == reliable.tolist()
    assert reliable.any()
    assert moves.loc[~reliable, "change"].isna().all()
    step = np.where(moves["scale"] == "enps_net", 1.0, 0.1)
    assert (np.abs(moves["change"] - moved) <= step / 2 + 1e-9)[reliable].all()
    # People were asked to do less where the contest ran, up to the end of 2025 (TRUTH.yaml, programmes).
    assert moves.set_index(["scale", "wave_from"]).at[("workload", WAVES[1]), "change"] > 0


def test_counts_are_those_of_the_files(sample):
    table = sample.wave_table().tidy().set_index("wave")
    rates = sample.response_rates().tidy().set_index(["wave", "measure"])
    for wave in WAVES:
        facts = FACTS["waves"][wave]
        assert table.loc[wave, ["state", "n"]].tolist() == ["closed", facts["respondents"]]
        assert rates.loc[(wave, "responses"), "n"] == facts["respondents"]
        # those in post on the last day of the wave: hired after its first day are not in the list of the day
        assert abs(rates.loc[(wave, "invited"), "n"] - facts["in_post"]) <= 0.02 * facts["in_post"]
        assert rates.loc[(wave, "responses"), "share"] == pytest.approx(0.79, abs=0.02)
    assert pd.Timestamp(table.loc["2025H1", "first_day"]).date() == date(2025, 3, 10)
    report = sample.join_report(WAVES[0]).tidy().set_index("measure")["n"]
    assert report["teams"] == FACTS["teams"]
    comments = sum(FACTS["waves"][WAVES[0]]["comments"].values())
    assert comments * 0.98 <= report["comments"] <= comments + sum(FACTS["suggestion_box"].values())


@pytest.mark.rest
def test_no_table_names_a_person_or_repeats_a_comment(sample, everybody):
    """Every kind of table there is, searched for anybody's number and anybody's words."""
    tables: list[SafeTable] = [sample.wave_table(), sample.trend(), sample.changes(), sample.response_rates()]
    tables.append(sample.join_report())
    tables += [sample.scores(by=by) for by in sample.demographics()]
    tables += [sample.tone(by) for by in ("theme", "team")]
    tables += [sample.drivers("engagement"), sample.drivers("service")]
    assert {table.kind for table in tables} == {"waves", "scores", "changes", "counts", "tone", "drivers"}
    text = "\n".join(table.tidy().to_csv() + repr(dict(table.notes)) for table in tables)
    ids = {*everybody["respondent"], *read(sample_folder() / "people.csv", "people").table["respondent"]}
    assert not [id for id in ids if id in text]
    snapshot = Store.open(sample.path).snapshot()
    written = linking.comments(snapshot, everybody, [])["text"]
    assert len(written) > 1000
    assert not [said for said in written if len(said) > 5 and said in text]


def test_tone_stays_within_question_and_source(sample):
    table = sample.tone("theme").tidy()
    assert not table.duplicated(["question", "source", "theme"]).any()
    shown = table[table["hidden_reason"].isna()]
    assert len(shown)
    assert np.allclose(shown[["negative", "neutral", "positive"]].sum(axis=1), 1, atol=0.101)
    with pytest.raises(UsageError):
        sample.tone("handedness")


@pytest.mark.rest
def test_the_sample_can_be_cleared_away(sample_copy):
    space = Workspace(sample_copy)
    put(space, answers(PULSE, day="2027-03-04"), "2027H1")
    space.close("2027H1")
    mine = space.scores("2027H1").tidy()
    assert space.is_sample
    space.clear_sample()
    assert not space.is_sample
    assert space.waves() == ("2027H1",)
    pd.testing.assert_frame_equal(space.scores().tidy(), mine)
    assert space.outcomes() == ("engagement",)
    space.clear_sample()  # nothing left to clear
    assert space.waves() == ("2027H1",)
