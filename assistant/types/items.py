"""Records of the catalogue, and what users did with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

Scalar = str | int | float | bool
Value = Scalar | tuple[str, ...]
"""What a slot of a record holds. Unknown is the absence of the slot, never ``None`` or ``False``."""
EventKind = Literal["view", "click", "like", "dislike", "rating", "purchase", "skip", "seen"]


def is_translation(slot: str, slots: Collection[str]) -> bool:
    """Whether a slot holds another one in another language: ``categories_zh`` where there is ``categories``."""
    base, mark, language = slot.rpartition("_")
    return bool(mark) and base in slots and len(language) == 2 and language.isascii() and language.isalpha()


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who made an item. ``role`` keeps "directed by" and "acts in" apart; None is unknown."""

    name: str
    role: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A record of the catalogue."""

    item_id: str
    title: str
    description: str | None = None
    year: int | None = None
    creators: tuple[Person, ...] = ()
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    image_url: str | None = None
    url: str | None = None
    price: float | None = None
    in_stock: bool | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)
    """Further typed attributes, by slot name (``runtime``, ``countries``, ``moods``, ``pages``)."""

    def people(self, role: str) -> tuple[str, ...]:
        """Names of the creators with this role, in the record's order."""
        return tuple(person.name for person in self.creators if person.role == role)

    def slots(self) -> dict[str, Value]:
        """Every known slot of the record except ids, addresses, free text, and what repeats a slot in another language.

        People are split by role: a slot per role (``director``, ``cast``), and ``creators`` for those without one.
        """
        slots: dict[str, Value] = {"title": self.title}
        if self.year is not None:
            slots["year"] = self.year
        for person in self.creators:
            role = person.role or "creators"
            names = slots.get(role, ())
            assert isinstance(names, tuple)
            slots[role] = (*names, person.name)
        for name in ("categories", "tags"):
            if values := getattr(self, name):
                slots[name] = values
        for name in ("price", "in_stock"):
            if (value := getattr(self, name)) is not None:
                slots[name] = value
        known = {*slots, *self.attributes, "description"}
        return slots | {name: value for name, value in self.attributes.items() if not is_translation(name, known)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something a user did with an item."""

    event_id: str
    user_id: str
    item_id: str
    kind: EventKind = "like"
    value: float | None = None
    """A rating, in the scale of the data; None for an implicit event."""
    timestamp: float | None = None
    """Unix seconds; None when the order is unknown or given by ``position``."""
    position: int | None = None
    """The order among a user's events where there are no timestamps."""
