"""Snapshots of a staff list as start–stop rows, written out by hand and checked by a world."""

import numpy as np
import pandas as pd
import pytest

from engage.errors import TooLittleData, UsageError
from engage.model import cumulative_incidence, employment_spells, fit_drivers

PEOPLE = pd.DataFrame(
    [
        # hired long before, promoted, leaves of own accord
        ("a", "2025-01-01", "2024-01-01", None, None, "1"),
        ("a", "2025-07-01", "2024-01-01", "2025-09-01", "voluntary", "2"),
        ("a", "2026-01-01", "2024-01-01", "2025-09-01", "voluntary", "2"),
        # hired later, still there
        ("b", "2025-07-01", "2025-06-01", None, None, "1"),
        ("b", "2026-01-01", "2025-06-01", None, None, "1"),
        # dismissed within 90 days
        ("c", "2025-07-01", "2025-06-21", "2025-08-10", "dismissal", "1"),
        # left before being listed; no hiring date
        ("d", "2025-07-01", "2024-01-01", "2025-05-01", "voluntary", "1"),
        ("e", "2025-07-01", None, None, None, "1"),
    ],
    columns=["respondent", "as_of", "hire_date", "leave_date", "leave_type", "star"],
)


def test_spells_hold_what_was_known_then():
    found = employment_spells(PEOPLE)
    columns = ["respondent", "entry", "time", "left", "cause", "star", "first_star", "early"]
    expected = [
        ["a", 366, 547, 0, 0, "1", "1", False],
        ["a", 547, 609, 1, "voluntary", "2", "1", False],
        ["b", 30, 90, 0, 0, "1", "1", True],
        ["b", 90, 214, 0, 0, "1", "1", False],
        ["c", 10, 50, 0, "dismissal", "1", "1", True],
    ]
    assert found[columns].to_numpy().tolist() == expected
    whole = employment_spells(PEOPLE, early_days=1)
    assert whole[whole["respondent"] == "b"][["entry", "time"]].to_numpy().tolist() == [[30, 214]]


def test_spells_without_types_count_every_exit():
    found = employment_spells(PEOPLE.drop(columns="leave_type"), [])
    assert found["left"].tolist() == [0, 1, 0, 0, 1]
    undated = PEOPLE.assign(left=PEOPLE["respondent"].isin(["b"]))
    assert "b" not in set(employment_spells(undated)["respondent"])


def test_spells_refuse():
    with pytest.raises(UsageError) as caught:
        employment_spells(PEOPLE, ["stars"])
    assert caught.value.code == "model.unknown_column"
    with pytest.raises(UsageError):
        employment_spells(pd.concat([PEOPLE, PEOPLE.head(1)]))
    with pytest.raises(TooLittleData):
        employment_spells(PEOPLE[PEOPLE["respondent"] == "d"])


def staff_lists(rng, n=800, effect=0.0):
    """Half-yearly lists over three years; stars are earned by staying and change the hazard by ``effect``."""
    hired = rng.integers(-720, 900, n)
    pace = rng.integers(150, 400, n)
    exits = np.full(n, np.inf)
    for day in range(0, 1080, 10):
        at_risk = (hired <= day) & np.isinf(exits)
        star = np.minimum((day - hired) // pace, 4)
        hazard = 10 * 0.0008 * np.exp(effect * star)
        exits = np.where(at_risk & (rng.random(n) < hazard), day + 5, exits)
    rows = []
    start = pd.Timestamp("2023-01-01")
    for day in range(0, 1081, 180):
        listed = (hired <= day) & (exits > day - 180)
        left = np.where(exits <= day, exits, np.nan)
        rows.append(
            pd.DataFrame(
                {
                    "respondent": np.arange(n),
                    "as_of": start + pd.Timedelta(days=day),
                    "hire_date": start + pd.to_timedelta(hired, unit="D"),
                    "leave_date": start + pd.to_timedelta(left, unit="D"),
                    "star": np.minimum((np.minimum(day, exits) - hired) // pace, 4).astype(float),
                }
            )[listed]
        )
    return pd.concat(rows, ignore_index=True)


def test_a_star_without_effect_comes_out_null_and_the_latest_star_would_not():
    people = staff_lists(np.random.default_rng(91), 1500)
    spells = employment_spells(people, early_days=1)
    fit = fit_drivers(spells, "left", ["star"], cluster="respondent", model="cox", time="time", entry="entry")
    assert fit.ci_low[0] < 0 < fit.ci_high[0]
    last = people.groupby("respondent").last()
    end = last["leave_date"].fillna(people["as_of"].max())
    naive = pd.DataFrame(
        {
            "days": (end - last["hire_date"]).dt.days,
            "left": last["leave_date"].notna().astype(int),
            "star": last["star"],
        }
    )
    wrong = fit_drivers(naive[naive["days"] > 0], "left", ["star"], model="cox", time="days")
    assert wrong.ci_high[0] < 0
    curve = cumulative_incidence(spells["time"], spells["cause"], spells["entry"], by=spells["first_star"])
    assert curve.tidy()["cause"].unique().tolist() == ["exit"]


@pytest.mark.simulation
@pytest.mark.rest
def test_a_star_without_effect_is_found_as_often_as_chance():
    rng = np.random.default_rng(20261207)
    found = 0
    for _ in range(150):
        spells = employment_spells(staff_lists(rng, 400), early_days=1)
        fit = fit_drivers(
            spells, "left", ["star"], cluster="respondent", model="cox", time="time", entry="entry"
        )
        found += fit.p_value[0] < 0.05
    assert found / 150 < 0.11
