"""What a conversation has been about so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assistant.errors import UserError
from assistant.store import Store
from assistant.types import Message, Query, Utterance


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """The state that a turn starts from."""

    user: str
    conversation_id: str
    shown: frozenset[str] = frozenset()
    """Items that were shown already, which are not shown again."""


def check_message(message: Message) -> None:
    """Raise ``UserError`` unless a turn can start from this message. A blank text asks for nothing in particular."""
    given: dict[str, object] = {"text": message.text, "user": message.user}
    if message.conversation is not None:
        given["conversation"] = message.conversation
    for name, value in given.items():
        if not isinstance(value, str):
            hint = " To ask for nothing in particular, give ''." if name == "text" else ""
            raise UserError(f"The {name} of a message must be text, and this is {value!r:.60}.{hint}")
    if not message.user.strip():
        raise UserError("The user of a message is blank. Give an id, as in: user='ana'")


def acted_on(said: Utterance, *, cards: int = 5, excluded: Iterable[str] = ()) -> Query:
    """The request that a turn acts on: what the message says on top of what the conversation holds."""
    return Query(
        text=said.text,
        intent=said.intent,
        search_text=said.search_text,
        constraints=said.constraints,
        wishes=said.wishes,
        like=said.like,
        excluded=frozenset((*excluded, *said.like, *said.seen)),
        unknown=said.unknown,
        k=said.k or cards,
        language=said.language,
    )


def load_conversation(store: Store, user: str, conversation_id: str) -> Conversation:
    """The conversation as the store knows it; one that was never seen is new."""
    shown = {
        card["item_id"] for _, reply in store.turns(user, conversation_id) for card in reply.get("recommendations", ())
    }
    return Conversation(user=user, conversation_id=conversation_id, shown=frozenset(shown))
