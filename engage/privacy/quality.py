"""The gate of a wave's quality: how many answered, how carefully, how consistently, and how much alike.

Each line has a state (``ok``, ``look``, ``not_fit``; ``unknown`` where nothing can be said) that follows from
its released figures alone, so that it tells nothing that they don't.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from engage.measure import (
    ICC,
    Agreement,
    Alpha,
    Omega,
    adjust_pvalues,
    feldt_interval,
    icc_interval,
    may_aggregate,
    rake,
)
from engage.privacy import rounding
from engage.privacy.flagged import Split, released_change
from engage.privacy.overtime import Past
from engage.privacy.policy import Policy
from engage.privacy.safe import Note, SafeTable, seal

State = Literal["ok", "look", "not_fit", "unknown"]

COLUMNS: Final = ("check", "subject", "n", "n_band", "value", "ci_low", "ci_high", "state", "reason")

RATE: Final = (0.6, 0.3)
"""Response rates from which a wave is fit, and below which it is not. Surveys of individuals in organisations
have 53 % on average, with a standard deviation of 20 points (Baruch & Holtom 2008, Human Relations 61)."""
MAKE_UP: Final = (0.05, 0.20)
"""Shares of respondents who would have to be in other groups to match the staff: fine up to the first."""
CARELESS: Final = (0.10, 0.20)
"""Shares of suspects: fine up to the first, too many above the second (a tenth is usual: Meade & Craig 2012,
Psychol. Methods 17)."""
CONSISTENT: Final = (0.7, 0.6)
"""Alpha and omega from which a scale is fit, and below which it is not (Nunnally 1978)."""
MOVED: Final = (0.02, 0.05)
"""Shift of a favourable share by weighting: small up to the first, large above the second."""
SHIFTED: Final = (0.0, 0.1)
"""The same of a mean without the suspects, on an answer scale."""
SHIFTED_POINTS: Final = (0.0, 5.0)


@dataclass(frozen=True, slots=True)
class Staffing:
    """Who was asked and who answered in the groups of one demographic.

    ``frame``: one row per group whose results are shown, with ``group, invited, responses`` and the released
    ``favourable`` share of the first headline result (NaN: not shown), then one of all others together
    (``group`` missing), where there are any.
    """

    frame: pd.DataFrame

    @property
    def named(self) -> pd.DataFrame:
        """The groups that are shown."""
        return self.frame[self.frame["group"].notna()]


@dataclass(frozen=True, slots=True)
class ScaleQuality:
    """What is known of one scale; ``None`` for what too few answers stand behind."""

    scale: str
    alpha: Alpha | None
    omega: Omega | None
    n_items: int
    differences: ICC | None = None
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True)
class WaveQuality:
    """Everything that a wave's quality is judged by; raw, for the gate alone.

    ``flagged``: how many respondents each rule flags, ``None`` where it could not judge anybody;
    ``suspects``: how many are flagged by ``flags`` rules or more. ``invited`` is ``None`` where nobody knows.
    """

    responses: int
    invited: int | None
    staffing: Mapping[str, Staffing]
    flagged: Mapping[str, int | None]
    suspects: int
    flags: int
    scales: Sequence[ScaleQuality]
    splits: Sequence[Split]
    headlines: Sequence[str]
    grouped_by: str | None = None


@dataclass(slots=True)
class _Lines:
    """Rows of the table as they are made."""

    rows: list[dict[str, object]] = field(default_factory=list)

    def add(
        self, check: str, subject: str, state: State | None, reason: str, *, n: int | None = None,
        band: str | None = None, value: float = math.nan, ends: tuple[float, float] = (math.nan, math.nan),
    ) -> None:  # fmt: skip
        row = (check, subject, n, band, value, *ends, state, reason)
        self.rows.append(dict(zip(COLUMNS, row, strict=True)))

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows, columns=list(COLUMNS)).astype({"n": "Int64"})


def release_quality(raw: WaveQuality, release: Past, policy: Policy) -> SafeTable:
    """Release whether a wave is fit to use, one line for each check and, first, for the wave.

    ``check`` is ``wave, response, make_up, weighting, careless, rule, alpha, omega, icc1, icc2, rwg_j,
    team_means`` or ``sensitivity``; ``subject`` the demographic, rule or scale, of the wave the check that
    decides. Shares (``value``) are rounded like shares of people, flagged people counted in bands below 20
    and in fives from then on, their share likewise; alpha, omega, ICC and rwg(j) to 0.01, with intervals from
    the released value and n. What rests on fewer than ``policy.model_n`` people is left out (``unknown``).
    """
    lines = _Lines()
    _response(raw, lines)
    _make_up(raw, policy, lines)
    _careless(raw, policy, lines)
    for scale in raw.scales:
        _consistency(scale, lines)
    for scale in raw.scales:
        _agreement(scale, lines)
    for split in raw.splits:
        _sensitivity(split, raw.responses, release, policy, lines)
    table = lines.frame()
    table = pd.concat([_overall(table, raw.headlines), table], ignore_index=True)
    notes: dict[str, Note] = {"flags": raw.flags, "omega": "ml", "null": "uniform", "by": raw.grouped_by}
    return seal("quality", table.astype({"n": "Int64"}), notes)


def release_staffing(staffing: Staffing, by: str, policy: Policy) -> SafeTable:
    """Release who answered, group by group of ``by``, beside the staff list.

    One row per group whose results are shown: ``invited`` and ``n`` people (bands below 20), ``rate``
    (rounded and capped as a share of those invited), the ``staff_share`` and ``answer_share`` of the group
    among all, and ``verdict``: whether its rate differs from that of all others (Fisher's exact test at 5 %
    after Benjamini–Hochberg over the groups; R ``fisher.test``, ``p.adjust(method = "BH")``). Who answered is
    not taken for a secret from people who know everybody (see docs/privacy.md); what they answered is.
    """
    every = staffing.frame[["invited", "responses"]].sum()
    frame, rows = staffing.named, []
    tests = adjust_pvalues([_fisher(row, every) for row in frame.to_dict("records")])
    for row, p in zip(frame.to_dict("records"), tests, strict=True):
        invited, n = int(row["invited"]), min(int(row["responses"]), int(row["invited"]))
        above = n * every["invited"] > every["responses"] * invited
        verdict = ("higher" if above else "lower") if p <= 0.05 else "no_reliable_difference"
        counts = [shown(k) for k in (invited, n) for shown in (rounding.n_shown, rounding.n_band)]
        rate = rounding.share(n / invited, invited, policy.colluders) if invited else math.nan
        shares = (row["invited"] / every["invited"], row["responses"] / every["responses"])
        rows.append((row["group"], *counts, rate, *(round(share, 2) for share in shares), verdict))
    columns = (by, "invited", "invited_band", "n", "n_band", "rate", "staff_share", "answer_share", "verdict")
    table = pd.DataFrame(rows, columns=list(columns)).astype({"n": "Int64", "invited": "Int64"})
    return seal("response", table)


def _fisher(row: Mapping[Any, Any], every: pd.Series) -> float:
    from scipy.stats import fisher_exact

    invited = int(row["invited"])
    n = min(int(row["responses"]), invited)
    others, theirs = int(every["invited"]) - invited, int(every["responses"]) - n
    theirs = max(min(theirs, others), 0)
    return float(fisher_exact([[n, invited - n], [theirs, others - theirs]]).pvalue)


def _response(raw: WaveQuality, lines: _Lines) -> None:
    n, band = rounding.n_shown(raw.responses), rounding.n_band(raw.responses)
    if not raw.invited:
        lines.add("response", "", "unknown", "no_staff_list", n=n, band=band)
        return
    rate = rounding.rate(min(raw.responses / raw.invited, 1.0), raw.invited)
    state = _at_least(rate, RATE)
    lines.add("response", "", state, f"rate_{_LEVEL[state]}", n=n, band=band, value=rate)


def _make_up(raw: WaveQuality, policy: Policy, lines: _Lines) -> None:
    """Compare the make-up of the respondents with the staff's, and see what weighting would change."""
    found = {by: (_distance(one.frame), _independence(one.frame)) for by, one in raw.staffing.items()}
    adjusted = adjust_pvalues([p for _, p in found.values()])
    for (by, (distance, _)), p in zip(found.items(), adjusted, strict=True):
        value, sure = round(distance, 2), bool(p <= 0.05)
        state = _at_most(value, MAKE_UP) if sure else "ok"
        reason = "make_up_alike" if state == "ok" else f"make_up_{_LEVEL[state]}"
        n, band = rounding.n_shown(raw.responses), rounding.n_band(raw.responses)
        lines.add("make_up", by, state, reason, n=n, band=band, value=value)
        _weighting(raw.staffing[by], by, policy, lines)


