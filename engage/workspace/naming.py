"""What role groups are called: one name for staff list, plan and questionnaires, in any language."""

import pandas as pd

from engage.store import Snapshot

GROUP = "role_group"


def role_ids(snapshot: Snapshot) -> dict[str, str]:
    """Return by a role group's wording, in any language and folded, the id that questionnaires give it."""
    found: dict[str, str] = {}
    for id in snapshot.instruments(None):
        for demographic in snapshot.instrument(id).demographics:
            if demographic.id == GROUP:
                for level in demographic.levels:
                    for word in (level.id, level.id.replace("_", " "), *level.label.values()):
                        found.setdefault(_folded(word), level.id)
    return found


def as_ids(values: pd.Series, known: dict[str, str]) -> pd.Series:
    """Return role groups by their ids where a questionnaire words them, else as they are."""
    text = values.astype("string").str.strip()
    return text.map(lambda one: known.get(_folded(one), one), na_action="ignore").astype("string")


def _folded(word: str) -> str:
    return " ".join(word.split()).casefold()
