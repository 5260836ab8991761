"""Catalogue coverage."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence


def catalogue_coverage(rankings: Iterable[Sequence[Hashable]], n_items: int, k: int) -> float | None:
    """Distinct items among the first k of any list / items in the catalogue (Ge et al. 2010).

    Empty case: None for an empty catalogue or when there is no list; 0 when all lists are empty.
    """
    lists = list(rankings)
    if n_items == 0 or not lists:
        return None
    return len({item for ranking in lists for item in ranking[:k]}) / n_items
