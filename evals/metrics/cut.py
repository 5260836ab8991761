"""What the ranking metrics share: gains by position, the number of relevant items, the order of scored items."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any


def gains_by_position(ranking: Sequence[Hashable], gains: Mapping[Any, float], k: int) -> list[float]:
    """The gain at each of the first ``k`` positions, 0 where the item is not relevant.

    An item that stands in the list twice gains once, at its first position. Raises ``ValueError`` for ``k`` below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; a list is cut after at least one item.")
    taken: set[Hashable] = set()
    result = []
    for item in ranking[:k]:
        result.append(0.0 if item in taken else max(float(gains.get(item, 0.0)), 0.0))
        taken.add(item)
    return result


def relevant_count(gains: Mapping[Any, float]) -> int:
    """How many items have a gain above zero."""
    return sum(gain > 0 for gain in gains.values())


def order_by_score(scores: Mapping[str, float]) -> list[str]:
    """Ids, best score first; equal scores by id, the later in the alphabet first, as trec_eval breaks ties."""
    return sorted(sorted(scores, reverse=True), key=lambda item: -scores[item])