def _weighting(staffing: Staffing, by: str, policy: Policy, lines: _Lines) -> None:
    """Weight the groups shown to the staff's make-up: what is moved follows from released shares alone."""
    frame = staffing.named.dropna(subset=["favourable"])
    frame = frame[frame["responses"] > 0]
    if len(frame) < 2 or frame["responses"].sum() < policy.model_n:
        return
    people = pd.DataFrame({by: np.repeat(frame["group"].to_numpy(object), frame["responses"].to_numpy(int))})
    weights = rake(people, {by: dict(zip(frame["group"], frame["invited"].astype(float), strict=True))})
    target, sample = (frame[name] / frame[name].sum() for name in ("invited", "responses"))
    shift = round(float(((target - sample) * frame["favourable"]).sum()), 2)
    state = _at_most(abs(shift), MOVED)
    reason = f"weighting_{_LEVEL[state]}"
    effective = round(weights.effective_n)
    n, band = rounding.n_shown(effective), rounding.n_band(effective)
    lines.add("weighting", by, state, reason, n=n, band=band, value=shift + 0.0)


def _careless(raw: WaveQuality, policy: Policy, lines: _Lines) -> None:
    if raw.responses < policy.model_n:
        lines.add("careless", "", "unknown", "too_little")
        return
    n, band, share = _few(raw.suspects, raw.responses, policy)
    state = "ok" if math.isnan(share) else _at_most(share, CARELESS)
    lines.add("careless", "", state, f"careless_{_LEVEL[state]}", n=n, band=band, value=share)
    for rule, count in raw.flagged.items():
        if count is None:
            lines.add("rule", rule, "unknown", f"unchecked_{rule}")
            continue
        n, band, share = _few(count, raw.responses, policy)
        # One rule alone often errs, so that it never makes a wave unfit.
        alone: State = "look" if share > CARELESS[0] else "ok"
        lines.add("rule", rule, alone, f"rule_{_LEVEL[alone]}", n=n, band=band, value=share)


