"""How often an item was chosen: overall, and around the moment of the history's latest event."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from assistant.interactions import first_events
from assistant.scoring import files
from assistant.scoring.base import History, Interactions, ItemFeatures, Rows, Scores
from assistant.scoring.weighting import strength


@dataclass(kw_only=True)
class Popularity:
    """``log(1 + Σ 0.5^(age / half-life))`` over an item's events that are not dislikes. The same for every user."""

    kind: ClassVar[str] = "popularity"
    name: str = "popularity"
    half_life: float = 0.0
    """As a share of the data's time span; 0 forgets nothing."""
    per_user_cap: int = 1
    """How many events of one user on one item count: repeating oneself moves nothing."""
    level: Scores = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)
    """(n_items,) float32."""

    def fit(self, interactions: Interactions, features: ItemFeatures) -> Self:
        """Count. Dislikes count nothing, whatever the data is otherwise."""
        values = strength(interactions.value, interactions.weight, 0.0)
        keep = values > 0
        if not keep.any():  # only "seen": being known is the best that is there
            keep = values == 0
        user, item, time = interactions.user[keep], interactions.item[keep], interactions.time[keep]
        order = np.lexsort((item, user))
        counted = np.ones(len(order), bool)
        cap = self.per_user_cap
        if len(order) > cap:
            a, b = order[cap:], order[:-cap]
            counted[cap:] = (user[a] != user[b]) | (item[a] != item[b])
        chosen = order[counted]
        weights = self._ages(time[chosen], time)
        self.level = np.log1p(np.bincount(item[chosen], weights, minlength=interactions.n_items)).astype(np.float32)
        return self

    def _ages(self, time: NDArray[np.float64], every: NDArray[np.float64]) -> NDArray[np.float64]:
        known = every[np.isfinite(every)]
        span = float(known.max() - known.min()) if len(known) else 0.0
        if self.half_life <= 0 or span <= 0:
            return np.ones(len(time))
        age = np.where(np.isfinite(time), known.max() - time, span / 2)
        return np.asarray(0.5 ** (age / (self.half_life * span)))

    def score(self, history: History, rows: Rows | None = None) -> Scores:
        """(len(rows),) or (n_items,); does not depend on the history."""
        return self.level.copy() if rows is None else self.level[rows]

    def contributions(self, history: History, row: int) -> Scores | None:
        """None: no event of the history moves it."""
        return None

    def save(self, folder: Path) -> None:
        """Counts over all users."""
        settings = {"name": self.name, "half_life": self.half_life, "per_user_cap": self.per_user_cap}
        files.write(folder, settings, {"level": self.level})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What ``save`` wrote."""
        settings, arrays = files.read(folder)
        return cls(**settings, level=arrays["level"])

    def placed(self, moved: Rows, features: ItemFeatures) -> Self:
        """Counts go with their items; new items have none."""
        level = np.zeros(len(features.year), np.float32)
        there = moved >= 0
        level[moved[there]] = self.level[there]
        return replace(self, level=level)


@dataclass(kw_only=True)
class Trend:
    """How often an item was chosen around the time of the history's latest event, compared with overall.

    A user counts once per item, with the first event: repeating oneself moves nothing.

    The data's time is cut at quantiles into ``buckets`` of about equal events; counts are smoothed over neighbouring
    buckets. A history without times is taken to be at the end of the data.
    """

    kind: ClassVar[str] = "trend"
    name: str = "trend"
    buckets: int = 32
    width: float = 1.0
    """Standard deviation of the smoothing, in buckets."""
    prior: float = 5.0
    """Events at the item's overall rate that are added to each bucket."""
    edges: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), repr=False)
    """(buckets - 1,) inner edges, Unix seconds."""
    level: Scores = field(default_factory=lambda: np.zeros((0, 0), np.float32), repr=False)
    """(buckets, n_items): log of the smoothed share of a bucket's events that are on the item."""

    def fit(self, interactions: Interactions, features: ItemFeatures) -> Self:
        """Count by bucket; all zeros where times are unknown."""
        interactions = first_events(interactions)
        known = np.isfinite(interactions.time)
        self.edges = np.zeros(0)
        self.level = np.zeros((1, interactions.n_items), np.float32)
        if known.sum() < self.buckets:
            return self
        time, item = interactions.time[known], interactions.item[known]
        self.edges = np.unique(np.quantile(time, np.arange(1, self.buckets) / self.buckets))
        n_buckets = len(self.edges) + 1
        bucket = np.searchsorted(self.edges, time, side="right")
        flat = np.bincount(bucket * interactions.n_items + item, minlength=n_buckets * interactions.n_items)
        counts = flat.reshape(n_buckets, interactions.n_items).astype(np.float64)
        apart = np.arange(n_buckets)[:, None] - np.arange(n_buckets)[None, :]
        kernel = np.exp(-0.5 * (apart / self.width) ** 2)
        smooth = kernel @ counts
        share = counts.sum(0) / counts.sum()
        rate = (smooth + self.prior * (share + 1e-9)) / (smooth.sum(1, keepdims=True) + self.prior)
        self.level = np.log(rate * len(share) + 1e-3).astype(np.float32)
        return self

    def score(self, history: History, rows: Rows | None = None) -> Scores:
        """(len(rows),) or (n_items,)."""
        at = len(self.level) - 1
        if len(history) and np.isfinite(history.time[-1]):
            at = int(np.searchsorted(self.edges, history.time[-1], side="right"))
        level: Scores = self.level[at]
        return level.copy() if rows is None else level[rows]

    def contributions(self, history: History, row: int) -> Scores | None:
        """None: only the time of the latest event matters, not its item."""
        return None

    def save(self, folder: Path) -> None:
        """Counts over all users."""
        settings = {"name": self.name, "buckets": self.buckets, "width": self.width, "prior": self.prior}
        files.write(folder, settings, {"level": self.level, "edges": self.edges})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What ``save`` wrote."""
        settings, arrays = files.read(folder)
        return cls(**settings, level=arrays["level"], edges=arrays["edges"])

    def placed(self, moved: Rows, features: ItemFeatures) -> Self:
        """Counts go with their items; new items are as rare as the rarest."""
        lowest = self.level.min(1, keepdims=True) if self.level.size else np.zeros((len(self.level), 1), np.float32)
        level = np.repeat(lowest, len(features.year), axis=1).astype(np.float32)
        there = moved >= 0
        level[:, moved[there]] = self.level[:, there]
        return replace(self, level=level)
