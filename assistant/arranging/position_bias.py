"""Position bias: how the rank that a model gives an item depends on the place where it stood in the prompt.

Items differ in how good they are, so each is compared with itself in other places: the slope of the regression of rank on
place with a fixed effect for every item of every list,

    slope = Σ (p - p̄ᵢ)(r - r̄ᵢ) / Σ (p - p̄ᵢ)²

over all showings of all items, places and ranks from 0 to n - 1. 0: the place does not matter; 1: the answer is the
prompt's order; -1: its reverse. It needs items that were shown in several places (random orders, or orders with their
reverses).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.arranging.listwise import Order

RESAMPLES = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class PositionBias:
    """What the places did."""

    slope: float
    """In [-1, 1] or near; 0 is unbiased."""
    low: float
    high: float
    """95 % bootstrap interval of the slope over lists; the slope itself where there is one list."""
    lists: int
    answers: int
    thirds: tuple[float, float, float]
    """Mean rank, as a share of the last, of items in the first, middle and last third of the prompt; .5 each when unbiased."""
    agreement: float | None
    """Mean Kendall tau of two answers about the same list, in [-1, 1]; None without a second answer. Low agreement means
    that the order of the prompt, or chance, decides."""


def position_bias(lists: Sequence[Sequence[Order]], *, seed: int = 0) -> PositionBias | None:
    """Of all answers about some lists, each list with the same candidates in several orders. None without any answer."""
    kept = [orders for orders in lists if orders]
    if not kept:
        return None
    parts = np.array([_sums(orders) for orders in kept])
    slope = _slope(parts)
    low = high = slope
    if len(kept) > 1:
        dice = np.random.default_rng(seed)
        drawn = [_slope(parts[dice.integers(0, len(parts), len(parts))]) for _ in range(RESAMPLES)]
        low, high = (float(value) for value in np.percentile(drawn, [2.5, 97.5]))
    shares: tuple[list[float], list[float], list[float]] = ([], [], [])
    taus: list[float] = []
    for orders in kept:
        places, ranks = _places(orders), np.array([order.ranks for order in orders])
        last = max(places.shape[1] - 1, 1)
        for place, rank in zip(places.ravel().tolist(), ranks.ravel().tolist(), strict=True):
            shares[min(2, 3 * int(place) // places.shape[1])].append(rank / last)
        taus += [_tau(ranks[a], ranks[b]) for a in range(len(orders)) for b in range(a)]
    return PositionBias(
        slope=slope,
        low=low,
        high=high,
        lists=len(kept),
        answers=sum(map(len, kept)),
        thirds=tuple(float(np.mean(third)) if third else 0.5 for third in shares),  # type: ignore[arg-type]  # there are three
        agreement=float(np.mean(taus)) if taus else None,
    )


def _places(orders: Sequence[Order]) -> NDArray[np.float64]:
    """(n_orders, n_candidates) place by candidate."""
    places = np.empty((len(orders), len(orders[0].shown)))
    for at, order in enumerate(orders):
        places[at, list(order.shown)] = np.arange(len(order.shown))
    return places


def _sums(orders: Sequence[Order]) -> tuple[float, float]:
    """Numerator and denominator of the slope for one list."""
    places, ranks = _places(orders), np.array([order.ranks for order in orders])
    apart = places - places.mean(0)
    return float((apart * (ranks - ranks.mean(0))).sum()), float(np.square(apart).sum())


def _slope(parts: NDArray[np.float64]) -> float:
    over, under = parts.sum(0)
    return float(over / under) if under > 0 else 0.0


def _tau(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Kendall's tau-a: pairs in the same order less pairs in the reverse one, as a share of all pairs."""
    n = len(first)
    if n < 2:
        return 0.0
    same = np.sign(first[:, None] - first[None, :]) * np.sign(second[:, None] - second[None, :])
    return float(same.sum() / (n * (n - 1)))
