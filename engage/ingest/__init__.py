"""Export files in, typed tables out: safe opening, recognition of the survey tool, mapping, checking.

The names are imported on first use: the guarded child process imports this package too, and must not pay
for pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engage.ingest.reading import KINDS, Kind, Reading, Understood, read

__all__ = ["KINDS", "Kind", "Reading", "Understood", "read"]


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module("engage.ingest.reading"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
