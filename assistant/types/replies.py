"""Cards, the reply at the end of a turn, and the events before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assistant.types.dialogue import Held, Query, Question
from assistant.types.explanations import Explanation
from assistant.types.items import Item
from assistant.types.ranking import Candidate, Ranked


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendation:
    """A verified card."""

    item_id: str
    title: str
    year: int | None
    position: int
    """From 1."""
    score: float
    explanation: Explanation
    item: Item
    label: str | None = None
    """How it came into the list, where that was not by its score: ``Sponsored``, say. Shown with the card."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """The end of a turn."""

    reply_id: str
    user: str
    conversation: str
    text: str
    """One or two sentences before the cards."""
    recommendations: tuple[Recommendation, ...]
    acting_on: tuple[str, ...] = ()
    """The constraints and wishes the reply obeyed, as labels."""
    held: tuple[Held, ...] = ()
    """The same with ids to take back and where each came from."""
    question: Question | None = None
    answer: Explanation | None = None
    """For a question about items (why, why not, compare, about): the answer with its evidence; ``text`` holds its words."""
    query: Query | None = None
    language: str = "en"
    trace: Mapping[str, object] = field(default_factory=dict)
    """Timings in milliseconds, counts, model and prompt versions, what was rejected."""

    def _repr_html_(self) -> str:
        from assistant.surfaces.render import reply_html

        return reply_html(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrieved:
    """Candidates were found. ``sources`` counts them by source."""

    candidates: tuple[Candidate, ...]
    sources: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class RankedList:
    """The order is decided; nothing after this changes it."""

    ranking: tuple[Ranked, ...]
    text: str = ""
    """The reply's text, known before its cards are phrased."""
    acting_on: tuple[str, ...] = ()
    """The reply's labels, likewise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommended:
    """One verified card, in the order of the list."""

    recommendation: Recommendation


@dataclass(frozen=True, kw_only=True, slots=True)
class Replied:
    """The last event of a turn."""

    reply: Reply


TurnEvent = Retrieved | RankedList | Recommended | Replied
