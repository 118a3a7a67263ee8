"""Does a shortfall hurt more than a surplus helps? The two-factor claim, tested driver by driver."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from engage.errors import Problem, UsageError
from engage.measure.intervals import check_level
from engage.measure.multiplicity import adjust_pvalues
from engage.model import diagnostics
from engage.model.answers import MIN_TAIL, AnswerScale, read_answers
from engage.model.contrasts import ANALYSES, READINGS, Contrasts, contrasts
from engage.model.design import FloatArray, build_design, names
from engage.model.display import as_html
from engage.model.estimators import t_quantile, two_sided

Method = Literal["prca", "piecewise"]
Verdict = Literal["hygiene_like", "motivator_like", "symmetric", "cannot_tell"]
Reason = Literal["", "few_in_tail", "no_direction", "undecided"]

ALPHA: Final = 0.05
# Cohen's small effect, in standard deviations of the outcome: the widest difference still called symmetric.
BAND: Final = 0.2
RESAMPLES: Final = 400
# More rows than this are resampled in so many random lots: the errors are the same, the cost no longer grows.
MAX_UNITS: Final = 5000
# The middle knot stands for the piecewise method; the outer ones must agree with it.
_PRIMARY: Final = {"prca": 0, "piecewise": 2}


@dataclass(frozen=True, slots=True, eq=False)
class Asymmetry:
    """What low and high answers to each driver go with, all other drivers held equal.

    Arrays have one entry per driver. ``low`` is the rise of the outcome on the lower half of the driver's
    answers, ``high`` on the upper half, each freed of what the answer scales alone would add (see
    :func:`asymmetry`): for ``"prca"`` from low answers to middling ones and from these to high ones, in units
    of the outcome; for ``"piecewise"`` the slope below and above the knot. ``difference`` = high − low.
    ``ci_low``, ``ci_high`` hold the intervals of the difference under all readings of the scales,
    ``p_value`` is the largest of theirs, ``p_adjusted`` Benjamini–Hochberg over the drivers tested.
    NaN where a driver can't be tested. ``reason`` says why a verdict is ``"cannot_tell"``. ``checks`` has a
    row per driver, cut and reading.
    """

    method: Method
    outcome: str
    drivers: tuple[str, ...]
    level: float
    low: FloatArray
    high: FloatArray
    difference: FloatArray
    std_error: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    p_value: FloatArray
    p_adjusted: FloatArray
    verdict: tuple[Verdict, ...]
    reason: tuple[Reason, ...]
    checks: pd.DataFrame
    n: int
    n_dropped: int
    n_clusters: int | None
    resamples: int
    notes: tuple[Problem, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of the notes, such as ``model.few_in_tail``."""
        return tuple(note.code for note in self.notes)

    def tidy(self) -> pd.DataFrame:
        """Return one row per driver: driver, low, high, difference, …, p_adjusted, verdict, reason."""
        columns = ("low", "high", "difference", "std_error", "ci_low", "ci_high", "p_value", "p_adjusted")
        return pd.DataFrame(
            {
                "driver": list(self.drivers),
                **{name: getattr(self, name) for name in columns},
                "verdict": list(self.verdict),
                "reason": list(self.reason),
            }
        )

    def _repr_html_(self) -> str:
        return as_html(self.tidy(), self.outcome, self.n, self.n_dropped, self.notes)


