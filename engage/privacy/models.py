"""The gate for what models say: drivers, survival curves, tables of hits and misses, quantiles.

Each function suppresses, merges, rounds and seals, like those of :mod:`engage.privacy.release`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from engage.errors import TooLittleData
from engage.privacy import rounding
from engage.privacy.nested import TOO_FEW_ROWS, UNPUBLISHED, group_reasons
from engage.privacy.policy import Policy
from engage.privacy.safe import Note, SafeTable, seal
from engage.privacy.support import Support, check_support
from engage.privacy.suppress import suppress

DRIVER_COLUMNS: Final = (
    "outcome", "driver", "block", "role", "direction", "estimate", "standardised", "std_error", "ci_low",
    "ci_high", "p_value", "p_adjusted", "importance", "share", "importance_low", "importance_high",
    "rank_low", "rank_high", "johnson", "correlation", "vif",
)  # fmt: skip
"""All that a driver table may hold; whatever else a model has stays inside."""

_COEFFICIENTS: Final = ("estimate", "standardised", "std_error", "ci_low", "ci_high", "importance")
_SHARES: Final = ("share", "importance_low", "importance_high", "johnson")
_CORRELATION_STEP: Final = {False: 0.01, True: 0.05}
"""By whether the outcome is known: the correlation then tells the drivers' mean where it is high."""
_MOST_INFLATED: Final = 10.0
_COUNTED: Final = ("events", "n_clusters")
_COUNT_STEP: Final = 5


def release_drivers(
    table: pd.DataFrame,
    notes: Mapping[str, Note],
    policy: Policy,
    *,
    behind: Sequence[Support],
    known_outcome: bool = False,
) -> SafeTable:
    """Release a driver model: coefficients and importance to 0.001, shares to a point, p-values in bands.

    Correlations are to 0.01, and to 0.05 of an outcome that is no answer and that many know
    (``known_outcome``: who left, what service was); variance inflation factors to 0.1, at most 10.
    ``table`` has one row per outcome, block and driver, with any of ``DRIVER_COLUMNS``; others are left out.
    ``behind`` says what stands behind every model that a number of the table comes from, the main one first;
    its rows become the note ``n``, its coefficients the note ``coefficients``. Other counts in ``notes`` are
    shown from 20 on, else in a band (``events_band``). Raises ``TooLittleData`` where a model misses a
    threshold of ``policy`` (:func:`engage.privacy.support.check_support`), ``TypeError`` for more rows than
    drivers.
    """
    for support in behind:
        check_support(support, policy)
    frame = table[[name for name in table.columns if name in DRIVER_COLUMNS]].copy()
    if frame.duplicated([name for name in ("outcome", "block", "driver") if name in frame]).any():
        raise TypeError("a driver table has one row per driver")
    for names, digits in ((_COEFFICIENTS, 3), (_SHARES, 2)):
        for name in frame.columns.intersection(list(names)):
            frame[name] = frame[name].astype(float).round(digits) + 0.0
    if "correlation" in frame:
        step = _CORRELATION_STEP[known_outcome]
        frame["correlation"] = ((frame["correlation"].astype(float) / step).round() * step).round(2) + 0.0
    if "vif" in frame:
        frame["vif"] = frame["vif"].astype(float).round(1).clip(upper=_MOST_INFLATED)
    for name in frame.columns.intersection(["p_value", "p_adjusted"]):
        frame[name] = frame[name].map(rounding.p_band)
    n = behind[0].n
    shown = {key: round(value, 2) if isinstance(value, float) else value for key, value in notes.items()}
    counts = {"n": n, "coefficients": behind[0].coefficients, **_counts(notes, behind[0])}
    return seal("drivers", frame, {**shown, **counts})


