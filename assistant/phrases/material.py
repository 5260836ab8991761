"""The facts of one card, ready to be set into sentences: each slot of a template asks here for its words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.phrases.kinds import combine, genre_of, noun_of
from assistant.phrases.labels import (
    article,
    clean_label,
    clean_name,
    clean_title,
    is_role,
    kind_of,
    listed,
    place,
    quoted_title,
    written,
)  # fmt: skip
from assistant.phrases.subjects import mood_of, subject_of
from assistant.text import fold
from assistant.types import Fact, Value


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a sentence and the facts it rests on."""

    text: str
    facts: tuple[str, ...] = ()


Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A value as it is said, the fact it comes from, and the key under which it counts as said."""

    text: str
    fact: str
    slot: str
    value: str
    plural: bool = False


_TAUTOLOGIES = {
    ("funny", "comedy"), ("romantic", "romance"), ("frightening", "horror"), ("suspenseful", "thriller"),
    ("tense", "thriller"), ("satirical", "satire"), ("scary", "horror"), ("hilarious", "comedy"), ("humorous", "comedy"),
    ("romantic", "comedy"), ("dark", "noir"), ("violent", "war"), ("adventurous", "adventure"),
    ("mysterious", "mystery"), ("suspense", "thriller"), ("dark", "comedy"), ("dark", "thriller"), ("eerie", "horror"),
    ("chilling", "horror"), ("epic", "fantasy"), ("satirical", "comedy"), ("slapstick", "comedy"), ("noir", "noir"),
}  # fmt: skip
_QUICK = range(60, 91)
DIRECTORS = frozenset({"director", "directors"})
AUTHORS = frozenset({"author", "authors", "writer", "writers"})
LEADS = DIRECTORS | AUTHORS | {"creators", "creator", "artist", "artists"}
CAST = frozenset({"cast", "actor", "actors", "performers"})


@dataclass(slots=True)
class Material:
    """What the facts of a card offer, and what of it has been said already.

    ``record`` gives the catalogue's own noun and the roles of people; nothing is said that no fact holds.
    """

    facts: Sequence[Fact]
    record: Mapping[str, Value]
    noun: str | None = None
    said: set[tuple[str, str]] = field(default_factory=set)
    requested: tuple[Said, ...] = ()
    """The genres of the request, once it has been said."""

    def __post_init__(self) -> None:
        self.noun = self.noun or noun_of(self.record)

    # facts by source

    def of(self, slot: str, *sources: str) -> list[Fact]:
        """Facts of a slot from the sources (any source when none is named), in order."""
        return [fact for fact in self.facts if fact.slot == slot and (not sources or fact.source in sources)]

    @property
    def past(self) -> Fact | None:
        """The first liked or bought item with something shared and a title that can be said."""
        for fact in self.facts:
            if fact.source == "history" and fact.slot in ("liked", "bought") and fact.shared and _titled(fact):
                return fact
        return None

    @property
    def named(self) -> Fact | None:
        """The first item that the user named, with something shared."""
        return next((fact for fact in self.of("like", "dialogue") if fact.shared and _titled(fact)), None)

    @property
    def asked(self) -> list[Fact]:
        return [fact for fact in self.of("asked_for", "dialogue") if fact.shared]

    @property
    def often(self) -> Fact | None:
        return next((fact for fact in self.of("often_likes", "profile") if fact.shared), None)

    @property
    def told(self) -> Fact | None:
        return next((fact for fact in self.of("told", "profile") if fact.shared), None)

    def mark(self, *said: Said) -> None:
        self.said |= {(each.slot, fold(each.value)) for each in said}
        people = [each for each in said if self.slot_kind(each.slot) == "people"]
        self.said |= {("name", fold(each.text)) for each in people}
        self.said |= {("role", each.slot) for each in people if each.slot in LEADS}

    def _labels(self, kind: str) -> list[Said]:
        """The unsaid values of a kind: those of dialogue, history and profile before those of the catalogue."""
        found: dict[tuple[str, str], Said] = {}
        for fact in self.facts:
            pairs: Iterable[tuple[str, str]]
            if fact.source == "catalogue":
                values = fact.value if isinstance(fact.value, tuple) else (fact.value,)
                pairs = [(fact.slot, value) for value in values if isinstance(value, str)]
            else:
                pairs = fact.shared
            for slot, value in pairs:
                key = (slot, fold(value))
                if key not in self.said and key not in found and self.slot_kind(slot) == kind:
                    cited = (
                        fact.fact_id if fact.source == "catalogue" else self._catalogue_id(slot, value) or fact.fact_id
                    )
                    found[key] = Said(value, cited, slot, value)
        return list(found.values())

    def unsaid(self, kind: str) -> list[Said]:
        """The values of a kind that were not said yet, the most telling first, as the record writes them."""
        return self._labels(kind)

    def _catalogue_id(self, slot: str, value: str) -> str | None:
        for fact in self.of(slot, "catalogue"):
            values = fact.value if isinstance(fact.value, tuple) else (fact.value,)
            if any(isinstance(each, str) and fold(each) == fold(value) for each in values):
                return fact.fact_id
        return None

    def slot_kind(self, slot: str) -> str | None:
        if slot == "decade":
            return "decade"
        if kind_of(slot) == "people" or is_role(slot, frozenset()):
            return "people"
        return kind_of(slot)

    # nouns

    def kind(self, most_moods: int = 1, wanted: Sequence[Said] = ()) -> Pieces | None:
        """``a funny science fiction comedy``: genres as a noun phrase with moods before it, article included."""
        genres = list(wanted) or self.genres()
        phrase = combine([each.text for each in genres], self.noun)
        if phrase is None:
            return None
        text, labels = phrase
        used = [each for each in genres if each.text in labels]
        moods = [mood for mood in self.moods() if not self.tautology(mood, used)][:most_moods]
        looks = self.looks()[:1] if not most_moods or not moods else []
        before = [*moods, *looks]
        self.mark(*used, *before)
        first = before[0].text if before else text
        pieces = [Piece(f"{article(first)} ")]
        for index, each in enumerate(before):
            pieces.append(Piece(each.text, (each.fact,)))
            pieces.append(Piece(", " if index + 1 < len(before) else " "))
        pieces.append(Piece(text, tuple(dict.fromkeys(each.fact for each in used))))
        return tuple(pieces)

    def asked_kind(self) -> Pieces | None:
        """The kind with what was asked for in it: a crime film that was asked for is "a crime drama", not "a drama"."""
        if not self.requested:
            return self.kind(1)
        genres = [*self.requested, *(each for each in self.genres() if each not in self.requested)]
        phrase = combine([each.text for each in genres], self.noun)
        if phrase is None or len(phrase[1]) <= len(self.requested):
            return None
        return self.kind(1, genres)

    def genres(self) -> list[Said]:
        """Unsaid genres, and unsaid tags that are genres where the record has no categories."""
        found = self._labels("genres")
        if not found:
            found = [each for each in self._labels("subjects") if genre_of(clean_label(each.value) or "") is not None]
            found = [Said(clean_label(each.value) or each.value, each.fact, each.slot, each.value) for each in found]
        return found

    def tautology(self, mood: Said, genres: Sequence[Said]) -> bool:
        return any((mood.text, fold(genre.text)) in _TAUTOLOGIES for genre in genres)

    def moods(self) -> list[Said]:
        said = {value for _, value in self.said}
        return [
            Said(text, each.fact, each.slot, each.value)
            for each in self._labels("moods")
            if (text := mood_of(each.value)) is not None and not any((text, genre) in _TAUTOLOGIES for genre in said)
        ]

    def looks(self) -> list[Said]:
        return self.subjects("look")

    def subjects(self, use: str) -> list[Said]:
        """Unsaid tags of a use: ``about``, ``set`` or ``look``."""
        found = []
        for each in self._labels("subjects"):
            subject = subject_of(each.value)
            if subject is not None and subject.use == use and genre_of(clean_label(each.value) or "") is None:
                plural = subject.words.endswith("s") and not subject.words.endswith(("ss", "us", "is"))
                found.append(Said(subject.words, each.fact, each.slot, each.value, plural))
        return found

    def names(self, roles: frozenset[str] | None, most: int) -> list[Said]:
        """Unsaid people in the roles, or in any role."""
        found = []
        for each in self._labels("people"):
            name = clean_name(each.value)
            if (
                name is not None
                and (roles is None or each.slot in roles)
                and not self.said & {("name", fold(name)), ("role", each.slot)}
            ):
                found.append(Said(name, each.fact, each.slot, each.value))
        return found[:most]

    # words for templates

    def list_of(self, found: Sequence[Said], joiner: str = "and") -> Pieces | None:
        """``A, B and C`` with a citation for each; marks them as said."""
        if not found:
            return None
        if any(" and " in each.text for each in found):  # "a mother and son and friendship"
            found = found[:1]
        self.mark(*found)
        pieces: list[Piece] = []
        for index, each in enumerate(found):
            if index:
                pieces.append(Piece(f" {joiner} " if index == len(found) - 1 else ", "))
            pieces.append(Piece(each.text, (each.fact,)))
        return tuple(pieces)

    def about(self, most: int = 2) -> Pieces | None:
        return self.list_of(self.subjects("about")[:most])

    def setting(self) -> Pieces | None:
        return self.list_of(self.subjects("set")[:1])

    def runtime(self) -> Pieces | None:
        for fact in self.facts:
            minutes = fact.value
            if fact.source == "catalogue" and kind_of(fact.slot) == "runtime" and isinstance(minutes, int | float):
                key = (fact.slot, "runtime")
                if key in self.said or not 1 <= minutes <= 900:
                    return None
                self.said.add(key)
                text = f"{minutes:g} minutes"
                text = f"a quick {text}" if minutes in _QUICK else f"just {text}" if minutes < 45 else text
                return (Piece(text, (fact.fact_id,)),)
        return None

    def number(self, kind: str) -> Pieces | None:
        for fact in self.facts:
            if fact.source == "catalogue" and kind_of(fact.slot) == kind and isinstance(fact.value, int):
                if (fact.slot, "number") in self.said:
                    return None
                self.said.add((fact.slot, "number"))
                return (Piece(str(fact.value), (fact.fact_id,)),)
        return None

    def places(self) -> Pieces | None:
        found = [Said(place(each.value), each.fact, each.slot, each.value) for each in self._labels("places")[:2]]
        return self.list_of(found)

    def plain_tags(self) -> Pieces | None:
        """Tags of which no more is known than that they are tags, in quotation marks."""
        found = [
            Said(f"“{label}”", each.fact, each.slot, each.value)
            for each in self._labels("subjects")
            if (label := clean_label(each.value)) is not None
        ]
        return self.list_of(found[:2])

    def filed(self) -> Pieces | None:
        """Genres as labels, where they make no noun phrase."""
        if combine([each.text for each in self.genres()], self.noun) is not None:
            return None
        found = [
            Said(label, each.fact, each.slot, each.value)
            for each in self._labels("genres")
            if (label := clean_label(each.value)) is not None
        ]
        return self.list_of(found[:2])

    def plain_attribute(self) -> Pieces | None:
        """``its colour is red`` for an attribute of which nothing more is known."""
        for fact in self.facts:
            if fact.source != "catalogue" or kind_of(fact.slot) != "other" or (fact.slot, "plain") in self.said:
                continue
            name = clean_label(fact.slot.replace("_", " "))
            values = fact.value if isinstance(fact.value, tuple) else (fact.value,)
            if name is None or fact.slot in ("in_stock", "price"):
                continue
            texts = [text for each in values[:2] if isinstance(each, str) and (text := clean_label(each)) is not None]
            if isinstance(fact.value, int | float) and not isinstance(fact.value, bool):
                texts = [f"{fact.value:g}"]
            if texts:
                self.said.add((fact.slot, "plain"))
                return (Piece(f"{written(name)} is "), Piece(listed(texts), (fact.fact_id,)))
        return None

    def price(self) -> Pieces | None:
        for fact in self.of("price", "catalogue"):
            if isinstance(fact.value, int | float) and ("price", "number") not in self.said:
                self.said.add(("price", "number"))
                return (Piece(f"{fact.value:.2f}".removesuffix(".00"), (fact.fact_id,)),)
        return None

    # history

    def title_of(self, fact: Fact | None) -> Pieces | None:
        if fact is None:
            return None
        self.said.add(("title", fact.other_item_id or ""))
        return (Piece(quoted_title(clean_title(str(fact.value)) or ""), (fact.fact_id,)),)

    def shared_people(self, fact: Fact | None, roles: frozenset[str] | None) -> Pieces | None:
        if fact is None:
            return None
        names = [
            Said(name, fact.fact_id, slot, value)
            for slot, value in fact.shared
            if self.slot_kind(slot) == "people"
            and (roles is None or slot in roles)
            and (name := clean_name(value)) is not None
        ]
        return self.list_of(names[:2]) if names else None

    def shared_about(self, fact: Fact | None, use: str = "about", *, bare: bool = False) -> Pieces | None:
        """What both are about; ``bare`` leaves out what needs an article ("an interest in a detective")."""
        if fact is None:
            return None
        found = []
        for slot, value in fact.shared:
            subject = subject_of(value) if self.slot_kind(slot) == "subjects" else None
            if subject is None or subject.use != use or (slot, fold(value)) in self.said:
                continue
            if not (bare and subject.words.startswith(("a ", "an "))):
                found.append(Said(subject.words, fact.fact_id, slot, value))
        return self.list_of(found[:2]) if found else None

    def shared_kind(self, fact: Fact | None) -> Pieces | None:
        """``science fiction comedy`` for the genres that both have, without an article."""
        if fact is None:
            return None
        triples = [(slot, value, value) for slot, value in fact.shared if self.slot_kind(slot) == "genres"]
        if not triples:
            tags = [
                (slot, value, clean_label(value) or "")
                for slot, value in fact.shared
                if self.slot_kind(slot) == "subjects"
            ]
            triples = [triple for triple in tags if genre_of(triple[2]) is not None]
        phrase = combine([label for _, _, label in triples], self.noun)
        if phrase is None:
            return None
        self.said |= {(slot, fold(value)) for slot, value, label in triples if label in phrase[1]}
        return (Piece(phrase[0], (fact.fact_id,)),)

    def shared_mood(self, fact: Fact | None) -> Pieces | None:
        if fact is None:
            return None
        found = [
            Said(mood, fact.fact_id, slot, value)
            for slot, value in fact.shared
            if self.slot_kind(slot) == "moods"
            and (mood := mood_of(value)) is not None
            and (slot, fold(value)) not in self.said
        ]
        return self.list_of(found[:2]) if found else None

    def shared_places(self, fact: Fact | None) -> Pieces | None:
        if fact is None:
            return None
        found = [
            Said(place(value), fact.fact_id, slot, value)
            for slot, value in fact.shared
            if self.slot_kind(slot) == "places"
        ]
        return self.list_of(found[:1]) if found else None


def _titled(fact: Fact) -> bool:
    return isinstance(fact.value, str) and clean_title(fact.value) is not None
