"""What was read in a file, in words: sentences, tables beside each other, problems. The uploader's own file.

Pure functions over a :class:`Reading`; no id that the code uses is shown to a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from engage.errors import EngageError, Problem
from engage.ingest import Kind, Reading
from engage.instrument import Instrument, Item
from engage.present.labels import Names
from engage.words import Language, known, pick, say

_MARKS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_NAMED: Final = 6  # columns named in a sentence
ENCODINGS: Final = {"utf-8-sig": "UTF-8", "gb18030": "GBK / GB18030", "cp1252": "Windows-1252"} | {
    "cp1251": "Windows-1251", "utf-16-le": "UTF-16 (LE)", "utf-16-be": "UTF-16 (BE)",
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """The words for the ids in a reading: ``titles`` are those of the questionnaires there are."""

    lang: Language
    kind: Kind
    instrument: Instrument | None
    titles: Mapping[str, str] = field(default_factory=dict)

    def say(self, key: str, /, **params: object) -> str:
        """Return a sentence of the catalogue ``reading``."""
        return say(f"reading.{key}", self.lang, **params)

    @property
    def names(self) -> Names:
        """Names of scales and groups of the questionnaire."""
        return Names(self.instrument, self.lang)

    def title(self, id: object) -> str:
        """Return the name of a questionnaire."""
        if self.instrument is not None and self.instrument.id == id:
            return pick(self.instrument.name, self.lang)
        return self.titles.get(str(id), str(id))

    def field(self, id: str) -> str:
        """Return the name of a field of a file that isn't survey answers, or of a response."""
        own = f"reading.field.{self.kind}_{id}"
        key = own if known(own) else f"reading.field.{id}"
        return say(key, self.lang) if known(key) else self.names.demographic(id)

    def item(self, id: str) -> str:
        """Return the wording of a question."""
        found = self._in("items", id)
        return pick(found.text, self.lang) if found else id

    def quoted(self, text: str) -> str:
        """Return a wording as it stands inside a sentence."""
        return self.say("quoted", text=text.rstrip("。.?？!！ "))

    def target(self, id: str) -> str:
        """Return what a column was taken for: a question, a group, an open question, a field."""
        if self._in("items", id):
            return self.item(id)
        if self._in("demographics", id):
            return self.names.demographic(id)
        return self.names.question(id) if self._in("questions", id) else self.field(id)

    def value(self, id: object) -> str:
        """Return the word for a value that a field knows, such as ``voluntary``."""
        for group in ("", "leave_type.", "source.", "unit.", "type.", "method."):
            if known(f"reading.word.{group}{id}"):
                return self.say(f"word.{group}{id}")
        return str(id)

    def _in(self, group: str, id: str) -> Any:
        things = getattr(self.instrument, group) if self.instrument is not None else ()
        return next((thing for thing in things if thing.id == id), None)


def words_of(reading: Reading, lang: Language, titles: Mapping[str, str]) -> Words:
    """Return the words for a reading."""
    return Words(lang, reading.kind, reading.instrument, titles)


def encoding_name(encoding: str) -> str:
    """Return an encoding as people write it."""
    return ENCODINGS.get(encoding, encoding.upper())


def delimiter_name(mark: str, lang: Language) -> str:
    """Return the name of a separator."""
    return say(f"reading.delimiter.{_MARKS.get(mark, 'other')}", lang, mark=mark)


def summary(reading: Reading, words: Words) -> tuple[str, ...]:
    """Return what was understood of a file as a whole, a sentence each."""
    facts = reading.understood
    tool = f"tool.{facts.dialect}"
    first = words.say(
        f"summary.{'answers' if facts.respondents else 'records'}",
        kind=words.say(f"kind.{reading.kind}"),
        tool=words.say(tool),
        form=_form(reading, words),
        rows=facts.rows,
        people=facts.respondents,
    )
    lines = [("" if words.lang == "zh" else " ").join(filter(None, (first, _when(reading, words))))]
    if reading.kind == "responses" and reading.instrument is not None:
        lines.append(
            words.say(
                "summary.questionnaire",
                name=words.title(reading.instrument.id),
                total=len(reading.instrument.items),
                found=len(facts.items),
                groups=len(facts.demographics),
                comments=len(facts.comments),
            )
        )
    settled = reading.kind != "responses" or reading.instrument is not None
    return (*lines, *(_persons(reading, words) if settled else ()))


