"""Whether people of one team answer alike, and whether a team's mean may stand for it."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from engage.errors import TooLittleData, UsageError
from engage.measure.answers import FloatArray, IntArray, group_codes, numbers
from engage.measure.display import as_html
from engage.measure.intervals import Interval, check_level
from engage.words import Language, say

NullShape = Literal["uniform", "slight_skew"]

# The variance of answers at random with a slight lean to one side, five options (LeBreton & Senter 2008).
SLIGHT_SKEW_OF_FIVE: Final = 1.34

# Below LOW a team's mean says too little of the team; from GOOD on it is reliable (LeBreton & Senter 2008).
LOW: Final = 0.5
GOOD: Final = 0.7

Verdict = Literal["yes", "with_care", "no"]


@dataclass(frozen=True, slots=True)
class ICC:
    """How much teams differ, from a one-way analysis of variance.

    ``icc1`` with its interval is the share of variance that lies between teams, ``icc2`` the reliability of a
    team's mean; ``f`` and ``p_value`` test that all teams are alike. ``n`` answers in ``n_groups`` teams of
    ``group_size`` on average; ``n_dropped`` had no value or no team.
    """

    icc1: float
    ci_low: float
    ci_high: float
    icc2: float
    f: float
    p_value: float
    level: float
    n: int
    n_groups: int
    group_size: float
    n_dropped: int

    def tidy(self) -> pd.DataFrame:
        """Return one row: icc1, ci_low, ci_high, icc2, f, p_value, n, n_groups, group_size."""
        shown = ("icc1", "ci_low", "ci_high", "icc2", "f", "p_value", "n", "n_groups", "group_size")
        return pd.DataFrame({name: [getattr(self, name)] for name in shown})

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), say("measure.caption", n=self.n, dropped=self.n_dropped))


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """rwg(j) of each team: one entry per team, in the order of ``groups``.

    ``n`` members who answered every item; ``rwg_j`` 0..1, NaN for a team with fewer than two of them.
    ``mean`` and ``median`` are over the teams that have a value. ``null_variance`` is that of chance answers.
    """

    groups: tuple[object, ...]
    n: IntArray
    rwg_j: FloatArray
    mean: float
    median: float
    null_variance: float
    n_items: int
    n_dropped: int

    def tidy(self) -> pd.DataFrame:
        """Return one row per team: group, n, rwg_j."""
        return pd.DataFrame({"group": list(self.groups), "n": self.n, "rwg_j": self.rwg_j})

    def _repr_html_(self) -> str:
        caption = say("measure.caption", n=int(self.n.sum()), dropped=self.n_dropped)
        return as_html(self.tidy(), caption)


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Whether team means may be used, and why: ``reasons`` are codes with words in the catalogues."""

    verdict: Verdict
    reasons: tuple[str, ...]
    icc1: float
    ci_low: float
    icc2: float
    rwg_j: float

    def sentence(self, lang: Language = "en") -> str:
        """Return the verdict and its reasons, in words."""
        parts = [say(f"measure.aggregate.{self.verdict}", lang)]
        figures = {"icc2": f"{self.icc2:.2f}", "rwg_j": f"{self.rwg_j:.2f}", "good": f"{GOOD:.2f}"}
        parts += [say(reason, lang, **figures) for reason in self.reasons]
        return ("" if lang == "zh" else " ").join(parts)

    def tidy(self) -> pd.DataFrame:
        """Return one row: verdict, icc1, ci_low, icc2, rwg_j."""
        shown = ("verdict", "icc1", "ci_low", "icc2", "rwg_j")
        return pd.DataFrame({name: [getattr(self, name)] for name in shown})

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), self.sentence())


def icc(values: pd.Series, groups: pd.Series, *, level: float = 0.95) -> ICC:
    """Return ICC(1) and ICC(2) of a score in teams, from a one-way analysis of variance.

    With the mean squares B between and W within teams and k the arithmetic mean team size (Bliese 2000):
    ICC(1) = (B − W)/(B + (k−1)W), ICC(2) = (B − W)/B. Ends of the interval of ICC(1): W is multiplied by the
    quantiles of F(G−1, n−G) first (McGraw & Wong 1996), exact for teams of one size and normal scores. Both
    can be negative; ICC(2) is NaN where all team means are equal.

    ``values`` and ``groups``: one entry per person, in the same order. Persons without one of them are left
    out and counted.
    Raises ``TooLittleData`` for fewer than two teams, no team of two, or values that are all the same;
    ``InputError`` for values that are not numbers; ``UsageError`` for different lengths.
    R: ``multilevel::ICC1(aov(values ~ as.factor(groups)))``, ``multilevel::ICC2``.
    """
    from scipy.special import fdtrc

    check_level(level)
    answers, codes, labels, dropped = _in_groups(pd.DataFrame({"values": values}), groups)
    y, sizes = answers[:, 0], np.bincount(codes)
    n, teams = len(y), len(labels)
    if teams < 2 or n == teams:
        raise TooLittleData("measure.too_few_groups", groups=teams)
    means = np.bincount(codes, weights=y) / sizes
    between = float((sizes * (means - y.mean()) ** 2).sum()) / (teams - 1)
    within = float(((y - means[codes]) ** 2).sum()) / (n - teams)
    if np.ptp(y) == 0:
        raise TooLittleData("measure.constant_items", columns=["values"])
    k = n / teams
    ends = icc_interval(between, within, n, teams, level=level)
    f = between / within if within > 0 else float("inf")
    return ICC(
        icc1=_share_between(between, within, k),
        ci_low=ends.low,
        ci_high=ends.high,
        icc2=(between - within) / between if between > 0 else float("nan"),
        f=f,
        p_value=float(fdtrc(teams - 1, n - teams, f)),
        level=level,
        n=n,
        n_groups=teams,
        group_size=k,
        n_dropped=dropped,
    )