def asymmetry(
    frame: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    method: Method = "prca",
    *,
    cluster: str | None = None,
    bootstrap: int = RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
) -> Asymmetry:
    """Test for each driver whether low answers go with more (or less) than high answers do.

    ``"prca"``, penalty–reward contrasts: least squares of the outcome on a dummy of low and a dummy of high
    answers of every driver (the cuts nearest to a quarter of people at each end); tests reward + penalty = 0.
    ``"piecewise"``: a slope below and above a knot for every driver (the level nearest to the median, checked
    at a third and two thirds); tests equal slopes. Both methods are always run, ``method`` chooses the one
    shown. Drivers must be coded so that high is good; the outcome may be good or bad (strain).

    Ceilings and skewed answers bend a straight relation, so the difference is measured from what no asymmetry
    would look like, in three readings. ``"latent"``: driver and outcome are step functions of normal traits
    that are jointly normal (:mod:`engage.model.copula`), with the answers' own shares and the observed
    covariance. ``"interval"``: the answers are equally spaced and the relation straight on them.
    ``"interval_driver"``: equally spaced answers to the driver, a normal trait behind the outcome. What a
    reading expects is subtracted from the covariance of each dummy or hinge with the outcome before the
    regression is solved. Standard errors are of the difference so corrected, from ``bootstrap`` resamples of
    rows (or whole clusters) in which everything is worked out anew; normal intervals. ``low``, ``high``,
    ``difference`` and ``std_error`` are the first reading's.

    A verdict of ``hygiene_like`` (the low side is stronger) or ``motivator_like`` needs p_adjusted ≤ 0.05 by
    the method shown, p ≤ 0.05 and the same sign by the other one and at every knot, all under every reading,
    a clear direction of the driver, and ``MIN_TAIL`` (50) people on each side of every cut. ``symmetric``
    needs every interval inside ±0.2 standard deviations of the outcome (per standard deviation of the driver
    for slopes) and inside ± the mean of the two sides, so that neither can be three times the other. Else
    ``cannot_tell``.

    Rows with a missing value are left out and counted. Columns with over 60 distinct values are read in 60
    groups. Raises as :func:`fit_drivers` with ``model="ols"``; ``UsageError`` also for a text driver.
    Source: Brandt (1988), Mikulić & Prebežac (2011) for the contrasts; Cario & Nelson (1997) for the copula.
    R, uncorrected: ``lm(y ~ low + high)``, ``car::linearHypothesis(fit, "low + high = 0")``.
    """
    drivers = names(drivers)
    _check_options(method, bootstrap, level)
    design = build_design(frame, outcome, drivers, cluster=cluster)
    if design.terms != drivers:
        raise UsageError("model.not_numeric", columns=sorted(set(drivers) - set(design.terms)))
    notes = design.notes + diagnostics.check_rows(design.n, len(drivers))
    diagnostics.check_collinearity(diagnostics.correlations(design.columns), drivers)
    notes += diagnostics.check_clusters(design.n_clusters)
    scales = [read_answers(column) for column in design.columns.T]
    answered = read_answers(design.outcome)
    rng = np.random.default_rng(seed)
    units = design.clusters
    if units is None and design.n > MAX_UNITS:
        units = rng.permutation(design.n) % MAX_UNITS
    found = contrasts(scales, answered, bootstrap, rng, units)
    df = np.inf if design.n_clusters is None else design.n_clusters - 1.0
    decided = decide(found, method, df)
    return Asymmetry(
        method=method,
        outcome=outcome,
        drivers=drivers,
        level=level,
        **_shown(found, method, scales, answered.spread, df, level),
        verdict=tuple(verdict for verdict, _ in decided),
        reason=tuple(reason for _, reason in decided),
        checks=_checks(found, drivers, scales, answered.spread, df),
        n=design.n,
        n_dropped=design.n_dropped,
        n_clusters=design.n_clusters,
        resamples=bootstrap,
        notes=notes + _few_in_tail(drivers, scales),
    )


def _check_options(method: str, bootstrap: int, level: float) -> None:
    if method not in get_args(Method):
        raise UsageError("model.unknown_option", option="method", value=method, known=get_args(Method))
    if bootstrap < 100:
        raise UsageError("model.few_resamples", value=bootstrap, needed=100)
    check_level(level)


def _few_in_tail(drivers: tuple[str, ...], scales: Sequence[AnswerScale]) -> tuple[Problem, ...]:
    thin = [driver for driver, scale in zip(drivers, scales, strict=True) if not scale.testable]
    if not thin:
        return ()
    return (Problem("model.few_in_tail", "warning", params={"columns": thin, "needed": MIN_TAIL}),)


def _p_values(found: Contrasts, df: float) -> FloatArray:
    """Return (analyses, readings, drivers) two-sided p-values."""
    return two_sided(found.difference / found.std_error, df)