def _form(reading: Reading, words: Words) -> str:
    facts = reading.understood
    if facts.encoding is None:
        return words.say("form.book")
    encoding = encoding_name(facts.encoding)
    if facts.delimiter is None:
        return words.say("form.column", encoding=encoding)
    return words.say("form.text", encoding=encoding, delimiter=delimiter_name(facts.delimiter, words.lang))


def _when(reading: Reading, words: Words) -> str:
    if reading.kind != "responses" or reading.table["started"].isna().all():
        return ""
    days = reading.table["started"].dropna()
    return words.say("summary.when", first=days.min().date(), last=days.max().date())


def _persons(reading: Reading, words: Words) -> list[str]:
    """Return how people are told apart, and what would tell who they are."""
    facts, lines = reading.understood, []
    column = next((header for header, id in facts.fields.items() if id == "respondent"), "")
    hidden = [p.column for p in reading.problems if p.code == "ingest.respondent_pseudonym"]
    if hidden:
        lines.append(words.say("summary.pseudonyms", column=hidden[0] or column))
    elif column:
        lines.append(words.say("summary.known_by", column=column))
    elif facts.anonymous:
        lines.append(words.say("summary.anonymous"))
    if facts.identifiers:
        shown = [*facts.identifiers[:_NAMED], *(["…"] if len(facts.identifiers) > _NAMED else [])]
        lines.append(words.say("summary.dropped", columns=shown))
    return lines


def columns_table(reading: Reading, words: Words) -> pd.DataFrame:
    """Return each column of the file beside what it was taken for, in the file's order."""
    facts = reading.understood
    found: dict[str, tuple[str, str]] = dict.fromkeys(facts.ignored, ("ignored", ""))
    found |= dict.fromkeys(facts.identifiers, ("identifier", ""))
    role = "meta" if reading.kind == "responses" else "field"
    found |= {header: (role, words.field(id)) for header, id in facts.fields.items()}
    found |= {header: ("comment", _question(reading, header, words)) for header in facts.comments}
    found |= {header: ("demographic", words.target(id)) for header, id in facts.demographics.items()}
    for header, id in facts.items.items():
        scale = reading.instrument.item(id).scale if reading.instrument else ""
        found[header] = ("item", f"{words.item(id)}（{words.names.scale(scale)}）" if words.lang == "zh"
                         else f"{words.item(id)} ({words.names.scale(scale)})")  # fmt: skip
    order = {header: place for place, header in enumerate(facts.columns)}
    rows = [
        (header, words.say(f"means.{means}"), text)
        for header, (means, text) in sorted(found.items(), key=lambda one: order.get(one[0], len(order)))
    ]
    return _table(rows, words, "file", "taken", "meaning")


def _question(reading: Reading, header: str, words: Words) -> str:
    id = reading.mapping.get("comments", {}).get(header, "")
    return "" if id == header else words.target(str(id)) if id else ""


def answers_tables(reading: Reading, words: Words) -> tuple[pd.DataFrame, ...]:
    """Return what each answer was taken for, with how often: a table per set of answer options."""
    tables = []
    for items, meanings in option_sets(reading):
        tally: dict[tuple[str, str, float], list[int]] = {}
        for meaning in meanings:
            for label, value, count in meaning.labels:
                if value is not None:
                    key = (label, value_name(items[0], value, words), float(value))
                else:
                    wrong = label in meaning.at_fault
                    key = (label, words.say("not_understood" if wrong else "no_answer"), float("inf"))
                entry = tally.setdefault(key, [0, 0])
                entry[0], entry[1] = entry[0] + count, entry[1] + 1
        rows = [
            (label, taken, str(times), str(questions))
            for (label, taken, _), (times, questions) in sorted(tally.items(), key=lambda one: one[0][2])
        ]
        tables.append(_table(rows, words, "answer", "value", "times", "questions"))
    return tuple(tables)


