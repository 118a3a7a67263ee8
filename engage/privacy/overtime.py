"""What several releases say together: joiners, leavers and late answers are differences between cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd

from engage.privacy import leverage
from engage.privacy.leverage import Classes, Floats, Ints, Places
from engage.privacy.measures import Measure
from engage.privacy.roster import Flags, Grid, Roster
from engage.privacy.rounding import sum_noise

QUIET: Final = 100.0
"""Cells whose rounding hides this many times the variance of one answer are left out of the algebra."""
_DENSE: Final = 2e10  # classes × cells²; where that is more, they are looked at group by group
_ROUNDING: Final = 1e-6
_MORE: Final = 0.01  # what was sharp before counts as sharper from this much on
RANK_RATIO: Final = 0.25
"""The most that releases together may explain of everyone's answers."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that releases together may explain of anyone's answer, if nobody ever changed one.

    ``alone``, and with colluders ``together``. A share is held tighter: an answer that is one of two is known
    sooner.
    """

    alone: float
    together: float

    @classmethod
    def of(cls, measure: Measure) -> "Limits":
        """Return those of a measure."""
        return cls(0.5, 0.75) if measure.share_of else cls(0.75, 0.9)


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier release: who was in it, and by measure the cells of ``grid`` that were ``shown``.

    ``sums``: by measure, the lower and the upper bounds of the cells' sums that follow from what was shown;
    ``answers``: by measure, those of the people, as far as they are still known.
    """

    roster: Roster
    grid: Grid
    shown: Mapping[str, Flags]
    sums: Mapping[str, tuple[Floats, Floats]]
    answers: Mapping[str, Floats] = field(default_factory=dict)

    def part(self, measure: str) -> "Part":
        """Return what it says of a measure."""
        return Part(self.roster, self.grid, self.roster.answered[measure], self.shown[measure])


@dataclass(frozen=True, slots=True)
class Part:
    """What a release says of one measure: the people ``there``, and the cells ``shown``."""

    roster: Roster
    grid: Grid
    there: Flags
    shown: Flags


@dataclass(frozen=True, slots=True)
class Said:
    """What a set of cells says: each class's leverage, alone and with colluders, and the sum over people."""

    alone: Floats
    together: Floats
    total: float


