"""How like an item is to what the history liked: by vectors of its text, and by its categories, people and tags.

Two scorers, so that text of an item moves the first alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from assistant.scoring import files
from assistant.scoring.base import History, Interactions, ItemFeatures, LabelRows, Rows, Scores
from assistant.scoring.weighting import HistoryWeighting, Sparse, empty_sparse


@dataclass(frozen=True, kw_only=True)
class Interests:
    """A history as a few directions in the space of vectors."""

    vectors: Scores
    """(n_interests, dim) float32, rows L2-normalised."""
    share: Scores
    """(n_interests,): how much of the history's weight lies in each; sums to 1."""
    of_event: Rows
    """(len(history),): the interest of each event, -1 for events that are not liked or have no vector."""


def interests_of(vectors: Scores, history: History, weight: Scores, *, at_most: int, rounds: int = 3) -> Interests:
    """Spherical k-means over the liked events, weighted, started from events far from each other.

    ``vectors`` are the catalogue's (n_items, dim); ``weight`` (len(history),) says how much each event counts, and only
    positive weights are clustered. Deterministic. Without any liked event there are no interests.
    """
    liked = np.flatnonzero(weight > 0)
    points = vectors[history.rows[liked]]
    there = np.abs(points).sum(1) > 0
    liked, points = liked[there], points[there]
    of_event = np.full(len(history), -1, np.int64)
    if not len(liked):
        return Interests(
            vectors=np.zeros((0, vectors.shape[1]), np.float32), share=np.zeros(0, np.float32), of_event=of_event
        )
    mass = weight[liked]
    count = int(min(at_most, max(1, len(liked) // 3)))
    seeds = [int(mass.argmax())]
    nearest = points @ points[seeds[0]]
    while len(seeds) < count:
        seeds.append(int(((1 - nearest) * mass).argmax()))
        nearest = np.maximum(nearest, points @ points[seeds[-1]])
    centres = points[seeds]
    belongs = np.zeros(len(points), np.int64)
    for _ in range(rounds):
        belongs = (points @ centres.T).argmax(1)
        sums = ((belongs[None, :] == np.arange(count)[:, None]) * mass) @ points
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(norms > 0, sums / np.maximum(norms, 1e-12), centres).astype(np.float32)
    belongs = (points @ centres.T).argmax(1)
    share = np.bincount(belongs, mass, minlength=count)
    used = np.flatnonzero(share > 0)
    of_event[liked] = np.searchsorted(used, belongs)
    return Interests(vectors=centres[used], share=(share[used] / share.sum()).astype(np.float32), of_event=of_event)


@dataclass(kw_only=True)
class Content:
    """Cosine to the nearest interest, interests with a small share damped, less the cosine to what was disliked.

    ``max_m share_m^damping · cos(item, interest_m) - dislike · max(0, cos(item, mean of disliked))``.
    """

    kind: ClassVar[str] = "content"
    name: str = "content"
    weighting: HistoryWeighting = field(default_factory=lambda: HistoryWeighting(decay=0.95, influence=1.0, last=60))
    interests: int = 4
    """Interest vectors per history at most."""
    damping: float = 0.25
    """From 0 (a single odd event counts as much as a passion) to 1."""
    dislike: float = 0.5
    """Weight of what was disliked."""
    vectors: Scores = field(default_factory=lambda: np.zeros((0, 0), np.float32), repr=False)
    """(n_items, dim), the catalogue's."""
    turned: tuple[Scores, Scores] | None = field(default=None, init=False, repr=False)

    def fit(self, interactions: Interactions, features: ItemFeatures) -> Self:
        """Nothing is learned from events."""
        self.vectors = features.vectors
        return self

    def score(self, history: History, rows: Rows | None = None) -> Scores:
        """(len(rows),) or (n_items,); zero for items without a vector."""
        weight = self.weighting.weights(history)
        if not weight.any():
            return np.zeros(len(self.vectors) if rows is None else len(rows), np.float32)
        vectors = self._turned() if rows is None else self.vectors[rows].T
        interests = interests_of(self.vectors, history, weight, at_most=self.interests)
        directions = interests.vectors * (interests.share / interests.share.max(initial=1e-9))[:, None] ** self.damping
        disliked = weight < 0
        away = weight[disliked] @ self.vectors[history.rows[disliked]]
        norm = float(np.linalg.norm(away))
        # One product for all: reading the vectors is what takes the time.
        cosines = np.vstack([directions, *([away / -norm] if norm > 0 else [])]) @ vectors
        score = np.zeros(vectors.shape[1], np.float32)
        if len(directions):
            score += cosines[: len(directions)].max(0)
        if norm > 0:
            score -= self.dislike * np.maximum(cosines[-1], 0)
        return score

    def _turned(self) -> Scores:
        """(dim, n_items), laid out as products need it; kept for the array it was made from."""
        if self.turned is None or self.turned[0] is not self.vectors:
            self.turned = self.vectors, np.ascontiguousarray(self.vectors.T)
        return self.turned[1]

    def contributions(self, history: History, row: int) -> Scores | None:
        """(len(history),): the liked events of the interest that won share its cosine, by weight and own cosine.

        Disliked events share what they take away in the same manner.
        """
        moved = np.zeros(len(history), np.float32)
        weight = self.weighting.weights(history)
        interests = interests_of(self.vectors, history, weight, at_most=self.interests)
        moved += self._pushed(history, weight, row)
        if not len(interests.share):
            return moved
        damped = (interests.share / interests.share.max()) ** self.damping
        cosines = (interests.vectors @ self.vectors[row]) * damped
        winner = int(cosines.argmax())
        events = np.flatnonzero(interests.of_event == winner)
        pull = weight[events] * np.maximum(self.vectors[history.rows[events]] @ self.vectors[row], 0)
        if pull.sum() > 0:
            moved[events] += cosines[winner] * pull / pull.sum()
        return moved

    def _pushed(self, history: History, weight: Scores, row: int) -> Scores:
        """(len(history),): what disliked events take away, shared among them like the cosine of the liked ones."""
        pushed = np.where(weight < 0, -weight, 0) * np.maximum(self.vectors[history.rows] @ self.vectors[row], 0)
        away = np.where(weight < 0, -weight, 0) @ self.vectors[history.rows]
        norm, total = float(np.linalg.norm(away)), float(pushed.sum())
        if norm == 0 or total == 0:
            return np.zeros(len(history), np.float32)
        taken = self.dislike * max(float(away @ self.vectors[row]) / norm, 0.0)
        return np.asarray(-taken * pushed / total, np.float32)

    def save(self, folder: Path) -> None:
        """Settings only: vectors are the catalogue's."""
        settings = {"name": self.name, "interests": self.interests, "damping": self.damping, "dislike": self.dislike}
        files.write(folder, settings | {"weighting": asdict(self.weighting)}, {})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What ``save`` wrote; ``placed`` gives it the vectors."""
        settings, _ = files.read(folder)
        return cls(**settings | {"weighting": HistoryWeighting(**settings["weighting"])})

    def placed(self, moved: Rows, features: ItemFeatures) -> Self:
        """With the new vectors."""
        return replace(self, vectors=features.vectors)


@dataclass(kw_only=True)
class Attributes:
    """Shared categories, people and tags: inner product of an item's labels with the history's weighted mean.

    A label weighs ``log(n_items / n_items with it)``; within each group an item's labels have length 1, so that a long
    cast does not outweigh one genre.
    """

    kind: ClassVar[str] = "attributes"
    name: str = "attributes"
    weighting: HistoryWeighting = field(default_factory=lambda: HistoryWeighting(decay=0.95, influence=1.0, last=100))
    categories: float = 1.0
    """Weight of the group."""
    people: float = 1.0
    """Weight of the group."""
    tags: float = 1.0
    """Weight of the group."""
    labels: Sparse = field(default_factory=empty_sparse, repr=False)
    """(n_items, n_labels)."""

    def fit(self, interactions: Interactions, features: ItemFeatures) -> Self:
        """Nothing is learned from events."""
        self.labels = self._labels(features)
        return self

    def _labels(self, features: ItemFeatures) -> Sparse:
        groups = [(self.categories, features.categories), (self.people, features.people), (self.tags, features.tags)]
        return sparse.csr_array(sparse.hstack([_group(labels, weight) for weight, labels in groups], format="csr"))

    def score(self, history: History, rows: Rows | None = None) -> Scores:
        """(len(rows),) or (n_items,)."""
        scores: Scores = self.score_many([history])[0]
        return scores if rows is None else scores[rows]

    def score_many(self, histories: Sequence[History]) -> Scores:
        """(len(histories), n_items) float32, the same as ``score`` for each."""
        events = []
        for history in histories:
            weight = self.weighting.weights(history)
            use = weight != 0
            events.append((history.rows[use], weight[use] / max(float(np.abs(weight).sum()), 1e-9)))
        ends = np.cumsum([0, *(len(rows) for rows, _ in events)])
        shares = np.concatenate([share for _, share in events]) if events else np.zeros(0, np.float32)
        rows = np.concatenate([rows for rows, _ in events]) if events else np.zeros(0, np.int64)
        weights = sparse.csr_array((shares, rows, ends), shape=(len(histories), self.labels.shape[0]))
        profiles = (weights @ self.labels).toarray()
        return np.ascontiguousarray((self.labels @ profiles.T).T, np.float32)

    def contributions(self, history: History, row: int) -> Scores | None:
        """(len(history),): each event's share; they add up to the score."""
        weight = self.weighting.weights(history)
        total = float(np.abs(weight).sum())
        if total == 0:
            return weight
        shared = self.labels[history.rows] @ self.labels[[row]].toarray().ravel()
        return np.asarray(weight / total * shared, np.float32)

    def save(self, folder: Path) -> None:
        """Settings only: labels are the catalogue's."""
        settings = {"name": self.name, "categories": self.categories, "people": self.people, "tags": self.tags}
        files.write(folder, settings | {"weighting": asdict(self.weighting)}, {})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What ``save`` wrote; ``placed`` gives it the labels."""
        settings, _ = files.read(folder)
        return cls(**settings | {"weighting": HistoryWeighting(**settings["weighting"])})

    def placed(self, moved: Rows, features: ItemFeatures) -> Self:
        """With the new labels."""
        return replace(self, labels=self._labels(features))


def _group(labels: Sequence[tuple[str, ...]], weight: float) -> Sparse:
    """(n_items, n_labels) float32: inverse document frequencies, rows of length ``weight``."""
    table = LabelRows.of(labels)
    folded = [value.casefold() for value in table.values]
    place = {label: n for n, label in enumerate(sorted(set(folded)))}
    shape = (len(table), max(len(place), 1))
    columns = np.array([place[label] for label in folded], np.int64)[table.ids]
    rows, columns = np.divmod(
        np.unique(np.repeat(np.arange(len(table)), np.diff(table.offsets)) * shape[1] + columns), shape[1]
    )
    values = np.log(len(table) / np.bincount(columns, minlength=shape[1])[columns]) + 0.1
    counts = np.bincount(rows, minlength=len(table))
    lengths = np.sqrt(np.bincount(rows, values**2, minlength=len(table)))
    data = (weight * values / lengths[rows]).astype(np.float32)
    return sparse.csr_array((data, columns, np.concatenate(([0], np.cumsum(counts)))), shape=shape)
