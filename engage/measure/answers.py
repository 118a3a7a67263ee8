"""From a frame of answers to the complete rows a statistic is computed on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.errors import InputError, Problem, TooLittleData, UsageError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Complete:
    """Rows without a missing answer: ``values`` (n, k), the k ``names``, ``rows`` (n,) their positions.

    ``n_dropped`` rows had a missing answer.
    """

    values: FloatArray
    names: tuple[str, ...]
    rows: IntArray
    n_dropped: int

    @property
    def n(self) -> int:
        """Number of complete rows."""
        return len(self.values)


def numbers(items: pd.DataFrame) -> FloatArray:
    """Return answers as floats (n, k), missing and infinite ones as NaN.

    Raises ``UsageError`` for repeated column names, ``InputError`` naming the columns that are not numbers.
    """
    repeated = [str(name) for name in items.columns[items.columns.duplicated()]]
    if repeated:
        raise UsageError("model.repeated_column", columns=repeated)
    columns, wrong = [], []
    for name in items.columns:
        try:
            columns.append(items[name].to_numpy(dtype=float, na_value=np.nan))
        except (TypeError, ValueError):
            wrong.append(str(name))
    if wrong:
        raise InputError("model.not_numeric", columns=wrong)
    values = np.column_stack(columns) if columns else np.empty((len(items), 0))
    return np.where(np.isfinite(values), values, np.nan)


def complete_rows(items: pd.DataFrame, *, columns: int = 2, rows: int = 3) -> Complete:
    """Return the rows that answer every item (listwise).

    Raises ``UsageError`` for fewer than ``columns`` items; ``TooLittleData`` for fewer than ``rows`` complete
    rows, or an item that everybody answers alike.
    """
    values = numbers(items)
    if values.shape[1] < columns:
        raise UsageError("measure.too_few_items", items=values.shape[1], needed=columns)
    kept = np.flatnonzero(~np.isnan(values).any(axis=1))
    if len(kept) < rows:
        raise TooLittleData("measure.too_few_rows", n=len(kept), needed=rows)
    whole = values[kept]
    names = tuple(str(name) for name in items.columns)
    same = [name for name, spread in zip(names, np.ptp(whole, axis=0), strict=True) if spread == 0]
    if same:
        raise TooLittleData("measure.constant_items", columns=same)
    return Complete(whole, names, kept, len(values) - len(kept))


def correlations(values: FloatArray) -> FloatArray:
    """Return the correlation matrix (k, k) of columns that vary, (n, k)."""
    return np.asarray(np.corrcoef(values, rowvar=False), dtype=np.float64)


def group_codes(groups: pd.Series) -> tuple[IntArray, list[object]]:
    """Return a code 0..G−1 for each row (−1 where the group is missing) and the G labels, sorted."""
    codes, labels = pd.factorize(groups, sort=True)
    return np.asarray(codes, dtype=np.intp), list(labels)


def need_columns(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise ``UsageError`` naming the columns of ``names`` that ``frame`` does not have."""
    unknown = [name for name in names if name not in frame.columns]
    if unknown:
        known = [str(name) for name in frame.columns]
        raise UsageError("model.unknown_column", column=unknown, known=known)


def reversed_note(names: Sequence[str]) -> tuple[Problem, ...]:
    """Return the warning that items run against the rest of their scale, if any do."""
    if not names:
        return ()
    return (Problem("measure.reversed_items", "warning", count=len(names), params={"columns": list(names)}),)