@dataclass(frozen=True, slots=True)
class Joint:
    """The cells of a new release (first) and of earlier ones, over everybody who was in any of them.

    It is taken that nobody changed an answer between releases: the worst case. Cells with the same people
    then say the same, and one of them, an earlier one if any, stands for all: ``stands`` (cells,) is its
    number. ``rows``: of each release, the new one first, the places of its people among everybody.
    """

    people: Classes
    sizes: Floats
    noise: Floats
    limits: Limits
    new: int
    old: Flags
    family: Places
    stands: Places
    rows: tuple[Places, ...]
    _before: dict[int, Said] = field(default_factory=dict, init=False, compare=False, repr=False)

    @classmethod
    def of(cls, new: Part, past: Sequence[Part], measure: Measure) -> "Joint":
        """Lay the cells of a release beside those of earlier ones."""
        everyone = pd.Index(np.unique(np.concatenate([p.roster.people for p in (new, *past)]).astype(str)))
        blocks, families, rows, first = [], [], [], 0
        for part in (new, *past):
            grid = part.grid
            seen = part.there[:, None] & part.shown[grid.codes]
            block = np.full((len(everyone), len(grid.tables)), -1, dtype=np.int32)
            rows.append(everyone.get_indexer(part.roster.people.astype(str)))
            block[rows[-1]] = np.where(seen, grid.codes + first, -1)
            blocks.append(block)
            families += [(grid.tables[t], k) for t, k in grid.cells.itertuples(index=False)]
            first += len(grid.cells)
        codes = np.concatenate(blocks, axis=1)
        sizes = np.bincount(codes[codes >= 0], minlength=first).astype(float)
        stands = _same_people(codes, first)
        people = leverage.classes(np.where(codes >= 0, stands[codes], -1).astype(np.int32))
        old = np.concatenate([np.zeros(len(new.shown), dtype=bool), *(part.shown for part in past)])
        family = pd.factorize(pd.Series(families, dtype=object))[0]
        noise, limits = sum_noise(sizes, measure), Limits.of(measure)
        return cls(people, sizes, noise, limits, len(new.shown), old, family, stands, tuple(rows))

    def known(self, low: Floats, high: Floats, measure: Measure) -> "Joint":
        """Return the same with what is known of each sum (bounds, all cells) instead of what rounding hides.

        A sum that can take m values, one step of an answer apart, has the variance of a uniform choice; where
        one value only is left, rounding hides nothing.
        """
        width, spread = high - low, measure.width if measure.share_of else (measure.most - measure.least) / 4
        return replace(self, noise=width * (width + 2 * measure.step) / 12 / spread**2)

    def laid(self, answers: Sequence[Floats]) -> Floats:
        """Return everybody's answers from those of each release: the newest that is known, else NaN."""
        found = np.full(len(self.people.of), np.nan)
        for rows, given in reversed(list(zip(self.rows, answers, strict=True))):
            known = np.isfinite(given)
            found[rows[known]] = given[known]
        return found

    def seen(self, shown: Flags) -> Flags:
        """Return the cells that say something once the new cells ``shown`` are out, beside the old ones."""
        return self._standing(np.concatenate([shown, self.old[self.new :]]))

    def _standing(self, cells: Flags) -> Flags:
        found = np.zeros(len(cells), dtype=bool)
        found[self.stands[cells & (self.sizes > 0)]] = True
        return found

    def said(self, seen: Flags, colluders: int) -> Said:
        """Return what the cells ``seen`` (by :meth:`seen`) say of each class.

        Given everything else, a sum with rounding variance v adds 1/v to the precision of one answer. That
        bounds what quiet cells can add, and where there are very many cells, what all of them say.
        """
        precision = np.where(seen, 1 / self.noise.clip(1e-9), 0.0)
        loud = seen & (self.noise <= QUIET)
        extra = self._sums(np.where(loud, 0.0, precision))
        people = self.people.only(loud)
        if len(people.size) * float(loud.sum()) ** 2 <= _DENSE:
            geometry = leverage.with_noise(people, self.noise)
            alone, together = geometry.own, leverage.after_collusion(geometry, colluders)
            alone, together = _added(alone, extra), _added(together, extra)
            return Said(alone, together, float((alone * self.people.size).sum()))
        most = _added(np.zeros(len(extra)), self._sums(precision))
        alone, together = self._by_family(people, loud, most > self.limits.alone, colluders)
        alone, together = (np.minimum(_added(p, extra), most) for p in (alone, together))
        return Said(alone, together, float(loud.sum() + (extra * self.people.size).sum()))

    def said_before(self, colluders: int) -> Said:
        """Return what the old cells alone say of each class; worked out once."""
        if colluders not in self._before:
            self._before[colluders] = self.said(self._standing(self.old), colluders)
        return self._before[colluders]

    def _sums(self, by_cell: Floats) -> Floats:
        """Return for each class the sum over its cells."""
        return np.asarray(np.where(self.people.codes >= 0, by_cell[self.people.codes], 0.0).sum(axis=1))

    def excess(self, shown: Flags, colluders: int) -> Places:
        """Return the new cells to hide next so that ``shown`` ones don't say too much beside the old.

        People of whom the old cells alone say as much can't be helped any more.
        """
        now = self.said(self.seen(shown), colluders)
        n = float(self.people.size[(self.people.codes >= 0).any(axis=1)].sum())
        alone, together = self.limits.alone + _ROUNDING, self.limits.together + _ROUNDING
        bad = (now.alone > alone) | (now.together > together)
        average = now.total > RANK_RATIO * (n - colluders)
        if not (bad.any() or average):
            return np.zeros(0, dtype=np.intp)
        before = self.said_before(colluders)
        bad &= (now.alone > before.alone + _MORE) | (now.together > before.together + _MORE)
        if bad.any():
            away: set[int] = set().union(*(self.nearest(row, shown) for row in self.people.codes[bad]))
            return np.array(sorted(away), dtype=np.intp)
        if not average or now.total <= before.total + _MORE:
            return np.zeros(0, dtype=np.intp)
        whole = self.sizes[: self.new].max(initial=0.0)
        return np.array(sorted(self._smallest(self.sizes[: self.new] < whole, shown)), dtype=np.intp)

    def nearest(self, row: Ints, shown: Flags) -> set[int]:
        """Return the smallest new cell that these people are in, or were in when it was released earlier."""
        return self._smallest(np.isin(self.family[: self.new], self.family[row[row >= 0]]), shown)

    def _smallest(self, cells: Flags, shown: Flags) -> set[int]:
        """Return the smallest of ``cells`` that says anything new, with all ``shown`` of the same people.

        All are numbers and masks of new cells.
        """
        fresh = (self.sizes[: self.new] > 0) & (self.stands[: self.new] < self.new)
        some = np.flatnonzero(cells & shown & fresh)
        return self.twins(int(some[np.argmin(self.sizes[some])]), shown) if len(some) else set()

    def twins(self, cell: int, shown: Flags) -> set[int]:
        """Return the new cells ``shown`` of the same people as a new ``cell``, and that one itself."""
        stands = self.stands[: self.new]
        return set(np.flatnonzero(shown & (stands == stands[cell])).tolist())

    def _by_family(
        self, people: Classes, loud: Flags, wanted: Flags, colluders: int
    ) -> tuple[Floats, Floats]:
        """Return the leverages of the classes ``wanted`` (1 for others), seen from each one's smallest group.

        All others' answers are taken as known, which can only be more than what the cells say.
        """
        alone, together = np.ones(len(people.size)), np.ones(len(people.size))
        largest = pd.Series(self.sizes[loud]).groupby(self.family[loud]).max()
        member = np.where(people.codes >= 0, self.family[people.codes], -1)
        classes = np.repeat(np.arange(len(member)), member.shape[1])
        lists = pd.Series(classes).groupby(member.ravel()).unique()
        left = wanted.copy()
        for family in largest.sort_values(kind="stable").index:
            here = lists[family]
            fresh = left[here]
            if not fresh.any():
                continue
            geometry = leverage.with_noise(Classes(people.codes[here], people.size[here], here), self.noise)
            alone[here[fresh]] = geometry.own[fresh]
            together[here[fresh]] = leverage.after_collusion(geometry, colluders)[fresh]
            left[here] = False
        return alone, together


def _added(explained: Floats, precision: Floats) -> Floats:
    """Return the share of variance explained once ``precision`` (1 / variance) is added."""
    return np.asarray(1 - 1 / (1 / (1 - explained.clip(max=1 - 1e-9)) + precision))


def _same_people(codes: Ints, cells: int) -> Places:
    """Return for each cell the last one with the very same people: told by sums of random marks."""
    marks = np.random.default_rng(0).integers(0, 2**62, len(codes), dtype=np.uint64)
    sums = np.zeros(cells, dtype=np.uint64)
    for column in codes.T:
        there = column >= 0
        np.add.at(sums, column[there], marks[there])
    number = np.arange(cells)
    last = pd.Series(number[::-1]).groupby(sums[::-1]).transform("first").to_numpy()[::-1]
    return np.where(sums > 0, last, number).astype(np.intp)
