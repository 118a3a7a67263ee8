"""What structure the answers themselves suggest: exploratory factor analysis and the number of factors."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from engage.errors import UsageError
from engage.measure.answers import FloatArray, complete_rows, correlations
from engage.measure.display import as_html
from engage.measure.extraction import Extraction, extract
from engage.measure.rotation import Rotation, rotate
from engage.words import say


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Rotated factors of k items: ``loadings`` (k, m), pattern coefficients if the factors correlate.

    ``uniqueness`` (k,), 1 less what the factors explain of an item; ``correlation`` (m, m) of the factors;
    ``explained`` (m,) shares of all items' variance; ``rmsr``, the root mean square of the residual
    correlations. ``chi2``, ``df`` and ``p_value`` test that m factors suffice (``"ml"`` only, else missing).
    """

    items: tuple[str, ...]
    method: Extraction
    rotation: Rotation
    loadings: FloatArray
    uniqueness: FloatArray
    correlation: FloatArray
    explained: FloatArray
    rmsr: float
    chi2: float
    df: int
    p_value: float
    n: int
    n_dropped: int

    def tidy(self) -> pd.DataFrame:
        """Return one row per item: item, F1, F2, …, uniqueness."""
        columns = {f"F{f + 1}": self.loadings[:, f] for f in range(self.loadings.shape[1])}
        return pd.DataFrame({"item": list(self.items), **columns, "uniqueness": self.uniqueness})

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), say("measure.caption", n=self.n, dropped=self.n_dropped))


@dataclass(frozen=True, slots=True, eq=False)
class ParallelAnalysis:
    """Eigenvalues of the items' correlations (k,) and, below which chance lies, of unrelated ones (k,)."""

    n_factors: int
    eigenvalues: FloatArray
    thresholds: FloatArray
    n: int
    n_dropped: int

    def tidy(self) -> pd.DataFrame:
        """Return one row per factor: factor, eigenvalue, threshold, kept."""
        k = len(self.eigenvalues)
        return pd.DataFrame(
            {
                "factor": np.arange(1, k + 1),
                "eigenvalue": self.eigenvalues,
                "threshold": self.thresholds,
                "kept": np.arange(k) < self.n_factors,
            }
        )

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), say("measure.caption", n=self.n, dropped=self.n_dropped))


def explore_factors(
    items: pd.DataFrame, factors: int, *, method: Extraction = "minres", rotation: Rotation = "oblimin"
) -> Factors:
    """Extract common factors from items and rotate them.

    Extraction from the correlation matrix: ``"minres"`` or ``"ml"``
    (:func:`engage.measure.extraction.extract`); rotation: ``"varimax"`` (uncorrelated factors),
    ``"oblimin"`` (correlated) or ``"none"`` (:func:`engage.measure.rotation.rotate`). χ² of ``"ml"`` is
    Bartlett's, (n − 1 − (2k + 5)/6 − 2m/3)·F.

    Rows with a missing answer are left out (listwise) and counted.
    Raises ``UsageError`` for an unknown option or more factors than k items can tell apart
    ((k − m)² < k + m); ``TooLittleData`` for too few rows, constant or collinear items, or no solution.
    R: ``psych::fa(items, m, fm = "minres", rotate = "oblimin")``; ``factanal(items, m)``.
    """
    for option, value, known in (
        ("method", method, get_args(Extraction)),
        ("rotation", rotation, get_args(Rotation)),
    ):
        if value not in known:
            raise UsageError("model.unknown_option", option=option, value=value, known=known)
    rows = complete_rows(items, columns=3)
    k = len(rows.names)
    if factors < 1 or (k - factors) ** 2 < k + factors:
        raise UsageError("measure.too_many_factors", factors=factors, items=k)
    matrix = correlations(rows.values)
    raw, uniqueness = extract(matrix, factors, method)
    loadings, between = rotate(raw, rotation)
    residual = (matrix - raw @ raw.T)[np.tril_indices(k, -1)]
    chi2, df, p_value = _test(matrix, raw, uniqueness, rows.n) if method == "ml" else (np.nan, 0, np.nan)
    return Factors(
        items=rows.names,
        method=method,
        rotation=rotation,
        loadings=loadings,
        uniqueness=uniqueness,
        correlation=between,
        explained=np.diag(between @ loadings.T @ loadings) / k,
        rmsr=float(np.sqrt((residual**2).mean())),
        chi2=chi2,
        df=df,
        p_value=p_value,
        n=rows.n,
        n_dropped=rows.n_dropped,
    )


def parallel_analysis(
    items: pd.DataFrame, *, worlds: int = 200, quantile: float = 0.95, seed: int = 0
) -> ParallelAnalysis:
    """Return how many factors stand out of what unrelated items would show by chance.

    The eigenvalues of the items' correlation matrix are compared, from the largest on, with the ``quantile``
    of those of ``worlds`` samples of unrelated normal items of the same size (Horn 1965; Glorfeld 1995); the
    number is that of leading eigenvalues above it. The same ``seed`` gives the same result.

    Rows with a missing answer are left out (listwise) and counted.
    Raises ``UsageError`` for no world or a quantile outside (0, 1), and as :func:`explore_factors`.
    R: ``psych::fa.parallel(items, fa = "pc")``, components.
    """
    if worlds < 1 or not 0 < quantile < 1:
        raise UsageError("measure.bad_worlds", worlds=worlds, quantile=quantile)
    rows = complete_rows(items, columns=3)
    rng = np.random.default_rng(seed)
    chance = [_eigenvalues(rng.normal(size=rows.values.shape)) for _ in range(worlds)]
    thresholds = np.quantile(chance, quantile, axis=0)
    found = _eigenvalues(rows.values)
    above = found > thresholds
    return ParallelAnalysis(
        n_factors=len(above) if above.all() else int(above.argmin()),
        eigenvalues=found,
        thresholds=thresholds,
        n=rows.n,
        n_dropped=rows.n_dropped,
    )


def _eigenvalues(values: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.eigvalsh(correlations(values))[::-1], dtype=np.float64)


def _test(
    matrix: FloatArray, loadings: FloatArray, uniqueness: FloatArray, n: int
) -> tuple[float, int, float]:
    """Return Bartlett's χ² that the factors suffice, its df and p-value (missing without df)."""
    from scipy.special import chdtrc

    k, m = loadings.shape
    implied = loadings @ loadings.T + np.diag(uniqueness)
    logs = np.linalg.slogdet(implied)[1] - np.linalg.slogdet(matrix)[1]
    discrepancy = float(logs + np.trace(np.linalg.solve(implied, matrix)) - k)
    chi2 = (n - 1 - (2 * k + 5) / 6 - 2 * m / 3) * discrepancy
    df = ((k - m) ** 2 - k - m) // 2
    return chi2, df, float(chdtrc(df, max(chi2, 0.0))) if df else float("nan")
