"""Models from cross-products by group alone: what is kept of rows is enough, and merges over waves.

A :class:`engage.engine.MomentTable` holds, for each group, the number of complete rows and the sums and
cross-products of their columns; tables of different rows add up. From one, importance and the random
intercept are the same as from the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.engine import MomentTable
from engage.errors import Problem, TooLittleData, UsageError
from engage.model import diagnostics
from engage.model.design import FloatArray, IntArray, check_columns, names
from engage.model.drivers import DriverFit, driver_fit
from engage.model.families import Grouped, fit_grouped
from engage.model.importance import Importance, Method, Source, check_importance_options, split
from engage.model.mixed import sums_by_size
from engage.model.resample import bootstrap_groups

# Of a column's sum of squares, what rounding leaves of nothing.
_NOTHING: Final = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Of each group the cross-products ``products`` (G, m+1, m+1) of ones and the columns less their
    ``mean`` (m,) over all rows; ``sizes`` (G,). ``n_dropped`` rows belong to no group.
    """

    products: FloatArray
    sizes: IntArray
    mean: FloatArray
    n_dropped: int

    @property
    def n(self) -> int:
        return int(self.sizes.sum())

    def covariance(self) -> FloatArray:
        """Return the covariance (m, m) of the columns, divided by n."""
        return np.asarray(self.products.sum(axis=0)[1:, 1:] / self.n, dtype=float)


def frame_moments(frame: pd.DataFrame, columns: Sequence[str], by: Sequence[str] = ()) -> MomentTable:
    """Return the moments of the complete rows of ``columns`` by the ``by`` columns, as the engine has them.

    A missing ``by`` value is a group of its own (``None``). Raises ``UsageError`` for unknown columns or such
    as are no numbers.
    """
    columns, by = names(columns), names(by)
    check_columns(frame, [*columns, *by])
    wrong = [name for name in columns if not pd.api.types.is_numeric_dtype(frame[name].dtype)]
    if wrong:
        raise UsageError("model.not_numeric", columns=wrong)
    rows = frame.dropna(subset=list(columns))
    x = np.column_stack([np.ones(len(rows)), rows[list(columns)].to_numpy(dtype=float)])
    groups: tuple[tuple[object, ...], ...] = ((),)
    codes = np.zeros(len(rows), dtype=np.intp)
    if by:
        keys = pd.MultiIndex.from_frame(rows[list(by)].astype(object).where(rows[list(by)].notna(), None))
        codes, found = pd.factorize(keys)
        groups = tuple(tuple(None if pd.isna(part) else part for part in key) for key in found)
    rows_of = [np.bincount(codes, weights=a * b, minlength=len(groups)) for a in x.T for b in x.T]
    products: FloatArray = np.column_stack(rows_of).astype(float).reshape(len(groups), x.shape[1], x.shape[1])
    count = products[:, 0, 0].astype(np.int64)
    return MomentTable(columns, by, groups, count, products[:, 0, 1:], products[:, 1:, 1:])


def importance_from_moments(
    moments: MomentTable,
    outcome: str,
    drivers: Sequence[str],
    method: Method = "lmg",
    bootstrap: int = 0,
    seed: int = 0,
    *,
    controls: Sequence[str] = (),
    level: float = 0.95,
) -> Importance:
    """Split the linear R² over drivers as :func:`relative_importance`, from cross-products alone.

    ``bootstrap`` draws whole groups of ``moments`` (its ``by`` columns, such as the team), so it needs at
    least five of them. All columns are numbers; rows that lack any column of the table are not in it, rows
    without a group are left out and counted. Exact for 20 drivers whatever the number of rows.

    Raises as :func:`relative_importance`.
    """
    drivers, controls = names(drivers), names(controls)
    check_importance_options(method, bootstrap, level)
    groups = _groups(moments, (*controls, *drivers, outcome))
    covariance = groups.covariance()
    notes, vif = _checks(groups.n, covariance, (*controls, *drivers), slice(len(controls), None))
    if moments.by:
        notes += diagnostics.check_clusters(len(groups.sizes))
    elif bootstrap:
        raise UsageError("model.moments_need_groups")
    spread = np.concatenate([[1.0], np.sqrt(np.diag(covariance))])
    products = groups.products / np.outer(spread, spread)
    return Importance(
        method=method,
        explained="r_squared",
        outcome=outcome,
        drivers=drivers,
        level=level,
        **split(
            Source(
                covariance / np.outer(spread[1:], spread[1:]),
                len(controls),
                lambda count, rng: bootstrap_groups(products, count, rng),
            ),
            drivers,
            method,
            bootstrap,
            seed,
            level,
        ),
        n=groups.n,
        n_dropped=groups.n_dropped,
        n_clusters=len(groups.sizes) if moments.by else None,
        resamples=bootstrap,
        notes=notes + diagnostics.check_vif(vif),
    )


