"""The makers of :class:`SafeTable`, beside :mod:`engage.privacy.models`: they suppress, round and seal."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from engage.privacy import rounding
from engage.privacy.policy import Policy
from engage.privacy.roster import as_text
from engage.privacy.safe import SafeTable, seal
from engage.privacy.suppress import COMBINATION, REASONS, TOO_FEW, suppress
from engage.privacy.tone import TONES

SCORE_COLUMNS: Final = ("scale", "n", "n_band", "mean", "favourable", "ci_low", "ci_high", "hidden_reason")
"""The final columns of a score table, behind its by columns."""

POINT_SCALES: Final = frozenset({"enps_net"})
"""Scores in points (−100 to 100) rather than on an answer scale."""

_NUMBERS: Final = ("n", "mean", "favourable", "ci_low", "ci_high")


def release_scores(
    cells: pd.DataFrame,
    by: Sequence[str],
    policy: Policy,
    reasons: pd.DataFrame | None = None,
    spreads: Mapping[str, float] | None = None,
) -> SafeTable:
    """Release group scores.

    ``cells``: one row per group and scale, with the columns ``by``, ``scale``, ``n`` (respondents with a
    score), ``mean`` (answer scale) and ``favourable`` (0–1), covering everybody. ``reasons`` says of each
    row's ``mean`` and ``favourable`` why they are hidden (``""`` where they are not), as
    :func:`engage.privacy.hidden_cells` found; without it the table is taken to be the only one there is, and
    suppression works per scale, since missing answers make n differ. Means are rounded to 0.1, shares as in
    :mod:`engage.privacy.rounding`; the interval is Wilson's for the released share, narrowed by
    ``spreads`` (:func:`engage.privacy.rounding.spread_of` the scale, 1 where there is none).
    """
    there = cells[cells["n"] > 0].reset_index(drop=True)
    if reasons is None:
        reason = pd.Series("", index=there.index, dtype=object)
        for _, part in there.groupby("scale", sort=False):
            reason[part.index] = suppress(part, by, policy.scores_k)
    else:
        of_rows = reasons[cells["n"] > 0].reset_index(drop=True)
        reason = of_rows["mean"]
        there["favourable"] = there["favourable"].where(of_rows["favourable"] == "")
    frame = _rounded(there, by, policy.colluders, spreads or {})
    hidden = reason != ""
    for name in (*_NUMBERS, "n_band"):
        frame[name] = frame[name].mask(hidden)
    frame["hidden_reason"] = reason.where(hidden, None)
    return seal("scores", _typed(frame))


def released_cells(tables: Mapping[tuple[str, ...], SafeTable]) -> pd.DataFrame:
    """Lay the released tables of a wave out as rows to be stored at its close.

    Columns: ``by`` (a JSON list of demographic names), ``key`` (a JSON list of their values), and
    ``SCORE_COLUMNS``.
    """
    rows = []
    for by, table in tables.items():
        frame = table.tidy()
        keys = as_text(frame, by).itertuples(index=False)
        frame["key"] = [json.dumps(list(key), ensure_ascii=False) for key in keys]
        frame["by"] = json.dumps(list(by))
        rows.append(frame[["by", "key", *SCORE_COLUMNS]])
    return pd.concat(rows, ignore_index=True)


def select_cells(
    stored: pd.DataFrame, by: Sequence[str], where: Mapping[str, str], *, with_wave: bool = False
) -> SafeTable:
    """Pick cells from those published at the close of their waves.

    ``stored``: rows of :func:`released_cells` (with a ``wave`` column where ``with_wave``). A question whose
    cells were not published comes back as hidden rows (``not_published``) that say nothing about anybody.
    """
    lead = ["wave"] if with_wave else []
    asked = sorted({*by, *where})
    found = stored[stored["by"].map(json.loads).map(sorted).map(lambda names: names == asked)]
    if found.empty:
        return seal("scores", _unpublished(stored, by, lead))
    found = found.reset_index(drop=True)
    names = json.loads(found["by"].iloc[0])
    keys = pd.DataFrame(found["key"].map(json.loads).tolist(), columns=names, index=found.index, dtype=object)
    keep = pd.Series(True, index=found.index)
    for name, value in where.items():
        keep &= keys[name] == value
    if not keep.any():
        return seal("scores", _unpublished(stored, by, lead))
    frame = pd.concat([found[lead], keys[list(by)], found[list(SCORE_COLUMNS)]], axis=1)
    return seal("scores", frame[keep])


def release_open_wave(scales: Sequence[str], n: int, by: Sequence[str]) -> SafeTable:
    """Release what an open wave may say: how many answered, in a band, and nothing else."""
    frame = pd.DataFrame(
        {"scale": list(scales), "n_band": rounding.open_band(n), "hidden_reason": "wave_open"}
    )
    frame = frame.reindex(columns=[*by, *SCORE_COLUMNS])
    return seal("scores", _typed(frame))


def release_tone(cells: pd.DataFrame, by: str, policy: Policy, reasons: pd.Series) -> SafeTable:
    """Release tone shares of comments.

    ``cells``: one row per ``question, source`` and ``by`` with ``n, negative, neutral, positive``;
    ``reasons``: for each row why it is hidden, ``""`` where it is not, from
    :func:`engage.privacy.hidden_tone`. The three shares are rounded and capped as in
    :mod:`engage.privacy.rounding` and hidden together. Nobody knows who wrote on a theme, so that there are
    no colluders there to allow for.
    """
    frame = cells[["question", "source", by]].copy()
    hidden, colluders = reasons != "", 0 if by == "theme" else policy.colluders
    sizes = [int(n) for n in cells["n"]]
    frame["n"] = pd.Series([rounding.n_shown(n) for n in sizes], frame.index, "Int64").mask(hidden)
    frame["n_band"] = pd.Series([rounding.n_band(n) for n in sizes], frame.index, object).mask(hidden)
    for name in TONES:
        shares = [rounding.share(p, n, colluders) for p, n in zip(cells[name], sizes, strict=True)]
        frame[name] = pd.Series(shares, frame.index, float).mask(hidden)
    frame["hidden_reason"] = reasons.where(hidden, None)
    return seal("tone", frame)


def release_counts(counts: Mapping[str, Mapping[str, int | None]], *, of: str = "") -> SafeTable:
    """Release counts of rows or people by wave: exact from 20 on, in bands below; ``None`` is unknown.

    ``share`` is the rounded share in the measure ``of`` of the same wave, where that is known.
    """
    rows: list[tuple[str, str, int | None, str | None, float]] = []
    for wave, measures in counts.items():
        whole = measures.get(of)
        for measure, n in measures.items():
            if n is None:
                rows.append((wave, measure, None, None, math.nan))
                continue
            share = rounding.rate(min(n / whole, 1.0), whole) if whole and measure != of else math.nan
            rows.append((wave, measure, rounding.n_shown(n), rounding.n_band(n), share))
    frame = pd.DataFrame(rows, columns=["wave", "measure", "n", "n_band", "share"])
    return seal("counts", frame.astype({"n": "Int64"}))


def release_waves(
    order: Sequence[str], facts: Mapping[str, Mapping[Any, Any]], closed: Collection[str]
) -> SafeTable:
    """Release the list of waves; the n of an open one in steps of 20 only.

    ``facts`` holds ``n, first_day, last_day, instruments`` of each wave.
    """
    rows = []
    for wave in order:
        fact, is_closed = facts[wave], wave in closed
        rows.append(
            {
                "wave": wave,
                "state": "closed" if is_closed else "open",
                "n": rounding.n_shown(fact["n"]) if is_closed else None,
                "n_band": rounding.n_band(fact["n"]) if is_closed else rounding.open_band(fact["n"]),
                **{name: fact[name] for name in ("first_day", "last_day", "instruments")},
            }
        )
    columns = ["wave", "state", "n", "n_band", "first_day", "last_day", "instruments"]
    return seal("waves", pd.DataFrame(rows, columns=columns).astype({"n": "Int64"}))


def release_audit(findings: pd.DataFrame) -> SafeTable:
    """Release what an attack found, as :func:`engage.privacy.audit.findings_frame` lays it out.

    People are counted in bands below 20; shares are rounded to a point.
    """
    frame = findings[["scale", "measure", "waves", "colluders"]].copy()
    frame["n"] = pd.array([rounding.n_shown(n) for n in findings["people"]], dtype="Int64")
    frame["n_band"] = [rounding.n_band(n) for n in findings["people"]]
    for name in ("cells", "asked", "certain"):
        frame[name] = findings[name]
    for name in ("hits", "best"):
        frame[name] = findings[name].round(2)
    return seal("audit", frame)


def release_utility(cells: pd.DataFrame, policy: Policy) -> SafeTable:
    """Release how much of closed waves is shown, and why the rest is not; from released cells alone.

    ``cells``: rows of :func:`released_cells` with their ``wave``; nothing is counted that they don't show
    themselves. One row per wave, table but the whole wave (``by``: its demographics, comma-separated) and
    ``measure`` (``mean``, ``favourable``): ``groups`` and how many have any such number
    (``groups_shown``); ``cells`` (group and scale), how many are ``shown``, the share ``kept`` (0–1), and how
    many are hidden by each reason. A share withheld beside its mean is ``too_few`` where no group of that
    size has one (see :func:`engage.privacy.rounding.share_cap`), else ``combination``. Scores in points have
    no share; groups with nobody in them are no cells.
    """
    rows = []
    for (wave, by), part in cells.groupby(["wave", "by"], sort=False):
        names = json.loads(str(by))
        for measure in ("mean", "favourable") if names else ():
            some = part if measure == "mean" else part[~part["scale"].isin(POINT_SCALES)]
            shown, why = some[measure].notna(), _why_hidden(some, measure, policy)
            counts = {reason: int((why == reason).sum()) for reason in REASONS}
            groups = (some["key"].nunique(), some.loc[shown, "key"].nunique())
            kept = round(float(shown.mean()), 2) if len(some) else math.nan
            cell_counts = (len(some), int(shown.sum()), kept, *counts.values())
            rows.append((wave, ",".join(names), measure, *groups, *cell_counts))
    columns = ["wave", "by", "measure", "groups", "groups_shown", "cells", "shown", "kept", *REASONS]
    return seal("utility", pd.DataFrame(rows, columns=columns))


def _rounded(
    cells: pd.DataFrame, by: Sequence[str], colluders: int, spreads: Mapping[str, float]
) -> pd.DataFrame:
    """Return the cells as coarse as they may be shown, none hidden yet."""
    sizes = [int(n) for n in cells["n"]]
    means = [
        rounding.score(mean, n, in_points=scale in POINT_SCALES)
        for mean, n, scale in zip(cells["mean"].astype(float), sizes, cells["scale"], strict=True)
    ]
    shares = [
        rounding.share(p, n, colluders) for p, n in zip(cells["favourable"].astype(float), sizes, strict=True)
    ]
    ends = [
        rounding.share_interval(p, n, colluders, spreads.get(scale, 1.0))
        for p, n, scale in zip(shares, sizes, cells["scale"], strict=True)
    ]
    frame = cells[[*by, "scale"]].copy()
    frame["n"] = pd.array([rounding.n_shown(n) for n in sizes], dtype="Int64")
    frame["n_band"] = pd.Series([rounding.n_band(n) for n in sizes], dtype=object)
    frame["mean"], frame["favourable"] = means, shares
    frame["ci_low"], frame["ci_high"] = [low for low, _ in ends], [high for _, high in ends]
    return frame


def _why_hidden(cells: pd.DataFrame, measure: str, policy: Policy) -> pd.Series:
    """Return why each released cell has no ``measure``, ``""`` where it has one."""
    sure = cells["n"].fillna(cells["n_band"].str.partition("-")[0].astype(float)).fillna(0)
    none = [math.isnan(rounding.share_cap(int(n), policy.colluders)) for n in sure]
    alone = pd.Series(none, index=cells.index).map({True: TOO_FEW, False: COMBINATION})
    return cells["hidden_reason"].fillna(alone).mask(cells[measure].notna(), "")


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.copy()
    frame["n"] = frame["n"].astype("Int64")
    for name in ("mean", "favourable", "ci_low", "ci_high"):
        frame[name] = frame[name].astype(float)
    for name in ("n_band", "hidden_reason"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame


def _unpublished(stored: pd.DataFrame, by: Sequence[str], lead: Sequence[str]) -> pd.DataFrame:
    base = stored[[*lead, "scale"]].drop_duplicates().reset_index(drop=True)
    frame = base.reindex(columns=[*lead, *by, *SCORE_COLUMNS])
    frame["hidden_reason"] = "not_published"
    return _typed(frame)
