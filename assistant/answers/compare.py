"""Two to four items side by side: the question's slot first, then what they differ in, share, and which fits better."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.answers.about import slots_of
from assistant.answers.known import kept_out
from assistant.answers.standing import Place, Standing
from assistant.answers.why_not import ahead_in, breaks
from assistant.answers.write import Sentence
from assistant.phrases.labels import kind_of
from assistant.text import fold
from assistant.types import Fact, Item, Value

MOST_ITEMS = 4
MOST_SLOTS = 4
"""Slots in which the items are set side by side."""
MOST_SHARED = 3
ORDER = ("year", "runtime", "pages", "price", "genres", "people", "moods", "subjects", "places", "languages", "other")
"""Kinds of slots in the order in which a difference is told."""


def compare(standing: Standing, item_ids: Sequence[str]) -> Iterator[Sentence]:
    """Two to four items compared; of more, which has most or least of the slot that is asked for."""
    every = [standing.writer.item(item_id) for item_id in dict.fromkeys(item_ids)]
    items = every[:MOST_ITEMS]
    if re.search(standing.writer.table.words["in_common"], fold(standing.said.text)):
        shared = list(_shared(standing, items))
        yield from shared or [Sentence(name="not_shared")]
        return
    asked = _asked(standing)
    if not asked and (nowhere := _nowhere(standing)):
        yield from nowhere
        return
    for slot, way in asked:
        yield from _which(standing, every, slot, way)
    if len(every) > MOST_ITEMS and any(way for _, way in asked):
        return
    if not any(way for _, way in asked):
        for item in items:
            yield from _side(standing, item, items, [slot for slot, _ in asked])
        yield from _shared(standing, items)
    yield from _fits(standing, items)


def _nowhere(standing: Standing) -> list[Sentence]:
    """That no record says what the question compares by: "which has the best rating?", "which is shorter?"."""
    table, slots = standing.writer.table, slots_of(standing)
    asked = [name for name in table.asked_slots(standing.said.text, slots) if table.slot_in(name, slots) is None]
    return [Sentence(name="about_nowhere", values={"what": table.slot(name).what}) for name in asked[:1]]


def _asked(standing: Standing) -> list[tuple[str, str | None]]:
    """(the catalogue's slot, which way it is compared) of what the question is after."""
    table, slots = standing.writer.table, slots_of(standing)
    found = []
    for name in table.asked_slots(standing.said.text, slots):
        if (slot := table.slot_in(name, slots)) is not None:
            found.append((slot, table.direction(standing.said.text, slot)))
    # "older" names the year by itself; a slot that is only named beside it is the same question.
    compared = [entry for entry in found if entry[1] is not None]
    return compared[:2] or found[:2]


def _which(standing: Standing, items: Sequence[Item], slot: str, way: str | None) -> Iterator[Sentence]:
    """Which has more or less of a slot, and what each has."""
    writer = standing.writer
    words = writer.table.slot(slot)
    values = {item.item_id: _number(item, slot) for item in items}
    told: Item | None = None
    known = {item_id: value for item_id, value in values.items() if value is not None}
    if way is not None and (len(known) == len(items) > 1 or (len(known) > 1 and len(items) > 2)):
        best = (max if way == "more" else min)(known.values())
        winners = [item for item in items if known.get(item.item_id) == best]
        if len(winners) == 1:
            (winner,) = winners
            told = winner
            facts = tuple(writer.fact(item, slot, item.slots()[slot]) for item in items if item.item_id in known)
            more = {"more": words.more, "less": words.less}[way]
            most = {"more": words.most, "less": words.least}[way]
            says = writer.says(winner, slot)
            name = "more_of_two" if len(items) == 2 else "most_of"
            yield Sentence(
                name=name,
                item_id=winner.item_id,
                values={
                    "title": writer.title(winner.item_id),
                    "more": more,
                    "most": most,
                    "says": says[0] if says else "",
                },
                facts=facts,
                also=tuple(item.item_id for item in items if item is not winner),
            )
        elif len(winners) == len(known):
            yield Sentence(name="same_value")
        elif len(items) > MOST_ITEMS:
            titles = standing.writer.table.listed([writer.title(item.item_id) for item in winners])
            facts = tuple(writer.fact(item, slot, item.slots()[slot]) for item in winners)
            yield Sentence(name="tied", values={"titles": titles}, facts=facts, quotes=True)
    elif way is not None:
        yield Sentence(name="not_compared")
    if way is not None and len(items) <= MOST_ITEMS:
        for item in [each for each in items if each is not told]:
            if (found := writer.says(item, slot)) is not None:
                title = writer.title(item.item_id)
                yield Sentence(
                    name="side", item_id=item.item_id, values={"title": title, "says": found[0]}, facts=(found[1],)
                )
            else:
                values_ = {"title": writer.title(item.item_id), "what": words.what}
                yield Sentence(name="about_unknown", item_id=item.item_id, values=values_)


def _number(item: Item, slot: str) -> float | None:
    value = item.slots().get(slot)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _kinds(standing: Standing, items: Sequence[Item]) -> list[str]:
    """The slots that any of the items has and that can be said, in the order in which they are told."""
    roles = standing.writer.serving.catalogue.roles
    found: dict[str, int] = {}
    for slot in dict.fromkeys(slot for item in items for slot in item.slots()):
        kind = "people" if slot in roles else kind_of(slot)
        if kind in ORDER and slot != "title":
            found[slot] = ORDER.index(kind)
    return sorted(found, key=lambda slot: found[slot])


def _side(standing: Standing, item: Item, items: Sequence[Item], first: Sequence[str]) -> Iterator[Sentence]:
    """What one item has, in the slots in which the items differ."""
    writer = standing.writer
    parts: list[str] = []
    facts: list[Fact] = []
    for slot in dict.fromkeys([*first, *_kinds(standing, items)]):
        if len({_key(each.slots().get(slot)) for each in items}) < 2 or len(parts) >= MOST_SLOTS:
            continue
        own = _own(item, items, slot)
        found = writer.says_values(item, slot, own) if own else writer.says(item, slot)
        if found is not None and not (isinstance(item.slots().get(slot), tuple) and not own):
            parts.append(found[0])
            facts.append(found[1])
    if parts:
        values = {"title": writer.title(item.item_id), "says": writer.table.listed(parts)}
        yield Sentence(name="side", item_id=item.item_id, values=values, facts=tuple(facts))


def _own(item: Item, items: Sequence[Item], slot: str) -> tuple[str, ...]:
    """The values of a list that not all of the items have, at most three."""
    held = item.slots().get(slot)
    if not isinstance(held, tuple):
        return ()
    common = set.intersection(*({fold(v) for v in _listed(each.slots().get(slot))} for each in items))
    return tuple(value for value in held if fold(value) not in common)[:3]


def _listed(value: Value | None) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _key(value: Value | None) -> object:
    return frozenset(fold(each) for each in value) if isinstance(value, tuple) else value


def _shared(standing: Standing, items: Sequence[Item]) -> Iterator[Sentence]:
    """What all of the items have in the same slot."""
    writer = standing.writer
    pairs: list[tuple[str, str]] = []
    for slot in _kinds(standing, items):
        held = items[0].slots().get(slot)
        if isinstance(held, tuple) and len(pairs) < MOST_SHARED:
            common = set.intersection(*({fold(v) for v in _listed(each.slots().get(slot))} for each in items))
            quotable = [
                value for value, _ in writer.values(items[0], slot, [value for value in held if fold(value) in common])
            ]
            pairs += [(slot, value) for value in quotable][: MOST_SHARED - len(pairs)]
    if (shared := writer.shared(items[0], pairs)) is not None:
        facts = tuple(
            writer.fact(each, slot, (_as_held(each, slot, value),)) for slot, value in pairs for each in items
        )
        name = "both_share" if len(items) == 2 else "all_share"
        also = tuple(item.item_id for item in items[1:])
        yield Sentence(name=name, item_id=items[0].item_id, values={"shared": shared}, facts=facts, also=also)


def _as_held(item: Item, slot: str, value: str) -> str:
    return next(each for each in _listed(item.slots().get(slot)) if fold(each) == fold(value))


def _fits(standing: Standing, items: Sequence[Item]) -> Iterator[Sentence]:
    """Which comes first by request and history; what the request rules out, or the user knows, is said to be so."""
    catalogue = standing.writer.serving.catalogue
    open_: list[Item] = []
    for item in items:
        row = catalogue.row_of[item.item_id]
        broken = [c for c in standing.query.constraints if not catalogue.satisfies(c)[row]]
        if broken:
            yield breaks(standing, item, broken[0])
        elif (known := kept_out(standing, item.item_id)) is not None and item.item_id not in standing.context.table:
            if known.facts or known.name == "rejected":
                yield replace(known, name="known_already" if known.facts else known.name)
        else:
            open_.append(item)
    places = [place for item in open_ if (place := standing.place(item.item_id)) is not None and place.found]
    if len(places) > 1:
        order = sorted(places, key=lambda place: -place.ranked.score)
        yield _first(standing, order[0], order[1])


def _first(standing: Standing, first: Place, second: Place) -> Sentence:
    writer = standing.writer
    item_id, other = first.ranked.item_id, second.ranked.item_id
    columns = ahead_in(standing, first.ranked, second.ranked)[:1]
    values = {"title": writer.title(item_id), "more": writer.table.more(columns[0]) if columns else ""}
    facts = tuple(
        Fact(fact_id="", source="ranking", item_id=other, slot="behind_in", value=column, other_item_id=item_id)
        for column in columns
    )
    name = "fits_better" if columns else "fits_better_plain"
    return Sentence(name=name, item_id=item_id, values=values, facts=facts, also=(other,))
