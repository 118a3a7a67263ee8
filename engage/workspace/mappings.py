"""How files were read, kept in the workspace, so that a file with the same columns is read the same way."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, get_args

import yaml

from engage.errors import InputError
from engage.ingest import Kind
from engage.ingest.mapping import load_mapping
from engage.instrument import Instrument

_FOLDER: Final = "mappings"
_MARK: Final = 16  # characters of the hash that names a file
_HEAD: Final = (
    "# How a file with these columns was read, kept by the Upload page. 'mapping' is what --mapping takes.\n"
)


@dataclass(frozen=True, slots=True)
class SavedMapping:
    """How a file with the same columns was read: its kind, the wave it went to (or ``""``), and when."""

    kind: Kind
    wave: str
    saved: date
    mapping: Mapping[str, Any]


def remember(
    folder: Path, columns: Sequence[str], kind: Kind, mapping: Mapping[str, Any], *, wave: str = ""
) -> None:
    """Keep how a file with these columns was read, in place of what was kept of them before.

    The mapping holds headings and answer words, no answers. The file is written whole, for its owner only.
    """
    home = folder / _FOLDER
    home.mkdir(exist_ok=True)
    document = {"kind": kind, "wave": wave, "saved": date.today().isoformat(), "mapping": dict(mapping)}
    text = _HEAD + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)
    _write(_file(folder, columns), text)


def recall(folder: Path, columns: Sequence[str]) -> SavedMapping | None:
    """Return how a file with these columns, in whatever order, was read last; ``None`` if none was.

    Raises ``InputError`` if what is kept is no mapping any more (it may have been edited).
    """
    file = _file(folder, columns)
    if not file.is_file():
        return None
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        kind, wave = document["kind"], str(document["wave"])
        saved, mapping = date.fromisoformat(str(document["saved"])), document["mapping"]
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise InputError("workspace.saved_mapping_broken", where=file.name) from error
    if kind not in get_args(Kind) or not isinstance(mapping, Mapping):
        raise InputError("workspace.saved_mapping_broken", where=file.name)
    load_mapping(mapping)
    return SavedMapping(kind, wave, saved, mapping)


def _file(folder: Path, columns: Sequence[str]) -> Path:
    key = "\n".join(sorted(" ".join(column.split()) for column in columns))
    return folder / _FOLDER / f"{hashlib.sha256(key.encode()).hexdigest()[:_MARK]}.yaml"


def keep_questionnaire(folder: Path, instrument: Instrument) -> None:
    """Keep a questionnaire among the workspace's own, so that it can be named and is recognised.

    One that is there under the same id stays as it is.
    """
    home = folder / "surveys"
    home.mkdir(exist_ok=True)
    file = home / f"{instrument.id}.yaml"
    if not file.exists():
        _write(file, instrument.document)


def _write(file: Path, text: str) -> None:
    """Write all of a file or nothing, for its owner only."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(text.encode())
    part.replace(file)
