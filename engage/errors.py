"""What can go wrong, as values: a stable code, where it happened, and parameters.

The sentences live in :mod:`engage.words` under the code: ``<area>.<name>.what`` and ``<area>.<name>.remedy``.
Parameters hold names, counts and limits, never answers or comments.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from engage.words import Language, say

Severity = Literal["error", "warning", "info"]


class EngageError(Exception):
    """Base of every error that ``engage`` raises on purpose.

    ``code`` is ``area.name`` and never changes; ``where`` names the file, row, column or argument.
    ``str(error)`` is the English sentence: what, where, and how to mend it.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, code: str, /, *, where: str = "", **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.where = where
        self.params = params

    def what(self, lang: Language = "en") -> str:
        """Return what is wrong, in words."""
        return say(f"{self.code}.what", lang, **self.params)

    def remedy(self, lang: Language = "en") -> str:
        """Return how to mend it, in words."""
        return say(f"{self.code}.remedy", lang, **self.params)

    def as_dict(self, lang: Language = "en") -> dict[str, str]:
        """Return ``{"code", "what", "where", "remedy"}``, the form that ``--json`` prints."""
        return {"code": self.code, "what": self.what(lang), "where": self.where, "remedy": self.remedy(lang)}

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.what()}{place} {self.remedy()}"


class InputError(EngageError):
    """The file, instrument or data is at fault (exit code 1)."""

    exit_code = 1


class Rejected(InputError):
    """An input with faults that lose answers: nothing of it was taken. ``problems`` lists every fault."""

    def __init__(self, code: str, problems: "tuple[Problem, ...]", /, *, where: str = "") -> None:
        super().__init__(code, where=where, count=len(problems))
        self.problems = problems


class UsageError(EngageError):
    """The call is at fault: an unknown name or option, or a wrong combination (exit code 2)."""

    exit_code = 2


class TooLittleData(EngageError):
    """A statistic is refused because the data can't support it (exit code 1)."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of fault found in an input; equal faults are counted, not repeated.

    ``row`` is the first row it occurs in, counted as the spreadsheet shows it (the header is row 1), or
    ``None`` for the whole file; ``column`` is the header as written in the file.
    """

    code: str
    severity: Severity
    row: int | None = None
    column: str | None = None
    count: int = 1
    params: Mapping[str, object] = field(default_factory=dict)

    def reason(self, lang: Language = "en") -> str:
        """Return what is wrong, in words."""
        return say(f"{self.code}.what", lang, **self.params)

    def remedy(self, lang: Language = "en") -> str:
        """Return how to mend it, in words."""
        return say(f"{self.code}.remedy", lang, **self.params)

    def as_dict(self, lang: Language = "en") -> dict[str, object]:
        """Return ``{"severity", "row", "column", "reason", "remedy", "count"}``."""
        return {
            "code": self.code,
            "severity": self.severity,
            "row": self.row,
            "column": self.column,
            "reason": self.reason(lang),
            "remedy": self.remedy(lang),
            "count": self.count,
        }
