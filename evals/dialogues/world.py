"""The typed attributes of an index that a user can speak of, and whether an item meets a constraint.

The check of single items is written apart from ``Catalogue.satisfies``, so that an error there does not hide itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assistant.catalogue import Catalogue
from assistant.text import fold, words
from assistant.types import Constraint, Item, Value
from evals.errors import EvaluationError

Kind = Literal["label", "people", "number", "flag"]
Mask = NDArray[np.bool_]

_CODE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,4})?")
"""A code of a language or country, which nobody says."""
_MEASURE = re.compile(r"\d+(?:[.,]\d+)?\s*\D{1,8}")
"""A number with a unit that was indexed as text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorldSettings:
    """Which attributes and values users speak of."""

    skip: frozenset[str] = frozenset()
    """Slots that nobody speaks of, such as an edition's number."""
    coverage: float = 0.2
    """The least share of items that must have the slot; people are exempt."""
    least: int = 3
    """A value is spoken of when at least so many items have it; a person when two have."""
    most: float = 0.7
    """And when at most this share of the items has it: what nearly all have says nothing."""
    longest: int = 30
    """Characters of a value that can be said."""
    distinct: int = 5
    """Different numbers that a numeric slot needs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """A slot and the values of it that users speak of, most frequent first; none for numbers."""

    slot: str
    kind: Kind
    values: tuple[str, ...] = ()


def meets(item: Item, constraint: Constraint, roles: Iterable[str] = ()) -> bool:
    """Whether an item meets a constraint, by its record. ``roles`` are the slots that ``people`` stands for."""
    slots = item.slots()
    if constraint.op in ("range", "outside"):
        value = slots.get(constraint.slot)
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
        inside = (
            number is not None
            and (constraint.low is None or number >= constraint.low)
            and (constraint.high is None or number <= constraint.high)
        )
        return inside if constraint.op == "range" else not inside
    asked = set(roles) if constraint.slot == "people" else {constraint.slot}
    held = {fold(word) for slot in asked for word in _words_of(slots.get(slot))}
    wanted = {fold(value) for value in constraint.values}
    if constraint.op == "all":
        return wanted <= held
    return bool(wanted & held) if constraint.op == "any" else not wanted & held


def _words_of(value: Value | None) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    return value if isinstance(value, tuple) else (str(value),)


class World:
    """A catalogue as the benchmark sees it."""

    def __init__(
        self,
        catalogue: Catalogue,
        settings: WorldSettings | None = None,
        *,
        sayable: Mapping[str, str] | None = None,
        native: re.Pattern[str] | None = None,
    ) -> None:
        """With ``native``, labels are spoken of only where they match it or ``sayable`` translates them.

        Raises ``EvaluationError`` where the index has too few attributes to make tasks of.
        """
        self.catalogue = catalogue
        self.settings = settings or WorldSettings()
        self._sayable = sayable or {}
        self._native = native
        self._spoken: dict[str, dict[str, str]] = {}
        self.attributes: Mapping[str, Attribute] = {a.slot: a for a in self._attributes()}
        if len(self.attributes) < 3:
            found = ", ".join(f"{a.slot} ({a.kind})" for a in self.attributes.values()) or "none"
            raise EvaluationError(
                f"Of the {len(catalogue):,} items only these attributes can be spoken of: {found}. Tasks need three or "
                "more: categories, tags, people, numbers or labels that several items share. Index a catalogue with "
                "more typed columns, and name columns that it has under another name: assistant index FILE --data DIR "
                "--map categories=COLUMN"
            )

    def _attributes(self) -> Iterable[Attribute]:
        catalogue, settings = self.catalogue, self.settings
        n = len(catalogue)
        for slot, column in sorted(catalogue.numbers.items()):
            known = column[~np.isnan(column)]
            ids = len(known) > 50 and slot.endswith("_id")
            if slot in settings.skip or ids or len(known) < settings.coverage * n:
                continue
            if len(np.unique(known)) >= settings.distinct:
                yield Attribute(slot=slot, kind="number")
        owners: dict[str, set[str]] = {}
        for slot, labels in catalogue.labels.items():
            for value in labels.rows if slot not in catalogue.roles else ():
                owners.setdefault(value, set()).add(slot)
        for slot, labels in sorted(catalogue.labels.items()):
            if slot in settings.skip:
                continue
            people = slot in catalogue.roles
            counts = {value: len(rows) for value, rows in labels.rows.items()}
            if set(counts) <= {"yes", "no"}:
                if 0 < counts.get("yes", 0) < n:
                    yield Attribute(slot=slot, kind="flag", values=("yes",))
                continue
            covered = len(np.unique(np.concatenate(list(labels.rows.values()))))
            measures = sum(bool(_MEASURE.fullmatch(v)) for v in counts)
            codes = sum(bool(_CODE.fullmatch(labels.display[v])) for v in counts)
            if not people and (covered < settings.coverage * n or max(measures, codes) > len(counts) / 2):
                continue
            least = 2 if people else settings.least
            values = [
                labels.display[value]
                for value, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
                if least <= count <= settings.most * n
                and (people or len(owners[value]) == 1)
                and self._can_be_said(labels.display[value], people=people)
            ]
            if len(values) >= 2:
                yield Attribute(slot=slot, kind="people" if people else "label", values=tuple(values))

    def _can_be_said(self, value: str, *, people: bool) -> bool:
        if len(value) > self.settings.longest or re.search(r"[<>{}\[\]|/\\]|https?:", value):
            return False
        if not people and fold_name(value) in self._names:
            return False
        if self._native is None or people:
            return True
        return bool(self._native.search(value)) or fold(value) in self._sayable

    @cached_property
    def _names(self) -> frozenset[str]:
        """People as they may stand among the tags (``suzanne-collins``), which would be two things in one word."""
        labels = self.catalogue.labels
        return frozenset(
            fold_name(name) for role in self.catalogue.roles if role in labels for name in labels[role].rows
        )

    def spoken(self, slot: str) -> Mapping[str, str]:
        """Folded value of the slot to how users say it."""
        if slot not in self._spoken:
            self._spoken[slot] = {fold(value): value for value in self.attributes[slot].values}
        return self._spoken[slot]

    def mask(self, constraint: Constraint) -> Mask:
        """(n_items,) which items meet a constraint."""
        return self.catalogue.satisfies(constraint)

    def fitting(self, constraints: Iterable[Constraint]) -> Mask:
        """(n_items,) which items meet every one."""
        mask: Mask = np.ones(len(self.catalogue), dtype=bool)
        for constraint in constraints:
            mask &= self.mask(constraint)
        return mask

    def item(self, item_id: str) -> Item | None:
        """The item, None when the catalogue has none of this id."""
        row = self.catalogue.row_of.get(item_id)
        return None if row is None else self.catalogue.item(row)

    def meets_all(self, item_id: str, constraints: Sequence[Constraint]) -> bool:
        """Whether the item exists and meets every constraint, by its record."""
        item = self.item(item_id)
        return item is not None and all(meets(item, c, self.catalogue.roles) for c in constraints)


def fold_name(name: str) -> str:
    """A name as it may stand among tags: ``J.K. Rowling``, ``j-k-rowling`` and ``rowling-j-k`` are the same."""
    return " ".join(sorted(words(name.replace("-", " ").replace(".", " "))))
