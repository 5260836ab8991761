"""Average precision, whose mean over users is MAP."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from evals.metrics.cut import gains_by_position, relevant_count


def average_precision(ranking: Sequence[Hashable], gains: Mapping[Any, float], k: int) -> float | None:
    """AP@k = Σ precision@i over the positions i ≤ k of relevant items / all relevant items (trec_eval's ``map_cut``).

    The denominator is not capped at k. Empty case: None when no item is relevant; 0 when the ranking is empty.
    """
    relevant = relevant_count(gains)
    if relevant == 0:
        return None
    hits = 0
    total = 0.0
    for position, gain in enumerate(gains_by_position(ranking, gains, k), 1):
        if gain > 0:
            hits += 1
            total += hits / position
    return total / relevant
