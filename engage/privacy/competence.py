"""The gate of competence: gaps, what to train first, ratings of teams, and what activities go with."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from engage.errors import TooLittleData
from engage.measure.effect import t_interval
from engage.model import gaps_from, training_plan
from engage.privacy import rounding
from engage.privacy.policy import Policy
from engage.privacy.safe import Note, SafeTable, seal
from engage.privacy.support import Support, check_support
from engage.privacy.suppress import TOO_FEW, suppress

COMPETENCE_COLUMNS: Final = (
    "scale",
    "n",
    "n_band",
    "mean",
    "target",
    "gap",
    "ci_low",
    "ci_high",
    "p_value",
    "verdict",
    "hidden_reason",
)
TRAINING_COLUMNS: Final = (
    "outcome",
    "role",
    "rank",
    "scale",
    "gap",
    "ci_low",
    "ci_high",
    "slope",
    "slope_low",
    "slope_high",
    "gain",
    "gain_low",
    "gain_high",
    "known",
)
PROFILE_COLUMNS: Final = ("team", "scale", "n", "n_band", "mean", "ci_low", "ci_high", "hidden_reason")
ACTIVITY_COLUMNS: Final = (
    "activity",
    "outcome",
    "family",
    "estimate",
    "ci_low",
    "ci_high",
    "p_value",
    "p_adjusted",
    "n",
    "teams",
    "hidden_reason",
)
NOT_PUBLISHED: Final = "not_published"
_SURE: Final = 0.05


def release_competence(
    cells: pd.DataFrame,
    moments: pd.DataFrame,
    targets: Mapping[str, Mapping[str, float]],
    by: str,
    notes: Mapping[str, Note],
    policy: Policy,
) -> SafeTable:
    """Release how far roles' mean levels lie below their targets: a function of what the close released.

    ``cells``: the released table by ``by`` (``by, scale, n, n_band, mean, hidden_reason``); ``moments``: the
    exact ``scale, n, var`` of the whole wave; ``targets``: ``{scale: {role: level}}``. Nothing is read of a
    role but its released mean and n (of a band, the lower end). The spread of answers within roles is the
    whole
    wave's less what the released means explain, pooled; the rounding of the mean adds step²/12. So the gap's
    interval tells nothing of how a small role's people differ. Gap to 0.1, interval outwards to 0.05,
    p-values
    in bands, verdict after Benjamini–Hochberg over the table (see :func:`engage.model.competence_gaps`).
    """
    whole = {str(row["scale"]): row for row in moments.to_dict("records")}
    rows: list[dict[str, Any]] = []
    for scale, wanted in targets.items():
        own = {str(row[by]): row for row in cells[cells["scale"] == scale].to_dict("records")}
        spread, df = _within(list(own.values()), whole[scale]) if scale in whole else (math.nan, 0)
        for role, target in wanted.items():
            cell: dict[Any, Any] = own.get(role, {"hidden_reason": NOT_PUBLISHED})
            n = _sure_n(cell)
            error = spread / n + rounding.score_step(n, in_points=False) ** 2 / 12 if n else math.nan
            rows.append(cell | {by: role, "scale": scale, "target": float(target), "error": error, "df": df})
    frame = pd.DataFrame(rows)
    shown = frame["error"].notna() & frame["mean"].notna() & frame["hidden_reason"].isna()
    if not shown.any():
        raise TooLittleData("privacy.model_too_small", least=policy.model_n)
    tested = gaps_from(frame[shown].rename(columns={by: "role"})).tidy().set_index(frame.index[shown])
    frame["gap"] = tested["gap"].round(1)
    frame["ci_low"] = _outward(tested["ci_low"], 0.05, up=False)
    frame["ci_high"] = _outward(tested["ci_high"], 0.05, up=True)
    frame["p_value"] = tested["p_adjusted"].map(rounding.p_band)
    # An interval that reaches the target once it is rounded is no reliable gap to a reader.
    across = (frame["ci_low"] <= 0) & (frame["ci_high"] >= 0)
    frame["verdict"] = tested["verdict"].mask(across[shown], "met")
    frame["verdict"] = frame["verdict"].where(frame["verdict"].notna(), None)
    frame = frame.reindex(columns=[by, *COMPETENCE_COLUMNS])
    frame["n"] = frame["n"].astype("Int64")
    return seal("competence", frame, {**notes, "by": by})


def release_training(
    gaps: SafeTable, links: SafeTable, serving: Collection[str], notes: Mapping[str, Note]
) -> SafeTable:
    """Release what to train first, by service measure: a function of two released tables.

    ``gaps`` of kind ``competence``, ``links`` of kind ``outcomes``; ``serving``: roles whose teams have
    service results. See :func:`engage.model.training_plan`.
    """
    if (gaps.kind, links.kind) != ("competence", "outcomes"):
        raise TypeError("a training plan is made of released gaps and what they go with")
    short = gaps.tidy().rename(columns={str(gaps.notes["by"]): "role"})
    slopes = links.tidy()
    parts = []
    for measure, own in slopes.groupby("outcome", sort=False):
        named = own.rename(
            columns={"driver": "scale", "estimate": "slope", "ci_low": "slope_low", "ci_high": "slope_high"}
        ).assign(sure=(own["p_adjusted"] <= _SURE).to_numpy())
        plan = training_plan(
            short, named[["scale", "slope", "slope_low", "slope_high", "sure"]], dict.fromkeys(serving, True)
        )
        digits = 4 if measure == "on_time" else 2
        figures = ["slope", "slope_low", "slope_high", "gain", "gain_low", "gain_high"]
        plan[figures] = plan[figures].astype(float).round(digits) + 0.0
        parts.append(plan.assign(outcome=measure))
    return seal(
        "training", pd.concat(parts, ignore_index=True).reindex(columns=list(TRAINING_COLUMNS)), notes
    )


def select_training(table: SafeTable, outcome: str) -> SafeTable:
    """Return the rows of a training plan that are ranked for one service measure."""
    frame = table.tidy()
    return seal("training", frame[frame["outcome"] == outcome], table.notes)


def release_profile(
    ratings: pd.DataFrame,
    scales: Sequence[str],
    people: "pd.Series[int]",
    notes: Mapping[str, Note],
    policy: Policy,
) -> SafeTable:
    """Release teams' mean ratings by others, for teams of ``scores_k`` people and rated contacts.

    ``ratings``: a row per rated contact (or person): ``team`` and a score per scale; ``people``: how many
    people each team has, by name. A team that is too small, or of unknown size, is hidden, with others until
    the hidden ones are nobody or ``scores_k`` contacts of two teams. Means to 0.1; the t interval, outwards
    to
    0.05, is from the released mean, n and the spread within teams, pooled; it takes contacts as independent,
    which those of one person are not quite. The first rows, with no team, are of all teams.
    """
    rows = ratings.dropna(subset=["team"])
    sizes = rows.groupby("team").size()
    small = (sizes < policy.scores_k) | (people.reindex(sizes.index).fillna(0) < policy.scores_k)
    reason = suppress(
        pd.DataFrame({"n": sizes.to_numpy()}),
        [],
        policy.scores_k,
        hidden=pd.Series(np.where(small, TOO_FEW, ""), dtype=object),
    )
    made: list[dict[str, Any]] = []
    for scale in scales:
        known = rows.dropna(subset=[scale])
        groups = known.groupby("team")[scale]
        df = len(known) - groups.ngroups
        pooled = float(((groups.var() * (groups.size() - 1)).sum()) / df) if df > 0 else math.nan
        made.append({"team": None, "scale": scale} | _rated(known[scale], pooled, df, policy))
        for team, why in zip(sizes.index, reason, strict=True):
            own = known.loc[known["team"] == team, scale]
            why = why or (TOO_FEW if len(own) < policy.scores_k else "")
            figures = {"hidden_reason": why} if why else _rated(own, pooled, df, policy)
            made.append({"team": team, "scale": scale} | figures)
    frame = pd.DataFrame(made).reindex(columns=list(PROFILE_COLUMNS))
    frame["n"] = frame["n"].astype("Int64")
    order = frame.assign(every=frame["team"].notna()).sort_values("every", kind="stable").index
    return seal("profile", frame.loc[order], {**notes, "contacts": rounding.open_band(len(rows))})


def release_activities(
    table: pd.DataFrame, notes: Mapping[str, Note], policy: Policy, *, behind: Sequence[Support]
) -> SafeTable:
    """Release what teams' activities go with: slopes to 0.001, p-values in bands.

    ``table``: a row per ``activity`` and ``outcome`` with ``ACTIVITY_COLUMNS``; ``hidden`` says why a row is
    empty. ``behind``: what stands behind every model shown. Raises ``TooLittleData`` where one misses a
    threshold.
    """
    for support in behind:
        check_support(support, policy)
    frame = table.assign(hidden_reason=table["hidden"].where(table["hidden"] != "", None))
    hidden = frame["hidden_reason"].notna()
    for name in ("estimate", "ci_low", "ci_high"):
        frame[name] = (frame[name].astype(float).round(3) + 0.0).mask(hidden)
    for name in ("p_value", "p_adjusted"):
        frame[name] = frame[name].astype(float).map(rounding.p_band).mask(hidden)
    for name in ("n", "teams"):
        frame[name] = frame[name].astype("Int64").mask(hidden)
    return seal("activities", frame.reindex(columns=list(ACTIVITY_COLUMNS)), notes)


def _within(cells: Sequence[Mapping[Any, Any]], whole: Mapping[Any, Any]) -> tuple[float, int]:
    """Return the spread of answers within groups and its df, from the whole's and the released means."""
    shown = [cell for cell in cells if not pd.isna(cell["mean"])]
    between = sum(_sure_n(cell) * (float(cell["mean"]) - float(whole["mean"])) ** 2 for cell in shown)
    df = int(whole["n"]) - max(len(cells), 1)
    return max((float(whole["n"]) - 1) * float(whole["var"]) - between, 0.0) / max(df, 1), df


