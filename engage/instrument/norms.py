"""Norms: what other people answered on the same scales, to stand beside one's own results.

A norm is a figure from outside (an industry, a parent firm, a year before the workspace), so it is nobody's
answer here and passes no gate; charts take it as a :class:`Norm` and as nothing else.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engage.instrument.model import Instrument

COMPOSITES: Final = ("hygiene", "motivator")
"""Means over the scales of a role, which have norms like scales."""
POINTS: Final = "enps_net"
POINTS_RANGE: Final = (-100.0, 100.0)


@dataclass(frozen=True, slots=True)
class Norm:
    """One figure of a ``source`` ("industry 2025") on a scale.

    ``mean`` on the scale's own range and ``favourable`` a share 0..1; at least one of them, the other NaN.
    ``n``: the people behind it, 0 where that was not told. ``period``: a wave or year in the source's words.
    """

    scale: str
    source: str
    mean: float = math.nan
    favourable: float = math.nan
    n: int = 0
    period: str = ""

    @property
    def label(self) -> str:
        """Return the source with its period, as marks are labelled."""
        return (
            f"{self.source} {self.period}" if self.period and self.period not in self.source else self.source
        )


def ranges(instrument: Instrument) -> Mapping[str, tuple[float, float]]:
    """Return the lowest and highest score of each scale, of the two composites and of eNPS in points.

    A composite has a range where all items of its role have one and the same.
    """
    found: dict[str, tuple[float, float]] = {}
    for scale in instrument.scales:
        items = [item for item in instrument.items if item.id in scale.items]
        found[scale.id] = (float(min(i.minimum for i in items)), float(max(i.maximum for i in items)))
    for role in COMPOSITES:
        own = {found[scale.id] for scale in instrument.scales if scale.role == role}
        if len(own) == 1:
            found.setdefault(role, own.pop())
    if "enps" in found:
        found[POINTS] = POINTS_RANGE
    return found


def sources(norms: Sequence[Norm]) -> tuple[str, ...]:
    """Return the labels of the norms, each once, in their order."""
    return tuple(dict.fromkeys(norm.label for norm in norms))
