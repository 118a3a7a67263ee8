"""Plain tables: one header row; wide (a column per question) or long (a row per answer)."""

import re
from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np
import pandas as pd

from engage.errors import InputError
from engage.ingest.cells import Cells, Coded, Rows, Values
from engage.ingest.dialects.base import (
    Column,
    Layout,
    Recognition,
    body,
    header_row,
    headers_of,
    laid_out,
    meta_column,
    values_of,
)
from engage.ingest.files import Grid
from engage.ingest.names import fold, fold_field, synonyms, unique_headers
from engage.ingest.validate import Faults

_CODED: Final = re.compile(r"^([A-Za-z]\w{0,30})\s*[.、:：)]\s*(\S.*)$", re.DOTALL)
_LONG_ROLES: Final = ("respondent", "item", "answer")


class PlainWide:
    """A row per response, a column per question; claims what no other dialect does."""

    id: ClassVar[str] = "plain_wide"

    def recognise(self, grid: Grid) -> Recognition:
        """Claim any table, weakly."""
        return Recognition(0.1, tuple(headers_of(grid)[:3]))

    def parse(self, grid: Grid) -> Layout:
        """Return every column by its header."""
        top = header_row(grid)
        cells, rows = body(grid, top + 1)
        columns = [_column(position, header) for position, header in enumerate(headers_of(grid))]
        if columns and _counts_rows(columns[0], cells):
            columns[0] = Column(0, columns[0].header, (columns[0].header,), "meta")
        return laid_out(self.id, columns, cells, rows, head=top + 1)


class PlainLong:
    """A row per answer: respondent, item, answer; other columns belong to the respondent."""

    id: ClassVar[str] = "plain_long"

    def __init__(self, named: Mapping[str, str] | None) -> None:
        self._named = named

    def recognise(self, grid: Grid) -> Recognition:
        """Claim a table whose headers name the three roles and whose items and respondents repeat."""
        headers = headers_of(grid)
        if self._named is not None:
            return Recognition(1.0, tuple(self._named.values()))
        roles = self._roles(headers)
        if len(roles) < len(_LONG_ROLES):
            return Recognition(0.0)
        cells = grid.cells[header_row(grid) + 1 :]
        items = len(values_of(cells[:, roles["item"]]))
        people = len(values_of(cells[:, roles["respondent"]]))
        repeats = items < len(cells) <= 2 * items * people
        return Recognition(0.8 if repeats else 0.05, tuple(headers[at] for at in roles.values()))

    def parse(self, grid: Grid) -> Layout:
        """Return the table turned wide: a column per item, in order of first appearance."""
        top = header_row(grid)
        headers = headers_of(grid)
        roles = self._roles(headers)
        absent = [role for role in _LONG_ROLES if role not in roles]
        if absent:
            raise InputError("ingest.long_columns", roles=absent, headers=headers)
        cells, rows = body(grid, top + 1)
        return _widened(cells, rows, headers, roles, top + 1)

    def _roles(self, headers: list[str]) -> dict[str, int]:
        named = self._named or {}
        keys = [fold(header) for header in headers]
        roles = {role: keys.index(fold(name)) for role, name in named.items() if fold(name) in keys}
        words = synonyms("long")
        for position, header in enumerate(headers):
            role = words.get(fold_field(header), "")
            if role and role not in named and role not in roles:
                roles[role] = position
        return roles


def _column(position: int, header: str) -> Column:
    column = meta_column(position, header)
    coded = _CODED.match(header)
    if column.role != "question" or coded is None:
        return column
    # "pay_1. I am paid fairly": the code and the text may each match
    return Column(position, header, (header, coded[1], coded[2]), "question")


def _counts_rows(column: Column, cells: Cells) -> bool:
    """Return whether a nameless first column only numbers the rows (the index of a data frame)."""
    if not column.header.startswith("[") or not len(cells):
        return False
    numbers = pd.to_numeric(pd.Series(cells[:, 0].__array__(), dtype=object), errors="coerce").to_numpy()
    return bool((np.diff(numbers) == 1).all() and numbers[0] in (0, 1))


def _widened(
    cells: Cells,
    rows: Rows,
    headers: list[str],
    roles: Mapping[str, int],
    head: int,
) -> Layout:
    person, who = pd.factorize(cells[:, roles["respondent"]].__array__())
    item, items = pd.factorize(cells[:, roles["item"]].__array__())
    answer = cells[:, roles["answer"]]
    _, first = np.unique(person, return_index=True)
    others = [at for at in range(len(headers)) if at not in roles.values()]
    width = 1 + len(others) + len(items)
    lines = np.repeat(rows[first][:, None], width, axis=1)
    target = 1 + len(others) + item
    lines[person, target] = rows
    # one more value: the answer of those who were not asked
    codes = np.full((len(items), len(who)), len(answer.values), dtype=np.int32)
    codes[item, person] = answer.codes
    known = Values([*answer.values, ""])
    wide = [Coded.of(np.arange(len(who), dtype=np.int32), [str(name) for name in who])]
    wide += [cells[:, at].take(first) for at in others]
    wide += [Coded.of(column, known) for column in codes]
    faults = Faults()
    again = pd.Series(person * max(len(items), 1) + item).duplicated(keep="last").to_numpy()
    faults.flag("long_repeated", "warning", again, rows, headers[roles["item"]])
    columns = [Column(0, headers[roles["respondent"]], (headers[roles["respondent"]],), "meta", "respondent")]
    columns += [_moved(_column(1 + n, headers[at])) for n, at in enumerate(others)]
    names = unique_headers([str(name) for name in items])
    columns += [_column(1 + len(others) + n, name) for n, name in enumerate(names)]
    return Layout(
        PlainLong.id,
        tuple(columns),
        Cells(tuple(wide), len(who)),
        lines,
        len(cells),
        faults.problems(),
        head=head,
    )


def _moved(column: Column) -> Column:
    """A second identifier beside the respondent column of a long file is no respondent column."""
    if column.field != "respondent":
        return column
    return Column(column.position, column.header, column.names, "question")
