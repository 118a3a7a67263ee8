"""Names as people write them: folding headers, questions and answer words so that they can be compared."""

import html
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from engage.ingest.cells import Coded, Codes

_NUMBER: Final = re.compile(r"^(?:第\s*\d+\s*题|q?\d+)\s*(?:[、:)](?!\d)|\.(?![\d])|(?<=题)(?=\())\s*", re.I)
_TAG: Final = re.compile(
    r"\[[^\]]*题\]|【[^】]*】|[(\[](?:必填|必答|选填|选答|required|обязательно)[)\]]", re.I
)
_UNSEEN: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_MARKUP: Final = re.compile(r"</?[a-zA-Z][^<>]*>")
_EDGE: Final = "。.?!;:,、…*\"'“”‘’«»_ "
_POLITE: Final = re.compile(r"^(?:请)?(?:输入|填写|选择|问)?(?:您|你)?所?(?:在|属)?的?|^your|^ваша?")
_QUOTES: Final = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "`": "'", "ё": "е"})


def plain(text: str) -> str:
    """Return ``text`` in one form: NFKC, lower case, straight quotes, single spaces."""
    if text.isascii():
        return " ".join(text.lower().replace("`", "'").split())
    return " ".join(unicodedata.normalize("NFKC", unseen_off(text)).translate(_QUOTES).casefold().split())


def unseen_off(text: str) -> str:
    """Return text without characters that nobody sees: zero-width spaces, direction marks, soft hyphens."""
    return text if text.isascii() else _UNSEEN.sub("", text)


def fold(text: str) -> str:
    """Return the key by which questions and headers are compared.

    Without question number, type tag (``[单选题]``), HTML, spaces and trailing punctuation.
    """
    if "<" in text or "&" in text:
        text = html.unescape(_MARKUP.sub(" ", text))
    key = _TAG.sub("", plain(text)).strip()
    return "".join(_NUMBER.sub("", key, count=1).split()).strip(_EDGE)


def fold_word(text: str) -> str:
    """Return the key by which answer words are compared; leading digits stay."""
    return "".join(plain(text).split()).strip(_EDGE)


def fold_field(text: str) -> str:
    """Return the key by which field headers are compared: as ``fold``, without ``您的`` and separators."""
    key = fold(text).replace("_", "").replace("-", "").replace(".", "")
    return _POLITE.sub("", key, count=1) or key


@cache
def headers() -> Mapping[str, Any]:
    """Return ``headers.yaml``: the words by which tools and HR departments name fields and values."""
    text = files("engage.ingest").joinpath("headers.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = yaml.safe_load(text)
    return loaded


@cache
def synonyms(section: str) -> Mapping[str, str]:
    """Return ``{folded header: field}`` of one section of ``headers.yaml``."""
    return {
        fold_field(word): field
        for field, words in headers()[section].items()
        for word in (field, *(words or ()))
    }


@cache
def value_words(section: str) -> Mapping[str, str]:
    """Return ``{folded word: value}`` of one section of ``headers.yaml``'s ``values``."""
    return {
        fold_word(word): value
        for value, words in headers()["values"][section].items()
        for word in (value, *(words or ()))
    }


def unique_headers(names: Sequence[str]) -> list[str]:
    """Return headers made unique: a blank one is named by its spreadsheet letter, a repeat gets a number."""
    seen: dict[str, int] = {}
    result = []
    for position, name in enumerate(names):
        name = name.replace("\ufeff", "").strip() or f"[{letter(position)}]"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


def letter(position: int) -> str:
    """Return the spreadsheet's letter of the column at ``position`` (0 is A)."""
    text = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def distinct(column: Coded) -> tuple[Codes, list[str]]:
    """Return codes and values, stripped, so that work is done once per value, not per cell."""
    return column.codes, column.values.stripped
