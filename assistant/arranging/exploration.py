"""Exploration: a bounded share of the list for new items, chosen at random with a known probability.

With ``k`` positions and a share ``s``, ``x = s · k`` positions on average are given away, the last ones of the list:
``floor(x)`` always, and one more with probability ``x - floor(x)``. Each gets one of the ``m`` new items among the
candidates that would not be shown by their score, drawn without replacement, each as likely as the others. So the
``j``-th position from the end is given away with the probability ``e(j)``, which is 1 up to ``floor(x)``, the fraction for
the next, and 0 above; an explored item stands there with ``e(j) / m``, the item that its score puts there with
``1 - e(j)``. These are the propensities that impressions log.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, slots=True)
class Explored:
    """What chance decided for a list of ``k`` positions."""

    items: tuple[int, ...]
    """What was drawn, for the last positions of the list in their order."""
    propensities: tuple[float, ...]
    """(k,) of what stands at each position now."""


def explore(k: int, new: Sequence[int], share: float, dice: np.random.Generator) -> Explored:
    """Draw from ``new`` (any ints) for the end of a list of ``k``. Draws nothing where there is nothing new."""
    wanted = share * k
    always = min(math.floor(wanted), len(new), k)
    chance = wanted - math.floor(wanted) if always == math.floor(wanted) and always < min(len(new), k) else 0.0
    if chance < 1e-9:  # 0.1 · 10 is not quite 1
        chance = 0.0
    count = always + int(chance > 0 and dice.random() < chance)
    drawn = dice.permutation(len(new))[:count].tolist() if count else []
    given_away = [1.0 if j <= always else chance if j == always + 1 else 0.0 for j in range(k, 0, -1)]
    explored = len(given_away) - count
    return Explored(
        items=tuple(new[place] for place in drawn),
        propensities=tuple(e / len(new) if position >= explored else 1 - e for position, e in enumerate(given_away)),
    )
