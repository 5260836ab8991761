"""Nearest neighbours under constraints: exact where that is cheap, approximate where it is not, right always."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorstore.base import Vectors, VectorStore
from vectorstore.errors import VectorStoreError
from vectorstore.exact import ExactStore, Hits, Rows

Mask = NDArray[np.bool_]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchSettings:
    """When to search exactly. The figures come from ``benchmarks/vector_search.py``."""

    exact_rows: int = 20_000
    """Search exactly when no more rows than this are allowed. On 2 idle cores at 256 dimensions, all 32,560 films take
    0.7 ms exactly and 1.5 to 2 ms in Chroma with a recall@100 of 0.98; exact time grows with the number of rows and
    Chroma's hardly does. Below this size Chroma does not pay; somewhat above it costs a millisecond, and from then on a
    growing catalogue costs no more."""
    over_fetch: float = 1.5
    """Ask the approximate store for this many times the number that should suffice if what is allowed were spread
    evenly."""
    max_fetch: int = 1_000
    """Search exactly when more than this would have to be fetched: the approximate search slows down with it."""


class FilteredSearch:
    """Search over an exact store and, if there is one, an approximate store of the same vectors.

    A result never holds a row that is not allowed, and never fewer than ``k`` rows while more are allowed. When the
    approximate store fails, the search goes on exactly, ``approximate_failures`` counts it and the log says why.
    """

    def __init__(
        self, exact: ExactStore, approximate: VectorStore | None = None, settings: SearchSettings | None = None
    ) -> None:
        if approximate is not None and approximate.dim != exact.dim:
            raise ValueError(f"the approximate store has {approximate.dim} dimensions, the exact one {exact.dim}")
        self._exact = exact
        self._approximate = approximate
        self._settings = settings or SearchSettings()
        self.approximate_failures = 0

    def search(self, query: Vectors, k: int, allowed: Mask | None = None) -> Hits:
        """The ``k`` nearest to ``query`` (dim,) among the rows of the exact store that ``allowed`` (n,) marks."""
        return self.search_many(query[None], k, allowed)[0]

    def search_many(self, queries: Vectors, k: int, allowed: Mask | None = None) -> list[Hits]:
        """``search`` for each row of ``queries`` (n_queries, dim): one interest vector of a profile each, say."""
        count = self._exact.count()
        if allowed is not None and allowed.shape != (count,):
            raise ValueError(f"allowed has the shape {allowed.shape}; there are {count:,} rows")
        kept = count if allowed is None else int(np.count_nonzero(allowed))
        rows = None if allowed is None or kept == count else np.flatnonzero(allowed)
        fetch = math.ceil(min(k, kept) * self._settings.over_fetch * count / kept) if kept else 0
        if self._approximate is None or kept <= self._settings.exact_rows or fetch > self._settings.max_fetch:
            return self._exact.search_rows_many(queries, k, rows)
        hits = []
        for query in queries:
            found = self._search_approximate(self._approximate, query, min(k, kept), fetch, allowed)
            hits.append(found if found is not None else self._exact.search_rows(query, k, rows))
        return hits

    def _search_approximate(
        self, store: VectorStore, query: Vectors, k: int, fetch: int, allowed: Mask | None
    ) -> Hits | None:
        """None when too few remain or the store failed."""
        try:
            found = store.search(query, fetch)
        except VectorStoreError as error:
            self.approximate_failures += 1
            _log.warning("the approximate search failed and was done exactly instead: %s", error)
            return None
        row_of = self._exact.row_of
        rows: Rows = np.asarray([row_of[item_id] for item_id, _ in found if item_id in row_of], dtype=np.int64)
        if allowed is not None:
            rows = rows[allowed[rows]]
        if len(rows) < k:
            return None
        # Scores are computed again, so that they do not depend on the way the row was found.
        rows = np.unique(rows)
        return self._exact.search_rows(query, k, rows)
