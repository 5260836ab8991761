"""What takes the place of something that is held: "actually make it a drama", "swap horror for comedy"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.text import fold
from assistant.types import Constraint, Context, Held
from assistant.understanding.reading import Reading
from assistant.understanding.revisions import drop
from assistant.vocabulary import Vocabulary


def _promise_instead(reading: Reading, context: Context) -> None:
    """Promise what is named in the place of a promise: it is as much of a must as that was."""
    must = {held.constraint.slot for held in context.held if held.promised and held.held_id in reading.take_back}
    promised = [wish for wish in reading.wishes if wish.slot in must and wish.op != "none"]
    reading.wishes = [wish for wish in reading.wishes if wish not in promised]
    reading.constraints += promised


def _limit_instead(reading: Reading, gone: Sequence[Held]) -> None:
    """ "Make it 110 minutes" moves the limit that was held: what was an upper one is one again."""
    limits = {h.constraint.slot: h.constraint for h in gone if h.promised and h.constraint.op == "range"}
    for wish in list(reading.wishes):
        old = limits.get(wish.slot)
        if wish.op != "range" or old is None or wish.low is None or wish.high is None:
            continue
        if (old.low is None) == (old.high is None) or old.slot == "year":
            continue
        middle = (wish.low + wish.high) / 2
        low, high = (None, middle) if old.low is None else (middle, None)
        reading.wishes.remove(wish)
        reading.constraints.append(replace(wish, low=low, high=high))


def _named_to_go(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """What is held and named again in a message that says that something goes, goes, in whatever frame: "kindly replace
    this condition, from Japan, with this one: from Italy"."""
    if not reading.first("revises"):
        return
    for held in context.held:
        again = [one for one in reading.constraints if _same(one, held.constraint, vocabulary)]
        if not again or held.turn >= context.turn:
            continue
        reading.constraints = [one for one in reading.constraints if one not in again]
        drop(reading, [held])


def _same(one: Constraint, other: Constraint, vocabulary: Vocabulary) -> bool:
    """Whether two constraints say the same; somebody is the same in whatever role."""
    values = [{fold(value) for value in each.values} for each in (one, other)]
    slots = one.slot == other.slot or (vocabulary.is_people(one.slot) and vocabulary.is_people(other.slot))
    return slots and (one.op, one.low, one.high) == (other.op, other.low, other.high) and values[0] == values[1]


def find_replaced(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """ "Actually make it a drama": what is held of the slots that the message names gives way, wishes too.

    Where something of a slot was taken back by name ("swap horror for comedy"), the rest of that slot stays.
    """
    _named_to_go(reading, vocabulary, context)
    matches = [match for match in reading.matches("instead") if reading.free_span(match.start(), match.end())]
    matches += list(reading.matches("swap"))
    if not matches:
        return
    positive = ("any", "all", "range")
    named = {c.slot for c in reading.constraints if c.op in positive} or {
        wish.slot for wish in reading.wishes if wish.op in positive
    }
    named -= {held.constraint.slot for held in context.held if held.held_id in reading.take_back}
    gone = [
        held
        for held in context.held
        if held.constraint.slot in named and held.constraint.op in ("any", "all", "range") and held.turn < context.turn
    ]
    _limit_instead(reading, gone)
    _promise_instead(reading, context)
    if gone:
        drop(reading, gone)
        for match in matches:
            reading.use_span(match.start(), match.end())
