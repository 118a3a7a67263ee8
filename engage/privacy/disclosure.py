"""Why each cell of a wave stays hidden: the admission by structure, then the check of the numbers themselves.

A cell whose numbers would expose someone is hidden like one that its place among the others forbids, with the
same reason, so that the reason does not give the answers away.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engage.privacy import leverage, rounding
from engage.privacy.admit import Reasons, admit
from engage.privacy.boxes import Crossed, Sums, lone, looked_at, loud
from engage.privacy.leverage import Floats, Places
from engage.privacy.measures import Measure
from engage.privacy.overtime import Joint, Past
from engage.privacy.policy import Policy
from engage.privacy.programme import systems
from engage.privacy.roster import By, Flags, Grid, Roster, as_text
from engage.privacy.suppress import COMBINATION

REMEMBERED: Final = 3
"""Earlier releases over which answers are taken as unchanged."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """The reasons of a wave's cells by measure (``""`` where shown), over the cells of ``grid``."""

    roster: Roster
    grid: Grid
    measures: Mapping[str, Measure]
    reasons: Mapping[str, Reasons]

    def of(self, by: By, cells: pd.DataFrame) -> pd.DataFrame:
        """Return for each row of ``cells`` (the columns ``by`` and ``scale``) the reasons of its numbers.

        The columns are ``mean`` and ``favourable``.
        """
        places = [self.grid.places[by, key] for key in as_text(cells, by).itertuples(index=False, name=None)]
        shares = {measure.share_of: name for name, measure in self.measures.items() if measure.share_of}
        rows = [
            (self.reasons[s][n], self.reasons[shares.get(s, s)][n])
            for s, n in zip(cells["scale"], places, strict=True)
        ]
        return pd.DataFrame(rows, columns=["mean", "favourable"], index=cells.index, dtype=object)


def hidden_cells(
    scores: pd.DataFrame,
    tables: Sequence[By],
    measures: Mapping[str, Measure],
    policy: Policy,
    past: Sequence[Past] = (),
) -> Hidden:
    """Return which cells of ``tables`` stay hidden, by measure.

    ``scores``: one row per person: ``respondent``, demographics, and a column per measure. ``past``: earlier
    releases, oldest first; the latest ``REMEMBERED`` count, since over years people do change their minds.
    """
    past = past[-REMEMBERED:]
    groups = list(dict.fromkeys(name for by in tables for name in by))
    roster = Roster.of(scores, groups, measures)
    grid = Grid.of(roster, tables)
    reasons: dict[str, Reasons] = {}
    views: dict[bytes, _View] = {}
    admitted = admit(roster, grid, measures, policy, past)
    for name, measure in measures.items():
        there, chosen = roster.answered[name], admitted[name].reasons
        if measure.share_of:
            above = reasons[measure.share_of]
            chosen = np.where(above != "", above, chosen)
        mark = there.tobytes() + (chosen == "").tobytes()
        if mark not in views:
            views[mark] = _View.of(grid, there, chosen, policy)
        sums = sums_of(scores[name].to_numpy(dtype=float), grid, measure, policy)
        reasons[name] = _checked(chosen, sums, views[mark], policy)
        if joint := admitted[name].joint:
            past_sums = [release.sums[name] for release in past if name in release.sums]
            while away := _telling_over_time(joint, reasons[name] == "", sums, past_sums):
                reasons[name][list(away)] = COMBINATION
    return Hidden(roster, grid, measures, reasons)


def sums_of(answers: Floats, grid: Grid, measure: Measure, policy: Policy) -> Sums:
    """Return what releasing every cell of ``grid`` would say of one measure."""
    there = np.isfinite(answers)
    n = grid.sizes(there)
    sums = np.zeros(len(n))
    for column in grid.codes.T:
        sums += np.bincount(column[there], answers[there], len(n))
    bounds = [bounds_of(int(k), t / max(k, 1), measure, policy) for k, t in zip(n, sums, strict=True)]
    low, high = np.array(bounds).reshape(-1, 2).T
    # whoever left out an item is between two steps
    low, high = np.minimum(low, sums), np.maximum(high, sums)
    used = loud(rounding.sum_noise(n.astype(float), measure), len(answers))
    return Sums(answers, low, high, used, measure.least, measure.most, measure.width)


def bounds_of(n: int, mean: float, measure: Measure, policy: Policy) -> tuple[float, float]:
    """Return the bounds of a sum over n answers that follow from its mean as it is released."""
    floor, ceiling = n * measure.least, n * measure.most
    if n == 0:
        return 0.0, 0.0
    if measure.share_of:
        shown = rounding.share(mean, n, policy.colluders)
        if np.isnan(shown):
            return floor, ceiling
        cap, half = rounding.share_cap(n, policy.colluders), rounding.share_step(n) / 2
        low = 0.0 if shown <= cap else shown - half
        high = 1.0 if shown >= 1 - cap - 1e-9 else shown + half
    else:
        half = rounding.score_step(n, in_points=measure.in_points) / 2
        shown = rounding.score(mean, n, in_points=measure.in_points)
        low, high = shown - half, shown + half
    low, high = max(n * low, floor), min(n * high, ceiling)
    if measure.step:
        low = math.ceil(low / measure.step - 1e-6) * measure.step
        high = math.floor(high / measure.step + 1e-6) * measure.step
    return low, high


