"""Bytes to text: byte order mark, then UTF-8, then the encodings that survey tools and Excel still write."""

import codecs
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from engage.errors import InputError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
OFFERED: Final = (
    *("utf-8", "gb18030", "big5", "utf-16-le", "utf-16-be", "cp1251", "cp1252"),
    *("koi8-r", "cp866", "mac-cyrillic"),
)
_REPLACED: Final = "\ufffd".encode()
_SAMPLE: Final = 400_000
_SHOWN: Final = 200
_SURE: Final = 0.6  # share of characters that must look like the language of the encoding
_USUAL: Final = re.compile(r"[\x20-\x7e\t\r\nЀ-ӿ一-鿿\u3000-\u303f\uff00-\uffef]")
_CYRILLIC: Final = ("cp1251", "koi8-r", "cp866", "mac-cyrillic", "iso8859-5")
_ALPHABET: Final = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЁІЇЄҐ")
_FREQUENT: Final = frozenset("оеаинтсрвлОЕАИНТСРВЛ")
_USUAL_SHARE: Final = 0.55  # of the ten most frequent letters in Russian prose there are rather more
_MARKS_OF_PROSE: Final = frozenset("«»–—…№“”„’\xa0")
_BENT: Final = re.compile("[а-яё][А-ЯЁ]")
_WORD: Final = re.compile(rb"[\x80-\xff]{3,}")
_LIKE_PROSE: Final = 0.5
_WONT: Final = 0.2  # other encodings of Russian are rare by now, so they must look clearly better
_NEARLY_ALL: Final = 0.9
_ENOUGH: Final = 4  # pairs; so many Chinese characters hardly ever lie within a third of a row
_MIXED: Final = 0.4  # share of the foreign bytes that stand three and more together
_PAIR: Final = re.compile(rb"[\x81-\xfe][\x30-\x39][\x81-\xfe][\x30-\x39]|[\x81-\xfe][\x40-\xfe]")
_GB_MARKS: Final = frozenset({0xA1, 0xA2, 0xA3, 0xA7})  # rows of marks, and of Cyrillic letters
_HIGH: Final = re.compile(rb"[\x80-\xff]")
_STEP: Final = 1 << 20


class Sliced(Protocol):
    """Bytes that are looked at in slices: those of an upload, or a file that need not fit into memory."""

    def __len__(self) -> int: ...
    def __getitem__(self, key: slice, /) -> bytes: ...


class Recognised(NamedTuple):
    """An encoding; ``valid``: every byte is UTF-8 without a mark; ``guessed`` as in :class:`Text`."""

    encoding: str
    guessed: bool = False
    valid: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Text as UTF-8: the file's own bytes where it is written so.

    ``bad`` is the number of characters that could not be decoded and are now ``\\ufffd``; ``guessed``
    says that the encoding was judged by the look of the text, not by a mark or a check that only it passes.
    """

    utf8: bytes
    encoding: str
    bad: int = 0
    guessed: bool = False

    @property
    def text(self) -> str:
        """The text."""
        return self.utf8.decode("utf-8")


@dataclass(frozen=True, slots=True)
class EncodingChoice:
    """An encoding the bytes can be read in, and how their first line with foreign letters then looks."""

    encoding: str
    sample: str
    bad: int


def decode(data: bytes, encoding: str | None = None) -> Text:
    """Return the text of ``data`` in the stated encoding, or in the one it appears to be written in.

    Raises ``InputError`` for NUL bytes (not text), for an encoding that does not exist or does not fit, and
    where the letters make sense in no encoding.
    """
    if encoding:
        try:
            return _text(data.decode(encoding).removeprefix("\ufeff"), encoding)
        except (LookupError, ValueError) as error:  # some codecs raise no UnicodeDecodeError
            raise InputError("ingest.encoding", encoding=encoding) from error
    if b"\0" in data and not (data.startswith(tuple(mark for mark, _ in _MARKS)) or _wide(data)):
        raise InputError("ingest.nul_bytes")
    found = recognised(data)
    if found.valid:
        return Text(data, "utf-8", data.count(_REPLACED))
    text = data.decode(found.encoding, "replace")
    return _text(text, found.encoding, found.guessed)


def recognised(data: Sliced) -> Recognised:
    """Return the encoding that ``data`` appear to be written in, looking at a slice at a time.

    Raises ``InputError`` where the letters make sense in no encoding.
    """
    head = data[:4]
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Recognised(name)
    wide = _wide(data)
    if wide:
        return Recognised(wide, guessed=True)
    broken = _first_broken(data)
    if broken is None:
        return Recognised("utf-8", valid=True)
    around = data[max(0, broken - _SAMPLE) : broken + _SAMPLE].decode("utf-8", "replace")
    # a few broken characters in what is otherwise UTF-8 (a cut-off last line, a pasted cell)
    foreign = len(around) - len(around.encode("ascii", "ignore"))
    if around.count("\ufffd") * 20 < foreign:
        return Recognised("utf-8")
    legacy = _legacy(data)
    if not legacy:
        raise InputError("ingest.encoding_unknown", known=OFFERED)
    return Recognised(legacy, guessed=True)


def _slices(data: Sliced) -> Iterator[bytes]:
    return (data[start : start + _STEP] for start in range(0, len(data), _STEP))


def _first_broken(data: Sliced) -> int | None:
    """Return where the first byte stands that is no UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    seen = 0
    for part in _slices(data):
        kept = len(decoder.getstate()[0])
        try:
            decoder.decode(part, seen + len(part) == len(data))
        except UnicodeDecodeError as error:
            return seen - kept + error.start
        seen += len(part)
    return None


