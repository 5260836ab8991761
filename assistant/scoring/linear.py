"""Scorers that are a matrix from items to items: the score of an item is the sum of what each event of a history adds.

That sum is also the explanation, so contributions come for free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assistant.scoring import files
from assistant.scoring.base import History, Interactions, ItemFeatures, Rows, Scores
from assistant.scoring.weighting import HistoryWeighting, Sparse

DENSE_ITEMS = 4096
"""Up to this many items the matrix is kept dense (64 MiB); above, the strongest entries of each row."""
KEPT_PER_ROW = 256
"""Entries kept per row of a matrix that is not dense."""
DOUBLE_UP_TO = 4096
"""Items up to which systems are solved in float64; above, in float32, at half the memory."""

Matrix = NDArray[np.float32] | Sparse


@dataclass(kw_only=True)
class LinearScorer:
    """Base of the item-to-item scorers; a subclass fits the matrix."""

    kind: ClassVar[str] = ""
    name: str = ""
    weighting: HistoryWeighting = field(default_factory=HistoryWeighting)
    """How events of the history to rank for count; it does not change the matrix."""
    max_items: int = 10_000
    """The matrix covers this many most frequent items at most; the others score 0."""

    known: Rows = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)
    """Catalogue rows that the matrix covers, (n_known,); -1 for an item that has left the catalogue."""
    matrix: Matrix = field(default_factory=lambda: np.zeros((0, 0), np.float32), repr=False)
    """(n_known, n_known): entry (i, j) is what an event on item i adds to item j."""
    place: Rows = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)
    """(n_items,): the index into ``known`` of each catalogue row, -1 where there is none."""

    def fit(self, interactions: Interactions, features: ItemFeatures) -> Self:
        """Learn the matrix. Deterministic."""
        counts = np.bincount(interactions.item, minlength=interactions.n_items)
        frequent = np.argsort(-counts, kind="stable")[: self.max_items]
        self.known = np.sort(frequent[counts[frequent] > 0]).astype(np.int64)
        self._place(interactions.n_items)
        if len(self.known):
            self.matrix = sparsify(self.fit_matrix(restrict(interactions, self.place, len(self.known))))
        else:
            self.matrix = np.zeros((0, 0), np.float32)
        return self

    def fit_matrix(self, interactions: Interactions) -> NDArray[np.float32]:
        """The dense matrix; items are numbered within ``known``."""
        raise NotImplementedError

    def reweighted(self, name: str, weighting: HistoryWeighting) -> Self:
        """The same matrix under another weighting of histories; nothing is fitted again."""
        return replace(self, name=name, weighting=weighting)

    def score(self, history: History, rows: Rows | None = None) -> Scores:
        """(len(rows),) or (n_items,) float32: sum over events of weight × matrix entry; 0 for items not covered."""
        scores: Scores = self.score_many([history])[0]
        return scores if rows is None else scores[rows]

    def score_many(self, histories: Sequence[History]) -> Scores:
        """(len(histories), n_items) float32, the same as ``score`` for each."""
        events = [self._events(history) for history in histories]
        ends = np.cumsum([0, *(len(at) for at, _ in events)])
        if not ends[-1]:
            return np.zeros((len(histories), len(self.place)), np.float32)
        weights = sparse.csr_array(
            (np.concatenate([weight for _, weight in events]), np.concatenate([at for at, _ in events]), ends),
            shape=(len(events), len(self.known)),
        )
        product = weights @ self.matrix
        values = product if isinstance(product, np.ndarray) else product.toarray()
        if self._covers_all:
            return values
        scores = np.zeros((len(histories), len(self.place)), np.float32)
        there = self.known >= 0
        scores[:, self.known[there]] = values[:, there]
        return scores

    @property
    def _covers_all(self) -> bool:
        """Whether the matrix's items are the catalogue's, in its order."""
        return len(self.known) == len(self.place) and bool((self.place == np.arange(len(self.place))).all())

    def contributions(self, history: History, row: int) -> Scores | None:
        """(len(history),): each event's share of the score of ``row``; they add up to it."""
        moved = np.zeros(len(history), np.float32)
        target = self.place[row]
        if target < 0 or not len(history):
            return moved
        weight = self.weighting.weights(history)
        at = self.place[history.rows]
        use = (at >= 0) & (weight != 0)
        column = self.matrix[at[use], int(target)]
        moved[use] = weight[use] * (column if isinstance(column, np.ndarray) else column.toarray().ravel())
        return moved

    def settings(self) -> dict[str, Any]:
        """The hyperparameters, as JSON has them."""
        values = {
            name: getattr(self, name)
            for name in (of_class.name for of_class in fields(self))
            if name not in ("known", "matrix", "place", "weighting")
        }
        return {**values, "weighting": asdict(self.weighting), "n_items": len(self.place)}

    def save(self, folder: Path) -> None:
        """Write settings and matrix; sums over users, nothing of one user."""
        arrays: dict[str, files.AnyArray] = {"known": self.known}
        if isinstance(self.matrix, np.ndarray):
            arrays["dense"] = self.matrix
        else:
            arrays |= {"data": self.matrix.data, "indices": self.matrix.indices, "indptr": self.matrix.indptr}
        files.write(folder, self.settings(), arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What ``save`` wrote."""
        settings, arrays = files.read(folder)
        n_items = settings.pop("n_items")
        scorer = cls(**settings | {"weighting": HistoryWeighting(**settings["weighting"])})
        scorer.known = arrays["known"]
        if "dense" in arrays:
            scorer.matrix = arrays["dense"]
        else:
            shape = (len(scorer.known), len(scorer.known))
            scorer.matrix = sparse.csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
        scorer._place(n_items)
        return scorer

    def placed(self, moved: Rows, features: ItemFeatures) -> Self:
        """The same matrix over moved rows."""
        known = np.where(self.known >= 0, moved[self.known], -1)
        scorer = replace(self, known=known)
        scorer._place(len(features.year))
        return scorer

    def _place(self, n_items: int) -> None:
        self.place = np.full(n_items, -1, np.int64)
        there = self.known >= 0
        self.place[self.known[there]] = np.flatnonzero(there)

    def _events(self, history: History) -> tuple[Rows, Scores]:
        weight = self.weighting.weights(history)
        at = self.place[history.rows]
        use = (at >= 0) & (weight != 0)
        return at[use], weight[use]


def restrict(interactions: Interactions, place: Rows, n_known: int) -> Interactions:
    """Only events on known items, items renumbered by ``place``."""
    at = place[interactions.item]
    keep = at >= 0
    return replace(interactions.where(keep), n_items=n_known, item=at[keep], skipped=0)


def sparsify(matrix: NDArray[np.float32], *, dense_items: int = DENSE_ITEMS, kept: int = KEPT_PER_ROW) -> Matrix:
    """The matrix itself when small; else its ``kept`` entries of largest size per row, as CSR."""
    n = len(matrix)
    if n <= dense_items or n <= kept:
        return np.ascontiguousarray(matrix)
    columns = np.empty((n, kept), np.int32)
    data = np.empty((n, kept), np.float32)
    for start in range(0, n, 1024):
        block = matrix[start : start + 1024]
        best = np.sort(np.argpartition(-np.abs(block), kept - 1, axis=1)[:, :kept], axis=1)
        columns[start : start + 1024] = best
        data[start : start + 1024] = np.take_along_axis(block, best, axis=1)
    return sparse.csr_array((data.ravel(), columns.ravel(), np.arange(0, n * kept + 1, kept)), shape=(n, n))
