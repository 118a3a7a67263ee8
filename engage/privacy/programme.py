"""How far single answers can vary, given bounds on the sums of cells: linear programming (HiGHS)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

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

    def narrow(self, targets: Sequence[int], width: float) -> list[int]:
        """Return those (outside) classes ``targets`` of whom one answer varies by less than ``width``.

        None where no answers fit. Every solution of a programme shows how far one answer in each class can
        go, so that few classes need programmes of their own: first all that are in doubt are moved at once,
        this way and that, for as long as it helps.
        """
        ranges = _Ranges(self)
        here = {target: int(self.place[target]) for target in targets}
        doubt = np.unique(list(here.values()))
        luck = np.random.default_rng(0)
        helped = True
        while helped and len(doubt):
            goal = np.zeros(len(self.size))
            goal[doubt] = luck.choice([-1.0, 1.0], len(doubt))
            for side in (goal, -goal):
                totals = self._best(self.member, side, self.low, self.high, self.size)
                if totals is None:
                    return []
                ranges.add(totals)
            left = doubt[ranges.width[doubt] < width]
            helped = len(left) < 0.9 * len(doubt)
            doubt = left
        tight = {place for place in doubt.tolist() if ranges.solved(place) < width}
        return [target for target in targets if here[target] in tight]

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
        ends = self._solved(here, left, known)
        return float(ends[1][0] - ends[0][0]) if ends else self.ends[1] - self.ends[0]

    def _solved(self, target: int, left: Floats, known: Told) -> list[Floats]:
        """Return the answers with the least and the greatest of one in class ``target``: it, then the totals.

        The totals are those of ``left`` of each class. None where nothing fits.
        """
        matrix = hstack([self.member[:, [target]], self.member], format="csr")
        said = np.zeros(self.member.shape[0])
        for s, answer in known:
            said += answer * self.member[:, [s]].toarray().ravel()
        goal, sizes = np.zeros(matrix.shape[1]), np.append(1.0, left)
        found = []
        for goal[0] in (1.0, -1.0):
            answers = self._best(matrix, goal, self.low - said, self.high - said, sizes)
            if answers is None:
                return []
            found.append(answers)
        return found

    def _best(
        self, matrix: csr_array, goal: Floats, low: Floats, high: Floats, sizes: Floats
    ) -> Floats | None:
        """Return totals of ``sizes`` answers within the bounds of all sums, with the least ``goal``."""
        least, most = self.ends
        found = milp(
            goal,
            constraints=LinearConstraint(matrix, low, high),
            bounds=Bounds(sizes * least, sizes * most),
        )
        return np.asarray(found.x) if found.success else None


@dataclass
class _Ranges:
    """How far one answer in each class of a system can go at least, by the solutions seen so far."""

    system: System
    low: Floats = field(init=False)
    high: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.low = np.full(len(self.system.size), np.inf)
        self.high = np.full(len(self.system.size), -np.inf)

    @property
    def width(self) -> Floats:
        return self.high - self.low

    def add(self, totals: Floats) -> None:
        """Take in a solution: in the total of a class one answer is free as far as the others give way."""
        least, most = self.system.ends
        others = self.system.size - 1
        self.low = np.minimum(self.low, np.maximum(totals - others * most, least))
        self.high = np.maximum(self.high, np.minimum(totals - others * least, most))

    def solved(self, place: int) -> float:
        """Return the width for the class at ``place``, exactly, and take in the solutions."""
        left = self.system.size.copy()
        left[place] -= 1
        found = self.system._solved(place, left, ())
        for answer, *others in found:
            totals = np.array(others)
            totals[place] += answer
            self.add(totals)
        return float(found[1][0] - found[0][0]) if found else np.inf


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
