"""腾讯问卷 (Tencent Survey): ``编号, 开始答题时间 …`` before, ``用户类型 …`` after the questions."""

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
from engage.ingest.names import fold_field

_META: Final = tool_words("tencent")
_STRONG: Final = frozenset(
    map(
        fold_field,
        (
            "开始答题时间",
            "结束答题时间",
            "答题时长",
            "清洗数据结果",
            "智能清洗数据无效概率",
            "用户标识",
            "Referrer",
        ),
    )
)


class Tencent:
    """Questions as ``1.题干``, options split as ``6.题干:选项``; a data-cleaning verdict per response."""

    id: ClassVar[str] = "tencent"

    def recognise(self, grid: Grid) -> Recognition:
        """Claim a table by the tool's own meta columns."""
        headers = headers_of(grid)
        signs = [name for name in headers if fold_field(name) in _META]
        strong = sum(fold_field(name) in _STRONG for name in signs)
        numbered = any(QUESTION.match(name) for name in headers)
        confidence = min(1.0, 0.25 * strong + 0.03 * len(signs) + 0.1 * numbered) if strong > 1 else 0.0
        return Recognition(confidence, tuple(signs))

    def parse(self, grid: Grid) -> Layout:
        """Return the questions with rows and options apart; responses the tool calls invalid are marked."""
        top = header_row(grid)
        cells, rows = body(grid, top + 1)
        columns = numbered_columns(headers_of(grid), cells, _META, frozenset())
        return laid_out(
            self.id, columns, cells, rows, coded=is_coded(columns, cells, frozenset()), head=top + 1
        )
