"""Small ticket and inspection tables for the tests of the service desk."""

import numpy as np
import pandas as pd

from engage.model.inspections import rater_agreement, weaknesses
from engage.model.tickets import ticket_rates, ticket_weeks
from engage.privacy import Policy, release_desk, release_desk_weeks, release_inspections, release_raters

MONDAY = pd.Timestamp("2026-03-02")
AS_OF = pd.Timestamp("2026-03-02 08:00")
POLICY = Policy()


def tickets(shares, per_week=10, weeks=13, *, type_="fault", seed=5):
    """Branches with these shares on time, ``per_week`` tickets due in each of the weeks before MONDAY."""
    rng = np.random.default_rng(seed)
    parts = []
    for branch, share in shares.items():
        n = per_week * weeks
        week = np.repeat(np.arange(weeks), per_week)
        due = (
            MONDAY - pd.to_timedelta(7 * (week + 1) - rng.integers(0, 7, n), unit="D") + pd.Timedelta(hours=9)
        )
        late = rng.permutation(np.arange(n)) >= round(n * share)
        closed = due + pd.to_timedelta(np.where(late, 30, -3), unit="h")
        parts.append(pd.DataFrame({"branch": branch, "type": type_, "opened": due - pd.Timedelta(days=2),
                                   "due": due, "closed": closed}))  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    table["closed"] = table["closed"].where(table["closed"] <= AS_OF)
    return table.assign(repeat=np.arange(len(table)) % 20 == 0, as_of=AS_OF)


def marks(branches=("East", "West", "North"), agents=6, cases=5, *, weak="North", seed=3):
    """Every agent's cases, rated by two inspectors on two criteria; one branch is weak on calming."""
    rng = np.random.default_rng(seed)
    rows = []
    for branch in branches:
        for agent in range(agents):
            for case in range(cases):
                for criterion in ("calming", "greeting"):
                    level = 8.8 + rng.normal(0, 0.7) - 2.5 * (branch == weak and criterion == "calming")
                    rows += [
                        {
                            "case": f"{branch}{agent}-{case}", "branch": branch,
                            "respondent": f"{branch}{agent}",
                            "rater": rater, "criterion": criterion, "top": 10.0, "standard": 8.0,
                            "score": float(np.clip(round(level + rng.normal(0, 0.3)), 0, 10)),
                        }
                        for rater in ("1", "2")
                    ]  # fmt: skip
    return pd.DataFrame(rows)


def released():
    """A released table of each kind of the desk."""
    table = tickets({f"B{i}": 0.97 for i in range(11)} | {"late": 0.7})
    notes = {"first_day": "2025-12-01", "last_day": "2026-03-01", "as_of": "2026-03-02 08:00", "weeks": 13}
    return {
        "desk": release_desk(ticket_rates(table).table, notes, POLICY, people={"B0": 3}),
        "desk_weeks": release_desk_weeks(ticket_weeks(table), {}, POLICY),
        "inspections": release_inspections(weaknesses(marks()), {}, POLICY, people={}),
        "raters": release_raters(rater_agreement(marks()), {}, POLICY),
    }
