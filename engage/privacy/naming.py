"""Which groups may be called by their name: a name that hardly anybody shares can be somebody's own words.

Teams and the like are often typed in, or come from a column that was mistaken for another; a hidden row that
bears such a name would show an answer after all.
"""

from collections.abc import Collection
from typing import Final

import pandas as pd

UNNAMED: Final = "*"
"""What stands before the number of a group without a name."""


NAMED_FROM: Final = 5
"""A name that so many people share is nobody's own, however much larger a group must be to be shown."""


def nameable(values: pd.Series, listed: Collection[str], k: int) -> frozenset[str]:
    """Return the names that may be shown: ``listed`` ones, and those that enough of ``values`` share.

    Enough are ``k``, the fewest behind a released number, or ``NAMED_FROM`` if that is less. ``values``: one
    name per person (or comment); missing ones don't count.
    """
    counts = values.dropna().astype(str).value_counts()
    return frozenset(listed) | frozenset(counts.index[counts >= min(k, NAMED_FROM)])


def unnamed(values: pd.Series, names: Collection[str]) -> pd.Series:
    """Return ``values`` with ``*1``, ``*2``, … for what is not in ``names``; missing ones stay."""
    others = sorted(set(values.dropna().astype(str)) - set(names) - {""})
    numbers = {value: f"{UNNAMED}{number}" for number, value in enumerate(others, start=1)}
    return values.map(lambda value: numbers.get(str(value), value), na_action="ignore")
