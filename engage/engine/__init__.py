"""The expressions that touch every row, written once in Ibis and run by DuckDB or Spark.

The only package that imports Ibis. Tables are opened from a pinned snapshot; everything after
:func:`open_table` is plain relational algebra. ``ENGAGE_ENGINE`` says which back end runs it
(:mod:`engage.engine.backends`).
"""

from engage.engine.joined import COMPOSITES, ENPS, ENPS_NET, Joined, held, joined_scores
from engage.engine.kept import version, wave_cells, wave_moments
from engage.engine.moments import MomentTable, cross_products
from engage.engine.scores import FAVOURABLE, answers, group_cells, respondent_scores
from engage.engine.tables import (
    by_parts,
    comments,
    frame,
    latest_people,
    open_table,
    who_and_when,
    with_present_teams,
)

__all__ = [
    "COMPOSITES",
    "ENPS",
    "ENPS_NET",
    "FAVOURABLE",
    "Joined",
    "MomentTable",
    "answers",
    "by_parts",
    "comments",
    "cross_products",
    "frame",
    "group_cells",
    "held",
    "joined_scores",
    "latest_people",
    "open_table",
    "respondent_scores",
    "version",
    "wave_cells",
    "wave_moments",
    "who_and_when",
    "with_present_teams",
]