def _sure_n(cell: Mapping[Any, Any]) -> int:
    if not pd.isna(cell.get("n")):
        return int(cell["n"])
    return 0 if pd.isna(cell.get("n_band")) else int(str(cell["n_band"]).partition("-")[0])


def _rated(values: pd.Series, pooled: float, df: int, policy: Policy) -> dict[str, Any]:
    n = len(values)
    if n < policy.scores_k:
        return {"hidden_reason": TOO_FEW}
    step = rounding.score_step(n, in_points=False)
    mean = rounding.score(float(values.mean()), n, in_points=False)
    test = t_interval(mean, pooled / rounding.n_low(n) + step**2 / 12, df, 0.95)
    ends = pd.Series([test.ci_low]), pd.Series([test.ci_high])
    return {
        "n": rounding.n_shown(n),
        "n_band": rounding.n_band(n),
        "mean": mean,
        "hidden_reason": None,
        "ci_low": _outward(ends[0], 0.05, up=False).iloc[0],
        "ci_high": _outward(ends[1], 0.05, up=True).iloc[0],
    }


def _outward(values: pd.Series, step: float, *, up: bool) -> pd.Series:
    steps = (values.astype(float) / step).round(6)
    whole = pd.Series(np.ceil(steps) if up else np.floor(steps), values.index)
    return (whole * step).round(2) + 0.0
