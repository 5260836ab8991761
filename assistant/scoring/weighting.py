"""How much each event of a history counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from assistant.scoring.base import History, Interactions, Scores

if TYPE_CHECKING:
    Sparse = sparse.csr_array[Any, tuple[int, int]]
else:
    Sparse = sparse.csr_array

NEGLIGIBLE = 1e-3
"""Decays below this are dropped: they cost time and move next to nothing. The latest event's is 1.

All that is dropped of a history adds up to less than ``NEGLIGIBLE / (1 - decay)``, so that no score of a linear scorer moves
by more than that times the largest entry of its matrix.
"""


def strength(value: Scores, weight: Scores, influence: float) -> Scores:
    """(n,) in [-1, 1]. Rated events go from 1 (``influence`` 0: having chosen it is what counts) to their weight (1).

    Events without a rating keep their weight: a click on "dislike" is never a liking.
    """
    return np.where(np.isfinite(value), 1 + influence * (weight - 1), weight).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class HistoryWeighting:
    """Turns a history into one weight per event."""

    decay: float = 1.0
    """Factor per step back from the latest event; 1 forgets nothing."""
    influence: float = 0.0
    """How much of a rating's value counts, from 0 (rated at all) to 1 (low ratings push away)."""
    last: int = 300
    """Only this many latest events are looked at."""
    average_ties: bool = False
    """Events of the same second share the mean of their decay, as their order means nothing."""

    def weights(self, history: History) -> Scores:
        """(len(history),) float32; zero for events that do not count.

        When an item occurs more than once, its latest event that says anything counts. Decay goes by place in the
        history: a fit on data without order chooses no decay.
        """
        n = len(history)
        if n == 0:
            return np.zeros(0, np.float32)
        reach = self.last
        if self.decay < 1 and not self.average_ties:  # further back nothing is left of a weight
            reach = min(reach, math.ceil(math.log(NEGLIGIBLE) / math.log(self.decay)))
        start = max(n - reach, 0)
        weight = strength(history.value[start:], history.weight[start:], self.influence)
        if not history.repeats:
            return self._fading(weight, history, start)
        latest = np.flatnonzero(weight)
        rows = history.rows[start:][latest]
        by_item = np.argsort(rows, kind="stable")
        ordered = rows[by_item]
        last = np.ones(len(rows), bool)
        last[:-1] = ordered[1:] != ordered[:-1]
        latest = latest[by_item[last]]
        once = np.zeros(len(weight), np.float32)
        once[latest] = weight[latest]
        return self._fading(once, history, start)

    def _fading(self, weight: Scores, history: History, start: int) -> Scores:
        """(len(history),) weights of the events from ``start`` on, decayed; zero before."""
        faded = np.zeros(len(history), np.float32)
        faded[start:] = weight if self.decay >= 1 else weight * self._decays(history, start)
        return faded

    def _decays(self, history: History, start: int) -> Scores:
        """Of the events from ``start`` on."""
        n = len(history)
        if not self.average_ties:
            decays = self.decay ** np.arange(n - 1 - start, -1, -1, dtype=np.float64)
        else:
            moment, sizes = history.moments
            decays = self.decay ** np.arange(n - 1, -1, -1, dtype=np.float64)
            decays = (np.bincount(moment, decays) / sizes)[moment[start:]]
        # Thousands of events of one second share so little that all of them would be dropped.
        decays[decays < min(NEGLIGIBLE, decays.max(initial=0.0))] = 0
        return decays.astype(np.float32)


def user_item_matrix(interactions: Interactions, influence: float) -> Sparse:
    """(n_users, n_items) float32: the strength of each user's events, positive ones only, the strongest per pair."""
    values = strength(interactions.value, interactions.weight, influence)
    keep = values > 0
    user, item, values = interactions.user[keep], interactions.item[keep], values[keep]
    order = np.lexsort((-values, item, user))
    user, item, values = user[order], item[order], values[order]
    first = np.ones(len(user), bool)
    first[1:] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    shape = (len(interactions.user_ids), interactions.n_items)
    return sparse.csr_array((values[first], (user[first], item[first])), shape=shape)


def empty_sparse() -> Sparse:
    """A matrix of no rows: what holds before ``fit``."""
    return sparse.csr_array(np.zeros((0, 0), np.float32))
