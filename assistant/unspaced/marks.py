"""A message without spaces while it is being read: what was found in it, and what of it is left to search by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from assistant.text import fold
from assistant.types import Constraint
from assistant.unspaced.gazetteer import Labels
from assistant.unspaced.words import one_script

CLAUSE_ENDS = "，。；！？,;!?\n"
"""Signs that end the reach of a negation."""


@dataclass(slots=True)
class Mark:
    """A stretch of the message that stands for something."""

    start: int
    end: int
    kinds: frozenset[str]
    """``label``, ``wish``, ``person``, ``title``, or the names of the lists of cues that hold it."""
    labels: Labels = ()
    rows: tuple[int, ...] = ()
    """Of a title."""
    people: tuple[tuple[str, str], ...] = ()
    """(role, name) pairs that a name may mean."""
    negated: bool = False
    compared: bool = False
    """Liked less, not ruled out."""
    cue: int = -1
    """Where the comparison begins that reaches it."""

    @property
    def value(self) -> bool:
        """Whether it names something of the catalogue."""
        return bool(self.kinds & {"label", "wish", "person", "title"})


@dataclass(slots=True)
class Notes:
    """What has been read so far."""

    text: str
    plain: str
    """The text, folded and in one script, character by character."""
    marks: list[Mark] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    wishes: list[Constraint] = field(default_factory=list)
    like: list[int] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    named: list[int] = field(default_factory=list)
    """Rows of titles that the message names, in its order."""
    unknown: list[str] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    """Places of characters that are not searched by."""
    k: int | None = None

    @classmethod
    def of(cls, text: str) -> Notes:
        plain = "".join(folded if len(folded := fold(c)) == 1 else c for c in text)
        return cls(text=text, plain=one_script(plain))

    def use(self, start: int, end: int) -> None:
        self.used |= set(range(start, end))

    def free(self, start: int, end: int) -> bool:
        return self.used.isdisjoint(range(start, end))

    def words(self, mark: Mark) -> str:
        return self.text[mark.start : mark.end]

    def has(self, cues: Iterable[str]) -> bool:
        """Whether any of the cues stands in the message."""
        return any(cue in self.plain for cue in cues)

    def left(self, *, but: Iterable[str] = ()) -> str:
        """What is left to search by, its stretches parted by spaces; without marks of the kinds ``but``."""
        kinds = set(but)
        gone = {place for mark in self.marks if mark.kinds & kinds for place in range(mark.start, mark.end)} | self.used
        kept = "".join(" " if place in gone else character for place, character in enumerate(self.text))
        return " ".join(re.sub(r"[^\w'’\-]+", " ", kept).split())

    def clause(self, place: int) -> tuple[int, int]:
        """Where the clause begins and ends that holds a place."""
        start, end = place, place
        while start and self.plain[start - 1] not in CLAUSE_ENDS:
            start -= 1
        while end < len(self.plain) and self.plain[end] not in CLAUSE_ENDS:
            end += 1
        return start, end
