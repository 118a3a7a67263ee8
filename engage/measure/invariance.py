"""Does a scale mean the same in two groups: measurement invariance, level by level."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from engage.errors import Problem, TooLittleData
from engage.measure.answers import FloatArray, group_codes, need_columns
from engage.measure.covariance_model import Fitted, Level, fit, place
from engage.measure.display import as_html
from engage.measure.fit_indices import Fit, fit_of
from engage.measure.structure import Measured, Structure, measure, warnings_of
from engage.words import Language, say

LEVELS: Final[tuple[Level, ...]] = ("configural", "metric", "scalar")

MIN_PEOPLE: Final = 200

# Hu & Bentler (1999) and common use for the structure itself; Chen (2007) for what equality may cost.
LEAST_CFI: Final = 0.90
MOST_SRMR: Final = 0.08
LOSS_OF_CFI: Final = 0.010
GAIN_OF_RMSEA: Final = 0.015

Verdict = Literal["none", "configural", "metric", "scalar"]


@dataclass(frozen=True, slots=True, eq=False)
class Invariance:
    """Fits of ``LEVELS`` in their order, each with more held equal across ``groups``.

    ``verdict`` is the highest level that holds: ``none``, ``configural`` (the same structure), ``metric``
    (equal loadings: associations may be compared) or ``scalar`` (equal intercepts: means may be compared).
    ``factor_means`` of the scalar model, with their errors, are differences from the first group in the unit
    of each factor's first item: columns group, factor, difference, std_error.
    """

    groups: tuple[object, ...]
    n: tuple[int, ...]
    n_dropped: int
    fits: tuple[Fit, ...]
    verdict: Verdict
    factor_means: pd.DataFrame
    notes: tuple[Problem, ...]

    def tidy(self) -> pd.DataFrame:
        """Return one row per level.

        level, chi2, df, p_value, cfi, tli, rmsea, rmsea_low, rmsea_high, srmr, and from the level before
        change_chi2, change_df, change_cfi, change_rmsea, change_p_value; holds.
        """
        shown = ("chi2", "df", "p_value", "cfi", "tli", "rmsea", "rmsea_low", "rmsea_high", "srmr")
        table = pd.DataFrame([{name: getattr(found, name) for name in shown} for found in self.fits])
        table.insert(0, "level", list(LEVELS))
        for name in ("chi2", "df", "cfi", "rmsea"):
            table[f"change_{name}"] = table[name].diff()
        table["change_p_value"] = _upper_tail(table["change_df"], table["change_chi2"])
        holding = 0 if self.verdict == "none" else LEVELS.index(self.verdict) + 1
        return table.assign(holds=np.arange(len(LEVELS)) < holding)

    def sentence(self, lang: Language = "en") -> str:
        """Return the verdict in words."""
        return say(f"measure.invariance.{self.verdict}", lang)

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), self.sentence(), self.notes)


def measurement_invariance(
    frame: pd.DataFrame, structure: Structure, by: str, *, least: int = MIN_PEOPLE
) -> Invariance:
    """Fit a structure in several groups at once: freely, with equal loadings, with equal intercepts, too.

    Multi-group confirmatory factor analysis with means, by maximum likelihood; the estimator is that of
    :func:`engage.measure.confirm_structure`. The configural level holds if CFI ≥ .90 and SRMR ≤ .08; a higher
    one if the lower holds, CFI drops by at most .010 and RMSEA rises by at most .015 (Chen 2007). The χ²
    difference test is given beside, but not used: with many people it rejects differences of no weight.

    ``by``: the grouping; rows without it or with a missing answer are left out and counted. Every group needs
    ``least`` people (200 by default); below that the changes of the indices are unsteady.
    Raises what :func:`engage.measure.confirm_structure` raises; ``TooLittleData`` also for one group or
    a group that is too small.
    R: ``lavaan::cfa(model, data, group = by, group.equal = c("loadings", "intercepts"))``.
    """
    need_columns(frame, [by])
    present = frame[frame[by].notna()]
    measured = measure(present, structure)
    codes, labels = group_codes(present[by].iloc[measured.rows.rows])
    sizes = np.bincount(codes)
    if len(labels) < 2 or int(sizes.min()) < least:
        raise TooLittleData("measure.small_groups", n=int(sizes.min()), groups=len(labels), needed=least)
    samples = tuple(measured.sample(codes == code) for code in range(len(labels)))
    fitted = [fit(samples, place(measured.pattern, len(labels), level, with_means=True)) for level in LEVELS]
    fits = tuple(fit_of(samples, found, with_means=True) for found in fitted)
    return Invariance(
        groups=tuple(labels),
        n=tuple(sizes.tolist()),
        n_dropped=len(frame) - measured.rows.n,
        fits=fits,
        verdict=_verdict(fits),
        factor_means=_factor_means(fitted[-1], measured, labels),
        notes=warnings_of(fitted[0], measured),
    )


def _verdict(fits: tuple[Fit, ...]) -> Verdict:
    if not (fits[0].cfi >= LEAST_CFI and fits[0].srmr <= MOST_SRMR):
        return "none"
    held: Verdict = "configural"
    for level, before, after in zip(LEVELS[1:], fits[:-1], fits[1:], strict=True):
        if before.cfi - after.cfi > LOSS_OF_CFI or after.rmsea - before.rmsea > GAIN_OF_RMSEA:
            break
        held = level
    return held


def _factor_means(scalar: Fitted, measured: Measured, labels: list[object]) -> pd.DataFrame:
    errors = np.sqrt(np.diag(scalar.covariance))
    rows = [
        {"group": label, "factor": factor, "difference": found.means[f], "std_error": errors[places.means[f]]}
        for label, found, places in zip(labels[1:], scalar.implied[1:], scalar.places[1:], strict=True)
        for f, factor in enumerate(measured.factors)
    ]
    return pd.DataFrame(rows)


def _upper_tail(df: pd.Series, chi2: pd.Series) -> FloatArray:
    from scipy.special import chdtrc

    return np.asarray(chdtrc(df.to_numpy(), np.maximum(chi2.to_numpy(), 0)), dtype=np.float64)
