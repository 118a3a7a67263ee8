"""Write small export files in the forms that survey tools use."""

import csv
import io
import zipfile
from collections.abc import Sequence
from html import escape

import openpyxl
import xlwt

ENGLISH = ("Strongly disagree", "Disagree", "Neither", "Agree", "Strongly agree")


def csv_bytes(rows: Sequence[Sequence[object]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def xlsx_bytes(rows: Sequence[Sequence[object]], *, above: int = 0) -> bytes:
    book = openpyxl.Workbook()
    for _ in range(above):
        book.active.append([])
    for row in rows:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls_bytes(rows: Sequence[Sequence[object]]) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            sheet.write(r, c, cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ods_bytes(rows: Sequence[Sequence[object]]) -> bytes:
    """Return an OpenDocument sheet as LibreOffice ends it: a million repeated blank rows."""
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
        for short in ("office", "table", "text")
    )

    def cell(value: object) -> str:
        if isinstance(value, int):
            return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
        text = f"<text:p>{escape(str(value))}</text:p>"
        return f'<table:table-cell office:value-type="string">{text}</table:table-cell>'

    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    blank = '<table:table-cell table:number-columns-repeated="16384"/>'
    body += f'<table:table-row table:number-rows-repeated="1048500">{blank}</table:table-row>'
    sheet = f'<office:spreadsheet><table:table table:name="a">{body}</table:table></office:spreadsheet>'
    content = f"<office:document-content {names}><office:body>{sheet}</office:body></office:document-content>"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return out.getvalue()


WJX_HEAD = ("序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP")
WJX_QUESTIONS = (
    "1、您的工号",
    "2、您所在的班组",
    "3、您的星级",
    "4、您的性别",
    "5、我的工资合理。",
    "6、我常觉得工资太低",
    "7、您愿意推荐本公司吗？",
    "8、您最想改变什么？",
)


def wjx_rows(answers: Sequence[Sequence[object]]) -> list[list[object]]:
    """Return an export: header, and one row per entry of ``answers`` (the eight questions)."""
    rows: list[list[object]] = [[*WJX_HEAD, *WJX_QUESTIONS]]
    for n, row in enumerate(answers):
        meta = [n + 1, f"2026/09/{n + 3:02d} 12:00:00", f"{60 + n}秒", "微信", "N/A", "1.2.3.4(北京-北京)"]
        rows.append([*meta, *row])
    return rows
