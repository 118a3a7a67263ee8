"""The gate: everything that leaves towards a reader is made here, as a :class:`SafeTable`."""

from engage.privacy.policy import Policy, load_policy
from engage.privacy.release import (
    SCORE_COLUMNS,
    release_changes,
    release_counts,
    release_drivers,
    release_grouped_drivers,
    release_open_wave,
    release_scores,
    release_tone,
    release_waves,
    released_cells,
    select_cells,
)
from engage.privacy.safe import Kind, SafeTable

__all__ = [
    "SCORE_COLUMNS",
    "Kind",
    "Policy",
    "SafeTable",
    "load_policy",
    "release_changes",
    "release_counts",
    "release_drivers",
    "release_grouped_drivers",
    "release_open_wave",
    "release_scores",
    "release_tone",
    "release_waves",
    "released_cells",
    "select_cells",
]