def release_grouped_drivers(
    tables: Mapping[str, SafeTable | None],
    by: str,
    outcome: str,
    members: pd.DataFrame,
    policy: Policy,
    *,
    unpublished: Sequence[str] = (),
) -> SafeTable:
    """Lay driver tables of groups under each other; a group that may have none is a hidden row.

    ``None`` stands for a group that a model was refused. ``members`` are the rows behind the model of all,
    with the groups they belong to (:func:`engage.privacy.nested.group_reasons`): groups are hidden too where
    the model of all, or of a larger group, would give a hidden one away. ``unpublished`` groups are hidden in
    the score tables of the waves asked, and have no model.

    What models with the most coefficients leave of each other is a model with as many: it has
    ``policy.rows_per_coefficient`` people for each of them. Groups with a smaller model (of composites) are
    left by those, too.
    """
    failed = {value: TOO_FEW_ROWS for value, table in tables.items() if table is None}
    failed |= dict.fromkeys(unpublished, UNPUBLISHED)
    reasons = group_reasons(members, by, failed, policy.model_n)
    shown = {value: table for value, table in tables.items() if table is not None and not reasons.get(value)}
    sizes = {value: int(str(table.notes["coefficients"])) for value, table in shown.items()}
    most = max(sizes.values(), default=0)
    smaller = {value: TOO_FEW_ROWS for value, size in sizes.items() if size < most}
    hidden = {value: why for value, why in reasons.items() if why}
    least = max(policy.model_n, policy.rows_per_coefficient * most)
    finest = group_reasons(members, by, hidden | smaller, least)
    reasons |= {value: why for value, why in finest.items() if why and value not in smaller | hidden}
    parts = []
    for value, table in tables.items():
        reason = reasons.get(value, TOO_FEW_ROWS)
        if table is None or reason:
            part = pd.DataFrame({"outcome": [outcome], "hidden_reason": [reason]})
        else:
            part = table.tidy()
        part.insert(0, by, value)
        parts.append(part)
    return seal("drivers", pd.concat(parts), {"outcome": outcome})


def release_survival(curves: pd.DataFrame, by: Sequence[str], policy: Policy, *, step: float) -> SafeTable:
    """Release survival curves (such as of staying), merged to a grid of times that no event has chosen.

    ``curves``: ``by`` and, for each distinct time of an event or a censoring, ``time`` (> 0), ``at_risk``,
    ``events``, ``survival``, ``ci_low``, ``ci_high``, as Kaplan and Meier give them (R: ``survfit``),
    ascending. Only multiples of ``step`` are shown, as soon as ``policy.scores_k`` events have gathered since
    the last one and while as many people remain at risk. A smaller rest of events after the last time shown
    takes that time with it. Survival is rounded to 0.01, its interval outwards; n is the most ever at risk,
    ``at_risk`` the people still there after a time, down to 5. ``start``, a multiple of ``step`` where given,
    is where a curve begins: the share is of those who were there then.

    A group below ``policy.model_n`` people, or without any time to show, is hidden, and so are others until
    the hidden ones are two or more with ``policy.model_n`` people.
    """
    groups = list(curves.groupby(list(by), sort=False, dropna=False)) if by else [((), curves)]
    shown = [_steps(curve.sort_values("time"), policy.scores_k, step) for _, curve in groups]
    n = pd.DataFrame({"n": [int(curve["at_risk"].max()) for _, curve in groups]})
    none = pd.Series(["" if len(times) else "too_few" for times in shown], dtype=object)
    reasons = suppress(n, [], policy.model_n, hidden=none)
    parts = []
    for (key, curve), times, size, reason in zip(groups, shown, n["n"], reasons, strict=True):
        start = float(curve["start"].iloc[0]) if "start" in curve else None
        keys: list[Any] = list(key)
        part = pd.DataFrame({"time": [math.nan]}) if reason else times
        for place, name in enumerate(by):
            part.insert(place, name, keys[place])
        part["n"] = None if reason else rounding.n_shown(size)
        part["start"] = None if reason else start
        parts.append(part.assign(hidden_reason=reason or None))
    columns = [*by, "start", "time", "n", "at_risk", "survival", "ci_low", "ci_high", "hidden_reason"]
    whole = pd.concat(parts).reindex(columns=columns)
    return seal("survival", whole.astype({"n": "Int64", "at_risk": "Int64", "start": float}))


def release_confusion(counts: pd.DataFrame, policy: Policy) -> SafeTable:
    """Release how often a prediction was right: people by ``actual`` and ``predicted``, to the nearest 5.

    ``counts``: ``actual, predicted, n``, every pair once (0 where nobody is). A cell below
    ``policy.scores_k`` is hidden, nobody's too, with as many others of its row and column as keep its line
    from giving it back. No margins are released. Raises ``TooLittleData`` below ``policy.model_n`` people.
    """
    if counts["n"].sum() < policy.model_n:
        raise TooLittleData("privacy.model_too_small", least=policy.model_n)
    frame = counts[["actual", "predicted", "n"]].reset_index(drop=True)
    reason = suppress(frame, ["actual", "predicted"], policy.scores_k)
    rounded = (frame["n"] / _COUNT_STEP).round().astype("Int64") * _COUNT_STEP
    frame["n"] = rounded.mask(reason != "")
    frame["hidden_reason"] = reason.where(reason != "", None)
    return seal("confusion", frame)


