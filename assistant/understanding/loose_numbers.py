"""Limits that are said in no known order: a number, what it counts and which way it goes, somewhere in one clause.

``number_patterns`` knows the usual orders ("at most 90 minutes", "rated 4 or higher"). This is what is left: "scoring nothing
short of 3.7", "with an average rating that is no better than 4.1". What it counts has to be said, so that a story's numbers
stay a story's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.language import Language, any_of
from assistant.understanding.number_spans import NumberSpan
from assistant.understanding.slots import SpokenSlots

LEAST_WORD = 4
"""The least number that is read as a word: smaller ones count items, or nothing."""
REACH = 40
"""Characters between a number and the word that says what it counts or which way it goes."""
REACH_BEHIND = 30
"""Characters behind a number within which a word says which way it goes."""
FAR_BELOW, FAR_ABOVE = 0.5, 2.0
"""A number below or above the known ones by more than this factor does not limit them."""


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    slot: str = ""
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class _Amount:
    start: int
    end: int
    value: float
    count: _Word | None = None
    price: bool = False


class LooseNumbers:
    """The patterns of one language and catalogue."""

    def __init__(self, language: Language, spoken: SpokenSlots, units: Mapping[str, tuple[str, float]]) -> None:
        """``units`` is word to (slot, factor), as ``NumberPatterns`` has them."""
        words = language.numeric
        self.known = language.spaced and "up" in words
        if not self.known:
            return
        self.spoken, self.units = spoken, units
        self.counted: dict[str, str] = {}
        for slot, entry in spoken.numeric.items():
            if slot == "year":
                continue  # years have patterns of their own, and need no name
            for phrase in (*entry.names, *entry.says, *entry.more, *entry.less):
                self.counted.setdefault(phrase, slot)
        more = {word for entry in spoken.numeric.values() for word in entry.more}
        less = {word for entry in spoken.numeric.values() for word in entry.less}
        self.price = self.counted.get("price")
        self.up = re.compile(rf"(?<![\w-])(?:{any_of({*words['up'], *more})})(?![\w-])|(?<! )\+|>=?|≥")
        self.down = re.compile(rf"(?<![\w-])(?:{any_of({*words['down'], *less})})(?![\w-])|<=?|≤")
        self.year_up = re.compile(rf"(?<![\w-])(?:{any_of(words['year_up'])})(?![\w-])")
        self.year_down = re.compile(rf"(?<![\w-])(?:{any_of(words['year_down'])})(?![\w-])")
        self.strict = re.compile(any_of(words["strict"]) + "|[<>]")
        self.flips = re.compile(rf"(?<![\w-])(?:{any_of(words['flips'])})\s+(?:{words['flips_between']})?$")
        self.denied = re.compile(rf"(?<![\w-])(?:{any_of(words['denied'])})(?!\w)")
        self.capping = re.compile(rf"(?<![\w-])(?:{any_of(words.get('capping', ()))})(?!\w)")
        self.adjacent = frozenset(words.get("adjacent", ()))
        self.numbers = {word: float(number) for word, number in language.numbers.items() if number >= LEAST_WORD}
        self.years = "year" in spoken.numeric
        self.year = re.compile(words["year"])
        self.pair = re.compile(rf"\s*(?:{words['to']})\s*(?:{words['currency']})?\s*$")
        self.word = re.compile(rf"(?<![\w-])(?P<word>{any_of(self.counted)})(?![\w-])")
        unit = any_of(self.units)
        self.amount = re.compile(
            rf"(?<![\w.])(?P<cur>{words['currency']})?\s?(?P<n>\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?|{any_of(self.numbers)})"
            rf"(?:[\s-]?(?P<unit>{unit})(?!\w)|(?![\w.]\w))"
        )
        self.ends = re.compile(r"[;!?\n—]|,(?!\d{3})|:(?=\s)|\.(?!\d)|(?<=\s)[-–](?=\s)")
        self.joins = re.compile(rf"(?<!\w)(?:{any_of(language.words('clause_joins'))})(?!\w)")

    def find(self, text: str, taken: Iterable[tuple[int, int]]) -> list[NumberSpan]:
        """The limits in a folded text outside of the stretches that are understood already."""
        if not self.known:
            return []
        busy, found = list(taken), []
        for start, end in self._clauses(text):
            found += self._in_clause(text, start, end, busy)
        return found

    def _clauses(self, text: str) -> Iterable[tuple[int, int]]:
        """Stretches between punctuation, cut at conjunctions where both sides say what they count."""
        start = 0
        for end in [*(match.start() for match in self.ends.finditer(text)), len(text)]:
            begin = start
            for match in self.joins.finditer(text, start, end):
                left, right = self._counts(text, begin, match.start()), self._counts(text, match.end(), end)
                amounts = self.amount.search(text, begin, match.start()) and self.amount.search(text, match.end(), end)
                if left and right and amounts:
                    yield begin, match.start()
                    begin = match.end()
            yield begin, end
            start = end + 1

    def _counts(self, text: str, start: int, end: int) -> bool:
        if self.word.search(text, start, end):
            return True
        return any(match["unit"] or match["cur"] for match in self.amount.finditer(text, start, end))

    def _in_clause(self, text: str, start: int, end: int, busy: Sequence[tuple[int, int]]) -> list[NumberSpan]:
        def free(match: re.Match[str]) -> bool:
            return not any(first < match.end() and match.start() < last for first, last in busy)

        amounts = [self._amount(match) for match in self.amount.finditer(text, start, end) if free(match)]
        words = [
            _Word(match.start(), match.end(), self.counted[re.sub(r"\s+", " ", match["word"])])
            for match in self.word.finditer(text, start, end)
            if free(match)
        ]
        found: list[NumberSpan] = []
        place = 0
        while place < len(amounts):
            one = amounts[place]
            other = amounts[place + 1] if place + 1 < len(amounts) else None
            paired = other is not None and self.pair.fullmatch(text[one.end : other.start]) is not None
            last = other if paired and other is not None else one
            place += 2 if paired else 1
            counted = last.count or one.count or self._nearest(words, one, last)
            if counted is None and (one.price or last.price) and self.price:
                counted = _Word(one.start, last.end, self.price)
            if (
                counted is None
                and self.years
                and all(self.year.fullmatch(text[a.start : a.end].strip()) for a in (one, last))
            ):
                counted = _Word(one.start, last.end, "year")
            if counted is None:
                continue
            values = [
                amount.value * (amount.count.factor if amount.count else counted.factor) for amount in (one, last)
            ]
            if not all(self._possible(counted.slot, value) for value in values):
                continue
            left = max([start, *(f.end for f in found)])
            span = self._limit(text, left, end, one, last, counted, values, free, paired=paired)
            if span is not None:
                found.append(span)
        return found

    def _amount(self, match: re.Match[str]) -> _Amount:
        written = re.sub(r"\s+", " ", match["n"])
        value = self.numbers[written] if written in self.numbers else float(written.replace(",", ""))
        if unit := match["unit"]:
            slot, factor = self.units[re.sub(r"\s+", " ", unit)]
            return _Amount(match.start(), match.end(), value, _Word(match.start("unit"), match.end(), slot, factor))
        return _Amount(match.start(), match.end(), value, price=match["cur"] is not None)

    def _nearest(self, words: Sequence[_Word], one: _Amount, last: _Amount) -> _Word | None:
        """The word nearest to an amount, those before it first."""
        before = [word for word in words if word.end <= one.start and one.start - word.end <= REACH]
        after = [word for word in words if word.start >= last.end and word.start - last.end <= REACH]
        return before[-1] if before else after[0] if after else None

    def _possible(self, slot: str, value: float) -> bool:
        low, high = self.spoken.quantile(slot, 0.0), self.spoken.quantile(slot, 1.0)
        return FAR_BELOW * min(low, high) <= value <= FAR_ABOVE * high

    def _limit(
        self, text: str, start: int, end: int, one: _Amount, last: _Amount, counted: _Word, values: Sequence[float],
        free: Callable[[re.Match[str]], bool], *, paired: bool,
    ) -> NumberSpan | None:  # fmt: skip
        slot = counted.slot
        begin = min(one.start, counted.start) if counted.start >= start else one.start  # counted by a limit before
        before = max(start, one.start - REACH)
        denial = next((m for m in reversed(list(self.denied.finditer(text, before, one.start)))), None)
        stop = max(last.end, counted.end)
        if paired:
            negated = denial is not None
            begin = min(begin, denial.start()) if denial is not None else begin
            return NumberSpan(start=begin, end=stop, slot=slot, low=min(values), high=max(values), negated=negated)
        patterns = (self.year_up, self.year_down) if slot == "year" else (self.up, self.down)
        ways = [
            (one.start - match.end() if match.start() < one.start else match.start() - last.end, up, match)
            for pattern, up in zip(patterns, (True, False), strict=True)
            for match in pattern.finditer(text, before, min(end, last.end + REACH_BEHIND))
            if not (match.start() < last.end and one.start < match.end())
            and free(match)
            and not (match.start() >= last.end and self.amount.match(text, match.end() + 1))  # it is the next one's
            and (match.group() not in self.adjacent or not text[match.end() : one.start].strip(" $€£¥"))
        ]
        kind = self.spoken.words[slot].answer
        caps = [match.end() for match in self.capping.finditer(text, before, min(end, last.end + REACH // 2))]
        nearest = min((way[0] for way in ways), default=REACH)
        if kind and any(one.start - place <= nearest for place in caps):
            low, high = (values[0], None) if kind == "least" else (None, values[0])
            return NumberSpan(start=begin, end=stop, slot=slot, low=low, high=high)
        if not ways:
            return None
        _, up, match = min(ways, key=lambda way: way[0])
        flip = self.flips.search(text, before if match.start() < one.start else last.end, match.start())
        strict = self.strict.fullmatch(match.group()) is not None and flip is None and match.start() < one.start
        step = self.spoken.step(slot) if strict else 0.0
        rises = up != (flip is not None)
        low, high = (round(values[0] + step, 4), None) if rises else (None, round(values[0] - step, 4))
        begin = min(begin, match.start(), flip.start() if flip else begin)
        return NumberSpan(start=begin, end=max(stop, match.end()), slot=slot, low=low, high=high)
