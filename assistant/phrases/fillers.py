"""The slots of templates: which words of a card's material each stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from assistant.phrases.labels import clean_label, written
from assistant.phrases.material import AUTHORS, CAST, DIRECTORS, Material, Piece, Pieces
from assistant.phrases.wishes import habit, request
from assistant.types import Fact


def fill(material: Material, slot: str) -> Pieces | None:
    """The words for a template's slot, or None when no fact gives any."""
    return FILLERS[slot](material)


def _verb(fact: Fact | None) -> Pieces | None:
    return None if fact is None else (Piece(fact.slot),)


def _makers(material: Material) -> Pieces | None:
    """``directed by X`` or ``by X``, by what is known of the roles."""
    if found := material.names(DIRECTORS, 3):
        return (Piece("directed by "), *(material.list_of(found) or ()))
    if found := material.names(AUTHORS, 2):
        return (Piece("written by "), *(material.list_of(found) or ()))
    if found := material.names(frozenset({"creators", "creator", "artist", "artists"}), 2):
        return (Piece("by "), *(material.list_of(found) or ()))
    return None


def _others(material: Material) -> Pieces | None:
    """People whose role is neither known here nor the cast: ``Illustrator: X``."""
    known = DIRECTORS | AUTHORS | CAST | {"creators", "creator", "artist", "artists"}
    for each in material.names(None, 12):
        if each.slot not in known and (role := clean_label(each.slot.replace("_", " "))) is not None:
            same_role = [other for other in material.names(None, 12) if other.slot == each.slot][:1]
            return (Piece(f"{written(role)} is "), *(material.list_of(same_role) or ()))
    return None


def _many_cast(material: Material) -> Pieces | None:
    found = material.names(CAST, 3)
    return material.list_of(found) if len(found) > 1 else None


def _topics(material: Material) -> Pieces | None:
    """Two or three subjects, as the plural subject of a sentence."""
    found = [each for each in material.subjects("about") if not each.text.startswith(("a ", "an "))][:3]
    return material.list_of(found) if len(found) > 1 else None


FILLERS: Mapping[str, Callable[[Material], Pieces | None]] = {
    "request": request,
    "request_is": lambda m: request(m, predicate=True),
    "kind": lambda m: m.kind(1),
    "asked_kind": Material.asked_kind,
    "bare_kind": lambda m: m.kind(0),
    "moody_kind": lambda m: m.kind(2) if len(m.moods()) > 1 else None,
    "about": lambda m: m.about(2),
    "topic": lambda m: m.about(1),
    "topics": _topics,
    "setting": Material.setting,
    "moods": lambda m: m.list_of(m.moods()[:2]),
    "two_moods": lambda m: m.list_of(m.moods()[:2]) if len(m.moods()) > 1 else None,
    "makers": _makers,
    "director": lambda m: m.list_of(m.names(DIRECTORS, 3)),
    "author": lambda m: m.list_of(m.names(AUTHORS | {"creators", "creator"}, 2)),
    "cast": lambda m: m.list_of(m.names(CAST, 2)),
    "many_cast": _many_cast,
    "other_role": _others,
    "places": Material.places,
    "year": lambda m: m.number("year"),
    "pages": lambda m: m.number("pages"),
    "runtime": Material.runtime,
    "price": Material.price,
    "tags": Material.plain_tags,
    "filed": Material.filed,
    "attribute": Material.plain_attribute,
    "liked": lambda m: m.title_of(m.past),
    "did": lambda m: _verb(m.past),
    "liked_director": lambda m: m.shared_people(m.past, DIRECTORS),
    "liked_author": lambda m: m.shared_people(m.past, AUTHORS | {"creators", "creator"}),
    "liked_cast": lambda m: m.shared_people(m.past, CAST),
    "liked_about": lambda m: m.shared_about(m.past),
    "liked_topic": lambda m: m.shared_about(m.past, bare=True),
    "liked_setting": lambda m: m.shared_about(m.past, "set"),
    "liked_kind": lambda m: m.shared_kind(m.past),
    "liked_mood": lambda m: m.shared_mood(m.past),
    "liked_places": lambda m: m.shared_places(m.past),
    "named": lambda m: m.title_of(m.named),
    "named_director": lambda m: m.shared_people(m.named, DIRECTORS),
    "named_author": lambda m: m.shared_people(m.named, AUTHORS | {"creators", "creator"}),
    "named_cast": lambda m: m.shared_people(m.named, CAST),
    "named_about": lambda m: m.shared_about(m.named),
    "named_topic": lambda m: m.shared_about(m.named, bare=True),
    "named_setting": lambda m: m.shared_about(m.named, "set"),
    "named_kind": lambda m: m.shared_kind(m.named),
    "named_mood": lambda m: m.shared_mood(m.named),
    "habit": lambda m: habit(m, m.often),
    "told": lambda m: habit(m, m.told),
}
"""Template slot -> its words."""
