"""Bodies of requests and answers that only the web server has; the others are those of the command line."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from assistant.documents import MAX_ID, MAX_MESSAGE, Document, RecommendationDocument
from assistant.text import clean
from assistant.types import EventKind

ItemId = Annotated[str, Field(min_length=1, max_length=MAX_ID)]


def _name(given: str) -> str:
    cleaned = clean(given)
    if not cleaned:
        raise ValueError("it is blank")
    return cleaned


ConversationId = Annotated[str, Field(min_length=1, max_length=MAX_ID), AfterValidator(_name)]
"""Cleaned as ids are on the command line."""


class Body(Document):
    """What a request brings. Its types are those of the description: ``"true"`` is no truth, ``"1"`` no number."""

    model_config = ConfigDict(strict=True)


class ChatBody(Body):
    """A message."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "a quiet western", "conversation": "evening"}]})
    text: Annotated[str, Field(max_length=MAX_MESSAGE)] = ""
    """Blank asks for nothing in particular, or only takes something back."""
    conversation: ConversationId | None = None
    """Left out, a new one begins."""
    take_back: Annotated[list[str], Field(default_factory=list, max_length=100)]
    edits: bool = False


class RankBody(Body):
    """What to rank: the caller's stored history, or one of the request's own."""

    history: Annotated[list[str], Field(max_length=10_000)] | None = None
    """Item ids, oldest first."""
    candidates: Annotated[list[str], Field(max_length=100_000)] | None = None
    k: Annotated[int, Field(ge=1, le=10_000)] = 10


class ItemBody(Body):
    item_id: ItemId


class WhyBody(Body):
    item_id: ItemId
    k: Annotated[int, Field(ge=1, le=1_000)] = 10


class EventBody(Body):
    """Something the caller did with an item."""

    item_id: ItemId
    kind: EventKind
    value: float | None = None
    event_id: Annotated[str, Field(min_length=1, max_length=MAX_ID)] | None = None
    """Makes repeating the request safe."""


class TasteBody(Body):
    """Something the caller says of themselves."""

    slot: Annotated[str, Field(min_length=1, max_length=100)]
    value: Annotated[str, Field(min_length=1, max_length=500)]
    likes: bool
    words: Annotated[str, Field(min_length=1, max_length=500)]
    confidence: Annotated[float, Field(gt=0, le=1)] = 1.0


class TasteChange(Body):
    """What changes of an entry; what is left out stays."""

    slot: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    value: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    likes: bool | None = None
    words: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    confidence: Annotated[float, Field(gt=0, le=1)] | None = None


Reaction = Literal["like", "dislike", "seen"]


class CardDocument(RecommendationDocument):
    """A card as the page shows it."""

    details: str
    """What the item is, in one line."""
    picture: str | None
    """Address on this server, null where there is none."""
    reactions: list[Reaction]
    """What the caller said of the item by now: the later of like and dislike, and whether it was seen."""


class StartedEvent(Document):
    """``event: started``."""

    conversation: str


class RankedEvent(Document):
    """``event: ranked``: the list is decided, and its reasons are being phrased."""

    text: str
    acting_on: list[str]
    count: int


class RecordedDocument(Document):
    type: Literal["recorded"] = "recorded"
    new: bool
    """False when the event was known already."""


class ConversationDocument(Document):
    conversation: str
    title: str
    """Its first message."""
    started: float
    """Unix seconds."""
    latest: float
    turns: int


class TurnDocument(Document):
    message: str
    reply: dict[str, Any]
    """``RepliedDocument`` without its trace; null fields where an earlier version wrote it."""
    cards: list[dict[str, Any]]
    """Its recommendations as ``CardDocument``."""


class TranscriptDocument(Document):
    conversation: str
    turns: list[TurnDocument]


class MeDocument(Document):
    user: str
    events: int
    conversations: int
    tastes: int


class ExportDocument(Document):
    """Everything that is kept about the caller: the rows of every table, by its name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, list[dict[str, Any]]] = Field(init=False)
    user: str


class DeletedDocument(Document):
    type: Literal["deleted"] = "deleted"
    rows: int


class ExamplesDocument(Document):
    items: int
    """How many the catalogue has."""
    examples: list[str]
    pictures: bool


class HealthDocument(Document):
    status: Literal["ok", "starting"]
