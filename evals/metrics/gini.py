"""Gini coefficient of exposure."""

from __future__ import annotations

from collections.abc import Iterable


def gini(exposures: Iterable[float]) -> float | None:
    """G = Σ (2i − n − 1) x_i / (n Σ x), x ascending, i = 1..n: 0 when all are shown alike, (n − 1)/n when one takes all.

    ``exposures`` holds one number for each item of the catalogue, the zeros of items never shown included (Adomavicius
    and Kwon 2012 use it for recommendations). Empty case: None without items or when nothing was shown.
    """
    ascending = sorted(exposures)
    n = len(ascending)
    total = sum(ascending)
    if n == 0 or total == 0:
        return None
    return sum((2 * i - n - 1) * x for i, x in enumerate(ascending, 1)) / (n * total)
