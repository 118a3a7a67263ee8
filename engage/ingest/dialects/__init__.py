"""Recognise which survey tool wrote a file. A new tool is one class added to ``_known``."""

from collections.abc import Mapping

from engage.ingest.dialects.base import Column, Dialect, Layout, Recognition
from engage.ingest.dialects.plain import PlainLong, PlainWide
from engage.ingest.dialects.wenjuanxing import Wenjuanxing
from engage.ingest.files import Grid

__all__ = ["Column", "Dialect", "Layout", "Recognition", "lay_out"]


def lay_out(grid: Grid, *, answers: bool = True, long: Mapping[str, str] | None = None) -> Layout:
    """Return the grid as the dialect that recognises it best lays it out.

    ``answers`` says that it holds survey answers: only these can be one to a row. ``long`` names the columns
    of such a file (``respondent``, ``item``, ``answer``) and so says it is one.
    """
    known = [dialect for dialect in _known(long) if answers or not isinstance(dialect, PlainLong)]
    best = max(known, key=lambda dialect: dialect.recognise(grid).confidence)
    return best.parse(grid)


def _known(long: Mapping[str, str] | None) -> tuple[Dialect, ...]:
    return (Wenjuanxing(), PlainLong(long), PlainWide())
