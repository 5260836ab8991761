"""Years, decades, lengths, prices and counts in a message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.vocabulary import Language

LENGTH_SLOTS = ("runtime", "duration", "length", "minutes", "runtime_minutes")
PAGE_SLOTS = ("pages", "num_pages", "page_count")

_YEAR = r"(?:1[89]\d\d|20\d\d)"
_DECADE = r"(?:(?:1[89]|20)\d0|'?\d0)['’]?s"
_BELOW = (
    r"(?:under|below|less than|shorter than|cheaper than|no more than|at most|up to|not more than|max(?:imum)?|within)"
)
_ABOVE = r"(?:over|above|more than|longer than|at least|no less than|min(?:imum)?)"
_BETWEEN = r"(?:(?:anything|something|films?|movies?|books?|from|made|released|the|a|any|in|of)\s+){0,3}"
_NOT = rf"(?P<not>\b(?:not|nothing|no|neither|nor)\s+{_BETWEEN})?"
_NOT_BEFORE = re.compile(
    rf"\b(?:not|nothing|no|never|don['’]?t want|do not want|isn['’]?t|aren['’]?t|without|except)\s+{_BETWEEN}$"
)
_JOINED = re.compile(r"[\s,]*(?:(?:or|nor|and|from|of|in|the)[\s,]+)*")


class _Take(Protocol):
    """Keeps a match as a span."""

    def __call__(
        self, match: re.Match[str], slot: str | None, low: float | None, high: float | None, negated: bool = False
    ) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberSpan:
    """A stretch of the message that limits ``slot`` to ``low..high``; ``slot`` None is how many items are wanted."""

    start: int
    end: int
    slot: str | None
    low: float | None = None
    high: float | None = None
    negated: bool = False


def _decade_range(text: str, words: Mapping[str, int]) -> tuple[int, int]:
    """First and last year of ``1990s``, ``90s``, ``nineties``."""
    digits = re.sub(r"\D", "", text)
    if digits:
        start = int(digits)
        if start < 100:
            start += 1900 if start >= 20 else 2000
    else:
        start = 1900 + words[re.sub(r"^nineteen[- ]", "", text)]
    return start, start + 9


def _part(decade: tuple[int, int], which: str | None) -> tuple[int, int]:
    """A part of a decade; its first four, middle three or last three years."""
    start = decade[0]
    return {"early": (start, start + 3), "mid": (start + 4, start + 6), "late": (start + 7, start + 9)}.get(
        which or "", decade
    )


def find_numbers(text: str, language: Language, numbers: Mapping[str, NDArray[np.float64]]) -> list[NumberSpan]:
    """Every limit on a number of the catalogue that ``text`` states, and how many items it asks for."""
    lowered = text.lower()
    spans: list[NumberSpan] = []

    def take(
        match: re.Match[str], slot: str | None, low: float | None, high: float | None, negated: bool = False
    ) -> None:
        if any(span.start < match.end() and match.start() < span.end for span in spans):
            return
        negated = negated or (slot is not None and _NOT_BEFORE.search(lowered, 0, match.start()) is not None)
        if negated and (low is None) != (high is None):  # "not before 1990" is from 1990
            step = 0 if slot == "price" else 1
            low, high, negated = (None, low - step, False) if low is not None else ((high or 0) + step, None, False)
        spans.append(NumberSpan(start=match.start(), end=match.end(), slot=slot, low=low, high=high, negated=negated))

    if "year" in numbers:
        _find_years(lowered, language, take)
    length = next((slot for slot in LENGTH_SLOTS if slot in numbers), None)
    if length is not None:
        _find_lengths(lowered, length, take)
    pages = next((slot for slot in PAGE_SLOTS if slot in numbers), None)
    if pages is not None:
        for match in re.finditer(rf"\b({_BELOW}|{_ABOVE})\s+(\d+)\s+pages?\b", lowered):
            below, count = re.fullmatch(_BELOW, match.group(1)), float(match.group(2))
            take(match, pages, None if below else count, count if below else None)
    if "price" in numbers:
        _find_prices(lowered, take, bare=length is None and pages is None)
    _find_count(lowered, language, take)
    spans.sort(key=lambda span: span.start)
    for place in range(1, len(spans)):  # "not from the 90s or 2000s"
        before, span = spans[place - 1], spans[place]
        if before.negated and span.slot == before.slot and _JOINED.fullmatch(lowered[before.end : span.start]):
            spans[place] = replace(span, negated=True)
    return spans


def _find_years(text: str, language: Language, take: _Take) -> None:
    decade_words = "|".join(language.decades)
    decade = rf"(?:{_DECADE}|(?:nineteen[- ])?(?:{decade_words}))"
    part = r"(?:(?P<part{0}>early|mid|late)[- ]+(?:the\s+)?)?"

    for match in re.finditer(
        rf"{_NOT}\b(?:between|from)?\s*(?P<a>{_YEAR})\s*(?:-|–|—|to|and|until|through)\s*(?P<b>{_YEAR})\b", text
    ):
        ends = sorted((int(match["a"]), int(match["b"])))
        take(match, "year", ends[0], ends[1], bool(match["not"]))
    for match in re.finditer(
        rf"\b(?P<how>before|until|pre|prior to|older than|earlier than|after|post|newer than|later than|since)[\s-]+(?:the\s+)?(?:year\s+)?"
        rf"{part.format('')}(?P<when>{_YEAR}(?!['’]?s)|{decade})\b",
        text,
    ):
        when = match["when"]
        first, last = (
            (int(when),) * 2 if when.isdigit() else _part(_decade_range(when, language.decades), match["part"])
        )
        how = match["how"]
        if how == "until":
            take(match, "year", None, last)
        elif how == "since":
            take(match, "year", first, None)
        elif how in ("after", "post", "newer than", "later than"):
            take(match, "year", last + 1, None)
        else:
            take(match, "year", None, first - 1)
    for match in re.finditer(
        rf"\b(?:from\s+)?(?P<a>{_YEAR})\s+(?:on(?:wards?)?|or (?:later|newer)|and (?:later|newer))\b", text
    ):
        take(match, "year", int(match["a"]), None)
    for match in re.finditer(
        rf"{_NOT}\b(?:from |in |of )?(?:the\s+)?{part.format(1)}(?P<a>{decade})(?:\s*(?:-|–|to|through)\s*(?:the\s+)?{part.format(2)}(?P<b>{decade}))?(?!\w)",
        text.replace("_", " "),
    ):
        one = _part(_decade_range(match["a"], language.decades), match["part1"])
        other = _part(_decade_range(match["b"], language.decades), match["part2"]) if match["b"] else one
        take(match, "year", min(one[0], other[0]), max(one[1], other[1]), bool(match["not"]))
    for match in re.finditer(rf"{_NOT}(?<![\w$€£.,])(?:from |in |of )?(?P<a>{_YEAR})(?![\w%]|[.,]\d)", text):
        take(match, "year", int(match["a"]), int(match["a"]), bool(match["not"]))


def _find_lengths(text: str, slot: str, take: _Take) -> None:
    amount = (
        r"(\d+(?:\.\d+)?|an?|one|two|three|four)(\s+and a half)?\s*(hours?|hrs?|h|minutes?|mins?|min)(\s+and a half)?\b"
    )
    words = {"a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0}
    for match in re.finditer(rf"\b({_BELOW}|{_ABOVE}|about|around)\s+{amount}", text):
        value = words.get(match[2]) or float(match[2])
        value = (value + (0.5 if match[3] or match[5] else 0.0)) * (60 if match[4].startswith("h") else 1)
        if match[1] in ("about", "around"):
            take(match, slot, value - 10, value + 10)
        elif re.fullmatch(_BELOW, match[1]):
            take(
                match,
                slot,
                None,
                value if match[1] not in ("under", "below", "less than", "shorter than") else value - 1,
            )
        else:
            take(match, slot, value if match[1] in ("at least", "no less than") else value + 1, None)


def _find_prices(text: str, take: _Take, *, bare: bool) -> None:
    """Limits on the price; with ``bare`` also those that name no currency, as nothing else is counted here."""
    money = r"(?:[$€£]\s*(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\s*(?:dollars?|euros?|pounds?|bucks|usd|eur))"
    plain = r"[$€£]?\s*(\d+(?:\.\d+)?)"
    for match in re.finditer(rf"\b(?:between|from)\s+{plain}\s*(?:-|–|to|and)\s*{money}", text):
        take(match, "price", float(match[1]), float(match[2] or match[3]))
    for match in re.finditer(rf"(?<![\w.]){plain}\s*(?:-|–|to)\s*{money}", text):
        take(match, "price", float(match[1]), float(match[2] or match[3]))
    for match in re.finditer(rf"\b({_BELOW}|{_ABOVE})\s+{money}", text):
        value = float(match[2] or match[3])
        if re.fullmatch(_BELOW, match[1]):
            take(match, "price", None, value)
        else:
            take(match, "price", value, None)
    words = rf"({_BELOW}|{_ABOVE})" if bare else "(cheaper than)"
    for match in re.finditer(rf"\b{words}\s+(\d+(?:\.\d+)?)\b(?!\s*(?:%|\w))", text):
        value = float(match[2])
        take(match, "price", *((None, value) if re.fullmatch(_BELOW, match[1]) else (value, None)))


def _find_count(text: str, language: Language, take: _Take) -> None:
    number = "|".join([r"\d{1,2}", *map(re.escape, language.numbers)])
    noun = "|".join([*sorted(language.item_words), "suggestions?", "recommendations?", "ideas?", "options?", "of them"])
    for pattern in (
        rf"\b(?:give me|show me|suggest|recommend|list|find me|top|i want|i need|name)\s+(?:me\s+|the\s+)?(?P<n>{number})\b(?!\s*(?:minutes?|hours?|mins?|pages|dollars|%))",
        rf"^\W*(?P<n>{number})\s+(?:\w+\s+){{0,2}}?(?:{noun})\b",
    ):
        for match in re.finditer(pattern, text):
            word = match["n"]
            count = language.numbers[word] if word in language.numbers else int(word)
            if count:
                begin = match.start("n")
                spans_only_number = re.compile(re.escape(word)).match(text, begin)
                assert spans_only_number is not None
                take(spans_only_number, None, count, None)
                return
