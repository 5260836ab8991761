"""What a conversation has come to: everything that the next message is read against, kept with the last turn.

The state after a turn is written with the turn, so that the hundredth message costs what the third does, and taking the
last turn back is to start from the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from assistant.errors import UserError
from assistant.store import Store
from assistant.types import Constraint, Context, Held, Message, Question


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A conversation after some turns. Ids of items unless something else is said."""

    turns: int = 0
    """Finished ones."""
    next_held: int = 1
    held: tuple[Held, ...] = ()
    """What was said in this conversation and still counts, oldest first; the taste memory is not among it."""
    search_text: str = ""
    like: tuple[str, ...] = ()
    table: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    """Those of the table that a rule put there."""
    focus: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    question: Question | None = None
    asked: tuple[str, ...] = ()
    """Slots that were asked about, and ``held_id`` of what it was offered to leave out."""
    ignored: int = 0
    """Questions in a row that the user did not go into."""
    passed: int = 0
    """Questions in a row that were answered with "I don't mind"."""
    denied: bool = False
    """Whether the last reply that was to have cards said that nothing fits."""
    tastes_off: tuple[str, ...] = ()
    """``held_id`` of entries of the taste memory that do not count in this conversation."""
    k: int | None = None
    """How many items were asked for last."""
    language: str = "en"

    def context(self, tastes: tuple[Held, ...] = ()) -> Context:
        """What the next message is understood against. ``tastes`` are the taste memory's."""
        return Context(
            turn=self.turns + 1,
            held=(*self.in_force(tastes), *self.held),
            like=self.like,
            search_text=self.search_text,
            table=self.table,
            pinned=frozenset(self.pinned),
            focus=self.focus,
            shown=frozenset(self.shown),
            accepted=self.accepted,
            rejected=frozenset(self.rejected),
            question=self.question,
            language=self.language,
        )

    def in_force(self, tastes: tuple[Held, ...]) -> tuple[Held, ...]:
        """Those entries of the taste memory that count in this conversation."""
        return tuple(taste for taste in tastes if taste.held_id not in self.tastes_off)

    def document(self) -> dict[str, Any]:
        """As it is written with a turn."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> State:
        """What ``document`` wrote; what only another version knows is left out."""
        question = document["question"]
        known = {name: document[name] for name in document if name in cls.__dataclass_fields__}
        lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        return replace(
            cls(**{**known, **lists, "held": (), "question": None}),
            held=tuple(_held(held) for held in document["held"]),
            question=None if question is None else Question(**_tuples(question)),
        )


def _tuples(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in document.items()}


def _held(document: Mapping[str, Any]) -> Held:
    return Held(**{**document, "constraint": _constraint(document["constraint"])})


def _constraint(document: Mapping[str, Any]) -> Constraint:
    either = tuple(_constraint(one) for one in document.get("either", ()))
    return Constraint(**{**_tuples(document), "either": either})


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


def load_state(store: Store, message: Message, conversation: str) -> State:
    """The state that ``message`` starts from; a conversation that was never seen is new.

    Raises ``UserError`` when the message stands in for the last one and there is none.
    """
    last = store.conversations.last_turns(message.user, conversation, 2)
    if message.edits:
        if not last:
            raise UserError("There is no message in this conversation to change yet. Send it without 'edits'.")
        last = last[:-1]
    if not last:
        return State()
    number, reply = last[-1]
    if "state" in reply:
        return State.of(reply["state"])
    # Written by a version that kept no state: what was shown is all there is to know.
    cards = [
        card["item_id"]
        for _, earlier in store.conversations.turns(message.user, conversation)
        for card in earlier["recommendations"]
    ]
    return State(turns=number, shown=tuple(dict.fromkeys(cards)))
