"""A message while it is being read: its tokens, and what they have been turned into so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from assistant.types import Constraint


@dataclass(slots=True)
class Token:
    """A word of the message, folded in ``text`` and as it was written in ``raw``."""

    text: str
    raw: str
    start: int
    end: int
    used: bool = False
    """Turned into something; not a word to search by."""
    negated: bool = False
    compared: bool = False
    """Negated by a comparison: liked less, not ruled out."""
    named: bool = False
    """Part of a category or another label that was recognised."""
    told: bool = False
    """Negated inside a story ("because no country will let him in"): still a word to search by."""


@dataclass(slots=True)
class Reading:
    """A message while it is being read."""

    text: str
    tokens: list[Token]
    constraints: list[Constraint] = field(default_factory=list)
    wishes: list[Constraint] = field(default_factory=list)
    like: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    k: int | None = None

    def phrase(self, start: int, end: int) -> str:
        return " ".join(token.text for token in self.tokens[start:end])

    def words(self, start: int, end: int) -> str:
        """The user's own words from token ``start`` to before token ``end``."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end]

    def free(self, start: int, end: int) -> bool:
        return end <= len(self.tokens) and not any(token.used for token in self.tokens[start:end])

    def use(self, start: int, end: int) -> None:
        for token in self.tokens[start:end]:
            token.used = True

    def use_span(self, start: int, end: int) -> None:
        for token in self.tokens:
            if token.start < end and token.end > start:
                token.used = True

    def punctuated(self, index: int) -> bool:
        """Whether token ``index`` is the last or punctuation stands behind it."""
        if index + 1 >= len(self.tokens):
            return True
        return bool(self.text[self.tokens[index].end : self.tokens[index + 1].start].strip())


def cue_at(reading: Reading, index: int, cues: Iterable[str]) -> int:
    """How many tokens the longest of ``cues`` takes at ``index``; 0 when there is none. ``cues`` are longest first."""
    for cue in cues:
        size = len(cue.split())
        if reading.phrase(index, index + size) == cue:
            return size
    return 0
