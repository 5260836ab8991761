"""Made-up profiles move an item a little; one user who repeats themselves moves nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import taste_world as world

from assistant.interactions import histories, interactions_from_arrays
from assistant.ranking import Ranker, cold_ranker
from assistant.scoring.base import Interactions
from assistant.scoring.ease import Ease
from assistant.scoring.item_cf import ItemCF
from assistant.scoring.popularity import Popularity, Trend
from assistant.scoring.selection import FitConfig, select_and_fit
from assistant.scoring.sequential import NextItem, Transitions

IDS = [f"item-{n}" for n in range(world.N_ITEMS)]
TARGET = 45
N_USERS = 200
BEST = 3
"""Of 80 items: ten would be an eighth of all there are."""


def joined(events: Interactions, profiles: list[list[int]]) -> Interactions:
    """With users who give everything the highest rating, in the order of their lists, after all others."""
    sizes = [len(profile) for profile in profiles]
    return interactions_from_arrays(
        user=np.concatenate([events.user, len(events.user_ids) + np.repeat(np.arange(len(profiles)), sizes)]),
        item=np.concatenate([events.item, np.concatenate(profiles)]),
        time=np.concatenate([events.time, events.time.max() + 60.0 * np.arange(1, sum(sizes) + 1)]),
        value=np.concatenate([events.value, np.full(sum(sizes), 5, np.float32)]),
        n_items=events.n_items,
        user_ids=[*events.user_ids, *(f"fake-{n}" for n in range(len(profiles)))],
    )


@pytest.fixture(scope="module")
def clean():
    """Nobody knows the target."""
    events = world.interactions(N_USERS)
    keep = events.item != TARGET
    return interactions_from_arrays(
        user=events.user[keep],
        item=events.item[keep],
        time=events.time[keep],
        value=events.value[keep],
        n_items=events.n_items,
        user_ids=events.user_ids,
    )


def profiles(events: Interactions, count: int, *, bandwagon: bool) -> list[list[int]]:
    dice = np.random.default_rng(2)
    popular = np.argsort(-np.bincount(events.item, minlength=events.n_items))[:5]
    others = np.setdiff1d(np.arange(events.n_items), [TARGET])
    return [
        [*dice.choice(others, 10, replace=False).tolist(), *(popular.tolist() if bandwagon else []), TARGET]
        for _ in range(count)
    ]


def hits(ranker: Ranker, events: Interactions) -> float:
    """Per cent of the real users."""
    real = histories(events)[:N_USERS]
    found = ranker.rank_many(real, [None] * len(real), [BEST] * len(real))
    return 100 * float(np.mean([TARGET in rows for rows, _ in found]))


def cold(events: Interactions) -> Ranker:
    return cold_ranker(IDS, world.features(), events)


def fitted(events: Interactions) -> Ranker:
    config = FitConfig(least_users=20, past_choices=3, learned=False)
    return select_and_fit(events, world.features(), config, item_ids=IDS)[0]


@pytest.fixture(scope="module", params=[cold, fitted])
def made(request, clean):
    """How a ranking is made, and the target's hit rate before any attack."""
    return request.param, hits(request.param(clean), clean)


@pytest.mark.parametrize("bandwagon", [False, True])
@pytest.mark.parametrize("share", [0.01, 0.05])
def test_fake_users_lift_an_item_by_no_more_than_their_share(clean, made, share, bandwagon):
    make, before = made
    attacked = joined(clean, profiles(clean, round(share * N_USERS), bandwagon=bandwagon))
    assert hits(make(attacked), clean) - before <= 100 * share + 1e-9


@pytest.mark.parametrize(
    "scorer",
    [Popularity, Trend, Transitions, NextItem, lambda: Ease(regularisation=10.0), ItemCF],
    ids=["popularity", "trend", "transitions", "next_item", "ease", "item_cf"],
)
def test_repeating_oneself_moves_nothing(clean, scorer):
    """Bit by bit the same scores whether a profile is lived once or forty times over."""
    once = joined(clean, [[3, 9, 27, TARGET]])
    often = joined(clean, [[3, 9, 27, TARGET, *[3, TARGET] * 40]])
    history = histories(clean)[0]
    moved = scorer().fit(often, world.features()).score(history) - scorer().fit(once, world.features()).score(history)
    np.testing.assert_allclose(moved, 0, atol=1e-6)