def option_sets(reading: Reading) -> list[tuple[list[Item], list[Any]]]:
    """Return the matched items and their meanings, by the answer options that they share."""
    sets: dict[tuple[Any, ...], tuple[list[Item], list[Any]]] = {}
    for meaning in reading.understood.meanings:
        if reading.instrument is None:
            break
        item = reading.instrument.item(meaning.item)
        key = tuple((option.value, *sorted(option.label.items())) for option in item.options)
        items, meanings = sets.setdefault(key, ([], []))
        items.append(item)
        meanings.append(meaning)
    return list(sets.values())


def value_name(item: Item, value: int, words: Words) -> str:
    """Return an answer option with its value."""
    label = next((pick(o.label, words.lang) for o in item.options if o.value == value), "")
    same = not label or label == str(value)
    return str(value) if same else words.say("value_and_label", value=value, label=label)


def preview_table(rows: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Return the first rows of the file; headers that occur twice are told apart by their place."""
    header, *body = rows or ((),)
    twice = len(set(header)) < len(header)
    names = [f"{place} {name}" if twice else name for place, name in enumerate(header, start=1)]
    return pd.DataFrame([list(row) for row in body], columns=names)


def problems_table(problems: Sequence[Problem], words: Words, shown: Any) -> pd.DataFrame:
    """Return problems with severity, row, column, reason, remedy and count.

    ``shown`` makes text fit for where the table is drawn (Markdown, or as it is).
    """
    rows = [
        (
            words.say(f"severity.{problem.severity}"),
            "" if problem.row is None else str(problem.row),
            shown(problem.column or ""),
            shown(reason(problem, words)),
            shown(remedy(problem, words)),
            str(problem.count),
        )
        for problem in problems
    ]
    return _table(rows, words, "severity", "row", "place", "reason", "remedy", "count")


def reason(problem: Problem, words: Words) -> str:
    """Return what is wrong, with names in place of ids."""
    return _sentence(problem, words, "what")


def remedy(problem: Problem, words: Words) -> str:
    """Return how to mend it on the page."""
    return _sentence(problem, words, "mend")


def refusal(error: EngageError, lang: Language) -> tuple[str, str]:
    """Return why a file was refused as a whole, and what to do on the page."""
    words, problem = Words(lang, "responses", None), Problem(error.code, "error", params=error.params)
    return reason(problem, words), remedy(problem, words)


def _sentence(problem: Problem, words: Words, part: str) -> str:
    own = f"reading.{part}.{problem.code.partition('.')[2]}"
    key = own if known(own) else f"{problem.code}.{'remedy' if part == 'mend' else part}"
    params = {name: _named(name, value, problem, words) for name, value in problem.params.items()}
    return say(key, words.lang, **params)


def _named(name: str, value: Any, problem: Problem, words: Words) -> Any:
    """Return a parameter of a problem as a person would say it."""
    if isinstance(value, (list, tuple)):
        return [_named(name, one, problem, words) for one in value]
    match name:
        case "instrument":
            return words.quoted(words.title(value))
        case "known":
            return words.title(value) if problem.code == "ingest.no_instrument" else words.value(value)
        case "item" | "items":
            return words.quoted(words.item(str(value)))
        case "id" | "near":
            return words.quoted(words.target(str(value)))
        case "demographic":
            return words.names.demographic(str(value))
        case "field" | "fields" | "roles":
            return words.field(str(value))
        case "unit":
            return words.value(value)
        case "kind":
            return words.say(f"kind.{value}")
        case "dialect":
            return words.say(f"tool.{value}") if known(f"reading.tool.{value}") else value
        case "encoding":
            return encoding_name(str(value))
    return value


def _table(rows: Sequence[tuple[str, ...]], words: Words, *heads: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[words.say(f"column.{head}") for head in heads])
