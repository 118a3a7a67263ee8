"""Where the names of points go on a scatter plot, so that they cover as little as possible."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import altair as alt

from engage.present import look
from engage.present.look import INK

WIDTH: Final = 620
HEIGHT: Final = 400

Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "Box") -> float:
        """Return the shared area."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(wide, 0.0) * max(high, 0.0)


_FAR: Final = -30
"""A name further above its point than this gets a line down to it."""

_SIDES: Final[tuple[tuple[int, int, Align], ...]] = (
    (9, 0, "left"), (-9, 0, "right"), (0, -13, "center"), (0, 14, "center"),
    (8, -11, "left"), (8, 12, "left"), (-8, -11, "right"), (-8, 12, "right"),
    (10, -22, "left"), (10, 23, "left"), (-10, -22, "right"), (-10, 23, "right"),
    (0, -27, "center"), (-3, -36, "left"), (3, -36, "right"), (-3, -52, "left"), (3, -52, "right"),
    (-3, -68, "left"), (3, -68, "right"),
)  # fmt: skip


def point_labels(
    base: alt.Chart,
    points: Sequence[tuple[float, float]],
    keys: Sequence[str],
    labels: Sequence[str],
    reserved: Sequence[Box] = (),
    *,
    y: str,
) -> list[alt.Chart]:
    """Return the names of points beside them, each on the side where it covers least.

    ``points`` in pixels of a plot of ``WIDTH`` × ``HEIGHT``; ``keys`` are the field ``driver`` of ``base``,
    whose field ``label`` holds the names and ``y`` the height. On a narrow screen names may touch, and
    tooltips tell.
    """
    taken = [Box(left - 6, top - 6, left + 6, top + 6) for left, top in points] + list(reserved)
    sides: dict[tuple[int, int, Align], list[str]] = {}
    for key, label, (left, top) in zip(keys, labels, points, strict=True):
        width = look.ems(label) * look.TEXT_SIZE
        boxes = {side: _label_box(left + side[0], top + side[1], width, side[2]) for side in _SIDES}
        best = min(_SIDES, key=lambda side: _cost(boxes[side], taken) + _SIDES.index(side))
        taken.append(boxes[best])
        sides.setdefault(best, []).append(key)
    layers = []
    for (dx, dy, align), own_keys in sides.items():
        own = base.transform_filter(alt.FieldOneOfPredicate(field="driver", oneOf=own_keys))
        if dy < _FAR:
            rule = own.mark_rule(color=INK, opacity=0.5, yOffset=-5, y2Offset=dy + 7)
            layers.append(rule.encode(y2=alt.Y2(f"{y}:Q")))
        layers.append(own.mark_text(align=align, dx=dx, dy=dy, color=INK).encode(text="label:N"))
    return layers


def _label_box(x: float, y: float, width: float, align: Align) -> Box:
    left = {"left": x, "right": x - width, "center": x - width / 2}[align]
    return Box(left, y - 8, left + width, y + 8)


def _cost(box: Box, taken: Sequence[Box]) -> float:
    """Return how much of what is there a label would cover; running out of the plot is worst."""
    outside = max(-box.left, 0) + max(box.right - WIDTH, 0) + max(-box.top, 0) + max(box.bottom - HEIGHT, 0)
    return sum(box.overlap(other) for other in taken) + 40 * outside
