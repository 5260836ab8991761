"""What is said about the taste memory: ``assistant/languages/CODE_tastes.toml``. Adding a language is adding a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING

from assistant.answers.table import filled, load_table
from assistant.language import DEFAULT, load_language, read_sentences
from assistant.phrases.kinds import liked_kind, noun_of
from assistant.phrases.labels import clean_title, kind_of
from assistant.text import clean, fold
from assistant.unspaced.words import how_said

if TYPE_CHECKING:
    from assistant.catalogue import Catalogue
    from assistant.profile import UserProfile
    from assistant.tastes import Remembered, TasteEntry
    from assistant.types import Statement


class TasteWords:
    """The sentences of one language."""

    def __init__(self, table: Mapping[str, object], language: str = DEFAULT) -> None:
        """``table`` is a file of sentences as ``languages/en_tastes.toml`` shows it."""
        self._table = table
        self._language = language

    def say(self, name: str, **values: str) -> str:
        """A sentence with its markers filled in, once."""
        return filled(str(self._table[name]), values)

    def quoted(self, words: str) -> str:
        return self.say("quoted", words=clean(words))

    def slot(self, slot: str) -> str:
        """What a slot of numbers is called."""
        names = self._table["slots"]
        assert isinstance(names, Mapping)
        return str(names.get(slot, slot.replace("_", " ")))

    @cached_property
    def company(self) -> frozenset[str]:
        """Folded values that tell of company."""
        return frozenset(fold(value) for value in str(self._table["company"]).split(","))

    def join(self, sentences: Sequence[str]) -> str:
        return str(self._table["next_sentence"]).join(sentence for sentence in sentences if sentence)

    # proposals

    def proposal(self, slot: str, value: str, *, n: int, of: int, people: bool) -> str:
        """``Comedy: 7 of the 15 that you liked``."""
        name = "proposal_people" if people else "proposal"
        return self.say(name, value=value, role=slot.replace("_", " "), n=str(n), of=str(of))

    def range_proposal(self, slot: str, low: str, high: str, *, n: int, of: int) -> str:
        return self.say("proposal_range", slot=self.slot(slot), low=low, high=high, n=str(n), of=str(of))

    # answers

    def summary(self, entries: Sequence[TasteEntry], profile: UserProfile, catalogue: Catalogue) -> str:
        """What is known of a user: entries with their words, dates and ids, proposals apart, and how much history."""
        stated = [self._entry(entry, catalogue) for entry in entries if entry.in_force]
        guessed = [self.say("proposed_entry", words=e.words, id=e.entry_id) for e in entries if not e.in_force]
        if not entries and profile.is_new:
            return self.say("nothing")
        counts = {
            relation: sum(entry.relation == relation for entry in profile.entries) for relation in ("disliked", "seen")
        }
        history = {"liked": str(len(profile.liked)), **{name: str(count) for name, count in counts.items()}}
        comma = str(self._table["comma"])
        return self.join(
            [
                self.say("told", entries=comma.join(stated)) if stated else "",
                self.say("proposed", entries=comma.join(guessed)) if guessed else "",
                "" if profile.is_new else self.say("history", **history),
                self.say("how") if stated else "",
            ]
        )

    def _entry(self, entry: TasteEntry, catalogue: Catalogue) -> str:
        date = datetime.fromtimestamp(entry.created_at, UTC).date().isoformat()
        if entry.slot == "item" and (row := catalogue.row_of.get(entry.value)) is not None:
            title = clean_title(catalogue.title(row)) or entry.value
            return self.say("item_entry", quoted=self.quoted(entry.words), title=title, date=date, id=entry.entry_id)
        return self.say("entry", quoted=self.quoted(entry.words), date=date, id=entry.entry_id)

    def noted(self, remembered: Remembered, catalogue: Catalogue) -> str:
        """Confirms what was remembered, and what it took the place of."""
        from assistant.tastes import STRONG

        noted: dict[str, list[str]] = {}
        for entry in remembered.entries:
            strong = entry.confidence >= STRONG and entry.slot != "item"
            name = "noted_like" if entry.likes else "noted_never" if strong else "noted_dislike"
            noted.setdefault(name, []).append(self._value(entry.slot, entry.value, catalogue))
        sentences = [self.say(name, value=self._listed(name, values)) for name, values in noted.items()]
        sentences += [self.say("superseded", quoted=self.quoted(entry.words)) for entry in remembered.superseded]
        return self.join(sentences)

    def _listed(self, name: str, values: Sequence[str]) -> str:
        """``A, B and C``; with "or" behind a "no"."""
        words = load_table(self._language)
        return words.listed(values, "or" if name == "noted_never" else "and")

    def forgotten(self, gone: Sequence[TasteEntry], wanted: Sequence[Statement], catalogue: Catalogue) -> str:
        """Confirms what was deleted; says so where nothing was kept about what was meant."""
        if gone:
            said = [self.say("forgotten_entry", quoted=self.quoted(entry.words)) for entry in gone]
            return self.say("forgotten", entries=str(self._table["comma"]).join(said))
        return self.join(
            [self.say("nothing_kept", value=self._value(one.slot, one.value, catalogue)) for one in wanted]
        )

    def _value(self, slot: str, value: str, catalogue: Catalogue) -> str:
        """How a value is said: the title of an item, else the value, in the language where it is known there."""
        row = catalogue.row_of.get(value) if slot == "item" else None
        if row is not None:
            return clean_title(catalogue.title_in(row, self._language)) or clean(value)
        if self._language == DEFAULT and kind_of(slot) == "genres" and len(catalogue):
            return liked_kind(value, noun_of(catalogue.item(0).slots())) or clean(value)
        known = {} if load_language(self._language).spaced else how_said(self._language)
        return known.get(fold(value)) or clean(value)


@cache
def taste_words(language: str = DEFAULT) -> TasteWords:
    """Of a language that there is a file for; English where there is none."""
    code, table = read_sentences(language, "tastes")
    return TasteWords(table, code)
