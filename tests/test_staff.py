"""What the staff list says of leaving: ratios of risk and head-counts, from the list to words and charts."""

import numpy as np
import pandas as pd
import pytest
from analysis_tables import hazard_rows, hazards, headcount, leaving
from safe_tables import INSTRUMENT, POLICY

from engage.errors import TooLittleData
from engage.model import employment_spells, fit_drivers
from engage.present import charts, sentences
from engage.present.labels import Names
from engage.words import LANGUAGES
from engage.workspace.hazards import hazards as fitted
from engage.workspace.projecting import projection
from engage.workspace.shared import shared_by

EVERY = [Names(INSTRUMENT, lang) for lang in LANGUAGES]
IN_EVERY = pytest.mark.parametrize("names", EVERY, ids=LANGUAGES)
START = pd.Timestamp("2024-01-01")


def number(text, names):
    return text.replace(".", ",") if names.lang == "ru" else text


# ------------------------------------------------------------------ from the list to figures


def staff_lists(n=500, teams=40, seed=5):
    """Lists a year apart and one at the end; agency staff leave more, stars are earned by staying."""
    rng = np.random.default_rng(seed)
    team = rng.integers(0, teams, n)
    role = np.where(team % 4 == 0, "back office", "hotline")
    contract, kind = rng.choice(["agency", "regular"], n), rng.random(n)
    hired = rng.integers(-1200, 700, n)
    hazard = np.where(contract == "agency", 0.0012, 0.0004)
    gone = np.maximum(hired, 0) + rng.exponential(1 / hazard)
    rows = []
    for day in (0, 365, 730):
        listed = hired <= day
        left = listed & (np.ceil(gone) <= day)
        rows.append(
            pd.DataFrame(
                {
                    "respondent": [f"P{k}" for k in range(n)], "as_of": START + pd.Timedelta(days=day),
                    "hire_date": START + pd.to_timedelta(hired, unit="D"),
                    "leave_date": START + pd.to_timedelta(np.where(left, np.ceil(gone), np.nan), unit="D"),
                    "leave_type": np.where(left, np.where(kind < 0.9, "voluntary", "dismissed"), None),
                    "left": left, "team": [f"T{k}" for k in team], "role_group": role,
                    "contract": contract, "performance": rng.choice(["A", "B"], n),
                    "star": np.clip((np.minimum(day, gone) - hired) // 400 + 1, 1, 5).astype(int).astype(str),
                }
            )[listed]
        )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


@pytest.fixture
def listed(monkeypatch):
    """Return what makes a staff list the one that every snapshot has."""

    def lay_out(people):
        for module in ("hazards", "projecting"):
            monkeypatch.setattr(f"engage.workspace.{module}.staff_list", lambda _: people)
        monkeypatch.setattr("engage.workspace.projecting.role_ids", lambda _: {})

    return lay_out


def test_hazards_are_the_cox_model_of_start_stop_rows(listed):
    people = staff_lists()
    listed(people)
    found = fitted(None, POLICY)
    assert (found.refused, found.clustered_by, found.counted) == (("early",), {"later": "team"}, "voluntary")
    spells = employment_spells(people, ["star", "role_group", "contract", "performance", "team"])
    spells = spells[~spells["early"]].assign(star=lambda d: d["star"].astype(float))
    assert found.events["later"] == spells["left"].sum()
    largest = spells["contract"].value_counts().index[0]
    spells["contract"] = pd.Categorical(spells["contract"], [largest, *({"agency", "regular"} - {largest})])
    own = fit_drivers(
        spells, "left", ["star", "role_group", "contract", "performance"], (), "team", "cox", time="time",
        entry="entry", jackknife=True,
    )  # fmt: skip
    rows = found.table.set_index(["term", "level"])
    theirs = own.tidy().set_index("term")
    for name in ("estimate", "ci_low", "ci_high", "p_value"):
        assert rows.loc[("star", ""), name] == pytest.approx(theirs.loc["star", name], rel=1e-6)
    low, high = rows.loc[("star", ""), ["ci_low", "ci_high"]]
    assert low < 0 < high
    (shown,) = [level for term, level in rows.index if term == "contract" and level != largest]
    told = rows.loc[("contract", shown), "estimate"] * (1 if shown == "agency" else -1)
    assert told == pytest.approx(np.log(3), abs=0.6)
    assert rows.loc[("", ""), "changing"] == pytest.approx(
        own.proportional_hazards.set_index("term").loc["global", "p_value"], rel=1e-6
    )


def test_hazards_refuse_what_a_list_can_not_carry(listed):
    people = staff_lists()
    listed(people.assign(leave_date=pd.NaT, leave_type=None, left=False))
    with pytest.raises(TooLittleData):
        fitted(None, POLICY)
    listed(people[people["respondent"].str[-2:] == "11"])
    with pytest.raises(TooLittleData):
        fitted(None, POLICY)


def test_errors_are_by_team_where_there_are_enough():
    frame = pd.DataFrame({"respondent": range(60), "team": [f"T{k % 8}" for k in range(60)]})
    assert shared_by(frame)[1] == "team"
    assert shared_by(frame[frame["team"] != "T7"])[1] is None
    some = frame.assign(team=frame["team"].where(frame.index != 3))
    filled, cluster = shared_by(some)
    assert cluster == "team"
    assert filled["team"].nunique() == 9  # who has no team is alone


def test_a_projection_counts_who_left_moved_and_came(listed):
    people = staff_lists()
    moved = people["respondent"].isin(["P3", "P5", "P8"]) & (people["as_of"] == people["as_of"].max())
    people.loc[moved, "role_group"] = np.where(
        people.loc[moved, "role_group"] == "hotline", "back office", "hotline"
    )
    listed(people)
    found = projection(None, 2, POLICY)
    assert (found.since, found.until) == (START + pd.Timedelta(days=365), START + pd.Timedelta(days=730))

    def there(day):
        rows = people[people["as_of"] == START + pd.Timedelta(days=day)]
        return rows[rows["leave_date"].isna()].set_index("respondent")["role_group"]

    before, now = there(365), there(730)
    table = found.table.set_index(["role_group", "year"])
    for group in ("hotline", "back office"):
        row = table.loc[(group, 0)]
        own = before[before == group].index
        assert row["now"] == row["expected"] == (now == group).sum()
        assert row["left"] == len(own.difference(now.index))
        assert row["hired"] == (now[now.index.difference(before.index)] == group).sum()
        assert row["moved_out"] == (now[own.intersection(now.index)] != group).sum()
        assert (
            table.loc[(group, 2), "low"] < table.loc[(group, 2), "expected"] < table.loc[(group, 2), "high"]
        )
    assert table["moved_in"].sum() == table["moved_out"].sum()


def test_a_projection_needs_a_list_that_says_enough(listed):
    people = staff_lists()
    last = people["as_of"].max()
    for wrong, code in (
        (people.drop(columns="role_group"), "workspace.no_role_groups"),
        (people[people["as_of"] == last], "workspace.not_followed"),
        (people[(people["as_of"] < last) | people["leave_date"].isna() & (people["team"] > "T3")],
         "workspace.not_followed"),
    ):  # fmt: skip
        listed(wrong)
        with pytest.raises(TooLittleData) as caught:
            projection(None, 1, POLICY)
        assert caught.value.code == code


# ------------------------------------------------------------------ the gate


def test_hazards_are_rounded_and_hold_named_columns_only():
    table = hazards()
    frame = table.tidy().set_index(["part", "term", "level"])
    assert frame.loc[("later", "contract", "agency"), "ratio"] == round(np.exp(0.5123), 2)
    assert frame.loc[("later", "contract", "agency"), "p_adjusted"] == 0.001
    assert frame.loc[("later", "star", ""), "changing"] == 1.0
    assert not {"estimate", "std_error"} & set(frame.columns)
    assert frame["hidden_reason"].dropna().tolist() == ["too_few_rows"]
    assert (table.notes["n_later"], table.notes["events_later"]) == (2284, 446)
    few = hazards(events=15).notes
    assert (few["events_later"], few["events_band_later"]) == (None, "10-19")
    with pytest.raises(TooLittleData):
        hazards(people=29)
    with pytest.raises(TypeError):
        hazards(pd.concat([hazard_rows(), hazard_rows()]))


def test_head_counts_hide_small_groups_and_round():
    table = headcount()
    frame = table.tidy()
    hidden = frame.dropna(subset=["hidden_reason"]).set_index("role_group")
    assert hidden["hidden_reason"].to_dict() == {"few": "too_few", "next": "complement"}
    assert hidden.drop(columns="hidden_reason").isna().all(axis=None)
    frame = frame.set_index(["role_group", "year"])
    assert frame.loc[("traditional", 2), ["expected", "low", "high"]].tolist() == [992, 951, 1033]
    assert frame.loc[("traditional", 0), ["left", "hired", "moved_out", "moved_in"]].tolist() == [
        10, pd.NA, pd.NA, 10,
    ]  # fmt: skip
    assert set(frame["few"].dropna()) == {"0-4"}
    forty = headcount(now=(969, 135, 35, 40)).tidy().set_index(["role_group", "year"])
    assert forty.loc[("next", 1), ["expected", "low", "high"]].tolist() == [40, 20, 65]


# ------------------------------------------------------------------ words and charts


@IN_EVERY
def test_hazards_in_words_and_drawn(names):
    lines = sentences.hazards(hazards(), names)
    assert number("1.05", names) in lines[0]
    assert names.level("contract", "agency") in lines[1]
    assert "Schoenfeld" in lines[2] or "Шёнфельда" in lines[2]
    assert names.hidden("too_few_rows") in lines[3]
    heads = {star: sentences.hazards(hazards(hazard_rows(star)), names)[0] for star in (-0.3, 0.0, 0.3)}
    assert len({head.split("(")[0] for head in heads.values()}) == 3
    changing = hazard_rows().assign(changing=0.02)
    assert sentences.hazards(hazards(changing), names)[2] != lines[2]
    both = pd.concat([hazard_rows(), hazard_rows(part="early")])
    assert "2,284" in sentences.hazards(hazards(both, ()), names)[3].replace("\u00a0", ",")
    drawn = charts.hazard_ratios(hazards(), names).to_dict()
    rows = max(drawn["datasets"].values(), key=len)
    assert [row["ratio"] for row in rows] == [1.05, 1.0, 1.67, 1.11]


@IN_EVERY
def test_head_counts_in_words_and_drawn(names):
    lines = sentences.headcount(headcount(), names)
    for told in ("992", "951", "969", "2025-09-08"):
        assert told in lines[0]
    assert "2" in lines[1]
    drawn = charts.headcount(headcount(), names).to_dict()
    assert max(len(rows) for rows in drawn["datasets"].values()) == 6
    assert len(sentences.headcount(headcount(now=(10, 12, 9, 4)), names)) == 1


@IN_EVERY
def test_which_model_is_better(names):
    assert sentences.challenger(leaving(), names) == ()
    told = {gain: sentences.challenger(leaving(gain=gain), names) for gain in (-0.03, 0.001, 0.03)}
    assert len({lines[0].split("AUC")[0] for lines in told.values()} | {""}) >= 3
    assert number("0.030", names) in told[-0.03][0]
    assert number("0.030", names) in told[0.03][0]
    assert number("0.91", names) in told[0.03][2]
    card = sentences.card(leaving(gain=0.03), names)
    assert len(card) == 9
    drawn = charts.calibration(leaving(gain=0.03), names).to_dict()
    assert {row["model"] for row in max(drawn["datasets"].values(), key=len)} == {"logit", "boosting"}
