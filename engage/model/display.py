"""How a result shows in a notebook."""

from collections.abc import Sequence
from html import escape

import pandas as pd

from engage.errors import Problem
from engage.words import say


def as_html(table: pd.DataFrame, outcome: str, n: int, dropped: int, notes: Sequence[Problem]) -> str:
    """Return a result's table as HTML, headed by what it rests on, followed by what to beware of."""
    caption = escape(say("model.fit_caption", outcome=outcome, n=n, dropped=dropped))
    warnings = "".join(f"<p>{escape(note.reason())}</p>" for note in notes)
    return f"<p>{caption}</p>{table.to_html(index=False, float_format='{:.4g}'.format)}{warnings}"
