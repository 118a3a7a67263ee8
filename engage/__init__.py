"""People analytics on hygiene and motivator factors, for scripts and notebooks.

Every public name is imported on first use, so that ``import engage`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engage.errors import EngageError, InputError, Rejected, TooLittleData, UsageError
    from engage.ingest import Reading, read
    from engage.instrument import Instrument, load_instrument
    from engage.measure import (
        adjust_pvalues,
        careless,
        compare,
        cronbach_alpha,
        enps,
        icc,
        item_rest_correlation,
        omega_total,
        rwg_j,
        wilson_interval,
    )
    from engage.model import fit_drivers, out_of_sample, relative_importance
    from engage.privacy import SafeTable
    from engage.text import redact, sentiment, themes
    from engage.workspace import Workspace

__version__ = "0.1.0"

_HOMES: Final = {
    "engage.errors": ("EngageError", "InputError", "Rejected", "TooLittleData", "UsageError"),
    "engage.ingest": ("Reading", "read"),
    "engage.instrument": ("Instrument", "load_instrument"),
    "engage.measure": (
        "adjust_pvalues",
        "careless",
        "compare",
        "cronbach_alpha",
        "enps",
        "icc",
        "item_rest_correlation",
        "omega_total",
        "rwg_j",
        "wilson_interval",
    ),
    "engage.model": ("fit_drivers", "out_of_sample", "relative_importance"),
    "engage.privacy": ("SafeTable",),
    "engage.text": ("redact", "sentiment", "themes"),
    "engage.workspace": ("Workspace",),
}
_HOME: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "EngageError",
    "InputError",
    "Instrument",
    "Reading",
    "Rejected",
    "SafeTable",
    "TooLittleData",
    "UsageError",
    "Workspace",
    "adjust_pvalues",
    "careless",
    "compare",
    "cronbach_alpha",
    "enps",
    "fit_drivers",
    "icc",
    "item_rest_correlation",
    "load_instrument",
    "omega_total",
    "out_of_sample",
    "read",
    "redact",
    "relative_importance",
    "rwg_j",
    "sentiment",
    "themes",
    "wilson_interval",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'engage' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
