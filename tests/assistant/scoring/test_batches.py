"""Columns of many histories at once are those of each alone, and those that come out when every event is added by hand;
what is dropped of a long history moves no more than is said."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import taste_world as world

from assistant.interactions import histories, history_of_rows, interactions_from_arrays, prefix
from assistant.scoring import weighting as weights_of_events
from assistant.scoring.base import History, Scorer, Scores
from assistant.scoring.choices import column_cube, score_many
from assistant.scoring.content import Attributes, Content
from assistant.scoring.ease import Ease
from assistant.scoring.item_cf import ItemCF
from assistant.scoring.linear import LinearScorer
from assistant.scoring.popularity import Popularity, Trend
from assistant.scoring.recency import Recency
from assistant.scoring.sequential import NextItem, Transitions
from assistant.scoring.user_cf import UserCF
from assistant.scoring.weighting import NEGLIGIBLE, HistoryWeighting

ALL = np.arange(world.N_ITEMS)
RATED = HistoryWeighting(decay=0.8, influence=1.0, last=60)


def made(rows: list[int], time: list[float] | None = None, weight: list[float] | None = None) -> History:
    n = len(rows)
    return History(
        rows=np.array(rows, np.int64),
        time=np.arange(n, dtype=float) if time is None else np.array(time, float),
        value=np.full(n, np.nan, np.float32),
        weight=np.ones(n, np.float32) if weight is None else np.array(weight, np.float32),
    )


@pytest.fixture(scope="module")
def some() -> list[History]:
    """Whole and cut histories, none, one event, ties, repeats, dislikes alone, nothing said, and a long one."""
    whole = histories(world.interactions())[:12]
    rng = np.random.default_rng(5)
    return [
        history_of_rows([]),
        *whole,
        *(prefix(h, 1 + n % 6) for n, h in enumerate(whole)),
        history_of_rows([7]),
        made([3, 40, 5, 61], time=[10.0, 10.0, 10.0, 20.0]),
        made([4, 4, 9, 4, 30]),
        made([1, 2, 3], weight=[-1.0, -0.3, -1.0]),
        made([8, 9], weight=[0.0, 0.0]),
        history_of_rows([]),
        made(rng.permutation(ALL).tolist(), time=np.sort(rng.integers(0, 30, len(ALL))).astype(float).tolist()),
    ]


MAKERS = {
    "popularity": Popularity,
    "trend": Trend,
    "recency": Recency,
    "content": Content,
    "attributes": Attributes,
    "attributes by rating": lambda: Attributes(weighting=RATED),
    "attributes, ties": lambda: Attributes(weighting=HistoryWeighting(decay=0.5, average_ties=True)),
    "item_cf": lambda: ItemCF(neighbours=10),
    "ease": lambda: Ease(regularisation=10.0),
    "ease that forgets": lambda: Ease(regularisation=10.0, weighting=RATED),
    "ease of few items": lambda: Ease(regularisation=10.0, max_items=50),
    "transitions": Transitions,
    "next_item": lambda: NextItem(regularisation=5.0),
    "user_cf": UserCF,
}


@pytest.fixture(scope="module", params=sorted(MAKERS))
def scorer(request) -> Scorer:
    return MAKERS[request.param]().fit(world.interactions(), world.features())


def close(found: Scores, expected: Scores) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * max(float(np.abs(expected).max()), 1e-9))


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_many_histories_at_once_score_as_each_alone(scorer, some, size):
    at_once = np.concatenate([score_many(scorer, some[start : start + size]) for start in range(0, len(some), size)])
    assert at_once.shape == (len(some), world.N_ITEMS)
    assert at_once.dtype == np.float32
    for history, scores in zip(some, at_once, strict=True):
        np.testing.assert_array_equal(scores, scorer.score(history))
        close(scores[5:20], scorer.score(history, ALL[5:20]))


def test_the_order_of_the_histories_does_not_matter(scorer, some):
    turned = score_many(scorer, some[::-1])[::-1]
    np.testing.assert_array_equal(turned, score_many(scorer, some))


def test_columns_are_those_of_their_scorers(some):
    scorers = [MAKERS[name]().fit(world.interactions(), world.features()) for name in ("trend", "attributes", "ease")]
    cube = column_cube(scorers, some)
    assert cube.shape == (3, len(some), world.N_ITEMS)
    for column, of_scorer in zip(cube, scorers, strict=True):
        for scores, history in zip(column, some, strict=True):
            np.testing.assert_array_equal(scores, of_scorer.score(history))


def by_hand(scorer: Attributes | LinearScorer, history: History) -> Scores:
    """Event by event and item by item, in double precision."""
    weight = scorer.weighting.weights(history).astype(np.float64)
    scores = np.zeros(world.N_ITEMS)
    if isinstance(scorer, Attributes):
        labels = scorer.labels.toarray().astype(np.float64)
        for row, of_event in zip(history.rows.tolist(), weight.tolist(), strict=True):
            if of_event:
                scores += of_event / np.abs(weight).sum() * np.array([labels[item] @ labels[row] for item in ALL])
        return scores.astype(np.float32)
    for row, of_event in zip(history.rows.tolist(), weight.tolist(), strict=True):
        for item in ALL.tolist():
            if min(scorer.place[row], scorer.place[item]) >= 0:
                scores[item] += of_event * float(scorer.matrix[scorer.place[row], scorer.place[item]])
    return scores.astype(np.float32)


@pytest.mark.parametrize("name", sorted(name for name in MAKERS if "attributes" in name or "ease" in name))
def test_scores_are_the_sum_of_what_the_events_add(name, some):
    scorer = MAKERS[name]().fit(world.interactions(), world.features())
    at_once = score_many(scorer, some)
    assert np.abs(at_once).max() > 0
    for history, scores in zip(some, at_once, strict=True):
        close(scores, by_hand(scorer, history))
        shares = [scorer.contributions(history, row) for row in (0, 17, 63)]
        close(scores[[0, 17, 63]], np.array([share.sum() for share in shares], np.float32))


def test_none_at_all_is_an_empty_table():
    scorer = Attributes().fit(world.interactions(), world.features())
    assert score_many(scorer, []).shape == (0, world.N_ITEMS)


@pytest.mark.parametrize("decay", [0.4, 0.5, 0.7, 0.8, 0.9, 0.97])
@pytest.mark.parametrize("average_ties", [False, True])
def test_what_is_dropped_of_a_history_is_less_than_said(decay, average_ties, monkeypatch):
    n = 300
    history = made(list(range(n)))
    weighting = HistoryWeighting(decay=decay, average_ties=average_ties)
    exact = decay ** np.arange(n - 1, -1, -1.0)
    kept = weighting.weights(history)
    np.testing.assert_allclose(kept[exact >= 2 * NEGLIGIBLE], exact[exact >= 2 * NEGLIGIBLE], rtol=1e-6)
    assert (kept[exact < NEGLIGIBLE / 2] == 0).all()
    assert 0 < np.abs(exact - kept).sum() < NEGLIGIBLE / (1 - decay) + 1e-6
    monkeypatch.setattr(weights_of_events, "NEGLIGIBLE", 1e-30)
    np.testing.assert_allclose(weighting.weights(replace(history)), exact, rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize("maker", [Ease, Transitions, NextItem, ItemCF])
@pytest.mark.parametrize("decay", [0.5, 0.8, 0.9])
def test_what_is_dropped_changes_no_order_but_of_items_that_are_next_to_equal(maker, decay, monkeypatch):
    rng = np.random.default_rng(2)
    lists = [rng.permutation(200)[:120] for _ in range(60)]
    events = interactions_from_arrays(
        user=np.repeat(np.arange(60), 120),
        item=np.concatenate(lists),
        time=np.arange(60 * 120, dtype=float),
        value=np.full(60 * 120, np.nan, np.float32),
        n_items=200,
    )
    scorer = maker().fit(events, world.features(200))
    scorer = scorer.reweighted(scorer.name, replace(scorer.weighting, decay=decay))
    some = histories(events)
    dropped = scorer.score_many(some)
    monkeypatch.setattr(weights_of_events, "NEGLIGIBLE", 1e-30)
    whole = scorer.score_many(histories(events))
    bound = NEGLIGIBLE / (1 - decay) * float(np.abs(scorer.matrix).max()) * 1.001
    assert 0 < np.abs(whole - dropped).max() <= bound
    best = np.argsort(-dropped, axis=1, kind="stable")[:, :20]
    in_order = np.take_along_axis(whole, best, 1)
    assert (in_order[:, :-1] - in_order[:, 1:] >= -2 * bound).all()
    # Next to nothing of the first ten changes: the bound is far from what happens.
    tens = np.argsort(-whole, axis=1, kind="stable")[:, :10]
    same = np.mean([len({*a} & {*b}) for a, b in zip(best[:, :10].tolist(), tens.tolist(), strict=True)])
    assert same > 9.9


@pytest.mark.parametrize("decay", [0.5, 0.8])
def test_thousands_of_events_of_one_second_still_say_something(decay):
    history = made([n % world.N_ITEMS for n in range(5000)], time=[1e9] * 5000)
    weights = HistoryWeighting(decay=decay, average_ties=True).weights(history)
    assert (weights > 0).sum() == world.N_ITEMS
    assert len(set(weights[weights > 0].tolist())) == 1
