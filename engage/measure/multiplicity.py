"""p-values of many tests at once."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from engage.errors import InputError, UsageError
from engage.measure.answers import FloatArray

Adjustment = Literal["bh", "holm"]


def adjust_pvalues(p: Sequence[float] | npt.ArrayLike, method: Adjustment = "bh") -> FloatArray:
    """Return p-values adjusted for their number m, in the order given.

    ``"bh"``: min over j ≥ i of m·p_(j)/j, the false discovery rate (Benjamini & Hochberg 1995); ``"holm"``:
    max over j ≤ i of (m − j + 1)·p_(j), the chance of any false finding (Holm 1979); both at most 1. Missing
    values stay missing and do not count.

    ``p``: any shape that is one-dimensional, probabilities 0..1. Raises ``InputError`` for others,
    ``UsageError`` for an unknown method. R: ``p.adjust(p, "BH")``, ``p.adjust(p, "holm")``.
    """
    if method not in get_args(Adjustment):
        raise UsageError("model.unknown_option", option="method", value=method, known=get_args(Adjustment))
    values = np.asarray(p, dtype=float).ravel()
    known = np.flatnonzero(~np.isnan(values))
    outside = int(((values[known] < 0) | (values[known] > 1)).sum())
    if outside:
        raise InputError("model.out_of_range", count=outside, minimum=0, maximum=1)
    order = known[np.argsort(values[known], kind="stable")]
    m, rank = len(known), np.arange(1, len(known) + 1)
    if method == "bh":
        adjusted = np.minimum.accumulate((m / rank * values[order])[::-1])[::-1]
    else:
        adjusted = np.maximum.accumulate((m - rank + 1) * values[order])
    result = np.full(len(values), np.nan)
    result[order] = np.minimum(adjusted, 1)
    return result
