"""Norms of a workspace: what others answered on the same scales, read from files and kept as notes."""

import json
import math
from dataclasses import asdict
from pathlib import Path

from engage.errors import TooLittleData, UsageError
from engage.ingest.norms import read_norms
from engage.instrument import Norm
from engage.store import Note, Store
from engage.workspace.base import ALL_WAVES, Base


class Norms(Base):
    """The part of a workspace that holds what results are laid beside. Norms are nobody's answers here."""

    def norms(self) -> tuple[Norm, ...]:
        """Return the norms that stand, source by source in the order they were first added."""
        store = self._store()
        found: dict[str, tuple[Norm, ...]] = {}
        for note in store.notes() if store else ():
            if note.kind == "norm":
                found[note.target] = tuple(map(_norm, json.loads(note.value or "[]")))
        return tuple(norm for kept in found.values() for norm in kept)

    def add_norms(self, path: str | Path | bytes, *, source: str = "", who: str = "") -> tuple[Norm, ...]:
        """Keep the norms of a table (CSV, Excel) and return them; a source's take the place of its earlier.

        Columns: scale (an id or a name of the questionnaire's), mean on the scale's own range or share of
        favourable answers, source (or ``source`` for the whole file), and, if known, n and period. Nothing of
        a file with a fault is kept. Raises ``Rejected`` with every fault and its row, ``InputError``,
        ``UsageError`` if there is no such file, ``TooLittleData`` while nothing is imported.
        """
        read = read_norms(path, self.instrument(ALL_WAVES), source=source)
        for name in dict.fromkeys(norm.source for norm in read):
            rows = [_row(norm) for norm in read if norm.source == name]
            self._keep_norms(name, json.dumps(rows, ensure_ascii=False), who, len(rows))
        return read

    def remove_norms(self, source: str, *, who: str = "") -> None:
        """Take the norms of a source away. Raises ``UsageError`` for a source that there is none of."""
        known = tuple(dict.fromkeys(norm.source for norm in self.norms()))
        if source not in known:
            raise UsageError("norms.unknown_source", where=source, name=source, known=known or "–")
        self._keep_norms(source, "", who, 0)

    def _keep_norms(self, source: str, value: str, who: str, rows: int) -> None:
        store = self._stored()
        name = self.who if self.person else " ".join(who.split()) or self.who
        store.note(Note("norm", value=value, target=source, who=name))
        self._audit("norms", rows=rows)

    def _stored(self) -> Store:
        store = self._store()
        if store is None:
            raise TooLittleData("workspace.no_wave", where=str(self.path))
        return store


def _row(norm: Norm) -> dict[str, object]:
    """Return a norm for JSON, which has no NaN."""
    return {name: None if value != value else value for name, value in asdict(norm).items()}


def _norm(row: dict[str, object]) -> Norm:
    figures = {name: math.nan for name in ("mean", "favourable") if row[name] is None}
    return Norm(**{**row, **figures})  # type: ignore[arg-type]
