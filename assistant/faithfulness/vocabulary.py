"""General English knowledge, loaded from the text files in ``data/``: nothing in it belongs to one catalogue.

Concepts are groups of phrases that mean the same (``funny`` and ``comedy``); relations are families of slots with the
words that announce them (``directed by``); the neutral words assert nothing by themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from assistant.faithfulness.text import fold, stem, stems

Stems = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Concept:
    """Phrases that mean the same thing."""

    name: str
    kind: str
    phrases: frozenset[Stems]
    opposites: frozenset[Stems]
    implies: tuple[Stems, ...]
    """Broader phrases: who says "space opera" also says each of these."""
    order: int
    """Its line number within its kind; price levels are ordered by it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """A family of slots, with the stems of slot names in it and the stems of its cue words."""

    family: str
    slot_words: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """Everything the checker knows about English."""

    concepts: tuple[Concept, ...]
    phrases: Mapping[str, tuple[tuple[Stems, int, bool], ...]]
    """First stem -> (phrase, index of the concept, it affirms the concept), longest first."""
    neutral: frozenset[str]
    neutral_words: frozenset[str]
    """The same words as written, for capitalised words: "Cannes" must not pass for a form of "can"."""
    opinions: Mapping[str, frozenset[int]]
    """Folded word -> levels of quality 1 to 4 it goes with; empty for praise that fits no level."""
    relations: Mapping[str, Relation]
    cues_before: Mapping[str, frozenset[str]]
    """Stem of a cue word -> families, for a word that stands before the value."""
    cues_after: Mapping[str, frozenset[str]]
    slot_families: Mapping[str, frozenset[str]]
    """Stem of a word in a slot's name -> families."""
    units: Mapping[str, tuple[str, frozenset[str]]]
    """Folded unit word -> (canonical unit, stems of the slot-name words such a number belongs to)."""

    weak: frozenset[Stems]
    """Phrases of concepts that mean something else as often: claims only where the record speaks of them."""
    country_names: frozenset[Stems]
    """Names of countries, as against the adjectives and languages that go with them."""

    def concept_ids(self, phrase: Stems) -> frozenset[int]:
        """The concepts that a phrase affirms."""
        if not phrase:
            return frozenset()
        return frozenset(i for words, i, affirms in self.phrases.get(phrase[0], ()) if affirms and words == phrase)


def _lines(name: str) -> Iterator[str]:
    text = (files("assistant.faithfulness") / "data" / name).read_text("utf-8")
    for line in text.splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            yield line


def _phrases(text: str) -> tuple[Stems, ...]:
    return tuple(phrase for part in text.split(",") if (phrase := stems(part)))


def _stem_words(text: str) -> frozenset[str]:
    return frozenset(stem(fold(part)) for word in text.split() for part in word.replace("_", " ").split())


def _concepts() -> tuple[Concept, ...]:
    made: list[Concept] = []
    orders: dict[str, int] = defaultdict(int)
    for line in _lines("concepts.txt"):
        kind, _, rest = (part.strip() for part in line.partition("|"))
        if kind == "weak":
            continue
        rest, _, implied = rest.partition("~")
        own, _, opposite = rest.partition("!")
        orders[kind] += 1
        made.append(
            Concept(
                name=own.split(",")[0].strip(),
                kind=kind,
                phrases=frozenset(_phrases(own)),
                opposites=frozenset(_phrases(opposite)),
                implies=_phrases(implied),
                order=orders[kind],
            )
        )
    for line in _lines("nations.txt"):
        countries, _, adjectives = line.partition("=")
        phrases = frozenset(_phrases(countries)) | frozenset(_phrases(adjectives))
        name = countries.split(",")[0].strip()
        made.append(
            Concept(name=name, kind="nation", phrases=phrases, opposites=frozenset(), implies=(), order=len(made))
        )
    return tuple(made)


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary, read once."""
    concepts = _concepts()
    index: dict[str, list[tuple[Stems, int, bool]]] = defaultdict(list)
    for i, concept in enumerate(concepts):
        for phrase in concept.phrases:
            index[phrase[0]].append((phrase, i, True))
        for phrase in concept.opposites:
            index[phrase[0]].append((phrase, i, False))
    opinions: dict[str, frozenset[int]] = {}
    for line in _lines("opinions.txt"):
        levels, *words = line.split()
        low, _, high = levels.partition("-")
        span = frozenset(range(int(low), int(high or low) + 1)) if low != "0" else frozenset[int]()
        for word in words:
            opinions[fold(word)] = opinions.get(fold(word), frozenset()) | span
    relations: dict[str, Relation] = {}
    before: dict[str, set[str]] = defaultdict(set)
    after: dict[str, set[str]] = defaultdict(set)
    slot_families: dict[str, set[str]] = defaultdict(set)
    for line in _lines("relations.txt"):
        family, slot_words, ahead, behind = (part.strip() for part in line.split("|"))
        relation = Relation(
            family=family,
            slot_words=_stem_words(slot_words),
            before=_stem_words(ahead),
            after=_stem_words(behind),
        )
        relations[family] = relation
        for named, table in ((relation.slot_words, slot_families), (relation.before, before), (relation.after, after)):
            for word in named:
                table[word].add(family)
    units: dict[str, tuple[str, frozenset[str]]] = {}
    for line in _lines("units.txt"):
        names, _, slots = line.partition("|")
        for name in names.split():
            units.setdefault(fold(name), (names.split()[0], _stem_words(slots)))
    return Vocabulary(
        concepts=concepts,
        phrases={first: tuple(sorted(found, key=lambda entry: -len(entry[0]))) for first, found in index.items()},
        neutral_words=frozenset(
            fold(word) for line in _lines("neutral.txt") for part in line.split() for word in (part, *part.split("-"))
        ),
        neutral=frozenset().union(*(_stem_words(line.replace("-", " ")) for line in _lines("neutral.txt"))),
        opinions=opinions,
        relations=relations,
        cues_before={word: frozenset(found) for word, found in before.items()},
        cues_after={word: frozenset(found) for word, found in after.items()},
        slot_families={word: frozenset(found) for word, found in slot_families.items()},
        units=units,
        weak=frozenset(
            phrase
            for line in _lines("concepts.txt")
            if line.startswith("weak |")
            for phrase in _phrases(line.partition("|")[2])
        ),
        country_names=frozenset(
            phrase for line in _lines("nations.txt") for phrase in _phrases(line.partition("=")[0])
        ),
    )
