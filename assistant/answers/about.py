"""What an item's record says: "who directed it", "how long is it", "is it in stock". Never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.answers.known import kept_out
from assistant.answers.standing import Standing
from assistant.answers.write import Sentence
from assistant.language import load_language
from assistant.phrases.labels import kind_of
from assistant.text import fold
from assistant.types import Constraint, Fact, Item
from assistant.vocabulary import Vocabulary

MOST_ASKED = 3
"""Slots that one question is answered for."""
SUMMARY = ("people", "genres", "year", "runtime", "pages", "price", "subjects")
"""Kinds of slots that an item is described by when nothing in particular is asked, in this order."""


def about(standing: Standing, item_ids: tuple[str, ...]) -> Iterator[Sentence]:
    """What is asked of each item, or what it is where nothing in particular is asked."""
    writer = standing.writer
    catalogue_slots = slots_of(standing)
    asked = writer.table.asked_slots(standing.said.text, catalogue_slots)[:MOST_ASKED]
    closed = writer.table.closed(standing.said.text)
    for item_id in item_ids:
        item = writer.item(item_id)
        if re.search(writer.table.words["asks_known"], fold(standing.said.text)):
            values = {"title": writer.title(item_id)}
            yield kept_out(standing, item_id, known=True) or Sentence(name="not_known", item_id=item_id, values=values)
            continue
        checked = (*standing.said.constraints, *standing.said.wishes)
        settled = {constraint.slot for constraint in checked}
        if not checked and (wanted := _named_value(standing)) is not None:
            yield _whether(standing, item, wanted)
            continue
        named = [name for name in asked if writer.table.slot_in(name, catalogue_slots) not in settled]
        for constraint in checked:
            yield _whether(standing, item, constraint)
        answered = bool(checked)
        for name in named:
            slot = writer.table.slot_in(name, catalogue_slots)
            if slot is None and closed and _vocabulary(standing).qualities_in(standing.said.text):
                continue
            if slot is not None or not answered:
                yield says(standing, item, slot, name, again=answered)
                answered = True
        if not answered:
            yield from _quality(standing, item) if closed else summary(standing, item)


def _named_value(standing: Standing) -> Constraint | None:
    """The one value of a closed slot that a question names: "do you have it in L", "is it in French?"."""
    vocabulary = _vocabulary(standing)
    named = vocabulary.closed_value_in(standing.said.text)
    return Constraint(slot=named[0][0], op="any", values=tuple(value for _, value in named)) if named else None


def _vocabulary(standing: Standing) -> Vocabulary:
    return standing.writer.serving.vocabulary.in_language(load_language(standing.writer.table.language))


def _quality(standing: Standing, item: Item) -> Iterator[Sentence]:
    """ "Is it sad?": yes where the record has one of the values that the word stands for. What else it says is no answer."""
    writer = standing.writer
    vocabulary = _vocabulary(standing)
    asked: dict[str, list[str]] = {}
    for slot, value in vocabulary.qualities_in(standing.said.text):
        asked.setdefault(slot, []).append(value)
    said = {
        slot: found for slot, values in asked.items() if (found := writer.says_values(item, slot, values)) is not None
    }
    if said:
        values = {
            "title": writer.title(item.item_id),
            "says": writer.table.listed([words for words, _ in said.values()]),
        }
        yield Sentence(
            name="about_yes", item_id=item.item_id, values=values, facts=tuple(fact for _, fact in said.values())
        )
        return
    yield Sentence(name="about_not_told")
    moods = next((slot for slot in item.slots() if kind_of(slot) == "moods"), None)
    if asked and moods is not None and (found := writer.says(item, moods)) is not None:
        values = {"title": writer.title(item.item_id), "says": found[0]}
        yield Sentence(name="about", item_id=item.item_id, values=values, facts=(found[1],))
        return
    yield from summary(standing, item)


def slots_of(standing: Standing) -> tuple[str, ...]:
    """Every slot that some record of the catalogue has."""
    catalogue = standing.writer.serving.catalogue
    return tuple(dict.fromkeys((*catalogue.labels, *catalogue.numbers)))


def says(standing: Standing, item: Item, slot: str | None, name: str, *, again: bool = False) -> Sentence:
    """What the record says under a slot; that it does not say, where it does not. ``again``: of the item just spoken of."""
    writer = standing.writer
    title = writer.title(item.item_id)
    what = writer.table.slot(name).what
    if slot is None:
        return Sentence(name="about_nowhere", values={"what": what})
    if (found := writer.says(item, slot)) is not None:
        return Sentence(
            name="about_again" if again else "about",
            item_id=item.item_id,
            values={"title": title, "says": found[0]},
            facts=(found[1],),
        )
    return Sentence(name="about_unknown", item_id=item.item_id, values={"title": title, "what": what})


def summary(standing: Standing, item: Item, most: int = 4) -> Iterator[Sentence]:
    """What an item is, by the slots that tell most."""
    writer = standing.writer
    roles = writer.serving.catalogue.roles
    kinds: dict[str, list[str]] = {}
    for slot in item.slots():
        kind = "people" if slot in roles else kind_of(slot)
        if kind is not None and slot != "title":
            kinds.setdefault(kind, []).append(slot)
    parts: list[str] = []
    facts: list[Fact] = []
    for slot in [slot for kind in SUMMARY for slot in kinds.get(kind, ())[:1]]:
        if len(parts) < most and (found := writer.says(item, slot)) is not None:
            parts.append(found[0])
            facts.append(found[1])
    if parts:
        values = {"title": writer.title(item.item_id), "says": writer.table.listed(parts)}
        yield Sentence(name="about", item_id=item.item_id, values=values, facts=tuple(facts))


def _whether(standing: Standing, item: Item, constraint: Constraint) -> Sentence:
    """ "Is it a comedy?", "is it under two hours?": yes or no, with what the record says; unknown where it does not."""
    writer = standing.writer
    title = writer.title(item.item_id)
    people = constraint.slot == "people"
    slots = [s for s in writer.serving.catalogue.roles if s in item.slots()] if people else [constraint.slot]
    words = writer.table.slot(constraint.slot)
    said = next(
        (
            found
            for slot in slots
            if (found := writer.says_values(item, slot, constraint.values) or writer.says(item, slot)) is not None
        ),
        None,
    )
    if said is None:
        return Sentence(name="about_unknown", item_id=item.item_id, values={"title": title, "what": words.what})
    holds = bool(writer.serving.catalogue.satisfies(constraint)[writer.serving.catalogue.row_of[item.item_id]])
    name = "about_yes" if holds else "about_no"
    return Sentence(name=name, item_id=item.item_id, values={"title": title, "says": said[0]}, facts=(said[1],))
