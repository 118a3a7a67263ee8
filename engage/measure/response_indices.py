"""Numbers that show how a person went through a questionnaire; arrays in, arrays out, NaN for missing."""

from collections.abc import Sequence

import numpy as np

from engage.measure.answers import FloatArray, IntArray

_LEAST_SCALES = 3


def longest_run(answers: FloatArray) -> IntArray:
    """Return the longest run of equal answers in a row (n, k) → (n,); a missing answer ends a run.

    R: ``careless::longstring``.
    """
    run = np.zeros(len(answers), dtype=np.intp)
    longest = run.copy()
    before = np.full(len(answers), np.nan)
    for column in answers.T:
        run = np.where(np.isnan(column), 0, np.where(column == before, run + 1, 1))
        longest = np.maximum(longest, run)
        before = column
    return longest


def variability(answers: FloatArray) -> FloatArray:
    """Return the standard deviation (divisor m−1) of each person's m answers (n, k) → (n,), NaN if m < 2.

    R: ``careless::irv``.
    """
    given = ~np.isnan(answers)
    count = given.sum(axis=1)
    mean = np.where(given, answers, 0).sum(axis=1) / np.maximum(count, 1)
    squares = np.where(given, answers - mean[:, None], 0) ** 2
    return np.where(count >= 2, np.sqrt(squares.sum(axis=1) / np.maximum(count - 1, 1)), np.nan)


def mahalanobis(answers: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return each person's squared distance D² from the mean answers, and the m answers it is over.

    D² = (x − x̄)'S⁻¹(x − x̄) over the m items the person answered, x̄ and S of those items; S holds pairwise
    complete covariances. D² is NaN where S is singular (fewer people than items, or an item made of others).
    Items that everybody answers alike are left out. Without missing answers R: ``careless::mahad``,
    ``stats::mahalanobis``; with them ``mahad`` instead counts a missing answer as the mean, which makes
    people with gaps look more ordinary.
    """
    import pandas as pd

    high, low = (
        np.nan_to_num(answers, nan=-np.inf).max(axis=0),
        np.nan_to_num(answers, nan=np.inf).min(axis=0),
    )
    varying = answers[:, high > low]
    if not varying.shape[1]:
        return np.full(len(answers), np.nan), np.zeros(len(answers), dtype=np.intp)
    centred = varying - np.nanmean(varying, axis=0)
    covariance = pd.DataFrame(varying).cov().to_numpy()
    given = ~np.isnan(varying)
    distance = np.full(len(answers), np.nan)
    patterns, member = np.unique(given, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        rows = np.flatnonzero(member == number)
        part = covariance[np.ix_(pattern, pattern)]
        if not pattern.any() or np.isnan(part).any():
            continue
        values = np.linalg.eigvalsh(part)
        if values[0] > 1e-10 * values[-1]:
            x = centred[np.ix_(rows, np.flatnonzero(pattern))]
            distance[rows] = (x * np.linalg.solve(part, x.T).T).sum(axis=1)
    return distance, given.sum(axis=1)


def even_odd(keyed: FloatArray, scales: Sequence[Sequence[int]]) -> FloatArray:
    """Return each person's even–odd inconsistency, −1 (consistent) to 1, (n, k) → (n,).

    The means of a scale's odd and even items are correlated over scales, r within the person; the result is
    −2r/(1 + r), at most 1. ``keyed`` answers have reverse-keyed items turned round; ``scales`` are positions
    of columns, in the order of the questionnaire. NaN where fewer than three scales have both means, or where
    one of the halves does not vary (a straight line).
    R: ``careless::evenodd(x, factors)``, which gives the index from two scales on.
    """
    halves = np.array(
        [[_row_means(keyed[:, list(scale)[start::2]]) for scale in scales] for start in (0, 1)]
    ).reshape(2, len(scales), len(keyed))
    given = ~np.isnan(halves).any(axis=0)
    count = given.sum(axis=0)
    odd, even = (np.where(given, half, 0) for half in halves)
    odd, even = (np.where(given, half - half.sum(axis=0) / np.maximum(count, 1), 0) for half in (odd, even))
    spread = np.sqrt((odd**2).sum(axis=0) * (even**2).sum(axis=0))
    usable = (count >= _LEAST_SCALES) & (spread > 1e-12)
    r = np.where(usable, (odd * even).sum(axis=0) / np.where(usable, spread, 1), np.nan)
    corrected: FloatArray = np.minimum(-2 * r / np.maximum(1 + r, 1e-12), 1)
    return corrected


def contradictions(answers: FloatArray, pairs: Sequence[tuple[int, int]], middle: float) -> FloatArray:
    """Return the share of a person's opposed pairs answered on the same side, (n, k) → (n,), NaN without any.

    ``pairs`` are columns of a forward and a reverse-keyed item of one scale, ``answers`` as given (not turned
    round), ``middle`` the midpoint of the scale. Answering both above or both below it contradicts itself.
    """
    if not pairs:
        return np.full(len(answers), np.nan)
    forward, backward = (np.sign(answers[:, [pair[side] for pair in pairs]] - middle) for side in (0, 1))
    given = ~np.isnan(forward) & ~np.isnan(backward)
    same = given & (forward == backward) & (forward != 0)
    count = given.sum(axis=1)
    return np.where(count > 0, same.sum(axis=1) / np.maximum(count, 1), np.nan)


def repeats(answers: FloatArray) -> IntArray:
    """Return how many other people gave exactly the same answers and gaps, (n, k) → (n,)."""
    filled = np.where(np.isnan(answers), np.inf, answers)
    _, member, counts = np.unique(filled, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(counts[member] - 1, dtype=np.intp)


def _row_means(part: FloatArray) -> FloatArray:
    given = ~np.isnan(part)
    count = given.sum(axis=1)
    return np.where(count > 0, np.where(given, part, 0).sum(axis=1) / np.maximum(count, 1), np.nan)
