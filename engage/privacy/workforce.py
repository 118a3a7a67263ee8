"""The gate of head-counts beside a plan, and of time in grade and places applied for."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from engage.measure import adjust_pvalues
from engage.privacy import rounding
from engage.privacy.policy import Policy
from engage.privacy.safe import Note, SafeTable, seal
from engage.privacy.suppress import TOO_FEW, suppress

WORKFORCE_COLUMNS: Final = (
    "part",
    "role_group",
    "date",
    "expected",
    "low",
    "high",
    "share",
    "share_low",
    "share_high",
    "target",
    "target_share",
    "difference",
    "difference_low",
    "difference_high",
    "chance",
    "verdict",
    "hidden_reason",
)
_COARSE: Final = 5
_CHANCE: Final = 0.05
_EXPECTED: Final = 5.0


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
    why = dict(
        zip(sizes["role_group"], suppress(sizes[["n"]], [], policy.model_n, hidden=small), strict=True)
    )
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


PLACES_COLUMNS: Final = (
    "programme",
    "by",
    "group",
    "n",
    "n_band",
    "share",
    "ci_low",
    "ci_high",
    "p_value",
    "hidden_reason",
)


def release_places(counts: pd.DataFrame, policy: Policy) -> SafeTable:
    """Release what share of applicants got a place, of groups of ``scores_k`` or more.

    ``counts``: ``programme, by, group, applied, accepted``, a row per group, ``by = ""`` for all applicants.
    A smaller group is hidden, with others until the hidden ones are nobody or ``scores_k`` people in two
    groups. Shares are rounded and capped like those of answers, so nobody's outcome follows; Wilson intervals
    from the released share and n. ``p_value``: the band of the χ² test that all groups of a ``by`` were as
    likely (Yates only where R's ``chisq.test`` has it: two by two), adjusted over the table
    (Benjamini–Hochberg), where every group would expect five of either; in every row of that ``by``.
    """
    keys = ["programme", "by"]
    frame = counts.reset_index(drop=True).assign(hidden_reason="")
    for _, own in frame.groupby(keys, sort=False):
        sizes = own[["applied"]].rename(columns={"applied": "n"})
        frame.loc[own.index, "hidden_reason"] = suppress(sizes, [], policy.scores_k)
    tests = {key: _alike(own) for key, own in frame[frame["by"] != ""].groupby(keys, sort=False)}
    adjusted = adjust_pvalues(np.array(list(tests.values()), dtype=float)).tolist() if tests else []
    bands = {key: rounding.p_band(p) for key, p in zip(tests, adjusted, strict=True)}
    rows = []
    for row in frame.to_dict("records"):
        n, why = int(row["applied"]), row["hidden_reason"]
        share = np.nan if why else rounding.share(row["accepted"] / n, n, policy.colluders)
        low, high = rounding.share_interval(share, n, policy.colluders, 1.0)
        rows.append(
            {
                "n": None if why else rounding.n_shown(n),
                "n_band": None if why else rounding.n_band(n),
                "share": share,
                "ci_low": low,
                "ci_high": high,
                "hidden_reason": why or None,
                "p_value": bands.get((row["programme"], row["by"]), np.nan),
            }
        )
    made = pd.concat([frame[["programme", "by", "group"]], pd.DataFrame(rows, index=frame.index)], axis=1)
    return seal("places", made[list(PLACES_COLUMNS)].astype({"n": "Int64"}))


def _alike(groups: pd.DataFrame) -> float:
    """Return the p-value that all groups were as likely to get a place; NaN where too few are expected."""
    from scipy.stats import chi2_contingency

    table = np.column_stack([groups["accepted"], groups["applied"] - groups["accepted"]]).astype(float)
    table = table[table.sum(axis=1) > 0]
    if len(table) < 2 or (table.sum(axis=0) == 0).any():
        return float("nan")
    found = chi2_contingency(table)
    return float(found.pvalue) if found.expected_freq.min() >= _EXPECTED else float("nan")
