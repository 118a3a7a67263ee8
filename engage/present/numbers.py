"""Numbers as a reader of each language writes them. Nothing is computed here, and nothing rounded twice."""

import datetime
import math

from engage.words import Language

_NARROW = "\u00a0"
_MINUS = "\u2212"


def whole(value: float, lang: Language) -> str:
    """Return a whole number with its thousands grouped: 1,912, in Russian 1 912."""
    text = f"{round(value):,}".replace("-", _MINUS)
    return text.replace(",", _NARROW) if lang == "ru" else text


def decimal(value: float, lang: Language, digits: int = 2) -> str:
    """Return a decimal fraction: 0.31, in Russian 0,31."""
    text = f"{value:.{digits}f}"
    text = (_MINUS + text[1:]) if text.startswith("-") and float(text) else text.lstrip("-")
    return text.replace(".", ",") if lang == "ru" else text


def percent(share: float) -> str:
    """Return a share (0–1) in per cent, ``"–"`` where there is none."""
    return "–" if math.isnan(share) else f"{round(share * 100)}%".replace("-", _MINUS)


def share(value: float, low: float, high: float) -> str:
    """Return a favourable share in per cent; with an interval up to the end it is "at most" or "at least"."""
    if math.isnan(value):
        return percent(value)
    return ("≤" if low <= 0 < value else "≥" if high >= 1 > value else "") + percent(value)


def span(low: float, high: float) -> str:
    """Return an interval of shares (0–1) in per cent: 14–23%."""
    return "–" if math.isnan(low) or math.isnan(high) else f"{round(low * 100)}–{round(high * 100)}%"


def between(low: float, high: float, lang: Language, digits: int = 2) -> str:
    """Return an interval of numbers; a negative end takes the word form so that no dash meets a minus."""
    low_text, high_text = decimal(low, lang, digits), decimal(high, lang, digits)
    if low < 0 or high < 0:
        return f"{low_text} … {high_text}"
    return f"{low_text}–{high_text}"


def today(lang: Language) -> str:
    """Return today's date as a reader of each language writes it."""
    return day(datetime.date.today(), lang)


def day(date: datetime.date, lang: Language) -> str:
    """Return a date as a reader of each language writes it; 2026-11-23 in English, which no one misreads."""
    if lang == "zh":
        return f"{date.year}年{date.month}月{date.day}日"
    return f"{date:%d.%m.%Y}" if lang == "ru" else date.isoformat()
