"""Results with and without the people whom checks for careless answers flag: when the two may be shown.

The two differ by the answers of the flagged alone: m people flagged of n with means T and R of all and of
the rest have the mean (n·T − (n − m)·R)/m. So both together publish the flagged as a group, and the group has
to pass what any other has: enough people on either side, leverage and rank beside all cells that the wave
shows, and the check of the numbers themselves. What is shown is the difference, as coarse as for m people.
"""

from dataclasses import dataclass

import numpy as np

from engage.privacy import leverage, rounding
from engage.privacy.admit import too_sharp
from engage.privacy.boxes import Sums, lone
from engage.privacy.leverage import Floats
from engage.privacy.measures import Measure
from engage.privacy.overtime import Past
from engage.privacy.policy import Policy
from engage.privacy.roster import Flags


@dataclass(frozen=True, slots=True)
class Split:
    """A score of a whole wave with and without the people flagged; raw, for the gate alone.

    ``score`` (people,) in the order of the wave's roster, NaN for none; ``flagged`` (people,).
    """

    scale: str
    score: Floats
    flagged: Flags
    measure: Measure

    @property
    def there(self) -> Flags:
        """Who has a score."""
        return np.isfinite(self.score)

    @property
    def m(self) -> int:
        """How many people with a score are flagged."""
        return int((self.flagged & self.there).sum())

    @property
    def change(self) -> float:
        """The mean of the rest less the mean of all."""
        return float(self.score[self.there & ~self.flagged].mean() - self.score[self.there].mean())


def released_change(split: Split, release: Past, policy: Policy) -> float | None:
    """Return the change of a mean without the flagged, rounded as for so many people; ``None``: not shown.

    ``release`` is what the wave's close released. Which of the conditions fails is not said.
    """
    n, m = int(split.there.sum()), split.m
    if m < policy.scores_k or n - m < policy.model_n:
        return None
    if not release.shown[split.scale][release.grid.places[(), ()]] or _crossed(split, release, policy):
        return None
    change = rounding.score(split.change, m, in_points=split.measure.in_points)
    return None if _telling(split, change, policy) else change


def _crossed(split: Split, release: Past, policy: Policy) -> bool:
    """Return whether the flagged, beside the cells shown, would single anyone out or add up to too much."""
    shown, codes = release.shown[split.scale], release.grid.codes
    cells, there = len(shown), split.there
    seen = np.where(there[:, None] & shown[codes], codes, -1)
    groups = np.where(there, np.where(split.flagged, cells, cells + 1), -1)
    people = leverage.classes(np.column_stack([seen, groups])[there].astype(np.int32))
    geometry = leverage.exact(people, cells + 2)
    most = policy.rank_ratio * (people.size.sum() - 2 * policy.colluders)
    return bool(too_sharp(geometry, policy).any()) or geometry.total > most + 1e-6


def _telling(split: Split, change: float, policy: Policy) -> bool:
    """Return whether the numbers shown bring an answer of either side within what counts as knowing it."""
    measure, there = split.measure, split.there
    n, m = int(there.sum()), split.m
    mean = float(split.score[there].mean())
    whole = rounding.score_step(n, in_points=measure.in_points) / 2
    moved = rounding.score_step(m, in_points=measure.in_points) / 2
    nothing = np.zeros(0)
    sums = Sums(
        split.score, nothing, nothing, nothing.astype(bool), measure.least, measure.most, measure.width
    )
    total = rounding.score(mean, n, in_points=measure.in_points)
    for members, size, middle, half in (
        (there & split.flagged, m, m * total - (n - m) * change, m * whole + (n - m) * moved),
        (there & ~split.flagged, n - m, (n - m) * (total + change), (n - m) * (whole + moved)),
    ):
        low, high = max(middle - half, size * measure.least), min(middle + half, size * measure.most)
        if lone(sums, np.flatnonzero(members), low, high, policy.colluders):
            return True
    return False
