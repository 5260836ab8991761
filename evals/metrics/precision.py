"""Precision."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from evals.metrics.cut import gains_by_position, relevant_count


def precision(ranking: Sequence[Hashable], gains: Mapping[Any, float], k: int) -> float | None:
    """Precision@k = relevant items among the first k / k (trec_eval's ``P``).

    A list shorter than k is not excused: the missing places count as misses. Empty case: None when no item is relevant,
    because then no list could have scored; 0 when the ranking is empty.
    """
    if relevant_count(gains) == 0:
        return None
    return sum(gain > 0 for gain in gains_by_position(ranking, gains, k)) / k