def _few(count: int, of: int, policy: Policy) -> tuple[int | None, str | None, float]:
    """Return how many are flagged, so coarse that neither a few nor nobody nor nearly all can be told.

    Below ``scores_k`` there is one band and no share; from 20 on counts go in fives. The share is that of the
    count as it is shown (the middle of a band), so that it does not tell the count more closely.
    """
    count = min(count, of - policy.scores_k)
    if count < policy.scores_k:
        return None, f"0-{policy.scores_k - 1}", math.nan
    if (band := rounding.n_band(count)) is not None:
        low, high = map(int, band.split("-"))
        return None, band, max(round((low + high) / 2 / of, 2), 0.01)
    shown = max(5 * round(count / 5), rounding.EXACT_FROM)
    return shown, None, round(shown / of, 2)


def _consistency(scale: ScaleQuality, lines: _Lines) -> None:
    if scale.n_items < 2:
        return
    if scale.alpha is None:
        lines.add("alpha", scale.scale, "unknown", "too_little")
        return
    alpha = round(scale.alpha.alpha, 2)
    ends = feldt_interval(min(alpha, 0.99), scale.alpha.n, scale.n_items)
    state = _at_least(alpha, CONSISTENT)
    lines.add(
        "alpha", scale.scale, state, f"alpha_{_LEVEL[state]}",
        n=scale.alpha.n, value=alpha, ends=(round(ends.low, 2), round(ends.high, 2)),
    )  # fmt: skip
    if scale.omega is not None:
        omega = round(scale.omega.omega, 2)
        state = _at_least(omega, CONSISTENT)
        lines.add("omega", scale.scale, state, f"omega_{_LEVEL[state]}", n=scale.omega.n, value=omega)


