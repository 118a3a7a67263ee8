"""Answers whose meaning the instrument alone doesn't tell: other wordings of a scale, option numbers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from engage.ingest.cells import Coded
from engage.ingest.dialects import Column, Layout
from engage.ingest.mapping import FileMapping
from engage.ingest.names import distinct, fold_word, plain, value_words
from engage.ingest.scales import UsualScale, usual_scales
from engage.ingest.validate import Faults
from engage.ingest.values import MISSING, answer_key
from engage.instrument import Instrument, Item

First = Literal["lowest", "highest"]
_NUMERAL: Final = re.compile(r"^\d+(?:[.,]0+)?$")
_WORDED_NUMERAL: Final = re.compile(
    r"^(\d{1,2})\s*(?:分|级|баллов|балла|балл|points?)?\s*(?![.,]?\d).*$", re.DOTALL
)
_LISTED: Final = 12


@dataclass(frozen=True, slots=True)
class ItemRest:
    """How an item's raw answers go with the rest of its scale: ``r`` is NaN where it can't be computed."""

    item: str
    reverse_keyed: bool
    r: float

    @property
    def fits(self) -> bool:
        """Whether the sign is what the instrument's keying says."""
        return bool(np.isnan(self.r)) or (self.r < 0) == self.reverse_keyed


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the answers of one item's column were taken for: ``labels`` is ``(answer, value or None, count)``.

    ``by_usual_scale`` says that the words are not the instrument's but those of a usual scale; ``at_fault``
    are the answers that could not be understood (those without a value may also mean "no answer").
    """

    item: str
    header: str
    labels: tuple[tuple[str, int | None, int], ...]
    by_usual_scale: bool
    at_fault: tuple[str, ...] = ()


def meanings(
    before: Layout,
    after: Layout,
    matched: Mapping[str, Column],
    instrument: Instrument | None,
    mapping: FileMapping,
) -> tuple[Meaning, ...]:
    """Return what the answers of each item were taken for, in the instrument's order.

    ``before`` and ``after`` are the layouts given to and returned by :func:`settle_answers`.
    """
    found = []
    for item in instrument.items if instrument else ():
        column = matched.get(item.id)
        if column is None:
            continue
        cells, settled = before.cells[:, column.position], after.cells[:, column.position]
        values = [value.strip() for value in settled.values]
        missing = MISSING | after.missing | mapping.missing
        key = answer_key(values, item, mapping.words_for(item.id, item.scale), missing)
        tally = np.bincount(cells.codes, minlength=len(cells.values))
        labels = [
            (label.strip(), int(key.value[n]) if key.verdict[n] == "ok" else None, int(tally[n]))
            for n, label in enumerate(cells.values)
            if tally[n] and label.strip()
        ]
        labels.sort(key=lambda one: (one[1] is None, one[1] or 0))
        words = any(
            not _NUMERAL.match(label) and label != values[n]
            for n, label in enumerate(map(str.strip, cells.values))
        )
        wrong = tuple(
            label.strip()
            for n, label in enumerate(cells.values)
            if tally[n] and key.verdict[n] not in ("ok", "missing")
        )
        usual = words and not _has_numeral_labels(item)
        found.append(Meaning(item.id, column.header, tuple(labels), usual, wrong))
    return tuple(found)


def settle_answers(
    layout: Layout,
    matched: Mapping[str, Column],
    instrument: Instrument | None,
    mapping: FileMapping,
    faults: Faults,
) -> Layout:
    """Return the layout with answers turned into what the instrument knows, each step noted.

    Words of a usual scale become the instrument's options of the same step. Option numbers of a tool's export
    count from the first option listed, which may be the best or the worst: ``mapping.first_option`` says
    which, and without it the question is put as an error with the item–rest signs.
    """
    changed: dict[int, Coded] = {}
    asked: list[Item] = []
    for item in instrument.items if instrument else ():
        column = matched.get(item.id)
        if column is None:
            continue
        cells = _answered(layout, column, item, mapping, faults)
        first = mapping.first_for(item.id, item.scale)
        if _has_numeral_labels(item):
            cells = _numerals(cells, item)
        elif layout.coded and _counts_options(cells, layout, mapping):
            cells = _turned(cells, item) if first == "highest" else cells
            asked += [] if first else [item]
        else:
            cells = _worded(column, cells, item, layout, mapping, faults)
        changed[column.position] = cells
    if asked and instrument is not None:
        _ask(layout, matched, asked, instrument, mapping, faults)
    return replace(layout, cells=layout.cells.replaced(changed)) if changed else layout


def _answered(layout: Layout, column: Column, item: Item, mapping: FileMapping, faults: Faults) -> Coded:
    """Return the cells with words such as "not applicable" blank, unless item or mapping know them."""
    cells = layout.cells[:, column.position]
    known = {fold_word(label) for option in item.options for label in option.label.values()}
    known |= set(mapping.words_for(item.id, item.scale))
    none = [
        (word := fold_word(value)) in value_words("no_answer") and word not in known for value in cells.values
    ]
    if not any(none):
        return cells
    flags = np.array(none, dtype=bool)[cells.codes]
    faults.flag("no_answer_words", "info", flags, layout.rows_of(column.position), column.header)
    values = ["" if flag else value for value, flag in zip(cells.values, none, strict=True)]
    return Coded.of(cells.codes, values)


def _has_numeral_labels(item: Item) -> bool:
    return all(fold_word(label).isdecimal() for option in item.options for label in option.label.values())


def _numerals(cells: Coded, item: Item) -> Coded:
    """Return ``10 – very likely`` and ``8分`` as the numbers they begin with; the options are numbers."""
    known = {fold_word(label) for option in item.options for label in option.label.values()}
    values = list(cells.values)
    for n, value in enumerate(values):
        part = _WORDED_NUMERAL.match(value.strip())
        if part and fold_word(value) not in known and item.minimum <= int(part[1]) <= item.maximum:
            values[n] = part[1]
    return Coded.of(cells.codes, values)


def _worded(
    column: Column, cells: Coded, item: Item, layout: Layout, mapping: FileMapping, faults: Faults
) -> Coded:
    """Return the cells with words of a usual scale as values of the item, if all can be placed."""
    told = mapping.words_for(item.id, item.scale)
    missing = MISSING | layout.missing | mapping.missing
    words = [
        value
        for value in cells.counts()
        if value
        and plain(value) not in missing
        and fold_word(value) not in told
        and not _NUMERAL.match(value)
    ]
    own = {fold_word(label): option for option in item.options for label in option.label.values() if label}
    unknown = [word for word in words if fold_word(word) not in own]
    scale = _usual(words, item) if unknown else None
    if scale is None:
        return cells
    place = scale.place
    values = [
        str(item.minimum + place[fold_word(value)]) if fold_word(value) in place and value.strip() else value
        for value in cells.values
    ]
    faults.add(
        "usual_scale", "warning", column=column.header, count=len(unknown), item=item.id, points=scale.points,
    )  # fmt: skip
    return Coded.of(cells.codes, values)


def _usual(words: list[str], item: Item) -> UsualScale | None:
    """Return the one usual scale that the words lie on, as long and of the same kind as the item's."""
    own = _families(item)
    found = [scale for scale in usual_scales(words, item.points) if not own or scale.family in own]
    return found[0] if len(found) == 1 else None


