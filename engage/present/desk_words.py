"""Names and numbers of the service desk in words: types, branches, criteria, shares to a tenth of a point."""

import datetime
from collections.abc import Callable

from engage.present import numbers
from engage.present.labels import Names, is_missing
from engage.privacy import UNNAMED
from engage.words import say

EVERY = "all"
LOW_STANDINGS = ("below", "far_below")


def word(names: Names) -> Callable[..., str]:
    """Return what says a sentence of the catalogue of the desk."""
    return lambda key, /, **params: say(f"desk.{key}", names.lang, **params)


def called(kind: str, id: object, names: Names) -> str:
    """Return the name of a branch or criterion as the file has it; numbered where it may not be named."""
    text = str(id)
    if text == EVERY:
        return say(f"desk.{kind}.all", names.lang)
    if text.startswith(UNNAMED):
        return say(f"desk.{kind}.unnamed", names.lang, number=text.removeprefix(UNNAMED))
    return text


def tenths(share: object, names: Names) -> str:
    """Return a share (0–1) in per cent with a tenth."""
    return "–" if is_missing(share) else f"{numbers.decimal(100 * float(str(share)), names.lang, 1)}%"


def tenths_between(low: object, high: object, names: Names, *, digits: int = 1) -> str:
    """Return an interval of shares in per cent, the sign once."""
    if is_missing(low) or is_missing(high):
        return "–"
    return f"{numbers.between(100 * float(str(low)), 100 * float(str(high)), names.lang, digits)}%"


def points(change: float, names: Names, digits: int = 1) -> str:
    """Return a difference of shares in percentage points, with its sign."""
    text = numbers.decimal(100 * change, names.lang, digits)
    return f"+{text}" if round(100 * change, digits) > 0 else text


def day(iso: object, names: Names) -> str:
    """Return a date of a table's notes as a reader of each language writes it."""
    return numbers.day(datetime.date.fromisoformat(str(iso)[:10]), names.lang)
