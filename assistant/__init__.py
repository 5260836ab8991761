"""A recommender you talk to that tells you why.

>>> from assistant import connect
>>> with connect("DIR") as assistant:                              # doctest: +SKIP
...     reply = assistant.chat("something like Alien, but funny", user="ana")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.blocking import BlockingAssistant, connect
    from assistant.errors import AssistantError
    from assistant.ingest import index_items
    from assistant.settings import Settings
    from assistant.turn import Assistant
    from assistant.types import (
        Event,
        Explanation,
        Fact,
        Item,
        Message,
        RankedList,
        Recommendation,
        Recommended,
        Replied,
        Reply,
        Retrieved,
    )

_HOMES = {
    "Assistant": "turn",
    "AssistantError": "errors",
    "BlockingAssistant": "blocking",
    "Event": "types",
    "Explanation": "types",
    "Fact": "types",
    "Item": "types",
    "Message": "types",
    "RankedList": "types",
    "Recommendation": "types",
    "Recommended": "types",
    "Replied": "types",
    "Reply": "types",
    "Retrieved": "types",
    "Settings": "settings",
    "connect": "blocking",
    "index_items": "ingest",
}

__all__ = [
    "Assistant",
    "AssistantError",
    "BlockingAssistant",
    "Event",
    "Explanation",
    "Fact",
    "Item",
    "Message",
    "RankedList",
    "Recommendation",
    "Recommended",
    "Replied",
    "Reply",
    "Retrieved",
    "Settings",
    "connect",
    "index_items",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import assistant`` stays fast."""
    if name not in _HOMES:
        raise AttributeError(f"module 'assistant' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"assistant.{_HOMES[name]}"), name)
