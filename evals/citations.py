"""What explanations cite of a user's history, and the ranking of a data folder asked again without it.

Nothing is written to the folder.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.catalogue import Catalogue
from assistant.fitting import open_ranker
from assistant.interactions import history_of_rows, to_history
from assistant.profile import UserProfile
from assistant.store import Store
from assistant.text import fold
from assistant.types import Fact, Value
from evals.counterfactual import Citation
from evals.errors import EvaluationError
from evals.replies import ReplyRow, pair_of

if TYPE_CHECKING:
    from assistant.settings import Settings

SlotsOf = Callable[[str], Mapping[str, Value]]


class IndexRanking:
    """The ranking in service in a data folder. ``with`` closes the store."""

    def __init__(self, data: Path) -> None:
        """Raises ``NotIndexedError`` where there is no catalogue."""
        self._store = Store(data)
        try:
            self.catalogue = Catalogue.load(self._store)
            self._ranker = open_ranker(self._store, self.catalogue)
            self._scale = self._store.rating_scale()
        except BaseException:
            self._store.close()
            raise

    def __enter__(self) -> IndexRanking:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def liked(self, user: str) -> tuple[str, ...]:
        """Ids of the items that a user liked or bought, oldest first."""
        profile = UserProfile(user, self._store.events(user), self.catalogue, self._scale)
        return tuple(entry.item_id for entry in profile.liked)

    def slots(self, item_id: str) -> Mapping[str, Value]:
        """The record of an item; empty for one that the catalogue does not have."""
        row = self.catalogue.row_of.get(item_id)
        return {} if row is None else self.catalogue.item(row).slots()

    def users(self, count: int, *, least: int, seed: int) -> list[str]:
        """Up to ``count`` users with at least so many liked items, drawn at random, sorted."""
        everyone = self._store.users()
        random.Random(seed).shuffle(everyone)
        fitting = (user for user in everyone if len(self.liked(user)) >= least)
        return sorted(islice(fitting, count))

    def rank_of(self, citation: Citation, kept: Sequence[str]) -> int:
        """See ``counterfactual.RankOf``. A user's other events stay; those on the recommended item itself never count."""
        gone = {*citation.history, citation.item_id} - {*kept}
        events = self._store.events(citation.user) if citation.user is not None else []
        row_of = self.catalogue.row_of
        if events:
            history = to_history([e for e in events if e.item_id not in gone], row_of, self._scale)
        else:
            history = history_of_rows([row_of[item] for item in kept if item in row_of])
        known = {*citation.history, *(event.item_id for event in events)} - {citation.item_id}
        rows = np.setdiff1d(np.arange(len(self.catalogue)), self.catalogue.rows(sorted(known)))
        ranking = self._ranker.rank(history, rows, k=len(rows), explain=False)
        return 1 + next(place for place, ranked in enumerate(ranking) if ranked.item_id == citation.item_id)


def cited_items(facts: Iterable[Fact], liked: Sequence[str], slots_of: SlotsOf) -> tuple[str, ...]:
    """The liked items that facts rest on, oldest first: those named, and of a stated taste all that have it."""
    named: set[str] = set()
    for fact in facts:
        if fact.source == "history" and fact.other_item_id is not None:
            named.add(fact.other_item_id)
        elif fact.source == "profile":
            for slot, value in fact.shared:
                named.update(item for item in liked if _has(slots_of(item).get(slot), value))
    return tuple(item for item in liked if item in named)


def _has(held: Value | None, value: str) -> bool:
    values = held if isinstance(held, tuple) else (str(held),) if held is not None else ()
    return any(fold(one) == fold(value) for one in values)


async def recommended_citations(
    data: Path, ranking: IndexRanking, settings: Settings, *, count: int, seed: int = 0
) -> list[Citation]:
    """For ``count`` users drawn at random, the first recommendation and what its explanation cites.

    Users need two liked items, one to be cited and one to stand in for it. Raises ``EvaluationError`` without any.
    """
    from assistant.turn import Assistant

    users = ranking.users(count, least=2, seed=seed)
    if not users:
        raise EvaluationError(
            f"No user in {str(data)!r} likes two items or more, so nothing can be left out. Import events with: "
            "assistant events import FILE --data DIR"
        )
    citations = []
    async with Assistant.open(data, settings=settings) as assistant:
        for user in users:
            first = await assistant.rank(user=user, k=1)
            if not first:
                continue  # the user knows everything
            recommendation = await assistant.explain(user, first[0][0])
            liked = ranking.liked(user)
            cited = cited_items(recommendation.explanation.facts, liked, ranking.slots)
            citations.append(
                Citation(cluster=user, user=user, item_id=recommendation.item_id, history=liked, cited=cited)
            )
    return citations


def reply_citations(replies: Iterable[ReplyRow], ranking: IndexRanking) -> list[Citation]:
    """What replies cite: ``shown_cited``, else ``draft_cited``. Raises ``EvaluationError`` for an unknown item.

    A user's history is that of the index where it knows the user, else the liked items that the reply gives with ids.
    """
    citations = []
    for reply in replies:
        if reply.item_id not in ranking.catalogue.row_of:
            raise EvaluationError(
                f"Reply {reply.id!r} recommends {reply.item_id!r}, which the index does not have. Give the index that it "
                "was made from."
            )
        liked = ranking.liked(reply.user)
        user = reply.user if liked else None
        if not liked:
            given = pair_of(reply).history
            liked = tuple(h.item_id for h in given if h.item_id is not None and h.relation in ("liked", "bought"))
        liked = tuple(item for item in liked if item != reply.item_id)
        ids = reply.shown_cited if reply.shown_cited is not None else reply.draft_cited or ()
        facts = [fact.of_item(reply.item_id) for fact in reply.facts if fact.fact_id in ids]
        cited = cited_items(facts, liked, ranking.slots)
        citations.append(
            Citation(
                cluster=reply.conversation or reply.user, user=user, item_id=reply.item_id, history=liked, cited=cited
            )
        )
    return citations
