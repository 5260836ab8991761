"""Hit rate."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from evals.metrics.cut import gains_by_position, relevant_count


def hit_rate(ranking: Sequence[Hashable], gains: Mapping[Any, float], k: int) -> float | None:
    """1 when a relevant item is among the first k, else 0 (trec_eval's ``success``); its mean is the hit rate.

    Empty case: None when no item is relevant; 0 when the ranking is empty.
    """
    if relevant_count(gains) == 0:
        return None
    return float(any(gain > 0 for gain in gains_by_position(ranking, gains, k)))
