"""What the claim checker may find in a sentence of a language without spaces: names of values and people, and cues."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property

from assistant.faithfulness.unspaced import Meanings
from assistant.language import Language, load_language
from assistant.phrases.told import table_of
from assistant.text import fold, has_han
from assistant.unspaced.gazetteer import Gazetteer, key
from assistant.unspaced.read import gazetteer_of
from assistant.vocabulary import Vocabulary

_LITERAL = re.compile(r"\{[^}]*\}|[\[\]，。：、\s]")


def claim_names(vocabulary: Vocabulary, code: str) -> ClaimNames:
    """The names of a language and of the catalogue of a vocabulary, made once per catalogue."""
    language = load_language(code)
    gazetteer = gazetteer_of(vocabulary.in_language(language))
    if gazetteer.claims is None:
        gazetteer.claims = ClaimNames(gazetteer, language)
    return gazetteer.claims


class ClaimNames:
    """The names of one language and catalogue, made when they are needed first."""

    def __init__(self, gazetteer: Gazetteer, language: Language) -> None:
        self._gazetteer = gazetteer
        self._language = language
        self._table = table_of(language.code) or {}

    def key(self, text: str) -> str:
        return key(text)

    @cached_property
    def meanings(self) -> Mapping[str, Meanings]:
        """Name of a value, folded, to the (slot, folded value) pairs it may mean."""
        found: dict[str, set[tuple[str, str]]] = defaultdict(set)
        gazetteer = self._gazetteer
        for slot, column in gazetteer.catalogue.labels.items():
            if slot in gazetteer.catalogue.roles:
                continue
            for folded, written in column.display.items():
                if (said := gazetteer.say(slot, written)) is not None:
                    found[fold(said)].add((slot, folded))
        for phrase, labels in gazetteer.labels.items():
            found[fold(phrase)] |= {(slot, fold(value)) for slot, value in labels}
        return {phrase: frozenset(pairs) for phrase, pairs in found.items()}

    @cached_property
    def named_people(self) -> Mapping[str, Meanings]:
        return {
            name: frozenset((role, fold(written)) for role, written in people)
            for name, people in self._gazetteer.people.items()
        }

    @property
    def relations(self) -> Mapping[str, tuple[str, ...]]:
        table: Mapping[str, list[str]] = self._table["relations"]
        return {name: tuple(cues) for name, cues in table.items()}

    @cached_property
    def neutral(self) -> frozenset[str]:
        words = set(self._language.stopwords | self._language.item_words)
        for cues in self.relations.values():
            words |= set(cues)
        for name in ("openings", "details"):
            for sentence in self._table[name].values():
                words |= set(_LITERAL.sub(" ", sentence).split())
        for noun in self._table["nouns"].values():
            if isinstance(noun, Mapping):
                words |= set(noun.values())
        words |= set(self._table["verbs"].values()) | {self._table["list_last"], "执导的", "主演的", "部", "片"}
        words |= set(_LITERAL.sub(" ", self._table["nothing"]).split())
        return frozenset(word for word in words if has_han(word))
