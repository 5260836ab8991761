"""Exact nearest neighbours with numpy: the reference that an approximate store is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vectorstore.base import Vectors

Rows = NDArray[np.int64]

SCORE_STEP = 1e-6
"""Scores closer than this are equal. The order of summation in a matrix product depends on the shape of the matrix, so
equal vectors may differ in the last bits; ranks must not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hits:
    """What a search found, best first, equal scores by row."""

    rows: Rows
    """(n_hits,) int64."""
    scores: Vectors
    """(n_hits,) float32 inner products, rounded to ``SCORE_STEP``."""

    def __len__(self) -> int:
        return len(self.rows)


class ExactStore:
    """A ``VectorStore`` that compares the query with every vector it holds.

    ``matrix`` is used as it is: an array or a ``numpy.memmap`` is not copied until the first ``upsert`` or ``delete``.
    Searching is safe from several threads; changing it is not.
    """

    gather_share: float = 0.1
    """Up to this share of the rows, allowed rows are copied together before they are compared; above it all rows are
    compared and the others dropped, which is then faster (measured at 32,560 x 256: equal at about 4,000 rows)."""

    def __init__(self, dim: int) -> None:
        if dim < 1:
            raise ValueError(f"dim is {dim!r}; it must be at least 1")
        self._ids: list[str] = []
        self._matrix: Vectors = np.empty((0, dim), dtype=np.float32)
        self._row_of: dict[str, int] | None = {}

    @classmethod
    def from_arrays(cls, ids: Sequence[str], matrix: Vectors) -> Self:
        """A store over ``matrix`` (n, dim) float32, row ``i`` being the vector of ``ids[i]``; nothing is copied.

        Raises ``ValueError`` for another shape or type, and for an id that occurs twice.
        """
        if matrix.ndim != 2 or matrix.dtype != np.float32:
            raise ValueError(f"matrix is {matrix.ndim}-dimensional {matrix.dtype}; it must be (n, dim) float32")
        if len(ids) != len(matrix):
            raise ValueError(f"{len(ids):,} ids for {len(matrix):,} rows; there must be one id per row")
        store = cls(matrix.shape[1])
        store._ids, store._matrix, store._row_of = list(ids), matrix, None
        if len(store.row_of) != len(store._ids):
            raise ValueError("ids occur twice; every id must be unique")
        return store

    @property
    def dim(self) -> int:
        return int(self._matrix.shape[1])

    @property
    def ids(self) -> Sequence[str]:
        """Id of every row."""
        return self._ids

    @property
    def matrix(self) -> Vectors:
        """(n, dim) float32; do not write to it."""
        return self._matrix

    @property
    def row_of(self) -> dict[str, int]:
        """Row of every id; do not write to it."""
        if self._row_of is None:
            self._row_of = {item_id: row for row, item_id in enumerate(self._ids)}
        return self._row_of

    def count(self) -> int:
        return len(self._ids)

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Raises ``ValueError`` for vectors of another shape or with values that are not finite."""
        latest = unique_rows(ids, vectors, dim=self.dim)
        if not latest:
            return
        new = [item_id for item_id in latest if item_id not in self.row_of]
        matrix = np.empty((len(self._ids) + len(new), self.dim), dtype=np.float32)
        matrix[: len(self._ids)] = self._matrix
        row_of = self.row_of
        for item_id in new:
            row_of[item_id] = len(self._ids)
            self._ids.append(item_id)
        matrix[[row_of[item_id] for item_id in latest]] = vectors[list(latest.values())]
        self._matrix = matrix

    def delete(self, ids: Sequence[str]) -> None:
        gone = {self.row_of[item_id] for item_id in ids if item_id in self.row_of}
        if gone:
            kept = [row for row in range(len(self._ids)) if row not in gone]
            self._matrix = self._matrix[kept]
            self._ids = [self._ids[row] for row in kept]
            self._row_of = None

    def search(self, query: Vectors, k: int) -> list[tuple[str, float]]:
        """Raises ``ValueError`` for a query that is not (dim,)."""
        hits = self.search_rows(query, k)
        return [(self._ids[row], score) for row, score in zip(hits.rows.tolist(), hits.scores.tolist(), strict=True)]

    def search_rows(self, query: Vectors, k: int, rows: Rows | None = None) -> Hits:
        """The ``k`` nearest to ``query`` (dim,) among ``rows`` (all when None); fewer when there are fewer.

        ``rows`` (n_allowed,) is ascending and without repetition, as ``numpy.flatnonzero`` gives it.
        """
        return self.search_rows_many(query[None], k, rows)[0]

    def search_rows_many(self, queries: Vectors, k: int, rows: Rows | None = None) -> list[Hits]:
        """``search_rows`` for each row of ``queries`` (n_queries, dim), in one pass over the matrix."""
        if queries.ndim != 2 or queries.shape[1] != self.dim:
            raise ValueError(f"a query has the shape {queries.shape[1:]}; vectors here are ({self.dim},)")
        queries = queries.astype(np.float32, copy=False)
        if rows is None:
            scores = self._matrix @ queries.T
        elif len(rows) <= self.gather_share * len(self._ids):
            scores = self._matrix[rows] @ queries.T
        else:
            scores = (self._matrix @ queries.T)[rows]
        return [_top(scores[:, column], k, rows) for column in range(len(queries))]

    def close(self) -> None:
        """Nothing to free: a memory-mapped matrix belongs to whoever mapped it."""


def unique_rows(ids: Sequence[str], vectors: Vectors, *, dim: int) -> dict[str, int]:
    """Id to its row in ``vectors``, the last one where an id occurs twice.

    Raises ``ValueError`` when the shapes do not fit or a value is not finite.
    """
    if vectors.ndim != 2 or len(vectors) != len(ids) or (len(ids) and vectors.shape[1] != dim):
        raise ValueError(f"vectors are {vectors.shape} for {len(ids):,} ids; they must be ({len(ids)}, {dim})")
    if not np.isfinite(vectors).all():
        raise ValueError("vectors hold a value that is not finite; a text without a vector has a row of zeros")
    return {item_id: row for row, item_id in enumerate(ids)}


def _top(scores: Vectors, k: int, rows: Rows | None) -> Hits:
    """The ``k`` largest of ``scores`` (n,), equal ones in the order of their rows."""
    k = max(0, min(k, len(scores)))
    if k == 0:
        return Hits(rows=np.empty(0, dtype=np.int64), scores=np.empty(0, dtype=np.float32))
    # The k-th largest score decides who may take part; everybody within a step of it does, so that ties at the edge
    # are decided by row and not by argpartition.
    edge = scores[np.argpartition(scores, len(scores) - k)[len(scores) - k]]
    among = np.flatnonzero(scores >= edge - SCORE_STEP)
    rounded = np.round(scores[among].astype(np.float64), 6)
    best = np.argsort(-rounded, kind="stable")[:k]
    found = among[best]
    return Hits(rows=(found if rows is None else rows[found]).astype(np.int64), scores=rounded[best].astype(np.float32))
