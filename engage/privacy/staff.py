"""The gate for what the staff list says of leaving: hazard ratios, and head-counts to come.

Who left, and when, is no answer: managers know it. Still nothing is shown of a few.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from engage.privacy import rounding
from engage.privacy.nested import TOO_FEW_ROWS
from engage.privacy.policy import Policy
from engage.privacy.safe import Note, SafeTable, seal
from engage.privacy.support import Support, check_support
from engage.privacy.suppress import TOO_FEW, suppress

HAZARD_COLUMNS: Final = ("part", "term", "level", "ratio", "ci_low", "ci_high", "p_value", "p_adjusted",
                         "changing", "hidden_reason")  # fmt: skip
HEADCOUNT_COLUMNS: Final = ("role_group", "year", "expected", "low", "high", "left", "hired", "moved_out",
                            "moved_in", "few", "hidden_reason")  # fmt: skip
_FLOWS: Final = ("left", "hired", "moved_out", "moved_in")
_FLOW_STEP: Final = 5


def release_hazards(
    table: pd.DataFrame,
    refused: Sequence[str],
    notes: Mapping[str, Note],
    policy: Policy,
    *,
    behind: Mapping[str, Support],
    events: Mapping[str, int],
) -> SafeTable:
    """Release hazard ratios of leaving to 0.01, p-values in bands; those of its assumption, too.

    ``table``: a row per part (``later``, ``early``), term and level, with ``estimate``, ``ci_low``,
    ``ci_high`` (logs of ratios; missing for the level that others are compared with), ``p_value``,
    ``p_adjusted`` and ``changing`` (of the test of proportional hazards; of a whole part where the term is
    ``""``). ``refused`` parts are hidden rows. ``behind`` and ``events`` say what stands behind each: the
    notes ``n_<part>``, ``events_<part>`` and ``events_band_<part>``. Raises ``TooLittleData`` where a part
    misses a threshold, ``TypeError`` for more rows than levels.
    """
    for support in behind.values():
        check_support(support, policy)
    if table.duplicated(["part", "term", "level"]).any() or set(table["part"]) != set(behind):
        raise TypeError("a table of hazards has one row per part, term and level, each part its support")
    frame = table.assign(ratio=np.exp(table["estimate"].astype(float)), hidden_reason=None)
    for name in ("ci_low", "ci_high"):
        frame[name] = np.exp(frame[name].astype(float))
    for name in ("ratio", "ci_low", "ci_high"):
        frame[name] = frame[name].round(2)
    for name in ("p_value", "p_adjusted", "changing"):
        frame[name] = frame[name].astype(float).map(rounding.p_band)
    hidden = pd.DataFrame({"part": list(refused), "hidden_reason": TOO_FEW_ROWS})
    whole = pd.concat([frame, hidden], ignore_index=True).reindex(columns=list(HAZARD_COLUMNS))
    counted: dict[str, Note] = {}
    for part, support in behind.items():
        exact = rounding.n_shown(events[part])
        counted |= {f"n_{part}": support.people, f"events_{part}": exact}
        counted[f"events_band_{part}"] = None if exact is not None else rounding.open_band(events[part])
    return seal("hazards", whole, {**notes, **counted})


def release_headcount(table: pd.DataFrame, notes: Mapping[str, Note], policy: Policy) -> SafeTable:
    """Release head-counts now and projected, of role groups of at least ``model_n`` people.

    ``table``: a row per ``role_group`` and ``year`` (0 is now) with ``expected, low, high``, and the same in
    all rows of a group ``now``, ``followed``, and how many ``left``, were ``hired``, ``moved_out``,
    ``moved_in``. A group of fewer people now, or of fewer that were followed, is a hidden row, with others
    until the hidden are nobody or ``model_n`` people in two groups. Head-counts are shown to one person from
    100 on, else to five, intervals outwards; what came and went to fives, and below ``scores_k`` as the band
    ``few``, nobody too.
    """
    first = table.drop_duplicates("role_group").reset_index(drop=True)
    small = (first["now"] < policy.model_n) | (first["followed"] < policy.model_n)
    hidden = pd.Series(np.where(small, TOO_FEW, ""), dtype=object)
    reasons = suppress(pd.DataFrame({"n": first["now"]}), [], policy.model_n, hidden=hidden)
    why = dict(zip(first["role_group"], reasons, strict=True))
    frame = table.assign(hidden_reason=table["role_group"].map(why))
    frame = frame[(frame["hidden_reason"] == "") | (frame["year"] == 0)].copy()
    gone = frame["hidden_reason"] != ""
    steps = [1.0 if now >= rounding.FINE_FROM or year == 0 else float(_FLOW_STEP)
             for now, year in zip(frame["now"], frame["year"], strict=True)]  # fmt: skip
    frame["expected"] = _to(frame["expected"], steps, round)
    frame["low"] = _to(frame["low"], steps, math.floor)
    frame["high"] = _to(frame["high"], steps, math.ceil)
    for name in _FLOWS:
        few = frame[name] < policy.scores_k
        frame[name] = ((frame[name] / _FLOW_STEP).round() * _FLOW_STEP).mask(few)
    frame["few"] = pd.Series(f"0-{policy.scores_k - 1}", frame.index).mask(gone, None)
    shown = [name for name in HEADCOUNT_COLUMNS if name not in ("role_group", "few", "hidden_reason")]
    frame[shown] = frame[shown].astype("Int64").mask(gone)
    frame["hidden_reason"] = [reason or None for reason in frame["hidden_reason"]]
    return seal("headcount", frame[list(HEADCOUNT_COLUMNS)], notes)


def _to(values: pd.Series, steps: Sequence[float], how: Callable[[float], int]) -> pd.Series:
    rounded = [how(float(v) / s) * s for v, s in zip(values, steps, strict=True)]
    return pd.Series(rounded, index=values.index)
