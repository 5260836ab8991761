"""Before it is said that nothing fits: whether that is what the user asked for, or how it was understood.

Two things are doubted, and only where the promises leave nothing. Who was told that nothing fits and says what they want
again, in whatever words, is taken by these words alone: what was held from before and is not among them may never have been
meant. And a value whose words name something else in this catalogue, too (a language and a theme, a series and a tag), is
taken in any of its senses (a role that was said stays); what a message rules out and wants in the same breath is wanted. Where that leaves nothing either, everything stays as it was heard, and the denial is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.catalogue import Catalogue
from assistant.merging import Merged, says_again
from assistant.text import fold
from assistant.types import Constraint, Held
from assistant.vocabulary import Vocabulary

RESTATED = 2
"""Conditions of a message that says again what is wanted, where it says less than half of what is held."""


def reconsider(
    merged: Merged,
    vocabulary: Vocabulary,
    *,
    tastes: Sequence[Held] = (),
    excluded: Iterable[str] = (),
    denied: bool = False,
) -> Merged:
    """What was heard, as it is to be taken. ``tastes`` are those of the taste memory that count; ``excluded`` are ids that
    are not shown; ``denied`` tells whether the reply before said that nothing fits."""
    catalogue, hidden = vocabulary.catalogue, tuple(excluded)
    if _some_fit(catalogue, (*tastes, *merged.state.held), hidden):
        return merged
    ways = [merged]
    if denied and (alone := _last_words(merged, catalogue)) is not None:
        ways.insert(0, alone)
    for way in ways:
        if way is not merged and _some_fit(catalogue, (*tastes, *way.state.held), hidden):
            return way
        if _some_fit(catalogue, (*tastes, *way.state.held), ()):
            continue  # what fits was shown already: that is no reason to take it otherwise
        for held in _in_other_senses(way.state.held, vocabulary):
            if _some_fit(catalogue, (*tastes, *held), hidden):
                reread = tuple(one for one in held if one not in way.state.held)
                gone = tuple(one for one in way.state.held if one not in held) if not reread else ()
                return replace(
                    way,
                    state=replace(way.state, held=held),
                    reread=reread,
                    replaced=(*way.replaced, *gone),
                )
    return merged


def _some_fit(catalogue: Catalogue, held: Iterable[Held], excluded: Iterable[str]) -> bool:
    return bool(catalogue.allowed([one.constraint for one in held if one.promised], excluded).any())


def _last_words(merged: Merged, catalogue: Catalogue) -> Merged | None:
    """Without the promises of earlier messages that the last one, which says again what is wanted, does not hold."""
    turn = merged.state.turns + 1
    said = [one for one in merged.said if one.promised]
    older = [one for one in merged.state.held if one.promised and one.turn < turn]
    before = [*older, *merged.replaced]
    again = [one for one in before if any(_same_subject(one, new, catalogue) for new in said)]
    if not again or (len(said) < RESTATED and 2 * len(again) < len(before)):
        return None
    dropped = [one for one in older if not any(_holds(one, new) for new in said)]
    if not dropped:
        return None
    held = tuple(one for one in merged.state.held if one not in dropped)
    return replace(merged, state=replace(merged.state, held=held), replaced=(*merged.replaced, *dropped))


def _same_subject(one: Held, other: Held, catalogue: Catalogue) -> bool:
    slots = {one.constraint.slot, other.constraint.slot}
    return len(slots) == 1 or slots <= {"people", *catalogue.roles}


def _holds(one: Held, new: Held) -> bool:
    """Whether what was said says all of ``one`` again: somebody in the same role, or in whichever."""
    slots = {one.constraint.slot, new.constraint.slot}
    return (len(slots) == 1 or "people" in slots) and says_again(new, one)


def _in_other_senses(held: Sequence[Held], vocabulary: Vocabulary) -> Iterable[tuple[Held, ...]]:
    """What is held, with one value in any of its senses, the last one first; then with all of them so."""
    wanted = [one for one in held if one.promised and one.constraint.op in ("any", "all")]
    breath = tuple(one for one in held if not _ruled_out_and_wanted(one, wanted, vocabulary.catalogue))
    if len(breath) < len(held):
        yield breath
    doubtful = {one: other for one in held if one.promised and (other := _any_sense(one, vocabulary)) is not None}
    for one in reversed(doubtful):
        yield tuple(doubtful[one] if each is one else each for each in held)
    if len(doubtful) > 1:
        yield tuple(doubtful.get(each, each) for each in held)


def _ruled_out_and_wanted(one: Held, wanted: Sequence[Held], catalogue: Catalogue) -> bool:
    """Whether a value is ruled out that the same message wants: "this is without Hepburn, and I want Hepburn"."""
    values = {fold(value) for value in one.constraint.values}
    return one.constraint.op == "none" and any(
        other.turn == one.turn
        and _same_subject(one, other, catalogue)
        and values <= {fold(value) for value in other.constraint.values}
        for other in wanted
    )


def _any_sense(held: Held, vocabulary: Vocabulary) -> Held | None:
    """The promise with whatever else its words name in the catalogue; None where that is nothing."""
    constraint = held.constraint
    phrase = fold(constraint.words)
    if constraint.op not in ("any", "range") or constraint.either or not phrase:
        return None
    others = [
        replace(sense, words=constraint.words) for sense in _senses(phrase, vocabulary) if sense.slot != constraint.slot
    ]
    if vocabulary.is_people(constraint.slot):
        others = [one for one in others if not vocabulary.is_people(one.slot)]
    return replace(held, constraint=replace(constraint, either=tuple(others))) if others else None


def _senses(phrase: str, vocabulary: Vocabulary) -> Iterable[Constraint]:
    yield from vocabulary.meant(phrase)
    open_labels = vocabulary.open_labels.get(phrase, ())
    for slot in dict.fromkeys(slot for slot, _ in open_labels):
        yield Constraint(slot=slot, op="any", values=tuple(value for s, value in open_labels if s == slot))
