"""腾讯问卷 (Tencent Survey): ``编号, 开始答题时间 …`` before and ``用户类型 … Referrer`` after the questions."""

from typing import ClassVar, Final

from engage.ingest.dialects.base import (
    Layout,
    Recognition,
    body,
    folded,
    header_row,
    headers_of,
    shape_faults,
    without_empty,
)
from engage.ingest.dialects.numbered import QUESTION, is_coded, numbered_columns
from engage.ingest.files import Grid
from engage.ingest.names import fold_field

_META: Final = folded(
    {
        "": ("编号", "智能清洗数据无效概率", "地理位置国家和地区", "地理位置国家", "地理位置省", "地理位置市",
             "地理位置省份", "地理位置城市", "用户类型", "自定义字段", "UA", "答题设备", "操作系统", "浏览器"),
        "started": ("开始答题时间",),
        "submitted": ("结束答题时间",),
        "seconds": ("答题时长",),
        "language": ("语言",),
        "verdict": ("清洗数据结果",),
        "source": ("来源", "渠道"),
        "identifier": ("用户标识", "昵称", "IP", "Referrer", "openid", "unionid"),
    }
)  # fmt: skip
_STRONG: Final = frozenset(
    map(fold_field, ("开始答题时间", "结束答题时间", "答题时长", "清洗数据结果", "智能清洗数据无效概率", "用户标识", "Referrer"))
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
        return Layout(
            self.id,
            without_empty(columns, cells),
            cells,
            rows,
            len(cells),
            shape_faults(grid, top),
            coded=is_coded(columns, cells, frozenset()),
            head=top + 1,
        )
