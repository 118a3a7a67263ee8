"""A draft questionnaire made one's own: named, its groups named, items turned round or left out."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from engage.errors import InputError
from engage.ingest.draft import Draft
from engage.ingest.names import fold_field, synonyms
from engage.instrument import Instrument, Role, parse_instrument

_GROUPS: Final = ("team", "role_group", "contract", "org_path", "performance", "star")
"""Groups that the staff list and service results know too: by these a survey joins with them."""
_OWN: Final = re.compile(r"^own_(\d+)(?:\.v\d+)?$")


@dataclass(frozen=True, slots=True)
class Named:
    """What a person calls a scale of a draft, and the part it plays."""

    name: str
    role: Role = "unlabelled"


def free_id(taken: Collection[str]) -> str:
    """Return the next id for a questionnaire of one's own."""
    used = [int(found[1]) for name in taken if (found := _OWN.match(name))]
    return f"own_{max(used, default=0) + 1}"


def adopt(
    draft: Draft,
    id: str,
    name: str,
    scales: Mapping[str, Named],
    *,
    reverse: Collection[str] = (),
    without: Collection[str] = (),
) -> tuple[Instrument, dict[str, Any]]:
    """Return the questionnaire that a draft became, and the mapping that reads the file with it.

    ``scales`` are by the draft's ids; ``reverse`` and ``without`` are ids of items: all that are
    reverse-keyed, and those that are no items. Ids are made the questionnaire's own, so that nothing of it
    is taken for the like of another. Raises ``InputError`` if no item is left.
    """
    document = yaml.safe_load(draft.document)
    lang = next(iter(document["name"]))
    document |= {"instrument": id, "name": {lang: name}}
    kept: dict[str, Any] = {}
    for old, scale in document["scales"].items():
        named = scales.get(old, Named(scale["name"][lang]))
        items = {
            f"{id}_{item}": {lang: text[lang]} | ({"reverse": True} if item in reverse else {})
            for item, text in scale["items"].items()
            if item not in without
        }
        if items:
            kept[f"{id}_{old}"] = scale | {"name": {lang: named.name}, "role": named.role, "items": items}
    if not kept:
        raise InputError("ingest.draft_nothing")
    used = {scale["responses"] for scale in kept.values()}
    document["scales"] = kept
    document["responses"] = {key: value for key, value in document["responses"].items() if key in used}
    groups = _renamed_groups(document.get("demographics", {}), draft.demographics, id)
    if groups:
        document["demographics"] = {new: document["demographics"][old] for old, new in groups.items()}
    questions = {old: f"{id}_{old}" for old in document.get("questions", {})}
    if questions:
        document["questions"] = {new: document["questions"][old] for old, new in questions.items()}
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)
    told = {one.header: f"{id}_{one.id}" for one in draft.items if one.id not in without}
    told |= dict(zip(draft.demographics, groups.values(), strict=True))
    comments = dict(zip(draft.questions, questions.values(), strict=True))
    rules: dict[str, Any] = {"instrument": id, "columns": told}
    if comments:
        rules["comments"] = comments
    return parse_instrument(text, file=f"{id}.yaml"), rules


def _renamed_groups(groups: Mapping[str, Any], headers: Sequence[str], id: str) -> dict[str, str]:
    """Return new ids of the groups: those that the staff list uses where the heading says so."""
    words, new = synonyms("people"), dict[str, str]()
    for old, header in zip(groups, headers, strict=True):
        word = words.get(fold_field(header), "")
        new[old] = word if word in _GROUPS and word not in new.values() else f"{id}_{old}"
    return new
