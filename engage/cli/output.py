"""How results, progress and faults are printed: for a person, or as one JSON document on stdout."""

import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import typer

from engage.errors import EngageError, Rejected
from engage.words import Language, say

if TYPE_CHECKING:
    from engage.instrument import Instrument
    from engage.privacy import SafeTable
    from engage.workspace import Breaks, Learned

_EVERY: Final = 1.0
"""Seconds between two lines of progress."""


@dataclass(slots=True)
class Progress:
    """Prints how far a step is on stderr: when it begins, when it is done, and once a second between."""

    lang: Language
    _step: str = ""
    _said: float = field(default=-math.inf)

    def __call__(self, step: str, done: int, of: int) -> None:
        """Take a step's name, how far it is, and its length."""
        now = time.monotonic()
        if step == self._step and done < of and now - self._said < _EVERY:
            return
        self._step, self._said = step, now
        typer.echo(say(f"cli.step.{step}", self.lang, done=done, of=of), err=True)


@dataclass(slots=True)
class Pace:
    """Prints how far a step is on stderr, at how many a second since it began, and how much time is left."""

    lang: Language
    _begun: tuple[float, int] | None = None
    _said: float = field(default=-math.inf)

    def __call__(self, step: str, done: int, of: int) -> None:
        """Take a step's name, how far it is, and its length."""
        now = time.monotonic()
        if self._begun is None:
            self._begun = (now, done)
        elif done < of and now - self._said < _EVERY:
            return
        self._said = now
        line = say(f"cli.step.{step}", self.lang, done=done, of=of)
        begun, before = self._begun
        if done > before and now > begun:
            rate = (done - before) / (now - begun)
            minutes, seconds = divmod(round((of - done) / rate), 60)
            line += say("cli.pace", self.lang, rate=f"{rate:,.0f}", left=f"{minutes}:{seconds:02}")
        typer.echo(line, err=True)


def print_json(document: object) -> None:
    """Print one JSON document on stdout; numbers that don't exist are ``null``."""
    sys.stdout.write(json.dumps(_finite(document), ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def as_document(table: "SafeTable") -> dict[str, object]:
    """Lay a released table out for JSON; nothing but a ``SafeTable`` gets here."""
    frame = table.tidy()
    for column in frame.select_dtypes("datetime").columns:
        frame[column] = frame[column].dt.strftime("%Y-%m-%d")
    rows = json.loads(frame.to_json(orient="records", force_ascii=False))
    return {"kind": table.kind, "notes": dict(table.notes), "rows": rows}


def as_rows(told: "Breaks | Learned") -> list[dict[str, object]]:
    """Lay out for JSON what is about questionnaires or models, not about anybody: breaks of trends,
    learning.
    """
    rows: list[dict[str, object]] = json.loads(told.tidy().to_json(orient="records", force_ascii=False))
    return rows


def print_table(table: "SafeTable", instrument: "Instrument | None", lang: Language) -> None:
    """Print a released table in words; ``instrument`` knows the names of its scales."""
    import pandas as pd

    from engage.present.labels import Names
    from engage.present.tables import display

    shown = display(table, Names(instrument, lang))
    if shown.empty:
        typer.echo(say("cli.nothing", lang))
        return
    with pd.option_context("display.unicode.east_asian_width", True):
        typer.echo(shown.to_string(index=False, na_rep="–"))


def print_reading(document: Mapping[str, Any], lang: Language) -> None:
    """Print what was understood of a file, and its faults."""
    for name in ("dialect", "encoding", "delimiter", "rows", "respondents", "instrument"):
        if document[name] is not None:
            typer.echo(f"{say(f'cli.reading.{name}', lang)}: {document[name]}")
    for name in ("items", "fields"):
        if document.get(name):
            typer.echo(f"{say(f'cli.reading.{name}', lang)}:")
        for column, meaning in document.get(name, {}).items():
            typer.echo(f"  {column} → {meaning}")
    for name in ("demographics", "comments", "ignored"):
        if document[name]:
            typer.echo(f"{say(f'cli.reading.{name}', lang)}: {', '.join(document[name])}")
    print_problems(document["problems"], lang)


def print_problems(problems: Sequence[Mapping[str, Any]], lang: Language, *, err: bool = False) -> None:
    """Print the faults of a file, a line each."""
    for problem in problems:
        head = [say(f"cli.severity.{problem['severity']}", lang)]
        if problem["row"] is not None:
            head.append(say("cli.place.row", lang, row=problem["row"]))
        if problem["column"] is not None:
            head.append(say("cli.place.column", lang, column=problem["column"]))
        if problem["count"] > 1:
            head.append(f"×{problem['count']}")
        typer.echo(f"{' · '.join(head)}: {problem['reason']} {problem['remedy']}", err=err)


def print_failure(error: EngageError, lang: Language, *, as_json: bool) -> None:
    """Print what went wrong, where, and how to mend it: as JSON on stdout, or in words on stderr."""
    document = error.as_dict(lang)
    problems = [one.as_dict(lang) for one in error.problems] if isinstance(error, Rejected) else []
    if as_json:
        print_json({"error": document, **({"problems": problems} if problems else {})})
        return
    place = f" ({document['where']})" if document["where"] else ""
    typer.echo(f"{document['what']}{place} {document['remedy']}", err=True)
    print_problems(problems, lang, err=True)


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
