"""What users call the properties of this catalogue's items: the language's words, put together with its slots."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from assistant.catalogue import Catalogue
from assistant.language import Language, SlotWords, singular

YES, NO = "yes", "no"
"""How ``Catalogue`` writes the values of a slot that is true or false."""


class SpokenSlots:
    """Words to slots. Every mapping is from a folded phrase."""

    def __init__(self, catalogue: Catalogue, language: Language) -> None:
        self._catalogue = catalogue
        known = {*catalogue.numbers, *catalogue.labels}
        self.words: dict[str, SlotWords] = {}
        """Slot to how it is spoken of: by the language where it knows it, else by its own name."""
        for words in language.slots:
            counted = [slot for slot in words.slots if slot in catalogue.numbers] if words.more else []
            slot = next(iter(counted), None) or next((slot for slot in words.slots if slot in known), None)
            if slot is not None:
                self.words[slot] = _both(self.words[slot], words) if slot in self.words else words
        for slot in sorted(known - set(self.words)):
            names = _names(slot)
            units = dict.fromkeys(names, 1.0) if slot in catalogue.numbers else {}
            self.words[slot] = SlotWords(slots=(slot,), names=names, units=units)
        for slot, words in list(self.words.items()):
            extra = tuple(name for name in _names(slot) if name not in words.names)
            units = {
                **self._units(slot, words),
                **{name: 1.0 for name in extra if slot in catalogue.numbers and name not in words.units},
            }
            self.words[slot] = replace(words, names=(*words.names, *extra), units=units)
        self.names = self._mapped(self.words, "names")
        numeric = {slot: words for slot, words in self.words.items() if slot in catalogue.numbers}
        self.numeric = numeric
        self.more = self._mapped(numeric, "more")
        self.less = self._mapped(numeric, "less")
        self.most = self._mapped(numeric, "most")
        self.least = self._mapped(numeric, "least")
        self.high = self._mapped(numeric, "high")
        self.low = self._mapped(numeric, "low")
        self.asks = {
            slot: tuple(re.compile(language.bounded(language.expanded(pattern))) for pattern in entry.asks)
            for slot, entry in self.words.items()
            if entry.asks
        }
        """Slot to the patterns of questions about it."""
        self._steps: dict[str, float] = {}

    def _units(self, slot: str, words: SlotWords) -> Mapping[str, float]:
        """The units of a slot in what the catalogue keeps it in: by the end of its name, else grams rather than
        kilograms where its numbers are large."""
        if not words.bases or slot not in self._catalogue.numbers:
            return words.units
        named = [base for end, base in words.bases.items() if slot.endswith(f"_{end}")]
        large = self.quantile(slot, 0.5) >= LARGE
        base = named[0] if named else min(words.bases.values()) if large else max(words.bases.values())
        return {unit: factor / base for unit, factor in words.units.items()}

    @staticmethod
    def _mapped(words: Mapping[str, SlotWords], which: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for slot, entry in words.items():
            for phrase in getattr(entry, which):
                found.setdefault(phrase, slot)
        return found

    def slots_named(self, phrase: str) -> tuple[str, ...]:
        """The slots that a phrase is a name of; none when it is not one."""
        found = [slot for slot, words in self.words.items() if phrase in words.names or singular(phrase) in words.names]
        return tuple(found)

    def all_words(self, slot: str) -> set[str]:
        """Every phrase that speaks of a slot."""
        words = self.words.get(slot)
        if words is None:
            return set()
        return {
            *words.names,
            *words.says,
            *words.more,
            *words.less,
            *words.most,
            *words.least,
            *words.high,
            *words.low,
            *words.units,
        }

    def step(self, slot: str) -> float:
        """The smallest difference that the numbers of a slot make: 1, 0.1 or 0.01."""
        if slot not in self._steps:
            column = self._catalogue.numbers[slot]
            values = column[~np.isnan(column)]
            self._steps[slot] = next(
                (step for step in (1.0, 0.1) if np.allclose(values / step, np.round(values / step), atol=1e-6)), 0.01
            )
        return self._steps[slot]

    def is_discrete(self, slot: str, value: float) -> bool:
        """Whether a number names one of few values that the slot has, as a size or a number of stars does."""
        column = self._catalogue.numbers[slot]
        values = np.unique(column[~np.isnan(column)])
        return len(values) <= DISCRETE and bool((values == value).any())

    def quantile(self, slot: str, share: float) -> float:
        """The number that ``share`` of the items with a known one do not exceed; NaN when none is known."""
        column = self._catalogue.numbers[slot]
        values = column[~np.isnan(column)]
        return float(np.quantile(values, share)) if len(values) else float("nan")

    def values_of(self, rows: Iterable[int], slot: str) -> list[float]:
        """The known numbers of some rows."""
        column = self._catalogue.numbers[slot]
        return [float(column[row]) for row in rows if not np.isnan(column[row])]


LARGE = 20
"""A median from which numbers count in the smaller unit."""
DISCRETE = 30
"""A numeric slot with at most so many different values is counted in them: sizes, stars."""


def _both(one: SlotWords, other: SlotWords) -> SlotWords:
    """Two ways of speaking of the same slot: the people of a catalogue without roles are directors and authors alike."""
    lists = ("names", "says", "more", "less", "most", "least", "high", "low", "asks")
    joined: dict[str, Any] = {
        name: tuple(dict.fromkeys((*getattr(one, name), *getattr(other, name)))) for name in lists
    }
    return replace(one, units={**other.units, **one.units}, **joined)


def _names(slot: str) -> tuple[str, ...]:
    plain = slot.replace("_", " ").replace("-", " ").casefold()
    other = singular(plain)
    return tuple(dict.fromkeys((plain, other, other + "s")))
