"""How answers are worded in a language: ``assistant/languages/CODE_answers.toml``. Adding a language is adding a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, cast

from assistant.faithfulness.records import slot_words
from assistant.language import DEFAULT, read_sentences
from assistant.text import fold
from assistant.types import Constraint

MOST_LISTED = 3
"""Values of a promise that are named; of more, the user's word for all of them."""
MAKERS = ("director", "author", "artist")
_MARKER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotWords:
    """How a slot is spoken of."""

    what: str
    """What a record does not say: ``how long it is``."""
    says: str
    """Of an item: ``runs {value} minutes``."""
    both: str
    """Of several: ``run {value} minutes``."""
    asked: str
    """Of something that was asked for: ``of {value} minutes``."""
    says_not: str = ""
    """Of an item whose value is no."""
    at_least: str = ""
    at_most: str = ""
    between: str = ""
    more: str = ""
    """Of two, the one with the higher value: ``is longer``."""
    less: str = ""
    most: str = ""
    least: str = ""
    asks: tuple[str, ...] = ()
    """Words of a question that ask for it."""
    asks_more: tuple[str, ...] = ()
    asks_less: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    """Other names that catalogues give it."""


_WORDINGS = ("what", "says", "both", "asked", "at_least", "at_most", "between", "more", "less", "most", "least")
"""Fields of ``SlotWords`` that the words for every other slot fill a name into."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """The wordings of one language."""

    language: str
    checked: bool
    """Whether the claim checker reads the language."""
    words: Mapping[str, str]
    """Joiners and other single words."""
    sentences: Mapping[str, tuple[str, ...]]
    slots: Mapping[str, SlotWords]
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Name of a ranking column to ``reason`` and ``more``."""

    def slot(self, slot: str) -> SlotWords:
        """The words for a slot of a catalogue, whatever it is called there."""
        if (known := self._known(slot)) is not None:
            return self.slots[known]
        other, name = self.slots["other"], " ".join(slot_words(slot))

        def of(wording: str) -> str:
            return filled(wording, {"name": name}, keep=True)

        return replace(other, asks=(name,), **cast("Any", {part: of(getattr(other, part)) for part in _WORDINGS}))

    def _known(self, slot: str) -> str | None:
        low = fold(slot)
        if low in self.slots and low != "other":
            return low
        return next((name for name, words in self.slots.items() if low in words.same), None)

    def is_price(self, slot: str) -> bool:
        return self._known(slot) == "price"

    def slot_in(self, name: str, slots: Sequence[str]) -> str | None:
        """What ``slots`` call the slot that the table calls ``name``; people without a role are makers of any kind."""
        found = next((slot for slot in slots if slot == name or self._known(slot) == name), None)
        return "creators" if found is None and name in MAKERS and "creators" in slots else found

    def reason(self, column: str) -> str:
        return (self.columns.get(column) or self.columns["other"])["reason"]

    def more(self, column: str) -> str:
        return (self.columns.get(column) or self.columns["other"])["more"]

    def listed(self, parts: Sequence[str], joiner: str = "and") -> str:
        """``A``, ``A and B``, ``A, B and C``."""
        if len(parts) < 2:
            return "".join(parts)
        return self.words["comma"].join(parts[:-1]) + self.words[joiner] + parts[-1]

    def quoted(self, text: str) -> str:
        return filled(self.words["quoted"], {"words": text})

    def titled(self, title: str) -> str:
        """A title, in the marks that the language has for titles."""
        return filled(self.words.get("titled", self.words["quoted"]), {"words": title})

    def promise(self, constraint: Constraint) -> str:
        """What a promise asks for or rules out, behind "something": ``from 1990 on``, ``filed under Comedy or Drama``."""
        if constraint.either:
            return self.listed([self.promise(one) for one in constraint.alternatives()], "or")
        words = self.slot(constraint.slot)
        if constraint.op in ("range", "outside"):
            low, high = (None if end is None else number(end) for end in (constraint.low, constraint.high))
            ends = {"low": low or "", "high": high or ""}
            if low == high:
                return filled(words.asked, {"value": low or ""})
            return filled(words.between if low and high else words.at_least if low else words.at_most, ends)
        if constraint.words and len(constraint.values) > MOST_LISTED:  # "Africa" rather than its countries
            return filled(words.asked, {"value": constraint.words})
        value = self.listed(list(constraint.values), "and" if constraint.op == "all" else "or")
        return filled(words.asked, {"value": value}) if "{value}" in words.asked else words.asked

    def relaxed(self, constraint: Constraint) -> str:
        """What it is to take a promise back: ``no longer asked for something from 1990 on``."""
        form = "allowed" if constraint.op in ("none", "outside") else "relaxed"
        return filled(self.words[form], {"asked": self.promise(constraint)})

    def asked_slots(self, text: str, slots: Sequence[str]) -> tuple[str, ...]:
        """The table's and the catalogue's slots that a question asks for, those of the longest words first."""
        low = fold(text)
        found: dict[str, int] = {}
        if re.search(self.words["asks_subject"], low):  # "what's the second one about"
            found["tags"] = len(low)
        for name, words in self._all(slots):
            length = max((len(phrase) for phrase in words if _in(phrase, low)), default=0)
            if length:
                found[name] = max(found.get(name, 0), length)
        return tuple(sorted(found, key=lambda name: -found[name]))

    def closed(self, text: str) -> bool:
        """Whether a question wants a yes or a no: "is the second one violent?"."""
        return re.search(self.words["yes_or_no"], fold(text)) is not None

    def _all(self, slots: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        for name, words in self.slots.items():
            if name != "other":
                yield name, words.asks
        for slot in slots:
            if self._known(slot) is None:
                yield slot, (" ".join(slot_words(slot)),)

    def direction(self, text: str, slot: str) -> str | None:
        """Whether a question asks which has ``more`` or ``less`` of a slot."""
        words, low = self.slot(slot), fold(text)
        longest = {
            way: max((len(phrase) for phrase in phrases if _in(phrase, low)), default=0)
            for way, phrases in (("more", words.asks_more), ("less", words.asks_less))
        }
        return max(longest, key=lambda way: longest[way]) if any(longest.values()) else None


def _in(phrase: str, text: str) -> bool:
    """Whether folded text has a phrase: as whole words, or anywhere in a language that is written without spaces."""
    phrase = fold(phrase)
    if not phrase.isascii():
        return phrase in text
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text) is not None


def number(value: float) -> str:
    """A number as it is said: ``1979``, ``4.3``."""
    return str(int(value)) if value == int(value) else f"{value:g}"


def filled(wording: str, values: Mapping[str, str], *, keep: bool = False) -> str:
    """A wording with its markers replaced, once: braces inside values are text. With ``keep`` unknown markers stay."""
    return _MARKER.sub(lambda marker: values.get(marker[1], marker[0]) if keep else values[marker[1]], wording)


@cache
def load_table(code: str = DEFAULT) -> Table:
    """The wordings of a language, those of English where there is no file for it."""
    found, data = read_sentences(code, "answers")
    if found != code:
        return load_table(found)
    return Table(
        language=code,
        checked=data.pop("checked"),
        sentences={name: tuple(wordings) for name, wordings in data.pop("say").items()},
        slots={
            name: SlotWords(**cast("Any", {part: tuple(w) if isinstance(w, list) else w for part, w in words.items()}))
            for name, words in data.pop("slots").items()
        },
        columns=data.pop("columns"),
        words={name: value for name, value in data.items() if isinstance(value, str)},
    )
