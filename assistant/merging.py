"""What a message changes in what a conversation holds.

The newest word counts. A bound replaces the bound on the same end; a value takes the place of an older value of the same
slot when no item has both; what is ruled out is no longer wanted, and the other way round. Everything else adds up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.catalogue import Catalogue
from assistant.conversation import State
from assistant.text import fold
from assistant.types import Constraint, Held, Query, Utterance

MAX_SEARCH_TEXT = 400
"""Characters of what was described that are searched by; the oldest words go first."""


@dataclass(frozen=True, kw_only=True)
class Merged:
    """The state after a message was heard, and what that did."""

    state: State
    gone: tuple[Held, ...] = ()
    """What the user took back."""
    replaced: tuple[Held, ...] = ()
    """What had to make room for something newer."""
    said: tuple[Held, ...] = ()
    """What the message states, whether it was held already or not."""
    reread: tuple[Held, ...] = ()
    """What is taken in a wider sense than it was heard in, as nothing fits otherwise: see ``reconsidering``."""


def hear(state: State, said: Utterance, catalogue: Catalogue, *, tastes: Sequence[Held] = ()) -> Merged:
    """The state with what ``said`` adds to it, changes, and takes away. ``tastes`` are those of the taste memory."""
    started = state
    if said.new_subject:
        state = replace(state, held=(), like=(), search_text="", k=None, question=None)
    back = set(said.take_back)
    gone = [held for held in (*tastes, *state.held) if held.held_id in back]
    off = [held.held_id for held in gone if held.held_id.startswith("taste:")]
    held = [one for one in state.held if one.held_id not in back]
    replaced: list[Held] = []
    stated: list[Held] = []
    number = state.next_held
    said_now = [(c, True) for c in said.constraints] + [(w, False) for w in said.wishes]
    for constraint, promised in said_now:
        new = Held(held_id=f"h{number}", constraint=constraint, promised=promised, turn=started.turns + 1)
        stated.append(new)
        if any(_same(one, new) for one in (*held, *tastes) if one.held_id not in off):
            continue
        number += 1
        kept = [(one, one if one.turn == new.turn else _beside(one, new, catalogue)) for one in held]
        replaced.extend(one for one, left in kept if left is None and one.promised and not says_again(new, one))
        held = [*(left for _, left in kept if left is not None), new]
        for taste in tastes:
            if taste.held_id not in off and _beside(taste, new, catalogue) is None:
                off.append(taste.held_id)
                replaced.append(taste)
    again = set(said.again)
    goes_on = bool(stated or gone)
    ignored, passed = 0 if goes_on or said.no_preference else state.ignored, state.passed
    if state.question is not None:
        ignored += not goes_on and not said.no_preference
        passed = passed + 1 if said.no_preference else 0 if goes_on else passed
    after = replace(
        state,
        next_held=number,
        held=tuple(held),
        search_text=_search_text(_without_words(state.search_text, gone), said),
        like=said.like or state.like,
        seen=_joined(state.seen, said.seen, without=again),
        accepted=_joined(state.accepted, said.accepted),
        rejected=_joined(state.rejected, said.rejected, without=again),
        tastes_off=_joined(state.tastes_off, off),
        focus=said.references or state.focus,
        k=said.k or state.k,
        ignored=ignored,
        passed=passed,
        question=None,
        language=said.language,
    )
    return Merged(state=after, gone=tuple(gone), replaced=tuple(replaced), said=tuple(stated))


def request(
    state: State, said: Utterance, *, tastes: Sequence[Held] = (), cards: int = 5, excluded: Iterable[str] = ()
) -> Query:
    """What a turn acts on. ``state`` has heard the message; ``excluded`` are items that the user knows anyway."""
    in_force = (*state.in_force(tuple(tastes)), *state.held)
    hidden = {*excluded, *state.shown, *state.seen, *state.rejected, *state.like} - set(said.again)
    return Query(
        text=said.text,
        intent=said.intent,
        search_text=state.search_text,
        constraints=tuple(one.constraint for one in in_force if one.promised),
        wishes=tuple(one.constraint for one in in_force if not one.promised),
        like=state.like,
        excluded=frozenset(hidden),
        unknown=said.unknown,
        only=said.again,
        k=state.k or cards,
        language=said.language,
    )


def request_of(said: Utterance, *, cards: int = 5, excluded: Iterable[str] = ()) -> Query:
    """The request of a message that nothing stands before."""
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


def _joined(before: Sequence[str], new: Sequence[str], *, without: Iterable[str] = ()) -> tuple[str, ...]:
    left_out = set(without)
    return tuple(one for one in dict.fromkeys((*before, *new)) if one not in left_out)


def _search_text(before: str, said: Utterance) -> str:
    """A new description takes the place of the old one; what refines it is added behind."""
    if not said.search_text.strip():
        return before
    if said.intent != "refine" or not before:
        return said.search_text
    if fold(said.search_text) in fold(before):
        return before
    joined = f"{before} {said.search_text}"
    return joined if len(joined) <= MAX_SEARCH_TEXT else joined[-MAX_SEARCH_TEXT:].partition(" ")[2]


def _without_words(text: str, gone: Sequence[Held]) -> str:
    """What was described, without the words of what no longer counts."""
    for one in gone:
        if words := one.constraint.words:
            text = re.sub(rf"(?<!\w){re.escape(words)}(?!\w)", " ", text, flags=re.IGNORECASE)
    return " ".join(text.split())


def says_again(new: Held, old: Held) -> bool:
    """Whether all that was said before still holds: a narrower range, or the same person in a certain role."""
    a, b = new.constraint, old.constraint
    if a.op != "range" or b.op != "range":
        return a.op == b.op and set(a.values) <= set(b.values)
    low, old_low = (float("-inf") if end is None else end for end in (a.low, b.low))
    high, old_high = (float("inf") if end is None else end for end in (a.high, b.high))
    return low >= old_low and high <= old_high


def _same(one: Held, other: Held) -> bool:
    """Whether ``one`` says all that ``other`` says: "Kubrick" after "by Kubrick" adds nothing."""
    a, b = one.constraint, other.constraint
    if "people" in (a.slot, b.slot) and a.slot != b.slot:
        return one.promised >= other.promised and b.slot == "people" and (a.op, a.values) == (b.op, b.values)
    return one.promised >= other.promised and replace(a, words="") == replace(b, words="")


def _beside(old: Held, new: Held, catalogue: Catalogue) -> Held | None:
    """What is left of ``old`` beside ``new``, which was said later; None when it has to go."""
    a, b = old.constraint, new.constraint
    if old.promised and not new.promised:
        return old  # a wish displaces no promise
    if a.either:
        return _beside_either(old, new, catalogue)
    if "people" in (a.slot, b.slot):
        alike = all(slot == "people" or slot in catalogue.roles for slot in (a.slot, b.slot))
    else:
        alike = a.slot == b.slot
    if not alike:
        return old
    if a.op == "range" and b.op == "range":
        left = replace(a, low=None if b.low is not None else a.low, high=None if b.high is not None else a.high)
        if (left.low is None and left.high is None) or not _overlap(left, b):
            return None
        return old if left == a else replace(old, constraint=left)
    if {a.op, b.op} == {"range", "outside"}:
        return old if (catalogue.satisfies(a) & catalogue.satisfies(b)).any() else None
    values, others = {fold(v) for v in a.values}, {fold(v) for v in b.values}
    if "none" in (a.op, b.op):
        clash = values <= others if b.op == "none" else bool(values & others)
        return None if a.op != b.op and clash else old
    if a.op == b.op and values == others and (a.slot == "people" or a == replace(b, words=a.words)):
        return None  # the same again, or more exactly: "by Kubrick" after "Kubrick"
    if a.op in ("any", "all") and b.op in ("any", "all") and new.promised:
        # Two wishes never exclude each other; of two values that no item has together, the later is meant.
        return old if (catalogue.satisfies(a) & catalogue.satisfies(b)).any() else None
    return old


def _beside_either(old: Held, new: Held, catalogue: Catalogue) -> Held | None:
    """The same where one of several was enough: what ``new`` rules out no longer counts; all of it goes where ``new``
    speaks of the same and no item has both."""
    parts = old.constraint.alternatives()
    left = [replace(old, constraint=one) for one in parts if _beside(replace(old, constraint=one), new, catalogue)]
    if new.constraint.either or len(left) == len(parts):
        return None if old.constraint == replace(new.constraint, words=old.constraint.words) else old
    if new.constraint.op != "none" or not left:
        return None
    first, *others = (one.constraint for one in left)
    return replace(old, constraint=replace(first, words=first.words or first.label(), either=tuple(others)))


def _overlap(a: Constraint, b: Constraint) -> bool:
    low = max((one.low for one in (a, b) if one.low is not None), default=float("-inf"))
    high = min((one.high for one in (a, b) if one.high is not None), default=float("inf"))
    return low <= high
