"""Validity of a list."""

from __future__ import annotations

from collections.abc import Container, Hashable, Sequence


def validity(
    ranking: Sequence[Hashable],
    catalogue: Container[Hashable],
    seen: Container[Hashable],
    excluded: Container[Hashable],
    k: int,
) -> float | None:
    """Share of the first k places with an item that exists, is not seen, is not excluded, and did not stand above.

    Empty case: None for an empty list, which has no place to judge.
    """
    shown = ranking[:k]
    if not shown:
        return None
    valid = sum(
        item in catalogue and item not in seen and item not in excluded and item not in shown[:place]
        for place, item in enumerate(shown)
    )
    return valid / len(shown)