def _agreement(scale: ScaleQuality, lines: _Lines) -> None:
    """Say whether people of one team answer alike enough for its mean to stand for it."""
    if scale.differences is None or scale.agreement is None:
        if scale.n_items > 1:
            lines.add("team_means", scale.scale, "unknown", "too_little")
        return
    icc, agreement = scale.differences, replace(scale.agreement, median=round(scale.agreement.median, 2))
    icc1 = min(round(icc.icc1, 2), 0.99)
    # What follows is worked out from the released value, as for any interval.
    f = max((1 + (icc.group_size - 1) * icc1) / (1 - icc1), 1e-9)
    ends = icc_interval(f, 1.0, icc.n, icc.n_groups)
    low, high, icc2 = (round(one, 2) for one in (ends.low, ends.high, max(1 - 1 / f, 0.0)))
    verdict = may_aggregate(replace(icc, icc1=icc1, ci_low=low, ci_high=high, icc2=icc2), agreement)
    states: Mapping[str, State] = {"yes": "ok", "with_care": "look", "no": "not_fit"}
    reason = verdict.reasons[0].rpartition(".")[2] if verdict.reasons else "alike"
    lines.add("team_means", scale.scale, states[verdict.verdict], reason, n=icc.n)
    lines.add("icc1", scale.scale, None, "", n=icc.n, value=icc1, ends=(low, high))
    lines.add("icc2", scale.scale, None, "", n=icc.n, value=icc2)
    lines.add("rwg_j", scale.scale, None, "", n=icc.n, value=agreement.median)


def _sensitivity(split: Split, responses: int, release: Past, policy: Policy, lines: _Lines) -> None:
    change = released_change(split, release, policy)
    if change is None:
        lines.add("sensitivity", split.scale, "unknown", "not_shown")
        return
    state = _at_most(abs(change), SHIFTED_POINTS if split.measure.in_points else SHIFTED)
    n, band, _ = _few(split.m, responses, policy)
    lines.add("sensitivity", split.scale, state, f"sensitivity_{_LEVEL[state]}", n=n, band=band, value=change)


def _overall(table: pd.DataFrame, headlines: Sequence[str]) -> pd.DataFrame:
    """Return the line of the wave: as good as the worst of what all its results rest on, its ``subject``.

    Those are the response rate, the make-up of the respondents, careless answers and the consistency of the
    headline results. Too few flagged to show a difference is no fault; teams have a verdict of their own.
    """
    wide = table["check"].isin(["response", "make_up", "weighting", "careless"])
    wide |= table["check"].isin(["alpha", "sensitivity"]) & table["subject"].isin(headlines)
    used = table[wide & ~((table["check"] == "sensitivity") & (table["state"] == "unknown"))]
    weight = used["state"].map({"ok": 0, "unknown": 1, "look": 2, "not_fit": 3})
    worst = used.iloc[int(weight.to_numpy().argmax())]
    state = "look" if worst["state"] == "unknown" else worst["state"]
    row = {
        "check": "wave",
        "subject": worst["check"] if state != "ok" else "",
        "state": state,
        "reason": worst["reason"] if state != "ok" else "fit",
    }
    return pd.DataFrame([row], columns=list(COLUMNS)).astype(table.dtypes.to_dict())


def _distance(frame: pd.DataFrame) -> float:
    """Return half the sum of absolute differences between the two make-ups (index of dissimilarity)."""
    staff, answered = (frame[name] / frame[name].sum() for name in ("invited", "responses"))
    return float((staff - answered).abs().sum() / 2)


def _independence(frame: pd.DataFrame) -> float:
    """Return the p-value of Pearson's χ² test that answering has nothing to do with the group.

    R: ``chisq.test(cbind(responses, invited - responses), correct = FALSE)``.
    """
    from scipy.stats import chi2_contingency

    silent = (frame["invited"] - frame["responses"]).clip(lower=0)
    counts = pd.DataFrame({"answered": frame["responses"], "silent": silent})
    counts = counts[counts.sum(axis=1) > 0]
    if len(counts) < 2 or not counts.sum().all():
        return math.nan
    return float(chi2_contingency(counts.to_numpy(), correction=False).pvalue)


_LEVEL: Final[Mapping[str, str]] = {"ok": "good", "look": "middling", "not_fit": "poor"}


def _at_least(value: float, limits: tuple[float, float]) -> State:
    good, poor = limits
    return "ok" if value >= good else "look" if value >= poor else "not_fit"


def _at_most(value: float, limits: tuple[float, float]) -> State:
    good, poor = limits
    return "ok" if value <= good else "look" if value <= poor else "not_fit"
