"""The numbers that are released of each group: their range, and what counts as knowing one answer."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of each person that groups are averaged over.

    From ``least`` to ``most``; ``step`` lies between neighbouring values of one person (0: not known).
    ``in_points``: a score from −100 to 100. ``share_of``: of what this is a share of people, such as the
    scale whose favourable answers are counted; ``""`` for a score itself.
    """

    least: float
    most: float
    step: float = 0.0
    in_points: bool = False
    share_of: str = ""

    @property
    def width(self) -> float:
        """How narrow a range counts as knowing the answer: a quarter of the scale, half of a share."""
        return (self.most - self.least) * (0.5 if self.share_of else 0.25)


def with_shares(scores: Mapping[str, Measure], favourable: str) -> dict[str, Measure]:
    """Return the measures of ``scores``, and after them the favourable share of each that has one.

    The share's column is the scale's with the suffix ``favourable``.
    """
    shares = {
        scale + favourable: Measure(0.0, 1.0, measure.step, share_of=scale)
        for scale, measure in scores.items()
        if not measure.in_points
    }
    return {**scores, **shares}
