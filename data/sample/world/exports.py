"""The files as the survey tool and the HR department would hand them over, quirks included."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pandas as pd

from . import planted as p

if TYPE_CHECKING:
    from . import World

Style = Literal["labels", "numbers"]
Row = list[str | int]

META: Final = ("序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP")
_FIRST_ITEM: Final = 10  # questions 1 to 9 ask for the employee number and the background
_PLACES: Final = ("江苏-南京", "江苏-苏州", "江苏-无锡", "江苏-徐州", "江苏-南通", "安徽-合肥", "上海-上海")
_NETWORKS: Final = ("192.0.2", "198.51.100", "203.0.113")  # reserved for documentation
_SOURCES: Final = (("微信", "N/A"), ("手机提交", "直接访问"), ("链接", "直接访问"))
DOUBLE_SUBMISSIONS: Final = 8  # per wave: the same person a second time
_TRAILING_SPACE: Final = 0.002  # of answers in the first two waves
_REPEATED_NUMBERS: Final = 3  # 序号 that occur twice, per wave
_LEAVE_TYPE: Final = {
    **{"voluntary": "主动离职", "dismissed": "辞退", "contract_end": "合同到期", "transfer": "调动"},
    **{"probation": "试用期未通过", "other": "其他"},
}
_NOT_IN_GBK: Final = str.maketrans("«»", "“”")
_SOURCE: Final = {"employee": "员工", "customer_relayed": "客户转述"}


def wjx_rows(world: "World", comments: pd.DataFrame, wave: str, style: Style, *, total: bool) -> list[Row]:
    """Return header and rows of a wave's export, by submission time.

    ``style`` is the tool's "option text" or "option number" download; in the latter the background questions,
    filled in beforehand from the HR system, are text too. ``total`` adds the tool's 总分 column.
    """
    rng = np.random.default_rng([world.seed, 2, p.WAVES.index(wave)])
    chosen = ((world.panel["wave"] == wave) & world.panel["responded"]).to_numpy()
    panel = world.panel[chosen].reset_index(drop=True)
    bodies = _bodies(rng, world, panel, world.answers[chosen].reset_index(drop=True), style)
    words = comments[chosen].reset_index(drop=True)
    ids = [question.id for question in world.instrument.questions]
    days = [_submitted(rng, wave, int(seconds)) for seconds in panel["seconds"]]
    sent: list[tuple[datetime, Row]] = []
    for place, (when, body) in enumerate(zip(days, bodies, strict=True)):
        said = [words.at[place, id] or _nothing(rng, style) for id in ids]
        sent.append((when, [*_meta(rng, when, int(panel.at[place, "seconds"])), *body, *said]))
    sent += [
        _again(rng, wave, *sent[int(i)]) for i in rng.choice(len(sent), DOUBLE_SUBMISSIONS, replace=False)
    ]
    sent.sort(key=lambda pair: pair[0])
    rows = [[number + 1, *row] for number, (_, row) in enumerate(sent)]
    for place in rng.choice(np.arange(1, len(rows)), _REPEATED_NUMBERS, replace=False):
        rows[place][0] = rows[place - 1][0]
    if total:
        rows = [[*row, _total(row)] for row in rows]
    return [header(world, total=total), *rows]


def header(world: "World", *, total: bool) -> Row:
    """Return the header of an export: the tool's columns, then the questions numbered as on the form."""
    zh = "zh"
    questions = ["您的工号", *(d.text[zh] for d in world.instrument.demographics)]
    questions += [item.text[zh] for item in world.instrument.items]
    questions += [question.text[zh] for question in world.instrument.questions]
    numbered = [f"{number}、{text}" for number, text in enumerate(questions, start=1)]
    return [*META, *numbered, *(["总分"] if total else [])]


def _bodies(
    rng: np.random.Generator, world: "World", panel: pd.DataFrame, answers: pd.DataFrame, style: Style
) -> list[Row]:
    """Return the answers to all but the open questions, one row per respondent."""
    columns: list[Sequence[str | int]] = [list(panel["respondent"])]
    for demographic in world.instrument.demographics:
        label = {level.id: level.label["zh"] for level in demographic.levels}
        values = [label.get(str(value), str(value)) for value in panel[demographic.id]]
        columns.append([_nothing(rng, "labels") if rng.random() < 0.003 else value for value in values])
    for item in world.instrument.items:
        label = {option.value: option.label["zh"] for option in item.options}
        given = answers[item.id].to_numpy(dtype=object, na_value=None)
        if style == "numbers":
            columns.append([_missing_code(rng) if value is None else int(value) for value in given])
        else:
            columns.append([_nothing(rng, style) if value is None else label[value] for value in given])
    rows: list[Row] = [list(row) for row in zip(*columns, strict=True)]
    if style == "labels":
        for row in rows:
            for place in np.flatnonzero(rng.random(len(row)) < _TRAILING_SPACE):
                if place > 0:  # never after the employee number
                    row[place] = f"{row[place]} "
    return rows


