"""From scores to a list in which ties neither help nor harm."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray


def ranked_rows(
    scores: NDArray[np.float32],
    known: Sequence[int],
    held_out: Sequence[int],
    k: int,
    among: Collection[int] | None = None,
) -> list[int]:
    """The first k rows by score, best first, without the ``known`` ones.

    A held-out row with equals is placed in the middle of them, ⌊equals / 2⌋ below the first, so that a scorer that
    gives everything the same score is not rewarded for the order of the catalogue; several held-out equals follow each
    other. Equals that are not held out keep the catalogue's order. With ``among`` only those rows (and the held-out
    ones) take part.
    """
    values = scores.astype(np.float64)
    if among is not None:
        outside = np.ones(len(values), dtype=bool)
        outside[[*among, *held_out]] = False
        values[outside] = -np.inf
    values[list(known)] = -np.inf
    targets = np.asarray(held_out, dtype=np.int64)
    others = values.copy()
    others[targets] = -np.inf
    # Where each held-out row belongs, counted over the rows that are not held out.
    places = sorted(
        (int((others > values[t]).sum()) + int((others == values[t]).sum()) // 2, -values[t], int(t)) for t in targets
    )
    depth = min(k, int(np.isfinite(others).sum()))
    if depth == 0:
        order: list[int] = []
    else:
        edge = np.partition(others, -depth)[-depth]
        best = np.flatnonzero(others >= edge)
        order = best[np.argsort(-others[best], kind="stable")][:depth].tolist()
    for shift, (place, _, row) in enumerate(places):
        if place + shift >= k:
            break
        order.insert(place + shift, row)
    return order[:k]
