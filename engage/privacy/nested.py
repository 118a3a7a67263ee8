"""Which groups may have a model of their own, beside the model of all and those of other groupings."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engage.privacy.suppress import COMPLEMENT, suppress

TOO_FEW_ROWS: Final = "too_few_rows"
UNPUBLISHED: Final = "not_published"

Mask = NDArray[np.bool_]


def group_reasons(members: pd.DataFrame, by: str, failed: Mapping[str, str], k: int) -> dict[str, str]:
    """Return why each group of ``by`` stays hidden, ``""`` where it may have a model.

    ``members`` has one row per row behind the model of all and a column per demographic (missing: in no
    group of it, or left out of its group's model); its index says whose row it is. The model of all less the
    models of the groups shown is the model of the rest, and a group less the groups within it is one too.
    So, over all demographics at once as if every group of at least ``k`` people were shown, what is hidden
    of all, and what is hidden of any group shown that holds other shown groups, must be nothing or at least
    ``k`` people in two groups or more: the next smallest is hidden until that holds. ``failed`` gives the
    reasons of groups of ``by`` that have no model whatever their size.
    """
    tables = {name: _Groups(members[name], members.index) for name in members.columns}
    for value, reason in failed.items():
        if value in tables[by].reason:
            tables[by].reason[value] = reason
    changed = True
    while changed:
        changed = sum(table.suppress(k) for table in tables.values()) > 0
        for outer in tables.values():
            for value in outer.shown():
                inside = outer.mask(value)
                others = (inner for inner in tables.values() if inner is not outer)
                changed |= sum(inner.protect(inside, k) for inner in others) > 0
    return dict(tables[by].reason) | {v: r for v, r in failed.items() if v not in tables[by].reason}


class _Groups:
    """The groups of one demographic and why each is hidden; those without a group are one, never shown."""

    def __init__(self, column: pd.Series, people: pd.Index) -> None:
        self._codes, levels = pd.factorize(column.astype("string"))
        self._people = pd.factorize(people)[0]
        self._levels = [str(level) for level in levels]
        self.reason = dict.fromkeys(self._levels, "")

    def mask(self, value: str) -> Mask:
        return np.asarray(self._codes == self._levels.index(value), dtype=bool)

    def shown(self) -> list[str]:
        return [value for value, reason in self.reason.items() if not reason]

    def suppress(self, k: int) -> bool:
        """Hide what is too small or would give it away in the whole; return whether anything was hidden."""
        before = len(self.shown())
        n = [self._count(self.mask(value)) for value in self._levels]
        reasons = [self.reason[value] for value in self._levels]
        if (self._codes < 0).any():
            n.append(self._count(self._codes < 0))
            reasons.append(TOO_FEW_ROWS)
        found = suppress(pd.DataFrame({"n": n}), [], k, hidden=pd.Series(reasons, dtype=object))
        for value, size, reason in zip(self._levels, n, found, strict=False):
            self.reason[value] = TOO_FEW_ROWS if size < k and reason == "too_few" else reason
        return len(self.shown()) < before

    def protect(self, inside: Mask, k: int) -> bool:
        """Hide groups within ``inside`` until they leave nothing of it, or enough; return whether any."""
        known = self._codes[self._codes >= 0]
        size = np.bincount(known, minlength=len(self._levels))
        here = np.bincount(self._codes[inside & (self._codes >= 0)], minlength=len(self._levels))
        within = [place for place, value in enumerate(self._levels) if not self.reason[value]]
        within = sorted((p for p in within if here[p] == size[p]), key=lambda p: (-size[p], p))
        hidden = False
        while within:
            rest = inside & ~np.isin(self._codes, within)
            if not rest.any() or (len(np.unique(self._codes[rest])) > 1 and self._count(rest) >= k):
                break
            self.reason[self._levels[within.pop()]] = COMPLEMENT
            hidden = True
        return hidden

    def _count(self, rows: Mask) -> int:
        return len(np.unique(self._people[rows]))
