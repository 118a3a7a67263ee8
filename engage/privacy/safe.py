"""The type that every reader gets; only the modules of the gate make one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import pandas as pd

Kind = Literal[
    "scores",
    "drivers",
    "tone",
    "counts",
    "changes",
    "waves",
    "audit",
    "utility",
    "survival",
    "confusion",
    "quantiles",
    "quality",
    "response",
    "comparisons",
    "distribution",
    "two_factor",
    "levers",
    "together",
    "what_if",
    "outcomes",
    "paths",
    "attrition",
    "hazards",
    "headcount",
    "workforce",
    "competence",
    "training",
    "profile",
    "activities",
    "places",
    "programmes",
    "statement",
    "comments",
    "wishes",
    "emerging",
    "agreement",
    "desk",
    "desk_weeks",
    "inspections",
    "raters",
    "plans",
]
Note = str | int | float | bool | None | tuple[str, ...]

_SEAL: Final = object()


class SafeTable:
    """A small table whose every number has passed the gate.

    ``kind`` says what it holds, ``notes`` carries what belongs to the whole table (n, method, period),
    already rounded like the cells. It can't be constructed outside ``engage.privacy``, and can't be changed.
    """

    __slots__ = ("_frame", "kind", "notes")

    kind: Kind
    notes: Mapping[str, Note]
    _frame: pd.DataFrame

    def __init__(self, kind: Kind, frame: pd.DataFrame, notes: Mapping[str, Note], *, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("a SafeTable is made by engage.privacy only")
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "notes", MappingProxyType(dict(notes)))
        object.__setattr__(self, "_frame", frame.reset_index(drop=True).copy())

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a SafeTable can't be changed ({name})")

    def __reduce__(self) -> tuple[object, ...]:
        # Caches keep pickled copies; what is restored was released before.
        return _restore, (self.kind, self._frame, dict(self.notes))

    def __len__(self) -> int:
        return len(self._frame)

    def tidy(self) -> pd.DataFrame:
        """Return the released cells, one row each, as a new frame."""
        return self._frame.copy()

    def _repr_html_(self) -> str:
        return str(self._frame.to_html(index=False, na_rep=""))

    def __repr__(self) -> str:
        return f"SafeTable({self.kind}, {len(self)} rows)\n{self._frame.to_string(index=False, na_rep='')}"


def _restore(kind: Kind, frame: pd.DataFrame, notes: Mapping[str, Note]) -> SafeTable:
    return SafeTable(kind, frame, notes, seal=_SEAL)


def seal(kind: Kind, frame: pd.DataFrame, notes: Mapping[str, Note] | None = None) -> SafeTable:
    """Make a ``SafeTable``. For the makers of the gate alone (a test looks for other callers)."""
    return SafeTable(kind, frame, notes or {}, seal=_SEAL)
