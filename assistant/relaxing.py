"""When nothing fits: which promise leaves nothing, and what would be nearest without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from assistant.catalogue import Catalogue
from assistant.types import Held, Query

MAX_TOGETHER = 2
"""Promises that are left out at once where leaving out one is not enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Relaxation:
    """What there would be without some of what was promised."""

    drops: tuple[Held, ...]
    count: int
    """Items that meet everything else, those known or shown left out."""
    nearest: int | None = None
    """Row of the item that misses a bound by least, where it is one bound that is left out."""
    value: float | None = None
    """What it has instead."""


def relaxations(catalogue: Catalogue, query: Query, held: Sequence[Held]) -> tuple[Relaxation, ...]:
    """The ways to something, by leaving out as few promises as possible, the one that keeps nearest first.

    Bounds come before other promises, since an item just past a bound is near; among the others the one that leaves the
    fewest items is the least of a change.
    """
    promises = [one for one in held if one.promised]
    for size in range(1, MAX_TOGETHER + 1):
        found = []
        for dropped in combinations(promises, size):
            kept = [one.constraint for one in promises if one not in dropped]
            rows = np.flatnonzero(catalogue.allowed(kept, query.excluded))
            if not len(rows):
                continue
            nearest, value = _nearest(catalogue, dropped[0], rows) if size == 1 else (None, None)
            found.append(Relaxation(drops=dropped, count=len(rows), nearest=nearest, value=value))
        if found:
            return tuple(sorted(found, key=lambda one: (one.nearest is None, one.count)))
    return ()


def _nearest(
    catalogue: Catalogue, dropped: Held, rows: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> tuple[int | None, float | None]:
    constraint = dropped.constraint
    column = catalogue.numbers.get(constraint.slot)
    if constraint.op != "range" or column is None:
        return None, None
    values = column[rows]
    low = constraint.low if constraint.low is not None else -np.inf
    high = constraint.high if constraint.high is not None else np.inf
    distance = np.where(np.isnan(values), np.inf, np.maximum(low - values, values - high))
    best = int(np.argmin(distance))
    if not np.isfinite(distance[best]):
        return None, None
    return int(rows[best]), float(values[best])


def without(query: Query, dropped: Sequence[Held]) -> Query:
    """The query without some promises."""
    constraints = {id(one.constraint) for one in dropped}
    return replace(query, constraints=tuple(c for c in query.constraints if id(c) not in constraints))
