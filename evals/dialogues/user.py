"""The scripted user: decides what to say next from what was shown, and remembers what has been said.

It never reads more of a reply than a person would see: its words, its cards, and what it asks.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from assistant.types import Constraint, Item
from evals.dialogues.phrasing import Phrasebook
from evals.dialogues.tasks import Predicate, Task, strictly
from evals.dialogues.world import World, meets

Act = Literal[
    "open", "add", "answer", "no_preference", "evasive", "remind", "insist", "reject_reason", "reject_reason_wants",
    "reject_wants", "reject_again", "reject_plain", "reject_all", "more", "replace", "drop",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class UserSettings:
    """How users behave."""

    tells_all_at_once: float = 0.65
    """The chance that the first message says everything that is volunteered; else one thing follows in the second."""
    gives_no_reason: float = 0.15
    """The chance that an item is rejected without a reason although there is one."""
    only_declines: float = 0.4
    """The chance that a user who has no answer says only that, and not what is wrong with the cards."""
    critique_only: float = 0.5
    """The chance that a number is first criticised ("too long") without saying what it should be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A reply as the user takes it in."""

    text: str
    cards: tuple[str, ...] = ()
    """Ids of the items shown, in their order."""
    asked: str | None = None
    """The slot that it asks about."""
    denies: bool = False
    """Whether it says that nothing fits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A message and what it means."""

    text: str
    act: Act
    told: tuple[Constraint, ...] = ()
    """What is stated for the first time, or again."""
    bounds: tuple[Constraint, ...] = ()
    """What a critique means: "too long" is shorter than that item."""
    rejected: tuple[str, ...] = ()
    taken_back: tuple[Constraint, ...] = ()


@dataclass
class ScriptedUser:
    """One user in one dialogue. ``stated``, ``bounds`` and ``rejected`` are what the assistant has been told so far."""

    task: Task
    world: World
    book: Phrasebook
    settings: UserSettings = field(default_factory=UserSettings)
    stated: list[Constraint] = field(default_factory=list)
    bounds: list[Constraint] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)
    turn: int = 0
    """Messages said so far."""

    def __post_init__(self) -> None:
        self._rng = random.Random(f"{self.book.seed}/{self.task.task_id}/{self.book.trial}/user")
        self._seen: list[str] = []
        self._criticised: set[Constraint] = set()
        self._changed = self.task.change is None

    # what is wanted

    @property
    def wanted(self) -> tuple[Predicate, ...]:
        """What is wanted now."""
        return self.task.wanted() if self._changed else self.task.predicates

    def _unsaid(self, *reveals: str) -> list[Predicate]:
        return [p for p in self.wanted if p.reveal in reveals and p.constraint not in self.stated]

    @property
    def said_all(self) -> bool:
        """Whether everything that is wanted has been stated."""
        return self._changed and not self._unsaid("volunteer", "on_ask", "hidden")

    def accepts(self, cards: Iterable[str]) -> str | None:
        """The first card that has everything that is wanted in the end; nothing is accepted before a change of mind."""
        if not self._changed:
            return None
        constraints = [p.constraint for p in self.wanted]
        return next((c for c in cards if c not in self.rejected and self.world.meets_all(c, constraints)), None)

    def possible(self) -> bool:
        """Whether an item that was neither shown nor rejected fits all that was said, however its ends are read."""
        mask = self.world.fitting([strictly(c) for c in (*self.stated, *self.bounds)])
        mask[self.world.catalogue.rows([*self._seen, *self.rejected])] = False
        return bool(mask.any())

    # what is said

    def opening(self) -> Said:
        """The first message."""
        volunteered = self._unsaid("volunteer")
        # Who will change their mind says all at once: nothing that fits in the end is shown, and used up, before.
        at_once = self.task.change is not None or self._rng.random() < self.settings.tells_all_at_once
        if len(volunteered) > 1 and not at_once:
            volunteered = volunteered[:-1]
        return self._told("open", volunteered)

    def next(self, heard: Heard) -> Said:
        """What is said after a reply whose cards do not do."""
        self._seen += heard.cards
        change = self.task.change
        if change is not None and not self._changed and self.turn + 1 >= change.turn:
            return self._change()
        asked = self._asked(heard.asked) if heard.asked is not None else None
        if asked:
            return self._told("answer", asked)
        if unsaid := self._unsaid("volunteer"):
            return self._told("add", unsaid)
        if heard.denies:
            return self._told("insist", [p for p in self.wanted if p.constraint in self.stated])
        declined = self._declined(heard.asked) if asked is not None else None
        if declined is not None and self._rng.random() < self.settings.only_declines:
            return self._say(declined)
        if broken := self._broken(heard.cards):
            said = self._told("remind", broken)
        elif heard.cards and (rejection := self._reject(heard.cards)) is not None:
            said = rejection
        elif declined is not None:
            return self._say(declined)
        else:
            return self._plain(heard.cards)
        if declined is None:
            return said
        end = "" if declined.text.endswith((".", "!", "。", "！")) else "."
        return replace(said, text=f"{declined.text}{end} {said.text}")

    def _change(self) -> Said:
        change = self.task.change
        assert change is not None
        self._changed = True
        old = change.old.constraint
        self.stated = [c for c in self.stated if c != old]
        if change.new is None:
            text = self.book.say("drop", old=self.book.fragment(old))
            return self._say(Said(text=text, act="drop", taken_back=(old,)))
        new = change.new.constraint
        text = self.book.say("replace", old=self.book.fragment(old), new=self.book.fragment(new))
        return self._say(Said(text=text, act="replace", told=(new,), taken_back=(old,)))

    def _asked(self, slot: str) -> list[Predicate]:
        """What the user has to say about ``slot``, however often; empty when that is nothing, or nothing yet."""
        return [p for p in self._about(slot) if p.reveal != "hidden" or p.constraint in self.stated]

    def _about(self, slot: str) -> list[Predicate]:
        roles = self.world.catalogue.roles
        return [
            p for p in self.wanted if p.constraint.slot == slot or (slot == "people" and p.constraint.slot in roles)
        ]

    def _declined(self, slot: str | None) -> Said:
        """That the question is left open: because it does not matter, or the user could not say."""
        act: Act = "evasive" if slot is not None and self._about(slot) else "no_preference"
        return Said(text=self.book.say(act), act=act)

    def _broken(self, cards: Sequence[str]) -> list[Predicate]:
        """What was stated and is not met by some card."""
        told = [p for p in self.wanted if p.constraint in self.stated]
        return [p for p in told if any(not self.world.meets_all(c, [p.constraint]) for c in cards)]

    def _reject(self, cards: Sequence[str]) -> Said | None:
        """A rejection for a reason that has not been stated; None when there is none to give."""
        roles = self.world.catalogue.roles
        ways = [
            (position, card, item, p.constraint)
            for p in self._unsaid("hidden")
            for position, card in enumerate(cards, 1)
            if (item := self.world.item(card)) is not None and not meets(item, p.constraint, roles)
        ]
        if not ways or self._rng.random() < self.settings.gives_no_reason:
            return None
        position, card, item, constraint = self._rng.choice(ways)
        which = self.book.which(position, len(cards), item.title)
        rejected = (card,)
        if constraint.op == "range":
            found = self._critique(item, constraint, which)
            if found is not None:
                return found
        wants = self.book.wants([constraint])
        form = self._rng.random()
        if constraint.op == "none" and form < 0.5:
            text = self.book.again(constraint)
            return self._say(Said(text=text, act="reject_again", told=(constraint,)))
        if constraint.op in ("any", "none") and form < 0.8 and self._known(item, constraint.slot):
            reason = self.book.lacks(constraint) if constraint.op == "any" else self.book.has(_held(constraint, item))
            text = self.book.say("reject_reason_wants", which=which, reason=reason, wants=wants)
            return self._say(Said(text=text, act="reject_reason_wants", told=(constraint,), rejected=rejected))
        text = self.book.say("reject_wants", which=which, wants=wants)
        return self._say(Said(text=text, act="reject_wants", told=(constraint,)))

    def _critique(self, item: Item, constraint: Constraint, which: str) -> Said | None:
        """ "Too long", alone at first and then with what it should be; None when the item's value is not known."""
        value = item.slots().get(constraint.slot)
        if not isinstance(value, (int, float)):
            return None
        high = constraint.high is not None and value > constraint.high
        reason = self.book.reason(constraint.slot, "too_high" if high else "too_low")
        if constraint not in self._criticised and self._rng.random() < self.settings.critique_only:
            self._criticised.add(constraint)
            step = 1e-6 * max(1.0, abs(float(value)))
            bound = Constraint(
                slot=constraint.slot,
                op="range",
                low=None if high else float(value) + step,
                high=float(value) - step if high else None,
            )
            text = self.book.say("reject_reason", which=which, reason=reason)
            return self._say(Said(text=text, act="reject_reason", bounds=(bound,), rejected=(item.item_id,)))
        wants = self.book.wants([constraint])
        text = self.book.say("reject_reason_wants", which=which, reason=reason, wants=wants)
        return self._say(Said(text=text, act="reject_reason_wants", told=(constraint,), rejected=(item.item_id,)))

    def _known(self, item: Item, slot: str) -> bool:
        return slot in item.slots()

    def _plain(self, cards: Sequence[str]) -> Said:
        """A rejection without a reason, or a wish for others."""
        form = self._rng.random()
        waits = self.task.change is not None and not self._changed
        if cards and form < 0.35 and not waits:
            position = self._rng.randrange(len(cards)) + 1
            item = self.world.item(cards[position - 1])
            which = self.book.which(position, len(cards), item.title if item is not None else "")
            text = self.book.say("reject_plain", which=which)
            return self._say(Said(text=text, act="reject_plain", rejected=(cards[position - 1],)))
        if cards and form < 0.6 and not waits:
            return self._say(Said(text=self.book.say("reject_all"), act="reject_all", rejected=tuple(cards)))
        return self._say(Said(text=self.book.say("more"), act="more"))

    def _told(self, act: Act, predicates: Sequence[Predicate]) -> Said:
        constraints = tuple(p.constraint for p in predicates)
        return self._say(Said(text=self.book.say(act, wants=self.book.wants(constraints)), act=act, told=constraints))

    def _say(self, said: Said) -> Said:
        self.turn += 1
        self.stated += [c for c in said.told if c not in self.stated]
        self.bounds += said.bounds
        self.rejected.update(said.rejected)
        return said


def _held(constraint: Constraint, item: Item) -> Constraint:
    """The constraint with those of its values that the item has."""
    held = tuple(v for v in constraint.values if not meets(item, replace(constraint, values=(v,), op="none")))
    return replace(constraint, values=held)