def _common(found: Contrasts, df: float) -> FloatArray:
    """Return (analyses, drivers): the larger p-value of the readings, 1 where their signs disagree."""
    agree = np.ptp(np.sign(found.difference), axis=1) == 0
    p = _p_values(found, df).max(axis=1)
    return np.where(agree | np.isnan(p), p, 1.0)


def decide(found: Contrasts, method: Method, df: float) -> list[tuple[Verdict, Reason]]:
    """Return the verdict on each driver, and why where there is none; ``df`` of the t distribution used."""
    p = _common(found, df)
    different = (adjust_pvalues(p[_PRIMARY[method]]) <= ALPHA) & (p <= ALPHA).all(axis=0)
    signs = np.sign(found.difference)
    same_sign = np.ptp(signs, axis=(0, 1)) == 0
    wide = -t_quantile(ALPHA / 2, df)
    reach = np.abs(found.difference) + wide * found.std_error
    narrow = reach <= np.minimum(BAND, np.abs(found.low + found.high) / 2)
    equal = np.asarray(narrow.all(axis=(0, 1)), dtype=bool)
    decided: list[tuple[Verdict, Reason]] = []
    for driver in range(p.shape[1]):
        if np.isnan(p[0, driver]):
            decided.append(("cannot_tell", "few_in_tail"))
        elif abs(found.slope[driver]) <= wide * found.slope_error[driver]:
            decided.append(("cannot_tell", "no_direction"))
        elif different[driver] and same_sign[driver]:
            weaker_above = signs[0, 0, driver] * np.sign(found.slope[driver]) < 0
            decided.append(("hygiene_like" if weaker_above else "motivator_like", ""))
        else:
            decided.append(("symmetric", "") if equal[driver] else ("cannot_tell", "undecided"))
    return decided


def _units(method: str, scales: Sequence[AnswerScale], spread: float) -> FloatArray:
    """Return what turns standard deviations into the outcome's units (per unit of the driver for slopes)."""
    return np.array([spread / (scale.spread if method == "piecewise" else 1.0) for scale in scales])


def _shown(
    found: Contrasts,
    method: Method,
    scales: Sequence[AnswerScale],
    spread: float,
    df: float,
    level: float,
) -> dict[str, FloatArray]:
    analysis, units = _PRIMARY[method], _units(method, scales, spread)
    difference, std_error = found.difference[analysis], found.std_error[analysis]
    wide = -t_quantile((1 - level) / 2, df) * std_error
    p_value = _common(found, df)[analysis]
    return {
        "low": units * found.low[analysis, 0],
        "high": units * found.high[analysis, 0],
        "difference": units * difference[0],
        "std_error": units * std_error[0],
        "ci_low": units * (difference - wide).min(axis=0),
        "ci_high": units * (difference + wide).max(axis=0),
        "p_value": p_value,
        "p_adjusted": adjust_pvalues(p_value),
    }


def _checks(
    found: Contrasts, drivers: tuple[str, ...], scales: Sequence[AnswerScale], spread: float, df: float
) -> pd.DataFrame:
    """Return a row per driver, analysis and reading: what each says on its own, and on how many people."""
    p_values = _p_values(found, df)
    rows = []
    for j, (driver, scale) in enumerate(zip(drivers, scales, strict=True)):
        for a, method in enumerate(ANALYSES):
            if scale.tails is None or not scale.knots:
                continue
            below, above = scale.tails if a == 0 else (scale.knots[a - 1], scale.knots[a - 1])
            inside = int(a == 0)
            unit = _units(method, [scale], spread)[0]
            for r, reading in enumerate(READINGS):
                rows.append(
                    {
                        "driver": driver,
                        "method": method,
                        "reading": reading,
                        "low_to": scale.original(below),
                        "high_from": scale.original(above),
                        "n_low": int(scale.counts[: below + inside].sum()),
                        "n_high": int(scale.counts[above + 1 - inside :].sum()),
                        "low": unit * found.low[a, r, j],
                        "high": unit * found.high[a, r, j],
                        "difference": unit * found.difference[a, r, j],
                        "std_error": unit * found.std_error[a, r, j],
                        "p_value": p_values[a, r, j],
                    }
                )
    return pd.DataFrame(rows)
