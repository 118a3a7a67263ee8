"""Columns that know what they should predict, and people who stand in the table twice."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.errors import Problem
from engage.measure.display import as_html
from engage.model.design import FloatArray, IntArray, check_columns, names
from engage.model.validation import auc
from engage.words import say

Kind = Literal["post_exit", "tells_outcome", "missing_tells_outcome", "identifier", "duplicates"]

# A single column that ranks leavers this well was hardly known before they left.
TELLING_AUC: Final = 0.95
_BINS: Final = 10
_FOLDS: Final = 5
_EXIT: Final = re.compile(
    r"exit|leav|resign|terminat|separat|last_?(working_?)?day|notice|turnover|attrition|离职|辞职|离开|увол",
    re.IGNORECASE,
)
# What is asked of everybody may well speak of leaving.
_ASKED: Final = re.compile(
    r"intent|intend|plan|want|consider|annual|paid|sick|意向|意愿|намер", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, eq=False)
class Leaks:
    """What was found: ``table`` with column, kind and figure.

    ``post_exit``: the name speaks of leaving; ``tells_outcome``: the column alone ranks leavers with this
    AUC; ``missing_tells_outcome``: whether it is filled does; ``identifier``: as many values as rows;
    ``duplicates``: so many rows are alike in all other columns and the outcome once the identifiers (or none,
    then the column is empty) are left out. ``people`` (n,) has a code per person: rows that are alike share
    one.
    """

    table: pd.DataFrame
    people: IntArray

    @property
    def serious(self) -> tuple[str, ...]:
        """The columns that must not be used."""
        kinds = ("post_exit", "tells_outcome", "missing_tells_outcome")
        return tuple(self.table.loc[self.table["kind"].isin(kinds), "column"].unique())

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The columns that name people."""
        return tuple(self.table.loc[self.table["kind"] == "identifier", "column"])

    @property
    def duplicates(self) -> int:
        """Rows that repeat another row."""
        return len(self.people) - (int(self.people.max()) + 1 if len(self.people) else 0)

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What a reader must be told."""
        notes = []
        if self.serious:
            notes.append(Problem("model.leak", "error", params={"columns": self.serious}))
        if self.identifiers:
            params = {"columns": self.identifiers}
            notes.append(Problem("model.identifier_left_out", "warning", params=params))
        if self.duplicates:
            code = "model.duplicated_people" if self.identifiers else "model.duplicated_rows"
            params_of = {"count": self.duplicates, "columns": self.identifiers}
            notes.append(Problem(code, "warning", params=params_of))
        return tuple(notes)

    def tidy(self) -> pd.DataFrame:
        """Return a row per finding: column, kind, figure."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table, say("model.leaks_caption", n=len(self.people)), self.notes)


def check_leaks(frame: pd.DataFrame, outcome: str, features: Sequence[str]) -> Leaks:
    """Look for features that were known only after the exit, for identifiers, and for repeated people.

    How well a column alone tells the outcome is measured by the share of leavers in its tenths (or levels),
    learned on four fifths of rows and ranked on the last. Rows without an outcome are left out of that.
    Raises ``UsageError`` for unknown columns.
    """
    features = names(features)
    check_columns(frame, [outcome, *features])
    y = frame[outcome].to_numpy(dtype=float, na_value=np.nan)
    known = ~np.isnan(y)
    found: list[dict[str, object]] = []
    for name in features:
        column = frame[name]
        if _EXIT.search(name) and not _ASKED.search(name):
            found.append({"column": name, "kind": "post_exit", "figure": float("nan")})
        if _identifies(column):
            found.append({"column": name, "kind": "identifier", "figure": float(column.nunique())})
            continue
        area = _alone(_levels(column)[known], y[known])
        if area >= TELLING_AUC:
            found.append({"column": name, "kind": "tells_outcome", "figure": area})
        filled = _alone(column.isna().to_numpy().astype(np.intp)[known], y[known])
        if filled >= TELLING_AUC:
            found.append({"column": name, "kind": "missing_tells_outcome", "figure": filled})
    named = [str(row["column"]) for row in found if row["kind"] == "identifier"]
    people = _people(frame[[outcome, *(name for name in features if name not in named)]])
    repeated = len(frame) - len(np.unique(people))
    if repeated:
        found += [{"column": name, "kind": "duplicates", "figure": float(repeated)} for name in named or [""]]
    return Leaks(pd.DataFrame(found, columns=["column", "kind", "figure"]), people)


def _identifies(column: pd.Series) -> bool:
    """Whether every row has a value of its own, whole numbers or text."""
    if column.isna().any() or column.nunique() < len(column):
        return False
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return not pd.api.types.is_datetime64_any_dtype(column.dtype)
    values = column.to_numpy(dtype=float)
    return bool((values == np.round(values)).all())


def _levels(column: pd.Series) -> IntArray:
    """Return codes (n,): tenths of numbers and dates, levels of the rest; a missing value is one of them."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = column.astype("int64").where(column.notna())
    if pd.api.types.is_numeric_dtype(column.dtype) and column.nunique() > _BINS:
        column = pd.qcut(column.astype(float), _BINS, labels=False, duplicates="drop")
    return np.asarray(pd.factorize(column, use_na_sentinel=False)[0], dtype=np.intp)


def _alone(levels: IntArray, y: FloatArray) -> float:
    """Return the AUC of the leavers' share by level, learned on other rows; 0.5 where that can't be said."""
    fold = np.arange(len(y)) % _FOLDS
    predicted = np.full(len(y), y.mean())
    count = int(levels.max()) + 1
    for k in range(_FOLDS):
        train = fold != k
        n = np.bincount(levels[train], minlength=count)
        share = (np.bincount(levels[train], weights=y[train], minlength=count) + y.mean()) / (n + 1)
        predicted[~train] = share[levels[~train]]
    area = auc(y, predicted)
    return 0.5 if np.isnan(area) else area


def _people(rows: pd.DataFrame) -> npt.NDArray[np.intp]:
    codes = rows.apply(lambda column: pd.factorize(column, use_na_sentinel=False)[0])
    return np.asarray(codes.groupby(list(codes.columns), sort=False).ngroup(), dtype=np.intp)
