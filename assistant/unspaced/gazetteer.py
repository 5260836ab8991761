"""What can be named in a message: the language's phrases and the catalogue's own labels, people and titles.

Keys are folded and without spaces or the dots between the parts of foreign names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from assistant.catalogue import Catalogue
from assistant.text import fold, is_unspaced
from assistant.types import Value, is_translation
from assistant.unspaced.words import Phrases, how_said, one_script
from assistant.vocabulary import CLOSED_VALUES, FREE_SLOTS

if TYPE_CHECKING:
    from assistant.unspaced.claims import ClaimNames

Labels = tuple[tuple[str, str], ...]
"""(slot, value as the catalogue writes it)."""

MIN_NAME_PART = 2
"""Characters of a last name that is understood alone."""
_PARTS = re.compile(r"[·・•‧\s]+")
_DROPPED = re.compile(r"[\s·・•‧,，.。!！?？:：~～—\-_'’\"“”()（）《》]+")

_ASCII_DROPPED = {code: None for code in range(128) if _DROPPED.match(chr(code))}


def key(text: str) -> str:
    """How phrases are compared."""
    if text.isascii():  # as most names of most catalogues are, all of which are read
        return text.lower().translate(_ASCII_DROPPED)
    return _DROPPED.sub("", one_script(fold(text)))


def _paired(values: Value, others: Value) -> Iterable[tuple[str, str]]:
    """The values of a slot with their translations, which stand in the same order."""
    one = values if isinstance(values, tuple) else (values,)
    other = others if isinstance(others, tuple) else (others,)
    if len(one) == len(other):
        for value, said in zip(one, other, strict=True):
            if isinstance(value, str) and isinstance(said, str):
                yield value, said


class Gazetteer:
    """The phrases of a language and of a catalogue, each with what it stands for."""

    def __init__(self, catalogue: Catalogue, code: str, phrases: Phrases) -> None:
        self.catalogue = catalogue
        self.code = code
        self.phrases = phrases
        self.claims: ClaimNames | None = None
        """What the claim checker reads sentences with; made when it is needed first."""
        self._translations = {
            slot for slot in catalogue.labels if is_translation(slot, (*catalogue.labels, "title", "description"))
        }

    @cached_property
    def translated(self) -> Mapping[tuple[str, str], str]:
        """(slot, folded value) to the value in this language, learned from items that have both in the same order."""
        found: dict[tuple[str, str], str] = {}
        if not any(name.endswith(f"_{self.code}") for name in self.catalogue.attribute_names):
            return found
        for row in range(len(self.catalogue)):
            item = self.catalogue.item(row)
            own: Mapping[str, Value] = {}
            for name, others in item.attributes.items():
                if not name.endswith(f"_{self.code}"):
                    continue
                own = own or item.slots()
                base = name.removesuffix(f"_{self.code}")
                if not is_translation(name, own.keys()) or base == "title":
                    continue
                for value, other in _paired(own[base], others):
                    found.setdefault((base, fold(value)), other)
        return found

    def say(self, slot: str, value: str) -> str | None:
        """How a value of a slot is said in this language; None where nothing tells."""
        if is_unspaced(value):
            return value
        folded = fold(value)
        return self.translated.get((slot, folded)) or how_said(self.code).get(folded)

    @cached_property
    def _values(self) -> Mapping[str, Labels]:
        """Key of a value of a closed set, or of its translation, to the labels that it names."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        catalogue = self.catalogue
        for slot, column in catalogue.labels.items():
            closed = slot == "categories" or len(column.rows) <= CLOSED_VALUES
            if slot in FREE_SLOTS or slot in catalogue.roles or not closed:
                continue
            for folded in column.rows:
                if folded not in ("yes", "no"):
                    found[key(folded)].append((slot, column.display[folded]))
        for (slot, folded), other in self.translated.items():
            if slot not in FREE_SLOTS and slot not in catalogue.roles and slot in catalogue.labels:
                label = (slot, catalogue.labels[slot].display[folded])
                if label not in found[key(other)]:
                    found[key(other)].append(label)
        return {phrase: tuple(labels) for phrase, labels in found.items()}

    def _of(self, values: Iterable[str], slots: tuple[str, ...] = ()) -> Labels:
        labels = [label for value in values for label in self._values.get(key(value), ())]
        if slots and any(slot in slots for slot, _ in labels):
            labels = [label for label in labels if label[0] in slots]
        return tuple(dict.fromkeys(labels))

    @cached_property
    def labels(self) -> Mapping[str, Labels]:
        """Phrase to what it promises."""
        found = {
            phrase: labels
            for phrase, labels in self._values.items()
            if is_unspaced(phrase) or (len(phrase) > 2 and phrase.isalpha())
        }
        tables = (
            (self.phrases.names, ()),
            (self.phrases.areas, ("countries", "country")),
            (self.phrases.places, ("countries", "country")),
            (self.phrases.tongues, ("languages", "language")),
        )
        for table, slots in tables:
            for phrase, values in table.items():
                if labels := self._of(values, slots):
                    found[phrase] = labels
        return found

    @cached_property
    def _free(self) -> Mapping[str, Labels]:
        """Key of a tag or a mood, or of its translation, to what it names."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for slot in FREE_SLOTS:
            column = self.catalogue.labels.get(slot)
            for folded in column.rows if column is not None and "title" not in slot else ():
                assert column is not None
                found[key(folded)].append((slot, column.display[folded]))
                if (other := self.translated.get((slot, folded))) is not None:
                    found[key(other)].append((slot, column.display[folded]))
        return {phrase: tuple(dict.fromkeys(labels)) for phrase, labels in found.items()}

    @cached_property
    def wishes(self) -> Mapping[str, Labels]:
        """Phrase to what it prefers: tags, moods, and values under another name."""
        found = {phrase: labels for phrase, labels in self._free.items() if is_unspaced(phrase) and len(phrase) > 1}
        said: dict[str, tuple[str, ...]] = {}
        for value, phrase in self.phrases.said.items():
            said[key(phrase)] = (*said.get(key(phrase), ()), value)
        for table in (said, self.phrases.themes, self.phrases.wishes):
            for phrase, values in table.items():
                labels = self._of(values) + tuple(label for value in values for label in self._free.get(key(value), ()))
                if labels:
                    found[phrase] = tuple(dict.fromkeys((*found.get(phrase, ()), *labels)))
        return found

    @cached_property
    def people(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Key of a name to the (role, name as written) pairs it may mean; of foreign names the last part too."""
        whole: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
        parts: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
        for role in self.catalogue.roles:
            column = self.catalogue.labels.get(role)
            for folded, written in column.display.items() if column is not None else ():
                names = [written, self.translated.get((role, folded), written)]
                for name in dict.fromkeys(names):
                    if is_unspaced(name):
                        whole[key(name)][role, written] = None
                        last = _PARTS.split(name)
                        if len(last) > 1 and len(last[-1]) >= MIN_NAME_PART and is_unspaced(last[-1]):
                            parts[key(last[-1])][role, written] = None
                    elif " " in name:
                        whole[key(name)][role, written] = None
                        if len(surname := name.split()[-1]) > 3:
                            parts[key(surname)][role, written] = None
        for part, meant in parts.items():
            whole.setdefault(part, meant)
        return {name: tuple(found) for name, found in whole.items()}

    @cached_property
    def titles(self) -> Mapping[str, tuple[int, ...]]:
        """Key of a title, in any language, to its rows."""
        found: dict[str, list[int]] = defaultdict(list)
        for row in range(len(self.catalogue)):
            for title in self.catalogue.all_titles(row):
                if (own := key(title)) and row not in found[own]:
                    found[own].append(row)
        return {title: tuple(rows) for title, rows in found.items()}

    def title(self, words: str) -> tuple[int, ...]:
        """Rows of the title that the words are, or with which a longer one begins; the earliest first."""
        wanted = key(words)
        if not wanted:
            return ()
        if wanted in self.titles:
            return self.titles[wanted]
        begun = [
            row for title, rows in self.titles.items() if len(wanted) > 1 and title.startswith(wanted) for row in rows
        ]
        begun = list(dict.fromkeys(begun))
        return tuple(sorted(begun, key=lambda row: self.catalogue.year(row) or 9_999)[:1]) if len(begun) <= 20 else ()
