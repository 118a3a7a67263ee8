"""问卷星 (Wenjuanxing): text or numeric export, ``.xlsx``, ``.xls`` or ``.csv``."""

from typing import ClassVar, Final

from engage.ingest.dialects.base import (
    Layout,
    Recognition,
    body,
    header_row,
    headers_of,
    laid_out,
    tool_words,
)
from engage.ingest.dialects.numbered import QUESTION, is_coded, numbered_columns
from engage.ingest.files import Grid
from engage.ingest.names import plain

_META: Final = tool_words("wenjuanxing")
_STRONG: Final = frozenset({"提交答卷时间", "所用时间", "来自IP", "来源详情"})
_SIGNS: Final = _STRONG | {"序号", "来源", "总分"}
_BLANK: Final = frozenset({"(空)", "(跳过)", "（空）", "（跳过）"})
_BLANK_CODES: Final = frozenset({"-2", "-3"})


class Wenjuanxing:
    """Meta columns ``序号 … 来自IP``, questions as ``1、题干``; ``(空)``, ``(跳过)``, −2, −3 are blanks."""

    id: ClassVar[str] = "wenjuanxing"

    def recognise(self, grid: Grid) -> Recognition:
        """Claim a table by the tool's own meta columns and its numbered questions."""
        headers = headers_of(grid)
        signs = [name for name in headers if name.strip() in _SIGNS]
        questions = [name for name in headers if QUESTION.match(name)]
        strong = sum(name.strip() in _STRONG for name in signs)
        confidence = min(1.0, 0.25 * strong + 0.1 * len(signs)) if strong or len(signs) > 1 else 0.0
        if questions:
            confidence = max(min(1.0, confidence + 0.15), 0.3 if len(questions) * 2 > len(headers) else 0.0)
        return Recognition(confidence, tuple(signs + questions[:1]))

    def parse(self, grid: Grid) -> Layout:
        """Return the questions with their matrix rows and options apart, and the tool's missing words."""
        top = header_row(grid)
        cells, rows = body(grid, top + 1)
        columns = numbered_columns(headers_of(grid), cells, _META, _BLANK | _BLANK_CODES)
        coded = is_coded(columns, cells, _BLANK | _BLANK_CODES)
        return laid_out(
            self.id,
            columns,
            cells,
            rows,
            missing=frozenset(plain(word) for word in _BLANK | (_BLANK_CODES if coded else frozenset())),
            coded=coded,
            head=top + 1,
        )
