"""Tickets of county branches and quality inspections of their agents, with what is planted in them.

Drawn apart from the rest of the world, so that neither moves the other.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Row = list[str | int]
Floats = npt.NDArray[np.float64]

BRANCHES: Final = tuple(
    f"{name}分公司"
    for name in (
        "城东",
        "城西",
        "城南",
        "城北",
        "新区",
        "老城",
        "港口",
        "临江",
        "湖滨",
        "山前",
        "河口",
        "园区",
    )
)
FIRST_WEEK: Final = date(2025, 6, 2)
WEEKS: Final = 69
AS_OF: Final = datetime(2026, 9, 27, 23, 59, 59)  # written as a day
PER_WEEK: Final = 7.0  # tickets of a branch in a week, on average over branches
TYPES: Final = {
    "fault": ("障碍", 0.62, 48, 0.972),
    "complaint": ("投诉", 0.3, 72, 0.945),
    "other": ("咨询", 0.08, 24, 0.975),
}
"""Word, share of tickets, hours until due, share on time of a usual branch in a usual week."""
BRANCH_SD: Final = 0.25  # of the log-odds of being on time, between branches
WEEK_SD: Final = 0.1
LATE_BRANCH: Final = "山前分公司"
LATE_BY: Final = -2.0
BAD_WEEK: Final = date(2026, 7, 6)
BAD_BY: Final = -1.8
BETTER_BY: Final = 0.3  # in the second year, from 52 weeks on
REPEAT: Final = 0.05
REPEAT_LATE: Final = 0.22  # of tickets of a late one's branch and type in the planted branch

CRITERIA: Final = ("开场问候", "倾听理解", "业务准确", "安抚情绪", "解决确认", "结束礼貌")
CRITERION_MEAN: Final = (9.0, 8.8, 8.7, 8.7, 8.8, 9.1)
STANDARD: Final = 8.0
TOP: Final = 10
WEAK_BRANCH: Final = "城北分公司"
WEAK_CRITERION: Final = "安抚情绪"
WEAK_BY: Final = -2.0
RATERS: Final = ("质检01", "质检02", "质检03", "质检04")
RATER_SD: Final = 0.5
_SD: Final = {"branch": 0.2, "agent": 0.4, "case": 0.8}
_AGENTS: Final = 8
_CASES: Final = 26  # of a branch
_TWICE: Final = 0.25
_LARGE: Final = 400_000


@dataclass(frozen=True, slots=True)
class Desk:
    """``tickets``: one row each, with ``p``, its chance of being on time; ``marks``: one per rating."""

    tickets: pd.DataFrame
    marks: pd.DataFrame


def make_desk(seed: int) -> Desk:
    """Return tickets and inspections, the same for the same seed."""
    return Desk(_tickets(np.random.default_rng([seed, 91])), _marks(np.random.default_rng([seed, 92])))


def _tickets(rng: np.random.Generator) -> pd.DataFrame:
    size = PER_WEEK * np.exp(rng.normal(0, 0.45, len(BRANCHES)))
    own = rng.normal(0, BRANCH_SD, len(BRANCHES))
    own[BRANCHES.index(LATE_BRANCH)] = LATE_BY
    week_own = rng.normal(0, WEEK_SD, WEEKS + 2)
    counts = rng.poisson(np.tile(size, (WEEKS, 1)))
    week, branch = (np.repeat(grid.ravel(), counts.ravel()) for grid in np.indices(counts.shape))
    names = list(TYPES)
    kind = rng.choice(len(names), len(week), p=[TYPES[name][1] for name in names])
    hours = np.array([TYPES[name][2] for name in names])[kind]
    base = np.array([np.log(TYPES[name][3] / (1 - TYPES[name][3])) for name in names])[kind]
    minute = rng.integers(7 * 60, 22 * 60, len(week))
    opened = np.datetime64(FIRST_WEEK) + week * 7 + rng.integers(0, 7, len(week))
    opened = opened.astype("datetime64[m]") + minute
    due = opened + hours * 60
    due_week = (due.astype("datetime64[D]") - np.datetime64(FIRST_WEEK)).astype(int) // 7
    bad = due_week == (BAD_WEEK - FIRST_WEEK).days // 7
    odds = base + own[branch] + week_own[due_week] + BETTER_BY * (due_week >= 52) + BAD_BY * bad
    p = 1 / (1 + np.exp(-odds))
    in_time = rng.random(len(week)) < p
    taken = np.where(in_time, rng.beta(2, 2.5, len(week)) * 0.98, 1.02 + rng.exponential(0.5, len(week)))
    closed = opened + np.maximum((taken * hours * 60).astype(int), 1)
    again = rng.random(len(week)) < np.where(branch == BRANCHES.index(LATE_BRANCH), REPEAT_LATE, REPEAT)
    table = pd.DataFrame(
        {
            "branch": np.array(BRANCHES)[branch], "type": np.array(names)[kind], "opened": opened, "due": due,
            "closed": closed, "repeat": again, "p": p,
        }
    )  # fmt: skip
    table = table[table["opened"] <= AS_OF].sort_values("opened", kind="stable", ignore_index=True)
    return table.assign(closed=table["closed"].where(table["closed"] <= AS_OF))


def _marks(rng: np.random.Generator, cases: int = _CASES) -> pd.DataFrame:
    """Return ratings: case, branch, day, method, agent, rater, criterion, score."""
    n = len(BRANCHES) * cases
    branch = np.repeat(np.arange(len(BRANCHES)), cases)
    agent = branch * _AGENTS + np.tile(np.arange(cases) % _AGENTS, len(BRANCHES))
    shape = (n, len(CRITERIA))
    level = np.array(CRITERION_MEAN) + rng.normal(0, _SD["branch"], (len(BRANCHES), len(CRITERIA)))[branch]
    level[branch == BRANCHES.index(WEAK_BRANCH), CRITERIA.index(WEAK_CRITERION)] += WEAK_BY
    level += rng.normal(0, _SD["agent"], (agent.max() + 1, 1))[agent] + rng.normal(0, _SD["case"], shape)
    first = rng.integers(0, len(RATERS), n)
    second = (first + rng.integers(1, len(RATERS), n)) % len(RATERS)
    twice = rng.random(n) < _TWICE
    day = rng.integers(0, 90, n)
    dialled = rng.random(n) < 0.3
    parts = []
    for rater, rated in ((first, np.ones(n, dtype=bool)), (second, twice)):
        score = np.clip(np.round(level + rng.normal(0, RATER_SD, shape)), 0, TOP).astype(int)
        for place, criterion in enumerate(CRITERIA):
            part = {"case": np.arange(n), "branch": branch, "day": day, "dialled": dialled, "agent": agent}
            part |= {"rater": rater, "criterion": place, "score": score[:, place]}
            parts.append(pd.DataFrame(part)[rated].assign(criterion=criterion))
    return pd.concat(parts).sort_values(["case", "rater"], kind="stable", ignore_index=True)


def ticket_rows(desk: Desk) -> list[Row]:
    """Return the ticket system's extract."""
    head: Row = [
        "工单号",
        "责任单位",
        "工单类型",
        "受理时间",
        "处理时限",
        "完成时间",
        "是否重复",
        "数据截至时间",
    ]
    rows = [
        [f"GD{place + 1:06d}", one.branch, TYPES[str(one.type)][0], _moment(one.opened), _moment(one.due),
         _moment(one.closed), "是" if one.repeat else "否", AS_OF.date().isoformat()]
        for place, one in enumerate(desk.tickets.itertuples(index=False))
    ]  # fmt: skip
    return [head, *rows]


