"""Do groups differ: every pair of groups, with intervals, effect sizes and adjusted p-values."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from engage.errors import Problem, TooLittleData, UsageError
from engage.measure.answers import FloatArray, group_codes, need_columns, numbers
from engage.measure.display import as_html
from engage.measure.effect import Difference, Standardised, Verdict, hedges_g, verdict, welch
from engage.measure.intervals import check_level
from engage.measure.multiplicity import Adjustment, adjust_pvalues
from engage.words import Language, say


@dataclass(frozen=True, slots=True)
class Pair:
    """Two groups: ``a`` minus ``b`` in the unit of the score and in standard deviations.

    ``p_adjusted`` is over all pairs of the comparison, and ``verdict`` follows from it, so that it may say no
    reliable difference though the pair's own interval leaves out 0.
    """

    a: object
    b: object
    n_a: int
    n_b: int
    mean_a: float
    mean_b: float
    difference: Difference
    standardised: Standardised
    p_adjusted: float
    verdict: Verdict

    def sentence(self, lang: Language = "en") -> str:
        """Return the verdict in words."""
        return say(f"measure.difference.{self.verdict}", lang, a=self.a, b=self.b)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The pairs of groups of one column on one score; ``n_dropped`` rows had no value or no group."""

    value: str
    by: str
    pairs: tuple[Pair, ...]
    level: float
    adjust: Adjustment
    n: int
    n_dropped: int
    notes: tuple[Problem, ...]

    def tidy(self) -> pd.DataFrame:
        """Return one row per pair.

        group_a, group_b, n_a, n_b, mean_a, mean_b, difference, std_error, ci_low, ci_high, df, p_value,
        p_adjusted, hedges_g, g_low, g_high, verdict.
        """
        return pd.DataFrame([_row(pair) for pair in self.pairs])

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), say("measure.caption", n=self.n, dropped=self.n_dropped), self.notes)


def compare(
    frame: pd.DataFrame,
    value: str,
    by: str,
    *,
    reference: object = None,
    adjust: Adjustment = "bh",
    level: float = 0.95,
) -> Comparison:
    """Compare the means of a score between groups, pair by pair.

    Welch's t interval and test (spreads may differ), Hedges' g with its noncentral t interval, p-values
    adjusted over the pairs, and a verdict at 1 − ``level``. ``reference`` names a group that all others are
    compared with, instead of every pair. Pairs are in the order of the groups, ``a`` minus ``b``; with a
    reference, ``b`` is the reference.

    Rows without the value or the group are left out and counted; so are groups of one, named in ``notes``.
    Raises ``UsageError`` for unknown columns, an unknown group or method; ``InputError`` for values not in
    numbers; ``TooLittleData`` without two groups of at least two.
    R: ``t.test(value ~ by)``, ``effectsize::hedges_g(value ~ by)``, ``p.adjust``.
    """
    check_level(level)
    need_columns(frame, [value, by])
    scores = numbers(frame[[value]])[:, 0]
    kept = ~np.isnan(scores) & frame[by].notna().to_numpy()
    codes, labels = group_codes(frame[by][kept])
    groups = {label: scores[kept][codes == code] for code, label in enumerate(labels)}
    usable = {label: values for label, values in groups.items() if len(values) > 1}
    if len(usable) < 2:
        raise TooLittleData("measure.nothing_to_compare", groups=len(usable))
    chosen = _chosen(usable, reference)
    tests = [welch(usable[a], usable[b], level) for a, b in chosen]
    adjusted = adjust_pvalues([test.p_value for test in tests], adjust).tolist()
    return Comparison(
        value=value,
        by=by,
        pairs=tuple(
            _pair(usable, a, b, test, p, level)
            for (a, b), test, p in zip(chosen, tests, adjusted, strict=True)
        ),
        level=level,
        adjust=adjust,
        n=int(kept.sum()),
        n_dropped=int((~kept).sum()),
        notes=_left_out([label for label in groups if label not in usable]),
    )


def _chosen(groups: dict[object, FloatArray], reference: object) -> list[tuple[object, object]]:
    if reference is None:
        return list(combinations(groups, 2))
    if reference not in groups:
        raise UsageError("measure.unknown_group", group=reference, known=list(groups))
    return [(label, reference) for label in groups if label != reference]


def _pair(
    groups: dict[object, FloatArray], a: object, b: object, test: Difference, p: float, level: float
) -> Pair:
    x, y = groups[a], groups[b]
    return Pair(
        a=a,
        b=b,
        n_a=len(x),
        n_b=len(y),
        mean_a=float(x.mean()),
        mean_b=float(y.mean()),
        difference=test,
        standardised=hedges_g(x, y, level),
        p_adjusted=p,
        verdict=verdict(test.difference, p, level),
    )


def _row(pair: Pair) -> dict[str, object]:
    return {
        "group_a": pair.a,
        "group_b": pair.b,
        "n_a": pair.n_a,
        "n_b": pair.n_b,
        "mean_a": pair.mean_a,
        "mean_b": pair.mean_b,
        **asdict(pair.difference),
        "p_adjusted": pair.p_adjusted,
        "hedges_g": pair.standardised.g,
        "g_low": pair.standardised.g_low,
        "g_high": pair.standardised.g_high,
        "verdict": pair.verdict,
    }


def _left_out(groups: Sequence[object]) -> tuple[Problem, ...]:
    if not groups:
        return ()
    params = {"groups": [str(group) for group in groups]}
    return (Problem("measure.groups_of_one", "warning", count=len(groups), params=params),)
