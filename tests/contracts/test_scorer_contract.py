"""What every scorer keeps to."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "assistant" / "scoring"))
import taste_world as world

from assistant.errors import ModelMissingError
from assistant.interactions import histories, history_of_rows, prefix
from assistant.scoring.content import Attributes, Content
from assistant.scoring.ease import Ease
from assistant.scoring.factors import Als, Bpr
from assistant.scoring.item_cf import ItemCF
from assistant.scoring.kinds import kind_of, scorer_class
from assistant.scoring.popularity import Popularity, Trend
from assistant.scoring.recency import Recency
from assistant.scoring.sequential import NextItem, Transitions
from assistant.scoring.user_cf import UserCF
from assistant.scoring.weighting import HistoryWeighting

needs_rank = pytest.mark.skipif(importlib.util.find_spec("implicit") is None, reason="needs the extra `rank`")
MAKERS = {
    "popularity": Popularity,
    "popularity that forgets": lambda: Popularity(half_life=0.2),
    "trend": Trend,
    "recency": Recency,
    "content": Content,
    "attributes": Attributes,
    "item_cf": lambda: ItemCF(neighbours=10),
    "user_cf": UserCF,
    "ease": lambda: Ease(regularisation=10.0),
    "ease that forgets": lambda: Ease(weighting=HistoryWeighting(decay=0.8, influence=0.5)),
    "transitions": Transitions,
    "next_item": lambda: NextItem(regularisation=5.0),
    "als": lambda: Als(factors=8, iterations=3),
    "bpr": lambda: Bpr(factors=8, iterations=3),
}
PERSONAL = {
    "content",
    "attributes",
    "item_cf",
    "user_cf",
    "ease",
    "ease that forgets",
    "transitions",
    "next_item",
    "als",
}


@pytest.fixture(params=[pytest.param(name, marks=needs_rank if name in ("als", "bpr") else ()) for name in MAKERS])
def name(request):
    return request.param


@pytest.fixture
def events():
    return world.interactions()


@pytest.fixture
def fitted(name, events):
    return MAKERS[name]().fit(events, world.features())


def test_scores_are_finite_float32_over_all_items_or_the_rows_asked_for(fitted, events):
    history = histories(events)[0]
    scores = fitted.score(history)
    assert scores.shape == (world.N_ITEMS,)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    rows = np.array([5, 3, 70])
    np.testing.assert_allclose(fitted.score(history, rows), scores[rows], rtol=1e-4, atol=1e-6)


def test_fitting_twice_gives_the_same(name, events, fitted):
    again = MAKERS[name]().fit(events, world.features())
    history = histories(events)[4]
    np.testing.assert_array_equal(fitted.score(history), again.score(history))


def test_an_empty_history_is_no_error_and_tells_nothing_personal(name, fitted):
    scores = fitted.score(history_of_rows([]))
    assert np.isfinite(scores).all()
    if name in PERSONAL:
        assert not scores.any()


def test_a_history_never_seen_is_ranked_within_its_circle(name, fitted):
    if name not in PERSONAL:
        pytest.skip("does not look at the items of a history")
    history = history_of_rows([22, 24, 25])
    scores = fitted.score(history)
    scores[history.rows] = -np.inf
    best = np.argsort(-scores)[:5]
    assert ((best >= 20) & (best < 40)).sum() >= 4


def test_saved_and_loaded_it_scores_the_same(fitted, events, tmp_path):
    fitted.save(tmp_path)
    assert not any(b"user-" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    features = world.features()
    loaded = scorer_class(kind_of(fitted)).load(tmp_path).placed(np.arange(world.N_ITEMS), features)
    assert loaded.name == fitted.name
    history = histories(events)[7]
    np.testing.assert_array_equal(loaded.score(history), fitted.score(history))


def test_a_damaged_file_is_named(fitted, tmp_path):
    fitted.save(tmp_path)
    (tmp_path / "settings.json").write_bytes(b'{"format": 99, "settings": {}}')
    with pytest.raises(ModelMissingError, match="format 99"):
        type(fitted).load(tmp_path)


def test_rows_may_move(name, fitted, events):
    """An item in front, one gone: what is left scores as before."""
    features = world.features()
    history = prefix(histories(events)[3], 6)
    gone = int(next(row for row in range(world.N_ITEMS) if row not in history.rows))
    moved = np.arange(world.N_ITEMS) + 1
    if name in ("user_cf", "als", "bpr"):  # an item that is gone changes lengths and sums of these: it stays, in front
        moved[gone] = 0
    else:
        moved[gone] = -1
    moved[gone + 1 :] -= 1
    kept = np.delete(np.arange(world.N_ITEMS), gone)
    order = np.concatenate([[gone], kept])  # the new item in front looks like the one that is gone
    changed = replace(
        features,
        vectors=features.vectors[order],
        year=features.year[order],
        categories=tuple(features.categories[n] for n in order),
        people=tuple(features.people[n] for n in order),
        tags=tuple(features.tags[n] for n in order),
    )
    before, after = fitted.score(history), None
    placed = fitted.placed(moved, changed)
    after = placed.score(replace(history, rows=moved[history.rows]))
    assert after.shape == before.shape
    np.testing.assert_allclose(after[moved[kept]], before[kept], rtol=1e-3, atol=1e-5)


def test_contributions_add_up_to_the_score(name, fitted, events):
    history = histories(events)[5]
    scores = fitted.score(history)
    row = int(scores.argmax())
    moved = fitted.contributions(history, row)
    if moved is None:
        return
    assert moved.shape == (len(history),)
    np.testing.assert_allclose(moved.sum(), scores[row], rtol=1e-4, atol=1e-6)


def test_many_histories_at_once_are_the_same_as_one_by_one(fitted, events):
    many = getattr(fitted, "score_many", None)
    if many is None:
        pytest.skip("scores one by one")
    some = [*histories(events)[:5], history_of_rows([])]
    np.testing.assert_allclose(many(some), [fitted.score(history) for history in some], rtol=1e-4, atol=1e-6)


def test_no_events_at_all(name):
    empty = world.interactions(n_users=0)
    if name in ("als", "bpr", "trend"):
        pytest.skip("covered by zeros")
    scores = MAKERS[name]().fit(empty, world.features()).score(history_of_rows([1, 2]))
    assert scores.shape == (world.N_ITEMS,)
    assert np.isfinite(scores).all()
