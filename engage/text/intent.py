"""What the writer of a comment wants: to complain, suggest, praise or ask."""

from typing import Final, Literal

Intent = Literal["complaint", "suggestion", "praise", "question", "other"]
INTENTS: Final[tuple[Intent, ...]] = ("complaint", "suggestion", "praise", "question", "other")


def unread_intent(text: str) -> Intent:
    """Return the intent of a text in a language without a model: a question by its mark, else ``other``."""
    return "question" if text.rstrip().endswith(("?", "？", "؟")) else "other"
