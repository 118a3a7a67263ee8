"""Comments that ask for the same, gathered wave by wave, and what became of what they ask for."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd

from engage.privacy import Wishes, release_wishes
from engage.text import same_wishes
from engage.text.alike import nearest_alike
from engage.workspace.voicing import State, known_names, written

_ASKING: Final = ("suggestion", "complaint", "question")
_WISHES: Final = ("suggestion", "complaint")


@lru_cache(maxsize=16)
def wished(state: State, waves: tuple[str, ...]) -> Wishes:
    """Return the wishes of closed ``waves``, oldest first, as they may be shown."""
    every = [written(state, wave)[0].assign(wave=wave) for wave in waves]
    comments = pd.concat(every, ignore_index=True)
    members = gathered(comments, waves) if len(comments) else comments
    if members.empty:
        members = members.reindex(columns=["question", "source"])
    return release_wishes(members, waves, known_names(state), state.policy, salt=state.salt)


def gathered(comments: pd.DataFrame, waves: Sequence[str]) -> pd.DataFrame:
    """Return the comments that ask for or complain of something, with the number of their ``wish``.

    In each wave, question and source those in nearly the same words are grouped
    (:func:`engage.text.same_wishes`). A group is laid to the wish of an earlier wave that most of its
    comments are nearest to, else it is a new one; so a later wave never joins or moves what was counted
    before. Groups whose comments are mostly questions are left out.
    """
    asking = comments[comments["intent"].isin(_ASKING) & comments["tone"].notna()].reset_index(drop=True)
    wish = np.full(len(asking), -1, dtype=np.int64)
    texts = asking["text"].astype(str).to_numpy(dtype=object)
    first = 0
    for _, part in asking.groupby(["question", "source"], sort=True):
        earlier = np.empty(0, dtype=np.int64)
        for wave in waves:
            mine = part.index[part["wave"] == wave].to_numpy()
            groups = _groups(asking, mine)
            near = nearest_alike(list(texts[mine]), list(texts[earlier]))
            of = dict(zip(mine.tolist(), near.tolist(), strict=True))
            for group in groups:
                older = [int(wish[earlier[of[place]]]) for place in group if of[place] >= 0]
                if not older:
                    wish[group], first = first, first + 1
                    continue
                values, counts = np.unique(older, return_counts=True)
                wish[group] = values[counts.argmax()]
            earlier = np.concatenate([earlier, mine])
    asking = asking.assign(wish=wish)
    mostly = asking["intent"].isin(_WISHES).groupby([asking["wave"], asking["wish"]]).transform("mean")
    return asking[mostly > 0.5].reset_index(drop=True)


def _groups(asking: pd.DataFrame, mine: np.ndarray) -> list[list[int]]:
    """Return the places of the comments of a wave, grouped; one that is like no other is by itself."""
    found = same_wishes(asking.loc[mine, "text"].astype(str).tolist())
    groups = [[int(mine[place]) for place in group.places] for group in found]
    together = {place for group in groups for place in group}
    return [*groups, *([int(place)] for place in mine if int(place) not in together)]
