"""Average popularity of what is recommended."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any


def average_popularity(ranking: Sequence[Hashable], users_of: Mapping[Any, int], k: int) -> float | None:
    """Mean over the first k items of the number of users the item has in the training part (Yin et al. 2012: ARP).

    Empty case: None for an empty list.
    """
    shown = ranking[:k]
    if not shown:
        return None
    return sum(users_of.get(item, 0) for item in shown) / len(shown)
