"""From YAML to a checked instrument. The tree is composed, not loaded, so that every fault has its line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from engage.errors import InputError, Problem
from engage.instrument.model import (
    RATERS,
    RESERVED,
    ROLES,
    Demographic,
    Instrument,
    Item,
    Level,
    Option,
    Question,
    RatedBy,
    Role,
    Scale,
    nearest,
)
from engage.words import LANGUAGES, Language, say

_ID: Final = re.compile(r"[a-z][a-z0-9_]*(\.v\d+)?")
_LARGEST_VALUE: Final = 100  # answers are stored as int8; negative codes mean "missing" in survey tools
_TAG: Final = "tag:yaml.org,2002:"
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 50
"""No questionnaire is nested deeper; the C loader, 25 times as fast, crashes where nesting has no end."""


class InstrumentError(InputError):
    """An instrument file with faults; ``problems`` holds each of them, ``row`` being the line in the file."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.row or 0, p.code)))
        super().__init__("instrument.broken", where=f"{file}:{self.problems[0].row}", count=len(problems))

    def what(self, lang: Language = "en") -> str:
        """Return every fault with its line, in words."""
        lines = [say("instrument.line", lang, line=p.row, fault=p.reason(lang)) for p in self.problems]
        return say("instrument.broken.what", lang, count=len(lines), faults="\n".join(lines))

    def remedy(self, lang: Language = "en") -> str:
        """Return the distinct remedies, in words."""
        distinct = dict.fromkeys(p.remedy(lang) for p in self.problems)
        return say("instrument.broken.remedy", lang, remedies=" ".join(distinct))


