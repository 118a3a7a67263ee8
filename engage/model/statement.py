"""What a change is worth: effects times stated assumptions, and nothing without one."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import pandas as pd

from engage.errors import TooLittleData, UsageError
from engage.measure.display import as_html
from engage.model.design import check_columns
from engage.model.estimators import t_quantile

_SHARES: Final = ("channel_shift",)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a statement rests on beside the data. Nothing is assumed that was not entered.

    ``contacts``: contacts a month that those in the programme handled before it; ``months``: months it ran;
    ``channel_shift``: the share (0–1) of the change in contacts that moved to or came from other channels,
    such as self-service; ``cost_per_contact``; ``contacts_per_person``: contacts that one person handles in a
    month; ``members``: people in the programme; ``cost_per_leaver``: of replacing one. Raises ``UsageError``
    for a negative number or a share above 1.
    """

    contacts: float | None = None
    months: float | None = None
    channel_shift: float | None = None
    cost_per_contact: float | None = None
    contacts_per_person: float | None = None
    members: float | None = None
    cost_per_leaver: float | None = None

    def __post_init__(self) -> None:
        for name in ASSUMPTIONS:
            value = getattr(self, name)
            most = 1.0 if name in _SHARES else float("inf")
            if value is not None and not 0 <= value <= most:
                raise UsageError("model.bad_assumption", where=name, name=name, value=value)
        if self.contacts_per_person == 0:
            raise UsageError(
                "model.bad_assumption", where="contacts_per_person", name="contacts_per_person", value=0
            )

    def missing(self, *names: str) -> tuple[str, ...]:
        """Return those of ``names`` that were not entered."""
        return tuple(name for name in names if getattr(self, name) is None)

    def product(self, *names: str) -> float:
        """Return the product of entered assumptions."""
        return float(np.prod([getattr(self, name) for name in names]))


ASSUMPTIONS: Final[tuple[str, ...]] = tuple(field.name for field in fields(Assumptions))


@dataclass(frozen=True, slots=True, eq=False)
class OutcomeStatement:
    """What changes are worth, a row per line.

    ``table``: ``item`` (``contacts``, ``contact_cost``, ``person_months``, ``leavers``, ``leaver_cost``),
    ``outcome`` it comes from, ``change`` with ``ci_low`` and ``ci_high`` as estimated, ``value`` with
    ``low`` and ``high``: that change times the assumptions in ``uses``; ``state``: ``told``, ``not_entered``
    (``missing`` says what), or ``not_attributable`` (no channel shift entered, or no effect was told).
    """

    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return a row per line."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table, "statement")


_LINES: Final[tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("contacts", "handled", ("contacts", "months"), ()),
    ("contact_cost", "handled", ("contacts", "months", "cost_per_contact"), ()),
    ("person_months", "handled", ("contacts", "months"), ("contacts_per_person",)),
    ("leavers", "attrition", ("members",), ()),
    ("leaver_cost", "attrition", ("members", "cost_per_leaver"), ()),
)
"""Each line's outcome, the assumptions that multiply its change, and those that divide it."""


def outcome_statement(effects: pd.DataFrame, assumptions: Assumptions) -> OutcomeStatement:
    """Return what the effects of a programme are worth under ``assumptions``.

    ``effects``: a row per ``outcome`` with estimate, ci_low, ci_high and verdict: ``handled`` as a relative
    change (0.07 is 7 % more contacts), ``attrition`` as a change of the share who left. contacts = change ×
    contacts × months × (1 − channel shift); their cost and person-months follow; leavers = change × members.
    Intervals are those of the change, the assumptions taken as exact. Negative values are fewer: saved.

    A change of contacts is credited only after the channel shift was entered (0 says that nothing moved),
    because calls that moved to self-service were not saved by the programme; and only where the verdict says
    that there is a change.
    """
    known = {str(row["outcome"]): row for row in effects.to_dict("records")}
    rows = []
    for item, outcome, times, over in _LINES:
        if outcome not in known:
            continue
        own = known[outcome]
        needed = (*times, *over, *(("channel_shift",) if outcome == "handled" else ()))
        ends = [float(own[name]) for name in ("estimate", "ci_low", "ci_high")]
        row = {
            "item": item,
            "outcome": outcome,
            **dict(zip(("change", "ci_low", "ci_high"), ends, strict=True)),
        }
        missing = assumptions.missing(*needed)
        changed = own["verdict"] in ("helped", "harmed", "rose", "fell")
        values = [float("nan")] * 3
        if not changed or "channel_shift" in missing:
            state = "not_attributable"
        elif missing:
            state = "not_entered"
        else:
            state = "told"
            factor = assumptions.product(*times) / assumptions.product(*over)
            if outcome == "handled":
                factor *= 1 - assumptions.product("channel_shift")
            values = [end * factor for end in ends]
        row |= dict(zip(("value", "low", "high"), values, strict=True))
        rows.append(row | {"state": state, "uses": needed, "missing": missing})
    columns = [
        "item",
        "outcome",
        "change",
        "ci_low",
        "ci_high",
        "value",
        "low",
        "high",
        "state",
        "uses",
        "missing",
    ]
    return OutcomeStatement(pd.DataFrame(rows, columns=columns))


@dataclass(frozen=True, slots=True, eq=False)
class YearOnYear:
    """The mean change from the same months a year before: ``table`` with one row: estimate, ci_low, ci_high,
    ``n_units``, ``n_months``.
    """

    table: pd.DataFrame

    def tidy(self) -> pd.DataFrame:
        """Return the row."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table, "year_on_year")


def year_on_year(
    frame: pd.DataFrame, outcome: str, unit: str, month: str, *, level: float = 0.95
) -> YearOnYear:
    """Return the change from the same months a year before, each unit's mean over its months; t over units.

    It takes the season out and nothing else: whatever moved everybody in a year is in it, so it is no effect
    of a programme. ``month``: dates in the month; one row per unit and month; rows without outcome are left
    out. Raises ``TooLittleData`` with fewer than two units that have such a pair of months.
    """
    check_columns(frame, [outcome, unit, month])
    rows = frame.dropna(subset=[outcome])
    when = pd.PeriodIndex(pd.to_datetime(rows[month]), freq="M")
    now = pd.DataFrame({"unit": rows[unit].to_numpy(), "at": when, "y": rows[outcome].to_numpy(dtype=float)})
    pairs = now.merge(now.assign(at=now["at"] + 12), on=["unit", "at"], suffixes=("", "_before"))
    changes = (pairs["y"] - pairs["y_before"]).groupby(pairs["unit"]).mean()
    if len(changes) < 2:
        raise TooLittleData("model.no_year_before")
    mean, error = float(changes.mean()), float(changes.std(ddof=1) / np.sqrt(len(changes)))
    half = t_quantile((1 + level) / 2, len(changes) - 1.0) * error
    row = {"estimate": mean, "ci_low": mean - half, "ci_high": mean + half, "n_units": len(changes),
           "n_months": pairs["at"].nunique()}  # fmt: skip
    return YearOnYear(pd.DataFrame([row]))
