"""Calibration: does the list have the mixture of the user's history?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import log2

SMOOTHING = 0.01
"""The share α of the history's distribution that is mixed into the list's, so that the divergence stays finite."""


def _distribution(items: Iterable[Sequence[str]]) -> dict[str, float]:
    """Each item spreads a weight of one evenly over its labels; items without labels are left out."""
    weights: defaultdict[str, float] = defaultdict(float)
    for labels in items:
        for label in labels:
            weights[label] += 1 / len(labels)
    total = sum(weights.values())
    return {label: weight / total for label, weight in weights.items()}


def calibration(history: Iterable[Sequence[str]], ranking: Sequence[Sequence[str]], k: int) -> float | None:
    """KL(p ‖ (1 − α) q + α p) in bits, p the distribution of labels in the history, q in the first k (Steck 2018).

    Both arguments hold the labels (categories) of each item. 0 is perfectly calibrated; smaller is better. Empty case:
    None when no item of the history, or none of the list, has a label.
    """
    p = _distribution(history)
    q = _distribution(ranking[:k])
    if not p or not q:
        return None
    return sum(
        share * log2(share / ((1 - SMOOTHING) * q.get(label, 0.0) + SMOOTHING * share)) for label, share in p.items()
    )
