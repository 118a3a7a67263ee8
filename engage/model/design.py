"""From a frame to the numbers of a model: complete rows, dummy columns, and what had to be left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt
import pandas as pd

from engage.errors import Problem, TooLittleData, UsageError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The complete rows of one model.

    ``outcome`` (n,); ``columns`` (n, p): the drivers' columns first (``n_driver_columns`` of them), then the
    controls', without an intercept; ``terms`` their p names; ``clusters`` (n,) codes 0..G−1 or ``None``;
    ``rows`` (n,) positions in the frame given; ``n_dropped`` rows left out; ``notes`` what to tell a reader.
    """

    outcome: FloatArray
    columns: FloatArray
    terms: tuple[str, ...]
    n_driver_columns: int
    clusters: IntArray | None
    rows: IntArray
    n_dropped: int
    notes: tuple[Problem, ...]

    @property
    def n(self) -> int:
        """Number of complete rows."""
        return len(self.outcome)

    @property
    def n_clusters(self) -> int | None:
        """Number of clusters, ``None`` without clustering."""
        return None if self.clusters is None else int(self.clusters.max()) + 1


def names(columns: str | Sequence[str]) -> tuple[str, ...]:
    """Return column names as a tuple; one name may be given as a plain string."""
    return (columns,) if isinstance(columns, str) else tuple(columns)


def build_design(
    frame: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    controls: Sequence[str] = (),
    cluster: str | None = None,
) -> Design:
    """Return the complete rows of ``frame`` as arrays.

    Rows with a missing or infinite value in any column used are left out (listwise) and counted. Numbers and
    booleans enter as they are; any other column becomes dummies named ``column[level]``, the first level
    (in category or alphabetical order) being the base. A row that alone holds a level of a control is left
    out with that level: it says nothing on the drivers. A control that does not vary is dropped with a note.

    Raises ``UsageError`` for unknown or repeated columns and a non-numeric outcome; ``TooLittleData`` if no
    row is complete, or the outcome or a driver does not vary.
    """
    drivers, controls = names(drivers), names(controls)
    _check_names(frame, outcome, drivers, controls, cluster)
    used = list(dict.fromkeys([outcome, *drivers, *controls, *([cluster] if cluster else [])]))
    table = frame[used].copy()
    for name in used:
        if table[name].dtype == object:
            table[name] = table[name].convert_dtypes()
    if not pd.api.types.is_numeric_dtype(table[outcome].dtype):
        raise UsageError("model.not_numeric", columns=[outcome])
    keep = np.flatnonzero(_complete(table))
    table = table.iloc[keep]
    lonely = _lonely(table, [c for c in controls if not _is_numeric(table[c])])
    table, keep = table.loc[~lonely], keep[~lonely]
    if not len(table):
        raise TooLittleData("model.no_complete_rows", rows=len(frame))

    notes = []
    if lonely.any():
        notes.append(Problem("model.lonely_level", "warning", params={"count": int(lonely.sum())}))
    y = table[outcome].to_numpy(dtype=float)
    if np.ptp(y) == 0:
        raise TooLittleData("model.constant_outcome", outcome=outcome)
    driver_blocks = [_expand(table[name]) for name in drivers]
    constant = [n for n, (x, _) in zip(drivers, driver_blocks, strict=True) if _constant(x)]
    if constant:
        raise TooLittleData("model.constant_driver", columns=constant)
    control_blocks = []
    for name in controls:
        x, terms = _expand(table[name])
        if _constant(x):
            notes.append(Problem("model.constant_control", "warning", column=name, params={"column": name}))
        else:
            control_blocks.append((x, terms))
    blocks = [*driver_blocks, *control_blocks]
    return Design(
        outcome=y,
        columns=np.column_stack([x for x, _ in blocks]),
        terms=tuple(term for _, terms in blocks for term in terms),
        n_driver_columns=sum(len(terms) for _, terms in driver_blocks),
        clusters=None if cluster is None else pd.factorize(table[cluster])[0],
        rows=keep,
        n_dropped=len(frame) - len(table),
        notes=tuple(notes),
    )


def check_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise ``UsageError`` naming the first column that ``frame`` lacks, with the nearest names it has."""
    known = [str(c) for c in frame.columns]
    for name in columns:
        if name not in known:
            raise UsageError(
                "model.unknown_column",
                column=name,
                known=get_close_matches(name, known, n=3, cutoff=0.5) or known,
            )


def _check_names(
    frame: pd.DataFrame,
    outcome: str,
    drivers: tuple[str, ...],
    controls: tuple[str, ...],
    cluster: str | None,
) -> None:
    if not drivers:
        raise UsageError("model.no_drivers")
    roles = [outcome, *drivers, *controls]
    check_columns(frame, [*roles, *([cluster] if cluster else [])])
    repeated = {name for name in roles if roles.count(name) > 1} | (
        set(frame.columns[frame.columns.duplicated()]) & set(roles)
    )
    if repeated:
        raise UsageError("model.repeated_column", columns=sorted(repeated))


def _is_numeric(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column.dtype))


def _complete(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    complete = np.array(table.notna().all(axis=1), dtype=bool)
    for name in table.columns:
        if _is_numeric(table[name]):
            complete &= np.isfinite(table[name].to_numpy(dtype=float, na_value=np.nan))
    return complete


def _lonely(table: pd.DataFrame, categorical: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Mark rows that alone hold a level of a control, again until none is left."""
    lonely = np.zeros(len(table), dtype=bool)
    while categorical:
        rest = table.loc[~lonely, list(categorical)]
        single = np.zeros(len(rest), dtype=bool)
        for name in categorical:
            codes = pd.factorize(rest[name])[0]
            single |= np.bincount(codes)[codes] == 1
        if not single.any():
            break
        lonely[np.flatnonzero(~lonely)[single]] = True
    return lonely


def _expand(column: pd.Series) -> tuple[FloatArray, tuple[str, ...]]:
    """Return a column as (n, m) numbers with its m term names: itself, or dummies without the first level."""
    name = str(column.name)
    if _is_numeric(column):
        return column.to_numpy(dtype=float)[:, None], (name,)
    categories = column.astype("category").cat.remove_unused_categories()
    codes = categories.cat.codes.to_numpy()
    levels = list(categories.cat.categories)
    dummies = (codes[:, None] == np.arange(1, len(levels))).astype(float)
    return dummies, tuple(f"{name}[{level}]" for level in levels[1:])


def _constant(x: FloatArray) -> bool:
    return x.shape[1] == 0 or bool(np.ptp(x, axis=0).max() == 0)
