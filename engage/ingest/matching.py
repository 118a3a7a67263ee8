"""Match a file's columns to an instrument's items, demographics and questions; choose the instrument."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

from engage.errors import InputError
from engage.ingest.dialects import Column, Layout
from engage.ingest.likeness import likenesses
from engage.ingest.mapping import FileMapping, find_header
from engage.ingest.names import fold
from engage.ingest.validate import Faults, named
from engage.instrument import Instrument, available, load_instrument

Target = Literal["item", "demographic", "question", "meta"]
_META: Final = ("respondent", "started", "submitted", "seconds", "language", "source")
_SHORTEST_STEM: Final = 6  # letters of a heading cut short


@dataclass(frozen=True, slots=True)
class Matched:
    """Which column feeds what: ``{id: column}`` per kind of target, and the columns that feed nothing."""

    items: Mapping[str, Column] = field(default_factory=dict)
    demographics: Mapping[str, Column] = field(default_factory=dict)
    questions: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    meta: Mapping[str, Column] = field(default_factory=dict)
    ignored: tuple[Column, ...] = ()


def choose_instrument(
    wanted: str | Path | Instrument | None,
    layout: Layout,
    mapping: FileMapping,
    faults: Faults,
    surveys: Sequence[Path] = (),
) -> Instrument | None:
    """Return the instrument asked for, or the available one most of whose items the file holds.

    Chosen by itself only if at least half of its items are there; otherwise an error is noted that names the
    nearest one. Those in the folders ``surveys`` are looked at beside the package's own.
    """
    if isinstance(wanted, Instrument):
        return wanted
    if wanted or mapping.instrument:
        return load_instrument(wanted or mapping.instrument, folders=surveys)
    offered = []
    for name in available(surveys):
        try:
            offered.append(load_instrument(name, folders=surveys))
        except InputError as error:
            faults.add("instrument_skipped", "info", name=name, fault=error.code)
    # a workspace keeps a copy of each questionnaire it used, which may be the package's own
    distinct = {(one.id, one.version, one.document): one for one in offered}.values()
    counted = [(_count(instrument, layout, mapping), instrument) for instrument in distinct]
    if not counted:
        faults.add("no_instrument_at_all", "error")
        return None
    matched, best = max(
        counted, key=lambda pair: (pair[0], pair[0] / max(len(pair[1].items), 1), pair[1].version, pair[1].id)
    )
    facts: dict[str, Any] = {"instrument": best.id, "matched": matched, "total": len(best.items)}
    if 2 * matched < len(best.items):
        known = [instrument.id for instrument in distinct]
        faults.add("no_instrument", "error", known=known, dialect=layout.dialect, **facts)
        return None
    faults.add("instrument_chosen", "info", **facts)
    return best


def _count(instrument: Instrument, layout: Layout, mapping: FileMapping) -> int:
    index = _index(instrument)
    items = {item.id for item in instrument.items}
    mapped = set(mapping.columns.values()) & items
    return len(
        mapped | {id for column in layout.columns for kind, id in _found(column, index) if kind == "item"}
    )


def match_columns(
    layout: Layout, instrument: Instrument | None, mapping: FileMapping, faults: Faults
) -> Matched:
    """Return what each column feeds: by the mapping first, then by id, name or text of the instrument."""
    index = _index(instrument)
    told = _told(layout, instrument, mapping, faults)
    ignored_names = {find_header(name, _headers(layout)) for name in mapping.ignore}
    found: dict[str, dict[str, list[Column]]] = {"item": {}, "demographic": {}, "question": {}, "meta": {}}
    ignored: list[Column] = []
    for column in layout.columns:
        target = told.get(column.header)
        if target is None and column.header not in ignored_names:
            target = _own(column, index)
        if target is None:
            ignored.append(column)
        else:
            found[target[0]].setdefault(target[1], []).append(column)
    for kind in ("item", "demographic", "meta"):
        for id, columns in found[kind].items():
            _refuse_twins(kind, id, columns, ignored, faults, {*told})
    _by_likeness(found, ignored, instrument, ignored_names, faults)
    matched = Matched(
        items={id: columns[0] for id, columns in found["item"].items()},
        demographics={id: columns[0] for id, columns in found["demographic"].items()},
        questions={id: tuple(columns) for id, columns in found["question"].items()},
        meta={id: columns[0] for id, columns in found["meta"].items()},
        ignored=tuple(sorted(ignored, key=lambda column: column.position)),
    )
    _report(matched, instrument, mapping, faults)
    return matched


def _headers(layout: Layout) -> list[str]:
    return [column.header for column in layout.columns]


def _index(instrument: Instrument | None) -> Mapping[str, tuple[Target, str]]:
    """Return ``{folded id, name or text: (kind, id)}``; items win over demographics over questions."""
    index: dict[str, tuple[Target, str]] = {}
    if instrument is None:
        return index

    def add(kind: Target, id: str, names: Iterable[str]) -> None:
        for name in (id, *names):
            index.setdefault(fold(name), (kind, id))

    for item in instrument.items:
        add("item", item.id, item.text.values())
    for demographic in instrument.demographics:
        add("demographic", demographic.id, (*demographic.text.values(), *demographic.name.values()))
    for question in instrument.questions:
        add("question", question.id, question.text.values())
    index.pop("", None)
    return index


def _found(column: Column, index: Mapping[str, tuple[Target, str]]) -> list[tuple[Target, str]]:
    """Return what the column's names match; a header that is wholly a name counts whatever its role."""
    if column.role == "option":
        return []
    hits = [index[key] for name in column.names if (key := fold(name)) in index]
    return hits[:1] or _cut_short(column, index)


