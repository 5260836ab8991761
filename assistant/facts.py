"""The few facts that matter for this user and this item: the closed list an explanation is phrased from.

What the user asked for comes first, then what ties the item to what they liked, then what the record says. A fact is only
made when the record bears it: a request that the item does not meet, or a history item with nothing in common, is no
reason and gives none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.faithfulness.evidence import HistoryItem
from assistant.faithfulness.text import stem, stems
from assistant.faithfulness.vocabulary import vocabulary
from assistant.phrases.labels import SlotKind, clean_label, clean_name, clean_title, is_role, kind_of, word_set
from assistant.text import fold, fold_title, words
from assistant.types import Constraint, Fact, FactSource, Item, Query, Ranked, Value

Commonness = Callable[[str, str], float]
"""(slot, value) -> the share of the catalogue that has it, in [0, 1]."""

OFTEN_LEAST = 0.25
"""A value is something the user often likes when at least this share of their liked items has it."""
LEAST_STRENGTH = 0.2
"""What a liked item must share to be a reason: a genre that half the catalogue has is none."""
_TELLING: Mapping[SlotKind, float] = {
    "people": 1.0, "subjects": 0.7, "genres": 0.45, "moods": 0.35, "places": 0.3, "languages": 0.15, "other": 0.1,
}  # fmt: skip
"""How much a shared value of this kind says about why one item leads to another, were all equally rare."""
_LEAD_ROLES = ("director", "author", "authors", "creators", "creator", "artist", "writer", "writers")
_MOST_VALUES: Mapping[SlotKind, int] = {
    "people": 3,
    "subjects": 4,
    "genres": 3,
    "moods": 2,
    "places": 2,
    "languages": 2,
}
_TOO_COMMON_WORDS = word_set(
    "love like work time watch show play home night want work day life people world story stories man woman good "
    "us great best new old big little one two movie movies film films book books thing things real art light live"
)
"""Words of a request that name a tag only by accident ("I'd love something") when they stand alone."""


def _no_commonness(_slot: str, _value: str) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class _Label:
    slot: str
    value: str
    kind: SlotKind


def select_facts(
    item: Item,
    *,
    query: Query,
    ranked: Ranked | None = None,
    history: Sequence[HistoryItem] = (),
    often: Mapping[str, Mapping[str, float]] | None = None,
    limit: int = 8,
    commonness: Commonness = _no_commonness,
    told: Sequence[Fact] = (),
) -> tuple[Fact, ...]:
    """At most ``limit`` facts about ``item``, most important first, with ids ``f1``, ``f2``, … in that order.

    ``history`` holds the user's items and those that ``query.like`` names; an item that was disliked or merely seen gives
    no fact. ``often`` is slot -> value -> share of the user's liked items that have it. An ``asked_for`` fact has the
    user's words as its value and, in ``shared``, the (slot, value) of the record that meets them. Values of several words
    or names are cut to the most telling few. ``told`` are the user's stated tastes (``tastes.told_facts``): a wish that is
    one of them, and nothing of this conversation, gives a fact of what they told.
    """
    labels = tuple(_labels(item))
    remembered = _told(item, labels, query, told)
    asked = _asked(item, labels, query)
    named = _related(item, labels, history, query, ranked, commonness)
    wanted = {(slot, fold(value)) for fact in (*asked, *named, *remembered) for slot, value in fact.shared}
    habits = _often(item, labels, often or {}, wanted, commonness)
    wanted |= {(slot, fold(value)) for fact in habits for slot, value in fact.shared}
    personal = [*asked[:3], *named[:2], *remembered[:2], *habits[:1]]
    personal = personal[: max(1, limit - 2)]
    catalogue = _catalogue(item, labels, wanted, commonness)
    facts = [*personal, *catalogue][:limit]
    return tuple(replace(fact, fact_id=f"f{number}") for number, fact in enumerate(facts, 1))


def sayable(slot: str, kind: SlotKind, value: str) -> bool:
    """Whether a value of a record is short and clean enough to be said."""
    return (clean_name(value) if kind == "people" else clean_label(value)) is not None


def _roles(item: Item) -> frozenset[str]:
    return frozenset(person.role or "creators" for person in item.creators)


def _labels(item: Item) -> Iterator[_Label]:
    """The sayable words of the record, each with its slot; tags that repeat the title or a name are left out."""
    roles = _roles(item)
    names = {_plain(person.name) for person in item.creators} | {fold_title(item.title)}
    people = (value for slot, value in item.attributes.items() if is_role(slot, roles))
    names |= {_plain(str(name)) for value in people for name in (value if isinstance(value, tuple) else (value,))}
    names |= {_plain(str(item.attributes[name])) for name in ("series", "original_title") if name in item.attributes}
    for slot, value in item.slots().items():
        kind: SlotKind | None = "people" if is_role(slot, roles) else kind_of(slot)
        if kind is None or kind in ("year", "runtime", "pages") or slot == "title":
            continue
        values = value if isinstance(value, tuple) else (value,)
        for each in values:
            if isinstance(each, str) and sayable(slot, kind, each):
                if kind == "subjects" and any(
                    _plain(each) == name or _plain(each) in name.split("  ") for name in names
                ):
                    continue
                yield _Label(slot, each, kind)


def _plain(text: str) -> str:
    return " ".join(words(text.replace("-", " ").replace(".", " ").replace("'", "")))


# what the user asked for


def _asked(item: Item, labels: Sequence[_Label], query: Query) -> list[Fact]:
    """What the message and the conversation ask for. A wish in nobody's words comes from the taste memory: see ``_told``."""
    found: list[Fact] = []
    slots = item.slots()
    for constraint in (*query.constraints, *(wish for wish in query.wishes if wish.words)):
        for one in constraint.alternatives():
            found.extend(_met(item, slots, labels, one))
    said = words(query.search_text)
    stemmed = [stem(word) for word in said]
    # A word that was understood as one slot does not ask for another: "in French" is the language, not the country.
    alternatives = [one for constraint in query.constraints for one in constraint.alternatives()]
    understood = {stem(word): c.slot for c in alternatives if c.op == "any" for word in words(c.words)}
    taken: set[int] = set()
    for label in sorted(labels, key=lambda each: -len(each.value)):
        for form in _forms(label):
            at = _find(stemmed, form, taken)
            if at is None or (len(form) == 1 and said[at] in _TOO_COMMON_WORDS):
                continue
            if all(understood.get(part, label.slot) != label.slot for part in stemmed[at : at + len(form)]):
                continue
            taken |= set(range(at, at + len(form)))
            spoken = " ".join(said[at : at + len(form)])
            found.append(_fact(item, "dialogue", "asked_for", spoken, shared=((label.slot, label.value),)))
            break
    unique: dict[str, Fact] = {}
    for fact in found:
        unique.setdefault(fold(fact.shared[0][1]), fact)
    return list(unique.values())


