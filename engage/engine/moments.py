"""Cross-products: all that a linear model needs of the data, mergeable over waves and groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engage.engine.tables import frame

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

_Groups = tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class MomentTable:
    """Counts, sums and cross-products of complete rows, by group: all that a linear model needs of the data.

    For g groups and p columns: ``groups`` holds g tuples of the ``by`` values (one empty tuple without
    ``by``), ``n`` is (g,), ``sums`` (g, p), ``products`` (g, p, p) with ``products[i] = X'X`` of group i.
    ``a + b`` merges disjoint sets of rows, matching groups by their values. Kept per wave and group, such a
    table is all that importance and the random intercept need (:mod:`engage.model.from_moments`).
    """

    columns: tuple[str, ...]
    by: tuple[str, ...]
    groups: _Groups
    n: NDArray[np.int64]
    sums: NDArray[np.float64]
    products: NDArray[np.float64]

    def __add__(self, other: "MomentTable") -> "MomentTable":
        if not isinstance(other, MomentTable):
            return NotImplemented
        if (self.columns, self.by) != (other.columns, other.by):
            raise ValueError("moments of other columns or groups can't be merged")
        groups = tuple(dict.fromkeys(self.groups + other.groups))
        place = {group: i for i, group in enumerate(groups)}
        merged = _zeros(self.columns, self.by, groups)
        for part in (self, other):
            at = [place[group] for group in part.groups]
            merged.n[at] += part.n
            merged.sums[at] += part.sums
            merged.products[at] += part.products
        return merged

    def pooled(self) -> "MomentTable":
        """Return the moments of all groups together (one group, ``by`` empty)."""
        pooled = _zeros(self.columns, (), ((),))
        pooled.n[0], pooled.sums[0], pooled.products[0] = self.n.sum(), self.sums.sum(0), self.products.sum(0)
        return pooled

    def to_frame(self) -> "pd.DataFrame":
        """Return the stored form, a row per group: by:<column>, n, sum:<column>, product:<one>:<other>."""
        import pandas as pd

        table: dict[str, object] = {
            f"by:{c}": [group[i] for group in self.groups] for i, c in enumerate(self.by)
        }
        table["n"] = self.n
        table |= {f"sum:{c}": self.sums[:, i] for i, c in enumerate(self.columns)}
        for i, a in enumerate(self.columns):
            table |= {f"product:{a}:{b}": self.products[:, i, i + j] for j, b in enumerate(self.columns[i:])}
        return pd.DataFrame(table)

    @classmethod
    def from_frame(cls, table: "pd.DataFrame") -> "MomentTable":
        """Return the moments that :meth:`to_frame` gave."""
        by = tuple(c.removeprefix("by:") for c in table.columns if c.startswith("by:"))
        columns = tuple(c.removeprefix("sum:") for c in table.columns if c.startswith("sum:"))
        keys = table[[f"by:{c}" for c in by]].astype(object)
        groups = tuple(
            tuple(row) for row in keys.where(keys.notna(), None).itertuples(index=False, name=None)
        )
        moments = _zeros(columns, by, groups if by else ((),))
        moments.n[:] = table["n"]
        for i, a in enumerate(columns):
            moments.sums[:, i] = table[f"sum:{a}"]
            for j, b in enumerate(columns[i:], start=i):
                moments.products[:, i, j] = moments.products[:, j, i] = table[f"product:{a}:{b}"]
        return moments

    def covariance(self) -> NDArray[np.float64]:
        """Return each group's covariance matrix (g, p, p), denominator n − 1; NaN where n < 2."""
        n = np.where(self.n > 1, self.n, np.nan)[:, None, None]
        centred = self.products - self.sums[:, :, None] * self.sums[:, None, :] / n
        return np.asarray(centred / (n - 1), dtype=np.float64)


def cross_products(scores_expr: "ir.Table", columns: Sequence[str], by: Sequence[str] = ()) -> MomentTable:
    """Return the moments of ``columns`` over the rows where none of them is missing, by the ``by`` columns.

    A missing ``by`` value is a group of its own (``None``). Groups without a complete row are left out, but
    without ``by`` there is always one group.
    """
    complete = scores_expr.filter([scores_expr[c].notnull() for c in columns])
    x = [complete[c].cast("float64") for c in columns]
    p = len(columns)
    measures: dict[str, ir.Value] = {"n": complete.count()}
    measures |= {f"s_{i}": x[i].sum() for i in range(p)}
    measures |= {f"p_{i}_{j}": (x[i] * x[j]).sum() for i in range(p) for j in range(i, p)}
    # the groups under names of our own: a demographic could be called n
    keys = {f"by_{i}": complete[c] for i, c in enumerate(by)}
    grouped = complete.group_by(**keys).aggregate(**measures) if by else complete.aggregate(**measures)
    found = frame(grouped.order_by(list(keys)) if by else grouped)
    names = found[list(keys)].astype(object).where(lambda d: d.notna(), None)
    groups = tuple(tuple(row) for row in names.itertuples(index=False, name=None)) if by else ((),)
    moments = _zeros(tuple(columns), tuple(by), groups)
    moments.n[:] = found["n"]
    values = found[list(measures)].fillna(0.0)  # no row at all: sums of nothing
    for i in range(p):
        moments.sums[:, i] = values[f"s_{i}"]
        for j in range(i, p):
            moments.products[:, i, j] = moments.products[:, j, i] = values[f"p_{i}_{j}"]
    return moments


def _zeros(columns: tuple[str, ...], by: tuple[str, ...], groups: _Groups) -> MomentTable:
    g, p = len(groups), len(columns)
    return MomentTable(columns, by, groups, np.zeros(g, np.int64), np.zeros((g, p)), np.zeros((g, p, p)))
