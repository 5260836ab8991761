"""Items without events get a place where content speaks for them, and cost nothing elsewhere."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import taste_world as world

from assistant.interactions import histories, history_of_rows, interactions_from_arrays
from assistant.ranking import Ranker
from assistant.scoring import ltr
from assistant.scoring.base import Interactions
from assistant.scoring.choices import Choice
from assistant.scoring.new_items import FEW_USERS, NAME, STRIDES, NewItems, chosen_for, supporters_of
from assistant.scoring.selection import FitConfig, select_and_fit

IDS = [f"item-{n}" for n in range(world.N_ITEMS)]
HIDDEN = np.arange(2, world.N_ITEMS, 10)
QUICK = FitConfig(
    least_users=20,
    past_choices=3,
    trees=ltr.LearnedConfig(rounds=10, check_every=5, patience=5, candidates=40, threads=1),
)


def without(events: Interactions, items: np.ndarray) -> Interactions:
    return events.where(~np.isin(events.item, items))


@pytest.fixture(scope="module")
def events():
    return without(world.interactions(), HIDDEN)


@pytest.fixture(scope="module")
def fitted(events) -> Ranker:
    ranker, _ = select_and_fit(events, world.features(), QUICK, item_ids=IDS)
    return ranker


def covered(ranker: Ranker, events: Interactions) -> float:
    users = histories(events)
    lists = ranker.rank_many(users, [None] * len(users), [10] * len(users))
    return np.isin(HIDDEN, np.concatenate([rows for rows, _ in lists])).mean()


def test_cold_items_are_recommended(fitted, events):
    (content,) = (scorer for scorer in fitted.scorers if scorer.name == "content")
    by_content = covered(Ranker(tuple(IDS), (content,), {"content": 1.0}), events)
    assert by_content > 0.5
    assert covered(fitted, events) >= 0.2 * by_content


def test_what_lifted_an_item_is_told(fitted, events):
    told = False
    for history in histories(events):
        for ranked in fitted.rank(history, k=10):
            if NAME in ranked.contributions:
                told = True
                assert fitted.new_items.supporters[ranked.row] < FEW_USERS
                assert ranked.contributions[NAME] > 0
                assert ranked.history
    assert told


def test_saved_and_loaded_it_lifts_the_same(fitted, events, tmp_path):
    fitted.save(tmp_path)
    loaded = Ranker.load(tmp_path, IDS, world.features())
    users = histories(events)[:20]
    np.testing.assert_array_equal(loaded.score_many(users), fitted.score_many(users))


def placed_by(stride: int, content: list[float], own: list[float], new: list[int], rows: list[int] | None = None):
    n = len(content)
    supporters = np.full(n, FEW_USERS)
    supporters[new] = 0
    new_items = NewItems(stride=stride, weights={"content": 1.0}, supporters=supporters)
    open_rows = np.arange(n) if rows is None else np.array(rows)
    standard = np.array([content, [9.0] * n], np.float32)
    scores = new_items.lifted(["content", "ease"], standard, np.array(own, np.float32), open_rows)
    return [int(row) for row in np.argsort(-scores, kind="stable") if row in open_rows]


def test_the_best_match_stands_at_its_place():
    own = [10.0 - n for n in range(10)]
    content = [0.1 * n for n in range(10)]
    assert placed_by(3, content, own, [9]) == [0, 1, 9, 2, 3, 4, 5, 6, 7, 8]  # the best match: third place
    assert placed_by(3, content, own, [8]) == [0, 1, 2, 3, 4, 8, 5, 6, 7, 9]  # the second best: sixth
    assert placed_by(3, content, own, [8, 9]) == [0, 1, 9, 2, 3, 4, 8, 5, 6, 7]
    assert placed_by(3, content, own, [8], rows=[0, 1, 2, 3, 8]) == [0, 1, 8, 2, 3]  # among what is ranked


def test_ties_and_silence_lift_nothing_and_nothing_is_pushed_down():
    own = [10.0 - n for n in range(10)]
    order = list(range(10))
    assert placed_by(3, [1.0] * 10, own, [7, 8, 9]) == order
    assert placed_by(3, [0.0] * 10, own, [9]) == order
    assert placed_by(3, [0.0] * 9 + [-1.0], own, [9]) == order
    assert placed_by(3, [5.0] + [0.0] * 9, own, [0]) == order  # better by its own score
    assert placed_by(3, [0.0, 1.0], [1.0, 0.0], [1]) == [0, 1]


def test_without_a_history_nothing_is_lifted(fitted):
    nobody = history_of_rows([])
    plain = replace(fitted, new_items=None)
    np.testing.assert_array_equal(fitted.score_all(nobody), plain.score_all(nobody))


def test_supporters_are_users_not_events():
    events = interactions_from_arrays(
        user=np.array([0, 0, 0, 1]),
        item=np.array([1, 1, 2, 1]),
        time=np.arange(4.0),
        value=np.full(4, np.nan, np.float32),
        n_items=4,
    )
    assert supporters_of(events).tolist() == [0, 2, 1, 0]


@pytest.mark.parametrize(("target", "stride"), [(1, 5), (4, 10), (9, None)])
def test_the_smallest_stride_that_costs_nothing_is_taken(target, stride):
    """Twenty known items in the order of their scores, one of them chosen, and new ones that nobody chooses."""
    n = 40
    known = interactions_from_arrays(
        user=np.repeat(np.arange(FEW_USERS), 20),
        item=np.tile(np.arange(20), FEW_USERS),
        time=np.arange(20.0 * FEW_USERS),
        value=np.full(20 * FEW_USERS, np.nan, np.float32),
        n_items=n,
    )
    standard = np.arange(n, dtype=np.float32)[None, :] / n
    personal = -np.arange(n, dtype=np.float32)
    choices = [Choice(history=history_of_rows([39]), target=target)] * 3
    scored = [(standard, personal, np.arange(39))] * 3
    found = chosen_for(["content"], scored, choices, {"content": 1.0}, known)
    assert (found and found.stride) == stride
    assert chosen_for(["content"], scored, choices, {}, known) is None


def test_strides_go_from_the_largest_share_to_the_smallest():
    assert list(STRIDES) == sorted(STRIDES)
