"""Exposure of items and of groups of items."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from math import log2
from typing import Any


def exposure(rankings: Iterable[Sequence[Hashable]], k: int) -> dict[Hashable, float]:
    """Σ over lists of 1 / log2(position + 1) within the first k, by item (Singh and Joachims 2018).

    The attention that a place in a list gets. Items that were never shown are left out.
    """
    shown: dict[Hashable, float] = {}
    for ranking in rankings:
        for position, item in enumerate(ranking[:k], 1):
            shown[item] = shown.get(item, 0.0) + 1 / log2(position + 1)
    return shown


def exposure_by_group(
    exposures: Mapping[Any, float], group_of: Mapping[Any, str]
) -> dict[str, tuple[float, float]] | None:
    """``{group: (share of the exposure, share of the catalogue)}``; a group is favoured where the first is larger.

    ``group_of`` names the group of every item of the catalogue. What an item outside it got is no group's and does not
    count. Empty case: None when no grouped item was shown or there are no items.
    """
    total = sum(value for item, value in exposures.items() if item in group_of)
    if total == 0:
        return None
    groups = sorted(set(group_of.values()))
    got = dict.fromkeys(groups, 0.0)
    size = dict.fromkeys(groups, 0)
    for item, group in group_of.items():
        got[group] += exposures.get(item, 0.0)
        size[group] += 1
    return {group: (got[group] / total, size[group] / len(group_of)) for group in groups}