def _nothing(rng: np.random.Generator, style: Style) -> str:
    blank = ("(空)", "(跳过)") if style == "labels" else ("-2", "-3")
    return blank[int(rng.random() < 0.2)]


def _missing_code(rng: np.random.Generator) -> int:
    return -3 if rng.random() < 0.2 else -2


def _submitted(rng: np.random.Generator, wave: str, seconds: int) -> datetime:
    first, last = p.WAVE_DATES[wave]
    days = (last - first).days
    # Most answer in the first days, and again on the last, after the reminder.
    weight = np.exp(-0.18 * np.arange(days + 1))
    weight[-2:] += 0.5
    day = first + timedelta(days=int(rng.choice(days + 1, p=weight / weight.sum())))
    minute = int(rng.integers(8 * 60 + 10, 21 * 60 + 50))
    start = datetime(day.year, day.month, day.day, tzinfo=None) + timedelta(minutes=minute - seconds // 60)
    return start + timedelta(seconds=seconds + int(rng.integers(0, 60)))


def _meta(rng: np.random.Generator, when: datetime, seconds: int) -> Row:
    source, detail = _SOURCES[int(rng.choice(3, p=[0.7, 0.18, 0.12]))]
    address = f"{_NETWORKS[int(rng.integers(3))]}.{int(rng.integers(1, 255))}"
    place = _PLACES[int(rng.choice(7, p=[0.42, 0.2, 0.12, 0.1, 0.08, 0.05, 0.03]))]
    return [_moment(when), f"{seconds}秒", source, detail, f"{address}({place})"]


def _moment(when: datetime) -> str:
    return f"{when.year}/{when.month}/{when.day} {when.hour}:{when.minute:02d}:{when.second:02d}"


def _again(rng: np.random.Generator, wave: str, when: datetime, row: Row) -> tuple[datetime, Row]:
    """Return a second submission of the same person, a little later, nearly the same answers."""
    end = datetime.combine(p.WAVE_DATES[wave][1], datetime.max.time()).replace(microsecond=0)
    later = min(when + timedelta(minutes=int(rng.integers(3, 900))), end)
    copy = [_moment(later), *row[1:]]
    start = len(META) - 1 + _FIRST_ITEM - 1
    for place in rng.choice(np.arange(start, len(row) - 4), 6, replace=False):
        copy[place] = row[int(rng.integers(start, start + 2))]  # the first two items have the same options
    return later, copy


def _total(row: Row) -> int:
    """Return the tool's own sum of a form's option numbers, whatever they mean."""
    number = {"非常不同意": 1, "不同意": 2, "一般": 3, "同意": 4, "非常同意": 5}
    return sum(number.get(str(cell).strip(), 0) for cell in row)


# ------------------------------------------------------------------ the HR department's own tables


def people_rows(world: "World") -> list[Row]:
    """Return the staff list as of each wave, then the latest extract with who left, when and how."""
    names = {d.id: {level.id: level.label["zh"] for level in d.levels} for d in world.instrument.demographics}
    head = ("工号", "调查轮次", "数据日期", "入职日期", "离职日期", "离职类型", "合同", "班组", "岗位族")
    rows: list[Row] = [[*head, "星级", "组织路径", "绩效档", "能力分"]]
    lists = [(w, p.WAVE_DATES[w][0], world.panel[world.panel["wave"] == w]) for w in p.WAVES]
    lists.append(("", p.EXTRACT, world.people))
    for wave, day, people in lists:
        for person in people.to_dict("records"):
            left, kind = person.get("leave_date"), person.get("leave_type")
            gone = isinstance(left, date)
            rows.append(
                [
                    person["respondent"],
                    wave,
                    day.isoformat(),
                    person["hire_date"].isoformat(),
                    left.isoformat() if gone else "",
                    _LEAVE_TYPE[kind] if gone else "",
                    names["contract"][person["contract"]],
                    person["team"],
                    names["role_group"][person["role_group"]],
                    person["star"],
                    person["org_path"],
                    person["performance"],
                    f"{person['ability']:.1f}",
                ]
            )
    return rows


def service_rows(world: "World") -> list[Row]:
    """Return service by team and month."""
    rows: list[Row] = [["班组", "月份", "满意度", "及时率", "质检得分", "受理量"]]
    for r in world.service.to_dict("records"):
        scores = [f"{r['csat']:.2f}", f"{r['on_time']:.4f}", f"{r['quality']:.2f}"]
        rows.append([r["team"], r["month"].strftime("%Y-%m"), *scores, int(r["handled"])])
    return rows


def programme_rows(world: "World") -> list[Row]:
    """Return who took part in the programmes; a contest is not applied for."""
    yes = {True: "是", False: "否"}
    rows: list[Row] = [["项目", "类型", "开始日期", "结束日期", "参与单位", "成员", "是否报名", "是否入选"]]
    for r in world.programmes.to_dict("records"):
        unit = "班组" if r["unit"] == "team" else "个人"
        said = ["" if pd.isna(r[name]) else yes[bool(r[name])] for name in ("applied", "accepted")]
        dates = [r["start"].isoformat(), r["end"].isoformat()]
        rows.append([r["programme"], r["type"], *dates, unit, r["member"], *said])
    return rows


def box_rows(box: pd.DataFrame) -> list[Row]:
    """Return the suggestion box: many entries carry no employee number."""
    rows: list[Row] = [["日期", "工号", "班组", "来源", "内容"]]
    for r in box.to_dict("records"):
        rows.append([r["date"].isoformat(), r["respondent"], r["team"], _SOURCE[r["source"]], r["text"]])
    return rows


# ------------------------------------------------------------------ bytes


def csv_bytes(rows: list[Row], encoding: str) -> bytes:
    """Return rows as a CSV as Excel writes it; what GBK lacks is replaced, as the tool does it."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    text = buffer.getvalue()
    if encoding == "gbk":
        text = text.translate(_NOT_IN_GBK)
    return text.encode(encoding, errors="replace")


def xlsx_bytes(rows: list[Row], made: date) -> bytes:
    """Return rows as a workbook of one sheet, byte for byte the same for the same rows.

    Written by hand because spreadsheet libraries put the present time into the archive.
    """
    shared: dict[str, int] = {}
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = []
        for place, value in enumerate(row):
            name = f"{_letters(place)}{number}"
            if isinstance(value, str):
                index = shared.setdefault(value, len(shared))
                cells.append(f'<c r="{name}" t="s"><v>{index}</v></c>')
            else:
                cells.append(f'<c r="{name}"><v>{value}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    size = f"A1:{_letters(len(rows[0]) - 1)}{len(rows)}"
    sheet = f'<worksheet {_MAIN}><dimension ref="{size}"/><sheetData>{"".join(lines)}</sheetData></worksheet>'
    strings = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in shared)
    parts = {
        **_PACKAGE,
        "docProps/core.xml": _CORE.format(made=f"{made.isoformat()}T09:00:00Z"),
        "xl/sharedStrings.xml": f'<sst {_MAIN} uniqueCount="{len(shared)}">{strings}</sst>',
        "xl/worksheets/sheet1.xml": sheet,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, body in parts.items():
            info = zipfile.ZipInfo(name, (made.year, made.month, made.day, 9, 0, 0))
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 0, 0
            archive.writestr(info, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{body}')
    return buffer.getvalue()


def _letters(place: int) -> str:
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


_OFFICE: Final = "http://schemas.openxmlformats.org"
_MAIN: Final = f"xmlns={quoteattr(f'{_OFFICE}/spreadsheetml/2006/main')}"
_REL: Final = f"{_OFFICE}/officeDocument/2006/relationships"
_RELATIONS: Final = f'<Relationships xmlns="{_OFFICE}/package/2006/relationships">{{}}</Relationships>'
_SPREADSHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CORE_TYPE: Final = "application/vnd.openxmlformats-package.core-properties+xml"
_CORE: Final = (
    f'<cp:coreProperties xmlns:cp="{_OFFICE}/package/2006/metadata/core-properties"'
    ' xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    '<dcterms:created xsi:type="dcterms:W3CDTF">{made}</dcterms:created></cp:coreProperties>'
)
_PACKAGE: Final = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_OFFICE}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SPREADSHEET}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SPREADSHEET}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_SPREADSHEET}.sharedStrings+xml"/>'
        f'<Override PartName="/docProps/core.xml" ContentType="{_CORE_TYPE}"/></Types>'
    ),
    "_rels/.rels": _RELATIONS.format(
        f'<Relationship Id="rId1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/package/2006/relationships/metadata/core-properties"'
        ' Target="docProps/core.xml"/>'
    ),
    "xl/workbook.xml": (
        f'<workbook {_MAIN} xmlns:r="{_REL}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets>'
        "</workbook>"
    ),
    "xl/_rels/workbook.xml.rels": _RELATIONS.format(
        f'<Relationship Id="rId1" Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_REL}/sharedStrings" Target="sharedStrings.xml"/>'
    ),
}
