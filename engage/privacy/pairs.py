"""What two releases of nearly the same people say, by their difference, of those few who are in one only."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from engage.privacy.boxes import Sums, lone
from engage.privacy.leverage import Floats, Places
from engage.privacy.overtime import Joint
from engage.privacy.roster import Flags

_MOST: Final = 60
"""Differences of more people than that are left to the linear programmes."""


@dataclass(frozen=True, slots=True)
class _Difference:
    """The new cell ``cell`` less an earlier ``other``: the classes on either side."""

    cell: int
    other: int
    plus: Places
    minus: Places


def told_by_pairs(
    joint: Joint, used: Flags, low: Floats, high: Floats, sums: Sums, colluders: int
) -> set[int]:
    """Return the new cells of which some earlier cell's difference exposes someone to the worst colluders.

    ``used``: the cells looked at; ``low``, ``high``: bounds of all sums; ``sums``: the new release's, whose
    ``answers`` here are those of everybody in any release, NaN where they are not known (nobody knows them to
    tell). A sum less another is a sum too, over answers turned round where they are taken away.
    """
    ends, away = sums.least + sums.most, set[int]()
    by_class = np.argsort(joint.people.of, kind="stable")
    first = np.append(0, np.cumsum(joint.people.size.astype(np.intp)))

    def answers(classes: Places) -> Floats:
        people = [by_class[first[c] : first[c + 1]] for c in classes.tolist()]
        return sums.answers[np.concatenate(people)] if people else np.zeros(0)

    for found in _differences(joint, used, away):
        taken = ends - answers(found.minus)
        both = np.concatenate([answers(found.plus), taken])
        turned = len(taken) * ends
        least = low[found.cell] - high[found.other] + turned
        most = high[found.cell] - low[found.other] + turned
        if lone(replace(sums, answers=both), np.arange(len(both)), least, most, colluders):
            away.add(found.cell)
    return away


def _differences(joint: Joint, used: Flags, away: Collection[int]) -> Iterator[_Difference]:
    """Yield the differences worth a look; none of a cell that is in ``away`` by then."""
    codes, cells = joint.people.codes, len(used)
    rows, columns = np.nonzero((codes >= 0) & used[codes])
    held = csr_array((np.ones(len(rows)), (codes[rows, columns], rows)), shape=(cells, len(codes)))
    held.data[:] = 1.0
    new = np.flatnonzero(used[: joint.new])
    old = np.flatnonzero(used & (np.arange(cells) >= joint.new))
    shared = (held[new] * joint.people.size[None, :]) @ held[old].T
    pairs = shared.tocoo()
    apart = joint.sizes[new[pairs.row]] + joint.sizes[old[pairs.col]] - 2 * pairs.data
    for place in np.flatnonzero((apart > 0) & (apart <= _MOST)):
        cell, other = int(new[pairs.row[place]]), int(old[pairs.col[place]])
        if cell in away:
            continue
        mine, theirs = (held.indices[held.indptr[one] : held.indptr[one + 1]] for one in (cell, other))
        yield _Difference(cell, other, np.setdiff1d(mine, theirs), np.setdiff1d(theirs, mine))
