"""Empty tables to fill in: one for each kind of file, a mapping and a team map; read back as they are."""

from collections.abc import Iterable
from typing import Final, Literal, get_args

from engage.ingest.exports import csv_bytes
from engage.ingest.kinds import FIELDS
from engage.ingest.names import headers
from engage.ingest.scales import in_language
from engage.instrument import Instrument
from engage.words import Language, pick, say

TemplateKind = Literal["responses", "comments", "people", "service", "programmes", "mapping", "teams"]
TEMPLATES: Final[tuple[TemplateKind, ...]] = get_args(TemplateKind)
_RESPONSES: Final = ("respondent", "submitted", "seconds")


def template(kind: TemplateKind, *, instrument: Instrument | None = None, lang: Language = "en") -> bytes:
    """Return an empty table with the headings of a kind as CSV; for ``mapping`` and ``teams``, YAML.

    ``responses`` needs an ``instrument``: its items, demographics and open questions head the columns.
    """
    if kind in ("mapping", "teams"):
        return say(f"template.{kind}", lang).encode()
    if kind == "responses":
        head = [_heading("responses", field, lang) for field in _RESPONSES]
        if instrument is not None:
            head += [pick(demographic.text, lang) for demographic in instrument.demographics]
            head += [pick(item.text, lang) for item in instrument.items]
            head += [pick(question.text, lang) for question in instrument.questions]
        return csv_bytes([head])
    return csv_bytes([[_heading(kind, field, lang) for field in FIELDS[kind]]])


def _heading(kind: str, field: str, lang: Language) -> str:
    """Return the first word for a field that is in the language, else the field's own name."""
    words: Iterable[str] = headers()[kind][field] or ()
    return (
        field if lang == "en" else next((str(word) for word in words if in_language(str(word), lang)), field)
    )
