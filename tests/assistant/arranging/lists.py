"""A ranker with given scores over the test films, so that tests say what the order is before anything is arranged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from assistant.arranging.lists import Listing
from assistant.catalogue import Catalogue
from assistant.interactions import history_of_rows
from assistant.ranking import Ranker


@dataclass
class Given:
    """A scorer that knows its scores: the fake that stands in for all columns."""

    values: np.ndarray
    name: str = "given"
    kind: str = "Given"

    def fit(self, interactions, features) -> Self:
        return self

    def score(self, history, rows=None):
        return self.values if rows is None else self.values[rows]

    def contributions(self, history, row):
        return np.ones(len(history), np.float32)

    def save(self, folder: Path) -> None: ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        raise NotImplementedError

    def placed(self, moved, features) -> Self:
        return self


def listing(
    catalogue: Catalogue, scores: Mapping[str, float], k: int = 5, *, history: tuple[str, ...] = (), only: bool = True
) -> Listing:
    """The list of the items in ``scores``, or of all of the catalogue; the others score 0."""
    values = np.zeros(len(catalogue), np.float32)
    for item_id, score in scores.items():
        values[catalogue.row_of[item_id]] = score
    ranker = Ranker(tuple(catalogue.ids), (Given(values),), {"given": 1.0})
    rows = np.sort(catalogue.rows(scores)) if only else None
    return Listing(ranker=ranker, history=history_of_rows(catalogue.rows(history).tolist()), rows=rows, k=k)
