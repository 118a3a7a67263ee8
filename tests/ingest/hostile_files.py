"""Files made to break a reader: broken, locked, bombs, lies about their size, things that aren't tables."""
# ruff: noqa: E501

import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Iterator

import numpy as np
from ingest_files import csv_bytes, xls_bytes, xlsx_bytes
from tool_exports import google, limesurvey, plain, plain_long, qualtrics, surveymonkey, tencent, wenjuanxing

Case = tuple[str, Callable[[], bytes]]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def sound() -> dict[str, bytes]:
    """Return one sound export of each tool as CSV."""
    return {
        "wenjuanxing": csv_bytes(wenjuanxing("{n}、{stem}—{row}", "text"), "gb18030"),
        "tencent": csv_bytes(tencent("text"), "utf-8-sig"),
        "qualtrics": csv_bytes(qualtrics("en", "text", 3)),
        "limesurvey": csv_bytes(limesurvey("ru", "full", "text"), "utf-8-sig", ";"),
        "google": csv_bytes(google("zh"), "utf-16"),
        "surveymonkey": csv_bytes(surveymonkey("en"), "cp1252", ","),
        "plain": csv_bytes(plain("ru", "text", "label"), "cp1251", ";"),
        "long": csv_bytes(plain_long("zh"), "utf-16-le", "\t"),
    }