def _told(item: Item, labels: Sequence[_Label], query: Query, told: Sequence[Fact]) -> list[Fact]:
    """Stated tastes that the item meets and that are in force: their wish stands in the query, in nobody's words."""
    wished = {
        (wish.slot, fold(value))
        for wish in query.wishes
        if not wish.words and wish.op != "none"
        for value in wish.values
    }
    people = _roles(item)
    found: list[Fact] = []
    for fact in told:
        slot, value = fact.shared[0]
        if fact.slot == "told" and (slot, fold(value)) in wished:
            met = [
                label
                for label in labels
                if fold(label.value) == fold(value)
                and (label.slot == slot or (slot == "people" and label.slot in people))
            ]
            found += [replace(fact, item_id=item.item_id, shared=((each.slot, each.value),)) for each in met[:1]]
    return found


def _forms(label: _Label) -> Iterator[tuple[str, ...]]:
    """The stems by which a request may name a value."""
    yield tuple(stem(word) for word in words(label.value.replace("-", " ")))
    if label.kind == "people":
        return
    if label.kind in ("places", "languages"):
        known = vocabulary()
        for concept in known.concept_ids(stems(label.value)):
            if known.concepts[concept].kind == "nation":
                yield from sorted(known.concepts[concept].phrases)
    if fold(label.value) in ("science fiction", "sci-fi"):
        yield from ((stem("sci"), stem("fi")), (stem("scifi"),), (stem("science"), stem("fiction")))


