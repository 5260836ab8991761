"""The values that flow through a turn. All are frozen; a stage reads them and makes new ones.

``Message → Utterance → Query → Candidate → Ranked → Fact → Explanation → Recommendation → Reply``
"""

from __future__ import annotations

from assistant.types.dialogue import (
    Constraint,
    Context,
    Held,
    Intent,
    Message,
    Operator,
    Query,
    Question,
    Statement,
    Utterance,
)
from assistant.types.explanations import Claim, ClaimSource, Explanation, Fact, FactSource, PhrasedBy, Verdict
from assistant.types.items import Event, EventKind, Item, Person, Scalar, Value, is_translation
from assistant.types.ranking import Candidate, Placement, Ranked, Stage
from assistant.types.replies import RankedList, Recommendation, Recommended, Replied, Reply, Retrieved, TurnEvent

__all__ = [
    "Candidate",
    "Claim",
    "ClaimSource",
    "Constraint",
    "Context",
    "Event",
    "EventKind",
    "Explanation",
    "Fact",
    "FactSource",
    "Held",
    "Intent",
    "Item",
    "Message",
    "Operator",
    "Person",
    "PhrasedBy",
    "Placement",
    "Query",
    "Question",
    "Ranked",
    "RankedList",
    "Recommendation",
    "Recommended",
    "Replied",
    "Reply",
    "Retrieved",
    "Scalar",
    "Stage",
    "Statement",
    "TurnEvent",
    "Utterance",
    "Value",
    "Verdict",
    "is_translation",
]
