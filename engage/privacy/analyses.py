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


OUTCOME_COLUMNS: Final = (
    "outcome", "unit", "driver", "role", "estimate", "ci_low", "ci_high", "standardised", "std_low",
    "std_high", "p_value", "p_adjusted", "exploratory", "n", "hidden_reason",
)  # fmt: skip
"""All that a table of several outcomes may hold."""
PATH_COLUMNS: Final = ("driver", "mediator", "outcome", "path", "estimate", "ci_low", "ci_high", "n")

_FIGURES: Final = ("estimate", "ci_low", "ci_high", "standardised", "std_low", "std_high")


def release_outcomes(
    table: pd.DataFrame, waves: Sequence[str], policy: Policy, *, behind: Sequence[Support]
) -> SafeTable:
    """Release what goes with several outcomes: coefficients to 0.001, p-values in bands.

    ``table``: a row per outcome, unit (``person`` or ``team``), driver and ``exploratory`` (a factor tried
    alone), with ``OUTCOME_COLUMNS`` and ``hidden``: why a row stays empty, ``""`` where it does not.
    ``std_low`` and ``std_high`` are the interval of the standardised coefficient. ``behind``: what stands
    behind every model shown. Raises ``TooLittleData`` where one misses a threshold.
    """
    for support in behind:
        check_support(support, policy)
    frame = table.copy()
    ratio = frame["standardised"].astype(float) / frame["estimate"].astype(float)
    frame["std_low"] = frame["ci_low"].astype(float) * ratio
    frame["std_high"] = frame["ci_high"].astype(float) * ratio
    frame["hidden_reason"] = frame["hidden"].where(frame["hidden"] != "", None)
    frame = frame.reindex(columns=list(OUTCOME_COLUMNS))
    if frame.duplicated(["outcome", "unit", "driver", "exploratory"]).any():
        raise TypeError("a table of outcomes has one row per outcome, unit and driver")
    hidden = frame["hidden_reason"].notna()
    for name in _FIGURES:
        frame[name] = (frame[name].astype(float).round(3) + 0.0).mask(hidden)
    for name in ("p_value", "p_adjusted"):
        frame[name] = frame[name].astype(float).map(rounding.p_band).mask(hidden)
    frame["n"] = frame["n"].astype("Int64").mask(hidden)
    return seal("outcomes", frame, {"waves": tuple(waves), "n": min(one.n for one in behind)})


def release_paths(table: pd.DataFrame, policy: Policy, *, behind: Sequence[Support]) -> SafeTable:
    """Release lagged mediations of teams: paths to 0.001; none where none is offered."""
    for support in behind:
        check_support(support, policy)
    frame = table.reindex(columns=list(PATH_COLUMNS))
    for name in ("estimate", "ci_low", "ci_high"):
        frame[name] = frame[name].astype(float).round(3) + 0.0
    return seal("paths", frame.astype({"n": "Int64"}))
