"""The values that flow through a turn. All are frozen; a stage reads them and makes new ones.

``Message → Utterance → Query → Candidate → Ranked → Fact → Explanation → Recommendation → Reply``
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

Scalar = str | int | float | bool
Value = Scalar | tuple[str, ...]
"""What a slot of a record holds. Unknown is the absence of the slot, never ``None`` or ``False``."""

EventKind = Literal["view", "click", "like", "dislike", "rating", "purchase", "skip", "seen"]
FactSource = Literal["catalogue", "history", "dialogue", "profile", "ranking"]
ClaimSource = Literal["catalogue", "history", "dialogue", "profile", "opinion", "ranking"]
Verdict = Literal["supported", "contradicted", "absent", "uncheckable"]
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
PhrasedBy = Literal["model", "template"]
Stage = Literal["rerank", "boost", "bury", "diversity", "cap", "exploration", "pin"]
"""What may move an item after it was scored, in the order in which it does."""


def is_translation(slot: str, slots: Collection[str]) -> bool:
    """Whether a slot holds another one in another language: ``categories_zh`` where there is ``categories``."""
    base, mark, language = slot.rpartition("_")
    return bool(mark) and base in slots and len(language) == 2 and language.isascii() and language.isalpha()


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who made an item. ``role`` keeps "directed by" and "acts in" apart; None is unknown."""

    name: str
    role: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A record of the catalogue."""

    item_id: str
    title: str
    description: str | None = None
    year: int | None = None
    creators: tuple[Person, ...] = ()
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    image_url: str | None = None
    url: str | None = None
    price: float | None = None
    in_stock: bool | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)
    """Further typed attributes, by slot name (``runtime``, ``countries``, ``moods``, ``pages``)."""

    def people(self, role: str) -> tuple[str, ...]:
        """Names of the creators with this role, in the record's order."""
        return tuple(person.name for person in self.creators if person.role == role)

    def slots(self) -> dict[str, Value]:
        """Every known slot of the record except ids, addresses, free text, and what repeats a slot in another language.

        People are split by role: a slot per role (``director``, ``cast``), and ``creators`` for those without one.
        """
        slots: dict[str, Value] = {"title": self.title}
        if self.year is not None:
            slots["year"] = self.year
        for person in self.creators:
            role = person.role or "creators"
            names = slots.get(role, ())
            assert isinstance(names, tuple)
            slots[role] = (*names, person.name)
        for name in ("categories", "tags"):
            if values := getattr(self, name):
                slots[name] = values
        for name in ("price", "in_stock"):
            if (value := getattr(self, name)) is not None:
                slots[name] = value
        known = {*slots, *self.attributes, "description"}
        return slots | {name: value for name, value in self.attributes.items() if not is_translation(name, known)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something a user did with an item."""

    event_id: str
    user_id: str
    item_id: str
    kind: EventKind = "like"
    value: float | None = None
    """A rating, in the scale of the data; None for an implicit event."""
    timestamp: float | None = None
    """Unix seconds; None when the order is unknown or given by ``position``."""
    position: int | None = None
    """The order among a user's events where there are no timestamps."""


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

    def label(self) -> str:
        """How a reply shows it: ``comedy``, ``not animated``, ``1990–1999``."""
        if self.op in ("range", "outside"):
            if self.low is not None and self.high is not None:
                ends = f"{self.low:g}" if self.low == self.high else f"{self.low:g}–{self.high:g}"
            else:
                ends = f"from {self.low:g}" if self.low is not None else f"up to {self.high:g}"
            named = ends if self.slot == "year" else f"{self.slot} {ends}"
            return named if self.op == "range" else f"not {named}"
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An item that retrieval proposes, with its rank (from 1) in every source that found it."""

    item_id: str
    row: int
    """Its row in the catalogue's arrays."""
    fused: float
    """Reciprocal rank fusion score over the sources."""
    ranks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """A step after scoring that moved an item in its list."""

    stage: Stage
    reason: str
    """In words: ``pinned by rule 'house pick'``."""
    before: int | None
    """Its position before the step, from 1; None when it was not in the list."""
    after: int
    """Its position after the step. Pins are put in last and push down what stands below them."""
    rule: str | None = None
    """The name of the business rule, where it was one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A candidate with its score, and the columns it was made from."""

    item_id: str
    row: int
    score: float
    columns: Mapping[str, float] = field(default_factory=dict)
    contributions: Mapping[str, float] = field(default_factory=dict)
    history: tuple[tuple[str, float], ...] = ()
    """(item id, contribution) of the history items that moved the score most, largest first."""
    placements: tuple[Placement, ...] = ()
    """What moved it after it was scored, in order; empty when its place is its score's."""
    propensity: float = 1.0
    """The probability with which it came to its position: below 1 where chance had a part."""
    label: str | None = None
    """What a card must say of how it came into the list, such as ``Sponsored``."""

    @property
    def pinned(self) -> bool:
        """Whether a rule, and not its score, put it where it is."""
        return any(placement.stage == "pin" for placement in self.placements)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """Something known to be true that an explanation may say.

    ``slot`` is a slot of the record for ``catalogue`` (``director``, ``year``, ``categories``); for ``history`` it is
    ``liked``, ``disliked``, ``seen`` or ``bought`` and ``value`` the title of that item; for ``dialogue`` it is
    ``asked_for`` (``value`` in the user's words) or ``like`` (a title the user named); for ``profile`` it is
    ``often_likes`` (a category, person or tag frequent among liked items) or ``told`` and ``told_not`` (``value`` in the user's words, kept
    in the taste memory). For ``ranking``, which only answers cite, it is ``position``, ``position_of`` (how many were
    ranked), ``moved_by`` (a column that counted) or ``behind_in`` (a column in which another item has more).
    """

    fact_id: str
    source: FactSource
    item_id: str
    """The recommended item the fact is about."""
    slot: str
    value: Value
    other_item_id: str | None = None
    """For ``history`` and ``like``: the item of the history that ``value`` names."""
    shared: tuple[tuple[str, str], ...] = ()
    """For ``history`` and ``like``: (slot, value) pairs that both items have, the most telling first. For ``asked_for`` and
    ``often_likes``: the one pair of the record that it is about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What a stretch of text asserts: ``slot`` of ``item_id`` is (or, if not ``positive``, is not) ``value``."""

    text: str
    start: int
    end: int
    """``text`` is the explanation's ``[start:end]``."""
    item_id: str
    slot: str
    value: Value
    positive: bool = True
    source: ClaimSource = "catalogue"
    verdict: Verdict = "uncheckable"
    tier: str = "slots"
    """The tier of the checker that decided."""
    fact_ids: tuple[str, ...] = ()
    """Facts that support it, or that it contradicts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A verified reason. Every claim in ``claims`` is supported or uncheckable."""

    text: str
    phrased_by: PhrasedBy
    facts: tuple[Fact, ...]
    """The facts it cites."""
    claims: tuple[Claim, ...] = ()
    model: str | None = None
    """The model that wrote the text, or that chose it among the sentences of templates; None when none took part."""
    prompt: str | None = None
    """``name@version#digest`` of the prompt that the model was given."""
    rejected: tuple[str, ...] = ()
    """Why earlier drafts for this card were not shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendation:
    """A verified card."""

    item_id: str
    title: str
    year: int | None
    position: int
    """From 1."""
    score: float
    explanation: Explanation
    item: Item
    label: str | None = None
    """How it came into the list, where that was not by its score: ``Sponsored``, say. Shown with the card."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """The end of a turn."""

    reply_id: str
    user: str
    conversation: str
    text: str
    """One or two sentences before the cards."""
    recommendations: tuple[Recommendation, ...]
    acting_on: tuple[str, ...] = ()
    """The constraints and wishes the reply obeyed, as labels."""
    held: tuple[Held, ...] = ()
    """The same with ids to take back and where each came from."""
    question: Question | None = None
    answer: Explanation | None = None
    """For a question about items (why, why not, compare, about): the answer with its evidence; ``text`` holds its words."""
    query: Query | None = None
    language: str = "en"
    trace: Mapping[str, object] = field(default_factory=dict)
    """Timings in milliseconds, counts, model and prompt versions, what was rejected."""

    def _repr_html_(self) -> str:
        from assistant.surfaces.render import reply_html

        return reply_html(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrieved:
    """Candidates were found. ``sources`` counts them by source."""

    candidates: tuple[Candidate, ...]
    sources: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class RankedList:
    """The order is decided; nothing after this changes it."""

    ranking: tuple[Ranked, ...]
    text: str = ""
    """The reply's text, known before its cards are phrased."""
    acting_on: tuple[str, ...] = ()
    """The reply's labels, likewise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommended:
    """One verified card, in the order of the list."""

    recommendation: Recommendation


@dataclass(frozen=True, kw_only=True, slots=True)
class Replied:
    """The last event of a turn."""

    reply: Reply


TurnEvent = Retrieved | RankedList | Recommended | Replied
