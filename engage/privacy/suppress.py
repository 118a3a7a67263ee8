"""Which cells of a table may be shown: primary and complementary suppression."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

TOO_FEW: Final = "too_few"
COMPLEMENT: Final = "complement"
COMBINATION: Final = "combination"
"""Hidden because together with other results it would say too much about someone."""
REASONS: Final = (TOO_FEW, COMPLEMENT, COMBINATION)


def suppress(cells: pd.DataFrame, by: Sequence[str], k: int) -> pd.Series:
    """Return a reason for every cell that stays hidden, ``""`` for those that are shown.

    ``cells`` has one row per group with the columns ``by`` and ``n`` and covers everybody once (people with
    an unknown group are a group of their own), so that its lines add up to a total a reader may know.
    A cell with fewer than ``k`` people is hidden (``too_few``). In every line of the table (for one column
    the whole table; for two, each row and each column) the hidden cells together must hold at least ``k``
    people in at least two cells, or subtraction would give them back: the next smallest cells are hidden too
    (``complement``) until that holds, and the lines are gone through again until nothing changes.

    A group with ``n = 0`` hides nothing and is left out by the caller.
    """
    reason = pd.Series("", index=cells.index, dtype=object)
    small = cells["n"] < k
    if not small.any():
        return reason
    reason[small] = TOO_FEW
    lines = _lines(cells, by)
    changed = True
    while changed:
        changed = False
        for line in lines:
            n = cells.loc[line, "n"]
            hidden = reason.loc[line] != ""
            while hidden.any() and not hidden.all() and (hidden.sum() < 2 or n[hidden].sum() < k):
                nxt = n[~hidden].sort_values(kind="stable").index[0]
                reason[nxt] = COMPLEMENT
                hidden[nxt] = True
                changed = True
    return reason


def _lines(cells: pd.DataFrame, by: Sequence[str]) -> list[pd.Index]:
    if len(by) <= 1:
        return [cells.index]
    lines: list[pd.Index] = []
    for column in by:
        rest = [name for name in by if name != column]
        lines += [group.index for _, group in cells.groupby(rest, dropna=False, sort=False)]
    return lines
