"""Where a trend breaks: a scale that a wave asked in other words than the wave before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from engage.engine import COMPOSITES, ENPS, ENPS_NET
from engage.instrument import Instrument, ScaleChange, scale_change
from engage.store import Snapshot
from engage.workspace.merging import wave_instrument


@dataclass(frozen=True, slots=True)
class Break:
    """Figures of ``scale`` from ``wave_to`` on don't compare with those up to ``wave_from``.

    ``changes`` say why, by scale; of a composite, its scales that changed. ``joined`` and ``left`` are the
    scales that a composite is made of since then, and no longer.
    """

    scale: str
    wave_from: str
    wave_to: str
    changes: tuple[ScaleChange, ...]
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Breaks:
    """The breaks of all trends, by wave and then by scale. They say nothing about anybody's answers."""

    breaks: tuple[Break, ...]

    def tidy(self) -> pd.DataFrame:
        """Return ``scale, wave_from, wave_to, part, change, before, after``, a row per change.

        ``part`` is the scale that changed (the scale itself, or a composite's part); ``change`` is a kind of
        :class:`engage.instrument.ItemChange` with the item's ids, or ``scale_added`` or ``scale_dropped``.
        """
        rows: list[tuple[str | None, ...]] = []
        for one in self.breaks:
            lead = (one.scale, one.wave_from, one.wave_to)
            for part in one.changes:
                rows += [(*lead, part.scale, c.kind, c.before or None, c.after or None) for c in part.changes]
            rows += [(*lead, part, "scale_added", None, None) for part in one.joined]
            rows += [(*lead, part, "scale_dropped", None, None) for part in one.left]
        columns = ["scale", "wave_from", "wave_to", "part", "change", "before", "after"]
        return pd.DataFrame(rows, columns=columns, dtype=object)

    def _repr_html_(self) -> str:
        return str(self.tidy().to_html(index=False, na_rep=""))


def trend_breaks(snapshot: Snapshot, waves: Sequence[str]) -> Breaks:
    """Return the breaks between ``waves``, oldest first (see :func:`breaks_between`)."""
    return breaks_between({wave: wave_instrument(snapshot, wave) for wave in waves})


def breaks_between(asked: Mapping[str, Instrument]) -> Breaks:
    """Return the breaks between waves, oldest first, by what each was asked.

    A scale is held against the last wave before that asked it, which needn't be the one just before. A
    composite is made of its role's scales, and breaks with them.
    """
    last: dict[str, tuple[str, Instrument]] = {}
    found: list[Break] = []
    for wave, instrument in asked.items():
        for scale, parts in _made_of(instrument).items():
            if scale in last:
                before, earlier = last[scale]
                found += _broken(
                    scale, (before, earlier), (wave, instrument), _made_of(earlier)[scale], parts
                )
            last[scale] = wave, instrument
    return Breaks(tuple(found))


def since_break(moments: pd.DataFrame, breaks: Breaks, waves: Sequence[str]) -> pd.DataFrame:
    """Return the rows (``wave, scale``, …) whose scale has no later break: what may be compared."""
    place = {wave: number for number, wave in enumerate(waves)}
    first = {one.scale: place[one.wave_to] for one in breaks.breaks}  # the last break of each scale stands
    comparable = moments["wave"].map(place) >= moments["scale"].map(first).fillna(0)
    return moments[comparable].reset_index(drop=True)


def _made_of(instrument: Instrument) -> Mapping[str, tuple[str, ...]]:
    """Return the scales behind every figure of a wave."""
    made: dict[str, tuple[str, ...]] = {scale.id: (scale.id,) for scale in instrument.scales}
    for role in COMPOSITES:
        if parts := tuple(scale.id for scale in instrument.scales_with(role)):
            made[role] = parts
    return made | ({ENPS_NET: (ENPS,)} if ENPS in made else {})


def _broken(
    scale: str,
    before: tuple[str, Instrument],
    after: tuple[str, Instrument],
    old: Sequence[str],
    new: Sequence[str],
) -> list[Break]:
    shared = [scale_change(before[1], after[1], part) for part in new if part in old]
    changes = tuple(part for part in shared if not part.comparable)
    joined = tuple(part for part in new if part not in old)
    left = tuple(part for part in old if part not in new)
    if not (changes or joined or left):
        return []
    return [Break(scale, before[0], after[0], changes, joined, left)]
