"""Themes that comments form by themselves, over all closed waves, made ready for the gate."""

from functools import lru_cache
from typing import Final

import pandas as pd

from engage.errors import TooLittleData
from engage.privacy import SafeTable, release_emerging
from engage.text import emerging_themes
from engage.workspace.voicing import State, written

_MOST_GROUPS: Final = 8
_EACH: Final = 25  # comments for each group, at the least


@lru_cache(maxsize=16)
def emerged(state: State, waves: tuple[str, ...]) -> SafeTable:
    """Return the emerging themes of each question, source and language with comments enough."""
    every = [written(state, wave)[0].assign(wave=wave) for wave in waves]
    comments = pd.concat(every, ignore_index=True)
    parts = []
    if len(comments):
        heard = comments.dropna(subset=["tone"])
        parts = [_grouped(part) for _, part in heard.groupby(["question", "source", "language"], sort=True)]
    members = pd.concat([part for part in parts if len(part)]) if any(map(len, parts)) else None
    if members is None:
        members = pd.DataFrame(columns=["question", "source", "language"])
    return release_emerging(members.reset_index(drop=True), waves, state.policy)


def _grouped(part: pd.DataFrame) -> pd.DataFrame:
    """Return comments of one language with their ``group`` and its ``phrases``; none where they are too
    few.
    """
    count = min(_MOST_GROUPS, len(part) // _EACH)
    if count < 2:
        return part[:0]
    try:
        found = emerging_themes(part["text"], count=count, language=str(part["language"].iloc[0]))
    except TooLittleData:
        return part[:0]
    group = pd.Series(-1, index=part.index)
    phrases = pd.Series([()] * len(part), index=part.index, dtype=object)
    for number, theme in enumerate(found):
        places = part.index[list(theme.places)]
        group[places] = number
        for place in places:
            phrases[place] = theme.phrases
    return part.assign(group=group, phrases=phrases)
