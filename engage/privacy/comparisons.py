"""The gate of differences: of a group from all others, of a wave from the one before; and of shares."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import pandas as pd

from engage.measure import adjust_pvalues
from engage.measure.effect import (
    Difference,
    Moments,
    Standardised,
    hedges_from,
    overlapping_from,
    t_interval,
    verdict,
)
from engage.privacy import rounding
from engage.privacy.policy import Policy
from engage.privacy.release import POINT_SCALES
from engage.privacy.safe import SafeTable, seal
from engage.privacy.suppress import COMPLEMENT, suppress

LEVEL: Final = 0.95
_ESTIMATES: Final = ("difference", "ci_low", "ci_high", "hedges_g", "g_low", "g_high", "p_value")


def release_comparisons(
    cells: pd.DataFrame, totals: pd.DataFrame, moments: pd.DataFrame, by: Sequence[str], policy: Policy
) -> SafeTable:
    """Release how each group of a wave differs from everybody else who answered.

    ``cells``: the released table ``by`` (columns ``by``, ``scale, n, n_band, mean, hidden_reason``);
    ``totals``: the released ``scale, mean`` of the whole wave; ``moments``: its exact ``scale, n, var``.
    Nothing is read of a group but its released mean m and n (of a band, the lower end), and nothing of the
    whole but its released mean M and how much answers spread, so the table tells no more of anybody:

    - ``rest``: the mean of all others, (N·M − n·m)/(N − n);
    - ``difference`` = m − rest with its t interval: standard error s·sqrt(1/n + 1/(N − n)), s the spread
      within the two, pooled (it follows from the whole wave's), widened by the variance step²/12 that the
      rounding of m and of M each add. Welch's interval would tell how much a small group's members differ:
      five who all answer alike would be found out;
    - ``hedges_g`` with its interval; ``p_value``: the band of p after Benjamini–Hochberg over all groups and
      scales of the table; ``verdict``: ``higher``, ``lower`` or ``no_reliable_difference`` at 5 %.

    Scales that fewer than ``policy.model_n`` people answered have no comparisons. R: ``t.test(var.equal =
    TRUE)``, ``effectsize::hedges_g``, ``p.adjust(method = "BH")``, but for the rounding.
    """
    whole = moments.set_index("scale")[["n", "var"]].join(totals.set_index("scale")["mean"])
    rows = [_against_rest(row, whole, policy) for row in cells.to_dict("records")]
    found = pd.DataFrame(rows, index=cells.index)
    adjusted = adjust_pvalues(found["p_value"].astype(float).to_numpy())
    signs = zip(found["difference"].astype(float), adjusted, strict=True)
    found["verdict"] = [None if math.isnan(p) else verdict(d, p, LEVEL) for d, p in signs]
    found["p_value"] = [rounding.p_band(p) for p in adjusted]
    frame = cells[[*by, "scale", "n", "n_band", "mean"]].copy()
    for name in ("rest", *_ESTIMATES, "verdict"):
        frame[name] = found[name]
    scales = frame["scale"].tolist()
    frame["difference"] = [
        _to_step(d, s, 0.1, _nearest) for d, s in zip(found["difference"], scales, strict=True)
    ]
    frame["ci_low"] = [_to_step(d, s, 0.05, math.floor) for d, s in zip(found["ci_low"], scales, strict=True)]
    frame["ci_high"] = [
        _to_step(d, s, 0.05, math.ceil) for d, s in zip(found["ci_high"], scales, strict=True)
    ]
    for name in ("hedges_g", "g_low", "g_high"):
        frame[name] = frame[name].astype(float).round(1) + 0.0
    frame["hidden_reason"] = cells["hidden_reason"].where(cells["hidden_reason"].notna(), found["why"])
    return seal("comparisons", frame)


def release_changes(
    cells: pd.DataFrame, waves: Sequence[str], policy: Policy, links: pd.DataFrame | None = None
) -> SafeTable:
    """Release changes of scale means between consecutive waves, tested before they are rounded.

    ``cells``: ``wave, scale, n, mean, var`` of whole waves, in the order ``waves``; ``links``: ``wave_from,
    wave_to, scale, linked, r``: how many people answered a scale in both, and how their two scores correlate.
    They count as paired if they are ``policy.model_n`` or more (see
    :func:`engage.measure.effect.overlapping_from`); without them it is Welch's test. ``reliable`` is the test
    at 5 % after Benjamini-Hochberg over the table (R ``Partiallyoverlapping::Partover.test``,
    ``p.adjust(method="BH")``); ``change`` is rounded like the mean and empty where it is not reliable, so
    that nobody reads noise as movement. ``ci_low`` and ``ci_high`` (rounded outwards to 0.05, below 100
    people to 0.1) and ``hedges_g`` are given for all; ``linked`` people in bands below 20.
    """
    known = {} if links is None else {(r["wave_from"], r["scale"]): r for r in links.to_dict("records")}
    rows = []
    for before, after in pairwise(waves):
        left = cells[cells["wave"] == before].set_index("scale")
        right = cells[cells["wave"] == after].set_index("scale")
        for scale in left.index.intersection(right.index):
            a, b = (_moments(one.loc[scale]) for one in (left, right))
            if min(a.n, b.n) < policy.model_n:
                continue
            link = known.get((before, scale), {"linked": 0, "r": 0.0})
            paired = int(link["linked"]) if link["linked"] >= policy.model_n else 0
            test = overlapping_from(b, a, paired, float(link["r"]) if paired else 0.0, LEVEL)
            size = hedges_from(b, a, LEVEL)
            rows.append(_change(scale, before, after, test, size, min(a.n, b.n), int(link["linked"])))
    frame = pd.DataFrame(rows, columns=["scale", "wave_from", "wave_to", "change", *_CHANGE, "p"])
    frame["reliable"] = adjust_pvalues(frame["p"].astype(float).to_numpy()) <= 0.05
    frame["change"] = frame["change"].astype(float).where(frame["reliable"])
    columns = ["scale", "wave_from", "wave_to", "change", "reliable", *_CHANGE]
    return seal("changes", frame[columns].astype({"linked": "Int64"}))


_CHANGE: Final = ("ci_low", "ci_high", "hedges_g", "linked", "linked_band")


def release_distribution(cells: pd.DataFrame, by: Sequence[str], policy: Policy) -> SafeTable:
    """Release favourable, neutral and unfavourable shares.

    ``cells``: one row per group and scale with the released ``n, n_band, favourable, hidden_reason``, the
    exact ``size``, the raw ``unfavourable`` share (0–1, missing where a scale has none), and ``reason``: why
    it is hidden, ``""`` where the gate found nothing against it. Unfavourable shares are shown for groups of
    ``policy.model_n`` people or more whose favourable share is shown, and only if those that are not have
    nobody in them or as many; rounded and capped like any share. ``neutral`` is what the two leave.
    """
    frame = cells[[*by, "scale", "n", "n_band", "favourable"]].copy()
    frame["favourable"] = frame["favourable"].astype(float)
    away = cells["reason"].where(frame["favourable"].notna() & cells["unfavourable"].notna(), COMPLEMENT)
    for _, part in cells.groupby("scale", sort=False):
        sizes = part.rename(columns={"size": "people"}).assign(n=part["size"])
        away[part.index] = suppress(sizes, by, policy.model_n, hidden=away[part.index])
    shares = [
        rounding.share(float(p), int(n), policy.colluders) if not why and not pd.isna(p) else math.nan
        for p, n, why in zip(cells["unfavourable"], cells["size"], away, strict=True)
    ]
    left = (1 - frame["favourable"]).round(2)
    frame["unfavourable"] = pd.Series(shares, frame.index, dtype=float).clip(upper=left)
    frame["neutral"] = (left - frame["unfavourable"]).round(2) + 0.0
    frame["hidden_reason"] = cells["hidden_reason"]
    columns = [*by, "scale", "n", "n_band", "favourable", "neutral", "unfavourable", "hidden_reason"]
    return seal("distribution", frame[columns])


def _against_rest(row: Mapping[Any, Any], whole: pd.DataFrame, policy: Policy) -> dict[str, object]:
    """Return one group's comparison, unrounded, from its released mean and n."""
    nothing: dict[str, object] = dict.fromkeys(("rest", *_ESTIMATES), math.nan)
    if pd.isna(row["mean"]) or pd.isna(whole["mean"].get(row["scale"])):
        return nothing | {"why": None}
    every, in_points = _moments(whole.loc[row["scale"]]), row["scale"] in POINT_SCALES
    n = int(row["n"]) if not pd.isna(row["n"]) else int(str(row["n_band"]).partition("-")[0])
    others = every.n - n
    if every.n < policy.model_n or others < policy.scores_k:
        return nothing | {"why": "too_few_rows" if every.n < policy.model_n else "no_others"}
    steps = [rounding.score_step(k, in_points=in_points) for k in (n, every.n)]
    mean = float(row["mean"])
    rest = (every.n * every.mean - n * mean) / others
    between = n * (mean - every.mean) ** 2 + others * (rest - every.mean) ** 2
    spread = max((every.n - 1) * every.var - between, 0.0) / (every.n - 2)
    noise = sum((step * every.n / others) ** 2 / 12 for step in steps)
    test = t_interval(mean - rest, spread * (1 / n + 1 / others) + noise, every.n - 2, LEVEL)
    size = hedges_from(Moments(n, mean, spread), Moments(others, rest, spread), LEVEL)
    return {
        "rest": rounding.score(rest, others, in_points=in_points),
        "difference": test.difference,
        "ci_low": test.ci_low,
        "ci_high": test.ci_high,
        "hedges_g": size.g,
        "g_low": size.g_low,
        "g_high": size.g_high,
        "p_value": test.p_value,
        "why": None,
    }


def _change(
    scale: str, before: str, after: str, test: Difference, size: Standardised, n: int, linked: int
) -> tuple[object, ...]:
    change = rounding.score(test.difference, n, in_points=scale in POINT_SCALES)
    step = 0.05 if n >= rounding.FINE_FROM else 0.1
    low, high = _to_step(test.ci_low, scale, step, math.floor), _to_step(test.ci_high, scale, step, math.ceil)
    g = round(size.g, 1) + 0.0 if not math.isnan(size.g) else math.nan
    people = (rounding.n_shown(linked), rounding.n_band(linked))
    return scale, before, after, change, low, high, g, *people, test.p_value


def _moments(row: "pd.Series[Any]") -> Moments:
    return Moments(int(row["n"]), float(row["mean"]), float(row["var"]))


def _nearest(steps: float) -> int:
    return round(steps)


def _to_step(value: float, scale: str, step: float, to_whole: Callable[[float], int]) -> float:
    """Round to steps, points to 1, by ``to_whole``."""
    if pd.isna(value):
        return math.nan
    step = 1.0 if scale in POINT_SCALES else step
    return round(to_whole(round(value / step, 6)) * step, 2) + 0.0
