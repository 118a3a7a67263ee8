"""How far single answers can vary, given bounds on the sums of cells: linear programming (HiGHS)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, hstack
from scipy.sparse.csgraph import connected_components

from engage.privacy import leverage
from engage.privacy.leverage import Classes, Floats, Places

Told = Sequence[tuple[int, float]]
"""Colluders: the class and the answer of each."""


@dataclass(frozen=True)
class System:
    """Bounds on the sums of cells over classes of people that some chain of those cells connects.

    ``member`` (cells, classes): 1 where a cell holds a class; ``size`` (classes,); ``place``: the class here
    of each class outside, −1 for none. Every answer lies between the two ``ends``.
    """

    member: csr_array
    size: Floats
    low: Floats
    high: Floats
    ends: tuple[float, float]
    place: Places

    @cached_property
    def fits(self) -> bool:
        """Whether there are any answers that fit; nothing follows from bounds that none do."""
        return bool(self._solved(0.0, 0, self.size, ()))

    def width(self, target: int, told: Told = ()) -> float:
        """Return the width of the range of one answer in the (outside) class ``target``.

        The answers of the colluders ``told`` are known. Full width where nothing fits.
        """
        here = int(self.place[target])
        left = self.size.copy()
        left[here] -= 1
        known = [(int(self.place[s]), answer) for s, answer in told if self.place[s] >= 0]
        for s, _ in known:
            left[s] -= 1
        ends = self._solved(1.0, here, left, known)
        return ends[1] - ends[0] if ends else self.ends[1] - self.ends[0]

    def _solved(self, one: float, target: int, left: Floats, known: Told) -> tuple[float, float] | None:
        """Return the ends of one answer in class ``target``, beside the totals of all ``left`` of each class.

        ``one`` is 0 where nobody is looked at. ``None`` where nothing fits.
        """
        least, most = self.ends
        matrix = hstack([self.member[:, [target]], self.member], format="csr")
        said = np.zeros(self.member.shape[0])
        for s, answer in known:
            said += answer * self.member[:, [s]].toarray().ravel()
        constraints = LinearConstraint(matrix, self.low - said, self.high - said)
        bounds = Bounds(np.append(one * least, left * least), np.append(one * most, left * most))
        goal = np.zeros(matrix.shape[1])
        ends = []
        for sign in (1.0, -1.0) if one else (0.0,):
            goal[0] = sign
            found = milp(goal, constraints=constraints, bounds=bounds)
            if not found.success:
                return None
            ends.append(sign * float(found.fun))
        return ends[0], ends[-1]


def systems(
    people: Classes, low: Floats, high: Floats, ends: tuple[float, float], targets: Places
) -> list[tuple[System, list[int]]]:
    """Return the systems that the classes ``targets`` are in, each with its targets.

    ``low`` and ``high`` (cells,) are infinite for cells to leave out; classes that differ in those only are
    one. Targets in no other cell are left out.
    """
    if not len(targets):
        return []
    said = np.isfinite(low) | np.isfinite(high)
    merged = leverage.classes(people.only(said).codes)
    size = np.bincount(merged.of, people.size, len(merged.size)).astype(float)
    rows, columns = np.nonzero(merged.codes >= 0)
    cells = merged.codes[rows, columns]
    member = coo_array((np.ones(len(rows)), (cells, rows)), shape=(len(low), len(size))).tocsr()
    member.data[:] = 1.0  # a cell that stands for two with the same people counts once
    _, label = connected_components(member.T @ member, directed=False)
    found: dict[int, tuple[System, list[int]]] = {}
    for target in targets.tolist():
        own = merged.of[target]
        part = int(label[own])
        if (merged.codes[own] < 0).all():
            continue
        if part not in found:
            inside = np.flatnonzero(label == part)
            touched = np.unique(merged.codes[inside][merged.codes[inside] >= 0])
            at = np.full(len(size), -1, dtype=np.intp)
            at[inside] = np.arange(len(inside))
            small = member[touched][:, inside]
            found[part] = (System(small, size[inside], low[touched], high[touched], ends, at[merged.of]), [])
        found[part][1].append(int(target))
    return list(found.values())
