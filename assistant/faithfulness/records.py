"""A record made ready for comparison: phrases, numbers, truth values and levels of its slots."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from assistant.faithfulness.quantities import quantities
from assistant.faithfulness.text import fold, stem, stems, tokenize, word_set
from assistant.faithfulness.vocabulary import Stems, vocabulary
from assistant.types import Scalar, Value

SlotKind = Literal["boolean", "number", "phrase"]

_TRUE = frozenset({"yes", "true", "y"})
_FALSE = frozenset({"no", "false", "n"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KEY_FILLER = frozenset(
    stem(word)
    for word in [
        "is",
        "has",
        "have",
        "available",
        "on",
        "in",
        "allows",
        "allow",
        "with",
        "supports",
        "support",
        "supported",
        "offers",
        "offer",
        "includes",
        "include",
        "included",
        "release",
        "released",
        "can",
        "comes",
        "version",
        "suitable",
        "for",
        "friendly_for",
        "provides",
        "the",
        "a",
        "of",
        "accepts",
    ]
)
_LOW = word_set("low lower poor bad weak")
_MIDDLE = word_set("average medium moderate middle mid mixed fair ok okay decent mediocre")
_HIGH = word_set("high higher good great strong positive excellent outstanding superb top")
_NOT_SPLIT = frozenset({"title", "place"})
_NAMED = word_set(
    "title place director cast writer composer narrator illustrator translator editor developer publisher maker"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A number of a record, as a closed interval, with its canonical unit where it is known."""

    low: float
    high: float
    unit: str | None = None
    top: float | None = None
    """The top of the scale for "4 out of 5"; ``low`` and ``high`` are then shares of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotView:
    """One slot of a record."""

    name: str
    words: frozenset[str]
    """Stems of the words in its name."""
    families: frozenset[str]
    kind: SlotKind
    value: Value
    phrases: tuple[tuple[Stems, str], ...] = ()
    """(stems, the value they come from)."""
    concepts: frozenset[int] = frozenset()
    numbers: tuple[Number, ...] = ()
    truth: bool | None = None
    key: Stems = ()
    """For a boolean: what its name asserts (``has_multiplayer`` asserts ``multiplayer``)."""
    level: int | None = None
    """1 low, 2 middle, 3 good, 4 excellent: for ratings and prices."""
    multiple: bool = False
    """It holds a list of values, or may."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordView:
    """All slots of a record."""

    slots: tuple[SlotView, ...]
    by_family: Mapping[str, tuple[SlotView, ...]]
    concepts: frozenset[int]
    words: frozenset[str]
    """Stems of every word of every value."""

    def family(self, names: Iterable[str]) -> list[SlotView]:
        """The slots that belong to any of the families."""
        return [slot for slot in self.slots if not slot.families.isdisjoint(names)]

    def holders(self, phrase: Stems) -> list[SlotView]:
        """The slots with exactly this phrase among their values."""
        return [slot for slot in self.slots if any(phrase == own for own, _ in slot.phrases)]


def slot_words(name: str) -> tuple[str, ...]:
    """The folded words of a slot's name: ``familyFriendly`` and ``family_friendly`` alike."""
    return tuple(fold(word) for word in re.split(r"[^\w]+|_", _CAMEL.sub(" ", name)) for word in word.split() if word)


def view(record: Mapping[str, Value]) -> RecordView:
    """The record made ready. Lists are accepted for tuples, so that parsed JSON can be given as it is."""
    frozen = tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in record.items())
    return _view(frozen)


@lru_cache(maxsize=4096)
def _view(record: tuple[tuple[str, Value], ...]) -> RecordView:
    slots = tuple(_slot(name, value) for name, value in record if value not in ("", ()))
    by_family: dict[str, list[SlotView]] = {}
    for slot in slots:
        for family in slot.families:
            by_family.setdefault(family, []).append(slot)
    return RecordView(
        slots=slots,
        by_family={family: tuple(found) for family, found in by_family.items()},
        concepts=frozenset().union(*(slot.concepts for slot in slots)),
        words=frozenset(word for slot in slots for phrase, _ in slot.phrases for word in phrase),
    )


def families_of(name: str) -> frozenset[str]:
    """The relation families that a slot's name belongs to; the last telling word decides."""
    words = slot_words(name)
    table = vocabulary().slot_families
    for word in reversed(words):
        if families := table.get(stem(word)):
            return families
    return frozenset()


