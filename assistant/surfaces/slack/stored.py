"""What the store and the catalogue tell about replies that were given, and requests that can be answered."""

from __future__ import annotations

from typing import Any

from assistant.documents import ExplanationDocument
from assistant.serving import Serving
from assistant.store import Store
from assistant.surfaces.examples import example_requests
from assistant.types import Explanation

MAX_PROMPTS = 4
"""Prompts that Slack suggests at the start of a thread."""


def find_reply(store: Store, user: str, conversation: str, reply_id: str) -> dict[str, Any] | None:
    """A reply of this user's conversation as it was written; None when there is none with this id."""
    for _, reply in reversed(store.conversations.turns(user, conversation)):
        if isinstance(reply, dict) and reply.get("reply_id") == reply_id:
            return reply
    return None


def explanation_of(document: Any) -> Explanation:
    """An explanation as it was before it was written. Raises ``TypeError`` where there is none."""
    if not isinstance(document, dict):
        raise TypeError("there is no explanation")
    return ExplanationDocument.model_validate(document).explanation()


def examples(serving: Serving) -> list[str]:
    """Requests that this catalogue can answer, at most ``MAX_PROMPTS``: a title that many know, then common values."""
    found = example_requests(serving, ("categories", "moods", "countries", "tags"))
    return found[:MAX_PROMPTS] or ["something new"]
