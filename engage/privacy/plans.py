"""The gate of action plans: what was agreed on, and whether the factor moved since, from released figures."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pandas as pd

from engage.measure import adjust_pvalues
from engage.measure.effect import Difference, t_interval, verdict
from engage.privacy import rounding
from engage.privacy.comparisons import LEVEL
from engage.privacy.policy import Policy
from engage.privacy.release import POINT_SCALES
from engage.privacy.safe import SafeTable, seal

PLAN_STATUSES: Final = ("open", "underway", "done", "dropped")
PLAN_COLUMNS: Final = (
    "plan", "factor", "by", "level", "lever", "action", "owner", "due", "status", "overdue", "remark",
    "wave", "wave_to", "n", "n_band", "change", "ci_low", "ci_high", "whole_low", "whole_high", "verdict",
    "hidden_reason", "who", "since",
)  # fmt: skip
_TOO_SOON: Final = "too_soon"


@dataclass(frozen=True, slots=True)
class Plan:
    """What was agreed on: the ``factor`` to move, in a group (``by``, ``level``; ``""``: everybody), and how.

    ``lever``: an id of ``levers.yaml``, or ``""``; ``action``: it in words of one's own; ``owner``, ``due``
    (ISO); ``wave``: what it starts from. ``status`` is one of :data:`PLAN_STATUSES`, with a ``remark``;
    ``who`` wrote it, ``since`` which day (ISO).
    """

    factor: str
    lever: str
    action: str
    owner: str
    due: str
    wave: str
    by: str = ""
    level: str = ""
    status: str = "open"
    remark: str = ""
    id: str = ""
    who: str = ""
    since: str = ""


def release_plans(
    plans: Sequence[Plan],
    cells: pd.DataFrame,
    moments: pd.DataFrame,
    changes: SafeTable,
    breaks: Mapping[str, str],
    waves: Sequence[str],
    policy: Policy,
    *,
    today: date,
) -> SafeTable:
    """Lay beside each plan whether its factor moved from the plan's wave to the newest closed one.

    ``cells``: released rows of closed ``waves`` (oldest first): ``wave, by, key, scale, n, n_band, mean,
    hidden_reason``; ``moments``: exact ``wave, scale, n, var`` of whole waves; ``changes``: the released
    changes; ``breaks``: of each scale whose wording changed, the last wave that begins a new trend.

    Everybody, from one wave to the next: the released change itself. Else the difference of the two released
    means with its t interval: variance s²(1/n₀ + 1/n₁) + (step₀² + step₁²)/12, where n are released (of a
    band, the lower end), s is the spread within the two whole waves, pooled, on N₀ + N₁ − 2 degrees of
    freedom, and step what means are rounded to. So nothing is read of a group but what was released of it.
    People who answered twice are taken for different ones, so that intervals are rather too wide.
    ``verdict`` (``higher``, ``lower``, ``no_reliable_difference``) is at 5 % after Benjamini–Hochberg over
    the factors and groups of all plans; ``change`` is empty where it is not reliable. ``whole_low`` and
    ``whole_high``: everybody's change over the same waves. ``hidden_reason`` says why there is none:
    ``too_soon`` (no wave since), ``trend_breaks``, ``too_few_rows``, or why a mean is hidden.
    R: ``t.test(var.equal = TRUE)`` from summary figures, but for the rounding; ``p.adjust(method = "BH")``.
    """
    found = {key: _moved(key, cells, moments, changes, breaks, waves, policy) for key in _asked(plans)}
    tested = {key: one.p_value for key, one in found.items() if isinstance(one, Difference)}
    adjusted = adjust_pvalues(pd.Series(list(tested.values()), dtype=float).to_numpy())
    p_values = dict(zip(tested, adjusted, strict=True))
    rows = []
    for plan in plans:
        key, whole = (plan.factor, plan.by, plan.level, plan.wave), (plan.factor, "", "", plan.wave)
        row = _laid_out(plan, today) | {"wave_to": waves[-1] if waves else None}
        row |= _people(_cell(cells, key, waves[-1])) if waves else {}
        row |= _told(found[key], plan.factor, p_values.get(key, math.nan))
        beside = _told(found[whole], plan.factor, math.nan) if plan.by else {}
        rows.append(row | {f"whole_{end}": beside.get(f"ci_{end}", math.nan) for end in ("low", "high")})
    frame = pd.DataFrame(rows, columns=list(PLAN_COLUMNS))
    for name in ("change", "ci_low", "ci_high", "whole_low", "whole_high"):
        frame[name] = frame[name].astype(float)
    frame["level"] = frame["level"].where(frame["level"] != "")
    for name in ("level", "n_band", "verdict", "hidden_reason"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return seal("plans", frame.astype({"n": "Int64", "overdue": bool}))


_Key = tuple[str, str, str, str]
"""Factor, demographic, group and first wave of what is to be compared."""


def _asked(plans: Sequence[Plan]) -> list[_Key]:
    """Return what plans ask, each once: their own change, and everybody's."""
    own = [(plan.factor, plan.by, plan.level, plan.wave) for plan in plans]
    whole = [(plan.factor, "", "", plan.wave) for plan in plans]
    return list(dict.fromkeys([*own, *whole]))