def inspection_rows(desk: Desk) -> list[Row]:
    """Return the quality panel's marks, one row per case, rater and criterion."""
    head: Row = [
        "录音编号",
        "分公司",
        "质检日期",
        "方式",
        "坐席",
        "质检员",
        "质检项",
        "得分",
        "满分",
        "达标分",
    ]
    first = AS_OF.date() - timedelta(days=90)
    rows = [
        [f"LY{one.case + 1:05d}", BRANCHES[one.branch], (first + timedelta(days=int(one.day))).isoformat(),
         "拨测" if one.dialled else "录音", f"Z{one.agent + 1:04d}", RATERS[one.rater], one.criterion,
         int(one.score), TOP, f"{STANDARD:g}"]
        for one in desk.marks.itertuples(index=False)
    ]  # fmt: skip
    return [head, *rows]


def planted_desk() -> dict[str, Any]:
    """Return what is planted, as ``TRUTH.yaml`` shows it."""
    return {
        "what": "log-odds of a ticket being on time: the type's, plus the branch's (normal), the week's "
        "(normal) and what is planted; marks from 0 to 10 with a standard of 8",
        "on_time_of_a_usual_branch": {name: share for name, (_, _, _, share) in TYPES.items()},
        "between_branches_sd": BRANCH_SD,
        "late_branch": {"branch": LATE_BRANCH, "by": LATE_BY, "repeat_share": REPEAT_LATE},
        "bad_week": {"monday": BAD_WEEK.isoformat(), "by": BAD_BY},
        "better_in_the_second_year_by": BETTER_BY,
        "repeat_share": REPEAT,
        "weakness": {"branch": WEAK_BRANCH, "criterion": WEAK_CRITERION, "points": WEAK_BY},
        "rater_sd": RATER_SD,
    }


def desk_facts(desk: Desk) -> dict[str, Any]:
    """Return the share on time that the last 13 full weeks were to have, by type: the mean of all chances."""
    end = pd.Timestamp(FIRST_WEEK) + pd.Timedelta(weeks=WEEKS)
    last = desk.tickets[(desk.tickets["due"] < end) & (desk.tickets["due"] >= end - pd.Timedelta(weeks=13))]
    shares = last.groupby("type")["p"].mean()
    return {
        "tickets": len(desk.tickets),
        "on_time_expected_last_13_weeks": {str(name): round(float(p), 4) for name, p in shares.items()},
    }


def single_rating_icc() -> float:
    """Return the part of a single rating's variance between cases, over criteria, of a very large draw."""
    rng = np.random.default_rng(990_092)
    marks = _marks(rng, _LARGE // len(BRANCHES) // 10)
    found = []
    for _, part in marks.groupby("criterion"):
        sizes = part.groupby("case")["score"].agg(["size", "mean", "var"])
        pairs = sizes[sizes["size"] == 2]
        within, between = float(pairs["var"].mean()), float(2 * pairs["mean"].var())
        found.append((between - within) / (between + within))
    return round(float(np.mean(found)), 3)


def _moment(when: Any) -> str:
    return "" if pd.isna(when) else f"{when:%Y-%m-%d %H:%M}"
