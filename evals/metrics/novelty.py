"""Novelty as self-information."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from math import log2
from typing import Any


def novelty(ranking: Sequence[Hashable], users_of: Mapping[Any, int], n_users: int, k: int) -> float | None:
    """Mean over the first k items of −log2((users of the item + 1) / (users + 1)), in bits (Vargas and Castells 2011).

    The one added is for items that nobody has used, which would be infinitely novel without it. ``users_of`` counts the
    users of an item in the training part. Empty case: None for an empty list or without users.
    """
    shown = ranking[:k]
    if not shown or n_users == 0:
        return None
    return sum(-log2((users_of.get(item, 0) + 1) / (n_users + 1)) for item in shown) / len(shown)
