"""The empty table of a questionnaire: the columns that a file of its answers has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engage.errors import UsageError
from engage.instrument.model import Instrument
from engage.words import Language, say


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """A column: what it feeds, its heading, and the answers it takes (empty: any)."""

    id: str
    kind: Literal["field", "demographic", "item", "question"]
    heading: str
    answers: tuple[str, ...] = ()


def template(instruments: Sequence[Instrument], lang: Language) -> tuple[TemplateColumn, ...]:
    """Return the columns of one table that asks all of ``instruments``, headings and answers in ``lang``.

    First who answers and when, then background questions, items and open questions; what several of them ask
    (the team) stands once. A CSV file with these headings is read by :func:`engage.read`, each time with the
    instrument whose answers are wanted. Raises ``UsageError`` if one of them is not in ``lang``.
    """
    for instrument in instruments:
        if lang not in instrument.languages:
            raise UsageError(
                "instrument.not_in_language",
                where=instrument.id,
                id=instrument.id,
                name=lang,
                known=instrument.languages,
            )
    columns = [
        TemplateColumn(id, "field", say(f"instrument.column.{id}", lang)) for id in ("respondent", "started")
    ]
    for i in instruments:
        columns += [
            TemplateColumn(d.id, "demographic", d.text[lang], tuple(level.label[lang] for level in d.levels))
            for d in i.demographics
        ]
    for i in instruments:
        columns += [
            TemplateColumn(
                item.id, "item", item.text[lang], tuple(option.label[lang] for option in item.options)
            )
            for item in i.items
        ]
    for i in instruments:
        columns += [TemplateColumn(question.id, "question", question.text[lang]) for question in i.questions]
    first: dict[str, TemplateColumn] = {}
    for column in columns:
        first.setdefault(column.id, column)
    return tuple(first.values())
