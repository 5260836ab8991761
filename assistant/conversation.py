"""What a conversation has been about so far."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """The state that a turn starts from."""

    user: str
    conversation_id: str
    shown: frozenset[str] = frozenset()
    """Items that were shown already, which are not shown again."""


def load_conversation(store: Store, user: str, conversation_id: str) -> Conversation:
    """The conversation as the store knows it; one that was never seen is new."""
    shown = {
        card["item_id"] for _, reply in store.turns(user, conversation_id) for card in reply.get("recommendations", ())
    }
    return Conversation(user=user, conversation_id=conversation_id, shown=frozenset(shown))