def parse_instrument(document: str, *, file: str = "instrument.yaml") -> Instrument:
    """Return the instrument written in ``document`` (YAML text); ``file`` only names it in faults.

    Raises ``InstrumentError``.
    """
    problems: list[Problem] = []
    try:
        root = _composed(document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.append(Problem("instrument.not_yaml", "error", row=mark.line + 1 if mark else 1))
        raise InstrumentError(file, problems) from error
    except (yaml.YAMLError, RecursionError) as error:
        # a control character, or nesting deeper than any questionnaire
        problems.append(Problem("instrument.not_yaml", "error", row=1))
        raise InstrumentError(file, problems) from error
    if not isinstance(root, MappingNode):
        line = root.start_mark.line + 1 if root else 1
        raise InstrumentError(file, [Problem("instrument.not_an_instrument", "error", row=line)])
    instrument = _Reader(problems).instrument(root, document)
    if problems:
        raise InstrumentError(file, problems)
    return instrument


def _composed(document: str) -> Node | None:
    depth = 0
    for event in yaml.parse(document, Loader=_LOADER):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST:
            raise RecursionError
    return yaml.compose(document, Loader=_LOADER)


class _Reader:
    """Turns the YAML tree into an :class:`Instrument`, collecting faults instead of stopping at the first.

    After a fault it carries on with a stand-in value; the caller discards the result if there are faults.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        self.languages: tuple[Language, ...] = ()
        self.first_line: dict[str, int] = {}
        self.responses: dict[str, tuple[Option, ...]] = {}
        self.wordings: dict[str, str] = {}
        self.target_keys: dict[str, dict[str, Node]] = {}

    def instrument(self, root: MappingNode, document: str) -> Instrument:
        keys = ("instrument", "version", "name", "source", "licence", "responses", "scales")
        optional = ("rated_by", "targets_by", "demographics", "questions")
        top = self.mapping(root, "instrument", required=keys, optional=optional)
        name = self.declared_languages(top.get("name"))
        self.responses = {
            id: self.options(node, id) for id, _, node in self.entries(top.get("responses"), "responses")
        }
        scales, items = self.scales(top.get("scales"))
        demographics = self.demographics(top.get("demographics"))
        targets_by = self.targets_by(top.get("targets_by"), demographics)
        return Instrument(
            id=self.identifier(top.get("instrument")),
            version=self.integer(top.get("version"), "version", lowest=1, highest=10_000),
            name=name,
            source=self.string(top.get("source"), "source"),
            licence=self.string(top.get("licence"), "licence"),
            languages=self.languages,
            items=items,
            scales=scales,
            demographics=demographics,
            questions=self.questions(top.get("questions")),
            document=document,
            rated_by=self.rated_by(top.get("rated_by")),
            targets_by=targets_by,
        )

    def scales(self, node: Node | None) -> tuple[tuple[Scale, ...], tuple[Item, ...]]:
        scales: list[Scale] = []
        items: list[Item] = []
        for id, key, body in self.entries(node, "scales"):
            self.unique(id, key)
            required = ("role", "name", "responses", "items")
            fields = self.mapping(body, id, required=required, optional=("targets",))
            options = self.named_options(fields.get("responses"), id)
            own: list[str] = []
            for item_id, item_key, item in self.entries(fields.get("items"), f"{id}.items"):
                self.unique(item_id, item_key)
                items.append(self.item(item, item_id, id, options))
                self.one_wording(items[-1], item_key)
                own.append(item_id)
            name = self.text(fields.get("name"), f"{id}.name")
            targets = self.targets(fields.get("targets"), id, options)
            scales.append(Scale(id, name, self.role(fields.get("role"), id), tuple(own), targets))
        return tuple(scales), tuple(items)

    def one_wording(self, item: Item, key: Node) -> None:
        """A version asks an item in one wording; the earlier ones are in the earlier versions."""
        first = self.wordings.setdefault(item.root, item.id)
        if first != item.id:
            self.fault("two_wordings", key, id=item.id, first=first)

    def targets(self, node: Node | None, scale: str, options: Sequence[Option]) -> Mapping[str, int]:
        name = f"{scale}.targets"
        found: dict[str, int] = {}
        for level, key, value in self.entries(node, name, ids=False):
            self.target_keys.setdefault(scale, {})[level] = key
            ends = (options[0].value, options[-1].value) if options else (0, _LARGEST_VALUE)
            found[level] = self.integer(value, f"{name}.{level}", lowest=ends[0], highest=ends[1])
        return found

    def targets_by(self, node: Node | None, demographics: Sequence[Demographic]) -> str:
        """Read which demographic the targets are set by, and check that they name its levels."""
        name = self.string(node, "targets_by")
        levels = {d.id: [level.id for level in d.levels] for d in demographics if d.levels}
        if node is not None and name and name not in levels:
            self.fault("unknown_targets_by", node, name=name, nearest=nearest(name, list(levels)))
            return name
        for scale, keys in self.target_keys.items():
            if node is None:
                self.fault("targets_of_whom", next(iter(keys.values())), id=scale)
                continue
            for level, key in keys.items():
                if name and level not in levels[name]:
                    near = nearest(level, levels[name])
                    self.fault("unknown_level", key, id=scale, level=level, name=name, nearest=near)
        return name

    def rated_by(self, node: Node | None) -> RatedBy:
        name = self.string(node, "rated_by")
        for one in RATERS:
            if one == name:
                return one
        if node is not None and name:
            self.fault("bad_rater", node, name=name, known=RATERS)
        return "self"

    def item(self, node: Node, id: str, scale: str, options: tuple[Option, ...]) -> Item:
        fields = self.mapping(node, id, required=self.languages, optional=("reverse", *LANGUAGES))
        reverse = self.boolean(fields.pop("reverse", None), f"{id}.reverse")
        return Item(id, scale, self.wording(fields, id), reverse, options)

    def demographics(self, node: Node | None) -> tuple[Demographic, ...]:
        found = []
        for id, key, body in self.entries(node, "demographics", may_lack=True):
            self.unique(id, key)
            fields = self.mapping(body, id, required=("name", "text"), optional=("levels", "ordered"))
            entries = list(self.entries(fields.get("levels"), f"{id}.levels", may_lack=True, ids=False))
            levels = tuple(Level(level, self.text(label, f"{id}.{level}")) for level, _, label in entries)
            self.distinct_labels([level.label for level in levels], [key for _, key, _ in entries], id)
            ordered = self.boolean(fields.get("ordered"), f"{id}.ordered")
            if ordered and "levels" not in fields:
                self.fault("ordered_without_levels", key, id=id)
            name, text = (
                self.text(fields.get("name"), f"{id}.name"),
                self.text(fields.get("text"), f"{id}.text"),
            )
            found.append(Demographic(id, name, text, levels, ordered))
        return tuple(found)

    def questions(self, node: Node | None) -> tuple[Question, ...]:
        found = []
        for id, key, body in self.entries(node, "questions", may_lack=True):
            self.unique(id, key)
            found.append(Question(id, self.text(body, id)))
        return tuple(found)

    def options(self, node: Node, id: str) -> tuple[Option, ...]:
        if not isinstance(node, SequenceNode):
            self.fault("not_a_list", node, name=id)
            return ()
        if len(node.value) < 2:
            self.fault("too_few_options", node, id=id)
        found: dict[int, Option] = {}
        for entry in node.value:
            fields = self.mapping(entry, id, required=("value", *self.languages), optional=LANGUAGES)
            value = self.integer(fields.pop("value", None), f"{id}.value", lowest=0, highest=_LARGEST_VALUE)
            if value in found:
                self.fault("duplicate_value", entry, id=id, value=value)
            found[value] = Option(value, self.wording(fields, id))
        options = tuple(found[value] for value in sorted(found))
        if options and options[-1].value - options[0].value >= len(node.value):
            self.fault("gap_in_values", node, id=id)
        self.distinct_labels([option.label for option in options], [node] * len(options), id)
        return options

    def named_options(self, node: Node | None, scale: str) -> tuple[Option, ...]:
        name = self.string(node, f"{scale}.responses")
        if node is not None and name and name not in self.responses:
            near = nearest(name, list(self.responses))
            self.fault("unknown_responses", node, id=scale, name=name, nearest=near)
        return self.responses.get(name, ())

    def role(self, node: Node | None, scale: str) -> Role:
        name = self.string(node, f"{scale}.role")
        for role in ROLES:
            if role == name:
                return role
        if node is not None and name:
            self.fault("bad_role", node, id=scale, role=name, roles=ROLES)
        return "unlabelled"

    def declared_languages(self, node: Node | None) -> Mapping[str, str]:
        """Read the instrument's own name: the languages it is in are the languages everything must be in."""
        if node is None:
            self.languages = ()
            return {}
        fields = self.mapping(node, "name", optional=LANGUAGES)
        self.languages = tuple(lang for lang in LANGUAGES if lang in fields)
        if not self.languages:
            self.fault("no_language", node, languages=LANGUAGES)
        return self.wording(fields, "name")

    def text(self, node: Node | None, id: str) -> Mapping[str, str]:
        if node is None:
            return {}
        return self.wording(self.mapping(node, id, required=self.languages, optional=LANGUAGES), id)

    def wording(self, fields: Mapping[str, Node], id: str) -> Mapping[str, str]:
        for lang, node in fields.items():
            if self.languages and lang in LANGUAGES and lang not in self.languages:
                self.fault("extra_language", node, id=id, language=lang)
        return {lang: self.string(fields[lang], id) for lang in self.languages if lang in fields}

    def distinct_labels(self, labels: Sequence[Mapping[str, str]], nodes: Sequence[Node], id: str) -> None:
        """Two options with one wording could not be told apart in an export of labels."""
        for lang in self.languages:
            seen: set[str] = set()
            for label, node in zip(labels, nodes, strict=True):
                words = label.get(lang, "").casefold()
                if words and words in seen:
                    self.fault("duplicate_label", node, id=id, label=label[lang])
                seen.add(words)

    def unique(self, id: str, key: Node) -> None:
        if id in RESERVED or "__" in id:  # the engine names its own columns <scale>__…
            self.fault("reserved_id", key, id=id)
        line = key.start_mark.line + 1
        if id in self.first_line and self.first_line[id] != line:
            self.fault("duplicate_id", key, id=id, first=self.first_line[id])
        self.first_line.setdefault(id, line)

    def entries(
        self, node: Node | None, name: str, *, may_lack: bool = False, ids: bool = True
    ) -> Iterator[tuple[str, Node, Node]]:
        """Yield (key, its node, value) of a mapping whose keys are the author's, ``ids`` checked as such."""
        if node is None:
            return
        if not isinstance(node, MappingNode):
            empty = isinstance(node, ScalarNode) and node.tag == f"{_TAG}null"
            self.fault("empty" if empty else "not_a_mapping", node, name=name)
            return
        if not node.value and not may_lack:
            self.fault("empty", node, name=name)
        seen: dict[str, int] = {}
        for key, value in node.value:
            id = self.identifier(key) if ids else self.string(key, name)
            if id in seen:
                self.fault("duplicate_id", key, id=id, first=seen[id])
                continue
            seen[id] = key.start_mark.line + 1
            yield id, key, value

    def mapping(
        self, node: Node, name: str, *, required: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> dict[str, Node]:
        """Return the fields of a mapping whose keys are ours; unknown, double and missing keys are faults."""
        if not isinstance(node, MappingNode):
            self.fault("not_a_mapping", node, name=name)
            return {}
        fields: dict[str, Node] = {}
        allowed = dict.fromkeys((*required, *optional))
        for key, value in node.value:
            word = self.string(key, name)
            if word in fields:
                self.fault("duplicate_key", key, name=name, key=word)
            elif word and word not in allowed:
                self.fault("unknown_key", key, name=name, key=word, nearest=nearest(word, list(allowed)))
            elif word:
                fields[word] = value
        for word in required:
            if word not in fields:
                kind = "missing_language" if word in LANGUAGES else "missing_key"
                self.fault(kind, node, name=name, key=word)
        return fields

    def identifier(self, node: Node | None) -> str:
        id = self.string(node, "id")
        if node is not None and id and not _ID.fullmatch(id):
            self.fault("bad_id", node, id=id)
        return id

    def string(self, node: Node | None, name: str) -> str:
        if node is None:
            return ""
        if not isinstance(node, ScalarNode):
            self.fault("not_text", node, name=name)
            return ""
        words = str(node.value).strip()
        if not words:
            self.fault("empty", node, name=name)
        return words

    def integer(self, node: Node | None, name: str, *, lowest: int, highest: int) -> int:
        if node is None:
            return lowest
        if isinstance(node, ScalarNode) and node.tag == f"{_TAG}int" and re.fullmatch(r"\d{1,9}", node.value):
            number = int(node.value)
            if lowest <= number <= highest:
                return number
        self.fault("bad_number", node, name=name, lowest=lowest, highest=highest)
        return lowest

    def boolean(self, node: Node | None, name: str) -> bool:
        if node is None:
            return False
        if isinstance(node, ScalarNode) and node.tag == f"{_TAG}bool":
            return str(node.value).lower() in ("true", "yes", "on")
        self.fault("not_a_boolean", node, name=name)
        return False

    def fault(self, kind: str, node: Node, **params: object) -> None:
        problem = Problem(f"instrument.{kind}", "error", row=node.start_mark.line + 1, params=params)
        if problem not in self.problems:
            self.problems.append(problem)
