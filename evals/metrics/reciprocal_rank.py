"""Reciprocal rank, whose mean over users is MRR."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from evals.metrics.cut import gains_by_position, relevant_count


def reciprocal_rank(ranking: Sequence[Hashable], gains: Mapping[Any, float], k: int) -> float | None:
    """RR@k = 1 / position of the first relevant item, 0 when none is among the first k (Voorhees 1999).

    Empty case: None when no item is relevant; 0 when the ranking is empty.
    """
    if relevant_count(gains) == 0:
        return None
    for position, gain in enumerate(gains_by_position(ranking, gains, k), 1):
        if gain > 0:
            return 1 / position
    return 0.0
