"""What kind of file it is, where its headings tell; and the words of a column that were not understood."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engage.errors import InputError, Problem
from engage.ingest.dialects import lay_out
from engage.ingest.files import contents, open_grid
from engage.ingest.mapping import load_mapping
from engage.ingest.names import fold_field, synonyms
from engage.ingest.reading import Kind, Reading, read
from engage.instrument import Instrument

_NEEDED: Final[Mapping[Kind, frozenset[str]]] = {
    "people": frozenset({"respondent"}),
    "service": frozenset({"team", "month"}),
    "programmes": frozenset({"programme", "member", "start"}),
    "plan": frozenset({"role_group"}),
    "activities": frozenset({"team", "month"}),
    "comments": frozenset({"text"}),
    "tickets": frozenset({"branch", "opened", "due"}),
    "inspections": frozenset({"case", "criterion", "score"}),
}
"""Fields without which a file is not of a kind."""
_TELLING: Final[Mapping[Kind, frozenset[str]]] = {
    "people": frozenset({"hire_date", "leave_date", "leave_type", "left"}),
    "service": frozenset({"csat", "on_time", "quality", "handled"}),
    "programmes": frozenset({"programme"}),
    "plan": frozenset({"target"}),
    "activities": frozenset({"service_stars", "suggestions", "answered", "interviews"}),
    "comments": frozenset({"text"}),
    "tickets": frozenset({"due"}),
    "inspections": frozenset({"criterion"}),
}
"""Fields that hardly any other kind has; one of them is asked for."""
_ENOUGH: Final = 0.25  # share of the headings that a kind must know
_SEVERAL, _MOST = 3, 0.5  # headings, and their share, that make up for a field that is needed and not there


def guess_kind(reading: Reading) -> Kind:
    """Return what a file is, from how it was read as survey answers.

    Answers where a questionnaire was recognised, or a survey tool wrote it; else the kind whose fields most
    headings name, if one is there that only it has, a quarter of the headings are its own, and all it needs
    are there (or half of the headings are its own); else answers.
    """
    facts = reading.understood
    if reading.instrument is not None or not facts.dialect.startswith("plain"):
        return "responses"
    scores = [(_share(kind, row), kind) for kind in _NEEDED for row in facts.preview]
    share, kind = max(scores, key=lambda pair: pair[0], default=(0.0, "responses"))
    return kind if share >= _ENOUGH else "responses"


def _share(kind: Kind, row: Sequence[str]) -> float:
    words = synonyms(kind)
    headings = [fold_field(cell) for cell in row if cell]
    found = {words[heading] for heading in headings if heading in words}
    share = len(found) / len(headings) if headings else 0.0
    whole = found >= _NEEDED[kind] or (len(found) >= _SEVERAL and share >= _MOST)
    return share if whole and found & _TELLING[kind] else 0.0


def read_guessing(
    path_or_bytes: str | Path | bytes,
    instrument: str | Path | Instrument | None = None,
    mapping: Mapping[str, Any] | None = None,
    *,
    name: str = "",
    surveys: Sequence[Path] = (),
) -> Reading:
    """Read a file as the kind that its headings tell; raises as :func:`engage.ingest.read`."""
    if mapping and mapping.get("kind"):
        return read(path_or_bytes, mapping["kind"], instrument, mapping, name=name, surveys=surveys)
    try:
        reading = read(path_or_bytes, "responses", instrument, mapping, name=name, surveys=surveys)
    except InputError as error:
        if error.code != "ingest.not_a_table":
            raise
        try:
            alone = read(path_or_bytes, "comments", None, mapping, name=name)  # a list of comments, perhaps
        except InputError:
            raise error from None
        if not alone.ok:
            raise
        return alone
    kind = guess_kind(reading)
    return reading if kind == "responses" else read(path_or_bytes, kind, None, mapping, name=name)


def words_at_fault(
    path_or_bytes: str | Path | bytes, reading: Reading, mapping: Mapping[str, Any] | None, problem: Problem
) -> tuple[str, ...]:
    """Return the different words of ``problem.column`` in the rows that the problem is of, as written.

    For files that aren't survey answers: of those, :attr:`Understood.meanings` has the words.
    """
    rules = load_mapping(mapping)
    grid = open_grid(
        contents(path_or_bytes),
        encoding=rules.encoding or None,
        delimiter=rules.delimiter or None,
        sheet=rules.sheet,
    )
    layout = lay_out(grid, answers=False, dialect=rules.dialect)
    at = next((rows for one, rows in reading.at_fault if one == problem), ())
    places = [column.position for column in layout.columns if column.header == problem.column]
    if not places:
        return ()
    wanted = {int(row) for row in at}
    cells = layout.cells[:, places[0]].__array__()
    found = (str(c).strip() for c, row in zip(cells, layout.first_rows, strict=True) if int(row) in wanted)
    return tuple(dict.fromkeys(found))
