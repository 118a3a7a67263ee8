"""How a result shows in a notebook."""

from collections.abc import Sequence

import pandas as pd

from engage.errors import Problem
from engage.measure import display
from engage.words import say


def as_html(table: pd.DataFrame, outcome: str, n: int, dropped: int, notes: Sequence[Problem]) -> str:
    """Return a result's table as HTML, headed by what it rests on, followed by what to beware of."""
    return display.as_html(table, say("model.fit_caption", outcome=outcome, n=n, dropped=dropped), notes)
