"""What every VectorStore does, run on each of them."""

from __future__ import annotations

import numpy as np
import pytest

from vectorstore.chroma import ChromaStore
from vectorstore.exact import ExactStore

DIM = 24


def unit(count, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def names(count):
    return [f"item-{number}" for number in range(count)]


@pytest.fixture(params=["exact", "exact-memmap", "chroma"])
def make(request, tmp_path):
    """make(ids, vectors) -> store"""
    opened = []

    def build(ids, vectors):
        if request.param == "exact":
            store = ExactStore(DIM)
            store.upsert(ids, vectors)
        elif request.param == "exact-memmap":
            file = tmp_path / f"{len(opened)}.npy"
            np.save(file, vectors)
            store = ExactStore.from_arrays(ids, np.load(file, mmap_mode="r" if len(vectors) else None))
        else:
            store = ChromaStore.build(tmp_path / f"chroma-{len(opened)}", "contract", ids, vectors)
        opened.append(store)
        return store

    yield build
    for store in opened:
        store.close()


def test_finds_the_nearest_in_order_with_their_inner_products(make):
    vectors = unit(200)
    store = make(names(200), vectors)
    query = unit(1, seed=1)[0]
    found = store.search(query, 10)
    products = vectors @ query
    assert [item_id for item_id, _ in found] == [f"item-{row}" for row in np.argsort(-products)[:10]]
    np.testing.assert_allclose([score for _, score in found], np.sort(products)[::-1][:10], atol=1e-5)


def test_says_what_it_holds(make):
    store = make(names(30), unit(30))
    assert store.count() == 30
    assert store.dim == DIM


def test_gives_all_it_has_when_asked_for_more(make):
    store = make(names(7), unit(7))
    assert {item_id for item_id, _ in store.search(unit(1)[0], 50)} == set(names(7))
    assert store.search(unit(1)[0], 0) == []


def test_empty_store(make):
    store = make([], np.empty((0, DIM), dtype=np.float32))
    assert store.count() == 0
    assert store.search(unit(1)[0], 5) == []
    store.upsert(["first"], unit(1))
    assert [item_id for item_id, _ in store.search(unit(1)[0], 5)] == ["first"]


def test_upsert_adds_and_replaces(make):
    store = make(names(20), unit(20))
    fresh = unit(2, seed=5)
    store.upsert(["item-3", "new"], fresh)
    assert store.count() == 21
    assert store.search(fresh[0], 1)[0][0] == "item-3"
    assert store.search(fresh[1], 1)[0][0] == "new"
    assert store.search(unit(20)[3], 1)[0][0] != "item-3"


def test_upsert_of_an_id_twice_keeps_the_last(make):
    store = make(names(5), unit(5))
    fresh = unit(2, seed=6)
    store.upsert(["twice", "twice"], fresh)
    assert store.count() == 6
    found = store.search(fresh[1], 1)[0]
    assert found[0] == "twice"
    assert found[1] == pytest.approx(1.0, abs=1e-5)


def test_delete_forgets_and_ignores_the_unknown(make):
    store = make(names(20), unit(20))
    store.delete(["item-4", "never-seen", "item-4"])
    store.delete([])
    assert store.count() == 19
    assert "item-4" not in [item_id for item_id, _ in store.search(unit(20)[4], 20)]
    assert store.search(unit(20)[5], 1)[0][0] == "item-5"


def test_zero_vectors_are_held_and_near_nothing(make):
    vectors = unit(10)
    vectors[2] = 0.0
    store = make(names(10), vectors)
    assert store.count() == 10
    found = dict(store.search(vectors[0], 10))
    assert found["item-2"] == pytest.approx(0.0, abs=1e-6)


def test_equal_vectors_are_all_found(make):
    vectors = np.repeat(unit(4), 5, axis=0)
    store = make(names(20), vectors)
    assert {item_id for item_id, _ in store.search(vectors[0], 5)} == set(names(5))


def test_any_text_may_be_an_id(make):
    ids = ["ünï/cödé 🎬", "with space\nand line", "'; DROP TABLE items; --", "a" * 500, "0", "None"]
    vectors = unit(len(ids))
    store = make(ids, vectors)
    assert [store.search(vector, 1)[0][0] for vector in vectors] == ids


@pytest.mark.parametrize("bad", [np.ones((2, DIM + 1)), np.ones((3, DIM)), np.full((2, DIM), np.nan)])
def test_refuses_vectors_that_do_not_fit(make, bad):
    store = make(names(3), unit(3))
    with pytest.raises(ValueError, match="vectors"):
        store.upsert(["x", "y"], bad.astype(np.float32))
    assert store.count() == 3


def test_refuses_a_query_of_another_dimension(make):
    store = make(names(3), unit(3))
    with pytest.raises(ValueError, match="shape"):
        store.search(np.ones(DIM + 1, dtype=np.float32), 2)


def test_close_twice(make):
    store = make(names(3), unit(3))
    store.close()
    store.close()
