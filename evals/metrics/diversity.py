"""Intra-list diversity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def intra_list_diversity(ranking: Sequence[int], vectors: NDArray[np.float32], k: int) -> float | None:
    """Mean over the pairs of the first k items of 1 − cosine (Ziegler et al. 2005; Smyth and McClave 2001).

    ``ranking`` holds rows of ``vectors`` (n_items, dim). Items whose vector is zero are unknown and left out. Empty
    case: None when fewer than two items are left.
    """
    chosen = vectors[list(ranking[:k])].astype(np.float64) if len(ranking) else np.zeros((0, 1))
    norms = np.linalg.norm(chosen, axis=1)
    known = chosen[norms > 0] / norms[norms > 0, None]
    n = len(known)
    if n < 2:
        return None
    total = known.sum(axis=0)
    cosines = (float(total @ total) - n) / (n * (n - 1))  # the mean over ordered pairs of different items
    return 1 - cosines
