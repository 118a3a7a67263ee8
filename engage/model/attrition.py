"""Who of those asked left within a horizon, and of whom that can't be known yet."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.errors import UsageError
from engage.measure.display import as_html
from engage.model.design import check_columns
from engage.words import say

Fate = Literal[
    "voluntary", "other_exit", "stayed", "not_followed", "left_before", "unclassified", "unmatched"
]
Counted = Literal["voluntary", "any"]

HORIZON_DAYS: Final = 180

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class AttritionOutcome:
    """Leaving within a horizon after the survey, one entry per row of responses.

    ``event`` (Int8): 1 left voluntarily within the horizon, 0 did not, missing where that is not known;
    ``fate`` says why. ``counted`` is ``"any"`` where the people table holds no leave types, so that every
    exit counts as an event. ``horizon_days`` is ``None`` where it holds no leave dates: leaving is not dated.
    ``followed_to`` is the last day that people without an ``as_of`` of their own were followed to.
    """

    event: pd.Series
    fate: pd.Series
    horizon_days: int | None
    counted: Counted
    followed_to: pd.Timestamp | None

    @property
    def observed(self) -> pd.Series:
        """Whether the outcome of each row is known."""
        return self.event.notna()

    @property
    def voluntary(self) -> int:
        """Rows whose person left voluntarily within the horizon (any exit where ``counted`` is ``"any"``)."""
        return self._count("voluntary")

    @property
    def other_exits(self) -> int:
        """Rows whose person left otherwise within the horizon; they count 0."""
        return self._count("other_exit")

    @property
    def not_followed(self) -> int:
        """Rows whose follow-up ends before the horizon without an exit; not known."""
        return self._count("not_followed")

    @property
    def unmatched(self) -> int:
        """Rows whose respondent is not in the people table; not known."""
        return self._count("unmatched")

    def tidy(self) -> pd.DataFrame:
        """Return one row per fate, the seven of them: fate, n. They add up to the number of rows."""
        return pd.DataFrame({"fate": get_args(Fate), "n": [self._count(fate) for fate in get_args(Fate)]})

    def _repr_html_(self) -> str:
        caption = say(f"model.fates_{self.counted}", days=self.horizon_days or "–", n=len(self.fate))
        return as_html(self.tidy(), caption)

    def _count(self, fate: Fate) -> int:
        return int((self.fate == fate).sum())


def attrition_outcome(
    responses: pd.DataFrame,
    people: pd.DataFrame,
    horizon_days: int = HORIZON_DAYS,
    *,
    date: str = "wave_date",
) -> AttritionOutcome:
    """Return voluntary leaving within ``horizon_days`` after each response.

    With d the response's date and h the horizon, the event is a voluntary exit in (d, d + h]. Dismissal, end
    of contract, transfer and every other exit in that window count 0: the estimand is the cumulative
    incidence of voluntary leaving where other exits compete, not what would happen if there were none.

    Not known, and missing: ``not_followed``, no exit is recorded and the person's ``as_of`` is before d + h;
    ``left_before``, an exit on or before d; ``unclassified``, an exit without a type in a table that has
    types, or without a date in a table that has dates, or a response without d; ``unmatched``, no such
    person. A missing ``as_of`` is taken to be the latest ``as_of`` of the table, or else its latest leave
    date. A table without any leave date gives ``left`` as the outcome, undated.

    ``responses`` has ``respondent`` and the column named by ``date``; ``people`` one row per ``respondent``
    and any of ``as_of``, ``leave_date``, ``leave_type``, ``left``. The result is indexed as ``responses``.
    Raises ``UsageError`` for a missing column, a person listed twice, or a horizon under one day.
    """
    if horizon_days < 1:
        raise UsageError("model.bad_horizon", days=horizon_days)
    table = _people(people)
    dated, typed = bool(table["leave_date"].notna().any()), bool(table["leave_type"].notna().any())
    check_columns(responses, ["respondent", *([date] if dated else [])])
    person = table.reindex(responses["respondent"])
    no_type = np.asarray(person["leave_type"].isna(), dtype=bool) & typed
    voluntary = np.asarray((person["leave_type"] == "voluntary").fillna(False), dtype=bool) | (not typed)
    followed_to = _followed_to(table) if dated else None
    if dated:
        asked = pd.DatetimeIndex(pd.to_datetime(responses[date]))
        fate = _dated(person, asked, pd.Timedelta(days=horizon_days), followed_to, no_type, voluntary)
    else:
        fate = _undated(person, no_type, voluntary)
    fate[~responses["respondent"].isin(table.index).to_numpy(dtype=bool)] = "unmatched"
    event = np.select([fate == "voluntary", np.isin(fate, ["other_exit", "stayed"])], [1.0, 0.0], np.nan)
    return AttritionOutcome(
        event=pd.Series(event, index=responses.index, name="event").astype("Int8"),
        fate=pd.Series(fate, index=responses.index, name="fate", dtype="str"),
        horizon_days=horizon_days if dated else None,
        counted="voluntary" if typed else "any",
        followed_to=followed_to,
    )


def _people(people: pd.DataFrame) -> pd.DataFrame:
    """Return as_of, leave_date, leave_type and left by respondent, absent columns as missing."""
    check_columns(people, ["respondent"])
    twice = int(people["respondent"].duplicated().sum())
    if twice:
        raise UsageError("model.repeated_people", count=twice)
    table = people.set_index("respondent").reindex(columns=["as_of", "leave_date", "leave_type", "left"])
    return table.assign(
        as_of=pd.to_datetime(table["as_of"]),
        leave_date=pd.to_datetime(table["leave_date"]),
        leave_type=table["leave_type"].astype("string"),
        left=table["left"].astype("boolean"),
    )


def _followed_to(table: pd.DataFrame) -> pd.Timestamp:
    latest = table["as_of"].max()
    return pd.Timestamp(table["leave_date"].max() if pd.isna(latest) else latest)


def _dated(
    person: pd.DataFrame,
    asked: pd.DatetimeIndex,
    horizon: pd.Timedelta,
    followed_to: pd.Timestamp | None,
    no_type: Mask,
    voluntary: Mask,
) -> npt.NDArray[np.object_]:
    until = asked + horizon
    leaving = pd.DatetimeIndex(person["leave_date"])
    seen = pd.DatetimeIndex(person["as_of"].fillna(followed_to))
    within = (leaving > asked) & (leaving <= until)
    undated_exit = np.asarray(person["left"].fillna(False), dtype=bool) & leaving.isna()
    conditions: list[tuple[Mask, Fate]] = [
        (asked.isna() | undated_exit, "unclassified"),
        (leaving <= asked, "left_before"),
        (within & no_type, "unclassified"),
        (within & voluntary, "voluntary"),
        (within, "other_exit"),
        ((leaving > until) | (seen >= until), "stayed"),
    ]
    return _first(conditions, "not_followed")


def _undated(person: pd.DataFrame, no_type: Mask, voluntary: Mask) -> npt.NDArray[np.object_]:
    gone = np.asarray(person["left"].fillna(False), dtype=bool)
    here = ~np.asarray(person["left"].fillna(True), dtype=bool)
    conditions: list[tuple[Mask, Fate]] = [
        (gone & no_type, "unclassified"),
        (gone & voluntary, "voluntary"),
        (gone, "other_exit"),
        (here, "stayed"),
    ]
    return _first(conditions, "not_followed")


def _first(conditions: list[tuple[Mask, Fate]], otherwise: Fate) -> npt.NDArray[np.object_]:
    masks, fates = zip(*conditions, strict=True)
    return np.asarray(np.select(list(masks), list(fates), otherwise), dtype=object)
