from __future__ import annotations

import numpy as np
import pytest

from assistant.catalogue import Catalogue
from assistant.profile import MAX_INTERESTS, UserProfile, spherical_kmeans
from assistant.types import Event


def event(item_id: str, kind: str = "like", value: float | None = None, at: float = 0.0) -> Event:
    return Event(event_id=f"{item_id}{kind}{at}", user_id="u", item_id=item_id, kind=kind, value=value, timestamp=at)


def relations(films: Catalogue, *events: Event, scale=None) -> dict[str, str]:
    return {entry.item_id: entry.relation for entry in UserProfile("u", events, films, scale).entries}


@pytest.mark.parametrize(
    ("kind", "relation"),
    [("like", "liked"), ("dislike", "disliked"), ("purchase", "bought"), ("view", "seen"), ("click", "seen"),
     ("seen", "seen"), ("skip", None), ("rating", "liked")],
)  # fmt: skip
def test_what_an_event_says(films: Catalogue, kind: str, relation: str | None) -> None:
    assert relations(films, event("alien", kind)).get("alien") == relation


@pytest.mark.parametrize(
    ("scale", "value", "relation"),
    [
        ((1, 5), 5.0, "liked"), ((1, 5), 4.0, "liked"), ((1, 5), 3.0, "seen"), ((1, 5), 2.0, "disliked"),
        ((0.5, 5), 3.5, "seen"), ((1, 10), 8.0, "liked"), ((1, 10), 4.0, "seen"), ((-1, 1), -1.0, "disliked"),
        ((0, 100), 69.0, "seen"), ((0, 100), 70.0, "liked"), ((0, 100), 30.0, "disliked"),
        ((3, 3), 3.0, "seen"), (None, 3.0, "seen"),
    ],
)  # fmt: skip
def test_a_rating_is_read_on_the_scale_of_the_data(films: Catalogue, scale, value: float, relation: str) -> None:
    assert relations(films, event("alien", "rating", value), scale=scale) == {"alien": relation}


def test_what_was_said_last_counts_and_outweighs_what_was_merely_seen(films: Catalogue) -> None:
    events = [
        event("alien", "like", at=1), event("alien", "view", at=2),
        event("her", "like", at=3), event("her", "dislike", at=4),
        event("walle", "view", at=5), event("walle", "skip", at=6),
        event("nowhere", "like", at=7),
    ]  # fmt: skip
    profile = UserProfile("u", events, films, None)
    assert [(e.item_id, e.relation) for e in profile.entries] == [
        ("alien", "liked"), ("her", "disliked"), ("walle", "seen"),
    ]  # fmt: skip
    assert profile.known_items == {"alien", "her", "walle"}
    assert [e.item_id for e in profile.liked] == ["alien"]
    assert len(profile.history) == 6


def test_a_new_user_has_nothing(films: Catalogue) -> None:
    profile = UserProfile("u", [event("nowhere")], films, None)
    centres, shares = profile.interests
    assert profile.is_new
    assert (centres.shape, shares.shape) == ((0, films.vectors.shape[1]), (0,))
    assert profile.often == {}


def test_interests_are_unit_vectors_with_shares_the_largest_first(films: Catalogue) -> None:
    ids = ["alien", "aliens", "odyssey", "galaxy", "fistful", "unforgiven", "her", "playtime"]
    profile = UserProfile("u", [event(i, at=n) for n, i in enumerate(ids)], films, None)
    centres, shares = profile.interests
    assert 1 < len(centres) <= MAX_INTERESTS
    assert np.allclose(np.linalg.norm(centres, axis=1), 1, atol=1e-6)
    assert shares.sum() == pytest.approx(1.0)
    assert list(shares) == sorted(shares, reverse=True)
    assert centres.dtype == shares.dtype == np.float32
    again = UserProfile("u", [event(i, at=n) for n, i in enumerate(ids)], films, None).interests
    assert np.array_equal(centres, again[0])


def test_one_liked_item_is_the_interest_and_disliked_ones_are_none(films: Catalogue) -> None:
    profile = UserProfile("u", [event("alien"), event("her", "dislike", at=1)], films, None)
    centres, shares = profile.interests
    assert np.allclose(centres, films.vectors[[films.row_of["alien"]]], atol=1e-6)
    assert shares.tolist() == [1.0]


def test_newer_likes_weigh_more(films: Catalogue) -> None:
    older = [event("fistful", at=n) for n in range(1)]
    many = [event(i, at=n) for n, i in enumerate(["fistful", "alien"])]
    profile = UserProfile("u", many, films, None)
    centres, _ = profile.interests
    rows = [films.row_of["fistful"], films.row_of["alien"]]
    old, new = (centres[0] @ films.vectors[rows].T).tolist()
    assert len(centres) == 1
    assert new > old
    assert UserProfile("u", older, films, None).interests[0].shape[0] == 1


def test_a_taste_is_more_frequent_among_liked_items_than_elsewhere(films: Catalogue) -> None:
    ids = ["alien", "aliens", "galaxy", "her"]
    often = UserProfile("u", [event(i, at=n) for n, i in enumerate(ids)], films, None).often
    assert often["cast"] == {"Sigourney Weaver": 0.75}
    assert often["categories"] == {"Science fiction": 1.0}
    assert often["tags"] == {"space": 0.75}
    # All four are in English, but so is most of this catalogue.
    assert "languages" not in often


def test_spherical_kmeans_finds_separate_directions_and_is_deterministic() -> None:
    dice = np.random.default_rng(7)
    axes = np.eye(8, dtype=np.float32)[:3]
    points = np.repeat(axes, 20, axis=0) + dice.normal(0, 0.05, (60, 8)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    weight = np.repeat([3.0, 2.0, 1.0], 20)
    centres, shares = spherical_kmeans(points, weight, 3)
    found = (centres @ axes.T).argmax(axis=1)
    assert sorted(found) == [0, 1, 2]
    assert (centres @ axes.T).max(axis=1).min() > 0.99
    assert {int(axis): share for axis, share in zip(found, shares, strict=True)} == {0: 60.0, 1: 40.0, 2: 20.0}
    assert np.array_equal(centres, spherical_kmeans(points, weight, 3)[0])


def test_spherical_kmeans_of_equal_points_leaves_no_empty_cluster() -> None:
    centres, shares = spherical_kmeans(np.ones((4, 3), np.float32) / 3**0.5, np.ones(4), 3)
    assert len(centres) == len(shares) == 1
    assert shares.tolist() == [4.0]