def mixed_from_moments(
    moments: MomentTable,
    outcome: str,
    drivers: Sequence[str],
    controls: Sequence[str] = (),
    *,
    level: float = 0.95,
) -> DriverFit:
    """Fit a random intercept per group of ``moments``, as ``fit_drivers(model="mixed")`` does from rows.

    Every driver is split within and between groups, which its sums allow; controls stay whole. The cost does
    not grow with rows. Raises as :func:`fit_drivers`; ``UsageError`` if the table has no groups.
    """
    drivers, controls = names(drivers), names(controls)
    if not moments.by:
        raise UsageError("model.moments_need_groups")
    groups = _groups(moments, (*drivers, *controls, outcome))
    groups, terms = _within_between(groups, drivers, controls)
    covariance = groups.covariance()
    count = len(groups.sizes)
    notes, vif = _checks(groups.n, covariance, terms, slice(len(terms) - len(controls)))
    diagnostics.check_clusters(count)
    spread = np.sqrt(np.diag(covariance)[:-1] * groups.n / (groups.n - 1))
    unit = np.concatenate([[1.0], spread, [1.0]])
    scaled = groups.products / np.outer(unit, unit)
    fitted = fit_grouped(
        Grouped(
            terms=terms,
            sums=sums_by_size(groups.sizes, scaled[:, 0], scaled.sum(axis=0)),
            mean=groups.mean[:-1],
            spread=spread,
            outcome_mean=float(groups.mean[-1]),
            groups=count,
            between=int(_alike_within(groups)[:-1].sum()),
        )
    )
    return driver_fit(
        fitted,
        model="mixed",
        outcome=outcome,
        drivers=drivers,
        controls=controls,
        cluster=", ".join(moments.by),
        level=level,
        n=groups.n,
        n_dropped=groups.n_dropped,
        n_clusters=count,
        vif=vif,
        notes=notes,
    )


def _groups(moments: MomentTable, columns: tuple[str, ...]) -> _Groups:
    """Return the cross-products of ``columns`` about their means, of the groups that have a name."""
    unknown = [name for name in columns if name not in moments.columns]
    if unknown:
        raise UsageError("model.unknown_column", column=unknown[0], known=moments.columns)
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise UsageError("model.repeated_column", columns=repeated)
    at = [moments.columns.index(name) for name in columns]
    named = np.array([None not in group for group in moments.groups], dtype=bool) & (moments.n > 0)
    sizes, sums = moments.n[named].astype(np.intp), moments.sums[named][:, at]
    if not len(sizes):
        raise TooLittleData("model.no_complete_rows", rows=int(moments.n.sum()))
    products = np.empty((len(sizes), len(at) + 1, len(at) + 1))
    products[:, 0, 0] = sizes
    products[:, 0, 1:] = products[:, 1:, 0] = sums
    products[:, 1:, 1:] = moments.products[named][:, at][:, :, at]
    mean = sums.sum(axis=0) / sizes.sum()
    shift = np.eye(len(at) + 1)
    shift[1:, 0] = -mean
    centred = _Groups(shift @ products @ shift.T, sizes, mean, int(moments.n[~named].sum()))
    raw = products[:, 1:, 1:].sum(axis=0).diagonal()
    still = centred.covariance().diagonal() * sizes.sum() <= _NOTHING * raw
    if still[-1]:
        raise TooLittleData("model.constant_outcome", outcome=columns[-1])
    if still.any():
        raise TooLittleData("model.constant_driver", columns=[columns[j] for j in np.flatnonzero(still)])
    return centred


def _checks(
    n: int, covariance: FloatArray, terms: tuple[str, ...], drivers: slice
) -> tuple[tuple[Problem, ...], dict[str, float]]:
    """Return the notes on too few rows and the drivers' inflation factors; refuse what can't be fitted."""
    spread = np.sqrt(np.diag(covariance)[:-1])
    correlation = covariance[:-1, :-1] / np.outer(spread, spread)
    notes = diagnostics.check_rows(n, len(terms))
    diagnostics.check_collinearity(correlation, terms)
    factors = diagnostics.inflation(correlation)[drivers].tolist()
    return notes, dict(zip(terms[drivers], factors, strict=True))


def _halves(groups: _Groups) -> tuple[FloatArray, FloatArray]:
    """Return the products (G, m+1, m+1) of deviations from each group's means, and of these means."""
    sums = groups.products[:, 0]
    between = sums[:, :, None] * sums[:, None, :] / groups.sizes[:, None, None]
    return groups.products - between, between


def _alike_within(groups: _Groups) -> npt.NDArray[np.bool_]:
    """Mark the columns (m,) that are the same for all of a group."""
    within, between = (half.sum(axis=0).diagonal()[1:] for half in _halves(groups))
    return np.asarray(within <= _NOTHING * (within + between), dtype=bool)


def _within_between(
    groups: _Groups, drivers: tuple[str, ...], controls: tuple[str, ...]
) -> tuple[_Groups, tuple[str, ...]]:
    """Return the groups with every driver split in two, where it varies both ways, and the terms."""
    within, between = _halves(groups)
    share = between.sum(axis=0).diagonal() / groups.products.sum(axis=0).diagonal()
    at, of_within, of_between, terms = [0], [1.0], [1.0], []
    for j, name in enumerate((*drivers, *controls), start=1):
        both = name in drivers and _NOTHING < share[j] < 1 - _NOTHING
        at += [j, j] if both else [j]
        of_within += [1.0, 0.0] if both else [1.0]
        of_between += [0.0, 1.0] if both else [1.0]
        terms += [f"{name}[within]", f"{name}[between]"] if both else [name]
    at, of_within, of_between = [*at, len(share) - 1], [*of_within, 1.0], [*of_between, 1.0]
    grid = np.ix_(range(len(within)), at, at)
    products = within[grid] * np.outer(of_within, of_within)
    products += between[grid] * np.outer(of_between, of_between)
    mean = groups.mean[np.array(at[1:]) - 1] * np.array(of_between[1:])
    return replace(groups, products=products, mean=mean), tuple(terms)
