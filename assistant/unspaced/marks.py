"""A message without spaces while it is being read: what was found in it, and what of it is left to search by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from assistant.language import Language
from assistant.text import fold
from assistant.types import Constraint, Intent, Statement
from assistant.unspaced.gazetteer import Labels
from assistant.unspaced.words import one_script

CLAUSE_ENDS = "，。；！？,;!?\n"
"""Signs that end the reach of a negation."""
SHORT = 12
"""Characters of a message that is taken to say one thing."""
ABOUT = frozenset({"why", "why_not", "what_if", "compare", "about"})


@dataclass(slots=True)
class Mark:
    """A stretch of the message that stands for something."""

    start: int
    end: int
    kinds: frozenset[str]
    """``label``, ``wish``, ``person``, ``title``, ``number``, or the names of the lists of cues that hold it."""
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
    limit: Constraint | None = None
    """Of a number."""
    dropped: bool = False
    """Taken back: it says nothing any more."""

    @property
    def value(self) -> bool:
        """Whether it names something of the catalogue."""
        return bool(self.kinds & {"label", "wish", "person", "title"}) and not self.dropped


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
    pointers: list[tuple[int, int, tuple[str, ...]]] = field(default_factory=list)
    """Where cards are pointed at, and which."""
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


@dataclass(slots=True)
class Talk:
    """The part of an utterance that is about the conversation and not about the items wanted."""

    references: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    take_back: tuple[str, ...] = ()
    new_subject: bool = False
    no_preference: bool = False
    statements: tuple[Statement, ...] = ()
    unsaid: tuple[Statement, ...] = ()
    constraints: list[Constraint] = field(default_factory=list)
    intent: Intent | None = None
    """What a cue says it is for; None when none does."""
    greeting: bool = False
    under_way: bool = False
    """Whether something stands already that a message can refine."""

    @property
    def about_titles(self) -> bool:
        """Whether titles are spoken of, not wanted to be resembled."""
        return self.intent in ABOUT or self.intent in ("accept",) or bool(self.again)

    def intent_for(self, *, settled: bool, searched: bool, similar: bool, asks: bool) -> Intent:
        """The intent, once it is known what else the message says."""
        if self.intent is not None and not (self.intent == "profile" and settled and self.statements):
            return self.intent
        if self.greeting and not settled and not searched:
            return "small_talk"
        if similar:
            return "similar"
        if self.under_way and not searched and (settled or self.rejected or self.take_back or self.no_preference):
            return "refine"
        if not settled and not searched and not asks and not self.under_way:
            return "small_talk"
        return "recommend"


def cue_in(notes: Notes, language: Language, name: str, *, use: bool = True) -> str:
    """The first cue of a list that stands in what is not used yet."""
    for cue in language.words(name):
        at = notes.plain.find(cue)
        while at >= 0 and not notes.free(at, at + len(cue)):
            at = notes.plain.find(cue, at + 1)
        if at >= 0:
            if use:
                notes.use(at, at + len(cue))
            return cue
    return ""
