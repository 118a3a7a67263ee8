"""Whether raters of the same cases agree: Cohen's kappa, plain and weighted, and Krippendorff's alpha."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from engage.errors import TooLittleData, UsageError
from engage.measure.answers import FloatArray, numbers
from engage.measure.display import as_html
from engage.measure.intervals import normal_quantile
from engage.words import say

Weights = Literal["none", "linear", "quadratic"]
Metric = Literal["nominal", "ordinal", "interval"]

_DRAWS: Final = 1000


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement of two raters beyond chance, 1 for full agreement, 0 for what chance would give.

    ``observed`` and ``expected`` are the (weighted) shares of agreement; ``n`` cases rated by both,
    ``n_dropped`` without one of the two.
    """

    kappa: float
    ci_low: float
    ci_high: float
    std_error: float
    observed: float
    expected: float
    weights: Weights
    level: float
    n: int
    n_dropped: int

    def tidy(self) -> pd.DataFrame:
        """Return one row: kappa, ci_low, ci_high, std_error, observed, expected, weights, n."""
        shown = ("kappa", "ci_low", "ci_high", "std_error", "observed", "expected", "weights", "n")
        return pd.DataFrame({name: [getattr(self, name)] for name in shown})

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), say("measure.caption", n=self.n, dropped=self.n_dropped))


@dataclass(frozen=True, slots=True)
class RaterAlpha:
    """Krippendorff's alpha: 1 for full agreement, 0 for none beyond chance.

    The interval is a bootstrap over cases. ``n`` cases with at least two ratings, ``n_ratings`` in them;
    ``n_dropped`` cases with fewer.
    """

    alpha: float
    ci_low: float
    ci_high: float
    metric: Metric
    level: float
    n: int
    n_ratings: int
    n_dropped: int

    def tidy(self) -> pd.DataFrame:
        """Return one row: alpha, ci_low, ci_high, metric, n, n_ratings."""
        shown = ("alpha", "ci_low", "ci_high", "metric", "n", "n_ratings")
        return pd.DataFrame({name: [getattr(self, name)] for name in shown})

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), say("measure.caption", n=self.n, dropped=self.n_dropped))


def cohen_kappa(
    first: Sequence[object] | pd.Series,
    second: Sequence[object] | pd.Series,
    *,
    weights: Weights = "none",
    level: float = 0.95,
) -> Kappa:
    """Return Cohen's kappa of two raters, (po − pe)/(1 − pe), with its large-sample interval.

    po is the sum of w·p over the table of both ratings, pe that of w times the products of its margins. The
    weights w of k sorted categories are 1 on the diagonal, else 0 (``"none"``), 1 − |i − j|/(k − 1)
    (``"linear"``) or 1 − (i − j)²/(k − 1)² (``"quadratic"``); categories nobody used are not counted.
    Standard error: Fleiss, Cohen & Everitt (1969).

    ``first``, ``second``: one rating per case, in the same order; cases without one of the two are left out
    and counted. Ends are cut at −1 and 1.
    Raises ``TooLittleData`` for fewer than two cases or where all ratings are the same, ``UsageError`` for
    different lengths or unknown weights.
    R: ``psych::cohen.kappa``; Python: ``statsmodels.stats.inter_rater.cohens_kappa``.
    """
    if weights not in get_args(Weights):
        raise UsageError("measure.bad_weights", weights=weights, known=get_args(Weights))
    if len(first) != len(second):
        raise UsageError("measure.different_lengths", first=len(first), second=len(second))
    pair = pd.DataFrame({"a": list(first), "b": list(second)})
    whole = pair.dropna()
    categories = sorted(set(whole["a"]) | set(whole["b"]))
    if len(whole) < 2 or len(categories) < 2:
        raise TooLittleData("measure.too_few_ratings", cases=len(whole))
    place = {one: number for number, one in enumerate(categories)}
    n, k = len(whole), len(categories)
    p = np.zeros((k, k))
    np.add.at(p, (whole["a"].map(place).to_numpy(int), whole["b"].map(place).to_numpy(int)), 1 / n)
    w = _weights(k, weights)
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float((w * p).sum()), float(rows @ w @ columns)
    inner = w * (1 - expected) - ((w @ columns)[:, None] + (rows @ w)[None, :]) * (1 - observed)
    spread = (p * inner**2).sum() - (observed * expected - 2 * expected + observed) ** 2
    error = float(np.sqrt(max(spread, 0.0) / n)) / (1 - expected) ** 2
    value, z = (observed - expected) / (1 - expected), normal_quantile(level)
    return Kappa(
        kappa=value, ci_low=max(value - z * error, -1.0), ci_high=min(value + z * error, 1.0),
        std_error=error,
        observed=observed, expected=expected, weights=weights, level=level, n=n, n_dropped=len(pair) - n,
    )  # fmt: skip


