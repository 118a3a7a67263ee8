"""What released numbers say of single answers: the narrowest range that each must lie in.

Rank and leverage look at who is where; a mean close to the end of the scale says much whoever is there. So
the last check takes the numbers as they will be shown, with their rounding and caps, and asks how far each
answer could still lie from what it is: first in each cell by itself, with the worst colluders; then, for
people whom many cells cross, by linear programming over all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engage.privacy.leverage import Classes, Floats, Geometry, Places, Ring, View
from engage.privacy.programme import Told, systems
from engage.privacy.roster import Flags

_TINY: Final = 1e-9
_ROUNDS: Final = 4


@dataclass(frozen=True, slots=True)
class Sums:
    """What is known of one score: ``low`` and ``high`` (cells,) bound the sum of each cell's answers.

    ``answers`` (people,) are the true ones, between ``least`` and ``most``. Someone counts as exposed if
    their answer is known to lie within less than ``width``. Cells that say nothing have infinite bounds;
    ``loud`` are those whose rounding leaves enough to be used in linear programmes.
    """

    answers: Floats
    low: Floats
    high: Floats
    loud: Flags
    least: float
    most: float
    width: float

    def tightened(
        self, shown: Flags, parts: Sequence[tuple[int, Places]], sizes: NDArray[np.int64]
    ) -> "Sums":
        """Return the bounds that follow for all cells from those shown: a whole is the sum of its parts."""
        low = np.where(shown, self.low, sizes * self.least)
        high = np.where(shown, self.high, sizes * self.most)
        for _ in range(_ROUNDS):
            for whole, some in parts:
                lows, highs = low[some].sum(), high[some].sum()
                low[whole], high[whole] = max(low[whole], lows), min(high[whole], highs)
                low[some] = np.maximum(low[some], low[whole] - (highs - high[some]))
                high[some] = np.minimum(high[some], high[whole] - (lows - low[some]))
        return replace(self, low=low, high=high)


def looked_at(n: float) -> float:
    """Return the leverage from which people are looked at one by one: of up to 100 people, everyone."""
    return 0.0 if n <= 100 else 0.2 if n <= 400 else 0.45


def loud(noise: Floats, n: float) -> Flags:
    """Return the cells that linear programmes use: those whose rounding leaves enough.

    ``noise`` as in :func:`engage.privacy.rounding.sum_noise`; among ``n`` people in all.
    """
    return np.asarray(noise <= (30.0 if n <= 400 else 5.0))


def lone(sums: Sums, members: Places, low: float, high: float, colluders: int) -> bool:
    """Return whether a sum alone exposes one of ``members`` to the worst ``colluders`` among them.

    They are those with the highest answers (the others must then be low), or those with the lowest.
    """
    answers = np.sort(sums.answers[members])
    left = len(answers) - min(colluders, len(answers) - 1)
    for told in (answers[left:], answers[: len(answers) - left]):
        least = max(sums.least, low - told.sum() - (left - 1) * sums.most)
        most = min(sums.most, high - told.sum() - (left - 1) * sums.least)
        if most - least < sums.width - _TINY:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Crossed:
    """People whom several cells cross, by class, and the geometry of the cells they are in.

    ``targets``: the classes looked at; ``colluders``: for each, the classes of those who tell most of it.
    """

    people: Classes
    geometry: Geometry
    targets: Places
    colluders: tuple[tuple[int, ...], ...]
    many: int

    @classmethod
    def of(cls, people: Classes, geometry: Geometry, smallest: Floats, colluders: int) -> "Crossed":
        """Find the classes that are told more of by all cells together than by their smallest one alone.

        ``smallest`` (classes,): the size of the smallest cell each is in. In a small company everyone is
        looked at.
        """
        least = looked_at(people.size.sum())
        targets = np.flatnonzero((geometry.own > least) & ((geometry.own >= 1.5 / smallest) | (least == 0)))
        ring = Ring.of(geometry)
        places = {int(c): place for place, c in enumerate(ring.pool)}
        told = tuple(
            tuple(int(ring.pool[s]) for s in ring.collude(places[c], colluders)[1]) if c in places else ()
            for c in targets.tolist()
        )
        return cls(people, geometry, targets, told, colluders)

    def exposed(self, sums: Sums, sizes: NDArray[np.int64]) -> Places:
        """Return the targets (classes) of whom someone is exposed, alone or to colluders.

        Those are the people who tell most of the target by the geometry; or, of its smallest cell, the ones
        with the highest answers, or with the lowest.
        """
        known = np.isfinite(sums.answers)
        size = np.bincount(self.people.of[known], minlength=len(self.people.size)).astype(float)
        totals = np.bincount(self.people.of[known], sums.answers[known], len(size)).astype(float)
        base = self._smooth(size, totals)
        told = dict(zip(self.targets.tolist(), self.colluders, strict=True))
        people = Classes(self.people.codes, size, self.people.of)
        ends = (sums.least, sums.most)
        bad = []
        for system, targets in systems(people, sums.low, sums.high, ends, self.targets):
            for target in targets:
                if size[target] and any(
                    not self._free(target, others, sums, base, size)
                    and system.width(target, others) < sums.width - 1e-6
                    for others in self._sets(target, told[target], sums, sizes)
                ):
                    bad.append(target)
        return np.array(bad, dtype=np.intp)

    def _sets(self, target: int, told: tuple[int, ...], sums: Sums, sizes: NDArray[np.int64]) -> list[Told]:
        """Return the sets of colluders to try against a member of class ``target``."""
        found: list[Told] = [()]
        cells = self.people.codes[target]
        cells = cells[(cells >= 0) & np.isfinite(np.append(sums.low, -np.inf)[cells])]
        if self.many == 0 or not len(cells):
            return found
        people, victim = self.people, int(np.flatnonzero(self._there(target, sums))[0])
        chosen: list[int] = []
        for s in told:
            theirs = [int(p) for p in np.flatnonzero(self._there(s, sums)) if p != victim and p not in chosen]
            chosen += theirs[:1]
        cell = cells[np.argmin(sizes[cells])]
        inside = (people.codes == cell).any(axis=1)[people.of] & np.isfinite(sums.answers)
        inside[victim] = False
        ordered = np.flatnonzero(inside)
        ordered = ordered[np.argsort(sums.answers[ordered], kind="stable")]
        for some in (chosen, ordered[: self.many], ordered[::-1][: self.many]):
            found.append([(int(people.of[p]), float(sums.answers[p])) for p in some])
        return found

    def _there(self, target: int, sums: Sums) -> Flags:
        return np.asarray((self.people.of == target) & np.isfinite(sums.answers))

    def _smooth(self, size: Floats, totals: Floats) -> Floats:
        """Return the answers by class that fit all exact sums and are as like each other as can be."""
        mean = totals.sum() / max(size.sum(), 1.0)
        off = totals - size * mean
        g = self.geometry
        block = np.bincount(g.block[g.block >= 0], off[g.block >= 0], int(g.block.max(initial=-1)) + 1)
        lone = np.where(g.block >= 0, block[g.block] * g.weight if len(block) else 0.0, 0.0)
        return np.asarray(mean + g.features @ (g.features.T @ off) + lone)

    def _free(self, i: int, told: Told, sums: Sums, base: Floats, size: Floats) -> bool:
        """Return whether a member of class i can be moved by the width with every sum kept: a quick proof."""
        every = np.arange(len(size))
        left, fit = size.copy(), base
        left[i] -= 1
        row, own = self.geometry.between(i, every), self.geometry.own
        view = View(row, own, float(own[i]))
        for s, answer in told:
            fit = fit + view.tell(s, self.geometry.between(s, every)) * (answer - fit[s])
            left[s] -= 1
        if view.target > 1 - 1e-6:
            return False
        others = left > 0
        z = np.append(fit[others], fit[i])
        step = np.append(-view.row[others] / (1 - view.target), 1.0)
        if (z < sums.least).any() or (z > sums.most).any():
            return False
        with np.errstate(divide="ignore", invalid="ignore"):
            up = np.where(step > 0, (sums.most - z) / step, (z - sums.least) / -step)
            down = np.where(step > 0, (z - sums.least) / step, (sums.most - z) / -step)
        return bool(np.nanmin(up) + np.nanmin(down) >= sums.width)
