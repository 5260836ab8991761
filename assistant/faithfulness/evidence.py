"""What a text about an item may rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from assistant.types import Claim, Fact, Value, Verdict

HistoryRelation = Literal["liked", "disliked", "seen", "bought"]


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryItem:
    """An item that the user has dealt with."""

    item_id: str
    title: str
    relation: HistoryRelation = "liked"
    record: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Everything that is known where a text about one item is written."""

    item_id: str
    record: Mapping[str, Value]
    """The item's slots, as ``Item.slots()`` gives them; a slot that is not there is unknown."""
    history: tuple[HistoryItem, ...] = ()
    asked: tuple[str, ...] = ()
    """The user's own words and constraints."""
    facts: tuple[Fact, ...] = ()
    """Facts that a claim can cite; those about history, dialogue and profile are evidence too."""
    language: str = "en"
    """Of the text."""
    titles: tuple[str, ...] = ()
    """The item's titles in other languages."""
    said: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(slot, folded value) of the record to how the language says it, where it is not said as it is written."""


class Entailment(Protocol):
    """A later tier: decides claims that the rules leave uncheckable. None means that it cannot tell either."""

    name: str

    def decide(self, claim: Claim, premise: str) -> Verdict | None:
        """The verdict on ``claim`` given ``premise``, the evidence as sentences."""
        ...
