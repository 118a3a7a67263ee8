"""What 问卷星 and 腾讯问卷 have in common: numbered questions, matrix rows and options after the stem."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from engage.ingest.cells import Cells, Coded
from engage.ingest.dialects.base import Column, is_one_hot, meta_column, tool_column, values_of

QUESTION: Final = re.compile(r"^\s*(?:Q?(\d+)\s*[、.．：:](?!\d)|第\s*(\d+)\s*题)\s*(.*)$", re.DOTALL)
_BARE: Final = re.compile(r"^\s*Q?(\d+)\s*([(（_|—–-].+)$", re.DOTALL)
_BREAK: Final = re.compile(r"\s*(?:[—–|]+|-{1,2}|_|[:：])\s*")
_MOST_PARTS: Final = 6
_BRACKETS: Final = re.compile(r"^(.*?)\s*[(（\[](.+)[)）\]]\s*$", re.DOTALL)
_NUMBER: Final = re.compile(r"^-?\d+(?:\.0+)?$")


def numbered_columns(
    headers: Sequence[str], cells: Cells, meta: Mapping[str, str], blank: frozenset[str]
) -> list[Column]:
    """Return the columns: the tool's own by ``meta``, questions by their number, parts of one by its rows.

    ``blank`` are the words for no answer, which tell nothing about what a column holds.
    """
    shared = Counter(filter(None, map(_number, headers)))
    columns = []
    for position, header in enumerate(headers):
        own = tool_column(position, header, meta)
        several = shared[_number(header)] > 1
        columns.append(own or _question(position, header, several, cells, blank))
    return columns


def _number(header: str) -> str:
    match = QUESTION.match(header) or _BARE.match(header)
    return "".join(filter(None, match.groups()[:-1])) if match else ""


def _question(position: int, header: str, several: bool, cells: Cells, blank: frozenset[str]) -> Column:
    match = QUESTION.match(header) or (_BARE.match(header) if several else None)
    if match is None:
        return meta_column(position, header)
    stem = match.groups()[-1].strip()
    known = meta_column(position, stem)
    if known.role != "question":
        # "1、您的工号": a question that asks for a known field
        return Column(position, header, (stem,), known.role, known.field)
    parts = _parts(stem)
    column = cells[:, position]
    if several and parts and values_of(column) - blank and _marks(column, parts, blank):
        return Column(position, header, (stem,), "option")
    return Column(position, header, (stem, *parts), "question")


def _parts(stem: str) -> list[str]:
    """Return what may be the row or option of a heading: all after a dash, bar or colon, or in brackets."""
    bracket = _BRACKETS.match(stem)
    inside = [bracket[2].strip()] if bracket else []
    found = [
        text[cut.end() :].strip()
        for text in (stem, *inside)
        for cut in list(_BREAK.finditer(text))[:_MOST_PARTS]
    ]
    return [part for part in dict.fromkeys((*found, *inside)) if part]


def _marks(column: Coded, parts: Sequence[str], blank: frozenset[str]) -> bool:
    kept = Coded.of(column.codes, ["" if value.strip() in blank else value for value in column.values])
    return any(is_one_hot(kept, part) for part in parts)


def is_coded(columns: Sequence[Column], cells: Cells, blank: frozenset[str]) -> bool:
    """Return whether most questions hold nothing but whole numbers: an export by option number."""
    looked = numeric = 0
    for column in columns:
        if column.role == "question":
            values = values_of(cells[:, column.position]) - blank
            looked += bool(values)
            numeric += bool(values) and all(_NUMBER.match(value) for value in values)
    return looked > 0 and numeric * 2 > looked
