"""Gazetteers learned from a catalogue: which names, titles and categories exist, and in which slot.

Text is matched by looking up its runs of words in a hash table, never by scanning the values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assistant.faithfulness.records import families_of, quality_level
from assistant.types import Value

_SPACES = re.compile(r"[^\w]+")
_MOST_WORDS = 8
_CLOSED_SHARE = 0.2
"""A textual slot is a closed set of categories when it has fewer distinct values than this share of its uses."""
_CLOSED_MOST = 3000


def key(text: str) -> str:
    """How phrases are compared: lower case, words parted by one space."""
    return _SPACES.sub(" ", text.casefold()).strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Lexicon:
    """What a catalogue's slots hold."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Key of a name or title -> its slot; where several hold it, the slot seen first."""
    categories: Mapping[str, str] = field(default_factory=dict)
    """Key of a value of a closed slot -> that slot."""
    quantiles: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Numeric slot -> its 30th and 70th percentile: what "cheap" and "expensive" mean here."""
    verdicts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Slot that says in words how good an item is ("rating": "excellent", "average") -> the slots that records with it
    also have. Of items like these, a text that says "excellent" states a fact of the record or none."""

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Value]]) -> Lexicon:
        """Learns from records as ``Item.slots()`` gives them; any slot names will do."""
        verdicts = _Verdicts()
        texts: dict[str, Counter[str]] = {}
        numbers: dict[str, list[float]] = {}
        for record in records:
            verdicts.add(record)
            for slot, value in record.items():
                if isinstance(value, str):
                    texts.setdefault(slot, Counter())[value] += 1
                elif isinstance(value, bool):
                    continue
                elif isinstance(value, int | float):
                    numbers.setdefault(slot, []).append(value)
                else:
                    texts.setdefault(slot, Counter()).update(value)
        names: dict[str, str] = {}
        categories: dict[str, str] = {}
        for slot, counts in texts.items():
            closed = len(counts) <= min(_CLOSED_MOST, max(12, _CLOSED_SHARE * counts.total()))
            table = categories if closed else names
            for value in counts:
                if len(value) <= 80:
                    phrase = key(value)
                    if phrase and phrase.count(" ") < _MOST_WORDS:
                        table.setdefault(phrase, slot)
        quantiles: dict[str, tuple[float, float]] = {}
        for slot, values in numbers.items():
            values.sort()
            quantiles[slot] = (values[int(0.3 * (len(values) - 1))], values[int(0.7 * (len(values) - 1))])
        return cls(names=names, categories=categories, quantiles=quantiles, verdicts=verdicts.found())

    def document(self) -> dict[str, Any]:
        """A JSON document that ``from_document`` makes the same lexicon from."""
        return {
            "names": _by_slot(self.names),
            "categories": _by_slot(self.categories),
            "quantiles": {slot: list(pair) for slot, pair in self.quantiles.items()},
            "verdicts": {slot: sorted(beside) for slot, beside in self.verdicts.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Lexicon:
        """The inverse of ``document``."""
        names: dict[str, str] = {}
        categories: dict[str, str] = {}
        for name, table in (("names", names), ("categories", categories)):
            for slot, phrases in document[name].items():
                table.update(dict.fromkeys(phrases, slot))
        return cls(
            names=names,
            categories=categories,
            quantiles={slot: (low, high) for slot, (low, high) in document["quantiles"].items()},
            verdicts={slot: frozenset(beside) for slot, beside in document["verdicts"].items()},
        )

    def slot_of(self, phrase: str) -> str | None:
        """The slot that holds a phrase, or None."""
        phrase = key(phrase)
        return self.names.get(phrase) or self.categories.get(phrase)


def verdict_slots(records: Iterable[Mapping[str, Value]]) -> dict[str, frozenset[str]]:
    """``Lexicon.verdicts`` of ``records``: it tells which slots there are and holds no value of any record."""
    verdicts = _Verdicts()
    for record in records:
        verdicts.add(record)
    return verdicts.found()


def _by_slot(table: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for phrase, slot in table.items():
        found.setdefault(slot, []).append(phrase)
    return found


class _Verdicts:
    """Collects ``Lexicon.verdicts``, record by record."""

    def __init__(self) -> None:
        self._named: dict[str, bool] = {}
        """Slot -> it is named a rating."""
        self._beside: dict[str, set[str]] = {}

    def add(self, record: Mapping[str, Value]) -> None:
        """Takes one record into account."""
        for slot, value in record.items():
            named = self._named.get(slot)
            if named is None:
                named = self._named[slot] = "rating" in families_of(slot)
            if named and any(map(_in_words, value if isinstance(value, tuple) else (value,))):
                self._beside.setdefault(slot, set()).update(record)

    def found(self) -> dict[str, frozenset[str]]:
        """What was collected, in the order of the slots' names."""
        return {slot: frozenset(beside) for slot, beside in sorted(self._beside.items())}


def _in_words(value: object) -> bool:
    """Whether the value of a rating is a word of quality, rather than a number or stars."""
    return isinstance(value, str) and not any(map(str.isdigit, value)) and quality_level(value) is not None
