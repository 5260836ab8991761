"""Data that is not like a film set: repeats, three items, everything disliked, popularity alone, nothing at all."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import taste_world as world

from assistant.interactions import drop_last, first_times, histories, history_of_rows, interactions_from_arrays
from assistant.scoring import ltr
from assistant.scoring.base import Interactions
from assistant.scoring.choices import ChoiceLists, fit_weights
from assistant.scoring.selection import FitConfig, last_choices, select_and_fit

QUICK = FitConfig(
    past_choices=3, trees=ltr.LearnedConfig(rounds=10, check_every=5, patience=5, candidates=40, threads=1)
)


def events_of(lists: list[list[int]], *, n_items: int = world.N_ITEMS, timed: bool = True) -> Interactions:
    """One user per list of items, oldest first."""
    n = sum(len(items) for items in lists)
    return interactions_from_arrays(
        user=np.repeat(np.arange(len(lists)), [len(items) for items in lists]),
        item=np.array([item for items in lists for item in items], np.int64),
        time=np.arange(n) * 60.0 if timed else np.full(n, np.nan),
        value=np.full(n, np.nan, np.float32),
        n_items=n_items,
        user_ids=[f"user-{number}" for number in range(len(lists))],
    )


def test_repeats_are_no_choices_and_do_not_hide_them():
    events = events_of([[3, 4, 3, 5, 5, 3], [7, 8], [9, 9, 9, 9]])
    assert first_times(events).tolist() == [True, True, False, True, False, False, True, True, True, *[False] * 3]
    assert [h.rows.tolist() for h in histories(drop_last(events, 1))] == [[3, 4, 3], [7], []]
    assert [h.rows.tolist() for h in histories(drop_last(events, 2))] == [[3], [], []]
    assert drop_last(events, 0) is events
    (choice,) = last_choices(events, 1, 1)
    assert (choice.target, choice.history.rows.tolist()) == (5, [3, 4, 3])
    assert last_choices(events, 2, 5) == []  # of the items before it, 4 came after a single event


def test_without_repeats_the_last_items_are_the_last_events():
    events = world.interactions()
    for count in (1, 2, 6):
        cut = histories(drop_last(events, count))
        assert [h.rows.tolist() for h in cut] == [h.rows[: max(len(h) - count, 0)].tolist() for h in histories(events)]


@pytest.mark.parametrize("timed", [True, False])
def test_purchases_that_everybody_repeats_are_learned_from(timed):
    once = histories(world.interactions())
    lists = [[*h.rows.tolist(), *h.rows.tolist()[::-1]] for h in once]
    ranker, table = select_and_fit(events_of(lists, timed=timed), world.features(), QUICK)
    assert table.n_validated == len(once)
    assert table.chosen != "cold"
    by_name = {row.name: row.ndcg for row in table.rows}
    assert max(row.ndcg for row in table.rows if row.used) > 1.5 * by_name["popularity"]
    first = ranker.rank(history_of_rows([21, 22, 23, 24, 25, 26, 27]), k=5, explain=False)
    assert all(20 <= r.row < 40 for r in first)


def test_three_items_fall_back_and_say_why():
    dice = np.random.default_rng(0)
    events = events_of([dice.permutation(3).tolist() for _ in range(60)], n_items=3)
    ranker, table = select_and_fit(events, world.features(3), QUICK)
    assert table.chosen == "cold"
    assert "four items" in table.note
    assert len(ranker.rank(history_of_rows([0]), k=5)) == 2


@pytest.mark.parametrize("n_users", [0, 1, 5, 49])
def test_few_users_fall_back_and_say_how_many_are_needed(n_users):
    ranker, table = select_and_fit(world.interactions(n_users), world.features(), QUICK)
    assert table.chosen == "cold"
    assert "50 users" in table.note
    assert f"there are {n_users}" in table.note
    assert len(ranker.rank(history_of_rows([]), k=5)) == 5


def test_where_nothing_finds_what_was_chosen_what_was_learned_does_not_serve():
    """Everybody takes the same items in the same order, so that what comes last is always new to all that was fitted."""
    ranker, table = select_and_fit(events_of([[10, 30, 50, 70, 5]] * 80), world.features(), QUICK)
    assert {row.ndcg for row in table.rows} == {0.0}
    assert table.chosen == "cold default"
    assert "the cold default serves" in table.note
    assert not ranker.short_weights
    found = ranker.rank(history_of_rows([30, 50]), k=3, explain=False)
    assert {r.row for r in found} == {10, 70, 5}


def test_short_histories_leave_events_to_fit_on_and_long_ones_are_learned_from_as_asked():
    def reached(events: Interactions, kept: float) -> dict[str, float]:
        config = replace(QUICK, past_choices=5, kept_share=kept, learned=False)
        _, table = select_and_fit(events, world.features(), config)
        return {row.name: row.ndcg for row in table.rows}

    short = world.interactions(300, length=6)
    fewer, as_asked = reached(short, FitConfig().kept_share), reached(short, 0.0)
    assert fewer["ease"] == as_asked["ease"]
    assert fewer["blend"] > as_asked["blend"] + 0.02
    assert fewer["blend"] > 0.9 * max(fewer.values())
    long = world.interactions(100, length=24)
    assert reached(long, 0.5) == reached(long, 0.0)


def test_where_only_popularity_speaks_it_is_not_made_worse():
    dice = np.random.default_rng(0)
    share = 1 / np.arange(1, world.N_ITEMS + 1)
    lists = [
        dice.choice(world.N_ITEMS, dice.integers(4, 12), replace=False, p=share / share.sum()).tolist()
        for _ in range(200)
    ]
    _, table = select_and_fit(events_of(lists), world.features(), QUICK)
    by_name = {row.name: row.ndcg for row in table.rows}
    assert by_name[table.chosen] >= 0.95 * by_name["popularity"]


def test_weights_do_not_learn_from_lists_that_mostly_miss():
    """Popularity is all there is, and the lists are too short for most of what was chosen: it must keep its weight."""
    dice = np.random.default_rng(0)
    n_choices, n_items, width = 400, 400, 20
    share = 1 / np.arange(1, n_items + 1) ** 0.6
    popularity = np.log(share) - np.log(share).mean()
    picked = dice.choice(n_items, n_choices, p=share / share.sum())
    noise = dice.normal(size=(n_choices, width))
    natural = picked < width
    assert natural.mean() < 0.5
    columns = np.repeat(popularity[None, :width], n_choices, axis=0)
    columns[~natural, -1] = popularity[picked[~natural]]
    lists = ChoiceLists(
        rows=np.tile(np.arange(width), (n_choices, 1)),
        columns=np.stack([columns, noise], axis=2).astype(np.float32),
        chosen=np.where(natural, picked, width - 1),
        natural=natural,
        open=np.ones((n_choices, width), bool),
    )
    weights = fit_weights(lists)
    assert 0.3 < weights[0] < 2
    assert weights[1] < 0.3
    planted = fit_weights(replace(lists, natural=np.ones(n_choices, bool)))
    assert planted[0] < 0.05
