"""Teams and the people in them: who is in post at a wave, who joins, moves and leaves."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import planted as p

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

ROLE_GROUPS = ("management", "operations_support", "smart_service", "traditional_service")
_ROLE_SHARE = (0.07, 0.13, 0.28, 0.52)
_TEAM_NAME = {
    "management": "管理{:02d}组",
    "operations_support": "运营{:02d}组",
    "smart_service": "在线{:02d}班",
    "traditional_service": "热线{:02d}班",
}
_DEPARTMENT = {
    "management": ("综合管理部",),
    "operations_support": ("运营支撑部",),
    "smart_service": ("在线服务一部", "在线服务二部"),
    "traditional_service": ("热线一部", "热线二部", "热线三部"),
}
_SMALL_TEAMS = 0.1  # of the teams have 4 to 7 people: too few to be shown
_REORGANISED = (4, 9, 14)  # hotline teams that go to another department before the second wave
_EDUCATION = (("secondary", 0.28), ("college", 0.47), ("bachelor", 0.235), ("master", 0.015))
_TENURE_BANDS = (0.5, 1.0, 2.0, 4.0)
_AGE_BANDS = (20.0, 23.0, 26.0, 30.0)
TENURE_LEVELS = ("under_half", "from_half", "from_1", "from_2", "from_4")
AGE_LEVELS = ("under_20", "from_20", "from_23", "from_26", "from_30")
_MOVES = 0.03  # of those in post change team between waves


@dataclass(slots=True)
class Staff:
    """Everyone who ever was in post. ``table`` has one row per person; the trait arrays run along it."""

    table: pd.DataFrame
    traits: Floats  # people × drivers, what a person's view of each driver keeps from wave to wave
    outcome_traits: Floats  # people × outcomes

    def in_post(self) -> Index:
        """Return the positions of those who have not left."""
        return np.flatnonzero(self.table["leave_date"].isna().to_numpy())


def make_teams(rng: np.random.Generator, teams: int, people: int) -> pd.DataFrame:
    """Return one row per team: team, role_group, planned (people), and its organisation path at each wave."""
    small = max(1, round(_SMALL_TEAMS * teams))
    sizes = np.concatenate([rng.integers(4, 8, small), _large_sizes(rng, teams - small, people - 5 * small)])
    counts = np.maximum(np.round(np.array(_ROLE_SHARE) * teams).astype(int), 1)
    counts[-1] = teams - counts[:-1].sum()
    roles = np.repeat(ROLE_GROUPS, counts)
    rng.shuffle(sizes)
    number = np.concatenate([np.arange(count) for count in counts])
    names = [_TEAM_NAME[role].format(n + 1) for role, n in zip(roles, number, strict=True)]
    table = pd.DataFrame({"team": names, "role_group": roles, "planned": sizes})
    for wave in p.WAVES:
        moved = 0 if wave == p.WAVES[0] else 1
        table[f"path_{wave}"] = [
            _path(role, n, name, moved) for role, n, name in zip(roles, number, names, strict=True)
        ]
    return table


def _large_sizes(rng: np.random.Generator, teams: int, people: int) -> npt.NDArray[np.int64]:
    raw = rng.lognormal(0.0, 0.45, teams)
    sizes = np.clip(np.round(raw / raw.sum() * people), 8, 60).astype(np.int64)
    sizes[np.argmin(sizes)], sizes[np.argmax(sizes)] = 8, 60
    return sizes


def _path(role: str, number: int, team: str, moved: int) -> str:
    departments = _DEPARTMENT[role]
    place = number % len(departments)
    if moved and role == "traditional_service" and number in _REORGANISED:
        place = (place + 1) % len(departments)
    return f"客户服务中心/{departments[place]}/{team}"


def correlated(rng: np.random.Generator, rows: int) -> Floats:
    """Return rows × drivers of variance 1: one factor common to all drivers, one per kind of driver."""
    kind = np.array([0] * len(p.HYGIENE) + [1] * len(p.MOTIVATORS) + [2] * len(p.OTHERS))
    common = rng.standard_normal((rows, 1))
    groups = rng.standard_normal((rows, 3))[:, kind]
    own = rng.standard_normal((rows, len(p.DRIVERS)))
    mixed: Floats = np.sqrt(0.32) * common + np.sqrt(0.13) * groups + np.sqrt(0.55) * own
    return mixed


def first_staff(rng: np.random.Generator, teams: pd.DataFrame) -> Staff:
    """Return those in post at the first wave, in the order they were hired."""
    team = np.repeat(np.arange(len(teams)), teams["planned"])
    rng.shuffle(team)
    years = np.clip(rng.exponential(2.1, len(team)), 0.05, 9.0)
    start = p.WAVE_DATES[p.WAVES[0]][0]
    hired = sorted(start - timedelta(days=int(365.25 * y)) for y in years)
    empty = Staff(pd.DataFrame(), np.empty((0, len(p.DRIVERS))), np.empty((0, len(p.OUTCOMES))))
    _add(rng, empty, teams, team, hired)
    return empty


def hire(rng: np.random.Generator, staff: Staff, teams: pd.DataFrame, after: date, before: date) -> None:
    """Fill the vacancies of every team with people hired between two days."""
    at_work = staff.table.loc[staff.in_post(), "team_number"]
    now = np.bincount(at_work, minlength=len(teams))
    vacancies = np.maximum(teams["planned"].to_numpy() - now, 0)
    team = np.repeat(np.arange(len(teams)), vacancies)
    rng.shuffle(team)
    days = (before - after).days
    hired = sorted(after + timedelta(days=int(d)) for d in rng.integers(5, days - 6, len(team)))
    _add(rng, staff, teams, team, hired)


def _add(rng: np.random.Generator, staff: Staff, teams: pd.DataFrame, team: Index, hired: list[date]) -> None:
    n, known = len(team), len(staff.table)
    role = teams["role_group"].to_numpy()[team]
    boss = role == "management"
    regular = rng.random(n) < np.where(boss, 0.9, 0.42)
    new = pd.DataFrame(
        {
            "respondent": [f"E{10_000 + known + i + 1}" for i in range(n)],
            "hire_date": hired,
            "leave_date": pd.Series([None] * n, dtype="object"),
            "leave_type": pd.Series([None] * n, dtype="object"),
            "team_number": team,
            "contract": np.where(regular, "regular", "contract"),
            "gender": rng.choice(["female", "male", "undisclosed"], n, p=[0.78, 0.205, 0.015]),
            "education": rng.choice([e for e, _ in _EDUCATION], n, p=[s for _, s in _EDUCATION]),
            "age_when_hired": 18 + rng.gamma(2.2, 1.45, n) + 6 * boss,
            "ability": np.round(np.clip(rng.normal(72, 9, n), 35, 100), 1),
            "star_start": rng.normal(0.6, 0.5, n),
            "performing": rng.standard_normal(n),
            "willing": rng.standard_normal(n),
        }
    )
    staff.table = new if known == 0 else pd.concat([staff.table, new], ignore_index=True)
    staff.traits = np.vstack([staff.traits, correlated(rng, n)])
    staff.outcome_traits = np.vstack([staff.outcome_traits, rng.standard_normal((n, len(p.OUTCOMES)))])


def move(rng: np.random.Generator, staff: Staff, teams: pd.DataFrame) -> None:
    """Let a few of those in post change to another team of their role group."""
    at_work = staff.in_post()
    movers = at_work[rng.random(len(at_work)) < _MOVES]
    role = teams["role_group"].to_numpy()
    room = teams["planned"].to_numpy() > 7
    for person in movers:
        now = staff.table.at[person, "team_number"]
        choices = np.flatnonzero((role == role[now]) & room)
        staff.table.at[person, "team_number"] = int(rng.choice(choices))


def as_of(staff: Staff, index: Index, teams: pd.DataFrame, wave: str, day: date) -> pd.DataFrame:
    """Return what is recorded of the people at ``index`` on ``day``: groups, star, tenure, age, path."""
    table = staff.table.iloc[index].reset_index(drop=True)
    team = table["team_number"].to_numpy()
    until = np.minimum(
        pd.to_datetime(table["leave_date"]).fillna(pd.Timestamp(day)).to_numpy(), np.datetime64(day)
    )
    years = (until - pd.to_datetime(table["hire_date"]).to_numpy()) / np.timedelta64(1, "D") / 365.25
    able = (table["ability"].to_numpy() - 72) / 9
    star = np.clip(np.floor(1 + table["star_start"] * (years > 0.5) + 0.65 * years + 0.2 * able), 1, 5)
    performing = 0.5 * able + table["performing"].to_numpy()
    band = np.array(["D", "C", "B", "A"])[np.searchsorted((-1.6, -0.45, 0.95), performing)]
    age = table["age_when_hired"].to_numpy() + years
    return table.drop(columns=["star_start", "performing", "leave_date", "leave_type"]).assign(
        wave=wave,
        team=teams["team"].to_numpy()[team],
        role_group=teams["role_group"].to_numpy()[team],
        org_path=teams[f"path_{wave}"].to_numpy()[team],
        tenure_years=years,
        tenure=np.array(TENURE_LEVELS)[np.searchsorted(_TENURE_BANDS, years, side="right")],
        age=age,
        age_band=np.array(AGE_LEVELS)[np.searchsorted(_AGE_BANDS, age, side="right")],
        star=star.astype(int),
        performance=band,
    )


def let_leave(
    rng: np.random.Generator, staff: Staff, index: Index, panel: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    """Decide who leaves after the panel's wave, record it, and return who leaves voluntarily.

    Voluntary leaving comes first and is exactly the planted logit; other exits fall on those it spares.
    """
    n = len(panel)
    logit = np.full(n, p.LEAVING_BASE) + p.LEAVING_PER_YEAR * np.minimum(
        panel["tenure_years"], p.LEAVING_YEARS
    )
    for scale, slope in p.LEAVING.items():
        logit += slope * (panel[scale] - 3)
    voluntary: npt.NDArray[np.bool_] = rng.random(n) < 1 / (1 + np.exp(-logit.to_numpy()))
    kind = np.where(voluntary, "voluntary", "").astype(object)
    spared = rng.random(n)
    edge = 0.0
    for name, rate in p.OTHER_EXITS.items():
        kind[(kind == "") & (spared >= edge) & (spared < edge + rate)] = name
        edge += rate
    new = (panel["tenure_years"] < 0.5).to_numpy()
    kind[(kind == "") & new & (rng.random(n) < p.PROBATION_EXIT)] = "probation"
    end = p.WAVE_DATES[panel["wave"].iloc[0]][1]
    days = rng.integers(3, p.LAST_LEAVING_DAY + 1, n)
    gone = np.flatnonzero(kind != "")
    staff.table.loc[index[gone], "leave_date"] = pd.Series(
        [end + timedelta(days=int(d)) for d in days[gone]], index=index[gone], dtype="object"
    )
    staff.table.loc[index[gone], "leave_type"] = pd.Series(kind[gone], index=index[gone], dtype="object")
    return voluntary
