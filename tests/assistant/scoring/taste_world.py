"""A made-up world with structure: items in four circles, users who walk around their own circle in order."""

from __future__ import annotations

import numpy as np

from assistant.interactions import interactions_from_arrays
from assistant.scoring.base import Interactions, ItemFeatures

N_ITEMS, CIRCLE = 80, 20


def features(n_items: int = N_ITEMS) -> ItemFeatures:
    rng = np.random.default_rng(3)
    centres = np.linalg.qr(rng.normal(size=(16, 16)))[0][:4]
    vectors = (centres[np.arange(n_items) // CIRCLE % 4] + 0.1 * rng.normal(size=(n_items, 16))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    years = 1980.0 + np.arange(n_items) % 40
    years[::7] = np.nan
    return ItemFeatures(
        vectors=vectors,
        year=years,
        categories=tuple((f"circle {n // CIRCLE % 4}",) for n in range(n_items)),
        people=tuple((f"person {n % 9}",) for n in range(n_items)),
        tags=tuple(() for _ in range(n_items)),
    )


def interactions(n_users: int = 120, *, length: int = 12, seed: int = 0, timed: bool = True) -> Interactions:
    rng = np.random.default_rng(seed)
    user, item = [], []
    for number in range(n_users):
        circle, start = rng.integers(4), rng.integers(CIRCLE)
        steps = start + np.cumsum(rng.integers(1, 3, size=length))
        for step in dict.fromkeys((steps % CIRCLE).tolist()):
            user.append(number)
            item.append(circle * CIRCLE + step)
    n = len(user)
    return interactions_from_arrays(
        user=np.array(user),
        item=np.array(item),
        time=np.arange(n, dtype=float) * 60 if timed else np.full(n, np.nan),
        value=rng.integers(2, 6, size=n).astype(np.float32),
        n_items=N_ITEMS,
        user_ids=[f"user-{number}" for number in range(n_users)],
    )