def _moved(
    key: _Key,
    cells: pd.DataFrame,
    moments: pd.DataFrame,
    changes: SafeTable,
    breaks: Mapping[str, str],
    waves: Sequence[str],
    policy: Policy,
) -> "Difference | pd.Series[Any] | str":
    """Return a difference of released means, a released change, or why there is neither."""
    factor, by, _, first = key
    if first not in waves:
        return "not_published"
    if first == waves[-1]:
        return _TOO_SOON
    if factor in breaks and waves.index(breaks[factor]) > waves.index(first):
        return "trend_breaks"
    if not by and waves[-2:] == [first, waves[-1]]:
        frame = changes.tidy()
        row = frame[(frame["scale"] == factor) & (frame["wave_to"] == waves[-1])]
        return "too_few_rows" if row.empty else row.iloc[0]
    before, after = (_cell(cells, key, wave) for wave in (first, waves[-1]))
    if before is None or after is None:
        return "not_published"
    for side in (before, after):
        if pd.isna(side["mean"]):
            return str(side["hidden_reason"] or "not_published")
    whole = moments[(moments["scale"] == factor) & moments["wave"].isin([first, waves[-1]])]
    if len(whole) < 2 or whole["n"].min() < policy.model_n:
        return "too_few_rows"
    return _difference(before, after, whole, factor)


def _difference(
    before: "pd.Series[Any]", after: "pd.Series[Any]", whole: pd.DataFrame, factor: str
) -> Difference:
    sizes = [_sure(one["n"], one["n_band"]) for one in (before, after)]
    df = float((whole["n"] - 1).sum())
    spread = float(((whole["n"] - 1) * whole["var"]).sum()) / df
    steps = [rounding.score_step(n, in_points=factor in POINT_SCALES) for n in sizes]
    noise = sum(step**2 for step in steps) / 12
    variance = spread * sum(1 / n for n in sizes) + noise
    return t_interval(float(after["mean"]) - float(before["mean"]), variance, df, LEVEL)


def _told(found: "Difference | pd.Series[Any] | str", factor: str, p_value: float) -> dict[str, object]:
    """Return what is shown of a change."""
    if isinstance(found, str):
        return {"hidden_reason": found, "verdict": None}
    if isinstance(found, Difference):
        step = 1.0 if factor in POINT_SCALES else 0.05
        said = verdict(found.difference, p_value, LEVEL) if not math.isnan(p_value) else None
        sure = said in ("higher", "lower")
        return {
            "change": round(found.difference, 1) if sure else math.nan,
            "ci_low": round(math.floor(round(found.ci_low / step, 6)) * step, 2) + 0.0,
            "ci_high": round(math.ceil(round(found.ci_high / step, 6)) * step, 2) + 0.0,
            "verdict": said,
            "hidden_reason": None,
        }
    said = ("higher" if found["change"] > 0 else "lower") if found["reliable"] else "no_reliable_difference"
    shown = {name: found[name] for name in ("change", "ci_low", "ci_high")}
    return {**shown, "verdict": said, "hidden_reason": None}


def _laid_out(plan: Plan, today: date) -> dict[str, object]:
    waiting = plan.status in ("open", "underway")
    told = {name: getattr(plan, name) for name in PLAN_COLUMNS if hasattr(plan, name)}
    return told | {"plan": plan.id, "overdue": waiting and date.fromisoformat(plan.due) < today}


def _cell(cells: pd.DataFrame, key: _Key, wave: str) -> "pd.Series[Any] | None":
    factor, by, level, _ = key
    names, values = ([by], [level]) if by else ([], [])
    asked = (cells["wave"] == wave) & (cells["scale"] == factor) & (cells["by"] == json.dumps(names))
    rows = cells[asked]
    rows = rows[rows["key"].map(json.loads).map(lambda one: one == values)]
    return None if rows.empty else rows.iloc[0]


def _people(cell: "pd.Series[Any] | None") -> dict[str, object]:
    return {} if cell is None else {"n": cell["n"], "n_band": cell["n_band"]}


def _sure(n: Any, band: object) -> int:
    return int(n) if not pd.isna(n) else int(str(band).partition("-")[0])
