"""How new an item is: a mild prior that needs no events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from assistant.scoring import files
from assistant.scoring.base import History, Interactions, ItemFeatures, Rows, Scores


@dataclass(kw_only=True)
class Recency:
    """``0.5^(age / half_life)``, age in years before the newest item; the median item's value where unknown."""

    kind: ClassVar[str] = "recency"
    name: str = "recency"
    half_life: float = 10.0
    """Years."""
    level: Scores = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)
    """(n_items,) float32."""

    def fit(self, interactions: Interactions, features: ItemFeatures) -> Self:
        """Looks at the features alone."""
        self.level = self._levels(features)
        return self

    def _levels(self, features: ItemFeatures) -> Scores:
        year = features.year
        known = np.isfinite(year)
        if not known.any():
            return np.zeros(len(year), np.float32)
        filled = np.where(known, year, np.median(year[known]))
        return np.asarray(0.5 ** ((year[known].max() - filled) / self.half_life), np.float32)

    def score(self, history: History, rows: Rows | None = None) -> Scores:
        """(len(rows),) or (n_items,); does not depend on the history."""
        return self.level.copy() if rows is None else self.level[rows]

    def contributions(self, history: History, row: int) -> Scores | None:
        """None: no event of the history moves it."""
        return None

    def save(self, folder: Path) -> None:
        """Settings only: years are the catalogue's."""
        files.write(folder, {"name": self.name, "half_life": self.half_life}, {})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What ``save`` wrote; ``placed`` gives it the years."""
        settings, _ = files.read(folder)
        return cls(**settings)

    def placed(self, moved: Rows, features: ItemFeatures) -> Self:
        """From the new features."""
        return replace(self, level=self._levels(features))
