"""Scores of persons and groups: pure functions on arrays and frames, results frozen."""

from engage.measure.enps import ENPS, enps
from engage.measure.intervals import Interval, wilson_interval
from engage.measure.scoring import favourable_from, favourable_share, score_items

__all__ = [
    "ENPS",
    "Interval",
    "enps",
    "favourable_from",
    "favourable_share",
    "score_items",
    "wilson_interval",
]
