"""Users: what is kept about them, what they said of themselves, and the keys they come with."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

from assistant.documents.base import Document, JsonValue, Score, jsonable

if TYPE_CHECKING:
    from assistant.tastes import TasteEntry


class UserDocument(Document):
    """A user that something is kept about."""

    type: Literal["user"] = "user"
    user: str


class UserExportDocument(Document):
    """Everything that is kept about a user, by table."""

    type: Literal["user_export"] = "user_export"
    user: str
    tables: dict[str, list[dict[str, JsonValue]]]


class UserDeletedDocument(Document):
    """A user was erased."""

    type: Literal["user_deleted"] = "user_deleted"
    user: str
    rows: int
    models_removed: bool
    """Fitted models hold sums over the users that took part, so they go too; fit again."""


class TasteDocument(Document):
    """Something that a user likes or does not like."""

    type: Literal["taste"] = "taste"
    entry_id: str
    user: str
    slot: str
    value: str
    likes: bool
    words: str
    """The user's; of a proposal, what was counted."""
    confidence: Score
    source: Literal["stated", "proposed"]
    """A proposal counts for nothing until it is confirmed."""
    created_at: Score
    """Unix seconds."""
    evidence: list[str]
    """Ids of the items that a proposal rests on."""
    dimension: Literal["interests", "habits", "company"]

    @classmethod
    def of(cls, entry: TasteEntry) -> TasteDocument:
        return cls.model_validate(jsonable(asdict(entry)))


class TasteDeletedDocument(Document):
    """A taste was deleted and is in no file any more."""

    type: Literal["taste_deleted"] = "taste_deleted"
    user: str
    entry_id: str


class KeyDocument(Document):
    """A key of the web server; its secret is kept as a digest only."""

    type: Literal["key"] = "key"
    key_id: str
    tenant: str
    user: str | None
    """Null for a service, which names the user of each request."""
    created_at: Score
    """Unix seconds."""


class KeyAddedDocument(Document):
    """A new key, whole: this is the only time that it is shown."""

    type: Literal["key_added"] = "key_added"
    key: str
    key_id: str
    tenant: str
    user: str | None
