"""Item-based collaborative filtering: cosine between the users of two items, shrunk, nearest neighbours only.

Sarwar et al. 2001, with the shrinkage of Koren and Bell ("Advances in Collaborative Filtering").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from assistant.scoring.base import Interactions
from assistant.scoring.linear import LinearScorer
from assistant.scoring.weighting import user_item_matrix


@dataclass(kw_only=True)
class ItemCF(LinearScorer):
    """``cos(i, j) · c / (c + shrinkage)``, c the number of users of both. Cost: one sparse product."""

    kind: ClassVar[str] = "item_cf"
    name: str = "item_cf"
    shrinkage: float = 20.0
    """In users."""
    neighbours: int = 100
    """Each item scores by this many most similar ones."""
    fit_influence: float = 0.0
    """As ``HistoryWeighting.influence``, for the events fitted on."""

    def fit_matrix(self, interactions: Interactions) -> NDArray[np.float32]:
        """(n, n) float32, zero diagonal, ``neighbours`` entries per column."""
        events = user_item_matrix(interactions, self.fit_influence)
        together = (events.T @ events).toarray()
        norm = np.sqrt(np.diag(together)) + 1e-9
        similar = together / norm[:, None] / norm[None, :] * (together / (together + self.shrinkage))
        np.fill_diagonal(similar, 0)
        n = len(similar)
        if n > self.neighbours:
            least = np.partition(similar, n - self.neighbours, axis=0)[n - self.neighbours]
            similar[similar < least[None, :]] = 0
        return np.asarray(similar, np.float32)
