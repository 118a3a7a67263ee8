"""Empty tables to fill in: one for each kind of file, a mapping and a team map; read back as they are."""

from collections.abc import Iterable
from typing import Final, Literal, get_args

from engage.ingest.exports import csv_bytes
from engage.ingest.kinds import FIELDS
from engage.ingest.names import headers
from engage.ingest.scales import in_language
from engage.words import Language, say

TemplateKind = Literal[
    "comments", "people", "service", "programmes", "tickets", "inspections", "plan", "activities",
    "mapping", "teams",
]  # fmt: skip
TEMPLATES: Final[tuple[TemplateKind, ...]] = get_args(TemplateKind)


def kind_template(kind: TemplateKind, lang: Language) -> bytes:
    """Return an empty table with the headings of a kind as CSV; for ``mapping`` and ``teams``, YAML.

    For answers see :func:`engage.instrument.template`.
    """
    if kind in ("mapping", "teams"):
        return say(f"template.{kind}", lang).encode()
    return csv_bytes([[_heading(kind, field, lang) for field in FIELDS[kind]]])


def _heading(kind: str, field: str, lang: Language) -> str:
    """Return the first word for a field that is in the language, else the field's own name."""
    words: Iterable[str] = headers()[kind][field] or ()
    return (
        field if lang == "en" else next((str(word) for word in words if in_language(str(word), lang)), field)
    )
