"""Which cells of a wave may be published: chosen from who belongs where, never from what was answered.

Everything here follows from the groups people belong to, which a reader may know; so that a cell is hidden
tells nothing new. What depends on the answers is left to :mod:`engage.privacy.boxes`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engage.privacy import leverage
from engage.privacy.leverage import Geometry, Places
from engage.privacy.measures import Measure
from engage.privacy.overtime import Joint, Part, Past
from engage.privacy.policy import Policy
from engage.privacy.roster import Flags, Grid, Roster
from engage.privacy.suppress import COMBINATION, suppress

_ROUNDING: Final = 1e-9

Reasons = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Admitted:
    """Why each cell is hidden, ``""`` where it is not; ``joint``: what is shown beside earlier releases."""

    reasons: Reasons
    joint: Joint | None


def admit(
    roster: Roster, grid: Grid, measures: Mapping[str, Measure], policy: Policy, past: Sequence[Past] = ()
) -> dict[str, Admitted]:
    """Return, by measure, why each cell of ``grid`` is hidden.

    Coarse to fine, table by table, a cell is admitted only if it has at least ``scores_k`` people, what is
    hidden beside it has none or as many, and all that is published until then leaves everyone's leverage at
    ``policy.leverage`` or below (half-way to 1 with ``policy.colluders`` others telling their answers) and
    the rank at ``policy.rank_ratio`` of the people, in the whole and in each org subtree. Colluders are no
    people there; in the whole each counts as two, since in a small one their answers sharpen the guesses
    about the rest (measured: docs/privacy.md). Then the same jointly with ``past``, as if nobody changed
    their mind between releases, but with the rounding of the sums (:mod:`engage.privacy.overtime`). A share
    is admitted only where its scale is.

    Measures are looked at one by one where not everyone has a value.
    """
    chosen: dict[bytes, Reasons] = {}
    found: dict[bytes, Admitted] = {}
    admitted: dict[str, Admitted] = {}
    everyone = _choose(grid, np.ones(len(roster.people), dtype=bool), policy)
    for name, measure in measures.items():
        there = roster.answered[name]
        if there.tobytes() not in chosen:
            chosen[there.tobytes()] = (
                everyone if there.all() else _choose(grid, there, policy, before=everyone)
            )
        base = chosen[there.tobytes()]
        if measure.share_of in admitted:
            scale = admitted[measure.share_of].reasons
            base = np.where(scale != "", scale, base)
        parts = [release.part(name) for release in past if name in release.shown]
        mark = (
            repr((measure.width, bool(measure.share_of))).encode()
            + there.tobytes()
            + repr(list(base)).encode()
        )
        mark += b"".join(part.there.tobytes() + part.shown.tobytes() for part in parts)
        if mark not in found:
            found[mark] = _over_time(Part(roster, grid, there, base == ""), base, parts, measure, policy)
        admitted[name] = found[mark]
    return admitted


def _choose(grid: Grid, there: Flags, policy: Policy, before: Reasons | None = None) -> Reasons:
    """Choose the cells of one release for the people ``there``; cells hidden in ``before`` stay hidden."""
    people = leverage.classes(np.where(there[:, None], grid.codes, -1).astype(np.int32))
    sizes = grid.sizes(there)
    reasons = np.full(len(grid.cells), COMBINATION, dtype=object)
    order = sorted(range(len(grid.tables)), key=lambda t: (len(grid.tables[t]), len(grid.numbers(t))))
    for table in order:
        numbers = grid.numbers(table)
        reasons[numbers] = _suppressed(grid, table, sizes, policy.scores_k)
        if before is not None:
            hidden = (before[numbers] != "") & (reasons[numbers] == "")
            reasons[numbers[hidden]] = before[numbers][hidden]
        while (reasons[numbers] == "").any():
            away = _excess(grid, people, sizes, reasons, numbers, policy)
            if not len(away):
                break
            reasons[away] = COMBINATION
    return reasons


def _suppressed(grid: Grid, table: int, sizes: NDArray[np.int64], k: int) -> Reasons:
    numbers, by = grid.numbers(table), grid.tables[table]
    if (sizes[numbers] >= k).all():
        return np.full(len(numbers), "", dtype=object)
    frame = pd.DataFrame(grid.cells["key"].iloc[numbers].tolist(), columns=list(by), index=numbers)
    frame["n"] = sizes[numbers]
    reason = pd.Series("too_few", index=numbers, dtype=object)
    some = frame["n"] > 0
    reason[some] = suppress(frame[some], by, k)
    return reason.to_numpy()


def _excess(
    grid: Grid,
    people: leverage.Classes,
    sizes: NDArray[np.int64],
    reasons: Reasons,
    numbers: Places,
    policy: Policy,
) -> Places:
    """Return the cells of the table ``numbers`` to hide next; none if what is shown is safe."""
    shown = reasons == ""
    geometry = leverage.exact(people.only(shown), len(reasons))
    mine = numbers[shown[numbers]]
    smallest: Places = mine[[int(np.argmin(sizes[mine]))]]
    bad = too_sharp(geometry, policy)
    if bad.any():
        named: Places = mine[np.isin(mine, people.codes[bad])]
        return named if len(named) else smallest
    most = policy.rank_ratio * (people.size.sum() - 2 * policy.colluders)
    if geometry.total > most + _ROUNDING * len(reasons):
        return smallest
    for parent in grid.parents:
        for tree in grid.numbers(parent):
            inside = people.codes[:, parent] == tree
            inner: Places = mine[np.isin(mine, people.codes[inside]) & (sizes[mine] < sizes[tree])]
            said = float((geometry.own * people.size)[inside].sum())
            if len(inner) and said > policy.rank_ratio * (sizes[tree] - policy.colluders):
                return inner[[int(np.argmin(sizes[inner]))]]
    return numbers[:0]


def too_sharp(geometry: Geometry, policy: Policy) -> Flags:
    """Return the classes whose people could be told too closely, alone or with colluders."""
    alone = geometry.own > policy.leverage + _ROUNDING
    together = leverage.after_collusion(geometry, policy.colluders) > (1 + policy.leverage) / 2 + _ROUNDING
    return np.asarray(alone | together)


def _over_time(
    now: Part, chosen: Reasons, past: Sequence[Part], measure: Measure, policy: Policy
) -> Admitted:
    """Hide the cells of ``chosen`` that would say too much beside those of earlier releases."""
    if not past:
        return Admitted(chosen, None)
    reasons, joint = chosen.copy(), Joint.of(now, past, measure)
    while len(away := joint.excess(reasons == "", policy.colluders)):
        reasons[away] = COMBINATION
    return Admitted(reasons, joint)