@dataclass(frozen=True, slots=True)
class _View:
    """What scales with the same people and the same shown cells have in common.

    ``members``: the people of each cell; ``sizes``: how many; ``parts``: each cell with the cells of a finer
    table that it falls into, whose sums make up its own.
    """

    members: Sequence[Places]
    sizes: NDArray[np.int64]
    parts: Sequence[tuple[int, Places]]
    crossed: Crossed

    @classmethod
    def of(cls, grid: Grid, there: Flags, reasons: Reasons, policy: Policy) -> "_View":
        shown = reasons == ""
        codes = np.where(there[:, None], grid.codes, -1).astype(np.int32)
        sizes = grid.sizes(there)
        members: list[Places] = [np.zeros(0, dtype=np.intp)] * len(reasons)
        for column in codes.T:
            order = np.argsort(column, kind="stable")
            cells, first = np.unique(column[order], return_index=True)
            for cell, part in zip(cells, np.split(order, first[1:]), strict=True):
                if cell >= 0:
                    members[cell] = part
        people = leverage.classes(np.where(shown[codes], codes, -1).astype(np.int32))
        smallest = np.where(people.codes >= 0, sizes[people.codes], np.inf).min(axis=1)
        geometry = leverage.exact(people, len(reasons))
        crossed = Crossed.of(people, geometry, smallest, policy.colluders)
        return cls(members, sizes, grid.parts, crossed)


def _checked(reasons: Reasons, sums: Sums, view: _View, policy: Policy) -> Reasons:
    """Hide the cells whose numbers would expose someone."""
    reasons = reasons.copy()
    while True:
        away = _telling(reasons == "", sums, view, policy.colluders)
        if not away:
            away = _telling_together(reasons == "", sums, view)
        if not away:
            return reasons
        reasons[list(away)] = COMBINATION


def _telling(shown: Flags, sums: Sums, view: _View, colluders: int) -> set[int]:
    """Return the cells to hide because a cell by itself, or what is left of one, exposes someone."""
    tight = sums.tightened(shown, view.parts, view.sizes)
    away: set[int] = set()
    for number in np.flatnonzero(shown & (view.sizes > 0)):
        if lone(sums, view.members[int(number)], tight.low[number], tight.high[number], colluders):
            away.add(int(number))
    for whole, parts in view.parts:
        seen, hidden = parts[shown[parts]], parts[~shown[parts] & (view.sizes[parts] > 0)]
        if not len(seen) or not len(hidden):
            continue
        rest = np.concatenate([view.members[n] for n in hidden])
        low = tight.low[whole] - tight.high[seen].sum()
        if lone(sums, rest, low, tight.high[whole] - tight.low[seen].sum(), colluders):
            away.add(int(seen[int(np.argmin(view.sizes[seen]))]))
    return away


def _telling_over_time(
    joint: Joint, shown: Flags, sums: Sums, past: Sequence[tuple[Floats, Floats]]
) -> set[int]:
    """Return cells to hide because all releases together expose someone, if nobody changed an answer.

    Looked at is whoever they explain more than a little of, group by group of people whom loud cells connect;
    a group is left out where somebody did change: nothing follows from sums that no answers fit.
    """
    seen, n = joint.seen(shown), float(joint.people.size.sum())
    used = seen & loud(joint.noise, n)
    low = np.where(used, np.concatenate([sums.low, *(low for low, _ in past)]), -np.inf)
    high = np.where(used, np.concatenate([sums.high, *(high for _, high in past)]), np.inf)
    targets = np.flatnonzero(joint.said(seen, 0).alone > looked_at(n))
    away: set[int] = set()
    for system, some in systems(joint.people, low, high, (sums.least, sums.most), targets):
        if system.fits:
            for target in some:
                if system.width(target) < sums.width - 1e-6:
                    away |= joint.nearest(joint.people.codes[target], shown)
    return away


def _telling_together(shown: Flags, sums: Sums, view: _View) -> set[int]:
    """Return the smallest cell of whoever all cells together expose."""
    away = set()
    used = shown & sums.loud
    seen = replace(sums, low=np.where(used, sums.low, -np.inf), high=np.where(used, sums.high, np.inf))
    for target in view.crossed.exposed(seen, view.sizes):
        mine = [int(c) for c in view.crossed.people.codes[target] if c >= 0 and shown[c]]
        away |= {min(mine, key=lambda c: (view.sizes[c], c))} if mine else set()
    return away
