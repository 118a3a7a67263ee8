"""The gate: everything that leaves towards a reader is made here, as a :class:`SafeTable`."""

from engage.privacy.disclosure import Hidden, bounds_of, hidden_cells, sums_of
from engage.privacy.measures import Measure, with_shares
from engage.privacy.naming import UNNAMED, nameable, unnamed
from engage.privacy.overtime import Past
from engage.privacy.policy import Policy, load_policy
from engage.privacy.release import (
    POINT_SCALES,
    SCORE_COLUMNS,
    release_audit,
    release_changes,
    release_counts,
    release_drivers,
    release_grouped_drivers,
    release_open_wave,
    release_scores,
    release_tone,
    release_utility,
    release_waves,
    released_cells,
    select_cells,
)
from engage.privacy.safe import Kind, SafeTable

__all__ = [
    "POINT_SCALES",
    "SCORE_COLUMNS",
    "UNNAMED",
    "Hidden",
    "Kind",
    "Measure",
    "Past",
    "Policy",
    "SafeTable",
    "bounds_of",
    "hidden_cells",
    "load_policy",
    "nameable",
    "release_audit",
    "release_changes",
    "release_counts",
    "release_drivers",
    "release_grouped_drivers",
    "release_open_wave",
    "release_scores",
    "release_tone",
    "release_utility",
    "release_waves",
    "released_cells",
    "select_cells",
    "sums_of",
    "unnamed",
    "with_shares",
]
