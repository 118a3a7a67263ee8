"""Which columns name people, and how what is stored there becomes a pseudonym."""

import re
from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.compute as pc

from engage.errors import EngageError
from engage.ingest.pseudonyms import Pseudonyms
from engage.ingest.reading import MARK
from engage.ingest.responses import STAND_IN

PERSON = "person"
"""The unit of a programme whose members are people and not teams."""


def id_column(table: str) -> str | None:
    """Return the column of a stored table that names people; ``None`` if it names nobody."""
    if table.startswith("responses_") or table in ("comments", "people", "members", "inspections"):
        return "respondent"
    return "member" if table == "programmes" else None


def stand_ins(digests: Iterable[str]) -> Callable[[str], bool]:
    """Return what tells the ids that ingest gave to people without one, in files with these hashes."""
    marks = {digest[:MARK] for digest in digests}
    form = re.compile(STAND_IN)

    def known(id: str) -> bool:
        return id.startswith("row-") and form.fullmatch(id) is not None and id.rpartition("-")[2] in marks

    return known


def without_ids(
    name: str, table: pa.Table, pseudonyms: Pseudonyms, nobody: Callable[[str], bool]
) -> pa.Table:
    """Return ``table`` with pseudonyms for people: what is one already, and whom ``nobody`` tells, stays.

    Raises as :func:`with_people`.
    """
    return with_people(name, table, lambda id: id if nobody(id) else pseudonyms.stored(id))


def with_people(name: str, table: pa.Table, called: Callable[[str], str]) -> pa.Table:
    """Return ``table`` with people as they are ``called``; each distinct id is asked for once.

    Raises ``EngageError`` should two of them be called the same.
    """
    column = id_column(name)
    if column is None or column not in table.schema.names:
        return table
    ids = table[column].combine_chunks().dictionary_encode()
    known = ids.dictionary.to_pylist()
    hashed = [called(id) for id in known]
    if len(set(hashed)) < len(known):
        raise EngageError("rights.pseudonyms_collide", where=name)
    people: pa.Array = pa.array(hashed, pa.string()).take(ids.indices)
    if column == "member":
        teams = pc.fill_null(pc.not_equal(table["unit"], PERSON), False)
        people = pc.if_else(teams, table[column], people)
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), people)
