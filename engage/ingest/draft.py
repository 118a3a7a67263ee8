"""A draft instrument for a questionnaire that has none: proposed from the file, to be edited by a person."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

from engage.errors import InputError
from engage.ingest.cells import Coded
from engage.ingest.dialects import Column, Layout, lay_out
from engage.ingest.files import contents, open_grid
from engage.ingest.mapping import load_mapping
from engage.ingest.names import distinct, fold_word, plain
from engage.ingest.quality import without_personal
from engage.ingest.scales import UsualScale, steps_in, usual_scales
from engage.ingest.screening import screen
from engage.ingest.validate import Faults
from engage.ingest.values import MISSING
from engage.instrument import RESERVED, Instrument, parse_instrument
from engage.words import Language

_NUMERAL: Final = re.compile(r"^\d{1,2}(?:\.0+)?$")
_HAN: Final = re.compile(r"[一-鿿]")
_CYRILLIC: Final = re.compile(r"[а-яё]", re.I)
_CODE: Final = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,30}$")
_STEM: Final = re.compile(r"^([A-Za-z]{2,}|[A-Za-z])_?\d{1,3}$")
_NOISE: Final = 0.1  # a correlation this weak says nothing of an item's direction
_MOST_LEVELS: Final = 30
_LONG_ANSWER: Final = 12  # characters of a comment, on average; Chinese says as much with a third


@dataclass(frozen=True, slots=True)
class DraftItem:
    """One proposed item: its column, scale, and item–rest correlation as the numbers stand.

    ``reverse_keyed`` is proposed where the item runs against the first principal component of its scale.
    """

    id: str
    header: str
    scale: str
    points: int
    item_rest: float
    reverse_keyed: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposed instrument: ``document`` is its YAML; ``ignored`` are columns taken for nothing."""

    document: str
    instrument: Instrument
    items: tuple[DraftItem, ...]
    demographics: tuple[str, ...]
    questions: tuple[str, ...]
    ignored: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return a row per proposed item."""
        return pd.DataFrame([asdict(item) for item in self.items])

    def as_dict(self) -> dict[str, object]:
        """Return what ``engage draft --json`` prints."""
        items = [
            {**asdict(item), "item_rest": None if np.isnan(item.item_rest) else round(item.item_rest, 3)}
            for item in self.items
        ]
        return {
            "instrument": self.instrument.id,
            "items": items,
            "demographics": list(self.demographics),
            "comments": list(self.questions),
            "ignored": list(self.ignored),
        }


@dataclass(frozen=True, slots=True)
class _Rated:
    """A column that holds ratings: the usual scale of its words, or the range of its numbers."""

    column: Column
    words: frozenset[str]
    low: int
    high: int


def draft_instrument(
    path_or_bytes: str | Path | bytes,
    *,
    name: str = "draft",
    mapping: str | Path | Mapping[str, Any] | None = None,
) -> Draft:
    """Return an instrument proposed from a survey export.

    Columns whose words all lie on a usual scale, or that hold whole numbers from 0 to 10, become items,
    grouped by scale; few short values a demographic, long texts an open question. Roles and names of the
    scales are left for the author. Raises ``InputError`` if no column looks like a rating.
    """
    rules = load_mapping(mapping)
    grid = open_grid(
        contents(path_or_bytes), encoding=rules.encoding or None, delimiter=rules.delimiter or None
    )
    faults = Faults()
    layout = lay_out(grid, long=rules.long, dialect=rules.dialect)
    layout = without_personal(screen(layout, rules, faults), rules, faults)
    rated = [found for column in layout.columns if (found := _rated(layout, column)) is not None]
    if not rated:
        raise InputError("ingest.draft_nothing")
    return _Author(layout, name, rated).draft()


def _rated(layout: Layout, column: Column) -> _Rated | None:
    if column.role != "question":
        return None
    values = [value for value in _answers(layout, column) if value]
    words = frozenset(value for value in values if not _NUMERAL.match(value))
    numbers = [int(float(value)) for value in values if _NUMERAL.match(value)]
    if words and not numbers and usual_scales(words):
        return _Rated(column, words, 0, 0)
    if numbers and not words and len(set(numbers)) > 2 and max(numbers) <= 10:
        return _Rated(column, words, min(numbers), max(numbers))
    return None


def _answers(layout: Layout, column: Column) -> list[str]:
    missing = MISSING | layout.missing
    return [value for value in layout.cells[:, column.position].counts() if plain(value) not in missing]


class _Author:
    """Writes the YAML of one draft."""

    def __init__(self, layout: Layout, name: str, rated: Sequence[_Rated]) -> None:
        self._layout = layout
        self._name = name
        self._rated = rated
        self._taken: set[str] = set(RESERVED)
        text = " ".join(one.column.names[-1] for one in rated)
        self._lang: Language = "zh" if _HAN.search(text) else "ru" if _CYRILLIC.search(text) else "en"

    def draft(self) -> Draft:
        responses: dict[str, Any] = {}
        scales: dict[str, Any] = {}
        items: list[DraftItem] = []
        for name, options, members in self._groups():
            responses[name] = options
            for stem, part in _by_stem(members).items():
                self._scale(stem or f"{name}_scale", name, part, options, scales, items)
        demographics, questions, ignored = self._others()
        document = {
            "instrument": self._name,
            "version": 1,
            "name": {self._lang: self._name},
            "source": "draft from a survey export",
            "licence": "unknown",
            "responses": responses,
            "scales": scales,
        }
        if demographics:
            document["demographics"] = {
                id: {"name": {self._lang: self._text(header)}, "text": {self._lang: self._text(header)}}
                for id, header in demographics.items()
            }
        if questions:
            document["questions"] = {id: {self._lang: self._text(header)} for id, header in questions.items()}
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)
        return Draft(
            text,
            parse_instrument(text, file=f"{self._name}.yaml"),
            tuple(items),
            tuple(demographics.values()),
            tuple(questions.values()),
            tuple(ignored),
        )

    def _scale(
        self,
        stem: str,
        responses: str,
        members: Sequence[_Rated],
        options: list[dict[str, Any]],
        scales: dict[str, Any],
        items: list[DraftItem],
    ) -> None:
        scale = self._id(f"{stem}_all" if stem in self._taken else stem)
        own = self._items(scale, members, options)
        items += own
        scales[scale] = {
            "role": "unlabelled",
            "name": {self._lang: scale},
            "responses": responses,
            "items": {
                one.id: {self._lang: self._text(one.header)}
                | ({"reverse": True} if one.reverse_keyed else {})
                for one in own
            },
        }

    def _groups(self) -> list[tuple[str, list[dict[str, Any]], list[_Rated]]]:
        """Return ``(name, options, columns)`` of each answer scale in the file, by first appearance."""
        groups: dict[str, tuple[list[dict[str, Any]], list[_Rated]]] = {}
        for one in self._rated:
            name, options = self._worded(one) if one.words else self._numbered(one)
            groups.setdefault(name, (options, []))[1].append(one)
        return [(name, options, members) for name, (options, members) in groups.items()]

    def _worded(self, one: _Rated) -> tuple[str, list[dict[str, Any]]]:
        family = usual_scales(one.words)[0].family
        alike = [other for other in self._rated if any(s.family == family for s in usual_scales(other.words))]
        words = frozenset().union(*(other.words for other in alike))
        scale = next(
            (s for s in usual_scales(words) if s.family == family),
            next(s for s in usual_scales(one.words) if s.family == family),
        )
        return scale.name, [
            {"value": n + 1, self._lang: label} for n, label in enumerate(self._labels(scale, words))
        ]

    def _labels(self, scale: UsualScale, words: frozenset[str]) -> list[str]:
        """Return a label per step: as the file writes it, else the usual word of the language."""
        written = {
            scale.place[fold_word(word)]: word for word in sorted(words) if fold_word(word) in scale.place
        }
        usual = steps_in(scale, self._lang)
        return [written.get(n, usual[n]) for n in range(scale.points)]

    def _numbered(self, one: _Rated) -> tuple[str, list[dict[str, Any]]]:
        alike = [other for other in self._rated if not other.words]
        # columns of one questionnaire share a range, also those where nobody chose the extreme
        top = max((other.high for other in alike if other.high <= _snapped(one.high)), default=one.high)
        high = _snapped(max(top, one.high))
        low = (
            0
            if high == 10 and min(o.low for o in alike if _snapped(o.high) == high) == 0
            else min(1, one.low)
        )
        return f"points_{low}_{high}", [{"value": n, self._lang: str(n)} for n in range(low, high + 1)]

    def _items(self, scale: str, members: Sequence[_Rated], options: list[dict[str, Any]]) -> list[DraftItem]:
        key = {fold_word(str(option[self._lang])): float(option["value"]) for option in options}
        raw = np.column_stack([_valued(self._layout.cells[:, one.column.position], key) for one in members])
        rest = _keying(raw)
        return [
            DraftItem(
                self._id(one.column.header),
                one.column.header,
                scale,
                len(options),
                float(r),
                bool(r < -_NOISE),
            )
            for one, r in zip(members, rest, strict=True)
        ]

    def _others(self) -> tuple[dict[str, str], dict[str, str], list[str]]:
        rated = {one.column.position for one in self._rated}
        demographics: dict[str, str] = {}
        questions: dict[str, str] = {}
        ignored: list[str] = []
        for column in self._layout.columns:
            if column.position in rated or column.role == "meta":
                continue
            values = _answers(self._layout, column) if column.role == "question" else []
            if values and _are_comments(values, self._layout.cells[:, column.position]):
                questions[self._id(column.header, "comment")] = column.header
            elif 1 < len(values) <= _MOST_LEVELS:
                demographics[self._id(column.header, "group")] = column.header
            else:
                ignored.append(column.header)
        return demographics, questions, ignored

    def _text(self, header: str) -> str:
        column = next(column for column in self._layout.columns if column.header == header)
        return " ".join(column.names[min(1, len(column.names) - 1)].split()) or header

    def _id(self, header: str, stem: str = "item") -> str:
        base = header.lower() if _CODE.match(header) and "__" not in header else stem
        base = base.rstrip("_")
        if base != stem and base not in self._taken:
            self._taken.add(base)
            return base
        number = next(n for n in range(1, 100_000) if f"{base}_{n}" not in self._taken)
        self._taken.add(f"{base}_{number}")
        return f"{base}_{number}"


def _by_stem(members: Sequence[_Rated]) -> dict[str, list[_Rated]]:
    """Return columns by what their codes begin with (``pay_1``, ``A1``), the others under ``""``."""
    found: dict[str, list[_Rated]] = {}
    for one in members:
        stem = next((match[1].lower() for name in one.column.names if (match := _STEM.match(name))), "")
        found.setdefault("" if stem in ("q", "item", "v", "x") else stem, []).append(one)
    return found


def _snapped(high: int) -> int:
    """Return the top of the usual range that a highest answer points to."""
    return high if high in (4, 6) else next(top for top in (5, 7, 10) if high <= top)


def _valued(cells: Coded, key: dict[str, float]) -> npt.NDArray[np.float64]:
    codes, values = distinct(cells)
    known = {**key}
    for scale in usual_scales(
        [value for value in values if value and not _NUMERAL.match(value)], len(key) or None
    ):
        known |= {word: place + 1.0 for word, place in scale.place.items()}
    return np.array([known.get(fold_word(value.removesuffix(".0")), np.nan) for value in values])[codes]


def _keying(raw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the item–rest correlation of each item as it stands in the file.

    The rest is keyed by the signs on the first principal component, most of which count as positive; complete
    rows only; NaN for fewer than three items or ten complete rows.
    """
    count = raw.shape[1]
    whole = raw[~np.isnan(raw).any(axis=1)]
    spread = whole.std(axis=0) if len(whole) else np.zeros(count)
    if count < 3 or len(whole) < 10 or (spread == 0).any():
        return np.full(count, np.nan)
    z = (whole - whole.mean(axis=0)) / spread
    first = np.linalg.eigh(z.T @ z)[1][:, -1]
    signs = np.where(first < 0, -1.0, 1.0) * (1.0 if (first > 0).sum() * 2 >= count else -1.0)
    keyed = z * signs
    rest = [np.corrcoef(z[:, n], np.delete(keyed, n, axis=1).mean(axis=1))[0, 1] for n in range(count)]
    return np.array(rest)


def _are_comments(values: Sequence[str], cells: Coded) -> bool:
    filled = int((~cells.is_blank()).sum())
    length = sum(len(value) * (3 if _HAN.search(value) else 1) for value in values) / len(values)
    return (
        len(values) * 2 > filled and length > _LONG_ANSWER and any(" " in v or _HAN.search(v) for v in values)
    )