def _slot(name: str, value: Value) -> SlotView:
    words = slot_words(name)
    word_stems = frozenset(stem(word) for word in words)
    families = families_of(name)
    truth = value if isinstance(value, bool) else None
    if isinstance(value, str) and fold(value).strip() in _TRUE | _FALSE:
        truth = fold(value).strip() in _TRUE
    if truth is not None:
        key = tuple(stem(word) for word in words if stem(word) not in _KEY_FILLER) or tuple(map(stem, words))
        return SlotView(
            name=name, words=word_stems, families=frozenset(), kind="boolean", value=value, truth=truth, key=key,
            concepts=vocabulary().concept_ids(key),
        )  # fmt: skip
    parts: tuple[Scalar, ...] = value if isinstance(value, tuple) else (value,)
    if all(isinstance(part, int | float) for part in parts):
        unit = _named_unit(words, families)
        numbers = tuple(Number(low=float(part), high=float(part), unit=unit) for part in parts)
        return SlotView(
            name=name, words=word_stems, families=families, kind="number", value=value, numbers=numbers,
            level=_number_level(families, numbers),
        )  # fmt: skip
    texts = [str(part) for part in parts]
    multiple = isinstance(value, tuple)
    if not multiple and not (families & _NOT_SPLIT) and re.search(r"[,;|]\s", texts[0]):
        pieces = [piece.strip() for piece in re.split(r"[,;|]\s", texts[0])]
        if all(len(piece.split()) <= 5 for piece in pieces) and not re.search(r"[.!?]\s|\d{4}", texts[0]):
            texts, multiple = pieces, True
    phrases = tuple(dict.fromkeys((phrase, text) for text in texts for phrase in _aliases(text) if phrase))
    numbers = tuple(number for text in texts for number in _numbers(text, words, families))
    named = bool(families & _NAMED)
    concepts = frozenset[int]() if named else frozenset(i for phrase, _ in phrases for i in _concepts_within(phrase))
    return SlotView(
        name=name, words=word_stems, families=families, kind="phrase", value=value, phrases=phrases, concepts=concepts,
        numbers=numbers, level=_text_level(texts[0], families, numbers), multiple=multiple or "genre" in families,
    )  # fmt: skip


def _aliases(text: str) -> Iterable[Stems]:
    """The ways a value may be said: whole, without brackets, what is in brackets, and either side of a slash."""
    yield stems(text)
    plain = re.sub(r"\s*[(\[][^)\]]*[)\]]", "", text).strip()
    if plain != text:
        yield stems(plain)
        for inner in re.findall(r"[(\[]([^)\]]*)[)\]]", text):
            yield stems(inner)
    for separator in ("/", " & ", ": "):
        if separator in plain:
            for part in plain.split(separator):
                yield stems(part)


def _concepts_within(phrase: Stems) -> Iterable[int]:
    """The concepts named by a value or by a stretch of it, with what they imply."""
    known = vocabulary()
    i = 0
    while i < len(phrase):
        longest = 0
        for words, concept, affirms in known.phrases.get(phrase[i], ()):
            if len(words) < longest:
                break
            if affirms and phrase[i : i + len(words)] == words:
                longest = len(words)
                yield concept
                for implied in known.concepts[concept].implies:
                    yield from known.concept_ids(implied)
        i += longest or 1


def _named_unit(words: tuple[str, ...], families: frozenset[str]) -> str | None:
    units = vocabulary().units
    for word in reversed(words):
        if word not in {"min", "max"} and (unit := units.get(word)):
            return unit[0]
    return "minute" if "runtime" in families else None


def _numbers(text: str, words: tuple[str, ...], families: frozenset[str]) -> Iterable[Number]:
    if "title" in families:
        return
    for quantity in quantities(tokenize(text)):
        unit = quantity.unit or (_named_unit(words, families) if quantity.kind == "number" else None)
        top = 5.0 if quantity.kind == "rating" else None
        yield Number(low=quantity.low, high=quantity.high, unit=unit, top=top)


def _number_level(families: frozenset[str], numbers: tuple[Number, ...]) -> int | None:
    if "rating" not in families or not numbers:
        return None
    value = numbers[0].low
    if numbers[0].top is None:
        value /= 5 if value <= 5 else 10 if value <= 10 else 100
    return share_level(value)


def share_level(share: float) -> int:
    """The level (1 to 4) of a rating given as a share of its scale."""
    return 1 if share <= 0.4 else 2 if share <= 0.65 else 3 if share < 0.9 else 4


def quality_level(text: str) -> int | None:
    """The level (1 to 4) that a rating in words stands for ("excellent", "above average"); None for other words."""
    words = tokenize(text)
    for token in words:
        if token.low in _LOW:
            return 1
        if token.low in _MIDDLE:
            return 2
        if token.low in _HIGH:
            return 4 if token.low in {"excellent", "outstanding", "superb", "top"} else 3
    opinions = vocabulary().opinions
    for token in words:
        if levels := opinions.get(token.low):
            return max(levels)
    return None


def _text_level(text: str, families: frozenset[str], numbers: tuple[Number, ...]) -> int | None:
    if "rating" in families:
        return _number_level(families, numbers) if numbers else quality_level(text)
    if "price" in families:
        known = vocabulary()
        for i in known.concept_ids(stems(text)):
            if known.concepts[i].kind == "price":
                return known.concepts[i].order
        low = fold(text).strip()
        return 1 if low in _LOW else 2 if low in _MIDDLE else 3 if low in _HIGH else None
    return None
