"""The public face of ingest: ``read`` a file, see what was understood and what could not be."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd

from engage.errors import InputError, Problem, UsageError
from engage.ingest.cells import Rows
from engage.ingest.dialects import Layout, Recognition, lay_out, note_shape
from engage.ingest.files import Grid, contents, open_grid
from engage.ingest.kinds import read_kind
from engage.ingest.mapping import FileMapping, load_mapping
from engage.ingest.quality import inspect, without_personal
from engage.ingest.responses import empty_comments, read_responses
from engage.ingest.saving import mapping_of
from engage.ingest.screening import screen
from engage.ingest.settling import Meaning
from engage.ingest.teams import load_team_map
from engage.ingest.validate import Faults, named
from engage.instrument import Instrument
from engage.words import Language

Kind = Literal[
    "responses", "comments", "people", "service", "programmes", "tickets", "inspections", "plan", "activities"
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_UNIT: Final = "unit"
_PREVIEWED_ROWS: Final = 6
_PREVIEWED_LENGTH: Final = 80
MARK: Final = 8
"""Characters of the file's hash in the ids of anonymous respondents."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What was understood of a file, before anything is imported.

    ``rows``: filled rows below the header; ``respondents``: distinct ones in the tables. ``items`` and
    ``demographics`` are ``{column: id}``; ``fields`` likewise for files that aren't survey answers;
    ``comments`` and ``ignored`` list columns. ``encoding`` and ``delimiter`` are ``None`` for workbooks.
    ``recognition`` is how surely the dialect was recognised and by what; ``meanings`` what each answer of
    each item was taken for. ``columns`` are all columns of the file; ``identifiers`` those that would name
    a person and are not read; of answers, ``fields`` are the columns about the response (who, when).
    """

    dialect: str
    encoding: str | None
    delimiter: str | None
    rows: int
    respondents: int
    instrument: str | None = None
    items: Mapping[str, str] = field(default_factory=dict)
    comments: tuple[str, ...] = ()
    demographics: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    anonymous: bool = False
    preview: tuple[tuple[str, ...], ...] = ()
    recognition: Recognition = field(default=Recognition(0.0))
    meanings: tuple[Meaning, ...] = ()
    columns: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One file read: its tables, what was understood, and every problem found.

    ``table`` is the table of ``kind``; ``comments`` holds the open answers beside survey responses (for kind
    ``comments`` it is ``table`` itself; otherwise it is empty). Responses: ``respondent, started, seconds,
    language, source``, each item as Int8 (raw, not reverse-coded), each demographic as string.
    ``head`` is how many rows come before the first answers; ``at_fault`` holds every row of each problem that
    has rows, as the spreadsheet counts them; ``mapping`` reads the next wave the same way.
    """

    kind: Kind
    understood: Understood
    problems: tuple[Problem, ...]
    table: pd.DataFrame
    comments: pd.DataFrame
    instrument: Instrument | None
    sha256: str
    head: int = 1
    at_fault: tuple[tuple[Problem, Rows], ...] = ()
    mapping: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing of severity ``error`` was found: the file may be imported."""
        return not any(problem.severity == "error" for problem in self.problems)

    @property
    def faulty_rows(self) -> tuple[int, ...]:
        """The rows that hold an error, as the spreadsheet counts them."""
        rows = [found for problem, found in self.at_fault if problem.severity == "error"]
        return tuple(np.unique(np.concatenate(rows)).tolist()) if rows else ()

    def as_dict(self, lang: Language = "en") -> dict[str, object]:
        """Return what ``engage check --json`` prints."""
        known = self.understood
        document: dict[str, object] = {
            "dialect": known.dialect,
            "encoding": known.encoding,
            "delimiter": known.delimiter,
            "rows": known.rows,
            "respondents": known.respondents,
            "instrument": known.instrument,
            "items": dict(known.items),
            "comments": list(known.comments),
            "demographics": list(known.demographics),
            "ignored": list(known.ignored),
            "problems": [problem.as_dict(lang) for problem in self.problems],
            "preview": [list(row) for row in known.preview],
        }
        if self.kind != "responses":
            document["fields"] = dict(known.fields)
        return document


def read(
    path_or_bytes: str | Path | bytes,
    kind: Kind = "responses",
    instrument: str | Path | Instrument | None = None,
    mapping: str | Path | Mapping[str, Any] | None = None,
    *,
    name: str = "",
    surveys: Sequence[Path] = (),
    key: bytes | None = None,
) -> Reading:
    """Read one export file and return typed tables with every fault found, in one pass.

    The survey tool, encoding, delimiter and, for responses, the instrument are recognised unless told.
    Missing answers are NA; an answer that can't be understood is NA and an error problem; nothing is dropped
    without a problem that says so. ``name`` is the file's name for messages when bytes are given. ``surveys``
    are folders with questionnaires of one's own, beside those that come with the package; ``key`` is what
    pseudonyms are made with, if not the user's own.

    Raises ``InputError`` if the file isn't a readable table or the mapping is broken, ``UsageError`` if a
    file, kind or instrument does not exist.
    """
    rules = load_mapping(mapping)
    kind = _kind(kind, rules)
    where = name or (Path(path_or_bytes).name if not isinstance(path_or_bytes, bytes) else "")
    data = contents(path_or_bytes)
    digest = hashlib.sha256(data).hexdigest()
    try:
        grid = open_grid(
            data, encoding=rules.encoding or None, delimiter=rules.delimiter or None, sheet=rules.sheet
        )
        if kind != "comments" and grid.cells.shape[1] < 2:
            raise InputError("ingest.not_a_table")
        layout = lay_out(grid, answers=kind == "responses", long=rules.long, dialect=rules.dialect)
    except InputError as error:
        error.where = error.where or where
        raise
    faults = Faults()
    faults.extend((*grid.problems, *layout.problems))
    note_shape(grid, layout, faults)
    layout = without_personal(screen(layout, rules, faults), rules, faults)
    inspect(layout, rules, faults)
    if kind == "responses":
        return _responses(grid, layout, instrument, rules, digest, faults, surveys, key)
    return _records(kind, grid, layout, rules, digest, faults, key)


def _kind(kind: str, mapping: FileMapping) -> Kind:
    """Return the kind asked for; a mapping may say it where the caller left the default."""
    for name in filter(None, (kind, mapping.kind)):
        if name not in KINDS:
            raise UsageError("ingest.kind", kind=name, known=KINDS)
    if mapping.kind and mapping.kind != kind:
        if kind != "responses":
            raise UsageError("ingest.kind_conflict", kind=kind, mapped=mapping.kind)
        return mapping.kind  # type: ignore[return-value]
    return kind  # type: ignore[return-value]


def _responses(
    grid: Grid,
    layout: Layout,
    instrument: str | Path | Instrument | None,
    mapping: FileMapping,
    digest: str,
    faults: Faults,
    surveys: Sequence[Path],
    key: bytes | None,
) -> Reading:
    found = read_responses(layout, instrument, mapping, digest[:MARK], faults, surveys, key)
    found = replace(
        found,
        table=_renamed(found.table, mapping, faults),
        comments=_renamed(found.comments, mapping),
    )
    matched = found.matched
    understood = Understood(
        dialect=layout.dialect,
        encoding=grid.encoding,
        delimiter=grid.delimiter,
        rows=layout.filled,
        respondents=len(found.table),
        instrument=found.instrument.id if found.instrument else None,
        items={column.header: id for id, column in matched.items.items()},
        comments=tuple(column.header for columns in matched.questions.values() for column in columns),
        demographics={column.header: id for id, column in matched.demographics.items()},
        fields={column.header: id for id, column in matched.meta.items()},
        ignored=tuple(column.header for column in matched.ignored),
        anonymous=found.anonymous,
        preview=_preview(grid),
        recognition=layout.recognition,
        meanings=found.meanings,
        columns=tuple(column.header for column in layout.columns),
        identifiers=tuple(c.header for c in matched.ignored if c.role == "identifier"),
    )
    return Reading(
        "responses",
        understood,
        faults.problems(),
        found.table,
        found.comments,
        found.instrument,
        digest,
        layout.head,
        tuple(faults.at),
        mapping_of(found, mapping),
    )


def _records(
    kind: Kind,
    grid: Grid,
    layout: Layout,
    mapping: FileMapping,
    digest: str,
    faults: Faults,
    key: bytes | None,
) -> Reading:
    records = read_kind(kind, layout, mapping, faults, key)
    table = _renamed(records.table, mapping, faults)
    people = table["respondent"].nunique() if "respondent" in table else 0
    understood = Understood(
        dialect=layout.dialect,
        encoding=grid.encoding,
        delimiter=grid.delimiter,
        rows=layout.filled,
        respondents=int(people),
        comments=tuple(
            header for header, id in records.fields.items() if kind == "comments" and id == "text"
        ),
        fields=records.fields,
        ignored=records.ignored,
        preview=_preview(grid),
        recognition=layout.recognition,
        columns=tuple(column.header for column in layout.columns),
        identifiers=tuple(
            c.header for c in layout.columns if c.role == "identifier" and c.header in records.ignored
        ),
    )
    comments = table if kind == "comments" else empty_comments()
    return Reading(
        kind, understood, faults.problems(), table, comments, None, digest, layout.head, tuple(faults.at)
    )


def _renamed(table: pd.DataFrame, mapping: FileMapping, faults: Faults | None = None) -> pd.DataFrame:
    """Return the table with teams by their present names, as ``mapping.teams`` says.

    A staff list gets a column with the unit above each team, as ``mapping.parents`` says: a group that stays
    the same when its teams are parted or joined.
    """
    if "team" not in table or not (mapping.teams or mapping.parents):
        return table
    known = load_team_map({"teams": mapping.teams, "parents": mapping.parents})
    teams = known.renamed(table["team"])
    changed = (teams != table["team"]).fillna(False)
    if faults is not None and changed.any():
        pairs = zip(table["team"][changed], teams[changed], strict=True)
        shown = [f"{old} → {new}" for old, new in dict.fromkeys(pairs)]
        faults.add("teams_renamed", "info", count=len(shown), teams=named(shown))
    table = table.assign(team=teams)
    if mapping.parents and "hire_date" in table and _UNIT not in table:
        table[_UNIT] = known.above(teams)
    return table


def _preview(grid: Grid) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(" ".join(str(cell).split())[:_PREVIEWED_LENGTH] for cell in row)
        for row in grid.cells[:_PREVIEWED_ROWS]
    )
