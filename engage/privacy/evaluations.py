"""The gate for what became of programmes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from engage.model import ASSUMPTIONS, Assumptions, outcome_statement
from engage.privacy import rounding
from engage.privacy.nested import TOO_FEW_ROWS
from engage.privacy.policy import Policy
from engage.privacy.safe import SafeTable, seal
from engage.privacy.support import Support, check_support, leverages

PROGRAMME_COLUMNS: Final = (
    "programme", "type", "basis", "family", "outcome", "term", "period", "phase", "estimate", "ci_low",
    "ci_high", "band_low", "band_high", "p_value", "p_adjusted", "unit", "better", "watch", "verdict",
    "reason", "n", "n_band", "comparison", "comparison_band", "n_clusters", "hidden_reason",
)  # fmt: skip
"""All that a table of programmes may hold."""

COMBINATION: Final = "combination"
_FIGURES: Final = ("estimate", "ci_low", "ci_high", "band_low", "band_high")
_DIGITS: Final = {"points": 2, "share": 3, "ratio": 3}

Sides = tuple[Collection[str], Collection[str]]
"""Who is in a programme, and who it is compared with."""


def release_programmes(
    table: pd.DataFrame,
    waves: Sequence[str],
    policy: Policy,
    *,
    behind: Mapping[tuple[str, str, str], Support],
) -> SafeTable:
    """Release what became of programmes: effects to 0.01 points or 0.1 %, p-values in bands, and verdicts.

    ``table``: a row per programme, family, outcome and term (``overall``, ``stayers``, ``placebo[-s]``,
    ``event[e]``), with any of ``PROGRAMME_COLUMNS``; members and comparison as numbers ``inside`` and
    ``outside``. ``behind``: what stands behind each programme, family and outcome; figures of others are
    left out, with ``hidden_reason``. Raises ``TooLittleData`` where one misses a threshold, ``TypeError`` for
    a row that stands twice.
    """
    for support in behind.values():
        check_support(support, policy)
    frame = table.copy()
    if frame.duplicated(["programme", "family", "outcome", "term"]).any():
        raise TypeError("a table of programmes has one row per programme, outcome and term")
    told = [key in behind for key in zip(frame["programme"], frame["family"], frame["outcome"], strict=True)]
    shown = pd.Series(told, index=frame.index, dtype=bool)
    for name in ("inside", "outside"):
        frame[name] = frame[name].fillna(0).astype(int) if name in frame else 0
    for source, exact, band in (("inside", "n", "n_band"), ("outside", "comparison", "comparison_band")):
        counts = frame[source]
        frame[exact] = pd.array([rounding.n_shown(n) if n else None for n in counts], dtype="Int64")
        frame[band] = [rounding.n_band(n) if n else None for n in counts]
    frame = frame.reindex(columns=list(PROGRAMME_COLUMNS))
    digits = frame["unit"].map(_DIGITS).fillna(2).astype(int)
    for name in _FIGURES:
        values = frame[name].astype(float)
        frame[name] = [round(value, d) + 0.0 for value, d in zip(values, digits, strict=True)]
    for name in ("p_value", "p_adjusted"):
        frame[name] = frame[name].astype(float).map(rounding.p_band)
    counted = ("n", "n_band", "comparison", "comparison_band", "n_clusters")
    for name in (*_FIGURES, "p_value", "p_adjusted", *counted):
        frame[name] = frame[name].where(shown)
    hidden = frame["hidden_reason"].astype(object)
    frame["hidden_reason"] = hidden.where(hidden.notna() | shown, TOO_FEW_ROWS).where(~shown, None)
    notes = {"waves": tuple(waves), "programmes": tuple(dict.fromkeys(frame["programme"]))}
    whole = {"n": "Int64", "comparison": "Int64", "n_clusters": "Int64"}
    return seal("programmes", frame.astype(whole), notes)


def select_programmes(
    table: SafeTable, programme: str = "", *, outcome: str = "", summary: bool = False
) -> SafeTable:
    """Return the rows of one programme, of one outcome, or (``summary``) of the overall effects alone."""
    frame = table.tidy()
    keep = pd.Series(True, frame.index)
    if programme:
        keep &= frame["programme"] == programme
    if outcome:
        keep &= frame["outcome"] == outcome
    if summary:
        keep &= frame["term"] == "overall"
    return seal("programmes", frame[keep], table.notes)


STATEMENT_COLUMNS: Final = (
    "programme", "item", "outcome", "change", "ci_low", "ci_high", "value", "low", "high", "state", "uses",
    "missing",
)  # fmt: skip


def release_statement(table: SafeTable, programme: str, assumptions: Mapping[str, float]) -> SafeTable:
    """Return what the released effects of a programme are worth: a function of ``table`` and nothing else.

    See :func:`engage.model.outcome_statement`. Values to whole contacts and money, person-months and leavers
    to 0.1. Notes hold the assumptions entered.
    """
    frame = table.tidy()
    own = frame[(frame["programme"] == programme) & (frame["term"] == "overall")]
    own = own[own["family"].isin(["service", "leaving"])]
    told = Assumptions(**assumptions)
    made = outcome_statement(own, told).tidy()
    for name in ("value", "low", "high"):
        digits = [1 if item in ("person_months", "leavers") else 0 for item in made["item"]]
        made[name] = [round(v, d) + 0.0 for v, d in zip(made[name].astype(float), digits, strict=True)]
    made.insert(0, "programme", programme)
    entered = {name: getattr(told, name) for name in ASSUMPTIONS}
    return seal("statement", made[list(STATEMENT_COLUMNS)], entered)


def told_apart(asked: Mapping[str, Sides], before: Sequence[Sides], policy: Policy) -> tuple[str, ...]:
    """Return those of the programmes ``asked`` whose members would follow from what is told of the others.

    Every programme tells sums over its members and over those it is compared with. Whoever may name members
    could name all but one the next time; so membership is judged as one system of equations, with every
    programme ``before`` (also ones that were taken back): nobody's leverage may pass ``policy.leverage``,
    nor, with the answers of ``policy.colluders`` others known, halfway from there to 1. Programmes are let in
    one after the other, as long as that holds.
    """
    people = sorted({person for sides in [*before, *asked.values()] for side in sides for person in side})
    place = {person: at for at, person in enumerate(people)}
    kept = np.empty((len(people), 0))
    out = []
    for sides in before:
        own = _columns(sides, place)
        if own is not None and _safe(np.hstack([kept, own]), policy):
            kept = np.hstack([kept, own])
    for name, sides in asked.items():
        own = _columns(sides, place)
        if own is None:
            continue
        joined = np.hstack([kept, own])
        if not _safe(joined, policy):
            out.append(name)
        else:
            kept = joined
    return tuple(out)


def _columns(sides: Sides, place: Mapping[str, int]) -> np.ndarray | None:
    """Return a column of members and one of the comparison, ``None`` where one of them is empty."""
    columns = np.zeros((len(place), 2))
    for at, side in enumerate(sides):
        columns[[place[person] for person in side], at] = 1
    return columns if columns.any(axis=0).all() else None


def _safe(columns: np.ndarray, policy: Policy) -> bool:
    distinct = np.unique(columns, axis=1)
    own, known = leverages(distinct, np.arange(len(distinct)), policy.colluders)
    return own <= policy.leverage and known <= (1 + policy.leverage) / 2
