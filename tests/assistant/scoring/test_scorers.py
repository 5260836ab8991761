"""Formulas against small cases worked out by hand or the long way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assistant.interactions import (
    drop_last,
    histories,
    history_of_rows,
    interactions_from_arrays,
    prefix,
    to_history,
    to_interactions,
)
from assistant.scoring import linear
from assistant.scoring.base import ItemFeatures
from assistant.scoring.choices import Choice, ChoiceLists, fit_weights, ndcg, standardised, target_ranks
from assistant.scoring.content import Attributes, interests_of
from assistant.scoring.ease import Ease
from assistant.scoring.item_cf import ItemCF
from assistant.scoring.linear import sparsify
from assistant.scoring.popularity import Popularity
from assistant.scoring.sequential import NextItem, Transitions
from assistant.scoring.weighting import HistoryWeighting, user_item_matrix
from assistant.types import Event


def plain(n: int) -> ItemFeatures:
    return ItemFeatures(
        vectors=np.zeros((n, 2), np.float32),
        year=np.full(n, np.nan),
        categories=((),) * n,
        people=((),) * n,
        tags=((),) * n,
    )


def walks(*users: list[int], n_items: int):
    user = np.repeat(np.arange(len(users)), [len(walk) for walk in users])
    item = np.concatenate([np.array(walk, int) for walk in users])
    nan = np.full(len(item), np.nan, np.float32)
    return interactions_from_arrays(
        user=user, item=item, time=np.arange(len(item), dtype=float), value=nan, n_items=n_items
    )


def event(n: int, item: str, kind: str = "like", value: float | None = None, user: str = "u", **more) -> Event:
    return Event(event_id=str(n), user_id=user, item_id=item, kind=kind, value=value, **more)


def test_weights_follow_kind_and_rating():
    row_of = {"a": 0, "b": 1, "c": 2, "d": 3}
    events = [
        event(1, "a", "rating", 5.0),
        event(2, "b", "rating", 1.0),
        event(3, "c", "dislike"),
        event(4, "d", "view"),
        event(5, "gone", "like"),
        event(6, "a", "like", user="v", position=3),
    ]
    interactions = to_interactions(events, row_of, 4)
    assert interactions.skipped == 1
    assert interactions.user_ids == ("u", "v")
    # mean of u: (5 + 1 + 3 middles of 3) / 5 = 3; both halves agree at the ends of the scale
    np.testing.assert_allclose(interactions.weight, [1.0, -1.0, -1.0, 0.3, 1.0])
    assert np.isnan(interactions.value[2:]).all()
    assert interactions.time[-1] == 3
    history = to_history(events[:5], row_of, (1.0, 5.0))
    np.testing.assert_allclose(history.weight, interactions.weight[:4])


def test_all_high_ratings_are_still_likes():
    history = to_history([event(n, "a", "rating", 5.0) for n in range(50)], {"a": 0}, (1.0, 5.0))
    assert (history.weight > 0.5).all()


def test_ratings_without_a_scale_are_likes():
    assert to_history([event(1, "a", "rating", 3.0)], {"a": 0}, None).weight.tolist() == [1.0]


def test_drop_last_and_prefix_agree():
    interactions = walks([0, 1, 2, 3], [2, 1], [0], n_items=4)
    cut = histories(drop_last(interactions, 1))
    assert [history.rows.tolist() for history in cut] == [[0, 1, 2], [2], []]
    assert prefix(histories(interactions)[0], 3).rows.tolist() == [0, 1, 2]


def test_decay_keeps_the_latest_of_repeated_items_and_may_average_ties():
    history = history_of_rows([1, 2, 1])
    timed = type(history)(rows=history.rows, time=np.array([0.0, 5.0, 5.0]), value=history.value, weight=history.weight)
    np.testing.assert_allclose(HistoryWeighting(decay=0.5).weights(timed), [0, 0.5, 1])
    np.testing.assert_allclose(HistoryWeighting(decay=0.5, average_ties=True).weights(timed), [0, 0.75, 0.75])
    np.testing.assert_allclose(HistoryWeighting(last=1).weights(timed), [0, 0, 1])


def test_ease_is_the_constrained_ridge_regression():
    """Column j of B minimises |X_j - X b|² + λ|b|² with b_j = 0: solved here column by column."""
    rng = np.random.default_rng(0)
    users = [rng.choice(6, size=3, replace=False).tolist() for _ in range(30)]
    interactions = walks(*users, n_items=6)
    fitted = Ease(regularisation=2.0).fit(interactions, plain(6))
    events = user_item_matrix(interactions, 0.0).toarray()
    for j in range(6):
        others = [i for i in range(6) if i != j]
        design = events[:, others]
        expected = np.linalg.solve(design.T @ design + 2.0 * np.eye(5), design.T @ events[:, j])
        np.testing.assert_allclose(np.asarray(fitted.matrix)[others, j], expected, rtol=1e-3, atol=1e-5)


def test_transitions_count_what_follows():
    scorer = Transitions(window=2, step_decay=0.5, normalisation=0.0, weighting=HistoryWeighting())
    fitted = scorer.fit(walks([0, 1, 2], [0, 2], n_items=3), plain(3))
    np.testing.assert_allclose(np.asarray(fitted.matrix), [[0, 1, 1.5], [0, 0, 1], [0, 0, 0]])


def test_what_follows_within_the_sitting_counts_most_with_patience():
    late = replace(walks([0, 1, 2], n_items=3), time=np.array([0.0, 10.0, 1_000.0]))
    scorer = Transitions(window=2, step_decay=1.0, normalisation=0.0, patience=2.0)
    matrix = np.asarray(replace(scorer).fit(late, plain(3)).matrix)
    gap = np.median([10.0, 990.0])
    np.testing.assert_allclose(matrix[0, 1], 1 / (1 + 10 / (2 * gap)), rtol=1e-5)
    np.testing.assert_allclose(matrix[0, 2], 1 / (1 + 1_000 / (2 * gap)), rtol=1e-5)
    unknown = replace(late, time=np.full(3, np.nan))
    np.testing.assert_allclose(np.asarray(replace(scorer).fit(unknown, plain(3)).matrix)[0], [0, 1, 1])


@pytest.mark.parametrize("scorer", [Transitions(), NextItem()])
def test_events_of_one_second_are_a_set_in_what_comes_next(scorer):
    rng = np.random.default_rng(4)
    fitted = scorer.fit(walks(*(rng.permutation(6).tolist() for _ in range(20)), n_items=6), plain(6))
    history = history_of_rows([0, 1, 2])
    tied = replace(history, time=np.array([1.0, 2.0, 2.0]))
    turned = replace(tied, rows=np.array([0, 2, 1]))
    np.testing.assert_allclose(fitted.score(tied), fitted.score(turned), rtol=1e-6)
    apart = replace(turned, time=np.array([1.0, 2.0, 3.0]))
    assert not np.allclose(fitted.score(tied), fitted.score(apart))


def test_next_item_is_the_regression_over_every_moment():
    users = [[0, 1, 2, 3], [1, 2, 0], [3, 0, 1]]
    scorer = NextItem(input_decay=0.5, ahead=2, step_decay=0.25, regularisation=1.0)
    fitted = scorer.fit(walks(*users, n_items=4), plain(4))
    inputs, targets = [], []
    for walk in users:
        for t in range(len(walk)):
            x, y = np.zeros(4), np.zeros(4)
            for back in range(1, t + 1):
                x[walk[t - back]] += 0.5 ** (back - 1)
            for ahead in range(2):
                if t + ahead < len(walk):
                    y[walk[t + ahead]] += 0.25**ahead
            inputs.append(x)
            targets.append(y)
    x, y = np.array(inputs), np.array(targets)
    expected = np.linalg.solve(x.T @ x + np.eye(4), x.T @ y)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(np.asarray(fitted.matrix), expected, rtol=1e-3, atol=1e-4)


def test_popularity_counts_a_user_once_and_no_dislikes():
    events = [event(1, "a"), event(2, "a"), event(3, "b", "dislike"), event(4, "a", user="v")]
    fitted = Popularity().fit(to_interactions(events, {"a": 0, "b": 1}, 2), plain(2))
    np.testing.assert_allclose(fitted.score(history_of_rows([])), [np.log(3), 0])


def test_attributes_follow_shared_labels_and_turn_from_dislikes():
    features = ItemFeatures(
        vectors=np.zeros((4, 2), np.float32),
        year=np.full(4, np.nan),
        categories=(("War",), ("war",), ("Comedy",), ()),
        people=((),) * 4,
        tags=((),) * 4,
    )
    fitted = Attributes().fit(walks([0], n_items=4), features)
    liked = fitted.score(history_of_rows([0]))
    assert liked[1] > 0 == liked[2] == liked[3]
    disliked = to_history([event(1, "a", "dislike")], {"a": 0}, None)
    assert fitted.score(disliked)[1] < 0


def test_interests_separate_two_tastes():
    vectors = np.array([[1, 0], [0.98, 0.2], [0, 1], [0.2, 0.98], [1, 0.1], [0.1, 1]], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = interests_of(vectors, history_of_rows(range(6)), np.ones(6, np.float32), at_most=2)
    assert found.of_event[0] == found.of_event[1] == found.of_event[4] != found.of_event[2]
    np.testing.assert_allclose(found.share, [0.5, 0.5])


def test_pruning_keeps_the_strongest_of_each_row():
    matrix = np.arange(36, dtype=np.float32).reshape(6, 6) - 18
    kept = sparsify(matrix, dense_items=2, kept=2)
    dense = kept.toarray()
    assert (np.count_nonzero(dense, axis=1) <= 2).all()
    assert dense[0].tolist() == [-18, -17, 0, 0, 0, 0]
    assert dense[5].tolist() == [0, 0, 0, 0, 16, 17]


def test_ranks_are_full_with_ties_half_and_seen_removed():
    scores = np.array([[5, 4, 4, 4, 1]], np.float32)
    choice = Choice(history=history_of_rows([0]), target=2)
    ranks = target_ranks(scores, [choice])
    assert ranks.tolist() == [1]
    np.testing.assert_allclose(ndcg(np.array([0, 1, 9, 10])), [1, 1 / np.log2(3), 1 / np.log2(11), 0])


def test_a_constant_column_says_nothing():
    assert not standardised(np.full((1, 5), 7.3, np.float32)).any()


def test_weights_find_the_column_that_explains_choices():
    rng = np.random.default_rng(1)
    columns = rng.normal(size=(400, 20, 3)).astype(np.float32)
    logits = 1.5 * columns[:, :, 0]
    chosen = (logits + rng.gumbel(size=logits.shape)).argmax(1)
    lists = ChoiceLists(
        rows=np.zeros((400, 20), int),
        columns=columns,
        chosen=chosen,
        natural=np.ones(400, bool),
        open=np.ones((400, 20), bool),
    )
    weights = fit_weights(lists)
    assert weights[0] == pytest.approx(1.5, abs=0.25)
    assert weights[1:].max() < 0.2


@pytest.mark.parametrize("scorer", [Ease(regularisation=5.0), NextItem(regularisation=5.0), Transitions(), ItemCF()])
def test_large_catalogues_take_the_single_precision_and_pruned_path_to_the_same_scores(scorer, monkeypatch):
    rng = np.random.default_rng(2)
    interactions = walks(*(rng.choice(30, size=8, replace=False).tolist() for _ in range(60)), n_items=30)
    small = replace(scorer).fit(interactions, plain(30))
    monkeypatch.setattr(linear, "DOUBLE_UP_TO", 2)
    monkeypatch.setattr(linear.sparsify, "__kwdefaults__", {"dense_items": 2, "kept": 29})
    large = replace(scorer).fit(interactions, plain(30))
    assert not isinstance(large.matrix, np.ndarray)
    history = history_of_rows([3, 4, 9])
    np.testing.assert_allclose(large.score(history), small.score(history), rtol=1e-2, atol=1e-3)
    np.testing.assert_allclose(large.score_many([history])[0], large.score(history), rtol=1e-4, atol=1e-6)
    row = int(large.score(history).argmax())
    moved = large.contributions(history, row)
    assert moved is not None
    assert moved.sum() == pytest.approx(float(large.score(history)[row]), rel=1e-3)
