"""The gate: everything that leaves towards a reader is made here, as a :class:`SafeTable`."""

from engage.model.statement import ASSUMPTIONS
from engage.privacy.access import ACTIONS, ROLES, Access, Action, Person, Role, load_access
from engage.privacy.analyses import (
    release_attrition,
    release_outcomes,
    release_paths,
    release_two_factor,
)
from engage.privacy.comparisons import release_changes, release_comparisons, release_distribution
from engage.privacy.competence import (
    release_activities,
    release_competence,
    release_profile,
    release_training,
    select_training,
)
from engage.privacy.desk import release_desk, release_desk_weeks, release_inspections, release_raters
from engage.privacy.disclosure import Hidden, bounds_of, hidden_cells
from engage.privacy.evaluations import (
    release_programmes,
    release_statement,
    select_programmes,
    told_apart,
)
from engage.privacy.flagged import Split
from engage.privacy.marks import possible_marks
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
from engage.privacy.plans import PLAN_STATUSES, Plan, release_plans
from engage.privacy.policy import Policy, load_policy
from engage.privacy.quality import (
    ScaleQuality,
    Staffing,
    WaveQuality,
    release_quality,
    release_staffing,
)
from engage.privacy.release import (
    POINT_SCALES,
    SCORE_COLUMNS,
    release_audit,
    release_counts,
    release_open_wave,
    release_scores,
    release_tone,
    release_utility,
    release_waves,
    released_cells,
    select_cells,
)
from engage.privacy.rounding import spread_of
from engage.privacy.safe import Kind, Note, SafeTable
from engage.privacy.sight import Sight, sight_of
from engage.privacy.staff import release_hazards, release_headcount
from engage.privacy.support import Support, check_support, merge_few, poolable, refusal, support_of
from engage.privacy.tone import TONES, hidden_tone
from engage.privacy.voices import pick_comments, release_comments
from engage.privacy.what_if import CAP_STEP, EXTRAPOLATION, LeverGrid, release_levers
from engage.privacy.wishes import STATUSES, Following, Wishes, follow_up, marks_of, release_wishes
from engage.privacy.wording import release_agreement, release_emerging
from engage.privacy.workforce import release_places, release_workforce

__all__ = [
    "ACTIONS",
    "ASSUMPTIONS",
    "CAP_STEP",
    "EXTRAPOLATION",
    "PLAN_STATUSES",
    "POINT_SCALES",
    "ROLES",
    "SCORE_COLUMNS",
    "STATUSES",
    "TONES",
    "UNNAMED",
    "Access",
    "Action",
    "Following",
    "Hidden",
    "Kind",
    "LeverGrid",
    "Measure",
    "Note",
    "Past",
    "Person",
    "Plan",
    "Policy",
    "Role",
    "SafeTable",
    "ScaleQuality",
    "Sight",
    "Split",
    "Staffing",
    "Support",
    "WaveQuality",
    "Wishes",
    "bounds_of",
    "check_support",
    "follow_up",
    "hidden_cells",
    "hidden_tone",
    "load_access",
    "load_policy",
    "marks_of",
    "merge_few",
    "nameable",
    "pick_comments",
    "poolable",
    "possible_marks",
    "refusal",
    "release_activities",
    "release_agreement",
    "release_attrition",
    "release_audit",
    "release_changes",
    "release_comments",
    "release_comparisons",
    "release_competence",
    "release_confusion",
    "release_counts",
    "release_desk",
    "release_desk_weeks",
    "release_distribution",
    "release_drivers",
    "release_emerging",
    "release_grouped_drivers",
    "release_hazards",
    "release_headcount",
    "release_inspections",
    "release_levers",
    "release_open_wave",
    "release_outcomes",
    "release_paths",
    "release_places",
    "release_plans",
    "release_profile",
    "release_programmes",
    "release_quality",
    "release_quantiles",
    "release_raters",
    "release_scores",
    "release_staffing",
    "release_statement",
    "release_survival",
    "release_tone",
    "release_training",
    "release_two_factor",
    "release_utility",
    "release_waves",
    "release_wishes",
    "release_workforce",
    "released_cells",
    "select_cells",
    "select_programmes",
    "select_training",
    "sight_of",
    "spread_of",
    "support_of",
    "told_apart",
    "unnamed",
    "with_shares",
]