def release_quantiles(
    answers: pd.DataFrame, by: Sequence[str], quantiles: Sequence[float], policy: Policy, *, step: float = 0.1
) -> SafeTable:
    """Release quantiles of groups, each the mean of ``policy.scores_k`` or more neighbours, to ``step``.

    ``answers``: one row per person with the columns ``by`` and ``value``; missing ones are left out.
    Quantile q of n sorted values is the mean of those ``policy.scores_k`` (one more if even) around place
    q·(n − 1). It is released only if ``n·min(q, 1 − q)`` is at least ``policy.scores_k``, and as many values
    differ from the most frequent one: a quantile at the end of a scale would else tell everybody's beyond it.
    Groups below ``policy.model_n`` people are hidden, with others as :func:`suppress` says.
    """
    there = answers.dropna(subset=["value"])
    groups = list(there.groupby(list(by), sort=True, dropna=False)) if by else [((), there)]
    sizes = pd.DataFrame({"n": [len(part) for _, part in groups]})
    reasons = suppress(sizes, [], policy.model_n)
    rows = []
    for (key, part), hidden in zip(groups, reasons, strict=True):
        values = np.sort(part["value"].to_numpy(dtype=float))
        for q in quantiles:
            value = math.nan if hidden else _quantile(values, q, policy.scores_k, step)
            reason = hidden or ("too_few" if math.isnan(value) else None)
            rows.append((*key, q, value, None if hidden else rounding.n_shown(len(values)), reason))
    frame = pd.DataFrame(rows, columns=[*by, "quantile", "value", "n", "hidden_reason"])
    return seal("quantiles", frame.astype({"n": "Int64", "value": float}))


def _counts(notes: Mapping[str, Note], support: Support) -> dict[str, Note]:
    """Return the counts of the notes: as they are from 20 on, in bands below, and so for their rest of n."""
    found: dict[str, Note] = {}
    for name in _COUNTED:
        count = notes.get(name)
        if not isinstance(count, int):
            continue
        rest = support.n - count if support.binary and name == "events" else rounding.EXACT_FROM
        exact = rounding.n_shown(count) is not None and rounding.n_shown(rest) is not None
        found[name] = count if exact else None
        found[f"{name}_band"] = None if exact else rounding.open_band(count)
    return found


def _steps(curve: pd.DataFrame, k: int, step: float) -> pd.DataFrame:
    """Return the times of a curve that may be shown, ascending."""
    times, events = curve["time"].to_numpy(dtype=float), curve["events"].to_numpy(dtype=float)
    at_risk = np.append(curve["at_risk"].to_numpy(dtype=float), 0.0)
    total, last, shown = events.cumsum(), 0.0, []
    for grid in np.arange(1, math.floor(times.max() / step + 1e-9) + 1) * step:
        place = int(np.searchsorted(times, grid, side="right"))
        if place and at_risk[place] >= k and total[place - 1] - last >= k:
            shown.append((float(grid), place - 1))
            last = total[place - 1]
    if shown and 0 < total[-1] - last < k:
        shown.pop()
    rows = curve.iloc[[place for _, place in shown]]
    return pd.DataFrame(
        {
            "time": [grid for grid, _ in shown],
            "at_risk": [int(at_risk[place + 1] // _COUNT_STEP) * _COUNT_STEP for _, place in shown],
            "survival": rows["survival"].round(2).to_numpy(),
            "ci_low": (np.floor(rows["ci_low"] * 100 + 1e-9) / 100).to_numpy(),
            "ci_high": (np.ceil(rows["ci_high"] * 100 - 1e-9) / 100).to_numpy(),
        }
    )


def _quantile(values: np.ndarray, q: float, k: int, step: float) -> float:
    """Return the mean around a quantile of sorted values, to ``step``; NaN where too few stand behind it."""
    n = len(values)
    differing = n - np.unique(values, return_counts=True)[1].max(initial=0)
    if n * min(q, 1 - q) < k - 1e-9 or differing < k:
        return math.nan
    half = k // 2
    centre = round(q * (n - 1))
    return round(float(np.round(values[centre - half : centre + half + 1].mean() / step) * step), 6)
