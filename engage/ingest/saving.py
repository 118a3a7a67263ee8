"""The mapping of one wave, saved so that the next wave is read the same way; YAML that a person may edit."""

from typing import TYPE_CHECKING, Any, Final

import yaml

from engage.ingest.dialects import Column
from engage.ingest.mapping import FileMapping
from engage.ingest.responses import Responses

if TYPE_CHECKING:
    from engage.ingest.reading import Reading

_HEAD: Final = (
    "# How the columns and answers of a survey export were understood. Edit freely; used with --mapping.\n"
)
_TEXTS: Final = ("respondent", "date_format", "encoding", "delimiter", "sheet", "dialect")


def mapping_of(found: Responses, rules: FileMapping) -> dict[str, Any]:
    """Return the mapping that reads a file like this one the same way.

    What the user told stays; each column that was matched is named, also those matched by likeness; words
    that a usual scale explained get their values. What the instrument explains by itself is not repeated.
    """
    document: dict[str, Any] = {"instrument": found.instrument.id} if found.instrument else {}
    document |= {name: getattr(rules, name) for name in _TEXTS if getattr(rules, name)}
    matched = found.matched
    if "respondent" in matched.meta and not rules.respondent:
        document["respondent"] = matched.meta["respondent"].header
    document["columns"] = {column.header: id for id, column in matched.items.items()}
    document["demographics"] = {column.header: id for id, column in matched.demographics.items()}
    document["comments"] = {c.header: id for id, columns in matched.questions.items() for c in columns}
    document["ignore"] = [column.header for column in matched.ignored if _worth_naming(column)]
    document["missing"] = sorted(rules.missing)
    document["values"] = {id: dict(words) for id, words in (*rules.values.items(), *_settled(found).items())}
    document["first_option"] = dict(rules.first_option)
    document["keep"], document["drop"] = sorted(rules.keep), sorted(rules.drop)
    document["long"] = dict(rules.long or {})
    document["teams"], document["parents"] = dict(rules.teams), dict(rules.parents)
    return {key: value for key, value in document.items() if value}


def _worth_naming(column: Column) -> bool:
    return column.role in ("question", "option")


def _settled(found: Responses) -> dict[str, dict[str, Any]]:
    """Return the values of words that a usual scale explained, by item."""
    return {
        one.item: {label: value for label, value, _ in one.labels if value is not None}
        for one in found.meanings
        if one.by_usual_scale
    }


def as_yaml(reading: "Reading") -> str:
    """Return the saved mapping of a reading as YAML."""
    return _HEAD + yaml.safe_dump(dict(reading.mapping), allow_unicode=True, sort_keys=False, width=120)
