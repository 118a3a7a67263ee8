"""An instrument's own structure: which items belong to which scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd

from engage.errors import Problem, UsageError
from engage.measure.answers import BoolArray, Complete, FloatArray, complete_rows, need_columns
from engage.measure.covariance_model import Fitted, Sample

Structure = Mapping[str, Sequence[str]]

# Fewer people than this for each free parameter and the estimates are unsteady (Bentler & Chou 1987).
PEOPLE_PER_PARAMETER = 5


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The complete rows of a structure's items, and the pattern of loadings (k, m)."""

    rows: Complete
    factors: tuple[str, ...]
    pattern: BoolArray

    def sample(self, chosen: BoolArray | None = None) -> Sample:
        """Return the moments of the rows, or of those chosen (n,)."""
        values = self.rows.values if chosen is None else self.rows.values[chosen]
        covariance: FloatArray = np.cov(values, rowvar=False, ddof=0)
        return Sample(covariance, values.mean(axis=0), len(values))


def measure(frame: pd.DataFrame, structure: Structure) -> Measured:
    """Return the complete rows of the items named, in the order of the structure.

    Raises ``UsageError`` for unknown columns, an item in two scales, a scale of one item, or fewer than three
    items in all; what :func:`engage.measure.answers.complete_rows` raises.
    """
    names = list(chain.from_iterable(structure.values()))
    need_columns(frame, names)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError("model.repeated_column", columns=repeated)
    small = [scale for scale, items in structure.items() if len(items) < 2]
    if small:
        raise UsageError("measure.single_items", scales=small)
    rows = complete_rows(frame[names], columns=3)
    belongs = np.repeat(np.arange(len(structure)), [len(items) for items in structure.values()])
    return Measured(rows, tuple(structure), belongs[:, None] == np.arange(len(structure)))


def warnings_of(fitted: Fitted, measured: Measured) -> tuple[Problem, ...]:
    """Return what to beware of: too few people for the parameters, variances that came out negative."""
    notes: list[Problem] = []
    needed = PEOPLE_PER_PARAMETER * len(fitted.parameters)
    if measured.rows.n < needed:
        params = {"n": measured.rows.n, "parameters": len(fitted.parameters), "needed": needed}
        notes.append(Problem("measure.few_for_factors", "warning", params=params))
    names = np.array([*measured.rows.names, *measured.factors])
    variances = [np.concatenate([found.errors, np.diag(found.factors)]) for found in fitted.implied]
    negative = names[(np.array(variances) < 0).any(axis=0)].tolist()
    if negative:
        params = {"columns": negative}
        notes.append(Problem("measure.negative_variance", "warning", count=len(negative), params=params))
    return tuple(notes)
