"""The gate of head-counts beside a plan, and of time in grade and places applied for."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from engage.privacy import rounding
from engage.privacy.policy import Policy
from engage.privacy.safe import Note, SafeTable, seal
from engage.privacy.suppress import TOO_FEW, suppress

WORKFORCE_COLUMNS: Final = ("part", "role_group", "date", "expected", "low", "high", "share", "share_low",
                            "share_high", "target", "target_share", "difference", "difference_low",
                            "difference_high", "chance", "verdict", "hidden_reason")  # fmt: skip
_COARSE: Final = 5
_CHANCE: Final = 0.05


def release_workforce(
    table: pd.DataFrame, smallest: "pd.Series[float]", notes: Mapping[str, Note], policy: Policy
) -> SafeTable:
    """Release head-counts and the mix of role groups of at least ``model_n`` people, beside the plan.

    ``table``: a row per ``part`` (``actual`` or ``ahead``), ``role_group`` and ``date``, with the figures of
    ``WORKFORCE_COLUMNS``. ``smallest``: by group, the fewest people behind any of them. A smaller group is a
    hidden row (of the last actual day), with others until the hidden are nobody or ``model_n`` people in two
    groups. Head-counts to one person from 100 on, else to five; shares to one point; intervals outwards; what
    is planned as it was entered; the chance to reach it in steps of 5 %, from 5 to 95 %.
    """
    sizes = smallest.rename_axis("role_group").rename("n").reset_index()
    small = pd.Series(np.where(sizes["n"] < policy.model_n, TOO_FEW, ""), dtype=object)
    why = dict(zip(sizes["role_group"], suppress(sizes[["n"]], [], policy.model_n, hidden=small), strict=True))
    frame = table.reindex(columns=list(WORKFORCE_COLUMNS)).assign(hidden_reason=table["role_group"].map(why))
    gone = frame["hidden_reason"] != ""
    last = (frame["part"] == "actual") & (frame["date"] == frame.loc[frame["part"] == "actual", "date"].max())
    frame = frame[~gone | last].reset_index(drop=True)
    gone = frame["hidden_reason"] != ""
    steps = np.where(frame["expected"].astype(float) >= rounding.FINE_FROM, 1, _COARSE)
    for name, how in (("expected", np.round), ("low", np.floor), ("high", np.ceil)):
        frame[name] = (how(frame[name].astype(float) / steps) * steps).mask(gone)
    for name, how in (("share", np.round), ("share_low", np.floor), ("share_high", np.ceil)):
        frame[name] = (how(frame[name].astype(float) * 100) / 100).mask(gone)
    target = frame["target"].astype(float)
    for name, of in (("difference", "expected"), ("difference_low", "low"), ("difference_high", "high")):
        frame[name] = frame[of] - target
    frame["target_share"] = frame["target_share"].astype(float).round(2)
    chance = (frame["chance"].astype(float) / _CHANCE).round() * _CHANCE
    frame["chance"] = chance.clip(_CHANCE, 1 - _CHANCE).round(2)
    frame["verdict"] = frame["verdict"].where(frame["verdict"].notna() & ~gone, None)
    frame["hidden_reason"] = frame["hidden_reason"].where(gone, None)
    frame["date"] = pd.to_datetime(frame["date"])
    order = frame.assign(late=frame["part"] == "ahead").sort_values(["late", "date", "role_group"]).index
    return seal("workforce", frame.loc[order], notes)


