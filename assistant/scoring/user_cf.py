"""User-based collaborative filtering: what the users most like this history chose.

Its model is the users' rows themselves (without ids). Such a model must be fitted again when a user is erased, so it is
a baseline to compare with, and the default fit never picks it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from assistant.scoring import files
from assistant.scoring.base import History, Interactions, ItemFeatures, Rows, Scores
from assistant.scoring.weighting import HistoryWeighting, Sparse, empty_sparse, user_item_matrix


@dataclass(kw_only=True)
class UserCF:
    """``Σ_v sim(u, v) x_vi / Σ sim`` over the ``neighbours`` nearest users, ``sim = cos · c / (c + shrinkage)``."""

    kind: ClassVar[str] = "user_cf"
    name: str = "user_cf"
    weighting: HistoryWeighting = field(default_factory=HistoryWeighting)
    neighbours: int = 100
    """Nearest users that vote."""
    shrinkage: float = 10.0
    """In items in common."""
    fit_influence: float = 0.0
    """As ``HistoryWeighting.influence``, for the events fitted on."""
    users: Sparse = field(default_factory=empty_sparse, repr=False)
    """(n_users, n_items)."""

    def fit(self, interactions: Interactions, features: ItemFeatures) -> Self:
        """Keep the users' rows."""
        self.users = user_item_matrix(interactions, self.fit_influence)
        return self

    def score(self, history: History, rows: Rows | None = None) -> Scores:
        """(len(rows),) or (n_items,)."""
        n_users, n_items = self.users.shape
        weight = self.weighting.weights(history)
        scores = np.zeros(n_items, np.float32)
        mine = np.zeros(n_items, np.float32)
        mine[history.rows[weight != 0]] = weight[weight != 0]
        length = float(np.linalg.norm(mine))
        if n_users and length > 0:
            common = self.users @ (mine != 0).astype(np.float32)
            norms = np.sqrt(self.users.multiply(self.users).sum(1)) + 1e-9
            near = (self.users @ mine) / (norms * length) * (common / (common + self.shrinkage))
            best = np.argsort(-near, kind="stable")[: self.neighbours]
            best = best[near[best] > 0]
            if len(best):
                scores = np.asarray(near[best] @ self.users[best] / near[best].sum(), np.float32)
        return scores if rows is None else scores[rows]

    def contributions(self, history: History, row: int) -> Scores | None:
        """None: it goes through other users."""
        return None

    def save(self, folder: Path) -> None:
        """The rows of users, without their ids."""
        settings = {
            "name": self.name,
            "neighbours": self.neighbours,
            "shrinkage": self.shrinkage,
            "fit_influence": self.fit_influence,
            "weighting": asdict(self.weighting),
            "shape": list(self.users.shape),
        }
        files.write(
            folder, settings, {"data": self.users.data, "indices": self.users.indices, "indptr": self.users.indptr}
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What ``save`` wrote."""
        settings, arrays = files.read(folder)
        shape = tuple(settings.pop("shape"))
        users = sparse.csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
        return cls(**settings | {"weighting": HistoryWeighting(**settings["weighting"])}, users=users)

    def placed(self, moved: Rows, features: ItemFeatures) -> Self:
        """Columns go with their items."""
        rows = self.users.tocoo()
        there = moved[rows.col] >= 0
        shape = (self.users.shape[0], len(features.year))
        users = sparse.csr_array((rows.data[there], (rows.row[there], moved[rows.col[there]])), shape=shape)
        return replace(self, users=users)
