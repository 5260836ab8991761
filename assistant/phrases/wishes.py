"""What the user asked for and what they often like, as noun phrases."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.phrases.kinds import combine, genre_of, liked_kind, plural_noun
from assistant.phrases.labels import article, clean_label, clean_name, kind_of, place
from assistant.phrases.material import CAST, LEADS, Material, Piece, Pieces, Said
from assistant.phrases.subjects import mood_of, subject_of
from assistant.text import fold
from assistant.types import Fact


def request(material: Material, *, predicate: bool = False) -> Pieces | None:
    """``a playful comedy from Japan about robots``: what the user asked for and the item has, as one noun phrase.

    Without a genre it is ``something playful from Japan``, or for a ``predicate`` just ``playful from Japan``.
    """
    by_kind: dict[str, list[Said]] = {}
    years: list[Said] = []
    for fact in material.asked:
        slot, value = fact.shared[0]
        if predicate and (slot, fold(value)) in material.said:
            continue
        if kind_of(slot) == "year":
            decade = f"{str(value)[:3]}0s"
            spoken = fold(str(fact.value))
            if decade[2:4] in spoken or decade in spoken:
                years.append(Said(f"the {decade}", fact.fact_id, slot, value))
            continue
        kind = material.slot_kind(slot) or ""
        if kind == "subjects" and genre_of(clean_label(value) or "") is not None:
            kind = "genres"
        by_kind.setdefault(kind, []).append(Said(clean_label(value) or value, fact.fact_id, slot, value))
    genres = by_kind.get("genres", [])
    moods = [Said(m, e.fact, e.slot, e.value) for e in by_kind.get("moods", []) if (m := mood_of(e.value))]
    subjects = [
        (Said(subject.words, each.fact, each.slot, each.value), subject.use)
        for each in by_kind.get("subjects", [])
        if (subject := subject_of(each.value)) is not None
    ]
    people = [Said(n, e.fact, e.slot, e.value) for e in by_kind.get("people", []) if (n := clean_name(e.value))]
    countries = [Said(place(e.value), e.fact, e.slot, e.value) for e in by_kind.get("places", [])]
    phrase = combine([each.text for each in genres], material.noun) if genres else None
    about = [said for said, use in subjects if use == "about"][:2]
    settings = [said for said, use in subjects if use == "set"][:1]
    looks = [said for said, use in subjects if use == "look"]
    used = [each for each in genres if phrase is not None and each.text in phrase[1]]
    adjectives = [each for each in (*moods, *looks) if not material.tautology(each, used)][:2]
    directors = [each for each in people if each.slot in LEADS][:1]
    cast = [each for each in people if each not in directors][:2]
    parts = (
        (" from ", countries[:1]), (" from ", years[:1]), (" by ", directors), (" with ", cast), (" set ", settings),
        (" about ", about),
    )  # fmt: skip
    rest = [joined for before, found in parts if (joined := _joined(material, before, found))]
    if phrase is None and not adjectives and not rest:
        return None
    material.requested = tuple(used)
    if phrase is None:
        if predicate:
            return _conjoined([*([material.list_of(adjectives) or ()] if adjectives else []), *rest])
        return (Piece("something"), *_joined(material, " ", adjectives), *(piece for part in rest for piece in part))
    material.mark(*used, *adjectives)
    pieces = [Piece(f"{article(adjectives[0].text if adjectives else phrase[0])} ")]
    for each in adjectives:
        pieces += [Piece(each.text, (each.fact,)), Piece(" ")]
    pieces.append(Piece(phrase[0], tuple(dict.fromkeys(each.fact for each in used))))
    return (*pieces, *(piece for part in rest for piece in part))


def _joined(material: Material, before: str, found: Sequence[Said]) -> list[Piece]:
    pieces = material.list_of(found)
    return [] if pieces is None else [Piece(before), *pieces]


def _conjoined(parts: Sequence[Sequence[Piece]]) -> Pieces:
    """Predicates in a row: ``playful, from Japan and about family``."""
    pieces: list[Piece] = []
    for index, part in enumerate(parts):
        if index:
            pieces.append(Piece(" and" if index == len(parts) - 1 else ","))
        pieces.extend(part if index else (Piece(part[0].text.lstrip(), part[0].facts), *part[1:]))
    return tuple(pieces)


def habit(material: Material, fact: Fact | None) -> Pieces | None:
    """``comedies``, ``films with Bill Murray``, ``stories about survival``: what the user likes, by a fact of one pair."""
    if fact is None:
        return None
    slot, value = fact.shared[0]
    key = (slot, fold(value))
    if key in material.said:
        return None
    kind, noun = material.slot_kind(slot), plural_noun(material.noun)
    text: str | None = None
    if kind == "genres" or (kind == "subjects" and genre_of(clean_label(value) or "") is not None):
        text = liked_kind(clean_label(value) or value, material.noun)
    elif kind == "moods" and (mood := mood_of(value)) is not None:
        text = f"{mood} {noun}"
    elif kind == "subjects" and (subject := subject_of(value)) is not None:
        join = {"about": "about ", "set": "set ", "look": ""}[subject.use]
        text = f"{noun} {join}{subject.words}" if subject.use != "look" else f"{subject.words} {noun}"
    elif kind == "people" and (name := clean_name(value)) is not None:
        text = f"{noun} {'with' if slot in CAST else 'by'} {name}"
    elif kind == "places":
        text = f"{noun} from {place(value)}"
    if text is None:
        return None
    material.said.add(key)
    return (Piece(text, (fact.fact_id,)),)
