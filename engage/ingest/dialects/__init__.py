"""Recognise which survey tool wrote a file. A new tool is one class added to ``_known``."""

from collections.abc import Mapping
from dataclasses import replace

from engage.errors import UsageError
from engage.ingest.dialects.base import Column, Dialect, Layout, Recognition, note_shape
from engage.ingest.dialects.forms import GoogleForms, MicrosoftForms
from engage.ingest.dialects.limesurvey import LimeSurvey
from engage.ingest.dialects.plain import PlainLong, PlainWide
from engage.ingest.dialects.qualtrics import Qualtrics
from engage.ingest.dialects.surveymonkey import SurveyMonkey
from engage.ingest.dialects.tencent import Tencent
from engage.ingest.dialects.wenjuanxing import Wenjuanxing
from engage.ingest.exports import unmasked_cells
from engage.ingest.files import Grid

__all__ = ["Column", "Dialect", "Layout", "Recognition", "lay_out", "note_shape", "recognise"]


def recognise(
    grid: Grid, *, answers: bool = True, long: Mapping[str, str] | None = None
) -> dict[str, Recognition]:
    """Return what every dialect says of the grid, ``{id: recognition}``, the surest first."""
    found = {dialect.id: dialect.recognise(grid) for dialect in _known(long, answers)}
    return dict(sorted(found.items(), key=lambda pair: -pair[1].confidence))


def lay_out(
    grid: Grid, *, answers: bool = True, long: Mapping[str, str] | None = None, dialect: str = ""
) -> Layout:
    """Return the grid as the dialect that recognises it best lays it out, or as the one named.

    ``answers`` says that it holds survey answers: only these can be one to a row. ``long`` names the columns
    of such a file (``respondent``, ``item``, ``answer``) and so says it is one.

    Raises ``UsageError`` if there is no dialect of that name.
    """
    found = recognise(grid, answers=answers, long=long)
    known = {one.id: one for one in _known(long, answers)}
    if dialect and dialect not in known:
        raise UsageError("ingest.dialect", where="dialect", dialect=dialect, known=sorted(known))
    chosen = dialect or next(iter(found))
    layout = known[chosen].parse(grid)
    return replace(layout, cells=unmasked_cells(layout.cells), recognition=found[chosen])


def _known(long: Mapping[str, str] | None, answers: bool) -> tuple[Dialect, ...]:
    tools = (
        Wenjuanxing(),
        Tencent(),
        Qualtrics(),
        LimeSurvey(),
        GoogleForms(),
        MicrosoftForms(),
        SurveyMonkey(),
    )
    return (*tools, *((PlainLong(long),) if answers else ()), PlainWide())
