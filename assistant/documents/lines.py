"""What is read: lines of ``chat --jsonl`` and ``rank --requests``."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from assistant.documents.base import MAX_ID, MAX_MESSAGE, Document


def _as_text(value: object) -> object:
    """A whole number as its digits, alone or in a list: catalogues with numbers for ids have them as text."""
    if type(value) is int:
        return str(value)
    if isinstance(value, list) and int in set(map(type, value)):
        return [_as_text(each) if type(each) is int else each for each in value]
    return value


Ids = Annotated[list[str], BeforeValidator(_as_text)]


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
    user: Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=MAX_ID)] | None = None
    history: Ids | None = None
    """Item ids, oldest first. Ids that are whole numbers may be written as such, here and below."""
    candidates: Ids | None = None
    """Left out: everything but the history is ranked."""
    k: Annotated[int, Field(ge=1)] | None = None
    """Left out: the whole ranking."""
