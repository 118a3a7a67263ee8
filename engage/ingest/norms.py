"""Read a table of norms: what others answered on the scales of the questionnaire."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from engage.errors import InputError, Problem, Rejected
from engage.ingest.files import contents, open_grid
from engage.ingest.names import fold_field, fold_word, synonyms
from engage.ingest.validate import Flags, named
from engage.ingest.values import numbers
from engage.instrument import COMPOSITES, Instrument, Norm, ranges
from engage.words import LANGUAGES, say

_LONGEST: Final = 60
_MOST_ROWS: Final = 2000
_FIGURES: Final[tuple[str, ...]] = ("mean", "favourable")
_PER_CENT: Final = 100
_BAD: Final = {"mean": "norms.bad_mean", "favourable": "norms.bad_favourable", "n": "norms.bad_n"}

FloatArray = npt.NDArray[np.float64]


def read_norms(
    path_or_bytes: str | Path | bytes, instrument: Instrument, *, source: str = ""
) -> tuple[Norm, ...]:
    """Return the norms of a table with the columns scale, mean or favourable, source, n and period.

    ``scale``: an id of ``instrument`` or its name in any language; ``mean`` on the scale's own range;
    ``favourable``: 0.62, 62 or 62%; ``source``: who was asked, where the file has no such column. Empty rows
    are passed over; a row needs a mean or a share.

    Raises ``Rejected`` with every fault and its row, ``InputError`` where the file is no table or lacks a
    column, ``UsageError`` where there is no such file.
    """
    grid = open_grid(contents(path_or_bytes))
    rows = [[" ".join(cell.split()) for cell in row] for row in grid.cells]
    if len(rows) > _MOST_ROWS:
        raise InputError("norms.too_long", rows=len(rows), limit=_MOST_ROWS)
    heads, body = (rows[0], rows[1:]) if rows else ([], [])
    found = _columns(heads)
    if "scale" not in found or not set(_FIGURES) & set(found):
        raise InputError("norms.no_columns", known=[head for head in heads if head])
    reading = _Reading(instrument, {name: heads[at] for name, at in found.items()}, " ".join(source.split()))
    told = {name: [row[at] for row in body] for name, at in found.items()}
    figures = {name: _figures(name, told[name]) for name in (*_FIGURES, "n") if name in told}
    norms = []
    for place in range(len(body)):
        if any(body[place]):
            cells = {name: values[place] for name, values in told.items()}
            asked = {name: (float(value[place]), bool(bad[place])) for name, (value, bad) in figures.items()}
            norms.append(reading.norm(place + 2, cells, asked))
    if reading.faults:
        raise Rejected("norms.faulty", tuple(reading.faults))
    if not norms:
        raise InputError("norms.nothing")
    return tuple(norm for norm in norms if norm is not None)


def _columns(heads: list[str]) -> dict[str, int]:
    """Return the place of each field, the first where a heading stands twice."""
    known = synonyms("norms")
    found: dict[str, int] = {}
    for place, head in enumerate(heads):
        name = known.get(fold_field(head))
        if name:
            found.setdefault(name, place)
    return found


def _figures(name: str, told: list[str]) -> tuple[FloatArray, Flags]:
    """Return the numbers of a column, NaN where there is none, and which are no such figure; shares as 0..1.

    Shares without a percent sign are in per cent where one of them goes beyond 1.
    """
    value, percent, bad = numbers(told)
    if name == "favourable":
        if (value[~percent & ~bad] > 1).any():
            value = np.where(percent, value, value / _PER_CENT)
        bad = bad | (value < 0) | (value > 1)
    elif name == "mean":
        bad = bad | percent
    else:
        bad = bad | percent | (value < 0) | (value != np.floor(value)) & ~np.isnan(value)
    return np.where(bad, np.nan, value), bad


@dataclass
class _Reading:
    """A table while it is read: its headings by field, and the faults found so far."""

    instrument: Instrument
    heads: Mapping[str, str]
    source: str
    faults: list[Problem] = field(default_factory=list)
    seen: set[tuple[str, str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ranges = ranges(self.instrument)
        self.scales = _names(self.instrument, tuple(self.ranges))

    def norm(
        self, row: int, cells: Mapping[str, str], figures: Mapping[str, tuple[float, bool]]
    ) -> Norm | None:
        """Return the norm of a row, or note what is wrong with it."""
        before = len(self.faults)
        scale = self._scale(row, cells["scale"])
        for name, (_, bad) in figures.items():
            if bad:
                told = {"value": cells[name][:_LONGEST]}
                self.faults.append(Problem(_BAD[name], "error", row, self.heads[name], params=told))
        mean, favourable, n = (
            figures.get(name, (math.nan, False))[0] for name in ("mean", "favourable", "n")
        )
        if len(self.faults) == before and math.isnan(mean) and math.isnan(favourable):
            self.faults.append(Problem("norms.no_figure", "error", row))
        self._check_range(row, scale, mean)
        source = (cells.get("source") or self.source)[:_LONGEST]
        if not source:
            self.faults.append(Problem("norms.no_source", "error", row))
        period = cells.get("period", "").removesuffix(".0")[:_LONGEST]
        key = (scale, source, period)
        if key in self.seen:
            told = {"scale": scale, "source": source}
            self.faults.append(Problem("norms.twice", "error", row, params=told))
        if len(self.faults) > before:
            return None
        self.seen.add(key)
        return Norm(scale, source, mean, favourable, 0 if math.isnan(n) else int(n), period)

    def _scale(self, row: int, told: str) -> str:
        found = self.scales.get(fold_word(told), "")
        if not found:
            near = get_close_matches(fold_word(told), self.scales, 3, 0.5)
            known = list(dict.fromkeys(self.scales[name] for name in near)) or named(list(self.ranges))
            params = {"name": told[:_LONGEST], "known": known}
            problem = Problem("norms.unknown_scale", "error", row, self.heads["scale"], params=params)
            self.faults.append(problem)
        return found

    def _check_range(self, row: int, scale: str, mean: float) -> None:
        low, high = self.ranges.get(scale, (-math.inf, math.inf))
        if mean < low or mean > high:
            told = {"value": f"{mean:g}", "low": f"{low:g}", "high": f"{high:g}", "scale": scale}
            head = self.heads["mean"]
            self.faults.append(Problem("norms.out_of_range", "error", row, head, params=told))


def _names(instrument: Instrument, known: tuple[str, ...]) -> dict[str, str]:
    """Return the scale of every name that it may be called by, folded."""
    found = {fold_word(id): id for id in known}
    for scale in instrument.scales:
        for name in scale.name.values():
            found.setdefault(fold_word(name), scale.id)
    for id in (*COMPOSITES, "enps_net"):
        if id in known:
            for lang in LANGUAGES:
                found.setdefault(fold_word(say(f"labels.scale.{id}", lang)), id)
    return found
