"""The gate: everything that leaves towards a reader is made here, as a :class:`SafeTable`."""

from engage.privacy.disclosure import Hidden, bounds_of, hidden_cells
from engage.privacy.measures import Measure, with_shares
from engage.privacy.models import (
    release_confusion,
    release_drivers,
    release_grouped_drivers,
    release_quantiles,
    release_survival,
)
from engage.privacy.naming import UNNAMED, nameable, unnamed
from engage.privacy.overtime import Past
from engage.privacy.policy import Policy, load_policy
from engage.privacy.release import (
    POINT_SCALES,
    SCORE_COLUMNS,
    release_audit,
    release_changes,
    release_counts,
    release_open_wave,
    release_scores,
    release_tone,
    release_utility,
    release_waves,
    released_cells,
    select_cells,
)
from engage.privacy.safe import Kind, SafeTable
from engage.privacy.support import Support, check_support, merge_few, poolable, refusal, support_of

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
    "Support",
    "bounds_of",
    "check_support",
    "hidden_cells",
    "load_policy",
    "merge_few",
    "nameable",
    "poolable",
    "refusal",
    "release_audit",
    "release_changes",
    "release_confusion",
    "release_counts",
    "release_drivers",
    "release_grouped_drivers",
    "release_open_wave",
    "release_quantiles",
    "release_scores",
    "release_survival",
    "release_tone",
    "release_utility",
    "release_waves",
    "released_cells",
    "select_cells",
    "support_of",
    "unnamed",
    "with_shares",
]
