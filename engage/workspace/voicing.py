"""The comments of a closed wave as they may be read, made once per state of a workspace."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import pandas as pd

from engage import engine
from engage.privacy import Policy, SafeTable, nameable, release_comments, unnamed
from engage.store import Snapshot, Store
from engage.text.telling import KnownNames, MentionType
from engage.workspace.hearing import BOX, heard
from engage.workspace.merging import wave_instrument

_GROUPS: Final = ("team", "unit", "org_path")
_PATH: Final = re.compile(r"[/\\>|]")
_LIKE_AN_ID: Final = re.compile(r"(?=[\w-]*\d)[A-Za-z0-9][A-Za-z0-9_-]{3,}")


@dataclass(frozen=True, slots=True)
class State:
    """One state of a workspace, told from others by its ``key`` (which holds the policy's)."""

    key: str
    snapshot: Snapshot = field(compare=False, repr=False)
    policy: Policy = field(compare=False, repr=False)
    salt: str = field(compare=False, repr=False)


def written(state: State, wave: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the comments that a closed wave's tables are of, raw, and the groups that its close saw.

    Questions that few people know of are numbered; one that is missing is ``BOX``.
    """
    comments, survey = heard(state.snapshot, [wave], state.policy)
    if comments.empty:
        return comments, survey.groups
    asked = {question.id for question in wave_instrument(state.snapshot, None).questions}
    names = nameable(comments["question"], asked, state.policy.comments_k)
    return comments.assign(question=unnamed(comments["question"].fillna(BOX), names | {BOX})), survey.groups


@lru_cache(maxsize=64)
def shown(state: State, wave: str) -> SafeTable:
    """Return the comments of a closed wave that may be read."""
    comments, groups = written(state, wave)
    if comments.empty:
        comments = comments.reindex(columns=["question", "source", "tone", "theme"])
    return release_comments(comments, groups, known_names(state), state.policy, salt=state.salt)


@lru_cache(maxsize=4)
def known_names(state: State) -> KnownNames:
    """Return the names that the workspace itself knows: of teams and units, and the ids of respondents."""
    names: dict[str, MentionType] = {}
    people: set[str] = set()
    for table in state.snapshot.tables:
        if table in (
            "cells",
            "members",
            "programmes",
        ):  # the last says "team" where it means the kind of unit
            continue
        rows = engine.open_table(state.snapshot, table)
        for column in (*_GROUPS, "respondent"):
            if column in rows.columns:
                values = engine.frame(rows.select(column).distinct())[column].dropna().astype(str)
                if column == "respondent":
                    people.update(values)
                else:
                    names |= _named(values.tolist(), column)
    return KnownNames(names | dict.fromkeys(_ids_written(state.snapshot, people), "EMPLOYEE_ID"))


def _ids_written(snapshot: Snapshot, people: set[str]) -> set[str]:
    """Return what comments mention that is the id of somebody: ids are kept as pseudonyms, so by the key."""
    if "comments" not in snapshot.tables:
        return set()
    texts = engine.frame(engine.open_table(snapshot, "comments").select("text"))["text"].dropna()
    written = {word for text in texts for word in _LIKE_AN_ID.findall(str(text))}
    pseudonyms = Store.open(snapshot.path).pseudonyms()
    spelled = {word: {word, word.upper(), word.lower()} for word in written}
    return {word for word, forms in spelled.items() if any(pseudonyms.of(one) in people for one in forms)}


def _named(values: Sequence[str], column: str) -> dict[str, MentionType]:
    parts = [part for one in values for part in (_PATH.split(one) if column == "org_path" else [one])]
    return dict.fromkeys((part.strip() for part in parts if part.strip()), "GROUP")