def _find(stemmed: Sequence[str], form: tuple[str, ...], taken: set[int]) -> int | None:
    if not form:
        return None
    for at in range(len(stemmed) - len(form) + 1):
        if tuple(stemmed[at : at + len(form)]) == form and not taken & set(range(at, at + len(form))):
            return at
    return None


def _met(item: Item, slots: Mapping[str, Value], labels: Sequence[_Label], constraint: Constraint) -> Iterator[Fact]:
    """What a constraint is met by. Negative ones are promises that the reply states once, not reasons."""
    value = slots.get(constraint.slot)
    if constraint.op == "range" and isinstance(value, int | float) and not isinstance(value, bool):
        low = constraint.low if constraint.low is not None else float("-inf")
        high = constraint.high if constraint.high is not None else float("inf")
        if low <= value <= high:
            spoken = constraint.words or constraint.label()
            yield _fact(item, "dialogue", "asked_for", spoken, shared=((constraint.slot, f"{value:g}"),))
    elif constraint.op in ("any", "all"):
        wanted = {fold(each) for each in constraint.values}
        for label in labels:
            if label.slot == constraint.slot and fold(label.value) in wanted:
                yield _fact(
                    item, "dialogue", "asked_for", constraint.words or label.value, shared=((label.slot, label.value),)
                )


# what ties it to the user's history


def _related(
    item: Item,
    labels: Sequence[_Label],
    history: Sequence[HistoryItem],
    query: Query,
    ranked: Ranked | None,
    commonness: Commonness,
) -> list[Fact]:
    """Facts about named and liked items that share something with this one, the strongest first."""
    moved = dict(ranked.history) if ranked is not None else {}
    most = max(moved.values(), default=0.0)
    scored: list[tuple[float, int, Fact]] = []
    for order, other in enumerate(history):
        named = other.item_id in query.like
        if other.item_id == item.item_id or not (named or other.relation in ("liked", "bought")):
            continue
        if clean_title(other.title) is None or fold_title(other.title) == fold_title(item.title):
            continue
        shared = _shared(item, labels, other, commonness)
        if not shared:
            continue
        strength = sum(weight for weight, _ in shared[:3])
        if not named and strength < LEAST_STRENGTH:
            continue
        if most > 0:
            strength += 0.5 * max(0.0, moved.get(other.item_id, 0.0)) / most
        pairs = tuple(pair for _, pair in shared[:4])
        source: FactSource = "dialogue" if named else "history"
        slot = "like" if named else other.relation
        fact = Fact(
            fact_id="", source=source, item_id=item.item_id, slot=slot, value=other.title, other_item_id=other.item_id,
            shared=pairs,
        )  # fmt: skip
        scored.append((strength + (10.0 if named else 0.0), -order, fact))
    scored.sort(key=lambda entry: (-entry[0], -entry[1]))
    return [fact for _, _, fact in scored]


def _shared(
    item: Item, labels: Sequence[_Label], other: HistoryItem, commonness: Commonness
) -> list[tuple[float, tuple[str, str]]]:
    """(how telling, (slot, value)) of what both records hold in the same slot, the most telling first."""
    theirs = {
        (slot, fold(each))
        for slot, value in other.record.items()
        for each in (value if isinstance(value, tuple | list) else (value,))
        if isinstance(each, str)
    }
    found: list[tuple[float, tuple[str, str]]] = []
    for label in labels:
        if (label.slot, fold(label.value)) in theirs:
            weight = _TELLING.get(label.kind, 0.0) * (1.0 - commonness(label.slot, label.value)) ** 2
            if label.kind == "people" and label.slot not in _LEAD_ROLES:
                weight *= 0.85
            if weight > 0.02 and label.kind != "languages":
                found.append((weight, (label.slot, label.value)))
    year, their_year = item.year, other.record.get("year")
    if year is not None and isinstance(their_year, int) and year // 10 == their_year // 10 and found:
        found.append((0.05, ("decade", f"{year // 10 * 10}s")))
    return sorted(found, key=lambda entry: -entry[0])


