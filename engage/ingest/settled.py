"""Edits of a mapping, a decision at a time, as a person settles what a file left open; nothing is mutated."""

from collections.abc import Mapping
from typing import Any, Final

COMMENT: Final = "comment"
"""The target of a column whose texts are kept as comments under its own heading."""

_BY_HEADER: Final = ("columns", "demographics", "comments", "numbers")

Rules = Mapping[str, Any]


def with_column(rules: Rules, header: str, target: str | None) -> dict[str, Any]:
    """Return the mapping with a column taken for ``target``: an id, :data:`COMMENT`, or ``None`` for nothing.

    What the mapping said of the column before no longer holds.
    """
    told = _without_column(rules, header)
    if target is None:
        told["ignore"] = [*told.get("ignore", []), header]
    elif target == COMMENT:
        told["comments"] = {**told.get("comments", {}), header: header}
    else:
        told["columns"] = {**told.get("columns", {}), header: target}
    return told


def with_words(rules: Rules, id: str, words: Mapping[str, str | int | bool | None]) -> dict[str, Any]:
    """Return the mapping with what answer words of an item or field mean; ``None``: no answer."""
    values = {**rules.get("values", {})}
    values[id] = {**values.get(id, {}), **words}
    return {**rules, "values": values}


def with_direction(rules: Rules, first: Mapping[str, str]) -> dict[str, Any]:
    """Return the mapping with what option number 1 of each scale is: ``lowest`` or ``highest``."""
    told = rules.get("first_option", {})
    told = {"*": told} if isinstance(told, str) else dict(told)
    return {**rules, "first_option": {**told, **first}}


def with_counted(rules: Rules, *, keep: tuple[str, ...] = (), drop: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the mapping with the responses to keep (``test``, ``invalid``) and to drop (``unfinished``)."""
    rest = {key: value for key, value in rules.items() if key not in ("keep", "drop")}
    return rest | {name: list(words) for name, words in (("keep", keep), ("drop", drop)) if words}


def with_setting(rules: Rules, name: str, value: str) -> dict[str, Any]:
    """Return the mapping with a setting such as ``encoding``; an empty one is recognised again."""
    rest = {key: old for key, old in rules.items() if key != name}
    return rest | {name: value} if value else rest


def _without_column(rules: Rules, header: str) -> dict[str, Any]:
    told = dict(rules)
    for table in _BY_HEADER:
        if header in told.get(table, {}):
            told[table] = {name: id for name, id in told[table].items() if name != header}
    if header in told.get("ignore", ()):
        told["ignore"] = [name for name in told["ignore"] if name != header]
    if told.get("respondent") == header:
        del told["respondent"]
    return told
