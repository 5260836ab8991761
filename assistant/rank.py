"""Ranking without words: what ``assistant rank`` and the evaluation call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.catalogue import Catalogue
from assistant.errors import UserError
from assistant.interactions import history_of_rows, to_history
from assistant.ranking import Ranker
from assistant.scoring.base import History, Rows
from assistant.store import Store

Answer = list[tuple[str, float | None]]
"""(item id, score) best first."""
Columns = tuple[list[str], list[float | None]]
"""The same as two lists."""


@dataclass(frozen=True, kw_only=True)
class RankRequest:
    """A request as the ranker takes it."""

    history: History
    rows: Rows | None
    """Candidates, ascending; None for everything but the history."""
    unknown: tuple[str, ...]
    """Candidates that the catalogue does not have."""
    k: int


Arrange = Callable[[RankRequest], Answer]


def rank(
    store: Store,
    catalogue: Catalogue,
    ranker: Ranker,
    *,
    user: str | None = None,
    history: Sequence[str] | None = None,
    candidates: Sequence[str] | None = None,
    k: int | None = None,
    arrange: Arrange | None = None,
) -> Answer:
    """(item id, score) best first, ties in catalogue order.

    For a known or new ``user``, or for a ``history`` of item ids, oldest first. ``candidates`` are put in order, each
    once, and cut at ``k``; those that the catalogue does not have come last, without a score. Without candidates
    everything is ranked but the history. Unknown items of the history are ignored. ``arrange`` answers in place of the
    order by score: see ``assistant.arranging.plain``. Raises ``UserError`` unless exactly
    one of ``user`` and ``history`` is given.
    """
    request = prepared(store, catalogue, user=user, history=history, candidates=candidates, k=k)
    if arrange is not None:
        return arrange(request)
    ((ids, scores),) = answers(catalogue, ranker, [request])
    return list(zip(ids, scores, strict=True))


def prepared(
    store: Store,
    catalogue: Catalogue,
    *,
    user: str | None = None,
    history: Sequence[str] | None = None,
    candidates: Sequence[str] | None = None,
    k: int | None = None,
) -> RankRequest:
    """A request of ``rank`` with the events read; raises ``UserError`` likewise."""
    if (user is None) == (history is None):
        raise UserError("A request needs either a user or a history (a list of item ids, oldest first), not both.")
    if k is not None and k < 1:
        raise UserError(f"k is {k!r}; it must be at least 1.")
    if user is not None:
        past = to_history(store.events(user), catalogue.row_of, store.rating_scale())
    else:
        past = history_of_rows(catalogue.rows(history or ()).tolist())
    rows: Rows | None = None
    unknown: tuple[str, ...] = ()
    if candidates is not None:
        unique = dict.fromkeys(candidates)
        unknown = tuple(item_id for item_id in unique if item_id not in catalogue.row_of)
        rows = np.sort(catalogue.rows(unique))
    return RankRequest(history=past, rows=rows, unknown=unknown, k=len(catalogue) if k is None else k)


def answers(catalogue: Catalogue, ranker: Ranker, requests: Sequence[RankRequest]) -> list[Columns]:
    """What ``rank`` returns for each; many at once take less time than one after the other."""
    ranked = ranker.rank_many([r.history for r in requests], [r.rows for r in requests], [r.k for r in requests])
    found: list[Columns] = []
    for request, (rows, values) in zip(requests, ranked, strict=True):
        ids = list(map(catalogue.ids.__getitem__, rows.tolist()))
        scores: list[float | None] = values.tolist()
        if request.unknown:
            ids = [*ids, *request.unknown][: request.k]
            scores = [*scores, *[None] * len(request.unknown)][: request.k]
        found.append((ids, scores))
    return found
