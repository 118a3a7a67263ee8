"""P-values of many tests at once."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from engage.errors import UsageError
from engage.model.design import FloatArray

Adjustment = Literal["bh", "holm"]


def adjust_pvalues(p: Sequence[float] | FloatArray, method: Adjustment = "bh") -> FloatArray:
    """Return adjusted p-values in the order given, (m,) → (m,).

    ``"bh"``, false discovery rate (Benjamini & Hochberg 1995): min over j ≥ i of m·p₍ⱼ₎/j. ``"holm"``,
    family-wise error (Holm 1979): max over j ≤ i of (m−j+1)·p₍ⱼ₎. Both at most 1. Missing p-values stay
    missing and don't count as tests. Raises ``UsageError`` for a p-value outside 0..1. R: ``p.adjust``.
    """
    if method not in get_args(Adjustment):
        raise UsageError("model.unknown_option", option="method", value=method, known=get_args(Adjustment))
    values = np.asarray(p, dtype=float)
    tested = np.flatnonzero(~np.isnan(values))
    if ((values[tested] < 0) | (values[tested] > 1)).any():
        raise UsageError("model.bad_p_value")
    result = np.full(values.shape, np.nan)
    if not len(tested):
        return result
    m = len(tested)
    order = tested[np.argsort(values[tested], kind="stable")]
    if method == "bh":
        raised = values[order] * m / np.arange(1, m + 1)
        result[order] = np.minimum.accumulate(raised[::-1])[::-1]
    else:
        result[order] = np.maximum.accumulate(values[order] * np.arange(m, 0, -1))
    return np.asarray(np.minimum(result, 1.0), dtype=float)