def encoding_choices(data: bytes) -> tuple[EncodingChoice, ...]:
    """Return how the start of a text file looks in each usual encoding, the recognised one first.

    Where none is recognised, only the usual ones are there. Encodings in which more than one character in a
    hundred is unreadable are left out.
    """
    try:
        found: tuple[str, ...] = (decode(data[: _SAMPLE - _SAMPLE % 4]).encoding,)
    except InputError as error:
        if error.code != "ingest.encoding_unknown":
            raise
        found = ()
    choices = []
    for name in dict.fromkeys((*found, *OFFERED)):
        text = data[: _SAMPLE - _SAMPLE % 4].decode(name, "replace").removeprefix("\ufeff")
        bad = text.count("\ufffd")
        if bad * 100 <= len(text):
            lines = text.splitlines()
            foreign = next((line for line in lines if not line.isascii()), lines[0] if lines else "")
            choices.append(EncodingChoice(name, foreign[:_SHOWN], bad))
    return tuple(choices)


def _text(text: str, encoding: str, guessed: bool = False) -> Text:
    return Text(text.encode("utf-8", "replace"), encoding, text.count("\ufffd"), guessed)


def _wide(data: Sliced) -> str:
    """Return UTF-16's name where every second byte is often NUL, or the text reads well."""
    head = data[: 4096 - 4096 % 2]
    if len(head) < 4 or len(data) % 2 or b"\0" not in head:
        return ""
    half = len(head) // 2
    even, odd = head[0::2].count(0) / half, head[1::2].count(0) / half
    if max(even, odd) >= 0.3 and min(even, odd) <= 0.05:
        return "utf-16-le" if odd > even else "utf-16-be"
    # Chinese has few NULs: its commas, digits and line ends show on which side they are
    sense = {name: _sense(head.decode(name, "replace")) for name in ("utf-16-le", "utf-16-be")}
    best = max(sense, key=lambda name: sense[name])
    return best if sense[best] > 0.95 else ""


def _sense(text: str) -> float:
    """Return the share of characters from the blocks of common writing: ASCII, Cyrillic, Chinese."""
    return len(_USUAL.findall(text)) / max(len(text), 1)


def _legacy(data: Sliced) -> str:
    """Return the likeliest of GB18030, Big5, Windows-1252 and the encodings of Russian; ``""`` if none fits.

    Chinese text is told by the share of byte pairs that fall in the standard's rows of common characters
    and punctuation (GB 2312 rows A1–A3, A7 and B0–D7, Big5 rows A1–A3 and A4–C6), Russian by its letters.
    """
    start = 0
    for part in _slices(data):
        first = _HIGH.search(part)
        if first:
            start += first.start()
            break
        start += len(part)
    sample = data[start : start + _SAMPLE]
    pairs = _PAIR.findall(sample)
    high = _HIGH.findall(sample)
    scores = {"gb18030": 0.0, "big5": 0.0}
    if pairs:
        # characters outside the pairs (lone high bytes) speak against both
        weight = 2 * len(pairs) / max(len(high), 2 * len(pairs))
        scores["gb18030"] = weight * sum(_is_common_gb(p) for p in pairs) / len(pairs)
        scores["big5"] = weight * sum(_is_common_big5(p) for p in pairs) / len(pairs)
    best = max(scores, key=lambda name: scores[name])
    # Russian letters may fall in the same rows, but in words of odd length, too, and within a third of a row
    narrow = sum(b"\xc0" <= byte <= b"\xdf" for byte in high) > _NEARLY_ALL * len(high)
    paired = 2 * len(pairs) >= len(high) and not (narrow and len(pairs) >= _ENOUGH)
    if scores[best] >= _SURE and (paired or _russian(sample.decode("cp1251", "replace")) < _LIKE_PROSE):
        for name in (best, "big5hkscs")[: 1 + (best == "big5")]:
            if _decodes(data, name):
                return name
    # letters of Latin alphabets beyond ASCII stand singly, those of others in words
    worded = sum(map(len, _WORD.findall(sample))) / len(high) if high else 0.0
    if worded < _MIXED:
        return "cp1252"
    russian = {name: _russian(sample.decode(name, "replace")) for name in _CYRILLIC}
    russian["cp1251"] += _WONT
    best = max(russian, key=lambda name: russian[name])
    return best if russian[best] >= _LIKE_PROSE else ""


def _russian(text: str) -> float:
    """Return how far the foreign letters of a text look like Russian ones.

    1 is what prose has; letters from outside the alphabet and capitals after small ones speak against it.
    """
    foreign = [letter for letter in text if letter > "\x7f"]
    frequent = sum(letter in _FREQUENT for letter in foreign)
    strange = sum(not (letter in _ALPHABET or letter in _MARKS_OF_PROSE) for letter in foreign)
    bent = len(_BENT.findall(text))
    return (frequent / _USUAL_SHARE - 3 * strange - 2 * bent) / max(len(foreign), 1)


def _decodes(data: Sliced, encoding: str) -> bool:
    """Return whether all but one in a thousand characters can be decoded."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    bad = size = 0
    for part in itertools.chain(_slices(data), (b"",)):
        text = decoder.decode(part, not part)
        bad, size = bad + text.count("\ufffd"), size + len(text)
    return bad * 1000 <= size


def _is_common_gb(pair: bytes) -> bool:
    return len(pair) == 2 and pair[1] >= 0xA1 and (pair[0] in _GB_MARKS or 0xB0 <= pair[0] <= 0xD7)


def _is_common_big5(pair: bytes) -> bool:
    return len(pair) == 2 and 0xA1 <= pair[0] <= 0xC6 and (0x40 <= pair[1] <= 0x7E or pair[1] >= 0xA1)
