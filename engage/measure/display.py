"""How a result shows in a notebook."""

from collections.abc import Sequence
from html import escape

import pandas as pd

from engage.errors import Problem


def as_html(table: pd.DataFrame, caption: str, notes: Sequence[Problem] = ()) -> str:
    """Return a table as HTML under a caption, followed by what to beware of."""
    warnings = "".join(f"<p>{escape(note.reason())}</p>" for note in notes)
    return f"<p>{escape(caption)}</p>{table.to_html(index=False, float_format='{:.4g}'.format)}{warnings}"
