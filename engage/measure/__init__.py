"""Scores of persons and groups: pure functions on arrays and frames, results frozen."""

from engage.measure.agreement import (
    ICC,
    Aggregation,
    Agreement,
    icc,
    icc_interval,
    may_aggregate,
    rwg_j,
)
from engage.measure.careless import Careless, CarelessRules, careless
from engage.measure.change import WaveChange, compare_waves
from engage.measure.compare import Comparison, compare
from engage.measure.confirm import Confirmed, confirm_structure
from engage.measure.enps import ENPS, enps
from engage.measure.explore import Factors, ParallelAnalysis, explore_factors, parallel_analysis
from engage.measure.extremes import Extremes, contrast_extremes
from engage.measure.intervals import Interval, favourable_interval, share_spread, wilson_interval
from engage.measure.invariance import Invariance, measurement_invariance
from engage.measure.multiplicity import adjust_pvalues
from engage.measure.reliability import (
    Alpha,
    ItemRest,
    Omega,
    cronbach_alpha,
    feldt_interval,
    item_rest_correlation,
    omega_total,
)
from engage.measure.scoring import (
    AnswerBands,
    answer_bands,
    favourable_from,
    favourable_share,
    score_items,
    unfavourable_from,
    unfavourable_share,
)
from engage.measure.weights import Weights, rake

__all__ = [
    "ENPS",
    "ICC",
    "Aggregation",
    "Agreement",
    "Alpha",
    "AnswerBands",
    "Careless",
    "CarelessRules",
    "Comparison",
    "Confirmed",
    "Extremes",
    "Factors",
    "Interval",
    "Invariance",
    "ItemRest",
    "Omega",
    "ParallelAnalysis",
    "WaveChange",
    "Weights",
    "adjust_pvalues",
    "answer_bands",
    "careless",
    "compare",
    "compare_waves",
    "confirm_structure",
    "contrast_extremes",
    "cronbach_alpha",
    "enps",
    "explore_factors",
    "favourable_from",
    "favourable_interval",
    "favourable_share",
    "feldt_interval",
    "icc",
    "icc_interval",
    "item_rest_correlation",
    "may_aggregate",
    "measurement_invariance",
    "omega_total",
    "parallel_analysis",
    "rake",
    "rwg_j",
    "score_items",
    "share_spread",
    "unfavourable_from",
    "unfavourable_share",
    "wilson_interval",
]