def icc_interval(between: float, within: float, n: int, teams: int, *, level: float = 0.95) -> Interval:
    """Return the interval of ICC(1) from the two mean squares of n answers in teams; see :func:`icc`."""
    from scipy.special import fdtri

    tail = (1 - level) / 2
    wide, narrow = (float(fdtri(teams - 1, n - teams, p)) for p in (1 - tail, tail))
    low, high = (_share_between(between, by * within, n / teams) for by in (wide, narrow))
    return Interval(low, high)


def rwg_j(
    items: pd.DataFrame, groups: pd.Series, options: int = 5, *, null: NullShape | float = "uniform"
) -> Agreement:
    """Return within-team agreement rwg(j) for each team; one item gives rwg.

    rwg(j) = J(1 − q)/(J(1 − q) + q), J items, q = s̄²/σ² capped at 1, s̄² the mean of the items' variances
    within the team (divisor n−1), σ² the variance of answers by chance: ``"uniform"`` (A² − 1)/12 for A
    ``options``; ``"slight_skew"`` 1.34, for five options only; or a number, such as that of another null
    distribution. It is 1 for full agreement and 0 for chance or worse.

    ``items``: a row per person, a column per item; ``groups``: one entry per person. Persons with a missing
    answer or team are left out (listwise) and counted.
    Raises ``UsageError`` for fewer than two options, a null that is unknown or not positive, or different
    lengths; ``TooLittleData`` where no team has two complete rows; ``InputError`` for items not in numbers.
    Source: James, Demaree & Wolf (1984), J. Appl. Psychol. 69.
    R: ``multilevel::rwg.j(items, groups, ranvar)``.
    """
    variance = _null_variance(options, null)
    answers, codes, labels, dropped = _in_groups(items, groups)
    sizes = np.bincount(codes, minlength=len(labels))
    if not (sizes >= 2).any():
        raise TooLittleData("measure.too_few_groups", groups=len(labels))
    agreement = np.full(len(labels), np.nan)
    for team in np.flatnonzero(sizes >= 2):
        chance = min(float(answers[codes == team].var(axis=0, ddof=1).mean()) / variance, 1.0)
        alike = answers.shape[1] * (1 - chance)
        agreement[team] = alike / (alike + chance)
    return Agreement(
        groups=tuple(labels),
        n=sizes,
        rwg_j=agreement,
        mean=float(np.nanmean(agreement)),
        median=float(np.nanmedian(agreement)),
        null_variance=variance,
        n_items=answers.shape[1],
        n_dropped=dropped,
    )


def may_aggregate(differences: ICC, agreement: Agreement) -> Aggregation:
    """Return whether team means of a scale may be used, by one rule.

    ``"no"``: the interval of ICC(1) reaches 0 (teams do not reliably differ), or ICC(2) or the median rwg(j)
    is below .50. ``"yes"``: otherwise, with ICC(2) and the median rwg(j) both at least .70. ``"with_care"``:
    otherwise. ``reasons`` name what fell short.
    Source: the limits of LeBreton & Senter (2008), Organ. Res. Methods 11.
    """
    found = {"icc2": differences.icc2, "rwg_j": agreement.median}
    low = [f"measure.aggregate.{name}_low" for name, value in found.items() if not value >= LOW]
    if differences.ci_low <= 0:
        low.insert(0, "measure.aggregate.no_difference")
    middling = [f"measure.aggregate.{name}_middling" for name, value in found.items() if LOW <= value < GOOD]
    verdict: Verdict = "no" if low else "with_care" if middling else "yes"
    return Aggregation(
        verdict=verdict,
        reasons=tuple(low or middling),
        icc1=differences.icc1,
        ci_low=differences.ci_low,
        icc2=differences.icc2,
        rwg_j=agreement.median,
    )


def _share_between(between: float, within: float, size: float) -> float:
    return (between - within) / (between + (size - 1) * within)


def _null_variance(options: int, null: NullShape | float) -> float:
    if options < 2:
        raise UsageError("model.bad_points", points=options)
    if null == "uniform":
        return (options**2 - 1) / 12
    if null == "slight_skew" and options == 5:
        return SLIGHT_SKEW_OF_FIVE
    if isinstance(null, str) or not null > 0:
        raise UsageError("measure.bad_null", null=null, options=options)
    return float(null)


def _in_groups(items: pd.DataFrame, groups: pd.Series) -> tuple[FloatArray, IntArray, list[object], int]:
    """Return complete answers (n, k), team codes (n,), the teams' labels, and the number left out."""
    if len(items) != len(groups):
        raise UsageError("measure.different_lengths", first=len(items), second=len(groups))
    values = numbers(items)
    if not values.shape[1]:
        raise UsageError("measure.too_few_items", items=0, needed=1)
    whole = ~np.isnan(values).any(axis=1) & pd.Series(groups).notna().to_numpy()
    codes, labels = group_codes(pd.Series(groups)[whole])
    return values[whole], codes, labels, int((~whole).sum())
