"""Cox's proportional hazards model: Efron's ties, delayed entry, robust errors, test of proportionality."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engage.errors import TooLittleData
from engage.model.design import FloatArray, IntArray
from engage.model.estimators import LARGEST_ERROR, cluster_sums

_MAX_STEPS: Final = 50
# A log hazard ratio this far out between two people means that the likelihood rises for ever.
_EXTREME: Final = 30.0
# A Newton step that gains less log-likelihood than this is taken as the last: the next would gain its square.
_SETTLED: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class CoxFit:
    """``coefficients`` (p,) log hazard ratios and their ``covariance``; ``influence`` (n, p) of each row on
    them; partial ``log_likelihood`` and that without covariates; ``concordance``; of the test of proportional
    hazards ``statistics`` (p,) each on one degree of freedom and ``overall`` on p.
    """

    coefficients: FloatArray
    covariance: FloatArray
    influence: FloatArray
    log_likelihood: float
    null_log_likelihood: float
    concordance: float
    statistics: FloatArray
    overall: float


@dataclass(frozen=True, slots=True, eq=False)
class _Spells:
    """Rows and what of them never changes: where each enters and leaves the list of event times.

    Event time k has rows ``entered ≤ k ≤ left`` at risk. ``deaths`` rows with an event, ``when`` (events,)
    their event time; ``share`` (events,) Efron's l/d of each.
    """

    x: FloatArray
    event: npt.NDArray[np.bool_]
    time: FloatArray
    times: FloatArray
    entered: IntArray
    left: IntArray
    when: IntArray
    share: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """At one coefficient vector, for each event (in order of time, Efron's l within a tie): the risk set's
    ``total`` hazard (events,), ``mean`` (events, p) and ``spread`` (events, p, p) of the covariates.
    """

    hazard: FloatArray
    total: FloatArray
    mean: FloatArray
    spread: FloatArray


def cox(
    x: FloatArray,
    event: FloatArray,
    time: FloatArray,
    entry: FloatArray | None = None,
    clusters: IntArray | None = None,
    *,
    jackknife: bool = False,
) -> CoxFit:
    """Fit log hazard ratios by Newton's method; ``x`` (n, p) centred and scaled, without a column of ones.

    A row is a spell: at risk over (entry, time], with its covariates of that spell, and ``event`` (0 or 1) at
    its end; a person may have several rows (covariates that change). Ties by Efron's method. Without clusters
    the errors are model-based; with them the sandwich of score residuals summed within clusters, without a
    small-sample factor, or with ``jackknife`` (G−1)/G·Σ (b₋g − b)(b₋g − b)', b₋g one Newton step from b
    without cluster g: for columns that are the same for a whole cluster. Proportional hazards: the score test
    of adding x·g(t), g = 1 − Kaplan–Meier just before t (Grambsch & Therneau 1994 in the exact form).

    Raises ``TooLittleData`` if the covariates tell the events apart, so that no finite estimate exists.
    R: ``survival::coxph(Surv(entry, time, event) ~ x, cluster = …)``, ``cox.zph(fit)``.
    """
    spells = _spells(x, event, time, entry)
    coefficients, moments = _newton(spells)
    information = moments.spread.sum(axis=0)
    if np.linalg.eigvalsh(information)[0] < 1 / LARGEST_ERROR**2:
        raise TooLittleData("model.separated")
    bread = np.asarray(np.linalg.inv(information), dtype=float)
    influence = np.asarray(_score_residuals(spells, moments) @ bread, dtype=float)
    covariance = bread
    if clusters is not None:
        sums = cluster_sums(influence, clusters)
        if jackknife:
            sums = _left_out(spells, entry, coefficients, clusters)
            sums = sums * np.sqrt(1 - 1 / len(sums))
        covariance = sums.T @ sums
    statistics, overall = _proportionality(spells, moments, bread)
    return CoxFit(
        coefficients=coefficients,
        covariance=np.asarray(covariance, dtype=float),
        influence=influence,
        log_likelihood=_likelihood(spells, coefficients, moments),
        null_log_likelihood=_likelihood(spells, 0 * coefficients, _moments(spells, 0 * coefficients)),
        concordance=concordance(x @ coefficients, event, time, entry),
        statistics=statistics,
        overall=overall,
    )


def _spells(x: FloatArray, event: FloatArray, time: FloatArray, entry: FloatArray | None) -> _Spells:
    happened = event.astype(bool)
    times, when, ties = np.unique(time[happened], return_inverse=True, return_counts=True)
    start = np.full(len(time), -np.inf) if entry is None else entry
    first = np.cumsum(ties) - ties
    return _Spells(
        x=x,
        event=happened,
        time=time,
        times=times,
        entered=np.searchsorted(times, start, side="right"),
        left=np.searchsorted(times, time, side="right") - 1,
        when=when,
        share=(np.arange(len(when)) - np.repeat(first, ties)) / np.repeat(ties, ties),
    )


def _newton(spells: _Spells) -> tuple[FloatArray, _Moments]:
    coefficients = np.zeros(spells.x.shape[1])
    moments = _moments(spells, coefficients)
    likelihood = _likelihood(spells, coefficients, moments)
    of_events = spells.x[spells.event].sum(axis=0)
    for _ in range(_MAX_STEPS):
        score = of_events - moments.mean.sum(axis=0)
        step = np.linalg.lstsq(moments.spread.sum(axis=0), score, rcond=None)[0]
        if float(score @ step) < _SETTLED:
            return coefficients + step, _moments(spells, coefficients + step)
        for _ in range(30):
            if np.ptp(spells.x @ (coefficients + step)) <= _EXTREME:
                following = _moments(spells, coefficients + step)
                trial = _likelihood(spells, coefficients + step, following)
                if trial >= likelihood:
                    break
            step = step / 2
        else:
            raise TooLittleData("model.separated")
        coefficients, moments, likelihood = coefficients + step, following, trial
    raise TooLittleData("model.separated")


def _moments(spells: _Spells, coefficients: FloatArray) -> _Moments:
    x, k = spells.x, len(spells.times)
    log_hazard = x @ coefficients
    hazard = np.exp(log_hazard - log_hazard.max())
    rows, columns = np.triu_indices(x.shape[1])
    weighted = hazard[:, None] * np.column_stack([np.ones(len(x)), x, x[:, rows] * x[:, columns]])
    # At risk at event time k: not yet left, less those yet to enter. Sums from the last time backwards, so
    # that small late risk sets are not differences of large numbers.
    staying = _from_end(_sums(weighted, spells.left + 1, k + 1))[1:]
    to_come = _from_end(_sums(weighted, spells.entered, k + 1))[1:]
    tied = _sums(weighted[spells.event], spells.when, k)
    order = np.repeat(np.arange(k), np.bincount(spells.when, minlength=k))
    sums = (staying - to_come)[order] - spells.share[:, None] * tied[order]
    p = x.shape[1]
    mean = sums[:, 1 : p + 1] / sums[:, :1]
    spread = np.empty((len(order), p, p))
    spread[:, rows, columns] = sums[:, p + 1 :] / sums[:, :1]
    spread[:, columns, rows] = spread[:, rows, columns]
    spread -= mean[:, :, None] * mean[:, None, :]
    return _Moments(hazard=hazard, total=sums[:, 0], mean=mean, spread=spread)


def _likelihood(spells: _Spells, coefficients: FloatArray, moments: _Moments) -> float:
    log_hazard = spells.x @ coefficients
    return float((log_hazard[spells.event] - log_hazard.max()).sum() - np.log(moments.total).sum())


def _score_residuals(spells: _Spells, moments: _Moments) -> FloatArray:
    """Return (n, p): what each row adds to the score, its own events and its time at risk."""
    k, p = len(spells.times), spells.x.shape[1]
    order = np.repeat(np.arange(k), np.bincount(spells.when, minlength=k))
    ties = np.bincount(spells.when, minlength=k)[:, None]
    rate = (1 / moments.total)[:, None]
    steps = _sums(np.hstack([rate, rate * moments.mean]), order, k)
    until = np.vstack([np.zeros(p + 1), np.cumsum(steps, axis=0)])
    seen = until[spells.left + 1] - until[np.minimum(spells.entered, spells.left + 1)]
    residuals = moments.hazard[:, None] * (seen[:, 1:] - spells.x * seen[:, :1])
    # In a tie a row counts only as far as Efron leaves it in the risk set, and meets the average mean.
    spared = _sums(spells.share[:, None] * np.hstack([rate, rate * moments.mean]), order, k)[spells.when]
    means = (_sums(moments.mean, order, k) / ties)[spells.when]
    own = spells.x[spells.event]
    residuals[spells.event] += own - means
    residuals[spells.event] += moments.hazard[spells.event, None] * (own * spared[:, :1] - spared[:, 1:])
    return np.asarray(residuals, dtype=float)


def _left_out(
    spells: _Spells, entry: FloatArray | None, coefficients: FloatArray, clusters: IntArray
) -> FloatArray:
    """Return (G, p): how far coefficients move when a cluster is left out, by one Newton step."""
    moved = []
    for cluster in range(int(clusters.max()) + 1):
        kept = clusters != cluster
        began = None if entry is None else entry[kept]
        others = _spells(spells.x[kept], spells.event[kept], spells.time[kept], began)
        moments = _moments(others, coefficients)
        score = others.x[others.event].sum(axis=0) - moments.mean.sum(axis=0)
        moved.append(np.linalg.pinv(moments.spread.sum(axis=0), hermitian=True) @ score)
    return np.array(moved, dtype=float)


def _proportionality(spells: _Spells, moments: _Moments, bread: FloatArray) -> tuple[FloatArray, float]:
    k = len(spells.times)
    counts = np.bincount(spells.when, minlength=k)
    order = np.repeat(np.arange(k), counts)
    inside = (
        np.bincount(spells.entered, minlength=k + 1).cumsum()[:k]
        - np.bincount(spells.left + 1, minlength=k + 1).cumsum()[:k]
    )
    survival = np.cumprod(1 - counts / inside)
    g = 1 - np.concatenate([[1.0], survival[:-1]])
    g = g - g[order].mean()
    score = g[spells.when] @ spells.x[spells.event] - g[order] @ moments.mean
    cross = np.einsum("e,eij->ij", g[order], moments.spread)
    own = np.einsum("e,eij->ij", g[order] ** 2, moments.spread)
    rest = own - cross @ bread @ cross
    # Each alone: x_j·g(t) added to the full model, the other interactions left out.
    return score**2 / np.diag(rest), float(score @ np.linalg.solve(rest, score))


def concordance(
    risk: FloatArray, event: FloatArray, time: FloatArray, entry: FloatArray | None = None
) -> float:
    """Return the share of comparable pairs in which the higher ``risk`` left first, ties in risk half.

    Comparable: one left while the other was at risk and stayed longer. NaN without such a pair.
    R: ``survival::concordance(fit)``.
    """
    agree = pairs = 0.0
    start = np.full(len(time), -np.inf) if entry is None else entry
    distinct, rank = np.unique(risk, return_inverse=True)
    by_start, by_time = np.argsort(start, kind="stable"), np.argsort(time, kind="stable")
    times = np.unique(time[event == 1])
    entered = np.searchsorted(start[by_start], times, side="left")
    left = np.searchsorted(time[by_time], times, side="left")
    # How many at risk have each rank of risk, kept up to date from one event time to the next.
    at_risk = np.zeros(len(distinct) + 1)
    for k in range(len(times)):
        np.add.at(at_risk, rank[by_start[entered[k - 1] if k else 0 : entered[k]]] + 1, 1)
        np.add.at(at_risk, rank[by_time[left[k - 1] if k else 0 : left[k]]] + 1, -1)
        tied = by_time[left[k] : left[k + 1] if k + 1 < len(times) else len(time)]
        gone = rank[tied[(time[tied] == times[k]) & (event[tied] == 1)]]
        upto = np.cumsum(at_risk)
        # Those who left at the same time are no pair of each other.
        own = (
            np.searchsorted(np.sort(gone), gone, side="left"),
            np.searchsorted(np.sort(gone), gone, side="right"),
        )
        agree += float((upto[gone] + upto[gone + 1] - own[0] - own[1]).sum()) / 2
        pairs += float(len(gone) * (upto[-1] - len(gone)))
    return agree / pairs if pairs else float("nan")


def _from_end(values: FloatArray) -> FloatArray:
    """Return running sums over rows from the last one backwards."""
    return np.asarray(np.cumsum(values[::-1], axis=0)[::-1], dtype=float)


def _sums(values: FloatArray, groups: IntArray, k: int) -> FloatArray:
    """Return (k, m): the sums of ``values`` (n, m) over the rows of each group."""
    return np.column_stack([np.bincount(groups, weights=column, minlength=k) for column in values.T])
