"""Which cells of a table may be shown: primary and complementary suppression."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

TOO_FEW: Final = "too_few"
COMPLEMENT: Final = "complement"
COMBINATION: Final = "combination"
"""Hidden because together with other results it would say too much about someone."""
REASONS: Final = (TOO_FEW, COMPLEMENT, COMBINATION)


def suppress(cells: pd.DataFrame, by: Sequence[str], k: int, hidden: pd.Series | None = None) -> pd.Series:
    """Return a reason for every cell that stays hidden, ``""`` for those that are shown.

    ``cells`` has one row per group with the columns ``by`` and ``n`` and covers everybody once (people with
    an unknown group are a group of their own), so that its lines add up to a total a reader may know.
    A cell with fewer than ``k`` people is hidden (``too_few``). In every line of the table (for one column
    the whole table; for two, each row and each column) the hidden cells together must hold at least ``k``
    people in at least two cells, or subtraction would give them back: the next smallest cells are hidden too
    (``complement``) until that holds, and the lines are gone through again until nothing changes.

    ``hidden`` gives the reasons of cells that are hidden whatever their size.

    A group with ``n = 0`` hides nothing and is left out by the caller.
    """
    reason = pd.Series("", index=cells.index, dtype=object) if hidden is None else hidden.copy()
    reason[(cells["n"] < k) & (reason == "")] = TOO_FEW
    if not (reason != "").any():
        return reason
    lines = _lines(cells, by)
    changed = True
    while changed:
        changed = False
        for line in lines:
            n = cells.loc[line, "n"]
            gone = reason.loc[line] != ""
            while gone.any() and not gone.all() and (gone.sum() < 2 or n[gone].sum() < k):
                nxt = n[~gone].sort_values(kind="stable").index[0]
                reason[nxt] = COMPLEMENT
                gone[nxt] = True
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