def _often(
    item: Item,
    labels: Sequence[_Label],
    often: Mapping[str, Mapping[str, float]],
    wanted: set[tuple[str, str]],
    commonness: Commonness,
) -> list[Fact]:
    scored: list[tuple[float, Fact]] = []
    for label in labels:
        share = next((s for value, s in often.get(label.slot, {}).items() if fold(value) == fold(label.value)), 0.0)
        lift = share - commonness(label.slot, label.value)
        if share < OFTEN_LEAST or lift <= 0 or (label.slot, fold(label.value)) in wanted:
            continue
        weight = lift * _TELLING.get(label.kind, 0.0)
        if weight > 0:
            pair = ((label.slot, label.value),)
            scored.append((weight, _fact(item, "profile", "often_likes", label.value, shared=pair)))
    return [fact for _, fact in sorted(scored, key=lambda entry: -entry[0])]


# what the record says


def _catalogue(
    item: Item, labels: Sequence[_Label], wanted: set[tuple[str, str]], commonness: Commonness
) -> Iterator[Fact]:
    """A fact per slot, in the order in which slots tell most: who made it, what kind it is, what it is about."""
    by_slot: dict[str, list[_Label]] = {}
    for label in labels:
        by_slot.setdefault(label.slot, []).append(label)
    roles = [slot for slot, found in by_slot.items() if found[0].kind == "people"]
    roles.sort(key=lambda slot: _LEAD_ROLES.index(slot) if slot in _LEAD_ROLES else len(_LEAD_ROLES))

    def of(kind: SlotKind) -> list[str]:
        return [slot for slot, found in by_slot.items() if found[0].kind == kind]

    order: list[str] = [
        *roles[:1], *of("genres"), *of("subjects"), *of("moods"), *roles[1:2], "runtime", "year", "pages", *of("places"),
        *roles[2:], *of("other"), "price", *of("languages"),
    ]  # fmt: skip
    slots = item.slots()
    numeric: dict[str, str] = {kind: name for name in slots if (kind := kind_of(name)) in ("year", "runtime", "pages")}
    for slot in dict.fromkeys(order):
        if slot in by_slot:
            found = by_slot[slot]
            kept = _most_telling(found, wanted, commonness)
            whole = slots[slot]
            yield _fact(item, "catalogue", slot, kept if isinstance(whole, tuple) else kept[0])
            continue
        name = numeric.get(slot, slot)
        value = slots.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            yield _fact(item, "catalogue", name, value)


def _most_telling(found: Sequence[_Label], wanted: set[tuple[str, str]], commonness: Commonness) -> tuple[str, ...]:
    """The few values of a slot worth saying, those already tied to the user first, in the record's order otherwise."""
    most = _MOST_VALUES.get(found[0].kind, 2)
    if len(found) <= most:
        return tuple(label.value for label in found)
    ordered = sorted(
        enumerate(found),
        key=lambda entry: (
            (entry[1].slot, fold(entry[1].value)) not in wanted,
            commonness(entry[1].slot, entry[1].value) if entry[1].kind == "subjects" else 0.0,
            entry[0],
        ),
    )
    kept = {index for index, _ in ordered[:most]}
    return tuple(label.value for index, label in enumerate(found) if index in kept)


def _fact(item: Item, source: FactSource, slot: str, value: Value, *, shared: Iterable[tuple[str, str]] = ()) -> Fact:
    return Fact(
        fact_id="",
        source=source,
        item_id=item.item_id,
        slot=slot,
        value=value,
        shared=tuple(shared),
    )
