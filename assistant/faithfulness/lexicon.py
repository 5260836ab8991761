"""Gazetteers learned from a catalogue: which names, titles and categories exist, and in which slot.

Text is matched by looking up its runs of words in a hash table, never by scanning the values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Value]]) -> Lexicon:
        """Learns from records as ``Item.slots()`` gives them; any slot names will do."""
        texts: dict[str, Counter[str]] = {}
        numbers: dict[str, list[float]] = {}
        for record in records:
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
        return cls(names=names, categories=categories, quantiles=quantiles)

    def slot_of(self, phrase: str) -> str | None:
        """The slot that holds a phrase, or None."""
        phrase = key(phrase)
        return self.names.get(phrase) or self.categories.get(phrase)
