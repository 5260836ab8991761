"""Business rules over one catalogue: who they are about, and what they do to a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.arranging.lists import Entry, by_score, note_moves
from assistant.arranging.rule_file import Condition, RuleFile
from assistant.catalogue import Catalogue, Mask
from assistant.errors import did_you_mean
from assistant.text import fold
from assistant.types import Item, Placement, Stage

PINNED = "Pinned"
"""The label of a pinned item whose rule gives none."""


@dataclass(frozen=True, kw_only=True)
class BoundPin:
    """A pin; of ``row`` and ``mask`` (n_items,) one is None."""

    name: str
    position: int
    label: str
    row: int | None
    mask: Mask | None


@dataclass(frozen=True, kw_only=True)
class BoundPush:
    """A boost or a bury."""

    name: str
    stage: Stage
    mask: Mask
    """(n_items,) which items it is about."""
    by: float
    """A share of the range of scores, negative to bury."""


@dataclass(frozen=True, kw_only=True)
class BoundCap:
    """A cap."""

    name: str
    slot: str
    most: int
    within: int

    def values(self, item: Item) -> tuple[str, ...]:
        """What the item has in the slot, folded; an item of which nothing is known there is never capped."""
        if self.slot == "people":
            return tuple(dict.fromkeys(fold(person.name) for person in item.creators))
        value = item.slots().get(self.slot, ())
        return tuple(fold(str(each)) for each in (value if isinstance(value, tuple) else (value,)))


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rules of a file, for one state of the catalogue."""

    pins: tuple[BoundPin, ...] = ()
    pushes: tuple[BoundPush, ...] = ()
    caps: tuple[BoundCap, ...] = ()
    withheld: frozenset[str] = frozenset()
    """Ids that ``in_stock_only`` leaves out: those known not to be in stock."""
    in_stock_only: bool = False
    problems: tuple[str, ...] = ()
    """Rules that can do nothing in this catalogue, and why; they are left out."""

    @property
    def move(self) -> bool:
        """Whether any of them may move an item in a list, beyond leaving it out."""
        return bool(self.pins or self.pushes or self.caps)


def bind(file: RuleFile, catalogue: Catalogue) -> Rules:
    """The rules for a catalogue. One that names a slot or an item that it does not have becomes a problem."""
    slots = {*catalogue.labels, *catalogue.numbers}
    problems: list[str] = []

    def known(kind: str, name: str, used: Iterable[str]) -> bool:
        for slot in used:
            if slot not in slots and slot != "people":
                hint = did_you_mean(slot, (*slots, "people"))
                problems.append(f"{kind} {name!r}: no item has a slot {slot!r}.{hint}")
                return False
        return True

    pins = []
    for name, pin in zip(file.names("pin"), file.pin, strict=True):
        row, mask = None, None
        if pin.item is not None:
            row = catalogue.row_of.get(pin.item)
            if row is None:
                problems.append(f"pin {name!r}: there is no item {pin.item!r}.{did_you_mean(pin.item, catalogue.ids)}")
                continue
        elif pin.where is not None:
            if not known("pin", name, (condition.slot for condition in pin.where)):
                continue
            mask = meeting(pin.where, catalogue)
        pins.append(BoundPin(name=name, position=pin.position, label=pin.label or PINNED, row=row, mask=mask))
    pushes = []
    stages: tuple[tuple[Stage, float], ...] = (("boost", 1.0), ("bury", -1.0))
    for stage, sign in stages:
        for name, push in zip(file.names(stage), getattr(file, stage), strict=True):
            if known(stage, name, (condition.slot for condition in push.where)):
                mask = meeting(push.where, catalogue)
                pushes.append(BoundPush(name=name, stage=stage, mask=mask, by=sign * push.by))
    caps = [
        BoundCap(name=name, slot=cap.slot, most=cap.most, within=cap.within)
        for name, cap in zip(file.names("cap"), file.cap, strict=True)
        if known("cap", name, (cap.slot,))
    ]
    withheld: frozenset[str] = frozenset()
    if file.in_stock_only and (column := catalogue.labels.get("in_stock")) is not None:
        gone = column.rows.get("no")
        withheld = frozenset(catalogue.ids[row] for row in (gone.tolist() if gone is not None else ()))
    return Rules(
        pins=tuple(sorted(pins, key=lambda pin: pin.position)),
        pushes=tuple(pushes),
        caps=tuple(caps),
        withheld=withheld,
        in_stock_only=file.in_stock_only,
        problems=tuple(problems),
    )


