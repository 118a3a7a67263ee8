"""Quality inspections: where marks fall below the standard, and whether raters agree."""

import math
from typing import Any, Final

import numpy as np
import pandas as pd

from engage.errors import TooLittleData
from engage.measure import adjust_pvalues
from engage.measure.agreement import icc
from engage.measure.raters import cohen_kappa, krippendorff_alpha

EVERY: Final = "all"
RELIABLE: Final = 0.8
TENTATIVE: Final = 2 / 3
"""Krippendorff's limits: alpha from .80 on may be relied upon, from .667 on for tentative conclusions."""
_LEVEL: Final = 0.95
_ALPHA: Final = 0.05


def weaknesses(inspections: pd.DataFrame) -> pd.DataFrame:
    """Return each branch's mean mark by criterion beside its standard: the largest gaps first.

    Marks are parts of the highest mark (0–1); several ratings of a case count as their mean. A row per
    ``branch`` (``"all"`` for all together) and ``criterion``: ``n`` cases, ``agents`` whose they are (missing
    where not told of all), ``mean`` with ``ci_low``, ``ci_high``, ``standard``, ``gap`` = standard − mean,
    ``p_value``, ``p_adjusted`` (Benjamini–Hochberg over all rows) and ``verdict``: ``below`` or ``above`` at
    5 % after adjusting, else ``unclear``. Cases of an agent are alike, so where agents are told, errors are
    clustered by them with t(G − 1); otherwise cases count as independent, with t(n − 1).

    ``inspections``: a row per rating with ``case, branch, criterion, score, top, standard``, ``respondent``.
    Rows with fewer than two cases (or agents) have no interval. Raises ``TooLittleData`` for no marks.
    R: ``t.test``; with agents ``clubSandwich::vcovCR(lm(y ~ 1), agent, "CR1S")``.
    """
    rated = inspections.dropna(subset=["case", "branch", "criterion", "score"])
    if rated.empty:
        raise TooLittleData("workspace.no_inspections")
    rated = rated.assign(mark=rated["score"] / rated["top"], wanted=rated["standard"] / rated["top"])
    keys = ["branch", "criterion", *[name for name in ("import_id",) if name in rated], "case"]
    cases = rated.groupby(keys, as_index=False, sort=True).agg(
        mark=("mark", "mean"), wanted=("wanted", "mean"), agent=("respondent", "first")
    )
    whole = cases.assign(branch=EVERY)
    rows = [
        {"branch": branch, "criterion": criterion, **_gap(part)}
        for frame in (whole, cases)
        for (branch, criterion), part in frame.groupby(["branch", "criterion"], sort=True)
    ]
    table = pd.DataFrame(rows)
    table["p_adjusted"] = adjust_pvalues(table["p_value"].to_numpy(float))
    sure = table["p_adjusted"] <= _ALPHA
    table["verdict"] = np.where(~sure, "unclear", np.where(table["gap"] > 0, "below", "above"))
    table["agents"] = table["agents"].astype("Int64")
    return table.sort_values(["gap", "branch", "criterion"], ascending=[False, True, True], ignore_index=True)


def rater_agreement(inspections: pd.DataFrame, *, least: int = 10) -> pd.DataFrame:
    """Return how far raters of the same cases agree, criterion by criterion and (``"all"``) on a case's mean.

    ``n`` cases with two ratings, ``apart``: the mean distance of two ratings of a case as a part of the
    highest mark; ``alpha`` with its interval (Krippendorff, interval metric); ``icc`` with its interval: the
    part of a single rating's variance that lies between cases (one-way, since raters differ from case to
    case); ``kappa`` with its interval, quadratic weights, where exactly two raters rated; ``verdict``:
    ``reliable`` (alpha from .80), ``tentative`` (from .667) or ``unreliable``. Rows below ``least`` cases, or
    where all marks are the same, have no figures.

    ``inspections``: as of :func:`weaknesses`, with ``rater`` (and ``import_id``, within which raters are
    numbered). Raises ``TooLittleData`` where no case was rated twice.
    """
    rated = inspections.dropna(subset=["case", "criterion", "score", "rater"])
    source = rated["import_id"] if "import_id" in rated else pd.Series("", rated.index)
    rated = rated.assign(
        mark=rated["score"] / rated["top"],
        unit=source.astype(str) + "/" + rated["case"].astype(str),
        by=source.astype(str) + "/" + rated["rater"].astype(str),
    )
    overall = rated.groupby(["unit", "by"], as_index=False)["mark"].mean().assign(criterion=EVERY)
    rows = []
    for frame in (overall, rated):
        for criterion, part in frame.groupby("criterion", sort=True):
            marks = part.pivot_table(index="unit", columns="by", values="mark", aggfunc="mean")
            twice = marks[marks.notna().sum(axis=1) >= 2]
            if len(twice):
                rows.append({"criterion": criterion, "n": len(twice), **_agreed(twice, least)})
    if not rows:
        raise TooLittleData("desk.not_rated_twice")
    return pd.DataFrame(rows)


