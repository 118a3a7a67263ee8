"""From answers to a person's scale score: the pandas twin of the engine's expression, for analysts."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import pandas as pd

from engage.errors import InputError, UsageError

_DETRACTORS: Final = 7
"""On 0–10, the scale of a recommendation, 0–6 are unfavourable and 7–8 neutral."""


@dataclass(frozen=True, slots=True)
class AnswerBands:
    """How many of the ``points`` answers of an item, from the lowest up, fall into each band."""

    points: int
    unfavourable: int
    neutral: int
    favourable: int


def answer_bands(points: int) -> AnswerBands:
    """Return which answers are unfavourable, neutral and favourable on a scale of ``points`` answers.

    See :func:`favourable_from` and :func:`unfavourable_from`; the others are neutral. Reverse-keyed items are
    turned round first. Raises ``UsageError`` for fewer than 2 or more than 11 points. The table is in
    ``docs/measurement.md``.
    """
    top, bottom = favourable_from(points), unfavourable_from(points)
    return AnswerBands(points, bottom, points - bottom - top, top)


def favourable_from(points: int) -> int:
    """Return how many of the top answers count as favourable on a scale of ``points`` answers.

    The top two from 4 to 11 points, the top one on 2 or 3 points (the field's convention: 4–5 on an agreement
    scale of five, 9–10 on 0–10). Raises ``UsageError`` for fewer than 2 or more than 11 points.
    """
    if not 2 <= points <= 11:
        raise UsageError("model.bad_points", points=points)
    return 2 if points >= 4 else 1


def unfavourable_from(points: int) -> int:
    """Return how many of the bottom answers count as unfavourable on a scale of ``points`` answers.

    As many as count as favourable at the top; on 11 points the lowest seven (0–6, the detractors of eNPS).
    What is neither is neutral: nothing on 2 and 4 points. Errors as in :func:`favourable_from`.
    """
    return _DETRACTORS if points == 11 else favourable_from(points)


def score_items(
    items: pd.DataFrame, *, minimum: float, maximum: float, reverse: Collection[str] = ()
) -> pd.Series:
    """Return each person's mean over the items of one scale, in the unit of the answers.

    A reverse-keyed item counts as ``minimum + maximum − answer``. The mean is over answered items and is
    missing unless at least half of the items are answered.

    ``items``: one row per person, one column per item, raw answers. The result is Float64 on
    the same index.
    Raises ``InputError`` for an answer outside the range, ``UsageError`` for an unknown reverse-keyed item.
    R: ``rowMeans(items, na.rm = TRUE)`` after reversing, where at least half are answered.
    """
    keyed = _keyed(items, minimum, maximum, reverse)
    return _where_half_answered(keyed.mean(axis=1), keyed)


def favourable_share(
    items: pd.DataFrame, *, minimum: int, maximum: int, reverse: Collection[str] = ()
) -> pd.Series:
    """Return each person's share of favourable answers among their answered items of one scale, 0..1.

    Favourable are the top answers of :func:`favourable_from` after reverse-keying. Missing unless at least
    half of the items are answered. A group's favourable share is the mean of its persons' shares.

    Shapes, types and errors as in :func:`score_items`.
    """
    keyed = _keyed(items, minimum, maximum, reverse)
    return _share(keyed >= maximum - favourable_from(maximum - minimum + 1) + 1, keyed)


def unfavourable_share(
    items: pd.DataFrame, *, minimum: int, maximum: int, reverse: Collection[str] = ()
) -> pd.Series:
    """Return each person's share of unfavourable answers among their answered items of one scale, 0..1.

    Unfavourable are the bottom answers of :func:`unfavourable_from` after reverse-keying; missing where
    :func:`favourable_share` is. Shapes, types and errors as in :func:`score_items`.
    """
    keyed = _keyed(items, minimum, maximum, reverse)
    return _share(keyed <= minimum + unfavourable_from(maximum - minimum + 1) - 1, keyed)


def _share(counts: pd.DataFrame, keyed: pd.DataFrame) -> pd.Series:
    return _where_half_answered(counts.where(keyed.notna()).astype("Float64").mean(axis=1), keyed)


def _keyed(items: pd.DataFrame, minimum: float, maximum: float, reverse: Collection[str]) -> pd.DataFrame:
    unknown = sorted(set(reverse) - set(items.columns))
    if unknown:
        raise UsageError("model.unknown_column", column=unknown, known=list(items.columns))
    keyed = items.astype("Float64")
    outside = int(((keyed < minimum) | (keyed > maximum)).fillna(False).to_numpy(dtype=bool).sum())
    if outside:
        raise InputError("model.out_of_range", count=outside, minimum=minimum, maximum=maximum)
    for name in reverse:
        keyed[name] = minimum + maximum - keyed[name]
    return keyed


def _where_half_answered(values: pd.Series, keyed: pd.DataFrame) -> pd.Series:
    return values.where(2 * keyed.notna().sum(axis=1) >= keyed.shape[1]).astype("Float64")
