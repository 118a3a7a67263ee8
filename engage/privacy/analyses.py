"""The gate for what is made of several models: the two-factor test, what-if, outcomes side by side, leaving.

Each function checks what stands behind every model a number comes from, rounds and seals.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import pandas as pd

from engage.measure import wilson_interval
from engage.privacy import rounding
from engage.privacy.nested import TOO_FEW_ROWS
from engage.privacy.policy import Policy
from engage.privacy.safe import Note, SafeTable, seal
from engage.privacy.support import Support, check_support
from engage.privacy.suppress import TOO_FEW, suppress

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


ATTRITION_COLUMNS: Final = ("part", "model", "item", "group", "value", "ci_low", "ci_high", "expected", "n",
                            "hidden_reason")  # fmt: skip
_SCORES: Final = ("auc", "average_precision", "brier", "calibration_slope", "observed", "predicted")


def release_attrition(
    scores: pd.DataFrame,
    calibration: pd.DataFrame,
    importance: pd.DataFrame,
    fairness: pd.DataFrame,
    difference: pd.DataFrame,
    notes: Mapping[str, Note],
    policy: Policy,
    *,
    behind: Support,
) -> SafeTable:
    """Release how well models of leaving do on people they have not seen; nothing of any person.

    Frames as :class:`engage.model.AttritionModel` has them. Parts of the table: ``score`` (to 0.01, the Brier
    score to 0.001), ``difference`` (of the AUC of a further model from the first one's, to 0.005),
    ``calibration`` (people by falling risk, in as many groups as leave at least ``scores_k`` leavers and
    stayers in each: expected and observed shares), ``importance`` (the drop of the AUC when a feature is
    shuffled, to 0.005), ``fairness`` (groups of at least ``model_n`` people with ``scores_k`` leavers and
    stayers: observed share, and expected; the others of a column are hidden until they are nobody or
    ``model_n`` people in two groups). Raises ``TooLittleData`` below a threshold.
    """
    check_support(behind, policy)
    rows = [*_score_rows(scores), *_calibration_rows(calibration, policy)]
    rows += [
        {"part": "difference", "model": r["model"], "item": "auc", "value": _fine(r["auc"])}
        | {end: _fine(r[end]) for end in ("ci_low", "ci_high")}
        for r in difference.to_dict("records")
    ]
    rows += [
        {"part": "importance", "model": r["model"], "item": r["feature"], "value": _fine(r["drop"])}
        for r in importance.to_dict("records")
    ]
    rows += _fairness_rows(fairness, behind.n, policy)
    frame = pd.DataFrame(rows).reindex(columns=list(ATTRITION_COLUMNS))
    frame["hidden_reason"] = frame["hidden_reason"].astype(object).where(frame["hidden_reason"].notna(), None)
    return seal("attrition", frame.astype({"n": "Int64"}), {**notes, "n": behind.n})


def _fine(area: float) -> float:
    """Round a difference of AUCs."""
    return round(round(area / 0.005) * 0.005, 3) + 0.0


def _score_rows(scores: pd.DataFrame) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for row in scores.to_dict("records"):
        for item in _SCORES:
            value = round(float(row[item]), 3 if item == "brier" else 2)
            made: dict[str, object] = {"part": "score", "model": row["model"], "item": item, "value": value}
            if item == "auc":
                made |= {end: round(float(row[f"auc_{end[3:]}"]), 2) for end in ("ci_low", "ci_high")}
            rows.append(made)
    return rows


def _calibration_rows(calibration: pd.DataFrame, policy: Policy) -> list[dict[str, object]]:
    """Return calibration in as many equal groups of risk as have leavers and stayers enough in each."""
    rows: list[dict[str, object]] = []
    for model, bins in calibration.groupby("model", sort=False):
        for count in range(len(bins), 0, -1):
            merged = _merged(bins, count)
            if all(min(left, n - left) >= policy.scores_k for n, left, _ in merged):
                rows += [
                    {
                        "part": "calibration",
                        "model": model,
                        "item": str(place),
                        "expected": round(expected, 2),
                    }
                    | _observed(left / n, n, policy)
                    for place, (n, left, expected) in enumerate(merged, start=1)
                ]
                break
    return rows


def _merged(bins: pd.DataFrame, count: int) -> list[tuple[int, int, float]]:
    """Return neighbouring bins taken together, ``count`` of them: people, leavers, expected share."""
    edges = [round(place * len(bins) / count) for place in range(count + 1)]
    made = []
    for first, last in pairwise(edges):
        part = bins.iloc[first:last]
        n = int(part["n"].sum())
        left = round(float((part["n"] * part["observed"]).sum()))
        made.append((n, left, float((part["n"] * part["predicted"]).sum()) / n))
    return made


def _fairness_rows(fairness: pd.DataFrame, everybody: int, policy: Policy) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for (model, column), part in fairness.groupby(["model", "column"], sort=False) if len(fairness) else ():
        people = [int(n) for n in part["n"]]
        left = [round(n * float(share)) for n, share in zip(people, part["observed"], strict=True)]
        sides = [min(gone, n - gone) for n, gone in zip(people, left, strict=True)]
        hidden = [
            TOO_FEW if n < policy.model_n or side < policy.scores_k else ""
            for n, side in zip(people, sides, strict=True)
        ]
        rest = everybody - sum(people)
        # Small groups, and people without one: they need hiding if rounding does not hide them already.
        if rest > sum(
            n * rounding.share_step(n) / 2 for n, why in zip(people, hidden, strict=True) if not why
        ):
            people, hidden = [*people, rest], [*hidden, TOO_FEW]
        cells = pd.DataFrame({"n": people})
        reasons = suppress(cells, [], policy.model_n, hidden=pd.Series(hidden, dtype=object))
        for row, n, reason in zip(part.to_dict("records"), people, reasons, strict=False):
            made: dict[str, object] = {"part": "fairness", "model": model, "item": column}
            made |= {"group": row["group"], "hidden_reason": reason or None}
            if not reason:
                made |= {"expected": round(float(row["predicted"]), 2)}
                made |= _observed(float(row["observed"]), n, policy)
            rows.append(made)
    return rows


def _observed(share: float, n: int, policy: Policy) -> dict[str, object]:
    """Return a share of people as it may be shown, with Wilson's interval of what is shown, and n."""
    shown, step = rounding.share(share, n, policy.colluders), rounding.share_step(n)
    if math.isnan(shown):
        return {"n": rounding.n_shown(n)}
    ends = wilson_interval(shown * n, n)
    low, high = math.floor(ends.low / step + 1e-9) * step, math.ceil(ends.high / step - 1e-9) * step
    return {"value": shown, "ci_low": round(low, 2), "ci_high": round(high, 2), "n": rounding.n_shown(n)}
