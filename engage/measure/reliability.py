"""How consistently the items of a scale measure one thing."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from engage.errors import Problem, TooLittleData, UsageError
from engage.measure.answers import Complete, FloatArray, complete_rows, correlations, reversed_note
from engage.measure.display import as_html
from engage.measure.extraction import extract
from engage.measure.intervals import Interval, check_level
from engage.words import say

OmegaConvention = Literal["ml", "minres", "psych"]


@dataclass(frozen=True, slots=True)
class Alpha:
    """Cronbach's alpha with Feldt's interval, and the inter-item correlations it rests on.

    ``n`` persons answered all ``n_items`` items, ``n_dropped`` did not. ``r_mean``, ``r_min`` and ``r_max``
    are over the pairs of items. ``notes`` hold what a reader must be told.
    """

    alpha: float
    ci_low: float
    ci_high: float
    level: float
    n: int
    n_items: int
    n_dropped: int
    r_mean: float
    r_min: float
    r_max: float
    notes: tuple[Problem, ...]

    def tidy(self) -> pd.DataFrame:
        """Return one row: alpha, ci_low, ci_high, n, n_items, r_mean, r_min, r_max."""
        shown = ("alpha", "ci_low", "ci_high", "n", "n_items", "r_mean", "r_min", "r_max")
        return pd.DataFrame({name: [getattr(self, name)] for name in shown})

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), say("measure.caption", n=self.n, dropped=self.n_dropped), self.notes)


@dataclass(frozen=True, slots=True)
class Omega:
    """Omega total of a scale, the convention it follows, and the persons and items it rests on."""

    omega: float
    convention: OmegaConvention
    n: int
    n_items: int
    n_dropped: int

    def tidy(self) -> pd.DataFrame:
        """Return one row: omega, convention, n, n_items."""
        shown = ("omega", "convention", "n", "n_items")
        return pd.DataFrame({name: [getattr(self, name)] for name in shown})

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), say("measure.caption", n=self.n, dropped=self.n_dropped))


@dataclass(frozen=True, slots=True, eq=False)
class ItemRest:
    """One entry per item, in the order of ``items``.

    ``correlation`` of the item with the sum of the others; ``alpha_if_dropped``, NaN for two items.
    """

    items: tuple[str, ...]
    correlation: FloatArray
    alpha_if_dropped: FloatArray
    n: int
    n_dropped: int
    notes: tuple[Problem, ...]

    def tidy(self) -> pd.DataFrame:
        """Return one row per item: item, correlation, alpha_if_dropped."""
        return pd.DataFrame(
            {
                "item": list(self.items),
                "correlation": self.correlation,
                "alpha_if_dropped": self.alpha_if_dropped,
            }
        )

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), say("measure.caption", n=self.n, dropped=self.n_dropped), self.notes)


def cronbach_alpha(items: pd.DataFrame, *, level: float = 0.95) -> Alpha:
    """Return Cronbach's alpha of a scale, with Feldt's interval.

    α = k/(k−1)·(1 − Σs_i²/s_T²), k items, s_T² the variance of their sum. Ends 1 − (1−α)·F(1∓γ; n−1,
    (n−1)(k−1)), γ = (1 − ``level``)/2 (Feldt 1965), exact where items are parallel and normal.

    ``items``: a row per person, a column per item of one scale, reverse-keyed items already turned round.
    Persons with a missing answer are left out (listwise) and counted. α can be negative.
    Raises ``UsageError`` for fewer than 2 items; ``TooLittleData`` for fewer than 3 complete rows, an item
    that everybody answers alike or a sum that is the same for all; ``InputError`` for items not in numbers.
    R: ``psych::alpha(na.omit(items))``; ``cocron::cronbach.alpha.CI``.
    """
    check_level(level)
    rows = complete_rows(items)
    n, k = rows.values.shape
    alpha = _alpha(np.cov(rows.values, rowvar=False))
    ends = feldt_interval(alpha, n, k, level=level)
    pairs = correlations(rows.values)[np.triu_indices(k, 1)]
    return Alpha(
        alpha=alpha,
        ci_low=ends.low,
        ci_high=ends.high,
        level=level,
        n=n,
        n_items=k,
        n_dropped=rows.n_dropped,
        r_mean=float(pairs.mean()),
        r_min=float(pairs.min()),
        r_max=float(pairs.max()),
        notes=reversed_note(_against(rows)),
    )


def feldt_interval(alpha: float, n: int, n_items: int, *, level: float = 0.95) -> Interval:
    """Return Feldt's interval of an alpha of ``n_items`` items over n people; see :func:`cronbach_alpha`."""
    from scipy.special import fdtri

    tail, df1, df2 = (1 - level) / 2, n - 1, (n - 1) * (n_items - 1)
    low, high = (1 - (1 - alpha) * float(fdtri(df1, df2, p)) for p in (1 - tail, tail))
    return Interval(low, high)


