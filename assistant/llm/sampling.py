"""Picking a token from logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """Picks a token from logits. Deterministic for its seed."""

    temperature: float
    top_p: float
    random: np.random.Generator

    def pick(self, logits: Logits) -> int:
        """Index of the token: the likeliest at temperature 0, else drawn from the nucleus of mass ``top_p``."""
        if self.temperature <= 0:
            return int(logits.argmax())
        scaled = logits.astype(np.float64) / self.temperature
        chances = np.exp(scaled - scaled.max())
        chances /= chances.sum()
        tokens = np.arange(len(chances)) if self.top_p >= 1 else _nucleus(chances, self.top_p)
        steps = np.cumsum(chances[tokens])
        return int(
            tokens[np.searchsorted(steps, self.random.random() * steps[-1], side="right").clip(max=len(steps) - 1)]
        )


def _nucleus(chances: NDArray[np.float64], mass: float) -> NDArray[np.intp]:
    """The fewest tokens, likeliest first, whose chances sum to at least ``mass``."""
    head = min(1024, len(chances))  # sorting a whole vocabulary takes as long as computing a token of a small model
    order = np.argpartition(-chances, head - 1)[:head]
    if chances[order].sum() < mass:
        order = np.arange(len(chances))
    order = order[np.argsort(-chances[order], kind="stable")]
    before = np.cumsum(chances[order]) - chances[order]
    nucleus: NDArray[np.intp] = order[before < max(mass, 1e-9)]
    return nucleus


def log_probability(logits: Logits, token: int) -> float:
    """Natural log of the softmax of ``logits`` (n_vocab,) at ``token``."""
    most = logits.max()
    return float(logits[token] - most) - float(np.log(np.exp(logits - most).sum(dtype=np.float64)))
