"""Collect every fault of a file in one pass, each kind once, with its first row and its count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from engage.errors import Problem, Severity
from engage.ingest.cells import Rows

_ORDER: Final[dict[Severity, int]] = {"error": 0, "warning": 1, "info": 2}
_NAMED: Final = 10  # rows or names listed in a sentence

Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Faults:
    """A growing list of problems; ``problems()`` gives it with the gravest first.

    ``at`` holds, for each problem that has rows, all of them.
    """

    found: list[Problem] = field(default_factory=list)
    at: list[tuple[Problem, Rows]] = field(default_factory=list)

    def add(
        self,
        fault: str,
        severity: Severity,
        /,
        *,
        row: int | None = None,
        column: str | None = None,
        count: int = 1,
        **params: object,
    ) -> None:
        """Note one problem ``ingest.<fault>``."""
        self.found.append(Problem(f"ingest.{fault}", severity, row, column, count, params))

    def flag(
        self,
        fault: str,
        severity: Severity,
        flags: Flags,
        rows: Rows,
        column: str | None = None,
        /,
        **params: object,
    ) -> None:
        """Note the problem if any of ``flags`` (one per row) is set, with the first row and the count."""
        where = np.flatnonzero(flags)
        if len(where):
            first = int(rows[where].min())
            problem = Problem(f"ingest.{fault}", severity, first, column, len(where), params)
            self.found.append(problem)
            self.at.append((problem, rows[where]))

    def extend(self, problems: Iterable[Problem], at: Iterable[tuple[Problem, Rows]] = ()) -> None:
        """Take over problems found elsewhere."""
        self.found.extend(problems)
        self.at.extend(at)

    def problems(self) -> tuple[Problem, ...]:
        """Return everything found: errors, warnings, notes; by row within each."""
        return tuple(sorted(self.found, key=lambda p: (_ORDER[p.severity], p.row or 0)))


def named(names: Sequence[object]) -> list[str]:
    """Return the first few names for a sentence, with an ellipsis where there are more."""
    return [str(name) for name in names[:_NAMED]] + (["…"] if len(names) > _NAMED else [])
