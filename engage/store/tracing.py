"""Looking for somebody in everything a workspace keeps: in uploaded files, and in every byte afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engage.errors import InputError
from engage.ingest.files import open_grid
from engage.ingest.names import distinct, plain
from engage.ingest.pseudonyms import Pseudonyms, is_personal
from engage.ingest.values import clean
from engage.store import originals

_ENCODINGS: Final = ("utf-8", "gb18030", "utf-16-le", "cp1251")
_TELLING: Final = 8
"""Characters from which on a text is nobody else's by chance: a number such as 1007 is in many cells."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person to look for: the id they are known by, and every pseudonym they may be stored under."""

    id: str
    names: frozenset[str]

    @classmethod
    def known_as(cls, id: str, pseudonyms: Pseudonyms) -> "Somebody":
        """Return who is known by ``id``, an id or a pseudonym."""
        return cls(clean(id), frozenset(pseudonyms.known_as(id)))

    @property
    def telling(self) -> bool:
        """Whether the id can be looked for anywhere: it is long, or has letters among its digits."""
        return len(self.id) >= _TELLING or (len(self.id) > 3 and not self.id.isdigit())

    def is_(self, value: str) -> bool:
        """Return whether a cell of a file is this person's id."""
        written = clean(value)
        return written == self.id or (is_personal(written) and plain(written) == plain(self.id))


def words_in(
    content: bytes, who: Somebody, pseudonyms: Pseudonyms, people: frozenset[str]
) -> set[str] | None:
    """Return what only this person's rows of an uploaded file say, or ``None`` if it has no row of theirs.

    A row is theirs if it has their id, in a column of ids where the id is a number as any other: one whose
    values are, for the most part, ids of the workspace's ``people``. Of a file that can't be read again it is
    told whether the id is anywhere in its bytes.
    """
    try:
        cells = open_grid(content).cells
    except InputError:
        spelt = {who.id.encode(name, "ignore") for name in _ENCODINGS}
        return set() if who.telling and any(one in content for one in spelt) else None
    theirs = np.zeros(len(cells), dtype=bool)
    for column in cells.columns:
        codes, values = distinct(column)
        mine = np.array([who.is_(value) for value in values], dtype=bool)
        if mine.any() and (who.telling or _names_people(values, pseudonyms, people)):
            theirs |= mine[codes]
    if not theirs.any():
        return None
    words: set[str] = set()
    for column in cells.columns:
        codes, values = distinct(column)
        alone = np.setdiff1d(codes[theirs], codes[~theirs])
        words |= {values[code] for code in alone if len(values[code]) > 1 and not values[code].isdigit()}
    return words


def _names_people(values: Sequence[str], pseudonyms: Pseudonyms, people: frozenset[str]) -> bool:
    filled = {clean(value) for value in values} - {""}
    known = sum(any(name in people for name in pseudonyms.known_as(value)) for value in filled)
    return 2 * known >= len(filled)


def search(folder: Path, needles: Iterable[str], key: bytes) -> tuple[int, tuple[str, ...]]:
    """Search every file for texts: return how many files were searched, and the names of those with a hit.

    Tables' files are searched as bytes and, unpacked, value by value; originals are decrypted first.
    """
    wanted = {one for one in needles if one}
    spelt = [one.encode(name, "ignore") for one in wanted for name in _ENCODINGS]
    spelt = [one for one in spelt if one]
    searched, hits = 0, []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        searched += 1
        content = file.read_bytes()
        if file.parent.name == "originals" and originals.read_header(file) is not None:
            content = originals.load(file.parent, file.name, key)
        unpacked = file.suffix == ".parquet" and _holds(file, wanted)
        if unpacked or any(one in content for one in spelt):
            hits.append(file.relative_to(folder).as_posix())
    return searched, tuple(hits)


def _holds(file: Path, wanted: Iterable[str]) -> bool:
    table = pq.ParquetFile(file).read()
    for name in table.schema.names:
        kind = table.schema.field(name).type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            values = table[name].unique().to_pylist()
            if any(one in value for value in values if value for one in wanted):
                return True
    return False
