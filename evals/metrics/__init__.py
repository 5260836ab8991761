"""Metrics, one per file. Each is a pure function that cites its formula and states its empty case.

A metric returns ``None`` where it is not defined: never NaN, and neither the best nor the worst value. A ranking is item
ids (any hashable), best first. ``gains`` maps an item to its gain; an item is relevant when its gain is above zero.
"""

from evals.metrics.average_popularity import average_popularity
from evals.metrics.average_precision import average_precision
from evals.metrics.calibration import calibration
from evals.metrics.constraint_satisfaction import constraint_satisfaction, meets
from evals.metrics.coverage import catalogue_coverage
from evals.metrics.diversity import intra_list_diversity
from evals.metrics.exposure import exposure, exposure_by_group
from evals.metrics.gini import gini
from evals.metrics.groups import GroupReport, by_group
from evals.metrics.hit_rate import hit_rate
from evals.metrics.ndcg import ndcg
from evals.metrics.novelty import novelty
from evals.metrics.precision import precision
from evals.metrics.recall import recall
from evals.metrics.reciprocal_rank import reciprocal_rank
from evals.metrics.validity import validity

__all__ = [
    "GroupReport",
    "average_popularity",
    "average_precision",
    "by_group",
    "calibration",
    "catalogue_coverage",
    "constraint_satisfaction",
    "exposure",
    "exposure_by_group",
    "gini",
    "hit_rate",
    "intra_list_diversity",
    "meets",
    "ndcg",
    "novelty",
    "precision",
    "recall",
    "reciprocal_rank",
    "validity",
]
