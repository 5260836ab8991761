"""Recall."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from evals.metrics.cut import gains_by_position, relevant_count


def recall(ranking: Sequence[Hashable], gains: Mapping[Any, float], k: int) -> float | None:
    """Recall@k = relevant items among the first k / all relevant items (trec_eval's ``recall``).

    The denominator is not capped at k. Empty case: None when no item is relevant; 0 when the ranking is empty.
    """
    relevant = relevant_count(gains)
    if relevant == 0:
        return None
    return sum(gain > 0 for gain in gains_by_position(ranking, gains, k)) / relevant
