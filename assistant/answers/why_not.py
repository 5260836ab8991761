"""Why an item is not recommended: it was shown or turned down, it breaks a promise, or others come before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assistant.answers.known import kept_out
from assistant.answers.standing import Place, Standing, at_position
from assistant.answers.write import Sentence
from assistant.text import fold
from assistant.types import Constraint, Fact, Item, Ranked

LEAST_BEHIND = 0.01
"""A column in which the other item is ahead by less than this share of the scores' range says nothing."""
MOST_BROKEN = 3
"""Broken promises that an answer names."""


def why_not(standing: Standing, item_id: str) -> Iterator[Sentence]:
    """Why an item of the catalogue is not in the list; where it comes, if it is."""
    writer, query = standing.writer, standing.query
    item, title = writer.item(item_id), writer.title(item_id)
    row = writer.serving.catalogue.row_of[item_id]
    broken = [c for c in query.constraints if not writer.serving.catalogue.satisfies(c)[row]]
    known = kept_out(standing, item_id)
    if known is not None:
        yield known
    for number, constraint in enumerate(broken[:MOST_BROKEN]):
        yield breaks(standing, item, constraint, again=number > 0)
        yield from _as_told(standing, item, constraint)
    if broken:
        if known is None and len(broken) == 1:
            yield from _without(standing, item_id, broken[0])
        return
    if known is not None:
        return
    if item_id in query.excluded:
        yield Sentence(name="excluded", item_id=item_id, values={"title": title})
        return
    place = standing.place(item_id)
    if place is None:
        return
    table = standing.context.table or tuple(ranked.item_id for ranked in standing.ranking[: query.k])
    if item_id in table:
        yield at_position("on_table", writer, replace(place, position=table.index(item_id) + 1))
        return
    if not place.found:
        facts = (writer.ranked(item_id, "position_of", place.count - 1),)
        yield Sentence(
            name="not_found", item_id=item_id, values={"title": title, "count": str(place.count - 1)}, facts=facts
        )
    else:
        yield at_position("would_be", writer, place)
    yield from _behind(standing, item, place)


def breaks(standing: Standing, item: Item, constraint: Constraint, *, again: bool = False) -> Sentence:
    """That an item breaks a promise, with the value that breaks it; or that its record does not say."""
    writer = standing.writer
    values = {"title": writer.title(item.item_id), "asked": writer.table.promise(constraint)}
    slots = sorted(writer.serving.catalogue.roles) if constraint.slot == "people" else [constraint.slot]
    found = None
    for slot in slots:
        found = found or _breaking(standing, item, slot, constraint)
    if found is not None:
        values["says"] = found[0]
        name = "ruled_out" if constraint.op in ("none", "outside") else "breaks"
        name = f"also_{name}" if again else name
        return Sentence(name=name, item_id=item.item_id, values=values, facts=(found[1],))
    values["what"] = writer.table.slot(constraint.slot).what
    held = constraint.slot in item.slots() or (constraint.slot == "people" and item.creators)
    return Sentence(name="breaks_plain" if held else "breaks_unknown", item_id=item.item_id, values=values)


def _as_told(standing: Standing, item: Item, constraint: Constraint) -> Iterator[Sentence]:
    """The words of the taste memory that a promise comes from, if it comes from there."""
    writer = standing.writer
    folded = {(constraint.slot, fold(value)) for value in constraint.values}
    for fact in writer.told:
        slot, value = fact.shared[0]
        if fact.slot == "told_not" and not constraint.words and (slot, fold(value)) in folded:
            quoted = writer.said_by_user(str(fact.value))
            if quoted is not None:
                own = (writer.about(fact, item),)
                yield Sentence(
                    name="told_never", item_id=item.item_id, values={"quoted": quoted}, facts=own, quotes=True
                )


def _breaking(standing: Standing, item: Item, slot: str, constraint: Constraint) -> tuple[str, Fact] | None:
    """What the record says that breaks the promise."""
    writer = standing.writer
    if constraint.op != "none":
        return writer.says(item, slot)
    return writer.says_values(item, slot, constraint.values)


def _without(standing: Standing, item_id: str, constraint: Constraint) -> Iterator[Sentence]:
    """Where the item would come without the promise."""
    writer = standing.writer
    if standing.again is None:
        return
    query = replace(standing.query, constraints=tuple(c for c in standing.query.constraints if c is not constraint))
    found, profile = standing.again(query)
    supposed = replace(standing, query=query, found=found, writer=replace(writer, profile=profile))
    if (place := supposed.place(item_id)) is not None and place.found:
        yield at_position("without_it", writer, place)


def _behind(standing: Standing, item: Item, place: Place) -> Iterator[Sentence]:
    """What the last of the list has more of than the item."""
    writer = standing.writer
    k = min(standing.query.k, len(standing.ranking))
    ahead = standing.ranking[k - 1] if k else None
    if ahead is None or ahead.item_id == item.item_id:
        return
    columns = ahead_in(standing, ahead, place.ranked)
    if not columns:
        return
    phrases = list(dict.fromkeys(writer.table.more(column) for column in columns))[:2]
    facts = (
        writer.ranked(ahead.item_id, "position", k),
        *(
            Fact(
                fact_id="", source="ranking", item_id=item.item_id, slot="behind_in", value=column,
                other_item_id=ahead.item_id,
            )
            for column in columns[:2]
        ),
    )  # fmt: skip
    values = {
        "title": writer.title(item.item_id),
        "other": writer.title(ahead.item_id),
        "position": str(k),
        "more": phrases[0],
        "second": phrases[-1],
    }
    name = "would_be_ahead_two" if len(phrases) > 1 else "would_be_ahead"
    yield Sentence(name=name, item_id=ahead.item_id, values=values, facts=facts, also=(item.item_id,))
    yield from _preferred(standing, ahead.item_id, item)


def ahead_in(standing: Standing, ahead: Ranked, behind: Ranked) -> list[str]:
    """The columns in which one item is ahead of another, that which makes the most of the difference first.

    A column counts when it contributed more and its own value is higher; "newer" must be true of the years as well.
    """
    gaps = {
        name: part - behind.contributions.get(name, 0.0)
        for name, part in ahead.contributions.items()
        if ahead.columns.get(name, 0.0) > behind.columns.get(name, 0.0) or name not in behind.columns
    }
    years = [standing.writer.item(ranked.item_id).year for ranked in (ahead, behind)]
    if years[0] is None or years[1] is None or years[0] <= years[1]:
        gaps.pop("recency", None)
    return sorted((name for name, gap in gaps.items() if gap > LEAST_BEHIND), key=lambda name: -gaps[name])


def _preferred(standing: Standing, other: str, item: Item) -> Iterator[Sentence]:
    """A wish that the other item meets and this one does not."""
    writer, catalogue = standing.writer, standing.writer.serving.catalogue
    for wish in standing.query.wishes:
        met = catalogue.satisfies(wish)
        if met[catalogue.row_of[other]] and not met[catalogue.row_of[item.item_id]]:
            if (found := writer.says_values(writer.item(other), wish.slot, wish.values)) is not None:
                values = {"other": writer.title(other), "says": found[0]}
                yield Sentence(name="wish_met_by_other", item_id=other, values=values, facts=(found[1],))
            return
