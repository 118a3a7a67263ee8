"""The cells of a table by column, as codes and values: work is done once per value, not per cell."""

import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt

from engage.errors import InputError

Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]

MAX_CELLS: Final = 20_000_000
MAX_COLUMNS: Final = 16_384  # the widest sheet a spreadsheet program can hold
_CHUNK: Final = 4_096


class Values(list[str]):
    """The values of a column; what is derived from them is worked out once."""

    @cached_property
    def stripped(self) -> list[str]:
        """Each value without white space around it."""
        return [value.strip() for value in self]

    @cached_property
    def blank(self) -> npt.NDArray[np.bool_]:
        """Which values are nothing but white space."""
        return np.array([not value for value in self.stripped], dtype=bool)


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """One column: row ``r`` holds ``values[codes[r]]``. Values need not be distinct nor all in use."""

    codes: Codes
    values: Values

    @classmethod
    def of(cls, codes: Codes, values: Iterable[str]) -> "Coded":
        """Return a column of codes and values."""
        return cls(codes, values if isinstance(values, Values) else Values(values))

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> str:
        value: str = self.values[int(self.codes[row])]
        return value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if not len(self.values):
            return np.empty(0, dtype=object)
        known = np.empty(len(self.values), dtype=object)
        known[:] = self.values
        return known[self.codes]

    def take(self, rows: "Rows | slice") -> "Coded":
        """Return the column of some rows."""
        if isinstance(rows, slice) and rows == slice(None):
            return self
        return Coded(self.codes[rows], self.values)

    def counts(self) -> dict[str, int]:
        """Return how often each value in use occurs, keyed by the value stripped."""
        found: dict[str, int] = {}
        tally = np.bincount(self.codes, minlength=len(self.values))
        for code in np.flatnonzero(tally):
            value = self.values.stripped[int(code)]
            found[value] = found.get(value, 0) + int(tally[code])
        return found

    def is_blank(self) -> npt.NDArray[np.bool_]:
        """Return which rows hold nothing but white space."""
        if not self.values.blank.any():
            return np.zeros(len(self.codes), dtype=bool)
        return self.values.blank[self.codes]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A table of text by columns; ``cells[r, c]``, ``cells[r]`` (a row), ``cells[:, c]``, ``cells[a:b]``."""

    columns: tuple[Coded, ...]
    height: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, len(self.columns)

    @property
    def size(self) -> int:
        """The number of cells."""
        return self.height * len(self.columns)

    def __len__(self) -> int:
        return self.height

    def __iter__(self) -> Iterator[list[str]]:
        return (self[row] for row in range(self.height))

    @overload
    def __getitem__(self, key: int) -> list[str]: ...
    @overload
    def __getitem__(self, key: slice) -> "Cells": ...
    @overload
    def __getitem__(self, key: tuple[int, int]) -> str: ...
    @overload
    def __getitem__(self, key: tuple[slice, int]) -> Coded: ...
    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            row, column = key
            chosen = self.columns[column]
            return chosen.take(row) if isinstance(row, slice) else chosen[row]
        if isinstance(key, slice):
            return Cells(tuple(c.take(key) for c in self.columns), len(range(*key.indices(self.height))))
        return [column[key] for column in self.columns]

    def take(self, rows: Rows) -> "Cells":
        """Return some rows, in the order given."""
        return Cells(tuple(column.take(rows) for column in self.columns), len(rows))

    def replaced(self, columns: dict[int, Coded]) -> "Cells":
        """Return the table with some columns replaced."""
        return Cells(tuple(columns.get(n, column) for n, column in enumerate(self.columns)), self.height)


class Numbering(dict[Any, int]):
    """Numbers values by first appearance: ``numbering[value]`` gives a new value the next number."""

    def __missing__(self, key: Any) -> int:
        self[key] = code = len(self)
        return code


def coded(values: Iterable[str]) -> Coded:
    """Return a column from its cells."""
    numbering = Numbering()
    codes = array("i", map(numbering.__getitem__, values))
    return Coded.of(np.frombuffer(codes, dtype=np.int32) if codes else np.zeros(0, np.int32), numbering)


def gather(records: Iterable[Sequence[str]]) -> tuple[Cells, Rows]:
    """Return records as cells padded with ``""``, and how many each had, up to the last filled row.

    Raises ``InputError`` beyond the largest number of cells or columns.
    """
    numberings: list[Numbering] = []
    codes: list[array[int]] = []
    lengths: list[int] = []
    source = iter(records)
    while chunk := list(itertools.islice(source, _CHUNK)):
        sizes = [len(record) for record in chunk]
        width = max(sizes)
        refuse_too_big(len(lengths) + len(chunk), max(width, len(numberings)))
        for _ in range(width - len(numberings)):
            numberings.append(Numbering({"": 0}))
            codes.append(array("i", bytes(4 * len(lengths))))
        lengths.extend(sizes)
        columns = itertools.zip_longest(*chunk, fillvalue="")
        for numbering, column, target in zip(numberings, columns, codes, strict=False):
            target.extend(map(numbering.__getitem__, column))
        for target in codes[width:]:
            target.frombytes(bytes(4 * len(chunk)))
    columns_ = [
        Coded.of(np.frombuffer(part, dtype=np.int32), numbering)
        for part, numbering in zip(codes, numberings, strict=True)
    ]
    return trimmed(Cells(tuple(columns_), len(lengths)), np.array(lengths, dtype=np.int64))


def refuse_too_big(rows: int, columns: int) -> None:
    """Raise ``InputError`` for a table wider or larger than any survey export."""
    if columns > MAX_COLUMNS:
        raise InputError("ingest.too_wide", columns=columns, limit=f"{MAX_COLUMNS:,}")
    if rows * columns > MAX_CELLS:
        raise InputError("ingest.sheet_too_big", limit=f"{MAX_CELLS:,}")


def trimmed(cells: Cells, lengths: Rows) -> tuple[Cells, Rows]:
    """Return the table up to its last filled row."""
    last = 0
    for column in cells.columns:
        filled = np.flatnonzero(~column.is_blank()[last:])
        last += int(filled[-1]) + 1 if len(filled) else 0
        if last == len(cells):
            return cells, lengths
    return cells[:last], lengths[:last]


def any_filled(cells: Cells) -> npt.NDArray[np.bool_]:
    """Return which rows hold a filled cell."""
    filled = np.zeros(len(cells), dtype=bool)
    for column in cells.columns:
        if filled.all():
            break
        filled |= ~column.is_blank()
    return filled
