"""Diversity: items unlike those above them come first, as far as their scores allow.

Maximal marginal relevance (Carbonell & Goldstein 1998): next comes the item with the largest ``(1 - d) · score - d ·
similarity``, similarity being the largest cosine with an item above it, score being scaled to [0, 1] over those that are
looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DEPTH = 50
"""How many of the best are looked at: a lower place is no reason to be shown."""


def diversified(
    scores: Sequence[float], vectors: NDArray[np.float32], k: int, dial: float, *, depth: int = DEPTH
) -> list[int]:
    """Places (from 0) in the new order: ``k`` chosen from the first ``depth``, then all others in their old order.

    ``scores`` (n,) best first; ``vectors`` (n, dim), L2-normalised or zero; ``dial`` in [0, 1], 0 leaves the order as it is.
    """
    places = list(range(len(scores)))
    depth = min(len(places), max(depth, k))
    if dial <= 0 or depth < 3 or not vectors.shape[1]:
        return places
    from pyversity import Metric, mmr

    top = np.asarray(scores[:depth], np.float64)
    spread = float(top.max() - top.min())
    unit = (top - top.min()) / spread if spread > 0 else np.zeros(depth)
    chosen = mmr(
        np.asarray(vectors[:depth], np.float32),
        unit.astype(np.float32),
        min(k, depth),
        diversity=dial,
        metric=Metric.COSINE,
    ).indices.tolist()
    taken = set(chosen)
    return [*chosen, *(place for place in places if place not in taken)]
