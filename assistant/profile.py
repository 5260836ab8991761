"""What is known of a user: the history with what it says, several interest vectors, and frequent tastes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assistant.catalogue import Catalogue
from assistant.interactions import to_history
from assistant.scoring.base import History
from assistant.text import fold
from assistant.types import Event

Relation = Literal["liked", "disliked", "seen", "bought"]

LIKED_SHARE = 0.7
"""A rating this far up the data's scale says that the item was liked, whatever else the user rated."""
DISLIKED_SHARE = 0.3
MAX_INTERESTS = 5
INTEREST_HALF_LIFE = 20.0
"""After so many newer liked items an item counts half in its interest vector."""
INTEREST_HISTORY = 200
"""Liked items, from the newest, that interest vectors are made from."""
OFTEN_MIN_ITEMS = 3
"""A taste is at least in so many liked items."""
OFTEN_MIN_LIFT = 1.5
"""A taste is at least so many times as frequent among liked items as in the catalogue."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryEntry:
    """What a user's events say about one item of the catalogue."""

    item_id: str
    row: int
    relation: Relation
    weight: float
    """-1 to 1."""


class UserProfile:
    """A user at one moment. Nothing of it is stored: it is made from events when it is needed."""

    def __init__(
        self, user: str, events: Sequence[Event], catalogue: Catalogue, scale: tuple[float, float] | None
    ) -> None:
        """``events`` oldest first; ``scale`` the lowest and highest rating of the data."""
        self.user = user
        self._catalogue = catalogue
        self.history: History = to_history(events, catalogue.row_of, scale)
        self.entries: tuple[HistoryEntry, ...] = self._entries(
            [event for event in events if event.item_id in catalogue.row_of], scale
        )

    def _entries(self, events: Sequence[Event], scale: tuple[float, float] | None) -> tuple[HistoryEntry, ...]:
        """One entry per item, oldest first by its last event; what was said outweighs what was merely seen."""
        latest: dict[str, HistoryEntry] = {}
        for event, weight in zip(events, self.history.weight.tolist(), strict=True):
            relation = _relation(event, scale)
            before = latest.pop(event.item_id, None)
            if relation is None:
                if before is not None:
                    latest[event.item_id] = before
                continue
            if before is not None and relation == "seen" and before.relation != "seen":
                relation, weight = before.relation, before.weight
            latest[event.item_id] = HistoryEntry(
                item_id=event.item_id, row=self._catalogue.row_of[event.item_id], relation=relation, weight=weight
            )
        return tuple(latest.values())

    @property
    def is_new(self) -> bool:
        """Whether nothing is known of this user."""
        return len(self.history) == 0

    @property
    def known_items(self) -> frozenset[str]:
        """Items that are not recommended again: liked, disliked, bought or seen."""
        return frozenset(entry.item_id for entry in self.entries)

    @property
    def liked(self) -> tuple[HistoryEntry, ...]:
        """Liked and bought items, oldest first."""
        return tuple(entry for entry in self.entries if entry.relation in ("liked", "bought"))

    @cached_property
    def interests(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """((n, dim) float32 interest vectors, L2-normalised; (n,) their shares, summing to 1), the largest first.

        Clusters of the liked items' vectors by spherical k-means (Dhillon & Modha 2001), each item weighted by how much
        it is liked and how recent it is. Without liked items, what was merely seen stands in.
        """
        dim = self._catalogue.vectors.shape[1]
        entries = self.liked or tuple(e for e in self.entries if e.relation == "seen")
        entries = entries[-INTEREST_HISTORY:]
        rows = np.array([e.row for e in entries], dtype=np.int64)
        age = np.arange(len(entries) - 1, -1, -1)
        weight = np.array([max(e.weight, 0.1) for e in entries]) * 0.5 ** (age / INTEREST_HALF_LIFE)
        vectors = self._catalogue.vectors[rows] if len(rows) else np.zeros((0, dim), np.float32)
        known = np.linalg.norm(vectors, axis=1) > 0
        vectors, weight = vectors[known], weight[known]
        if not len(vectors):
            return np.zeros((0, dim), np.float32), np.zeros(0, np.float32)
        clusters = min(MAX_INTERESTS, max(1, round(len(vectors) ** 0.5)))
        centres, shares = spherical_kmeans(vectors, weight, clusters)
        order = np.argsort(-shares, kind="stable")
        return centres[order].astype(np.float32), (shares[order] / shares.sum()).astype(np.float32)

    @cached_property
    def often(self) -> Mapping[str, Mapping[str, float]]:
        """Slot to value to the share of liked items that have it.

        Only for values that several liked items share and that are more frequent among them than in the catalogue: that
        most liked films are in English says nothing where most films are.
        """
        liked = self.liked
        counts: dict[str, Counter[str]] = {}
        for entry in liked:
            for slot, value in self._catalogue.item(entry.row).slots().items():
                if isinstance(value, tuple) and slot != "title":
                    counts.setdefault(slot, Counter()).update(dict.fromkeys(value, 1))
        often: dict[str, dict[str, float]] = {}
        for slot, counter in counts.items():
            rows = self._catalogue.labels[slot].rows if slot in self._catalogue.labels else {}
            for value, n in counter.most_common():
                if n < OFTEN_MIN_ITEMS:
                    break  # and the rest, of which there are many, are rarer
                share = n / len(liked)
                usual = len(rows.get(fold(value), ())) / max(len(self._catalogue), 1)
                if share >= OFTEN_MIN_LIFT * usual:
                    often.setdefault(slot, {})[value] = share
        return often


def _relation(event: Event, scale: tuple[float, float] | None) -> Relation | None:
    """What an event says; None for a skip, which says nothing that may be repeated to the user."""
    if event.kind == "like":
        return "liked"
    if event.kind == "dislike":
        return "disliked"
    if event.kind == "purchase":
        return "bought"
    if event.kind == "skip":
        return None
    if event.kind == "rating" and event.value is None:
        return "liked"  # rated, though not with what: the weights of interactions take it for a like too
    if event.kind == "rating" and event.value is not None and scale is not None and scale[1] > scale[0]:
        share = (event.value - scale[0]) / (scale[1] - scale[0])
        return "liked" if share >= LIKED_SHARE else "disliked" if share <= DISLIKED_SHARE else "seen"
    return "seen"


def spherical_kmeans(
    vectors: NDArray[np.float32], weight: NDArray[np.float64], clusters: int, rounds: int = 10
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """((clusters, dim) unit centres, (clusters,) weight in each). Deterministic: starts far apart, ties by row."""
    chosen = [int(np.argmax(weight))]
    while len(chosen) < clusters:
        nearest = (vectors @ vectors[chosen].T).max(axis=1)
        nearest[chosen] = np.inf
        chosen.append(int(np.argmin(nearest)))
    centres = vectors[chosen].astype(np.float64)
    for _ in range(rounds):
        assigned = np.argmax(vectors @ centres.T, axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, assigned, vectors * weight[:, None])
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        moved = np.where(norms > 0, sums / np.maximum(norms, 1e-12), centres)
        if np.allclose(moved, centres):
            break
        centres = moved
    assigned = np.argmax(vectors @ centres.T, axis=1)
    shares = np.bincount(assigned, weights=weight, minlength=clusters).astype(np.float64)
    return centres[shares > 0], shares[shares > 0]
