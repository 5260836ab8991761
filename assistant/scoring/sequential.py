"""What comes next after what: two item-to-item scorers that know the order of events.

A user's first event on an item is what counts: nobody moves an item further by repeating themselves. Both fall back to
nothing useful where the order is unknown; the fit sees that and leaves them out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from assistant.interactions import first_events
from assistant.scoring import linear
from assistant.scoring.base import Interactions, Rows, Scores
from assistant.scoring.linear import LinearScorer
from assistant.scoring.weighting import HistoryWeighting, Sparse, strength


@dataclass(kw_only=True)
class Transitions(LinearScorer):
    """Counts of "j within ``window`` steps after i", discounted by distance and by the frequency of both.

    ``T_ij / ((T_i + c)^a (T_j + c)^a)`` with ``a`` = ``normalisation``. Cost: one sparse sum per step of the window.
    Events of the same second are taken as a set: in the history they share the mean of their weights.
    """

    kind: ClassVar[str] = "transitions"
    name: str = "transitions"
    weighting: HistoryWeighting = field(default_factory=lambda: HistoryWeighting(decay=0.8, average_ties=True))
    window: int = 20
    """Steps ahead that count."""
    step_decay: float = 0.9
    """Factor per further step ahead."""
    normalisation: float = 0.4
    """From 0 (counts: popular items win) to about 0.7 (rare pairs win)."""
    smoothing: float = 1.0
    """``c``, in discounted counts."""
    backward: float = 0.0
    """What "j before i" counts, relative to "j after i"."""
    patience: float = 0.0
    """A pair that lies ``t`` apart in time counts ``1 / (1 + t / (patience · g))``, g being the median time between
    successive events of a user; 0 counts pairs however far apart."""

    def fit_matrix(self, interactions: Interactions) -> NDArray[np.float32]:
        """(n, n) float32."""
        n = interactions.n_items
        interactions = first_events(interactions)
        counts = np.zeros((n, n), np.float32)
        scale = self.patience * _usual_gap(interactions) if self.patience else 0.0
        for step, first, then, apart in _pairs(interactions, self.window):
            worth = np.full(len(first), self.step_decay ** (step - 1), np.float32)
            if scale:
                worth /= 1 + apart / scale
            # In place, one pair after the other: sparse addition gets slow as the sum fills up.
            np.add.at(counts, (first, then), worth)
        if self.backward:
            counts = counts + self.backward * counts.T
        out = (counts.sum(1) + self.smoothing) ** self.normalisation
        into = (counts.sum(0) + self.smoothing) ** self.normalisation
        counts /= out[:, None]
        counts /= into[None, :]
        np.fill_diagonal(counts, 0)
        return counts


@dataclass(kw_only=True)
class NextItem(LinearScorer):
    """Ridge regression of the next items on the decayed history before them, over every moment of every history.

    ``B = (XᵀX + λI)⁻¹ XᵀY``: row t of X holds ``decay^(s-1)`` for the item s steps before t, row t of Y ``step_decay^s`` for
    the item s steps after (s from 0, fewer than ``ahead``). The linear session model of Choi et al. 2021 ("Session-aware
    Linear Item-Item Models") with the whole prefix as input. Cost: n³ in the items covered.
    """

    kind: ClassVar[str] = "next_item"
    name: str = "next_item"
    weighting: HistoryWeighting = field(default_factory=lambda: HistoryWeighting(decay=0.85, average_ties=True))
    max_items: int = 6_000
    regularisation: float = 100.0
    """λ, in decayed events."""
    input_decay: float = 0.8
    """Factor per step back in the inputs."""
    ahead: int = 1
    """How many coming items a moment predicts."""
    step_decay: float = 0.7
    """Factor per further step ahead."""

    def fit_matrix(self, interactions: Interactions) -> NDArray[np.float32]:
        """(n, n) float32."""
        interactions = first_events(interactions)
        n, events = interactions.n_items, len(interactions.user)
        item, user = interactions.item, interactions.user
        within = int(np.ceil(np.log(0.01) / np.log(self.input_decay))) if self.input_decay < 1 else events
        steps = [(1.0, np.zeros(0, np.int64), np.zeros(0, np.int64))]
        moments = np.arange(events)
        for step in range(1, within + 1):
            same = user[step:] == user[:-step] if step < events else np.zeros(0, bool)
            if not same.any():
                break
            steps.append((self.input_decay ** (step - 1), moments[step:][same], item[:-step][same]))
        inputs = _stacked(steps, events, n)
        steps = [(1.0, moments, item)]
        for step in range(1, self.ahead):
            same = user[step:] == user[:-step] if step < events else np.zeros(0, bool)
            steps.append((self.step_decay**step, moments[:-step][same], item[step:][same]))
        targets = _stacked(steps, events, n)
        from scipy import linalg as solvers  # serving does without, and starts sooner

        gram = (inputs.T @ inputs).toarray()
        cross = (inputs.T @ targets).toarray()
        precision = np.float64 if n <= linear.DOUBLE_UP_TO else np.float32
        gram = gram.astype(precision, copy=False)
        gram[np.diag_indices(n)] += self.regularisation
        solution = solvers.solve(
            gram, cross.astype(precision, copy=False), assume_a="pos", overwrite_a=True, overwrite_b=True
        )
        solution = np.array(solution, np.float32)  # a copy: the solver may return what is not ours to write
        np.fill_diagonal(solution, 0)
        return solution


def _stacked(steps: list[tuple[float, Rows, Rows]], n_rows: int, n: int) -> Sparse:
    data = np.concatenate([np.full(len(rows), value, np.float32) for value, rows, _ in steps])
    rows = np.concatenate([rows for _, rows, _ in steps])
    columns = np.concatenate([columns for _, _, columns in steps])
    return sparse.csr_array((data, (rows, columns)), shape=(n_rows, n))


def _pairs(interactions: Interactions, window: int) -> Iterator[tuple[int, Rows, Rows, Scores]]:
    """(step, first item, item ``step`` later, time between) for steps up to ``window``, within one user.

    Dislikes are left out; the time is 0 where it is unknown.
    """
    liked = strength(interactions.value, interactions.weight, 0.0) > 0
    item, user, time = interactions.item[liked], interactions.user[liked], interactions.time[liked]
    for step in range(1, window + 1):
        if step >= len(item):
            return
        same = user[step:] == user[:-step]
        apart = np.nan_to_num((time[step:] - time[:-step])[same])
        yield step, item[:-step][same], item[step:][same], apart.astype(np.float32)


def _usual_gap(interactions: Interactions) -> float:
    """The median time between successive events of a user that are not at the same moment; 0 where there are none."""
    apart = np.diff(interactions.time)[interactions.user[1:] == interactions.user[:-1]]
    apart = apart[apart > 0]
    return float(np.median(apart)) if len(apart) else 0.0
