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
from engage.measure.control_chart import ControlChart, control_chart
from engage.measure.enps import ENPS, enps
from engage.measure.explore import Factors, ParallelAnalysis, explore_factors, parallel_analysis
from engage.measure.extremes import Extremes, contrast_extremes
from engage.measure.funnel import Funnel, funnel
from engage.measure.intervals import (
    Interval,
    difference_interval,
    favourable_interval,
    share_spread,
    wilson_interval,
)
from engage.measure.invariance import Invariance, measurement_invariance
from engage.measure.multiplicity import adjust_pvalues
from engage.measure.raters import Kappa, RaterAlpha, cohen_kappa, krippendorff_alpha
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
    "ControlChart",
    "Extremes",
    "Factors",
    "Funnel",
    "Interval",
    "Invariance",
    "ItemRest",
    "Kappa",
    "Omega",
    "ParallelAnalysis",
    "RaterAlpha",
    "WaveChange",
    "Weights",
    "adjust_pvalues",
    "answer_bands",
    "careless",
    "cohen_kappa",
    "compare",
    "compare_waves",
    "confirm_structure",
    "contrast_extremes",
    "control_chart",
    "cronbach_alpha",
    "difference_interval",
    "enps",
    "explore_factors",
    "favourable_from",
    "favourable_interval",
    "favourable_share",
    "feldt_interval",
    "funnel",
    "icc",
    "icc_interval",
    "item_rest_correlation",
    "krippendorff_alpha",
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