def texts() -> Iterator[Case]:
    """Yield broken forms of every tool's text export."""
    for name, data in sound().items():
        for share in (0.05, 0.3, 0.6, 0.95):
            yield f"{name} cut at {share}", lambda d=data, s=share: d[: int(len(d) * s)]
        yield f"{name} with CR only", lambda d=data: d.replace(b"\r\n", b"\r")
        yield (
            f"{name} with mixed line ends",
            lambda d=data: d.replace(b"\r\n", b"\n", 3).replace(b"\r\n", b"\r", 3),
        )
        yield f"{name} with an open quote", lambda d=data: d[: len(d) // 2] + b'"' + d[len(d) // 2 :]
        yield f"{name} with NUL", lambda d=data: d[: len(d) // 2] + b"\0" + d[len(d) // 2 :]
        yield f"{name} twice", lambda d=data: d + d
        yield f"{name} turned round", lambda d=data: b"\n".join(reversed(d.split(b"\n")))
        yield f"{name} without a header", lambda d=data: d.split(b"\n", 1)[1]
        yield f"{name} under blank rows", lambda d=data: b"\r\n" * 15 + d
        for seed in range(4):
            yield f"{name} with bytes flipped {seed}", lambda d=data, s=seed: flipped(d, s)


def flipped(data: bytes, seed: int, count: int = 20) -> bytes:
    rng = np.random.default_rng(seed)
    changed = bytearray(data)
    for at in rng.integers(0, len(data), count):
        changed[at] = int(rng.integers(0, 256))
    return bytes(changed)


def odd_texts() -> Iterator[Case]:
    """Yield text that is no survey export, or more of one than anybody has."""
    head = b"id,pay_1,note\n"
    yield "only quotes", lambda: b'"' * 100_001
    yield "only commas", lambda: b"," * 30_000
    yield "a million commas", lambda: b"," * 1_500_000
    yield "only line ends", lambda: b"\n" * 100_000 + b"a,b\n1,2\n"
    yield "a hundred thousand columns", lambda: b",".join(b"c%d" % n for n in range(100_000)) + b"\n1,2\n"
    yield "twenty thousand columns in rows", lambda: (b",".join([b"x"] * 20_000) + b"\n") * 3
    yield "too many cells", lambda: (b"," * 15_000 + b"\n") * 1_400
    yield "one long line", lambda: b"x" * 5_000_000
    yield "one long line of cells", lambda: b"x,y," * 1_500_000
    yield "a long quoted cell", lambda: head + b'1,4,"' + b"y" * 300_000 + b'"\n'
    yield "a cell of line ends", lambda: head + b'1,4,"' + b"\n" * 200_000 + b'"\n'
    yield "formulas", lambda: head + b"1,=1+1,=HYPERLINK(0)\n2,@SUM(1),+cmd|' /C calc'!A0\n"
    yield "control characters", lambda: head + bytes(range(1, 32)).replace(b"\n", b"") + b",4,x\n"
    yield "direction marks", lambda: head + "1,4,\u202egnp.exe\u202c\u200b\ufeff\n".encode()
    yield (
        "emoji and combining marks",
        lambda: head + ("1,4," + "e\u0301\U0001f468\u200d\U0001f469" * 500 + "\n").encode(),
    )
    yield "absurd numbers", lambda: head + b"1,9e999,x\n2,-0,x\n3,1e308,x\n4,NaN,x\n5,0x10,x\n6,1_000,x\n"
    yield "absurd dates", lambda: b"id,submitted\n1,0000-00-00\n2,99999-99-99\n3,2026-02-30 25:61:61\n4,1e9\n"
    yield "utf-16 of odd length", lambda: "id,pay_1\n1,4\n".encode("utf-16") + b"\0"
    yield "utf-32", lambda: "id,pay_1\n1,4\n".encode("utf-32")
    yield "utf-7", lambda: b"+ADw-id+AD4-,b\n1,2\n"
    yield "surrogates", lambda: b"id,pay_1\n\xed\xa0\x80,4\n"
    yield "overlong utf-8", lambda: b"id,pay_1\n\xc0\xaf,4\n"
    yield "ebcdic", lambda: "id,pay_1\n1,4\n".encode("cp037")
    yield "html", lambda: b"<table><tr><td>id</td></tr></table>"
    yield "xml spreadsheet", lambda: b'<?xml version="1.0"?><Workbook/>'
    yield "billion laughs", lambda: laughs()
    yield "json", lambda: b'[{"id": 1, "pay_1": 4}]'
    yield "yaml bomb", lambda: b"a: &a [x,x]\nb: &b [*a,*a]\n"
    yield "pdf", lambda: b"%PDF-1.7\n1 0 obj"
    yield "png", lambda: b"\x89PNG\r\n\x1a\n" + bytes(50)
    yield "elf", lambda: b"\x7fELF" + bytes(range(256))
    yield "a script", lambda: b"#!/bin/sh\nrm -rf /\n"
    yield "a text that turns into a zip", lambda: b"id,pay_1\n1,4\n" + zipped({"a.csv": b"id\n1\n"})
    yield "repeated headings", lambda: b"id,id,id,pay_1,pay_1\n1,2,3,4,5\n"
    yield "blank headings", lambda: b",,,\n1,2,3,4\n"
    yield "path names as headings", lambda: b"../../etc/passwd,C:\\\\x,pay_1\n1,2,4\n"
    yield "template marks", lambda: b"id,{x},%s,{0.__class__},pay_1\n1,{y},%d,{},4\n"
    yield "words for nothing", lambda: b"id,pay_1\nNone,null\nNaN,undefined\n"


def laughs() -> bytes:
    lines = [b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">']
    lines += [b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)]
    return b"\n".join([*lines, b"]><x>&a9;</x>"])


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def archives() -> Iterator[Case]:
    """Yield archives that are broken, locked, nested, or far larger inside than out."""
    table = csv_bytes(plain("en", "id", "label"))
    good = zipped({"a.csv": table})
    yield "empty zip", lambda: zipped({})
    yield "zip of a picture", lambda: zipped({"a.png": b"x"})
    yield "zip of two tables", lambda: zipped({"a.csv": table, "b.csv": table})
    yield "zip in a zip", lambda: zipped({"a.csv": zipped({"b.csv": table})})
    yield "zip with a path upwards", lambda: zipped({"../../../tmp/evil.csv": table})
    yield "zip with a windows path", lambda: zipped({"C:\\Windows\\evil.csv": table})
    yield "zip with an absolute path", lambda: zipped({"/etc/evil.csv": table})
    yield "zip of an empty table", lambda: zipped({"a.csv": b""})
    yield "zip of a workbook in name only", lambda: zipped({"a.xlsx": table})
    yield "zip of mac metadata", lambda: zipped({"__MACOSX/._a.csv": b"x", "a.csv": table})
    yield "zip bomb", lambda: zipped({"a.csv": b"0" * 60_000_000})
    yield "zip of many parts", lambda: zipped({f"{n}.csv": b"" for n in range(6_000)}, zipfile.ZIP_STORED)
    yield "zip with a false size", lambda: good.replace(struct.pack("<I", len(table)), struct.pack("<I", 7))
    yield (
        "locked zip",
        lambda: (
            good[:6]
            + b"\x01"
            + good[7:].replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
        ),
    )
    for share in (0.2, 0.5, 0.9):
        yield f"zip cut at {share}", lambda s=share: good[: int(len(good) * s)]
    for seed in range(6):
        yield f"zip with bytes flipped {seed}", lambda s=seed: b"PK\x03\x04" + flipped(good[4:], s, 6)
    packed = gzip.compress(table)
    yield "gzip in a gzip", lambda: gzip.compress(packed)
    yield "gzip of a zip", lambda: gzip.compress(good)
    yield "gzip bomb", lambda: gzip.compress(b"0" * 60_000_000)
    yield "gzip of nothing", lambda: gzip.compress(b"")
    yield "gzip with a tail", lambda: packed + b"tail"
    yield "two gzips in a row", lambda: packed + gzip.compress(b"E999,x\n")
    for share in (0.1, 0.5, 0.95):
        yield f"gzip cut at {share}", lambda s=share: packed[: int(len(packed) * s)]
    for name, magic in (
        ("rar", b"Rar!\x1a\x07"),
        ("7z", b"7z\xbc\xaf\x27\x1c"),
        ("bzip2", b"BZh9"),
        ("xz", b"\xfd7zXZ\0"),
    ):
        yield name, lambda m=magic: m + bytes(range(200))


def workbook(**parts: bytes | None) -> bytes:
    """Return a workbook with parts replaced (``sheet``, ``strings``, ``book``, …) or left out (``None``)."""
    names = {
        "sheet": "xl/worksheets/sheet1.xml", "strings": "xl/sharedStrings.xml", "book": "xl/workbook.xml",
        "types": "[Content_Types].xml", "links": "xl/_rels/workbook.xml.rels", "styles": "xl/styles.xml",
        "macro": "xl/vbaProject.bin", "extern": "xl/externalLinks/externalLink1.xml",
    }  # fmt: skip
    source = zipfile.ZipFile(io.BytesIO(xlsx_bytes([["id", "pay_1"], ["1", "Agree"]])))
    files = {name: source.read(name) for name in source.namelist()}
    for key, content in parts.items():
        files.pop(names[key], None)
        if content is not None:
            files[names[key]] = content
    return zipped(files)


def sheet(rows: str, before: str = "") -> bytes:
    return f"<worksheet {MAIN}>{before}<sheetData>{rows}</sheetData></worksheet>".encode()


def workbooks() -> Iterator[Case]:
    """Yield workbooks that lie, are locked, broken, or hold what no table does."""
    corner = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    entity = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    yield "sparse sheet", lambda: workbook(sheet=sheet(corner))
    yield (
        "sparse sheet with a false dimension",
        lambda: workbook(sheet=sheet(corner, '<dimension ref="A1:B2"/>')),
    )
    yield "declared giant", lambda: workbook(sheet=sheet("", '<dimension ref="A1:XFD1048576"/>'))
    yield (
        "entities in the sheet",
        lambda: workbook(sheet=entity + sheet('<row r="1"><c r="A1"><v>&b;</v></c></row>')),
    )
    yield (
        "entities in the strings",
        lambda: workbook(strings=entity + f"<sst {MAIN}><si><t>&b;</t></si></sst>".encode()),
    )
    yield (
        "entities far down",
        lambda: workbook(sheet=b" " * 5_000 + entity + sheet('<row r="1"><c r="A1"><v>&b;</v></c></row>')),
    )
    yield (
        "outside file as entity",
        lambda: workbook(
            sheet=b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
            + sheet("<row r='1'><c r='A1' t='str'><v>&a;</v></c></row>")
        ),
    )
    yield "no sheet part", lambda: workbook(sheet=None)
    yield "no book part", lambda: workbook(book=None)
    yield "no links part", lambda: workbook(links=None)
    yield "no strings part", lambda: workbook(strings=None)
    yield "no styles part", lambda: workbook(styles=None)
    yield "empty sheet", lambda: workbook(sheet=sheet(""))
    yield "sheet that isn't XML", lambda: workbook(sheet=b"\0\1\2" * 100)
    yield "sheet cut off", lambda: workbook(sheet=sheet("<row r='1'><c r='A1'>")[:-30])
    yield (
        "string that isn't there",
        lambda: workbook(sheet=sheet("<row r='1'><c r='A1' t='s'><v>999999</v></c></row>")),
    )
    yield "negative string", lambda: workbook(sheet=sheet("<row r='1'><c r='A1' t='s'><v>-1</v></c></row>"))
    yield (
        "cell without a place",
        lambda: workbook(sheet=sheet("<row><c><v>1</v></c><c><v>2</v></c></row>" * 3)),
    )
    yield "place that isn't one", lambda: workbook(sheet=sheet("<row r='0'><c r='0A'><v>1</v></c></row>"))
    yield (
        "place beyond the last column",
        lambda: workbook(sheet=sheet("<row r='1'><c r='ZZZZZZZ1'><v>1</v></c></row>")),
    )
    yield (
        "row beyond the last",
        lambda: workbook(sheet=sheet("<row r='99999999999'><c r='A99999999999'><v>1</v></c></row>")),
    )
    yield (
        "numbers that aren't",
        lambda: workbook(
            sheet=sheet("<row r='1'><c r='A1'><v>1e999</v></c><c r='B1'><v>NaN</v></c></row>" * 2)
        ),
    )
    yield (
        "errors and formulas",
        lambda: workbook(
            sheet=sheet(
                "<row r='1'><c r='A1' t='e'><v>#REF!</v></c><c r='B1'><f>1+1</f><v>2</v></c></row><row r='2'><c r='A2'><f>A2</f></c></row>"
            )
        ),
    )
    yield "many columns", lambda: xlsx_bytes([[f"c{n}" for n in range(2_000)], ["1"]])
    yield "a long cell", lambda: xlsx_bytes([["id", "x"], ["1", "y" * 32_767]])
    yield "macros", lambda: workbook(macro=OLE + bytes(500))
    yield "links outside", lambda: workbook(extern=b"<externalLink/>")
    yield "bomb of blanks", lambda: workbook(sheet=b" " * 60_000_000)
    yield "locked workbook", lambda: locked()
    yield (
        "old workbook of noise",
        lambda: OLE + np.random.default_rng(1).integers(0, 256, 5_000, dtype=np.uint8).tobytes(),
    )
    yield "old workbook, header only", lambda: OLE
    yield (
        "open document bomb",
        lambda: ods(
            '<table:table-row table:number-rows-repeated="1000000000"><table:table-cell table:number-columns-repeated="1000000000" office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>'
        ),
    )
    yield "open document of nothing", lambda: ods("")
    yield (
        "open document, broken",
        lambda: zipped(
            {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<office:"}
        ),
    )
    new, old = xlsx_bytes(plain("en", "id", "label")), xls_bytes(plain("en", "id", "label"))
    for name, data in (("xlsx", new), ("xls", old)):
        for share in (0.1, 0.5, 0.9):
            yield f"{name} cut at {share}", lambda d=data, s=share: d[: int(len(d) * s)]
        for seed in range(6):
            yield f"{name} with bytes flipped {seed}", lambda d=data, s=seed: d[:8] + flipped(d[8:], s, 12)
    yield "pdf before a workbook", lambda: b"%PDF-1.4\n" + new


def ods(rows: str) -> bytes:
    spaces = " ".join(
        f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text")
    )
    content = f"<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name='a'>{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    return zipped(
        {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": content.encode()}
    )


def locked() -> bytes:
    """Return the container in which spreadsheet programs put a workbook with a password, its streams named."""
    names = "EncryptedPackage".encode("utf-16-le"), "EncryptionInfo".encode("utf-16-le")
    entry = b"".join(
        name.ljust(64, b"\0") + struct.pack("<H", len(name) + 2) + b"\x02\x01" + bytes(60) for name in names
    )
    head = (
        OLE
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(10)
        + struct.pack("<II", 1, 1)
        + bytes(4)
    )
    head += (
        struct.pack("<IIIII", 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0) + b"\xff" * (4 * 108)
    )
    fat = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * (512 - 8)
    return head.ljust(512, b"\0") + fat + entry.ljust(512, b"\0")
