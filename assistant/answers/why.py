"""Why an item is recommended: what of the request it meets, which items of the history moved it, what counted most."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.answers.about import summary
from assistant.answers.known import kept_out
from assistant.answers.standing import Place, Standing, at_position
from assistant.answers.write import Sentence, Writer
from assistant.facts import select_facts
from assistant.types import Fact, Item

MOST_MET = 4
"""Parts of the request that an answer names."""
MOST_LIKED = 2
"""Items of the history that an answer names."""
MOST_SHARED = 3
TELLING_SHARE = 0.15
"""A column, or an item of the history, is named when it makes at least this share of what counted for the item."""


def why(standing: Standing, item_id: str, *, brief: bool = False) -> Iterator[Sentence]:
    """The reasons for an item, the request's first. ``brief``: of several, what the record and the history say for each,
    without its place."""
    writer = standing.writer
    item, title = writer.item(item_id), writer.title(item_id)
    place = standing.place(item_id)
    if (known := kept_out(standing, item_id)) is not None and item_id not in standing.context.table:
        yield known
    facts = _facts(standing, item, place)
    told = _told(standing, item)
    met = _met(writer, item, [fact for fact in facts if fact.slot == "asked_for"][:MOST_MET])
    if met is not None:
        yield met
    if item_id in standing.context.pinned:  # a rule put it there: no taste of the user may be given as the reason
        yield Sentence(name="why_pinned", item_id=item_id, values={"title": title})
        if met is None:
            yield from summary(standing, item)
        return
    ties = [fact for fact in facts if fact.slot in ("liked", "bought", "like")][:MOST_LIKED]
    for fact in ties:
        if (sentence := _tie(writer, item, fact)) is not None:
            yield sentence
    yield from told
    if not ties and not told:
        for fact in [fact for fact in facts if fact.slot == "often_likes"][:1]:
            ((slot, value),) = fact.shared
            if quoted := writer.values(item, slot, (value,)):
                yield Sentence(name="why_often", item_id=item_id, values={"value": quoted[0][1]}, facts=(fact,))
    if place is not None and not brief:
        total = sum(part for part in place.ranked.contributions.values() if part > 0)
        moved = [other for other, part in place.ranked.history if other != item_id and part >= TELLING_SHARE * total]
        if moved and moved[0] not in {fact.other_item_id for fact in ties}:
            yield from _moved(standing, item, moved[0])
        yield from _counted(standing, place)
    if met is None and not ties and not told:
        yield Sentence(name="why_little", item_id=item_id, values={"title": title})
        yield from summary(standing, item)
    if place is not None and place.found and not brief:
        yield at_position("why_place", writer, place)


def _facts(standing: Standing, item: Item, place: Place | None) -> tuple[Fact, ...]:
    """The closed list that a card's reason is made from, too."""
    writer = standing.writer
    ranked = None if place is None else place.ranked
    history = () if ranked is None else writer.serving.history_for(standing.profile, standing.query, ranked)
    return select_facts(
        item,
        query=standing.query,
        ranked=ranked,
        history=history,
        often=standing.profile.often,
        commonness=writer.serving.commonness,
        limit=12,
    )


def _met(writer: Writer, item: Item, facts: list[Fact]) -> Sentence | None:
    """What was asked for that the record meets, in the record's words, slot by slot."""
    by_slot: dict[str, list[str]] = {}
    for fact in facts:
        slot, value = fact.shared[0]
        by_slot.setdefault(slot, []).append(value)
    said = {slot: found for slot, values in by_slot.items() if (found := _held(writer, item, slot, values)) is not None}
    if not said:
        return None
    used = [fact for fact in facts if fact.shared[0][0] in said]
    values = {
        "title": writer.title(item.item_id),
        "says": writer.table.listed([text for text, _ in said.values()]),
    }
    return Sentence(
        name="why_asked", item_id=item.item_id, values=values, facts=(*used, *(fact for _, fact in said.values()))
    )


def _held(writer: Writer, item: Item, slot: str, values: list[str]) -> tuple[str, Fact] | None:
    if isinstance(item.slots().get(slot), tuple):
        return writer.says_values(item, slot, values)
    return writer.says(item, slot)


def _tie(writer: Writer, item: Item, fact: Fact) -> Sentence | None:
    """What an item of the history, or one that the request names, has in common with this one."""
    assert fact.other_item_id is not None
    shared = writer.shared(item, [(slot, value) for slot, value in fact.shared if slot in item.slots()][:MOST_SHARED])
    if shared is None:
        return None
    name = {"liked": "why_liked", "bought": "why_bought", "like": "why_named"}[fact.slot]
    values = {"title": writer.title(item.item_id), "liked": writer.title(fact.other_item_id), "shared": shared}
    return Sentence(name=name, item_id=item.item_id, values=values, facts=(fact,), also=(fact.other_item_id,))


def _told(standing: Standing, item: Item) -> list[Sentence]:
    """Stated tastes that the item meets, in the user's words."""
    writer = standing.writer
    sentences = []
    for fact in [fact for fact in writer.told if fact.slot == "told"]:
        slot, value = fact.shared[0]
        slots = writer.serving.catalogue.roles if slot == "people" else (slot,)
        held = {each for each in slots if value in _values(item, each)}
        if held and (quoted := writer.said_by_user(str(fact.value))) is not None:
            own = writer.about(fact, item)
            sentences.append(
                Sentence(name="why_told", item_id=item.item_id, values={"quoted": quoted}, facts=(own,), quotes=True)
            )
    return sentences[:MOST_LIKED]


def _values(item: Item, slot: str) -> tuple[str, ...]:
    held = item.slots().get(slot)
    return held if isinstance(held, tuple) else () if held is None else (str(held),)


def _moved(standing: Standing, item: Item, other: str) -> Iterator[Sentence]:
    """The item of the history that moved this one most, where it has nothing sayable in common with it."""
    writer = standing.writer
    relation = next((entry.relation for entry in standing.profile.entries if entry.item_id == other), None)
    if relation == "liked":
        fact = Fact(
            fact_id="", source="history", item_id=item.item_id, slot="liked", value=writer.item(other).title,
            other_item_id=other,
        )  # fmt: skip
        values = {"liked": writer.title(other), "title": writer.title(item.item_id)}
        yield Sentence(name="why_moved", item_id=item.item_id, values=values, facts=(fact,), also=(other,))


def _counted(standing: Standing, place: Place) -> Iterator[Sentence]:
    """The one or two columns of the ranking that counted most for the item."""
    writer = standing.writer
    positive = {name: part for name, part in place.ranked.contributions.items() if part > 0}
    total = sum(positive.values())
    most = sorted(
        (name for name, part in positive.items() if part >= TELLING_SHARE * total), key=lambda n: -positive[n]
    )
    reasons = list(dict.fromkeys(writer.table.reason(name) for name in most))[:2]
    if reasons:
        item_id = place.ranked.item_id
        facts = tuple(writer.ranked(item_id, "moved_by", name) for name in most[: len(reasons)])
        values = {"title": writer.title(item_id), "reason": reasons[0], "second": reasons[-1]}
        yield Sentence(
            name="why_most_two" if len(reasons) > 1 else "why_most", item_id=item_id, values=values, facts=facts
        )