def _cut_short(column: Column, index: Mapping[str, tuple[Target, str]]) -> list[tuple[Target, str]]:
    """Return what a heading that ends in dots begins, if that is one thing only."""
    for name in column.names:
        stem = fold(name)
        if name.rstrip().endswith(("..", "…")) and len(stem) >= _SHORTEST_STEM:
            hits = {target for key, target in index.items() if key.startswith(stem)}
            if len(hits) == 1:
                return [hits.pop()]
    return []


def _own(column: Column, index: Mapping[str, tuple[Target, str]]) -> tuple[Target, str] | None:
    if column.role == "identifier":
        return None
    hits = _found(column, index)
    if hits:
        return hits[0]
    return ("meta", column.field) if column.field else None


def _told(
    layout: Layout, instrument: Instrument | None, mapping: FileMapping, faults: Faults
) -> dict[str, tuple[Target, str]]:
    """Return ``{header: target}`` as the mapping says; unknown ids and absent headers are noted."""
    kinds: dict[str, Target] = dict.fromkeys(_META, "meta")
    if instrument is not None:
        kinds |= {question.id: "question" for question in instrument.questions}
        kinds |= {demographic.id: "demographic" for demographic in instrument.demographics}
        kinds |= {item.id: "item" for item in instrument.items}
    headers = _headers(layout)
    told: dict[str, tuple[Target, str]] = {}
    # an open question needn't be in the instrument: its answers go to a table of their own
    kinds |= {id: "question" for id in mapping.comments.values() if id not in kinds}
    wanted = [(mapping.respondent, "respondent")] if mapping.respondent else []
    wanted += [*mapping.columns.items(), *mapping.demographics.items(), *mapping.comments.items()]
    for name, id in wanted:
        header = find_header(name, headers)
        if header is None:
            faults.add("mapped_header_absent", "warning", column=name)
        elif id in kinds:
            told[header] = (kinds[id], id)
        elif instrument is not None:
            near = get_close_matches(id, kinds, 1)
            faults.add("mapped_id_unknown", "error", column=name, id=id, near=near[0] if near else "—")
    return told


def _refuse_twins(
    kind: str, id: str, columns: list[Column], ignored: list[Column], faults: Faults, told: set[str]
) -> None:
    """Keep one column per target: the mapped one; two unmapped columns for one item are an error."""
    if len(columns) == 1:
        return
    columns.sort(key=lambda column: (column.header not in told, column.position))
    ignored.extend(columns[1:])
    if kind != "meta" and columns[0].header not in told:
        severity: Literal["error", "warning"] = "error" if kind == "item" else "warning"
        faults.add(
            "column_twice",
            severity,
            column=columns[1].header,
            count=len(columns) - 1,
            id=id,
            first=columns[0].header,
        )


def _report(matched: Matched, instrument: Instrument | None, mapping: FileMapping, faults: Faults) -> None:
    identifiers = [column.header for column in matched.ignored if column.role == "identifier"]
    if identifiers:
        faults.add("identifiers_ignored", "info", count=len(identifiers), columns=named(identifiers))
    told = {fold(name) for name in mapping.ignore}
    unread = [
        column
        for column in matched.ignored
        if column.role in ("question", "option") and fold(column.header) not in told
    ]
    if unread:
        headers = [column.header for column in unread]
        faults.add("columns_ignored", "info", count=len(unread), columns=named(headers))
    if instrument is None:
        return
    absent = [item.id for item in instrument.items if item.id not in matched.items]
    if not matched.items:
        faults.add("no_items", "error", instrument=instrument.id, total=len(absent))
    elif absent:
        faults.add(
            "items_absent", "warning", count=len(absent), items=named(absent), instrument=instrument.id
        )


def _by_likeness(
    found: dict[str, dict[str, list[Column]]],
    ignored: list[Column],
    instrument: Instrument | None,
    told: set[str | None],
    faults: Faults,
) -> None:
    """Take unread columns for missing items they are worded almost exactly like; name those less alike."""
    if instrument is None:
        return
    absent = [item for item in instrument.items if item.id not in found["item"]]
    texts = {text: item.id for item in absent for text in item.text.values()}
    unread = [column for column in ignored if column.role == "question" and column.header not in told]
    for near in likenesses(unread, texts):
        fault = "matched_by_likeness" if near.sure else "wording_near"
        faults.add(fault, "warning", column=near.column.header, id=near.id, alike=f"{near.score:.0%}")
        if near.sure:
            found["item"][near.id] = [near.column]
            ignored.remove(near.column)
