"""The gate for what is made of several models: the two-factor test, what-if, outcomes side by side, leaving.

Each function checks what stands behind every model a number comes from, rounds and seals.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from engage.privacy import rounding
from engage.privacy.nested import TOO_FEW_ROWS
from engage.privacy.policy import Policy
from engage.privacy.safe import SafeTable, seal
from engage.privacy.support import Support, check_support

TWO_FACTOR_COLUMNS: Final = (
    "outcome", "side", "driver", "role", "low", "high", "difference", "ci_low", "ci_high", "p_adjusted",
    "verdict", "reason", "n",
)  # fmt: skip
"""All that a table of the two-factor test may hold, beside why a row is hidden."""


def release_two_factor(
    table: pd.DataFrame,
    refused: Sequence[str],
    waves: Sequence[str],
    policy: Policy,
    *,
    behind: Mapping[str, Support],
) -> SafeTable:
    """Release verdicts of the two-factor test: both sides and their difference to 0.01, p-values in bands.

    ``table``: a row per outcome and driver, with ``TWO_FACTOR_COLUMNS`` but ``n``; others are left out.
    ``behind`` says what stands behind each outcome's contrasts together with its driver model: the estimates
    of the two are one set of equations on the same answers. ``refused`` outcomes are hidden rows. Raises
    ``TooLittleData`` where an outcome misses a threshold, ``TypeError`` for more rows than drivers.
    """
    for support in behind.values():
        check_support(support, policy)
    frame = table.assign(n=table["outcome"].map({name: support.n for name, support in behind.items()}))
    frame = frame[list(TWO_FACTOR_COLUMNS)].copy()
    if frame["n"].isna().any() or frame.duplicated(["outcome", "driver"]).any():
        raise TypeError("a two-factor table has one row per outcome and driver, each with its support")
    for name in ("low", "high", "difference", "ci_low", "ci_high"):
        frame[name] = frame[name].astype(float).round(2) + 0.0
    frame["p_adjusted"] = frame["p_adjusted"].map(rounding.p_band)
    hidden = pd.DataFrame({"outcome": list(refused), "hidden_reason": TOO_FEW_ROWS})
    whole = pd.concat([frame.assign(hidden_reason=None), hidden], ignore_index=True)
    n = min(support.n for support in behind.values())
    return seal("two_factor", whole.astype({"n": "Int64"}), {"n": n, "waves": tuple(waves)})
