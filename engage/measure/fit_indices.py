"""How far a factor model is from the data: χ² and the indices that correct it for size."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engage.measure.covariance_model import Fitted, Sample


@dataclass(frozen=True, slots=True)
class Fit:
    """χ² of the model and of the baseline (items unrelated), and the usual indices.

    ``rmsea`` with its 90 % interval. ``n`` people in ``groups`` groups, ``parameters`` free.
    """

    chi2: float
    df: int
    p_value: float
    cfi: float
    tli: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    srmr: float
    chi2_baseline: float
    df_baseline: int
    parameters: int
    n: int
    groups: int

    def tidy(self) -> pd.DataFrame:
        """Return one row, a column per index."""
        return pd.DataFrame({name: [getattr(self, name)] for name in self.__slots__})


def fit_of(samples: tuple[Sample, ...], fitted: Fitted, *, with_means: bool) -> Fit:
    """Return the fit indices of a model.

    χ² = N·F, N people in G groups. With δ = max(χ² − df, 0), δ_b and df_b those of the baseline:
    CFI = 1 − δ/max(δ, δ_b); TLI = (χ²_b/df_b − χ²/df)/(χ²_b/df_b − 1); RMSEA = √(G·δ/(N·df)), its ends from
    the noncentralities under which χ² is the 95th and the 5th percentile; SRMR the root mean square of
    residuals over observed standard deviations, with the means' if they are modelled, weighted by group.
    Where df = 0: CFI = TLI = 1, RMSEA = 0 and p missing.
    R: ``lavaan::fitMeasures``.
    """
    from scipy.special import chdtrc

    n, groups = sum(s.n for s in samples), len(samples)
    k = len(samples[0].mean)
    moments = k * (k + 1) // 2 + (k if with_means else 0)
    df, df_baseline = groups * moments - len(fitted.parameters), groups * k * (k - 1) // 2
    chi2 = max(n * fitted.discrepancy, 0.0)
    baseline = sum(s.n * _unrelated(s) for s in samples)
    excess, excess_baseline = max(chi2 - df, 0.0), max(baseline - df_baseline, 0.0)
    worst = max(excess, excess_baseline)
    per_df = baseline / df_baseline
    scale = groups / (n * df) if df else 0.0
    low, high = (scale * _noncentrality(chi2, df, p) for p in (0.95, 0.05)) if df else (0.0, 0.0)
    return Fit(
        chi2=chi2,
        df=df,
        p_value=float(chdtrc(df, chi2)) if df else float("nan"),
        cfi=1 - excess / worst if worst > 0 else 1.0,
        tli=(per_df - chi2 / df) / (per_df - 1) if df else 1.0,
        rmsea=float(np.sqrt(scale * excess)),
        rmsea_low=float(np.sqrt(low)),
        rmsea_high=float(np.sqrt(high)),
        srmr=_srmr(samples, fitted, with_means),
        chi2_baseline=baseline,
        df_baseline=df_baseline,
        parameters=len(fitted.parameters),
        n=n,
        groups=groups,
    )


def _unrelated(sample: Sample) -> float:
    """Return F of the model in which items are unrelated."""
    return float(np.log(np.diag(sample.covariance)).sum() - np.linalg.slogdet(sample.covariance)[1])


def _noncentrality(chi2: float, df: int, probability: float) -> float:
    """Return the noncentrality under which χ² lies at this percentile, 0 if it lies below without any."""
    from scipy.optimize import brentq
    from scipy.special import chdtr, chndtr

    if chdtr(df, chi2) < probability:
        return 0.0
    return float(brentq(lambda nc: chndtr(chi2, df, nc) - probability, 0, chi2 + 20 * np.sqrt(chi2) + 100))


def _srmr(samples: tuple[Sample, ...], fitted: Fitted, with_means: bool) -> float:
    n, total = sum(s.n for s in samples), 0.0
    for sample, found in zip(samples, fitted.implied, strict=True):
        spread = np.sqrt(np.diag(sample.covariance))
        residual = (sample.covariance - found.covariance) / np.outer(spread, spread)
        squares = residual[np.tril_indices(len(spread))] ** 2
        if with_means:
            squares = np.concatenate([squares, ((sample.mean - found.mean) / spread) ** 2])
        total += sample.n / n * float(np.sqrt(squares.mean()))
    return total
