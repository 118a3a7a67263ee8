"""From snapshots of the staff list to the rows of a Cox model: who was at risk when, with what star."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from engage.errors import TooLittleData, UsageError
from engage.model.design import check_columns, names

EARLY_DAYS: Final = 90


def employment_spells(
    people: pd.DataFrame, varying: Sequence[str] = ("star",), *, early_days: int = EARLY_DAYS
) -> pd.DataFrame:
    """Return start–stop rows in days since hiring: respondent, entry, time, left, cause, early, varying,
    first.

    ``people`` has a row per snapshot: ``respondent``, ``as_of``, ``hire_date``, ``leave_date``,
    ``leave_type`` and the ``varying`` columns. A snapshot holds from its ``as_of`` to the next one of the
    person, the last one until the exit (without one, nothing is known after it): what was known then and
    nothing later, because stars must be stayed for. A person is at risk from the first snapshot on (delayed
    entry), so who left before being listed is no row. Spells are cut at ``early_days`` after hiring,
    ``early`` being the part up to then: leaving in the first months is another matter and is fitted apart.
    ``left`` is 1 where a spell ends in a voluntary exit (any exit in a table without types), ``cause`` 0 for
    still there or the kind of exit, as :func:`cumulative_incidence` takes it. ``first_<column>`` is a
    person's value at entry, for curves.

    An exit without a date, and rows without ``as_of`` or ``hire_date``, can't be placed and are left out.
    Raises ``UsageError`` for missing columns or repeated snapshots; ``TooLittleData`` if no spell is left.
    R: ``survival::tmerge``, ``survSplit(cut = 90)``.
    """
    varying = names(varying)
    check_columns(people, ["respondent", "as_of", "hire_date", "leave_date", *varying])
    rows = people.dropna(subset=["respondent", "as_of", "hire_date"]).sort_values(["respondent", "as_of"])
    if rows.duplicated(["respondent", "as_of"]).any():
        raise UsageError("model.repeated_people", count=int(rows.duplicated(["respondent", "as_of"]).sum()))
    dates = {name: pd.to_datetime(rows[name]) for name in ("as_of", "hire_date", "leave_date")}
    by_person = rows["respondent"]
    leave = dates["leave_date"].groupby(by_person).transform("last")
    until = dates["as_of"].groupby(by_person).shift(-1)
    last = until.isna()
    end = until.fillna(leave).fillna(dates["as_of"])
    stop = end.where(~(leave < end), leave)
    typed = "leave_type" in rows.columns and bool(rows["leave_type"].notna().any())
    kind = rows["leave_type"].groupby(by_person).transform("last") if typed else pd.Series("exit", rows.index)
    gone = (leave == stop) & (last | (leave <= until))
    exits = rows["left"].fillna(False).astype(bool) if "left" in rows.columns else leave.notna()
    undated = exits & leave.isna()
    spells = pd.DataFrame(
        {
            "respondent": by_person,
            "entry": (dates["as_of"] - dates["hire_date"]).dt.days.clip(lower=0),
            "time": (stop - dates["hire_date"]).dt.days,
            "cause": np.where(gone, kind.fillna("unknown").astype(object), 0),
            **{name: rows[name] for name in varying},
            **{f"first_{name}": rows[name].groupby(by_person).transform("first") for name in varying},
        }
    )
    spells = spells[(spells["time"] > spells["entry"]) & ~undated]
    if not len(spells):
        raise TooLittleData("model.no_complete_rows", rows=len(people))
    spells = _cut(spells, early_days)
    voluntary = spells["cause"].isin(["voluntary"] if typed else ["exit"])
    spells.insert(3, "left", voluntary.astype(int))
    return spells.sort_values(["respondent", "entry"], ignore_index=True)


def _cut(spells: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return the spells with those that pass ``days`` in two parts; an exit belongs to the second."""
    before = spells[spells["entry"] < days].assign(early=True)
    passing = before["time"] > days
    before = before.assign(time=before["time"].clip(upper=days), cause=before["cause"].mask(passing, 0))
    after = spells[spells["time"] > days].assign(early=False, entry=lambda d: d["entry"].clip(lower=days))
    return pd.concat([before, after], ignore_index=True)
