"""What the evidence knows of the user: wishes, tastes, history; and whether it bears what a text says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.faithfulness.evidence import Evidence, HistoryItem, HistoryRelation
from assistant.faithfulness.records import RecordView, view
from assistant.faithfulness.text import stems, word_set

_FUNCTION = frozenset(
    stem for word in word_set("a an the for of with some any something film movie") for stem in stems(word)
)
_RELATIONS: dict[str, HistoryRelation] = {"liked": "liked", "disliked": "disliked", "seen": "seen", "bought": "bought"}
_LEAST_OFTEN = 2
"""Liked items that must hold a value before it is a taste that nobody stated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownUser:
    """The user's side of the evidence."""

    asked: tuple[str, ...]
    """Their words, and what those were understood as."""
    tastes: tuple[str, ...]
    liked: tuple[HistoryItem, ...]
    known: bool
    """Whether the evidence tells anything of the user: where it does not, a text about them cannot be judged."""

    def asked_for(self, words: str) -> bool:
        """Whether the request has these words, or words that mean the same."""
        return any(_means(words, wish) for wish in self.asked)

    def often_likes(self, words: str) -> bool:
        """Whether it is a stated taste, or held by at least two liked items."""
        return self._stated(words) or sum(_in_record(words, item) for item in self.liked) >= _LEAST_OFTEN

    def likes(self, words: str) -> bool:
        """Whether it is a stated taste, asked for, or held by a liked item."""
        return self._stated(words) or self.asked_for(words) or any(_in_record(words, item) for item in self.liked)

    def _stated(self, words: str) -> bool:
        return any(_means(words, taste) for taste in self.tastes)


def known_user(evidence: Evidence, history: Sequence[HistoryItem]) -> KnownUser:
    """The user's side of ``evidence``; ``history`` is its history with what only facts tell added."""
    asked, tastes = list(evidence.asked), []
    for fact in evidence.facts:
        texts = [str(part) for part in (fact.value if isinstance(fact.value, tuple) else (fact.value,))]
        if fact.slot == "told_not":
            continue
        if fact.slot == "told":  # of their words only what they were understood as: "I love slow films and hate horror"
            texts = []
        texts += [value for _, value in fact.shared]
        if fact.source == "dialogue" and fact.slot == "asked_for":
            asked += texts
        elif fact.source == "profile":
            tastes += texts
    return KnownUser(
        asked=tuple(asked),
        tastes=tuple(tastes),
        liked=tuple(item for item in history if item.relation == "liked"),
        known=bool(evidence.asked or evidence.history or evidence.facts),
    )


def history_of(evidence: Evidence) -> tuple[HistoryItem, ...]:
    """The history, with what only a fact tells added."""
    known = {item.title.casefold() for item in evidence.history}
    more = [
        HistoryItem(
            item_id=fact.other_item_id or fact.fact_id,
            title=str(fact.value),
            relation=_RELATIONS[fact.slot],
            record=dict(fact.shared),
        )
        for fact in evidence.facts
        if fact.source == "history" and fact.slot in _RELATIONS and str(fact.value).casefold() not in known
    ]
    return (*evidence.history, *more)


def _means(words: str, other: str) -> bool:
    wanted = set(stems(words)) - _FUNCTION
    return wanted <= set(stems(other)) or not _concepts(words).isdisjoint(_concepts(other))


def _in_record(words: str, item: HistoryItem) -> bool:
    record: RecordView = view(item.record)
    wanted = set(stems(words)) - _FUNCTION
    held = any(wanted <= set(phrase) for slot in record.slots for phrase, _ in slot.phrases)
    return held or not _concepts(words).isdisjoint(record.concepts)


def _concepts(words: str) -> frozenset[int]:
    return view({"words": words}).concepts
