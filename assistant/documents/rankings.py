"""Rankings without words, and an item's place in one taken apart."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

from assistant.documents.base import Document, Score, jsonable
from assistant.types import Stage

if TYPE_CHECKING:
    from assistant.why import Why


class RankDocument(Document):
    """The answer to a request of ``rank``: ids, best first, and their scores in the same order."""

    type: Literal["ranked"] = "ranked"
    request_id: str | int
    ranking: list[str]
    scores: list[Score | None]
    """Null for a candidate that the catalogue does not have; such come last."""


class PartDocument(Document):
    """A column or feature of a score."""

    name: str
    value: Score | None
    """On its own scale; null for a feature of the learned stage."""
    weight: Score | None
    """In the blend; null where there is none."""
    contribution: Score


class MovedDocument(Document):
    """An item of the history that moved a score."""

    item_id: str
    title: str
    contribution: Score


class DifferenceDocument(Document):
    """A column's contributions to two scores."""

    name: str
    here: Score
    there: Score
    difference: Score


class AgainstDocument(Document):
    """The last item of the list, in comparison; what pulls the asked item down most comes first."""

    item_id: str
    title: str
    position: int
    score: Score
    differences: list[DifferenceDocument]


class PlacementDocument(Document):
    """A step after scoring that moved an item; ``before`` is null when it was not in the list."""

    stage: Stage
    reason: str
    rule: str | None
    before: int | None
    after: int


class WhyDocument(Document):
    """An item's place in a user's list, taken apart."""

    type: Literal["why"] = "why"
    user: str
    item_id: str
    title: str
    ranker: str
    stage: Literal["blend", "learned"]
    score: Score
    constant: Score
    """The score less all contributions: what every item of the list has in common."""
    place_by_score: int
    ranked: int
    """How many were ranked."""
    k: int
    position: int | None
    """In the list of ``k``, after rules and diversity; null when it is not in it."""
    left_out: Literal["history", "withheld"] | None
    parts: list[PartDocument]
    history: list[MovedDocument]
    placements: list[PlacementDocument]
    label: str | None
    against: AgainstDocument | None

    @classmethod
    def of(cls, why: Why) -> WhyDocument:
        return cls.model_validate(jsonable(asdict(why)))
