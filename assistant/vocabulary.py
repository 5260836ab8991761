"""What can be named in a request: the language's words and the catalogue's own labels, people and titles."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from assistant.catalogue import Catalogue
from assistant.language import Language, load_language, plurals, singular
from assistant.text import fold, fold_title, read_words
from assistant.types import Constraint
from assistant.understanding.number_patterns import NumberPatterns
from assistant.understanding.slots import NO, YES, SpokenSlots
from assistant.understanding.spelling import Speller, nearest_title, other_forms

__all__ = ["Language", "Vocabulary", "load_language", "singular"]

FREE_SLOTS = ("tags", "moods", "title", "original_title")
"""Slots whose words are wishes at most: their vocabulary is open, so an item without the tag may still be meant."""
LANGUAGE_SLOTS = ("language", "languages")
NAMES = ("countries", "country", *LANGUAGE_SLOTS)
"""Slots whose values are names: they have no plural."""
"""Slots whose values may be codes of languages."""
CLOSED_VALUES = 200
"""A slot with at most so many different values is a closed set whose values can be promised."""
LATEST_YEAR = 9_999
LONGEST_NAME = 8
"""Words of the longest brand, series or the like that is looked up."""
DULL_LISTS = (
    "chatter", "behind_negation", "list_words", "contrast", "made", "appeared", "of_any", "general_nouns", "chat",
    "clause_joins", "softening",
)  # fmt: skip
"""Lists of a language whose words say nothing of an item."""
KIND_SHARE, KINDS_COVER = 0.01, 0.6
"""Last words of titles are kinds of items where each ends this share of the titles and together they end this many."""
PASSIVE = frozenset({"directed"})
"""Words without content that have some beside who did it: "directed by women"."""
MAX_BEGUN_TITLES = 10
"""Words that more titles begin with name none of them."""


def _is_terse(folded: str) -> bool:
    return folded.replace(".", "").isdigit() or (folded.isascii() and len(folded) <= 3 and folded in _LETTERS)


_LETTERS = frozenset(["xxs", "xs", "s", "m", "l", "xl", "xxl", "3xl", *"abcdefghijknopqrtuvwxyz"])
"""Sizes and grades."""


def _spellings(folded: str) -> Iterable[str]:
    """A value as it may stand in a message: as it is, without hyphens, and as the words that it is read as: ``tarn & tor``
    is read as ``tarn tor``."""
    return dict.fromkeys((folded, folded.replace("-", " "), " ".join(read_words(folded))))


class Vocabulary:
    """The words of a language and of a catalogue."""

    def __init__(self, catalogue: Catalogue, language: Language) -> None:
        self.catalogue = catalogue
        self.language = language
        self._shares: dict[str, float] = {}
        self._others: dict[str, Vocabulary] = {}

    def in_language(self, language: Language) -> Vocabulary:
        """The same catalogue's vocabulary in another language, made once."""
        if language.code not in self._others:
            self._others[language.code] = Vocabulary(self.catalogue, language)
        return self._others[language.code]

    @cached_property
    def labels(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Folded phrase to the (slot, value as shown) pairs that it can promise."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for slot, column in self.catalogue.labels.items():
            closed = slot == "categories" or len(column.rows) <= CLOSED_VALUES
            if slot in FREE_SLOTS or slot in self.catalogue.roles or not closed:
                continue
            for folded in column.rows:
                if folded not in (YES, NO) and not _is_terse(folded) and len(folded.split()) <= self.language.longest:
                    for phrase in _spellings(folded):
                        found[phrase].append((slot, column.display[folded]))
            if slot in LANGUAGE_SLOTS:
                for phrase, codes in self.language.language_codes.items():
                    found[phrase].extend((slot, column.display[code]) for code in codes if code in column.rows)
        for slot in self.yes_or_no:
            for name in self.spoken.words[slot].names:
                found[name].append((slot, YES))
        for phrase, value in {
            **self.language.synonyms,
            **{k: fold(v) for k, v in self.language.countries.items()},
        }.items():
            if value in found:
                found[phrase].extend(label for label in found[value] if label not in found[phrase])
        for phrase, country in self.language.countries.items():
            for slot in ("countries", "country"):
                values = self.catalogue.labels[slot].rows if slot in self.catalogue.labels else {}
                if fold(country) in values and (slot, country) not in found[phrase]:
                    found[phrase].append((slot, country))
        for phrase, countries in self.language.regions.items():
            for slot in ("countries", "country"):
                values = self.catalogue.labels[slot].rows if slot in self.catalogue.labels else {}
                found[phrase].extend((slot, country) for country in countries if fold(country) in values)
        # "French" is a language of the catalogue and the adjective of a country: in a request it means the country.
        return {
            phrase: tuple(sorted(labels, key=lambda label: label[0] != "countries"))
            for phrase, labels in found.items()
            if labels
        }

    def label(self, phrase: str) -> tuple[tuple[str, str], ...]:
        """What a folded phrase can promise, its singular and plural tried too; empty when nothing."""
        if phrase in self.labels:
            return self.labels[phrase]
        phrase = phrase.replace("-", " ")
        head, _, last = phrase.rpartition(" ")
        forms = (singular(last), *plurals(last)) if self.kinds and len(last) > 2 else (singular(last),)
        found = next((labels for form in forms if (labels := self.labels.get(f"{head} {form}".strip()))), ())
        return tuple(label for label in found if label[0] not in NAMES)  # "Frances" is no France

    def wish(self, phrase: str) -> tuple[tuple[str, str], ...]:
        """Labels that a folded phrase prefers without promising them, those of its likeliest value first."""
        phrase = self.language.comparatives.get(phrase, phrase)
        found: dict[tuple[str, str], None] = {}
        for value in self.language.wishes.get(phrase, ()):
            found.update(dict.fromkeys((*self.labels.get(value, ())[:1], *self._free_labels.get(value, ()))))
        return tuple(found)

    def quality(self, phrase: str) -> tuple[tuple[str, str], ...]:
        """Labels that an adjective prefers: those that it stands for, or that it names itself."""
        phrase = self.language.comparatives.get(phrase, phrase)
        return self.wish(phrase) or self.label(phrase) or self.free_label(phrase)

    def closed_value_in(self, text: str) -> tuple[tuple[str, str], ...]:
        """(slot, value) of the colour, size, language or other value of a closed set that a question ends with or names
        behind "in": "do you have it in L", "is it French?". Kinds of items are none of them."""
        words = read_words(fold(text))
        before, in_language = self.language.words("terse_before"), self.language.words("in_language")
        for at in range(len(words)):
            behind = any(" ".join(words[max(0, at - n) : at]) in before for n in (1, 2) if at >= n)
            for size in range(min(self.language.longest, len(words) - at), 0, -1):
                phrase = " ".join(words[at : at + size])
                if phrase in self.language.stopwords or not (behind or at + size == len(words)):
                    continue
                labels = self.label(phrase) or (self.terse_labels.get(phrase, ()) if behind else ())
                if behind and words[at - 1] in in_language:
                    labels = tuple(sorted(labels, key=lambda label: not label[0].startswith("language")))
                if labels and labels[0][0] != "categories":
                    return tuple(label for label in labels if label[0] == labels[0][0])
        return ()

    def qualities_in(self, text: str) -> tuple[tuple[str, str], ...]:
        """(slot, value) of every label that the words of a text name, or stand for first of all: horror for "scary"."""
        words, found, at = read_words(fold(text)), dict[tuple[str, str], None](), 0
        while at < len(words):
            for size in range(min(self.language.longest, len(words) - at), 0, -1):
                phrase = " ".join(words[at : at + size])
                if phrase in self.language.stopwords or not (labels := self.quality(phrase)):
                    continue
                meant = {phrase, self.language.comparatives.get(phrase, phrase)}
                meant.update(value for word in tuple(meant) for value in self.language.wishes.get(word, ())[:1])
                found.update(dict.fromkeys((slot, value) for slot, value in labels if fold(value) in meant))
                found.update(dict.fromkeys(self.label(phrase)))
                at += size - 1
                break
            at += 1
        return tuple(found)

    @cached_property
    def open_labels(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Values of slots with too many to be a closed set, such as brands or series: they mean their slot where it is
        named beside them, or where they are written like a name."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for slot, column in self.catalogue.labels.items():
            closed = slot == "categories" or len(column.rows) <= CLOSED_VALUES
            if (
                closed
                or slot in FREE_SLOTS
                or slot in self.catalogue.roles
                or len(column.rows) > len(self.catalogue) / 2
            ):
                continue
            for folded in column.rows:
                if len(folded) > 2 and len(folded.split()) <= LONGEST_NAME and folded not in self.language.stopwords:
                    for phrase in _spellings(folded):
                        found[phrase].append((slot, column.display[folded]))
        return {phrase: tuple(labels) for phrase, labels in found.items()}

    @cached_property
    def terse_labels(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Values that are numbers or letters, as sizes are: they mean their slot only where it is spoken of."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for slot, column in self.catalogue.labels.items():
            if slot in FREE_SLOTS or slot in self.catalogue.roles or len(column.rows) > CLOSED_VALUES:
                continue
            for folded in column.rows:
                if _is_terse(folded):
                    found[folded].append((slot, column.display[folded]))
        return {phrase: tuple(labels) for phrase, labels in found.items()}

    def nearest_title(self, words: str) -> str | None:
        """See ``spelling.nearest_title``."""
        return nearest_title(words, self)

    @cached_property
    def speller(self) -> Speller:
        """What words that nobody knows should be."""
        return Speller(self)

    @cached_property
    def spoken(self) -> SpokenSlots:
        """What the slots are called."""
        return SpokenSlots(self.catalogue, self.language)

    @cached_property
    def spoken_words(self) -> frozenset[str]:
        """Names of the catalogue's slots, word by word."""
        return frozenset(word for entry in self.spoken.words.values() for name in entry.names for word in name.split())

    @cached_property
    def words_of_slots(self) -> frozenset[str]:
        """Every word that speaks of one of the catalogue's slots: names, comparatives, verbs."""
        return frozenset(
            word for slot in self.spoken.words for phrase in self.spoken.all_words(slot) for word in phrase.split()
        )

    @cached_property
    def dull_words(self) -> frozenset[str]:
        """Words of the language that say by themselves nothing of an item, wherever they stand in a message."""
        listed = (word for name in DULL_LISTS for word in self.language.words(name))
        return frozenset((*self.language.stopwords, *self.language.item_words, *self.language.ordinals, *listed))

    @cached_property
    def words_that_join(self) -> frozenset[str]:
        """Words that may stand between the values of a specification: dull ones, those of slots, kinds of items."""
        return self.dull_words | self.words_of_slots | self.kinds

    @cached_property
    def number_patterns(self) -> NumberPatterns:
        """How numbers are said of this catalogue."""
        return NumberPatterns(self.language, self.spoken)

    @cached_property
    def yes_or_no(self) -> frozenset[str]:
        """Slots that are true or false, the stock aside, which has words of its own."""
        return frozenset(
            slot
            for slot, column in self.catalogue.labels.items()
            if slot != "in_stock" and column.rows and set(column.rows) <= {YES, NO}
        )

    @cached_property
    def newest(self) -> int | None:
        """The latest year of the catalogue."""
        years = self.catalogue.numbers.get("year")
        return None if years is None or np.isnan(years).all() else int(np.nanmax(years))

    def full_name(self, phrase: str) -> str | None:
        """The folded name that a phrase is, as words are read: ``r r martin`` has no dots."""
        name = phrase if phrase in self.people else self._names_as_read.get(phrase)
        return None if {*phrase.split()} <= self.language.stopwords | self.spoken_words else name  # "by the author"

    @cached_property
    def _names_as_read(self) -> Mapping[str, str]:
        odd = (name for name in self.people if not name.replace(" ", "").isalnum())  # others are read as they stand
        read = ((" ".join(read_words(name)), name) for name in odd)
        return {phrase: name for phrase, name in read if phrase != name}

    def person(self, phrase: str) -> tuple[str, ...]:
        """The folded names that a full or last name means, however it is written."""
        if (name := self.full_name(phrase)) is not None:
            return (name,)
        return () if phrase in self.language.stopwords else self.surnames.get(phrase, ())

    def meant(self, phrase: str) -> tuple[Constraint, ...]:
        """What a folded phrase says of an item, in any way: a label, a person, a tag, a quality. Alternatives."""
        found: list[Constraint] = []
        for labels in (self.label(phrase), self.free_label(phrase), self.wish(phrase)):
            for slot in dict.fromkeys(slot for slot, _ in labels):
                values = tuple(value for s, value in labels if s == slot)
                found.append(Constraint(slot=slot, op="any", values=values, words=phrase))
        if names := self.person(phrase):
            values = tuple(self.shown_person(name) for name in names)
            found.append(Constraint(slot="people", op="any", values=values, words=phrase))
        return tuple(found)

    @cached_property
    def _free_labels(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        dull = self.language.stopwords | self.language.item_words
        for slot in FREE_SLOTS:
            column = self.catalogue.labels.get(slot)
            for folded in column.rows if column is not None and "title" not in slot else ():
                if folded not in dull and len(folded) > 2 and len(folded.split()) <= self.language.longest:
                    assert column is not None
                    for phrase in _spellings(folded):
                        found[phrase].append((slot, column.display[folded]))
        return {phrase: tuple(labels) for phrase, labels in found.items()}

    @property
    def free_phrases(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Folded tags and moods as the catalogue writes them."""
        return self._free_labels

    def free_label(self, phrase: str) -> tuple[tuple[str, str], ...]:
        """Tags and moods that a folded phrase names, its singular and plural tried too."""
        head, _, last = phrase.replace("-", " ").rpartition(" ")
        for form in (last, singular(last), last + "s"):
            if labels := self._free_labels.get(f"{head} {form}".strip()):
                return labels
        if head:
            return self.reworded_label(phrase)
        stem = self.language.stem(last)
        if stem == last or last in self.spoken_words:  # "a warm atmosphere" is not atmospheric
            return ()
        return self._stemmed.get(stem, ())  # "a second thought" is not thoughtful

    @cached_property
    def _labels_by_roots(self) -> Mapping[frozenset[str], tuple[tuple[str, str], ...]]:
        """Tags and moods of several words by the roots of these, whatever their order."""
        found: dict[frozenset[str], tuple[tuple[str, str], ...]] = {}
        for phrase, labels in self._free_labels.items():
            if len(roots := self._roots(phrase)) > 1:
                found.setdefault(roots, labels)
        return found

    def _roots(self, phrase: str) -> frozenset[str]:
        dull = self.language.stopwords - PASSIVE
        forms = other_forms(self.language.code)
        return frozenset(
            self.language.stem(singular(forms.get(word, word)))
            for word in phrase.replace("-", " ").split()
            if word not in dull
        )

    def reworded_label(self, phrase: str) -> tuple[tuple[str, str], ...]:
        """Tags and moods that a folded phrase of several words names in another order or form: "directed by women" is
        the tag "women directors"."""
        first, _, last = phrase.partition(" ")
        ends = {first, last.rpartition(" ")[2]} - PASSIVE
        if not last or ends & self.language.stopwords or {*phrase.split()} & {*self.language.words("conjunction")}:
            return ()
        return self._labels_by_roots.get(self._roots(phrase), ())

    @cached_property
    def _stemmed(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Stem to the tags and moods of one word that have it: "melancholic" means ``melancholy``."""
        found: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
        for phrase, labels in self._free_labels.items():
            if (stem := self.language.stem(phrase)) != phrase and " " not in phrase:
                found[stem].update(dict.fromkeys(labels))
        return {stem: tuple(labels) for stem, labels in found.items() if len({s for s, _ in labels}) == len(labels)}

    @cached_property
    def kinds(self) -> frozenset[str]:
        """What this catalogue calls its items, where titles end in it: "chair", "rain jacket". Nothing where titles are
        names."""
        last = [title.rpartition(" ")[2] for title in self.catalogue.folded_titles() if title]
        counts = Counter(singular(word) for word in last)
        common = {word for word, count in counts.items() if count >= max(2, KIND_SHARE * len(last))}
        covered = sum(counts[word] for word in common)
        if covered < KINDS_COVER * len(last):
            return frozenset()
        return frozenset(form for word in common for form in (word, *plurals(word)))

    def opposite(self, phrase: str) -> tuple[tuple[str, str], ...]:
        """Labels that a folded phrase rules out: ``with sound`` rules out silent films."""
        value = self.language.opposites.get(phrase)
        return self.label(value) if value is not None else ()

    @cached_property
    def people(self) -> Mapping[str, frozenset[str]]:
        """Folded name to the roles that somebody of this name has."""
        found: dict[str, set[str]] = defaultdict(set)
        for role in sorted(self.catalogue.roles):
            for name in self.catalogue.labels[role].rows if role in self.catalogue.labels else ():
                found[name].add(role)
        return {name: frozenset(roles) for name, roles in found.items()}

    @cached_property
    def surnames(self) -> Mapping[str, tuple[str, ...]]:
        """Folded last name to the folded full names that end in it; of longer names also the last two words: "de niro"."""
        found: dict[str, list[str]] = defaultdict(list)
        for name in self.people:
            parts = name.split()
            if len(parts) > 1 and len(parts[-1]) > 3:
                found[parts[-1]].append(name)
            if len(parts) > 2:
                found[" ".join(parts[-2:])].append(name)
        return {surname: tuple(names) for surname, names in found.items()}

    def mentions(self, written: str) -> int:
        """How many items hold some words exactly as they are written."""
        return self.catalogue.mentions(written)

    def surname_share(self, written: str) -> float:
        """How likely a word, as it is written, is meant as the last name of one of the people: of the items that
        mention it anywhere, the share that has somebody of that name among its people. "Rome" is a city, "Bogart" is not.
        """
        if written not in self._shares:
            rows: set[int] = set()
            for name in self.surnames.get(fold(written), ()):
                for role in self.people[name]:
                    rows.update(self.catalogue.labels[role].rows[name].tolist())
            mentioned = self.mentions(written)
            self._shares[written] = len(rows) / max(mentioned, len(rows), 1)
        return self._shares[written]

    def begun_title(self, words: str) -> tuple[int, ...]:
        """Rows that the folded beginning of a longer title means: "naked gun" for "The Naked Gun: From the Files of …".

        What stands before a colon comes first; else, of the few titles that begin so, the earliest: "e t".
        """
        if words in self._main_titles or " " not in words:
            return self._main_titles.get(words, ())
        first = bisect_left(self._sorted_titles, words + " ")
        found = self._sorted_titles[first : first + MAX_BEGUN_TITLES + 1]
        begun = [row for title in found if title.startswith(words + " ") for row in self.catalogue.titles[title]]
        if not begun or len(begun) > MAX_BEGUN_TITLES:
            return ()
        return (min(begun, key=lambda row: self.catalogue.year(row) or LATEST_YEAR),)

    @cached_property
    def _sorted_titles(self) -> list[str]:
        return sorted(self.catalogue.titles)

    @cached_property
    def _main_titles(self) -> Mapping[str, tuple[int, ...]]:
        """Folded title before its colon to its rows."""
        found: dict[str, list[int]] = defaultdict(list)
        for row in range(len(self.catalogue)):
            main, colon, _ = self.catalogue.title(row).partition(": ")
            if colon:
                found[fold_title(main)].append(row)
        return {title: tuple(rows) for title, rows in found.items()}

    def is_people(self, slot: str) -> bool:
        """Whether a slot holds people."""
        return slot == "people" or slot in self.catalogue.roles

    def shown_person(self, name: str) -> str:
        """How a folded name is written in the catalogue."""
        for role in sorted(self.people.get(name, ())):
            return self.catalogue.labels[role].display[name]
        return name

    def items_with_person(self, name: str) -> int:
        """How many items somebody of this folded name worked on."""
        return sum(len(self.catalogue.labels[role].rows[name]) for role in self.people.get(name, ()))
