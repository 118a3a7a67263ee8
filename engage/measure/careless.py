"""Who may have answered without reading: indices, a policy of limits, and flags. Nobody is removed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
import pandas as pd

from engage.errors import InputError, Problem, TooLittleData, UsageError
from engage.measure import response_indices as indices
from engage.measure.answers import BoolArray, FloatArray, IntArray, need_columns, numbers
from engage.measure.display import as_html
from engage.words import say

Scales = Mapping[str, Sequence[str]] | Sequence[int]


@dataclass(frozen=True, slots=True)
class CarelessRules:
    """From where an index raises a flag; the sources are of the defaults.

    - ``longstring_share``, ``longstring_least``: a run of equal answers over at least this share of the items
      answered (Curran 2016: half) and at least this many items;
    - ``irv_share``, ``irv_deviations``: a spread of answers below this share of the answer range (.3 on five
      options), or this many robust standard deviations (1.4826·MAD) below the median (Leys et al. 2013: 3);
    - ``mahalanobis_p``: an answer pattern rarer than this under χ² with as many df as items answered;
    - ``consistency``: an even–odd consistency, −``even_odd``, below this (Johnson 2005: .30);
    - ``contradiction_share``, ``contradiction_pairs``: at least this share of opposed pairs answered on the
      same side, among at least this many pairs;
    - ``seconds_per_item``: faster than this over the items answered (Huang et al. 2012: 2 seconds);
    - ``repeat_items``: the same answers as somebody else over at least this many items, unless all are alike;
    - ``flags``: from how many flags on a respondent counts as suspect. One index alone often errs.
    """

    longstring_share: float = 0.5
    longstring_least: int = 8
    irv_share: float = 0.075
    irv_deviations: float = 3.0
    mahalanobis_p: float = 0.001
    consistency: float = 0.30
    contradiction_share: float = 0.5
    contradiction_pairs: int = 2
    seconds_per_item: float = 2.0
    repeat_items: int = 10
    flags: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class Careless:
    """Indices and flags, one entry per respondent in the order given; nobody was removed.

    ``answered`` items; ``longstring`` items; ``irv`` in the unit of the answers; ``mahalanobis`` D² and
    ``mahalanobis_p`` its upper tail; ``even_odd`` −1 to 1, higher is less consistent; ``contradictions`` a
    share of the ``n_pairs`` opposed pairs; ``seconds_per_item``; ``repeats`` other respondents with the same
    answers. NaN where an index can't be formed. ``answers`` are the lowest and highest possible answer.
    """

    respondents: pd.Index
    answered: IntArray
    longstring: IntArray
    irv: FloatArray
    mahalanobis: FloatArray
    mahalanobis_p: FloatArray
    even_odd: FloatArray
    contradictions: FloatArray
    n_pairs: int
    seconds_per_item: FloatArray
    repeats: IntArray
    answers: tuple[float, float]
    rules: CarelessRules

    @property
    def flags(self) -> Mapping[str, BoolArray]:
        """Whom each of the checks flags, (n,) by name; an index that is NaN flags nobody."""
        rules = self.rules
        long = np.maximum(rules.longstring_least, rules.longstring_share * self.answered)
        contradicting = self.contradictions >= rules.contradiction_share
        repeated = (self.repeats > 0) & (self.answered >= rules.repeat_items)
        return {
            "longstring": self.longstring >= long,
            "irv": self.irv < self._least_irv(),
            "mahalanobis": self.mahalanobis_p < rules.mahalanobis_p,
            "even_odd": -self.even_odd < rules.consistency,
            "contradictions": contradicting & (self.n_pairs >= rules.contradiction_pairs),
            "speeding": self.seconds_per_item < rules.seconds_per_item,
            "repeated": repeated & (self.irv > 0),
        }

    def _least_irv(self) -> float:
        known = self.irv[~np.isnan(self.irv)]
        if not len(known):
            return 0.0
        middle = float(np.median(known))
        spread = 1.4826 * float(np.median(np.abs(known - middle)))
        share = self.rules.irv_share * (self.answers[1] - self.answers[0])
        # Where most people's spread is the same, as with very few items, the rest are not outliers.
        return max(share, middle - self.rules.irv_deviations * spread) if spread > 0 else share

    @property
    def n_flags(self) -> IntArray:
        """Number of flags of each respondent, (n,)."""
        return np.asarray(sum(flag.astype(np.intp) for flag in self.flags.values()), dtype=np.intp)

    @property
    def suspect(self) -> BoolArray:
        """Who has at least ``rules.flags`` flags, (n,)."""
        return self.n_flags >= self.rules.flags

    @property
    def notes(self) -> tuple[Problem, ...]:
        """The checks that could not be made of anybody."""
        rules = self.rules
        unchecked = {
            "longstring": bool((self.answered < rules.longstring_least).all()),
            "mahalanobis": bool(np.isnan(self.mahalanobis).all()),
            "even_odd": bool(np.isnan(self.even_odd).all()),
            "contradictions": self.n_pairs < rules.contradiction_pairs,
            "speeding": bool(np.isnan(self.seconds_per_item).all()),
            "repeated": bool((self.answered < rules.repeat_items).all()),
        }
        return tuple(Problem(f"measure.unchecked_{name}", "info") for name in unchecked if unchecked[name])

    def tidy(self) -> pd.DataFrame:
        """Return one row per respondent: the indices, ``flag_…`` for each check, n_flags, suspect."""
        shown = ("answered", "longstring", "irv", "mahalanobis", "mahalanobis_p", "even_odd")
        more = ("contradictions", "seconds_per_item", "repeats")
        table = pd.DataFrame({name: getattr(self, name) for name in shown + more}, index=self.respondents)
        for name, flagged in self.flags.items():
            table[f"flag_{name}"] = flagged
        return table.assign(n_flags=self.n_flags, suspect=self.suspect)

    def summary(self) -> pd.DataFrame:
        """Return one row per check: check, flagged; and last the suspects."""
        counts = {name: int(flag.sum()) for name, flag in self.flags.items()}
        counts["suspect"] = int(self.suspect.sum())
        return pd.DataFrame({"check": list(counts), "flagged": list(counts.values())})

    def _repr_html_(self) -> str:
        caption = say("measure.careless_caption", n=len(self.respondents), flags=self.rules.flags)
        return as_html(self.summary(), caption, self.notes)


def careless(
    items: pd.DataFrame,
    scales: Scales | None = None,
    *,
    seconds: pd.Series | None = None,
    reverse: Collection[str] = (),
    answers: tuple[float, float] | None = None,
    rules: CarelessRules | None = None,
) -> Careless:
    """Return indices of careless responding and whom they flag, by a policy of limits.

    ``items``: a row per respondent, a column per item in the order of the questionnaire, answers as given.
    ``scales``: the items of each scale, or, as in R, the lengths of scales that follow each other.
    ``seconds``: how long each took, in the order of the rows. ``reverse``: reverse-keyed items, turned round
    for the even–odd index and opposed to the other items of their scale. ``answers``: the lowest and highest
    possible answer, else the lowest and highest given.

    The indices are defined in :mod:`engage.measure.response_indices`, with the R calls that agree, the limits
    in :class:`CarelessRules`. A missing answer ends a run and otherwise is left out, person by person. Checks
    without what they need (scales, seconds, enough people) raise no flag and are named in ``notes``.

    Raises ``UsageError`` for unknown columns or scales that do not fit; ``InputError`` for items not in
    numbers or answers outside the range given; ``TooLittleData`` without any answer.
    """
    need_columns(items, [*reverse])
    raw = numbers(items)
    if not raw.size or np.isnan(raw).all():
        raise TooLittleData("model.no_answers")
    low, high = _answer_range(raw, answers)
    places = _places(items, scales)
    turned = items.columns.get_indexer(pd.Index(list(reverse)))
    keyed = raw.copy()
    keyed[:, turned] = low + high - keyed[:, turned]
    opposed = [(f, b) for scale in places for b in scale if b in turned for f in scale if f not in turned]
    answered = (~np.isnan(raw)).sum(axis=1)
    distance, over = indices.mahalanobis(raw)
    return Careless(
        respondents=items.index,
        answered=answered,
        longstring=indices.longest_run(raw),
        irv=indices.variability(raw),
        mahalanobis=distance,
        mahalanobis_p=_upper_tail(distance, over),
        even_odd=indices.even_odd(keyed, places),
        contradictions=indices.contradictions(raw, opposed, (low + high) / 2),
        n_pairs=len(opposed),
        seconds_per_item=_seconds_per_item(seconds, answered),
        repeats=indices.repeats(raw),
        answers=(low, high),
        rules=rules if rules is not None else CarelessRules(),
    )


def _answer_range(raw: FloatArray, answers: tuple[float, float] | None) -> tuple[float, float]:
    if answers is None:
        return float(np.nanmin(raw)), float(np.nanmax(raw))
    low, high = answers
    outside = int(((raw < low) | (raw > high)).sum())
    if outside:
        raise InputError("model.out_of_range", count=outside, minimum=low, maximum=high)
    return low, high


def _places(items: pd.DataFrame, scales: Scales | None) -> list[list[int]]:
    """Return the columns of each scale, in the order of the questionnaire."""
    if scales is None:
        return []
    if isinstance(scales, Mapping):
        need_columns(items, list(chain.from_iterable(scales.values())))
        return [
            sorted(items.columns.get_indexer(pd.Index(list(names))).tolist()) for names in scales.values()
        ]
    ends = np.cumsum([0, *scales])
    if ends[-1] > items.shape[1]:
        raise UsageError("measure.scales_too_long", named=int(ends[-1]), items=items.shape[1])
    return [list(range(start, end)) for start, end in pairwise(ends)]


def _seconds_per_item(seconds: pd.Series | None, count: IntArray) -> FloatArray:
    if seconds is None:
        return np.full(len(count), np.nan)
    if len(seconds) != len(count):
        raise UsageError("measure.different_lengths", first=len(count), second=len(seconds))
    taken = numbers(pd.DataFrame({"seconds": seconds}))[:, 0]
    return np.where(count > 0, taken / np.maximum(count, 1), np.nan)


def _upper_tail(distance: FloatArray, over: IntArray) -> FloatArray:
    from scipy.special import chdtrc

    return np.asarray(chdtrc(np.maximum(over, 1), distance), dtype=np.float64)
