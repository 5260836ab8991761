"""The standing request, ranked: where any item of the catalogue would come in it, and why."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from assistant.answers.write import Sentence, Writer
from assistant.profile import UserProfile
from assistant.retrieve import Found
from assistant.scoring.base import History
from assistant.types import Context, Query, Ranked, Utterance


class Again(Protocol):
    """The standing request retrieved again, as it would be with another query or other likes; nothing is written."""

    def __call__(self, query: Query, likes: Sequence[str] = ()) -> tuple[Found, UserProfile]:
        """What retrieval finds for ``query`` if the user also liked the items ``likes``, and the profile they then had."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where an item comes."""

    ranked: Ranked
    position: int
    """From 1."""
    count: int
    """How many were ranked with it."""
    found: bool
    """Whether retrieval proposed the item."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What an answer is made from."""

    writer: Writer
    said: Utterance
    query: Query
    context: Context
    found: Found
    ranking: tuple[Ranked, ...]
    """Of the standing request, best first; perhaps only its best."""
    again: Again | None = None
    seconds: float = 0.3
    """How long a search for changes may take."""
    now: float = field(default_factory=time.monotonic)

    @property
    def profile(self) -> UserProfile:
        return self.writer.profile

    def place(self, item_id: str) -> Place | None:
        """Where the item comes among the candidates, itself added to them where retrieval left it out; None when the
        request ranked nothing."""
        return placed(self.writer, self.found, self.profile.history, item_id)

    def others(self, item_ids: Iterable[str]) -> dict[str, Place]:
        """The places of several items."""
        return {item_id: place for item_id in item_ids if (place := self.place(item_id)) is not None}


def placed(writer: Writer, found: Found, history: History, item_id: str) -> Place | None:
    """Where an item comes among what was found, for a history."""
    catalogue, ranker = writer.serving.catalogue, writer.serving.ranker
    rows = catalogue.rows(candidate.item_id for candidate in found.candidates)
    row = catalogue.row_of[item_id]
    relevance, among = found.relevance, bool((rows == row).any())
    if not among:
        rows = np.append(rows, row)
        relevance = None if relevance is None else np.append(relevance, np.float32(0.0))
    order = ranker.rank(history, rows, relevance=relevance, k=len(rows), explain=False)
    position = next(at for at, ranked in enumerate(order, 1) if ranked.item_id == item_id)
    (ranked,) = ranker.rank(history, rows, relevance=relevance, k=len(rows), only=np.array([row], dtype=np.int64))
    return Place(ranked=ranked, position=position, count=len(rows), found=among)


def best(writer: Writer, found: Found, history: History, k: int) -> tuple[Ranked, ...]:
    """The best ``k`` of what was found, explained."""
    rows = writer.serving.catalogue.rows(candidate.item_id for candidate in found.candidates)
    return writer.serving.ranker.rank(history, rows, relevance=found.relevance, k=k)


def at_position(name: str, writer: Writer, place: Place) -> Sentence:
    """Where an item comes; ``name`` has a form ``_first``."""
    item_id = place.ranked.item_id
    facts = (writer.ranked(item_id, "position", place.position), writer.ranked(item_id, "position_of", place.count))
    return Sentence(
        name=f"{name}_first" if place.position == 1 else name,
        item_id=item_id,
        values={"title": writer.title(item_id), "position": str(place.position), "count": str(place.count)},
        facts=facts,
    )
