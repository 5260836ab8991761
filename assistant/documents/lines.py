"""What is read: lines of ``chat --jsonl`` and ``rank --requests``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from assistant.documents.base import MAX_ID, MAX_MESSAGE, Document


class ChatLine(Document):
    """A line of ``chat --jsonl``: one message."""

    user: Annotated[str, Field(min_length=1, max_length=MAX_ID)]
    conversation: Annotated[str, Field(min_length=1, max_length=MAX_ID)] | None = None
    """Null or left out is the user's default conversation."""
    text: Annotated[str, Field(max_length=MAX_MESSAGE)] = ""
    """Blank only where something is taken back."""
    take_back: list[str] = Field(default_factory=list, max_length=100)
    """Ids of constraints and wishes (``held_id``) that no longer count."""
    edits: bool = False
    """This message stands in for the conversation's last one, which is forgotten with its reply."""


class RankLine(Document):
    """A line of ``rank --requests``. ``user`` takes that user's stored history; ``history`` is one of its own."""

    request_id: str | int
    user: Annotated[str, Field(min_length=1, max_length=MAX_ID)] | None = None
    history: list[str] | None = None
    """Item ids, oldest first."""
    candidates: list[str] | None = None
    """Left out: everything but the history is ranked."""
    k: Annotated[int, Field(ge=1)] | None = None
    """Left out: the whole ranking."""
