"""Models of what goes with engagement, leaving and service: pure functions, frozen results."""

from engage.model.across import OutcomeTable, outcome_table
from engage.model.asymmetry import Asymmetry, asymmetry
from engage.model.attrition import AttritionOutcome, attrition_outcome
from engage.model.calibration import auc_interval, average_precision, calibration_curve, calibration_line
from engage.model.competence import CompetenceGaps, competence_gaps, gaps_from, training_plan
from engage.model.diagnostics import vif
from engage.model.dominance import lmg_from_moments, relative_weights_from_moments
from engage.model.drivers import DriverFit, fit_drivers
from engage.model.from_moments import frame_moments, importance_from_moments, mixed_from_moments
from engage.model.grades import step_timing, time_in_grade
from engage.model.headcount import Headcount, project_headcount
from engage.model.importance import Importance, relative_importance
from engage.model.inspections import rater_agreement, weaknesses
from engage.model.leaks import Leaks, check_leaks
from engage.model.leaving import AttritionModel, fit_attrition
from engage.model.mediation import Mediation, mediation
from engage.model.programme_checks import (
    Composition,
    PlaceboDates,
    composition,
    placebo_dates,
    programme_verdict,
)
from engage.model.programmes import ProgrammeEffect, difference_in_differences
from engage.model.service import fit_service, service_panel, team_composites
from engage.model.spells import employment_spells
from engage.model.statement import (
    ASSUMPTIONS,
    Assumptions,
    OutcomeStatement,
    YearOnYear,
    outcome_statement,
    year_on_year,
)
from engage.model.survival import CumulativeIncidence, SurvivalCurve, cumulative_incidence, survival_curve
from engage.model.tickets import DeskRates, ticket_rates, ticket_weeks
from engage.model.two_way import TwoWayEffect, two_way_fixed_effects
from engage.model.validation import auc, out_of_sample
from engage.model.whatif import WhatIf, changes_made, what_if
from engage.model.workforce import WorkforcePlan, workforce_plan

__all__ = [
    "ASSUMPTIONS",
    "Assumptions",
    "Asymmetry",
    "AttritionModel",
    "AttritionOutcome",
    "CompetenceGaps",
    "Composition",
    "CumulativeIncidence",
    "DeskRates",
    "DriverFit",
    "Headcount",
    "Importance",
    "Leaks",
    "Mediation",
    "OutcomeStatement",
    "OutcomeTable",
    "PlaceboDates",
    "ProgrammeEffect",
    "SurvivalCurve",
    "TwoWayEffect",
    "WhatIf",
    "WorkforcePlan",
    "YearOnYear",
    "asymmetry",
    "attrition_outcome",
    "auc",
    "auc_interval",
    "average_precision",
    "calibration_curve",
    "calibration_line",
    "changes_made",
    "check_leaks",
    "competence_gaps",
    "composition",
    "cumulative_incidence",
    "difference_in_differences",
    "employment_spells",
    "fit_attrition",
    "fit_drivers",
    "fit_service",
    "frame_moments",
    "gaps_from",
    "importance_from_moments",
    "lmg_from_moments",
    "mediation",
    "mixed_from_moments",
    "out_of_sample",
    "outcome_statement",
    "outcome_table",
    "placebo_dates",
    "programme_verdict",
    "project_headcount",
    "rater_agreement",
    "relative_importance",
    "relative_weights_from_moments",
    "service_panel",
    "step_timing",
    "survival_curve",
    "team_composites",
    "ticket_rates",
    "ticket_weeks",
    "time_in_grade",
    "training_plan",
    "two_way_fixed_effects",
    "vif",
    "weaknesses",
    "what_if",
    "workforce_plan",
    "year_on_year",
]
