"""Events of the store as columns: what scorers fit on, and what they rank for.

How an event becomes a weight in [-1, 1]:

=========  ======  =====================================================================
kind       weight  why
=========  ======  =====================================================================
like         1.0   said so; also a rating without a value
purchase     1.0   paid for it
click        0.5   interest, not yet a liking
view         0.3   the weakest sign that still counts
seen         0.0   known, nothing said about liking
skip        -0.3   passed over, perhaps for other reasons
dislike     -1.0   said so
rating       r     half where the value lies on the data's scale, half how it compares with the user's own mean
=========  ======  =====================================================================

For ratings ``r = ½ a + ½ b``, ``a = 2 (v - low) / (high - low) - 1``, ``b = 2 (v - mean) / (high - low)``, clipped;
``mean`` is the user's mean shrunk to the middle of the scale, so that somebody who rates everything highest still likes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.scoring.base import History, Interactions, Rows, Scores
from assistant.types import Event, EventKind

KIND_WEIGHT: Mapping[EventKind, float] = {
    "like": 1.0,
    "purchase": 1.0,
    "click": 0.5,
    "view": 0.3,
    "seen": 0.0,
    "skip": -0.3,
    "dislike": -1.0,
    "rating": 1.0,
}
"""Weight of an event without a rating value, by kind."""

MEAN_SHRINKAGE = 3.0
"""How many ratings at the middle of the scale are added to a user's own before taking the mean."""

Scale = tuple[float, float]


def to_interactions(events: Sequence[Event], row_of: Mapping[str, int], n_items: int) -> Interactions:
    """Columns of events that come ordered by user and each user's oldest first, as ``Store.events()`` gives them.

    Events on items that are not in ``row_of`` are left out and counted in ``skipped``.
    """
    known = [event for event in events if event.item_id in row_of]
    user_row: dict[str, int] = {}
    user = np.fromiter((user_row.setdefault(e.user_id, len(user_row)) for e in known), np.int64, len(known))
    value, kind = _values(known)
    item, time = _items_and_times(known, row_of)
    return Interactions(
        user_ids=tuple(user_row),
        n_items=n_items,
        user=user,
        item=item,
        time=time,
        value=value,
        weight=_weights(user, len(user_row), value, kind, _scale(value)),
        skipped=len(events) - len(known),
    )


def to_history(events: Sequence[Event], row_of: Mapping[str, int], scale: Scale | None) -> History:
    """One user's events, oldest first, as columns; unknown items are left out.

    ``scale`` is the lowest and highest rating of the data (``Store.rating_scale()``); None where it holds no ratings,
    and then a rating counts as a like.
    """
    known = [event for event in events if event.item_id in row_of]
    value, kind = _values(known)
    item, time = _items_and_times(known, row_of)
    weight = _weights(np.zeros(len(known), np.int64), 1, value, kind, scale)
    return History(rows=item, time=time, value=value, weight=weight)


def history_of_rows(rows: Sequence[int]) -> History:
    """A history of which only the order of the items is known; each of them counts as liked."""
    n = len(rows)
    return History(
        rows=np.asarray(rows, np.int64).reshape(n),
        time=np.full(n, np.nan),
        value=np.full(n, np.nan, np.float32),
        weight=np.ones(n, np.float32),
    )


def interactions_from_arrays(
    *,
    user: Rows,
    item: Rows,
    time: NDArray[np.float64],
    value: Scores,
    n_items: int,
    user_ids: Sequence[str] | None = None,
) -> Interactions:
    """Interactions from plain columns, ordered by user and then by time; ``value`` is NaN for implicit events."""
    user, item = np.asarray(user, np.int64), np.asarray(item, np.int64)
    n_users = int(user.max()) + 1 if len(user) else 0
    names = tuple(user_ids) if user_ids is not None else tuple(str(n) for n in range(n_users))
    kind = np.ones(len(user), np.float32)
    return Interactions(
        user_ids=names,
        n_items=n_items,
        user=user,
        item=item,
        time=time,
        value=value,
        weight=_weights(user, len(names), value, kind, _scale(value)),
    )


