"""What users say, what is held of it, and what a turn acts on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Intent = Literal[
    "recommend",
    "similar",
    "refine",
    "about",
    "why",
    "why_not",
    "what_if",
    "compare",
    "accept",
    "profile",
    "small_talk",
    "out_of_scope",
]
"""What a message is for. ``refine`` changes what stands (a critique, a rejection, taking back, "others"); ``what_if`` asks
what would have to be liked for an item to come first; ``profile`` speaks of what the user likes in general."""
Operator = Literal["any", "all", "none", "range", "outside"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a user said. ``conversation`` None means the user's default conversation."""

    user: str
    text: str
    conversation: str | None = None
    take_back: tuple[str, ...] = ()
    """Ids of held constraints and wishes (``Held.held_id``) that no longer count, as when a chip is removed."""
    edits: bool = False
    """This message stands in for the last one of the conversation, which is forgotten with its reply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Constraint:
    """A promise: every recommended item meets it.

    ``any``: a value of the slot is among ``values``; ``all``: every one of ``values`` is in the slot; ``none``: no value
    of the slot is among ``values``; ``range``: ``low <= slot <= high``, an open end being None; ``outside``: not in that
    range. An item that does not have the slot fails ``any``, ``all`` and ``range``, and passes ``none`` and ``outside``.
    The slot ``people`` stands for people of every role.
    """

    slot: str
    op: Operator
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    words: str = ""
    """The user's words it came from."""
    either: tuple[Constraint, ...] = ()
    """What will do instead, mostly of another slot: "American or a classic". It is met when one of these is, too."""

    def alternatives(self) -> tuple[Constraint, ...]:
        """What it is met by, each by itself; only itself where there is nothing that will do instead."""
        return (replace(self, words="", either=()), *self.either) if self.either else (self,)

    def label(self) -> str:
        """How a reply shows it: ``comedy``, ``not animated``, ``1990–1999``."""
        if self.either:
            return " or ".join(one.label() for one in self.alternatives())
        if self.op in ("range", "outside"):
            if self.low is not None and self.high is not None:
                ends = f"{self.low:g}" if self.low == self.high else f"{self.low:g}–{self.high:g}"
            else:
                ends = f"from {self.low:g}" if self.low is not None else f"up to {self.high:g}"
            named = ends if self.slot == "year" else f"{self.slot} {ends}"
            return named if self.op == "range" else f"not {named}"
        if self.values in (("yes",), ("no",)):  # "in stock" rather than "yes"
            holds = (self.values == ("yes",)) == (self.op != "none")
            return ("" if holds else "not ") + self.slot.replace("_", " ")
        joined = (" or " if self.op == "any" else " and ").join(self.values)
        if self.words and len(self.values) > 3:  # "Africa" rather than its countries
            joined = self.words
        return f"not {self.words or joined}" if self.op == "none" else joined


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A constraint or wish that a conversation acts on, and where it came from."""

    held_id: str
    """Unique within the conversation: ``h1``, ``h2``; of the taste memory: ``taste:`` and the entry's id."""
    constraint: Constraint
    promised: bool
    """Whether every item must meet it, or items that do are preferred."""
    turn: int
    """The turn, from 1, that it was said in; 0 when it comes from the taste memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """The one thing that a reply asks back."""

    slot: str
    text: str
    options: tuple[str, ...] = ()
    """Values of the slot that are offered, in the catalogue's spelling."""
    drops: tuple[str, ...] = ()
    """For an offer to leave something out: the ``held_id`` that no longer count when it is answered with yes; ``slot`` is
    empty then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """Something users say of themselves: "I never watch horror", "I love Kurosawa"."""

    slot: str
    """A slot of the catalogue, ``people``, or ``item`` where ``value`` is an item's id."""
    value: str
    likes: bool
    words: str
    """The user's words."""
    confidence: float = 1.0
    """1 for "always", "never", "love", "hate"; lower for "usually", "not really"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What a message is understood against: the conversation before it."""

    turn: int = 1
    """The number of the turn that the message begins, from 1."""
    held: tuple[Held, ...] = ()
    like: tuple[str, ...] = ()
    """Ids of items that the wanted ones should resemble, as said earlier."""
    search_text: str = ""
    """The words that described what is wanted, as said earlier."""
    table: tuple[str, ...] = ()
    """Ids of the cards of the last reply that had cards, in their order: "the second one"."""
    pinned: frozenset[str] = frozenset()
    """Those of the table that a rule put there, and not their score."""
    focus: tuple[str, ...] = ()
    """Ids of the items spoken of last: "that one"."""
    shown: frozenset[str] = frozenset()
    accepted: tuple[str, ...] = ()
    rejected: frozenset[str] = frozenset()
    question: Question | None = None
    """What the last reply asked."""
    language: str = "en"
    """Of the message before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Utterance:
    """A message, understood by itself against its context; what stood before it is not repeated here."""

    text: str
    language: str = "en"
    intent: Intent = "recommend"
    search_text: str = ""
    """The words that describe what is wanted: negated words and phrases turned into constraints are left out."""
    constraints: tuple[Constraint, ...] = ()
    """What is promised from now on. A critique ("shorter than that one") arrives here as a range."""
    wishes: tuple[Constraint, ...] = ()
    """What is preferred, not promised: ``funny`` prefers comedies."""
    like: tuple[str, ...] = ()
    """Ids of items that the wanted ones should resemble; they are not recommended themselves."""
    references: tuple[str, ...] = ()
    """Ids of items spoken of ("the second one", "that one", a title in a question), in the message's order."""
    asked: tuple[str, ...] = ()
    """Slots that a question about items is about: ``director`` for "who directed it?", ``runtime`` for "which is shorter?"."""
    seen: tuple[str, ...] = ()
    """Ids of items that the user knows already, or named behind a negation."""
    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    """Ids of items, shown or rejected before, that are asked for again."""
    take_back: tuple[str, ...] = ()
    """``held_id`` of what no longer counts."""
    new_subject: bool = False
    """Whether it starts over: nothing that was held before counts any more."""
    no_preference: bool = False
    """Whether it declines to answer the open question: "I don't mind"."""
    statements: tuple[Statement, ...] = ()
    unsaid: tuple[Statement, ...] = ()
    """Statements about themselves that the user takes back: "forget that I like westerns"."""
    unknown: tuple[str, ...] = ()
    """Titles and names in the user's words that the catalogue does not have."""
    unheeded: tuple[str, ...] = ()
    """What is wanted or not wanted of the items, in the user's words, that no record tells: "artsy", "bigger"."""
    k: int | None = None
    """How many items are asked for; None when the message does not say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """What a turn acts on: the message together with all that the conversation holds."""

    text: str
    intent: Intent = "recommend"
    search_text: str = ""
    """The words that describe what is wanted: negated words and phrases turned into constraints are left out."""
    constraints: tuple[Constraint, ...] = ()
    wishes: tuple[Constraint, ...] = ()
    """What is preferred, not promised: ``funny`` prefers comedies."""
    like: tuple[str, ...] = ()
    """Ids of items that the wanted ones should resemble; they are not recommended themselves."""
    excluded: frozenset[str] = frozenset()
    """Ids never to be shown this turn: seen, rejected, or named in ``like``."""
    unknown: tuple[str, ...] = ()
    """Titles and names in the user's words that the catalogue does not have."""
    only: tuple[str, ...] = ()
    """Ids that the list is to be chosen from, as when an item is asked for again; empty means the whole catalogue."""
    k: int = 5
    language: str = "en"
