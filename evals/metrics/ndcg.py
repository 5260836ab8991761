"""Normalised discounted cumulative gain."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from math import log2
from typing import Any

from evals.metrics.cut import gains_by_position


def ndcg(ranking: Sequence[Hashable], gains: Mapping[Any, float], k: int) -> float | None:
    """nDCG@k = DCG@k / IDCG@k with DCG@k = Σ gain(i) / log2(i + 1) over positions i = 1..k.

    Linear gains (Järvelin and Kekäläinen 2002, with the discount of Burges et al. 2005; trec_eval's ``ndcg_cut``). The
    ideal list holds the largest gains of all relevant items, also of those that the ranking does not hold.
    Empty case: None when no item is relevant; 0 when the ranking is empty.
    """
    shown = gains_by_position(ranking, gains, k)
    ideal = sum(gain / log2(i + 1) for i, gain in enumerate(sorted(gains.values(), reverse=True)[:k], 1) if gain > 0)
    if ideal == 0:
        return None
    return sum(gain / log2(i + 1) for i, gain in enumerate(shown, 1)) / ideal
