"""One weight per column, learned so that what was recommended next is likely among all candidates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from evals.redial.columns import Column
from evals.redial.data import Redial, Turn

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class BlendSettings:
    """How weights are learned."""

    others: int = 500
    """Candidates drawn beside a target; they stand for all."""
    decay: float = 1e-3
    """Weight of the squared norm of the standardised weights."""
    folds: int = 3
    """Dialogues that teach are divided so often, so that weights are learned on turns that did not teach the columns."""


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Targets with others drawn beside them: (n, 1 + others, columns), the target first."""

    columns: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.columns)


def draw_examples(
    turns: Sequence[Turn],
    columns: Callable[[Turn], Column],
    redial: Redial,
    settings: BlendSettings,
    rng: np.random.Generator,
    tick: Callable[[], None],
) -> Examples:
    """One example for each target that the catalogue has."""
    drawn = []
    for turn in turns:
        targets = [redial.place[item] for item in turn.targets if item in redial.place]
        tick()
        if not targets:
            continue
        values = columns(turn)
        out = {*targets, *(redial.place[item] for item in turn.mentioned if item in redial.place)}
        allowed = np.setdiff1d(np.arange(len(values)), list(out))
        for target in targets:
            others = rng.choice(allowed, settings.others, replace=len(allowed) < settings.others)
            drawn.append(values[[target, *others]])
    return Examples(columns=np.stack(drawn))


def learn_weights(examples: Examples, n_candidates: int, settings: BlendSettings) -> Floats:
    """(n_columns,) weights that maximise the softmax likelihood of the targets.

    The others drawn stand for all candidates, so their logits are raised by log(n_candidates / drawn) (sampled softmax,
    Bengio & Senécal 2008, for a uniform proposal).
    """
    values = examples.columns.astype(np.float64)
    flat = values.reshape(-1, values.shape[2])
    spread = flat.std(axis=0)
    spread[spread < 1e-9] = np.inf  # a column that never differs weighs nothing
    values = (values - flat.mean(axis=0)) / spread
    raised = np.zeros(values.shape[1])
    raised[1:] = np.log(n_candidates / (values.shape[1] - 1))

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = values @ weights + raised
        logits -= logits.max(axis=1, keepdims=True)
        chances = np.exp(logits)
        chances /= chances.sum(axis=1, keepdims=True)
        expected = np.einsum("nc,ncf->f", chances, values) / len(values)
        gradient = expected - values[:, 0].mean(axis=0) + 2 * settings.decay * weights
        return float(-np.log(chances[:, 0]).mean() + settings.decay * weights @ weights), gradient

    found = minimize(loss, np.zeros(values.shape[2]), jac=True, method="L-BFGS-B")
    weights: Floats = found.x / spread
    return weights
