"""Archives: workbooks are checked before they are parsed; a ``.zip`` or ``.gz`` may hold one table."""

import re
import zipfile
import zlib
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final

from engage.errors import InputError
from engage.ingest.cells import MAX_CELLS
from engage.ingest.validate import named

MAX_UNPACKED: Final = 600_000_000
_MAX_RATIO: Final = 300
_SMALL: Final = 20_000_000  # an archive this small unpacked can do no harm, whatever its ratio
_MAX_PARTS: Final = 5_000
_STEP: Final = 1 << 20
_DIMENSION: Final = re.compile(rb'<(?:\w+:)?dimension[^>]*\sref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_BEYOND: Final = re.compile(rb'\sr=["\'](?:[A-Z]{4,}\d+|[A-Z]*\d{8,})["\']')  # no sheet is that large
_LOOKED_AT: Final = 500_000  # bytes of a part
_ENTITY: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_TABLES: Final = frozenset({".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
_ENCRYPTED: Final = 0x1


def unzip(data: bytes, limit: int) -> bytes | None:
    """Return the one table in a ``.zip``, or ``None`` if the archive is itself a workbook.

    Nothing is written to disk and names inside are never used as paths. Raises ``InputError`` for an archive
    that would unpack to more than a survey export can hold, that is broken or locked, and for none or several
    tables.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            _refuse_bomb(parts, len(data))
            names = {part.filename for part in parts}
            if any(name.startswith("xl/workbook") or name == "content.xml" for name in names):
                _check_workbook(archive, names)
                return None
            return _only_table(archive, parts, limit)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        RuntimeError,
        ValueError,
        OSError,
    ) as error:
        raise InputError("ingest.archive_broken") from error


def _refuse_bomb(parts: list[zipfile.ZipInfo], packed: int) -> None:
    size = sum(part.file_size for part in parts)
    ratio = size / max(packed, 1)
    if len(parts) > _MAX_PARTS or size > MAX_UNPACKED or (size > _SMALL and ratio > _MAX_RATIO):
        raise InputError("ingest.sheet_bomb", size=size // 1_000_000, ratio=round(ratio))


def _check_workbook(archive: zipfile.ZipFile, names: set[str]) -> None:
    for name in names:
        sheet = name.startswith("xl/worksheets/") and name.endswith(".xml")
        if sheet or name == "content.xml" or name.endswith(("workbook.xml", "sharedStrings.xml")):
            with archive.open(name) as part:
                head = part.read(_LOOKED_AT)
            if _ENTITY.search(head):
                raise InputError("ingest.sheet_entities")
            if sheet:
                _check_dimension(head)
                if _BEYOND.search(head):
                    raise InputError("ingest.sheet_broken")


def _check_dimension(head: bytes) -> None:
    match = _DIMENSION.search(head)
    if match:
        left, top, right, bottom = match.groups()
        columns = _ordinal(right) - _ordinal(left) + 1
        if columns * (int(bottom) - int(top) + 1) > MAX_CELLS:
            raise InputError("ingest.sheet_too_big", limit=f"{MAX_CELLS:,}")


def _ordinal(letters: bytes) -> int:
    value = 0
    for byte in letters[:6]:
        value = value * 26 + byte - ord("A") + 1
    return value


def _only_table(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo], limit: int) -> bytes:
    tables = [part for part in parts if not part.is_dir() and _is_table_name(part.filename)]
    if not tables:
        raise InputError("ingest.archive_no_table")
    if len(tables) > 1:
        names = [PurePosixPath(part.filename.replace("\\", "/")).name for part in tables]
        raise InputError("ingest.archive_several", count=len(tables), names=named(names))
    if tables[0].flag_bits & _ENCRYPTED:
        raise InputError("ingest.archive_password")
    with archive.open(tables[0]) as source:
        inside = source.read(limit + 1)
    if len(inside) > limit:
        raise InputError("ingest.too_large", size=len(inside) // 1_000_000, limit=limit // 1_000_000)
    return inside


def _is_table_name(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return not hidden and path.suffix.lower() in _TABLES


def gunzip(data: bytes, limit: int) -> bytes:
    """Return what a ``.gz`` holds; ``InputError`` if it is cut off, broken, or unpacks beyond ``limit``."""
    out = bytearray()
    rest = data
    try:
        while rest.startswith(b"\x1f\x8b"):
            stream = zlib.decompressobj(wbits=31)
            while not stream.eof:
                part = stream.decompress(rest, _STEP)
                out += part
                rest = stream.unconsumed_tail
                if len(out) > limit or (len(out) > _SMALL and len(out) > _MAX_RATIO * len(data)):
                    raise InputError(
                        "ingest.sheet_bomb",
                        size=len(out) // 1_000_000,
                        ratio=round(len(out) / max(len(data), 1)),
                    )
                if not part and not rest:
                    break
            if not stream.eof:
                raise InputError("ingest.archive_broken")
            rest = stream.unused_data
    except zlib.error as error:
        raise InputError("ingest.archive_broken") from error
    return bytes(out)