def omega_total(items: pd.DataFrame, *, convention: OmegaConvention = "ml") -> Omega:
    """Return omega total of a scale by one common factor, in a named convention.

    With standardised loadings λ and uniquenesses u² of the items' correlation matrix R:

    - ``"ml"``: (Σλ)²/[(Σλ)² + Σu²], the share of the sum's variance *by the model*, maximum likelihood;
    - ``"minres"``: the same by least squares;
    - ``"psych"``: 1 − Σu²/ΣR, the share of the sum's *observed* variance, least squares.

    They differ where one factor does not fit. Rows and errors as in :func:`cronbach_alpha`, but at least
    3 items (two do not identify a factor) and a correlation matrix that is not singular.
    Source: McDonald (1999). R: ``psych::omega(items, nfactors = 1)$omega.tot`` is ``"psych"``;
    ``factanal(items, 1)`` gives the λ and u² of ``"ml"``.
    """
    known = get_args(OmegaConvention)
    if convention not in known:
        raise UsageError("model.unknown_option", option="convention", value=convention, known=known)
    rows = complete_rows(items, columns=3)
    correlation = correlations(rows.values)
    loadings, uniqueness = extract(correlation, 1, "ml" if convention == "ml" else "minres")
    common, unique = float(loadings.sum()) ** 2, float(uniqueness.sum())
    total = float(correlation.sum()) if convention == "psych" else common + unique
    omega = 1 - unique / total
    return Omega(omega, convention, rows.n, len(rows.names), rows.n_dropped)


def item_rest_correlation(items: pd.DataFrame) -> ItemRest:
    """Return each item's correlation with the sum of the others, and alpha without it.

    Rows and errors as in :func:`cronbach_alpha`. R: ``psych::alpha(items)$item.stats$r.drop`` and
    ``$alpha.drop$raw_alpha`` on complete rows.
    """
    rows = complete_rows(items)
    covariance = np.cov(rows.values, rowvar=False)
    k = len(rows.names)
    without = [_alpha(np.delete(np.delete(covariance, j, 0), j, 1)) if k > 2 else np.nan for j in range(k)]
    return ItemRest(
        items=rows.names,
        correlation=_item_rest(rows.values),
        alpha_if_dropped=np.array(without),
        n=rows.n,
        n_dropped=rows.n_dropped,
        notes=reversed_note(_against(rows)),
    )


def _alpha(covariance: FloatArray) -> float:
    k, total, single = len(covariance), float(covariance.sum()), float(np.trace(covariance))
    if total <= 1e-12 * single:
        raise TooLittleData("measure.constant_sum")
    return k / (k - 1) * (1 - single / total)


def _item_rest(values: FloatArray) -> FloatArray:
    """Return (k,) correlations of an item with the sum of the others, NaN where that sum is constant."""
    rest = values.sum(axis=1, keepdims=True) - values
    centred, others = values - values.mean(axis=0), rest - rest.mean(axis=0)
    scale = np.sqrt((centred**2).sum(axis=0) * (others**2).sum(axis=0))
    products: FloatArray = (centred * others).sum(axis=0)
    return np.where(scale > 0, products / np.where(scale > 0, scale, 1), np.nan)


def _against(rows: Complete) -> list[str]:
    """Return the items that go against the others, most likely keyed the wrong way round."""
    return [name for name, r in zip(rows.names, _item_rest(rows.values), strict=True) if r < 0]
