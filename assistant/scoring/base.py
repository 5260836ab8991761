"""What a ranking stage is made of: scorers, each giving one column over all items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol, Self, overload

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Interactions:
    """Events as columns, each (n_events,), ordered by user and then by time (ties in file order).

    ``user`` and ``item`` are rows into ``user_ids`` and into the catalogue; ``time`` is Unix seconds or, where the data
    has no timestamps, the position, or NaN when the order is unknown; ``value`` is a rating or NaN when implicit;
    ``weight`` is the strength of the preference in [-1, 1]: 1 a clear like, 0 merely seen, -1 a clear dislike.
    """

    user_ids: tuple[str, ...]
    n_items: int
    user: Rows
    item: Rows
    time: NDArray[np.float64]
    value: Scores
    weight: Scores
    skipped: int = 0
    """Events left out because their item is not in the catalogue."""

    def where(self, keep: NDArray[np.bool_]) -> Interactions:
        """Only the events that ``keep``, (n_events,), is true for."""
        return replace(
            self,
            user=self.user[keep],
            item=self.item[keep],
            time=self.time[keep],
            value=self.value[keep],
            weight=self.weight[keep],
        )


@dataclass(frozen=True, kw_only=True)
class History:
    """One user's events as columns, oldest first. ``rows`` are catalogue rows; the others as in ``Interactions``."""

    rows: Rows
    time: NDArray[np.float64]
    value: Scores
    weight: Scores

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def repeats(self) -> bool:
        """Whether any item occurs more than once."""
        ordered = np.sort(self.rows)
        return bool((ordered[1:] == ordered[:-1]).any())

    @cached_property
    def moments(self) -> tuple[Rows, Rows]:
        """(len(history),) the number, from 0, of each event's moment, and (n_moments,) how many events each has.

        Events of the same second are of one moment; those without a time have one each.
        """
        moment = np.zeros(len(self.rows), np.int64)
        np.cumsum(self.time[1:] != self.time[:-1], out=moment[1:])
        return moment, np.bincount(moment)


class LabelRows(Sequence[tuple[str, ...]]):
    """The labels of every row, in order, as numbers: 100,000 rows take a few arrays and no object each."""

    def __init__(self, values: Sequence[str], ids: NDArray[np.int32], offsets: Rows) -> None:
        """The labels of row ``n`` are those of ``values`` at ``ids[offsets[n]:offsets[n + 1]]``."""
        self.values, self.ids, self.offsets = values, ids, offsets

    @classmethod
    def of(cls, rows: Sequence[Iterable[str]]) -> LabelRows:
        """The labels of any sequence of rows."""
        if isinstance(rows, LabelRows):
            return rows
        place: dict[str, int] = {}
        ids = [[place.setdefault(label, len(place)) for label in row] for row in rows]
        offsets = np.cumsum([0, *map(len, ids)], dtype=np.int64)
        return cls(list(place), np.array([each for row in ids for each in row], np.int32), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, row: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, row: slice) -> list[tuple[str, ...]]: ...
    def __getitem__(self, row: int | slice) -> tuple[str, ...] | list[tuple[str, ...]]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        row %= len(self)
        return tuple(self.values[each] for each in self.ids[self.offsets[row] : self.offsets[row + 1]].tolist())


@dataclass(frozen=True, kw_only=True)
class ItemFeatures:
    """What scorers may know of the items, by catalogue row. Free text enters only through ``vectors``."""

    vectors: Scores
    """(n_items, dim) float32, rows L2-normalised or zero."""
    year: NDArray[np.float64]
    """(n_items,), NaN when unknown."""
    categories: Sequence[tuple[str, ...]]
    people: Sequence[tuple[str, ...]]
    tags: Sequence[tuple[str, ...]]


class Scorer(Protocol):
    """One column. Bigger is better; the scale is the scorer's own, the blend standardises it."""

    @property
    def name(self) -> str: ...

    def fit(self, interactions: Interactions, features: ItemFeatures) -> Self:
        """Learn from events and item features; returns itself. Deterministic for the same input."""
        ...

    def score(self, history: History, rows: Rows | None = None) -> Scores:
        """(len(rows),) float32, or (n_items,) for all items. ``history`` need not have been seen in ``fit``.

        Finite, and all zeros when the scorer knows nothing for this history (a cold user).
        """
        ...

    def contributions(self, history: History, row: int) -> Scores | None:
        """(len(history),) how much each event moved the score of item ``row``; None when not attributable."""
        ...

    def save(self, folder: Path) -> None:
        """Write it under ``folder``, which exists and is empty. Nothing that names a user is written."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What ``save`` wrote. It scores after ``placed``, which gives it the item features that are not saved."""
        ...

    def placed(self, moved: Rows, features: ItemFeatures) -> Self:
        """The same scorer for another state of the catalogue.

        Old row ``r`` is now row ``moved[r]``, -1 when the item is gone; ``features`` describe the new rows. Items that
        came since score as unknown to it, or by their features where the scorer lives on features.
        """
        ...


def stack(columns: Sequence[Scores]) -> Scores:
    """(n_columns, n_items) float32."""
    return np.stack(columns).astype(np.float32, copy=False)
