"""Latent factors through ``implicit`` (extra ``rank``): ALS and BPR, served by folding the history in.

ALS: Hu, Koren, Volinsky 2008. BPR: Rendle et al. 2009. What is kept is item factors; a history's vector is solved for
when it is ranked, so that no user is in the model and a user never seen is like any other.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from assistant.errors import MissingExtraError
from assistant.scoring import files
from assistant.scoring.base import History, Interactions, ItemFeatures, Rows, Scores
from assistant.scoring.weighting import HistoryWeighting, Sparse, user_item_matrix
from assistant.threads import one_blas_thread


@dataclass(kw_only=True)
class Factors:
    """Base: ``u = (Y'Y + α Σ w y y' + λI)⁻¹ (1 + α) Σ w y`` over the history, score ``y · u`` (Hu et al., eq. 4)."""

    kind: ClassVar[str] = ""
    name: str = ""
    weighting: HistoryWeighting = field(default_factory=HistoryWeighting)
    factors: int = 64
    regularisation: float = 0.05
    iterations: int = 20
    alpha: float = 10.0
    """How much more an event counts than its absence."""
    seed: int = 0
    items: Scores = field(default_factory=lambda: np.zeros((0, 0), np.float32), repr=False)
    """(n_items, factors)."""
    gram: tuple[Scores, NDArray[np.float64]] | None = field(default=None, init=False, repr=False)

    def fit(self, interactions: Interactions, features: ItemFeatures) -> Self:
        """Deterministic: one thread, seeded."""
        events = user_item_matrix(interactions, 0.0)
        self.items = np.zeros((interactions.n_items, self.factors), np.float32)
        if events.nnz:
            self.items = np.nan_to_num(np.asarray(self.factorise(events), np.float32))
        return self

    def factorise(self, events: Sparse) -> Scores:
        """(n_items, factors) from (n_users, n_items)."""
        raise NotImplementedError

    def score(self, history: History, rows: Rows | None = None) -> Scores:
        """(len(rows),) or (n_items,)."""
        candidates = self.items if rows is None else self.items[rows]
        weight = self.weighting.weights(history)
        use = weight > 0
        if not use.any():
            return np.zeros(len(candidates), np.float32)
        chosen, mass = self.items[history.rows[use]].astype(np.float64), weight[use].astype(np.float64)
        system = self._gram() + self.alpha * (chosen * mass[:, None]).T @ chosen
        system += (self.regularisation + 1e-6) * np.eye(self.items.shape[1])
        user = np.linalg.solve(system, (1 + self.alpha) * mass @ chosen)
        return np.asarray(candidates @ user, np.float32)

    def _gram(self) -> NDArray[np.float64]:
        """(factors, factors), kept for the array it was made from."""
        if self.gram is None or self.gram[0] is not self.items:
            items = self.items.astype(np.float64)
            self.gram = self.items, items.T @ items
        return self.gram[1]

    def contributions(self, history: History, row: int) -> Scores | None:
        """None: events act together."""
        return None

    def save(self, folder: Path) -> None:
        """Item factors."""
        names = [f.name for f in fields(self) if f.name not in ("items", "gram", "weighting")]
        settings = {name: getattr(self, name) for name in names}
        files.write(folder, settings | {"weighting": asdict(self.weighting)}, {"items": self.items})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What ``save`` wrote; needs no extra."""
        settings, arrays = files.read(folder)
        return cls(**settings | {"weighting": HistoryWeighting(**settings["weighting"])}, items=arrays["items"])

    def placed(self, moved: Rows, features: ItemFeatures) -> Self:
        """Factors go with their items; new items have none."""
        items = np.zeros((len(features.year), self.items.shape[1]), np.float32)
        there = moved >= 0
        items[moved[there]] = self.items[there]
        return replace(self, items=items)


@dataclass(kw_only=True)
class Als(Factors):
    """Weighted matrix factorisation by alternating least squares."""

    kind: ClassVar[str] = "als"
    name: str = "als"

    def factorise(self, events: Sparse) -> Scores:
        """Through ``implicit``."""
        with one_blas_thread():  # of more it warns, since many tiny products only wait for each other
            model = _implicit().als.AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularisation,
                alpha=self.alpha + 1,
                iterations=self.iterations,
                random_state=self.seed,
                num_threads=1,
                use_gpu=False,
            )
            model.fit(_classic(events), show_progress=False)
        return np.asarray(model.item_factors, np.float32)


@dataclass(kw_only=True)
class Bpr(Factors):
    """Bayesian personalised ranking. Its last factor is the item's bias, for which ``implicit`` holds the user at 1."""

    kind: ClassVar[str] = "bpr"
    name: str = "bpr"
    learning_rate: float = 0.05
    iterations: int = 100

    def factorise(self, events: Sparse) -> Scores:
        """Through ``implicit``."""
        with one_blas_thread():  # of more it warns, since many tiny products only wait for each other
            model = _implicit().bpr.BayesianPersonalizedRanking(
                factors=self.factors - 1,
                regularization=self.regularisation,
                learning_rate=self.learning_rate,
                iterations=self.iterations,
                random_state=self.seed,
                num_threads=1,
                use_gpu=False,
            )
            model.fit(_classic(events), show_progress=False)
        return np.asarray(model.item_factors, np.float32)


def _classic(events: Sparse) -> Any:
    """As ``implicit`` takes it: scipy's older matrix class with 32-bit indices."""
    from scipy import sparse

    matrix = sparse.csr_matrix(events)
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    return matrix


def check_installed() -> None:
    """Raises ``MissingExtraError`` without the extra."""
    _implicit()


def _implicit() -> Any:
    try:
        import implicit
        import implicit.als
        import implicit.bpr
    except ImportError as error:
        raise MissingExtraError("ALS and BPR", "rank") from error
    return implicit
