"""EASE: the closed-form linear autoencoder (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from assistant.scoring import linear
from assistant.scoring.base import Interactions
from assistant.scoring.linear import LinearScorer
from assistant.scoring.weighting import user_item_matrix


@dataclass(kw_only=True)
class Ease(LinearScorer):
    """``B = I - P / diag(P)`` with ``P = (XᵀX + λI)⁻¹``; the history's weighting makes it recency-weighted.

    Cost: n³ in the items covered, once; 3,650 items take 2 s on two cores, 10,000 about a minute and 1.2 GB.
    """

    kind: ClassVar[str] = "ease"
    name: str = "ease"
    regularisation: float = 300.0
    """λ, in events: how many co-occurrences a pair needs before it weighs."""
    fit_influence: float = 0.0
    """As ``HistoryWeighting.influence``, for the events fitted on."""

    def fit_matrix(self, interactions: Interactions) -> NDArray[np.float32]:
        """(n, n) float32, zero diagonal."""
        events = user_item_matrix(interactions, self.fit_influence)
        return ease_matrix((events.T @ events).toarray(), self.regularisation)


def ease_matrix(gram: NDArray[np.float32], regularisation: float) -> NDArray[np.float32]:
    """EASE's weights from the item-item Gram matrix."""
    inverse = inverted(gram, regularisation)
    diagonal = np.diag(inverse).copy()
    inverse /= -diagonal[None, :]
    np.fill_diagonal(inverse, 0)
    return inverse.astype(np.float32, copy=False)


def inverted(gram: NDArray[Any], regularisation: float) -> NDArray[Any]:
    """``(gram + λI)⁻¹`` by Cholesky; in float32 above 4,096 items, where float64 would cost twice the memory."""
    from scipy import linalg  # takes a quarter of a second to import, and serving does without

    n = len(gram)
    matrix = gram.astype(np.float64 if n <= linear.DOUBLE_UP_TO else np.float32)
    np.fill_diagonal(matrix, np.diag(matrix) + regularisation)
    lapack: Any = linalg.get_lapack_funcs(("potrf", "potri"), (matrix,))
    factor, failed = lapack[0](matrix.T, lower=False, overwrite_a=True, clean=True)
    if failed:
        raise linalg.LinAlgError(f"the Gram matrix is not positive definite with regularisation {regularisation!r}")
    inverse, _ = lapack[1](factor, lower=False, overwrite_c=True)
    upper = np.triu(inverse, 1)
    return np.asarray(upper + upper.T + np.diag(np.diag(inverse)))
