"""What stands behind a model: people, coefficients, categories and leverage, and whether that is enough.

A model is a table of equations on its people's answers. With X known (the worst case), the estimates of least
squares and of a logit tell X'y of the outcome y: the sums over every group that some combination of the
columns picks out. Person i's leverage is ``h_ii`` of the projection on the columns of X; a group of m people
that the columns pick out gives each of them a leverage of 1/m at least. So nobody's answer follows from the
estimates where leverages stay below 1, nor, with the answers of colluders J known, where
``h_ii | J = x_i'(X'X − X_J'X_J)⁻¹x_i`` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engage.errors import TooLittleData
from engage.model.design import Design, FloatArray, IntArray
from engage.privacy.policy import Policy

OTHER: Final = "other"
"""The category that small ones are merged into."""

_SMALLEST_ROOM: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Support:
    """What stands behind one fitted model.

    ``n`` rows of ``people`` different people (a team's rows count one each, see ``team``); ``coefficients``
    with the intercept; ``df`` degrees of freedom of its errors: rows less coefficients, or clusters less one
    if fewer. ``differing`` people have another outcome than the most frequent one: in a model of yes and no
    (``binary``), those with the rarer. ``category``: people in the smallest category of any column with
    categories or two values; ``side``: the fewest people in a category with one of the two outcomes; both
    ``None`` without one. ``leverage``: the highest of anybody, ``leverage_known`` with the worst
    ``policy.colluders`` others known. ``team``: answers behind the smallest row of teams, ``None`` where rows
    are people.
    """

    n: int
    people: int
    coefficients: int
    df: int
    differing: int
    binary: bool = False
    category: int | None = None
    side: int | None = None
    leverage: float = 0.0
    leverage_known: float = 0.0
    team: int | None = None


def support_of(
    design: Design, frame: pd.DataFrame, names: Sequence[str], policy: Policy, *, person: str | None = None
) -> Support:
    """Measure what stands behind a model of ``design``, which was built from ``frame``.

    ``names`` are its drivers and controls. ``person`` is the column that says whose row it is; several rows
    of a person are taken together. Without it every row counts as one. A model is one of yes and no where
    the outcome has no values but 0 and 1.
    """
    rows = frame.iloc[design.rows]
    who = pd.factorize(rows[person])[0] if person else np.arange(design.n)
    values, kind = np.unique(design.outcome, return_inverse=True)
    binary = bool(np.isin(values, (0, 1)).all())
    p = len(design.terms) + 1
    clusters = design.n_clusters
    sizes = [size for name in names for size in _sizes(rows[name], who, kind if binary else None)]
    own, known = leverages(design.columns, who, policy.colluders)
    return Support(
        n=design.n,
        people=_count(who),
        coefficients=p,
        df=min(design.n - p, design.n if clusters is None else clusters - 1),
        differing=_count(who[kind != np.bincount(kind).argmax()]),
        binary=binary,
        category=min((size for size, _ in sizes), default=None),
        side=min((side for _, side in sizes), default=None) if binary else None,
        leverage=own,
        leverage_known=known,
    )


def check_support(support: Support, policy: Policy) -> None:
    """Raise ``TooLittleData`` with the first threshold that a model misses; it says nothing of the data."""
    rows, events = policy.rows_per_coefficient, policy.events_per_coefficient
    if support.people < policy.model_n:
        raise TooLittleData("privacy.model_too_small", least=policy.model_n)
    if support.team is not None and support.team < policy.scores_k:
        raise TooLittleData("privacy.model_teams", least=policy.scores_k)
    if support.people < rows * support.coefficients:
        raise TooLittleData("privacy.model_rows", least=rows)
    if support.df < policy.residual_df:
        raise TooLittleData("privacy.model_df", least=policy.residual_df)
    if support.differing < policy.model_differing:
        raise TooLittleData("privacy.model_alike", least=policy.model_differing)
    if support.binary and support.differing < events * (support.coefficients - 1):
        raise TooLittleData("privacy.model_events", least=events)
    if support.category is not None and support.category < policy.scores_k:
        raise TooLittleData("privacy.model_category", least=policy.scores_k)
    if support.side is not None and support.side < policy.colluders + 1:
        raise TooLittleData("privacy.model_side", least=policy.colluders + 1)
    if support.leverage > policy.leverage or support.leverage_known > (1 + policy.leverage) / 2:
        raise TooLittleData("privacy.model_leverage", share=f"{policy.leverage:.0%}")


def refusal(error: TooLittleData, policy: Policy) -> TooLittleData:
    """Return an error of the models' own as readers may see it: without counts, columns or values."""
    if error.code.startswith("model."):
        return TooLittleData("privacy.model_unsupported", least=policy.model_n)
    return error


def merge_few(
    frame: pd.DataFrame, outcome: str, controls: Sequence[str], policy: Policy, *, person: str | None = None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Merge small categories of controls into ``other``; return the frame and what was merged.

    ``frame`` holds the rows of the model, complete. A category is small with fewer than ``policy.scores_k``
    people, and where the outcome is 0 or 1 with ``policy.colluders`` or fewer of either. If all of them
    together are small, the next smallest joins them, and so on: by people, then by name. Controls in numbers
    stay as they are. What was merged is named ``column[level]``, like a term of a model.
    """
    who = pd.factorize(frame[person])[0] if person else np.arange(len(frame))
    values = frame[outcome].to_numpy(dtype=float)
    kind = values.astype(np.intp) if np.isin(values, (0, 1)).all() else None
    merged: list[str] = []
    out = frame.copy()
    for name in controls:
        if pd.api.types.is_numeric_dtype(frame[name].dtype):
            continue
        few = _few(frame[name].astype(str), who, kind, policy)
        if few:
            out[name] = frame[name].astype(str).where(~frame[name].astype(str).isin(few), OTHER)
            merged += [f"{name}[{level}]" for level in sorted(few)]
    return out, tuple(merged)


def poolable(people: pd.Series, policy: Policy, coefficients: int) -> list[str]:
    """Return the waves that a model of several may take together, given each one's number of people.

    Waves that are too small for a model of their own with so many ``coefficients`` follow from the model of
    all less the models of the others. They are left out, unless there are two or more with people enough for
    one in all, or nothing but such.
    """
    least = max(policy.model_n, policy.rows_per_coefficient * coefficients)
    small = people < least
    if small.all() or (small.sum() > 1 and people[small].sum() >= least):
        return list(people.index)
    return list(people.index[~small])


def leverages(columns: FloatArray, who: IntArray, colluders: int) -> tuple[float, float]:
    """Return the highest leverage of anybody, and the highest with the worst ``colluders`` others known.

    ``columns`` (n, p) without an intercept, ``who`` (n,) whose row it is. Several rows of a person add up,
    which is never less than their joint leverage. Colluders are sought one after the other (greedily); where
    ``h / (1 − the highest h of as many others)``, which is never too low, is below 3/4, they aren't sought.
    """
    scaled = (columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), _SMALLEST_ROOM)
    u, singular, _ = np.linalg.svd(np.column_stack([np.ones(len(scaled)), scaled]), full_matrices=False)
    q = u[:, singular > singular[0] * 1e-10]
    own = np.bincount(who, np.einsum("ij,ij->i", q, q))
    room = max(1 - float(np.sort(own)[::-1][:colluders].sum()), _SMALLEST_ROOM)
    bound = own / room
    watched = np.flatnonzero(bound > 0.75)
    known = float(bound[bound <= 0.75].max(initial=0.0))
    picks = colluders * int(np.bincount(who).max())
    for one in watched:
        known = max(known, _with_known(q, who == one, picks))
    return float(own.max()), min(known, 1.0)


def _with_known(q: FloatArray, mine: NDArray[np.bool_], picks: int) -> float:
    """Return the leverage of the rows ``mine`` with the worst ``picks`` other rows known; q'q = I."""
    target, others = q[mine], q[~mine]
    inverse = np.eye(q.shape[1])
    for _ in range(min(picks, len(others))):
        seen = others @ inverse
        room = np.maximum(1 - np.einsum("ij,ij->i", seen, others), _SMALLEST_ROOM)
        worst = int(np.argmax(((seen @ target.T) ** 2).sum(axis=1) / room))
        inverse += np.outer(seen[worst], seen[worst]) / room[worst]
        others = np.delete(others, worst, axis=0)
        if room[worst] <= _SMALLEST_ROOM:
            return 1.0
    return float(np.einsum("ij,jk,ik->", target, inverse, target))


def _few(levels: pd.Series, who: IntArray, kind: IntArray | None, policy: Policy) -> set[str]:
    """Return the categories to merge."""

    def small(mask: NDArray[np.bool_]) -> bool:
        return _count(who[mask]) < policy.scores_k or (
            kind is not None and _side(who[mask], kind[mask]) <= policy.colluders
        )

    found = {str(level) for level in levels.unique()}
    few = {level for level in found if small(np.asarray(levels == level))}
    if not few:
        return few
    few |= found & {OTHER}
    rest = sorted(found - few, key=lambda level: (_count(who[np.asarray(levels == level)]), level))
    for level in rest:
        if not small(np.asarray(levels.isin(few))):
            break
        few.add(level)
    return few


def _sizes(column: pd.Series, who: IntArray, kind: IntArray | None) -> list[tuple[int, int]]:
    """Return the people of each category and its smaller side; none for a column of many numbers."""
    if pd.api.types.is_numeric_dtype(column.dtype) and column.nunique() > 2:
        return []
    codes = pd.factorize(column)[0]
    masks = [codes == code for code in range(int(codes.max()) + 1)]
    return [(_count(who[m]), 0 if kind is None else _side(who[m], kind[m])) for m in masks]


def _side(who: IntArray, kind: IntArray) -> int:
    return min(_count(who[kind == 0]), _count(who[kind == 1]))


def _count(who: IntArray) -> int:
    return len(np.unique(who))