def krippendorff_alpha(
    ratings: pd.DataFrame, *, metric: Metric = "interval", level: float = 0.95, seed: int = 0
) -> RaterAlpha:
    """Return Krippendorff's alpha, 1 − Do/De, of any number of raters, with missing ratings.

    Each pair of ratings of a case with m of them counts 1/(m − 1) in the table of coincidences o(c, k); n(c)
    are its margins and n their sum. Do = Σ o(c, k)·δ²(c, k)/n, De = Σ n(c)·n(k)·δ²(c, k)/(n(n − 1)), the sums
    over all c and k. δ² is 1 for different categories (``"nominal"``), (c − k)² (``"interval"``), or
    (Σ n(g) from c to k − (n(c) + n(k))/2)² (``"ordinal"``).

    ``ratings``: numbers, a row per case, a column per rater, missing where not rated; cases with one rating
    tell nothing and are counted as dropped. Interval: percentiles of 1,000 resamples of whole cases.
    Raises ``TooLittleData`` for fewer than two cases with two ratings, or ratings that are all the same;
    ``UsageError`` for an unknown metric.
    Source: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability. R: ``irr::kripp.alpha``.
    """
    if metric not in get_args(Metric):
        raise UsageError("measure.bad_metric", metric=metric, known=get_args(Metric))
    normal_quantile(level)
    values = numbers(ratings)
    paired = (~np.isnan(values)).sum(axis=1) >= 2
    rated = values[paired]
    levels = np.unique(rated[~np.isnan(rated)])
    if len(rated) < 2 or len(levels) < 2:
        raise TooLittleData("measure.too_few_ratings", cases=len(rated))
    tables = _coincidences(rated, levels)
    found = float(_alpha(tables.sum(axis=0)[None], levels, metric)[0])
    rng = np.random.default_rng(seed)
    again = rng.multinomial(len(tables), np.full(len(tables), 1 / len(tables)), size=_DRAWS)
    drawn = (again @ tables.reshape(len(tables), -1)).reshape(_DRAWS, len(levels), len(levels))
    tail = (1 - level) / 2
    low, high = np.nanquantile(_alpha(drawn, levels, metric), [tail, 1 - tail])
    dropped = len(values) - len(rated)
    count = int((~np.isnan(rated)).sum())
    return RaterAlpha(found, float(low), float(high), metric, level, len(rated), count, dropped)


def _weights(k: int, weights: Weights) -> FloatArray:
    apart = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / (k - 1)
    if weights == "none":
        return np.eye(k)
    return np.asarray(1 - (apart if weights == "linear" else apart**2), dtype=float)


def _coincidences(rated: FloatArray, levels: FloatArray) -> FloatArray:
    """Return each case's own table of coincidences (cases, levels, levels)."""
    counts = (rated[:, :, None] == levels).sum(axis=1).astype(float)
    pairs = counts[:, :, None] * counts[:, None, :]
    own = np.arange(len(levels))
    pairs[:, own, own] -= counts
    return np.asarray(pairs / (counts.sum(axis=1) - 1)[:, None, None])


def _alpha(tables: FloatArray, levels: FloatArray, metric: Metric) -> FloatArray:
    """Return alpha of each table; NaN where all ratings in it are the same."""
    margins = tables.sum(axis=2)
    total = margins.sum(axis=1)
    if metric == "ordinal":
        upto = np.cumsum(margins, axis=1) - margins / 2
        apart = (upto[:, :, None] - upto[:, None, :]) ** 2
    else:
        gap = np.subtract.outer(levels, levels)
        apart = np.broadcast_to((gap != 0).astype(float) if metric == "nominal" else gap**2, tables.shape)
    seen = (tables * apart).sum(axis=(1, 2)) / total
    chance = (margins[:, :, None] * margins[:, None, :] * apart).sum(axis=(1, 2)) / (total * (total - 1))
    return np.asarray(1 - np.divide(seen, chance, out=np.full(len(total), np.nan), where=chance > 0))