def _gap(part: pd.DataFrame) -> dict[str, Any]:
    """Return mean, interval and test of one branch's marks of one criterion."""
    from scipy.special import stdtr, stdtrit

    marks, n = part["mark"].to_numpy(float), len(part)
    mean, standard = float(marks.mean()), float(part["wanted"].mean())
    told = part["agent"].notna().all()
    groups = part["agent"].nunique() if told else n
    found: dict[str, Any] = {"n": n, "agents": groups if told else None, "mean": mean, "standard": standard}
    found |= {"gap": standard - mean, "ci_low": math.nan, "ci_high": math.nan, "p_value": math.nan}
    if groups < 2:
        return found
    sums = pd.Series(marks - mean).groupby(part["agent"].to_numpy() if told else np.arange(n)).sum()
    error = math.sqrt(float((sums**2).sum()) * groups / (groups - 1)) / n
    half = float(stdtrit(groups - 1, (1 + _LEVEL) / 2)) * error
    found |= {"ci_low": max(mean - half, 0.0), "ci_high": min(mean + half, 1.0)}
    t = math.inf if error == 0 else abs(standard - mean) / error
    found["p_value"] = 1.0 if standard == mean else 2 * float(stdtr(groups - 1, -t))
    return found


def _agreed(marks: pd.DataFrame, least: int) -> dict[str, Any]:
    names = (
        "alpha",
        "alpha_low",
        "alpha_high",
        "icc",
        "icc_low",
        "icc_high",
        "kappa",
        "kappa_low",
        "kappa_high",
    )
    found: dict[str, Any] = dict.fromkeys(names, math.nan) | {"verdict": None}
    pairs = marks.to_numpy(float)
    found["apart"] = float(np.mean([_apart(row[~np.isnan(row)]) for row in pairs]))
    if len(marks) < least or np.nanmax(pairs) == np.nanmin(pairs):
        return found
    alpha = krippendorff_alpha(_compact(pairs))
    long = marks.reset_index().melt("unit", value_name="mark").dropna()
    alike = icc(long["mark"], long["unit"])
    found |= {"alpha": alpha.alpha, "alpha_low": alpha.ci_low, "alpha_high": alpha.ci_high}
    found |= {"icc": alike.icc1, "icc_low": alike.ci_low, "icc_high": alike.ci_high}
    raters = marks.columns[marks.notna().any()]
    if len(raters) == 2:
        kappa = cohen_kappa(marks[raters[0]], marks[raters[1]], weights="quadratic")
        found |= {"kappa": kappa.kappa, "kappa_low": kappa.ci_low, "kappa_high": kappa.ci_high}
    found["verdict"] = (
        "reliable" if alpha.alpha >= RELIABLE else "tentative" if alpha.alpha >= TENTATIVE else "unreliable"
    )
    return found


def _apart(ratings: "np.ndarray[Any, np.dtype[np.float64]]") -> float:
    """Return the mean distance of the pairs of one case's ratings."""
    gaps = np.abs(np.subtract.outer(ratings, ratings))
    return float(gaps.sum() / (len(ratings) * (len(ratings) - 1)))


def _compact(pairs: "np.ndarray[Any, np.dtype[np.float64]]") -> pd.DataFrame:
    """Return ratings pushed to the left: alpha does not ask whose they are."""
    order = np.argsort(np.isnan(pairs), axis=1, kind="stable")
    left = np.take_along_axis(pairs, order, axis=1)
    return pd.DataFrame(np.round(left[:, ~np.isnan(left).all(axis=0)], 4))
