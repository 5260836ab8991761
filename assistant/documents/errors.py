"""What went wrong, with a command or a line of its input."""

from __future__ import annotations

from typing import Literal

from assistant.documents.base import Document


class ErrorBody(Document):
    """What went wrong. ``kind`` is the name of the error's class, see ``assistant/errors.py``."""

    kind: str
    message: str


class ErrorDocument(Document):
    """A command failed."""

    type: Literal["error"] = "error"
    error: ErrorBody


class LineErrorDocument(ErrorDocument):
    """A line of the input could not be answered."""

    line: int
    """From 1."""
    user: str | None = None
    conversation: str | None = None


class RequestErrorDocument(ErrorDocument):
    """A request of ``rank`` could not be answered."""

    line: int
    request_id: str | int | None = None
    """Null when the line could not be read so far."""