def _families(item: Item) -> set[str]:
    """Return the kinds of usual scale that the item's labels ascend on in some language.

    Empty for numerals; labels that lie on no usual scale give a kind that doesn't exist.
    """
    if _has_numeral_labels(item):
        return set()
    found = {"none"}
    for lang in item.options[0].label:
        labels = [option.label[lang] for option in item.options]
        for scale in usual_scales(labels, item.points):
            if [scale.place[fold_word(label)] for label in labels] == list(range(item.points)):
                found.add(scale.family)
    return found


def _counts_options(cells: Coded, layout: Layout, mapping: FileMapping) -> bool:
    """Return whether a column holds nothing but whole numbers."""
    missing = MISSING | layout.missing | mapping.missing
    values = [value for value in cells.counts() if plain(value) not in missing]
    return bool(values) and all(_NUMERAL.match(value) for value in values)


def _turned(cells: Coded, item: Item) -> Coded:
    values = list(cells.values)
    for n, value in enumerate(values):
        if _NUMERAL.match(value.strip()):
            number = int(re.split("[.,]", value.strip())[0])
            values[n] = str(item.minimum + item.maximum - number)
    return Coded.of(cells.codes, values)


def _ask(
    layout: Layout,
    matched: Mapping[str, Column],
    items: list[Item],
    instrument: Instrument,
    mapping: FileMapping,
    faults: Faults,
) -> None:
    signs = item_rest(layout, matched, instrument, mapping)
    shown = [f"{one.item} {one.r:+.2f}" for one in signs if not np.isnan(one.r)]
    against = [one.item for one in signs if not one.fits]
    headers = [matched[item.id].header for item in items]
    faults.add(
        "direction_unknown", "error", column=headers[0], count=len(items),
        signs=[*shown[:_LISTED], *(["…"] if len(shown) > _LISTED else [])] or ["–"], against=against or ["–"],
        item_rest=signs,
    )  # fmt: skip


def item_rest(
    layout: Layout, matched: Mapping[str, Column], instrument: Instrument, mapping: FileMapping
) -> tuple[ItemRest, ...]:
    """Return the correlation of each matched item with the mean of the other items of its scale.

    The rest is keyed by the instrument, the item itself is raw; so a reverse-keyed item should be negative.
    Turning the whole file round changes no sign: the signs show single items keyed otherwise, no more.
    """
    result = []
    for scale in instrument.scales:
        found = [instrument.item(id) for id in scale.items if id in matched]
        if len(found) < 2:
            continue
        raw = np.column_stack(
            [_as_numbers(layout.cells[:, matched[item.id].position], item, mapping) for item in found]
        )
        low = np.array([item.minimum + item.maximum for item in found])
        keyed = np.where([item.reverse_keyed for item in found], low - raw, raw)
        for n, item in enumerate(found):
            result.append(ItemRest(item.id, item.reverse_keyed, _r(raw[:, n], np.delete(keyed, n, axis=1))))
    return tuple(result)


def _as_numbers(cells: Coded, item: Item, mapping: FileMapping) -> npt.NDArray[np.float64]:
    codes, values = distinct(cells)
    blank = mapping.missing
    numbers = [
        float(value) if _NUMERAL.match(value) and "," not in value and plain(value) not in blank else np.nan
        for value in values
    ]
    numbers = [n if item.minimum <= n <= item.maximum else np.nan for n in numbers]
    return np.array(numbers, dtype=np.float64)[codes]


def _r(item: npt.NDArray[np.float64], rest: npt.NDArray[np.float64]) -> float:
    whole = ~np.isnan(item) & ~np.isnan(rest).any(axis=1)
    if whole.sum() < 3:
        return float("nan")
    a, b = item[whole], rest[whole].mean(axis=1)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
