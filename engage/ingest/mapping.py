"""The mapping file: what a foreign file's headers and answer words mean, written by the person who knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from engage.errors import InputError, UsageError
from engage.ingest.names import fold, fold_word, plain

SETTINGS: Final = (
    "encoding",
    "delimiter",
    "sheet",
    "dialect",
    "first_option",
    "respondent",
    "date_format",
    "instrument",
)
_TEXTS: Final = (
    "kind",
    "instrument",
    "respondent",
    "date_format",
    "encoding",
    "delimiter",
    "sheet",
    "dialect",
)
_TABLES: Final = ("columns", "comments", "demographics", "numbers", "long", "teams", "parents")
_LISTS: Final = ("ignore", "missing", "keep", "drop")
_NESTED: Final = ("values", "fields_values")
_MAX_BYTES: Final = 1_000_000
_FIRST: Final = ("lowest", "highest")
_KEPT: Final = frozenset({"test", "invalid"})
_DROPPED: Final = frozenset({"unfinished"})
_LONG_ROLES: Final = frozenset({"respondent", "item", "answer"})

Word = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class FileMapping:
    """A checked mapping.

    ``columns`` to ``numbers`` are ``{header in the file: id}``; ``values`` is ``{item, scale, demographic or
    field id, or "*": {folded answer word: value}}``, ``None`` as value meaning "no answer".
    ``first_option`` is ``{item, scale or "*": "lowest" or "highest"}``: what option number 1 stands for.
    ``teams`` is ``{old name: new name}``, ``parents`` ``{team: unit above}``.
    """

    kind: str = ""
    instrument: str = ""
    respondent: str = ""
    date_format: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    demographics: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    long: Mapping[str, str] | None = None
    ignore: tuple[str, ...] = ()
    missing: frozenset[str] = frozenset()
    values: Mapping[str, Mapping[str, Word]] = field(default_factory=dict)
    dialect: str = ""
    keep: frozenset[str] = frozenset()
    drop: frozenset[str] = frozenset()
    first_option: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)

    def first_for(self, *ids: str) -> str:
        """Return what the first option listed is for the first of ``ids`` that is told: lowest or highest."""
        return next((self.first_option[id] for id in (*ids, "*") if id in self.first_option), "")

    def words_for(self, *ids: str) -> Mapping[str, Word]:
        """Return the answer words of the first of ``ids`` over those of later ones over ``"*"``."""
        merged: dict[str, Word] = {}
        for id in reversed((*ids, "*")):
            merged.update(self.values.get(id, {}))
        return merged

    def headers(self) -> tuple[str, ...]:
        """Return every header of the file that the mapping speaks of."""
        named = [*self.columns, *self.comments, *self.demographics, *self.numbers, *self.ignore]
        long = (self.long or {}).values()
        return tuple(dict.fromkeys([*named, *long, *([self.respondent] if self.respondent else [])]))


def load_mapping(mapping: str | Path | Mapping[str, Any] | None) -> FileMapping:
    """Return a checked mapping from a YAML file, or from the same structure in memory.

    Raises ``UsageError`` if there is no such file, ``InputError`` naming every fault of a broken one.
    """
    where = "" if mapping is None or isinstance(mapping, Mapping) else Path(mapping).name
    return _checked(raw_mapping(mapping), where)


def raw_mapping(mapping: str | Path | Mapping[str, Any] | None) -> Mapping[Any, Any]:
    """Return the structure of a mapping file, unchecked, so that settings may be added to it.

    Raises as :func:`load_mapping` for a file that is missing or no mapping at all.
    """
    if mapping is None or isinstance(mapping, Mapping):
        return mapping or {}
    path = Path(mapping)
    try:
        text = path.read_bytes()[:_MAX_BYTES].decode("utf-8-sig")
        loaded = yaml.safe_load(text)
    except OSError as error:
        raise UsageError("ingest.no_mapping", where=str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path.name}:{mark.line + 1}" if mark else path.name
        raise InputError("ingest.mapping_yaml", where=where) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, Mapping):
        raise InputError("ingest.mapping_yaml", where=path.name)
    return loaded


def _checked(raw: Mapping[Any, Any], where: str) -> FileMapping:
    faults: list[str] = []
    known = {*_TEXTS, *_TABLES, *_LISTS, *_NESTED, "first_option"}
    faults += [str(key) for key in raw if key not in known]
    read: dict[str, Any] = {}
    for key in _TEXTS:
        read[key] = _text(raw.get(key), key, faults)
    for key in _TABLES:
        read[key] = _table(raw.get(key), key, faults)
    for key in _LISTS:
        read[key] = _list(raw.get(key), key, faults)
    values: dict[str, dict[str, Word]] = {}
    for key in _NESTED:
        for id, words in _dict(raw.get(key), key, faults).items():
            entries = _dict(words, f"{key}: {id}", faults)
            target = values.setdefault(str(id), {})
            for word, value in entries.items():
                checked = _value(value, f"{key}: {id}", faults)
                target.update({fold_word(spelling): checked for spelling in _spellings(word)})
    read["first_option"] = _first_options(raw.get("first_option"), faults)
    for key, allowed in (("keep", _KEPT), ("drop", _DROPPED)):
        faults += [f"{key}: {word}" for word in read[key] if word not in allowed]
        read[key] = frozenset(read[key])
    long = read["long"] or None
    faults += [f"long: {role}" for role in (long or {}) if role not in _LONG_ROLES]
    if faults:
        raise InputError("ingest.mapping_broken", where=where, faults=list(dict.fromkeys(faults)))
    read |= {"values": values, "long": long, "missing": frozenset(plain(word) for word in read["missing"])}
    return FileMapping(**read)


def _first_options(value: object, faults: list[str]) -> dict[str, str]:
    told = {"*": value} if isinstance(value, str) else _dict(value, "first_option", faults)
    faults += [f"first_option: {word}" for word in told.values() if word not in _FIRST]
    return {str(id): str(word) for id, word in told.items()}


def _text(value: object, key: str, faults: list[str]) -> str:
    if value is None:
        return ""
    if isinstance(value, (Mapping, list)):
        faults.append(key)
        return ""
    return str(value)


def _dict(value: object, key: str, faults: list[str]) -> Mapping[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        faults.append(key)
        return {}
    return value


def _table(value: object, key: str, faults: list[str]) -> dict[str, str]:
    table = _dict(value, key, faults)
    faults += [f"{key}: {name}" for name, id in table.items() if not isinstance(id, (str, int))]
    return {str(name).strip(): str(id) for name, id in table.items()}


def _list(value: object, key: str, faults: list[str]) -> tuple[str, ...]:
    if value is None:
        return ()
    nested = isinstance(value, Sequence) and any(isinstance(entry, (Mapping, list)) for entry in value)
    if nested or isinstance(value, (str, Mapping)) or not isinstance(value, Sequence):
        faults.append(key)
        return ()
    return tuple(spelling.strip() for entry in value for spelling in _spellings(entry))


def _value(value: object, key: str, faults: list[str]) -> Word:
    if value is not None and not isinstance(value, (str, int, float, bool)):
        faults.append(key)
        return None
    return value


def _spellings(word: object) -> tuple[str, ...]:
    """Return the words of the file that YAML may have read as this; it takes a bare ``Yes`` for true."""
    if isinstance(word, bool):
        return ("yes", "true", "on") if word else ("no", "false", "off")
    return ("" if word is None else str(word),)


def find_header(name: str, headers: Sequence[str]) -> str | None:
    """Return the header that ``name`` means: exactly, or after folding if that is unambiguous."""
    if name in headers:
        return name
    same = [header for header in headers if fold(header) == fold(name)]
    return same[0] if len(same) == 1 else None
