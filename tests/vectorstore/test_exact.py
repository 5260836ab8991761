from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.exact import ExactStore


def make(count, dim=16, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return ExactStore.from_arrays([str(row) for row in range(count)], rows)


def test_matrix_is_not_copied(tmp_path):
    matrix = np.eye(4, dtype=np.float32)
    assert ExactStore.from_arrays(list("abcd"), matrix).matrix is matrix
    np.save(tmp_path / "m.npy", matrix)
    mapped = np.load(tmp_path / "m.npy", mmap_mode="r")
    store = ExactStore.from_arrays(list("abcd"), mapped)
    assert isinstance(store.matrix, np.memmap)
    store.upsert(["e"], np.ones((1, 4), dtype=np.float32))
    assert mapped.shape == (4, 4)
    assert store.count() == 5


def test_from_arrays_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="float32"):
        ExactStore.from_arrays(["a"], np.ones((1, 4)))
    with pytest.raises(ValueError, match="one id per row"):
        ExactStore.from_arrays(["a", "b"], np.ones((1, 4), dtype=np.float32))
    with pytest.raises(ValueError, match="unique"):
        ExactStore.from_arrays(["a", "a"], np.ones((2, 4), dtype=np.float32))


@pytest.mark.parametrize("kept", [1, 5, 50, 199, 200])
def test_rows_restrict_the_search_on_either_path(kept):
    store = make(200)
    rows = np.sort(np.random.default_rng(kept).permutation(200)[:kept])
    query = store.matrix[7]
    hits = store.search_rows(query, 12, rows)
    products = store.matrix[rows] @ query
    order = rows[np.argsort(-np.round(products.astype(np.float64), 6), kind="stable")][:12]
    assert hits.rows.tolist() == order.tolist()
    assert len(hits) == min(12, kept)


def test_both_paths_agree():
    store = make(500)
    rows = np.arange(0, 500, 3)
    gathered, whole = ExactStore.from_arrays(store.ids, store.matrix), ExactStore.from_arrays(store.ids, store.matrix)
    gathered.gather_share, whole.gather_share = 1.0, 0.0
    for query in store.matrix[:20]:
        a, b = gathered.search_rows(query, 30, rows), whole.search_rows(query, 30, rows)
        assert a.rows.tolist() == b.rows.tolist()
        np.testing.assert_allclose(a.scores, b.scores, atol=2e-6)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 70))
def test_ties_are_in_row_order(kinds, k):
    # Rows of the same kind are equal vectors, so ties at the k-th place abound.
    matrix = np.eye(4, dtype=np.float32)[kinds]
    store = ExactStore.from_arrays([str(row) for row in range(len(kinds))], matrix)
    query = np.asarray([0.1, 0.2, 0.3, 0.4], dtype=np.float32)
    expected = sorted(range(len(kinds)), key=lambda row: (-kinds[row], row))[:k]
    assert store.search_rows(query, k).rows.tolist() == expected


def test_many_queries_give_what_each_gives_alone():
    store = make(300)
    queries = make(6, seed=3).matrix
    rows = np.arange(10, 290)
    for together, query in zip(store.search_rows_many(queries, 9, rows), queries, strict=True):
        alone = store.search_rows(query, 9, rows)
        assert together.rows.tolist() == alone.rows.tolist()


def test_no_rows_allowed():
    assert len(make(10).search_rows(make(1).matrix[0], 5, np.empty(0, dtype=np.int64))) == 0