def histories(interactions: Interactions) -> list[History]:
    """One history per user, by user row. Views, not copies."""
    bounds = np.searchsorted(interactions.user, np.arange(len(interactions.user_ids) + 1))
    return [
        History(
            rows=interactions.item[a:b],
            time=interactions.time[a:b],
            value=interactions.value[a:b],
            weight=interactions.weight[a:b],
        )
        for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    ]


def prefix(history: History, length: int) -> History:
    """Its oldest ``length`` events."""
    return History(
        rows=history.rows[:length],
        time=history.time[:length],
        value=history.value[:length],
        weight=history.weight[:length],
    )


def suffix(history: History, length: int) -> History:
    """Its latest ``length`` events."""
    start = max(len(history) - length, 0)
    return History(
        rows=history.rows[start:],
        time=history.time[start:],
        value=history.value[start:],
        weight=history.weight[start:],
    )


def first_times(interactions: Interactions) -> NDArray[np.bool_]:
    """(n_events,) whether it is the user's first event on the item; others repeat."""
    n = len(interactions.user)
    order = np.lexsort((np.arange(n), interactions.item, interactions.user))
    user, item = interactions.user[order], interactions.item[order]
    new = np.ones(n, bool)
    new[order[1:]] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    return new


def first_events(interactions: Interactions) -> Interactions:
    """Each user's first event on each item alone: repeating oneself must not weigh with others."""
    return interactions if (keep := first_times(interactions)).all() else interactions.where(keep)


def drop_last(interactions: Interactions, count: int) -> Interactions:
    """Without each user's last ``count`` items and every event since the first of these was new; users stay as they are.

    Where nobody comes back to an item, that is: without each user's last ``count`` events.
    """
    if count <= 0:
        return interactions
    new = first_times(interactions).astype(np.int64)
    totals = np.bincount(interactions.user, new, minlength=len(interactions.user_ids)).astype(np.int64)
    # New items of the same user after each event.
    after = np.cumsum(totals)[interactions.user] - np.cumsum(new)
    return interactions.where(after >= count)


def _values(events: Sequence[Event]) -> tuple[Scores, Scores]:
    """Rating values (NaN where there is none) and the weight of the kind."""
    value = np.fromiter(
        (e.value if e.kind == "rating" and e.value is not None else math.nan for e in events), np.float32, len(events)
    )
    kind = np.fromiter((KIND_WEIGHT[e.kind] for e in events), np.float32, len(events))
    return value, kind


def _items_and_times(events: Sequence[Event], row_of: Mapping[str, int]) -> tuple[Rows, NDArray[np.float64]]:
    item = np.fromiter((row_of[e.item_id] for e in events), np.int64, len(events))
    time = np.fromiter((_moment(e) for e in events), np.float64, len(events))
    return item, time


def _moment(event: Event) -> float:
    if event.timestamp is not None:
        return event.timestamp
    return math.nan if event.position is None else float(event.position)


def _scale(value: Scores) -> Scale | None:
    rated = value[np.isfinite(value)]
    return (float(rated.min()), float(rated.max())) if len(rated) else None


def _weights(user: Rows, n_users: int, value: Scores, kind: Scores, scale: Scale | None) -> Scores:
    rated = np.isfinite(value)
    weight = kind.copy()
    if scale is None or scale[0] == scale[1] or not rated.any():
        return weight
    low, high = scale
    middle, width = (low + high) / 2, high - low
    totals = np.bincount(user[rated], value[rated], minlength=n_users)
    counts = np.bincount(user[rated], minlength=n_users)
    mean = (totals + MEAN_SHRINKAGE * middle) / (counts + MEAN_SHRINKAGE)
    absolute = 2 * (value[rated] - low) / width - 1
    relative = 2 * (value[rated] - mean[user[rated]]) / width
    weight[rated] = np.clip((absolute + relative) / 2, -1, 1)
    return weight
