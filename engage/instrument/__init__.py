"""Survey instruments: items, scales, demographics and open questions, read from YAML and checked.

An instrument is a YAML file under ``surveys/`` (the format, by example:
``surveys/herzberg_service.yaml``). Reading composes the YAML tree rather than loading it, so that every fault
is reported with its line, and all faults are reported at once.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from engage.errors import Problem, UsageError
from engage.instrument.columns import TemplateColumn, template
from engage.instrument.levers import LEVERS_FILE, Guide, Lever, LeverKind, load_levers
from engage.instrument.model import (
    RATERS,
    RESERVED,
    ROLES,
    Demographic,
    Instrument,
    Item,
    Level,
    Option,
    Question,
    RatedBy,
    Role,
    Scale,
    nearest,
)
from engage.instrument.norms import COMPOSITES, Norm, ranges, sources
from engage.instrument.parse import InstrumentError, parse_instrument
from engage.instrument.versions import (
    ItemChange,
    ScaleChange,
    VersionComparison,
    compare_versions,
    scale_change,
)

__all__ = [
    "COMPOSITES",
    "LEVERS_FILE",
    "RATERS",
    "RESERVED",
    "ROLES",
    "Demographic",
    "Guide",
    "Instrument",
    "InstrumentError",
    "Item",
    "ItemChange",
    "Level",
    "Lever",
    "LeverKind",
    "Norm",
    "Option",
    "Question",
    "RatedBy",
    "Role",
    "Scale",
    "ScaleChange",
    "TemplateColumn",
    "VersionComparison",
    "available",
    "compare_versions",
    "load_instrument",
    "load_levers",
    "parse_instrument",
    "places",
    "ranges",
    "scale_change",
    "sources",
    "template",
]

_SAYS_INSTRUMENT: Final = re.compile(rb"^instrument\s*:", re.MULTILINE)
_LARGEST_FILE: Final = 2_000_000


def load_instrument(name_or_path: str | Path, *, folders: Sequence[Path] = ()) -> Instrument:
    """Return the instrument of that name or file, checked.

    A name is looked up in ``folders``, then among the instruments that come with the package. Anything that
    ends in ``.yaml`` or ``.yml`` or holds a path separator is a path.

    Raises ``UsageError`` for an unknown name or path and ``InstrumentError`` (an ``InputError``) for a file
    with faults: all of them, each with its line.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith((".yaml", ".yml")) or "/" in text or "\\" in text:
        path = Path(name_or_path)
        if not path.is_file():
            raise UsageError("instrument.no_file", where=text, file=path.name)
        return _read(path)
    for folder in places(folders):
        path = folder / f"{text}.yaml"
        if path.is_file():
            return _read(path)
    known = available(folders)
    raise UsageError("instrument.unknown", where=text, name=text, nearest=nearest(text, known), known=known)


def available(folders: Sequence[Path] = ()) -> tuple[str, ...]:
    """Return the names that :func:`load_instrument` finds, sorted.

    Other lists (of themes, of levers) lie in the same folders; an instrument says ``instrument:`` first.
    """
    files = (path for folder in places(folders) for path in folder.glob("*.yaml"))
    return tuple(sorted({path.stem for path in files if _SAYS_INSTRUMENT.search(path.read_bytes())}))


def places(folders: Sequence[Path]) -> Iterator[Path]:
    """Yield where questionnaires and lists lie: ``folders``, then what comes with the package."""
    yield from folders
    package = Path(__file__).parents[1]
    packed, checkout = package / "surveys", package.parent / "surveys"
    if packed.is_dir():
        yield packed
    elif (package.parent / "pyproject.toml").is_file():  # an editable install does not see packed files
        yield checkout


def _read(path: Path) -> Instrument:
    data = path.read_bytes()
    if len(data) > _LARGEST_FILE:
        raise InstrumentError(path.name, [Problem("instrument.too_large", "error", row=1)])
    return _parsed(data, path.name)


@lru_cache(maxsize=64)  # every upload is held against every questionnaire there is
def _parsed(data: bytes, name: str) -> Instrument:
    try:
        document = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InstrumentError(name, [Problem("instrument.not_utf8", "error", row=line)]) from error
    return parse_instrument(document, file=name)
