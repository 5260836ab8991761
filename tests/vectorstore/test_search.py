from __future__ import annotations

import numpy as np
import pytest

from vectorstore.errors import StoreDamagedError
from vectorstore.exact import ExactStore
from vectorstore.search import FilteredSearch, SearchSettings

N, DIM = 400, 16
ALWAYS_APPROXIMATE = SearchSettings(exact_rows=0, max_fetch=N)


class Recording:
    """A fake approximate store: exact underneath, it loses the ids in ``lost`` and remembers what it was asked."""

    def __init__(self, exact, lost=()):
        self.exact, self.lost, self.asked = exact, set(lost), []
        self.dim = exact.dim

    def search(self, query, k):
        self.asked.append(k)
        return [hit for hit in self.exact.search(query, k) if hit[0] not in self.lost]


class Broken(Recording):
    """A fake store whose index is damaged."""

    def search(self, query, k):
        raise StoreDamagedError("Chroma cannot use the vector index. Build it again.")


@pytest.fixture
def exact():
    rows = np.random.default_rng(0).normal(size=(N, DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return ExactStore.from_arrays([f"i{row}" for row in range(N)], rows)


@pytest.fixture
def query():
    vector = np.random.default_rng(1).normal(size=DIM).astype(np.float32)
    return vector / np.linalg.norm(vector)


def mask(share, seed=2):
    return np.random.default_rng(seed).random(N) < share


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("settings", [SearchSettings(), ALWAYS_APPROXIMATE])
def test_gives_the_nearest_allowed_whichever_way(exact, query, share, settings):
    allowed = mask(share)
    hits = FilteredSearch(exact, Recording(exact), settings).search(query, 10, allowed)
    assert hits.rows.tolist() == exact.search_rows(query, 10, np.flatnonzero(allowed)).rows.tolist()
    assert allowed[hits.rows].all()


def test_small_remainders_never_ask_the_approximate_store(exact, query):
    approximate = Recording(exact)
    search = FilteredSearch(exact, approximate, SearchSettings(exact_rows=100, max_fetch=N))
    search.search(query, 5, np.arange(N) < 100)
    assert approximate.asked == []
    search.search(query, 5, np.arange(N) < 200)
    assert approximate.asked == [15]  # 5 x 1.5, and as many again for the half that is not allowed


def test_too_many_to_fetch_is_done_exactly(exact, query):
    approximate = Recording(exact)
    FilteredSearch(exact, approximate, SearchSettings(exact_rows=0, max_fetch=20)).search(query, 10, mask(0.5))
    assert approximate.asked == []


def test_too_few_found_is_done_exactly(exact, query):
    # What is nearest is not allowed: whatever is fetched is dropped.
    order = exact.search_rows(query, N).rows
    allowed = np.ones(N, dtype=bool)
    allowed[order[:100]] = False
    approximate = Recording(exact)
    hits = FilteredSearch(exact, approximate, ALWAYS_APPROXIMATE).search(query, 10, allowed)
    assert approximate.asked
    assert hits.rows.tolist() == order[100:110].tolist()


def test_uses_what_the_approximate_store_found(exact, query):
    # A lost neighbour stays lost: this is the approximate path, not a hidden exact one.
    nearest = exact.search(query, 1)[0][0]
    hits = FilteredSearch(exact, Recording(exact, lost=[nearest]), ALWAYS_APPROXIMATE).search(query, 5)
    assert hits.rows.tolist() == exact.search_rows(query, 6).rows[1:].tolist()


def test_ids_unknown_to_the_exact_store_are_dropped(exact, query):
    approximate = Recording(ExactStore.from_arrays([*exact.ids[1:], "other"], exact.matrix))
    hits = FilteredSearch(exact, approximate, ALWAYS_APPROXIMATE).search(query, 20)
    assert len(hits) == 20


def test_a_failing_store_is_replaced_by_exact_search_and_counted(exact, query, caplog):
    search = FilteredSearch(exact, Broken(exact), ALWAYS_APPROXIMATE)
    assert search.search(query, 7).rows.tolist() == exact.search_rows(query, 7).rows.tolist()
    assert search.approximate_failures == 1
    assert "Build it again" in caplog.text


def test_several_queries(exact):
    queries = exact.matrix[[3, 50, 200]]
    allowed = mask(0.5) | np.isin(np.arange(N), [3, 50, 200])
    for settings in (SearchSettings(), ALWAYS_APPROXIMATE):
        found = FilteredSearch(exact, Recording(exact), settings).search_many(queries, 4, allowed)
        assert [hits.rows[0] for hits in found] == [3, 50, 200]


def test_without_an_approximate_store(exact, query):
    assert FilteredSearch(exact).search(query, 3).rows.tolist() == exact.search_rows(query, 3).rows.tolist()


def test_refuses_what_does_not_fit(exact, query):
    with pytest.raises(ValueError, match="allowed"):
        FilteredSearch(exact).search(query, 3, np.ones(3, dtype=bool))
    with pytest.raises(ValueError, match="dimensions"):
        FilteredSearch(exact, ExactStore(DIM + 1))
