"""How a result shows in a notebook."""

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.errors import Problem

_MOST_ROWS: Final = 60
_SMALLEST_P: Final = 0.001
_LARGE: Final = 100


def as_html(table: pd.DataFrame, caption: str, notes: Sequence[Problem] = ()) -> str:
    """Return a table as HTML under a caption, followed by what to beware of.

    The figures of a column have the same number of decimals, so that they can be compared; a p-value is never
    shown as 0; what is missing is blank. Of a long table the first and the last rows are shown.
    """
    warnings = "".join(f"<p>{escape(note.reason())}</p>" for note in notes)
    shown = pd.DataFrame({name: _shown(str(name), table[name]) for name in table.columns})
    html = shown.to_html(index=False, border=0, max_rows=_MOST_ROWS)
    return f"<p>{escape(caption)}</p>{html}{warnings}"


def _shown(name: str, column: pd.Series) -> pd.Series:
    """Return a column as text."""
    missing = column.isna().to_numpy()
    if pd.api.types.is_float_dtype(column.dtype):
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        write = _p_value if name.startswith("p_") or name.endswith("_p_value") else _writer(numbers)
        text = [write(number) for number in numbers.tolist()]
    else:
        text = [str(value) for value in column]
    return pd.Series(np.where(missing, "", text), index=column.index, dtype=object)


def _writer(numbers: npt.NDArray[np.float64]) -> Callable[[float], str]:
    """Return what writes these numbers: three decimals, fewer for large ones, more for small ones."""
    known = np.abs(numbers[np.isfinite(numbers)])
    largest = float(known.max()) if len(known) else 0.0
    if (known == np.round(known)).all():
        decimals = 0
    elif largest >= _LARGE:
        decimals = 1
    else:
        decimals = max(3, 1 - math.floor(math.log10(largest)))
    # + 0.0: no minus before a nought
    return lambda number: f"{round(number, decimals) + 0.0:,.{decimals}f}"


def _p_value(p: float) -> str:
    return f"<{_SMALLEST_P}" if p < _SMALLEST_P else f"{p:.3f}"
