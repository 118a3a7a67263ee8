"""The charts of the pages: from released tables to Altair objects, in the words of ``names.lang``.

Every function takes :class:`~engage.privacy.SafeTable` only (anything else is a ``TypeError``) and returns a
layered chart that fills the width it gets, on a transparent background. Where there is nothing to draw, the
chart says why.
"""

from engage.present.attrition_charts import calibration, odds, staying
from engage.present.competence_charts import activities, competence, profile
from engage.present.desk_charts import backlog, desk_weeks, funnel, marks
from engage.present.difference_charts import changes, differences, furthest_groups, reliability
from engage.present.driver_charts import importance, importance_performance
from engage.present.look import theme
from engage.present.norm_charts import mean_marks
from engage.present.programme_charts import event_study, programme_effects
from engage.present.score_charts import heat_map, scale_bars
from engage.present.service_charts import outcomes
from engage.present.share_charts import distribution, response
from engage.present.staff_charts import hazard_ratios, headcount
from engage.present.tone_charts import tone_bars, tone_parts, tone_trend
from engage.present.trend_charts import trend
from engage.present.two_factor_charts import outcome_order, two_factor_map, verdict_grid
from engage.present.voice_charts import agreement, emerging
from engage.present.what_if_charts import levers, what_if
from engage.present.workforce_charts import time_in_grade, workforce

__all__ = [
    "activities",
    "agreement",
    "backlog",
    "calibration",
    "changes",
    "competence",
    "desk_weeks",
    "differences",
    "distribution",
    "emerging",
    "event_study",
    "funnel",
    "furthest_groups",
    "hazard_ratios",
    "headcount",
    "heat_map",
    "importance",
    "importance_performance",
    "levers",
    "marks",
    "mean_marks",
    "odds",
    "outcome_order",
    "outcomes",
    "profile",
    "programme_effects",
    "reliability",
    "response",
    "scale_bars",
    "staying",
    "theme",
    "time_in_grade",
    "tone_bars",
    "tone_parts",
    "tone_trend",
    "trend",
    "two_factor_map",
    "verdict_grid",
    "what_if",
    "workforce",
]