def touched(rules: Rules, catalogue: Catalogue) -> list[tuple[str, str, int]]:
    """(kind, name, number of items that it is about) of every rule: for a cap, items of which something is known in its
    slot."""
    counts: list[tuple[str, str, int]] = []
    if rules.in_stock_only:
        counts.append(("in_stock_only", "not in stock", len(rules.withheld)))
    counts += [("pin", pin.name, 1 if pin.mask is None else int(pin.mask.sum())) for pin in rules.pins]
    counts += [(push.stage, push.name, int(push.mask.sum())) for push in rules.pushes]
    items = [catalogue.item(row) for row in range(len(catalogue))] if rules.caps else []
    counts += [("cap", cap.name, sum(bool(cap.values(item)) for item in items)) for cap in rules.caps]
    return counts


def meeting(where: Sequence[Condition], catalogue: Catalogue) -> Mask:
    """(n_items,) of which items all conditions hold."""
    mask = np.ones(len(catalogue), bool)
    for condition in where:
        mask &= catalogue.satisfies(condition.constraint())
    return mask


def pushed(entries: list[Entry], push: BoundPush, unit: float) -> list[Entry]:
    """The list after a boost or a bury: scores of the items that it is about are moved by ``by · unit``."""
    moved = [entry for entry in entries if push.mask[entry.row]]
    for entry in moved:
        entry.score += push.by * unit
        entry.given[f"{push.stage} {push.name!r}"] = push.by * unit
    after = by_score(entries)
    words = f"{'raised' if push.by > 0 else 'lowered'} by rule {push.name!r}"
    about = {id(entry) for entry in moved}
    before = {id(entry): position for position, entry in enumerate(entries, 1)}
    for position, entry in enumerate(after, 1):
        was = before[id(entry)]
        if id(entry) in about:
            reason = words
        elif push.by > 0 and position > was:
            reason = f"made room for what was {words}"
        else:
            continue
        entry.placements.append(Placement(stage=push.stage, reason=reason, before=was, after=position, rule=push.name))
    return after


def capped(entries: list[Entry], cap: BoundCap, catalogue: Catalogue, fixed: Sequence[int] = ()) -> list[Entry]:
    """The list in which no value of the slot comes more than ``most`` times within the first ``within`` positions.

    ``fixed`` are rows of pinned items, which count. An item over the cap waits behind those positions; where nothing else
    is left it comes all the same: a cap orders, and empties no list.
    """
    counts = Counter(value for row in fixed for value in cap.values(catalogue.item(row)))
    room = max(cap.within - len(fixed), 0)
    first: list[Entry] = []
    waiting: list[Entry] = []
    at = 0
    while at < len(entries) and len(first) < room:
        entry = entries[at]
        values = cap.values(catalogue.item(entry.row))
        if any(counts[value] >= cap.most for value in values):
            waiting.append(entry)
        else:
            counts.update(values)
            first.append(entry)
        at += 1
    after = [*first, *waiting, *entries[at:]]
    note_moves(
        entries,
        after,
        "cap",
        up=f"moved up in place of others by rule {cap.name!r}",
        down=f"held back by rule {cap.name!r}: {cap.most} of the same {cap.slot} stand above it",
        rule=cap.name,
    )
    return after


def chosen_pins(rules: Rules, entries: Sequence[Entry], allowed: Mask, k: int) -> list[tuple[BoundPin, int]]:
    """The pins of a list of ``k`` with the row that each puts there: of allowed items alone, each once."""
    taken: set[int] = set()
    pins: list[tuple[BoundPin, int]] = []
    for pin in rules.pins:
        if pin.position > k:
            continue
        row = pin.row
        if pin.mask is not None:
            mask = pin.mask
            row = next((e.row for e in entries if mask[e.row] and allowed[e.row] and e.row not in taken), None)
        if row is not None and allowed[row] and row not in taken:
            taken.add(row)
            pins.append((pin, row))
    return pins
