"""Ranking without words: what ``assistant rank`` and the evaluation call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assistant.catalogue import Catalogue
from assistant.errors import UserError
from assistant.interactions import history_of_rows, to_history
from assistant.ranking import Ranker
from assistant.store import Store


def rank(
    store: Store,
    catalogue: Catalogue,
    ranker: Ranker,
    *,
    user: str | None = None,
    history: Sequence[str] | None = None,
    candidates: Sequence[str] | None = None,
    k: int | None = None,
) -> list[tuple[str, float | None]]:
    """(item id, score) best first, ties in catalogue order.

    For a known or new ``user``, or for a ``history`` of item ids, oldest first. ``candidates`` are put in order, each
    once, and cut at ``k``; those that the catalogue does not have come last, without a score. Without candidates
    everything is ranked but the history. Unknown items of the history are ignored. Raises ``UserError`` unless exactly
    one of ``user`` and ``history`` is given.
    """
    if (user is None) == (history is None):
        raise UserError("A request needs either a user or a history (a list of item ids, oldest first), not both.")
    if k is not None and k < 1:
        raise UserError(f"k is {k!r}; it must be at least 1.")
    if user is not None:
        past = to_history(store.events(user), catalogue.row_of, store.rating_scale())
    else:
        past = history_of_rows(catalogue.rows(history or ()).tolist())
    rows = None
    unknown: list[str] = []
    if candidates is not None:
        unique = list(dict.fromkeys(candidates))
        unknown = [item_id for item_id in unique if item_id not in catalogue.row_of]
        rows = np.sort(catalogue.rows(unique))
    limit = len(catalogue) if k is None else k
    ranked = ranker.rank(past, rows, k=limit, explain=False)
    answer: list[tuple[str, float | None]] = [(r.item_id, r.score) for r in ranked]
    return [*answer, *((item_id, None) for item_id in unknown)][:limit]
