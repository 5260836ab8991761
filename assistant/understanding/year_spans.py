"""Years, decades and centuries in a message.

Years that are told from now ("the last five years") count from this year, or from the newest year of the catalogue where
that is earlier: what is recent in a catalogue that ends in 2017 is not what would be recent today.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from assistant.understanding.number_patterns import NumberPatterns


class _Take(Protocol):
    def __call__(
        self, match: re.Match[str], slot: str | None, low: float | None, high: float | None, *, negated: bool = False
    ) -> None:
        """Take a stretch for a limit unless it is taken."""


class YearFinder:
    """Finds limits of the slot ``year`` in a folded text and hands each to ``take``."""

    def __init__(self, text: str, patterns: NumberPatterns, now: int, take: _Take) -> None:
        self._text = text
        self._patterns = patterns
        self._now = now
        self._take = take

    def find_limits(self) -> None:
        patterns = self._patterns
        for match in patterns.year_pair.finditer(self._text):
            if patterns.bounds_year.search(self._text, 0, match.start()):
                continue  # "after 2000 but not after 2010": each has a word of its own
            ends = sorted((self._year(match["a"]), self._year(match["b"])))
            self._take(match, "year", ends[0], ends[1], negated=bool(match["not"]))
        for match in patterns.year_bound.finditer(self._text):
            first, last = self._when(match)
            how = match["how"]
            if patterns.until.fullmatch(how):
                self._take(match, "year", None, last)
            elif patterns.since.fullmatch(how):
                self._take(match, "year", first, None)
            elif patterns.after.fullmatch(how):
                self._take(match, "year", last + 1, None)
            else:
                self._take(match, "year", None, first - 1)
        for match in patterns.year_onwards.finditer(self._text):
            first, last = self._when(match)
            if patterns.backwards.fullmatch(match["how"]):
                self._take(match, "year", None, last)
            else:
                self._take(match, "year", first, None)
        for match in patterns.year_about.finditer(self._text):
            reach = int(patterns.words["year_reach"])
            self._take(match, "year", self._year(match["a"]) - reach, self._year(match["a"]) + reach)
        self._find_spans_of_years()
        for match in patterns.decade.finditer(self._text.replace("_", " ")):
            one = self._part(self._decade(match["a"]), match["part1"])
            other = self._part(self._decade(match["b"]), match["part2"]) if match["b"] else one
            self._take(match, "year", min(one[0], other[0]), max(one[1], other[1]), negated=bool(match["not"]))

    def find_bare(self) -> None:
        """Years without a word that bounds them."""
        for match in self._patterns.year.finditer(self._text):
            self._take(match, "year", self._year(match["a"]), self._year(match["a"]), negated=bool(match["not"]))

    def _find_spans_of_years(self) -> None:
        patterns, words = self._patterns, self._patterns.words
        for match in patterns.last_years.finditer(self._text):
            written, decades = match["n"], patterns.last_decades.fullmatch(match["unit"]) is not None
            if written is None and not decades:
                continue  # "last year" is the one before
            number = 1 if written is None else patterns.language.numbers.get(written)
            number = number or (int(written) if written.isdigit() else int(words["few"]))
            years = number * (10 if decades else 1)
            self._take(match, "year", self._now - years + 1, None)
        for name, pattern in patterns.spans_of_years:
            for match in pattern.finditer(self._text):
                low, high = self._span_of_years(name, match)
                self._take(match, "year", low, high)

    def _span_of_years(self, name: str, match: re.Match[str]) -> tuple[int, int | None]:
        words = self._patterns.words
        if name == "this_century":
            return int(words["century_start"]), None
        if name == "century":
            century = int(match["nth"] or words["centuries"][match["word"]])
            return 100 * (century - 1), 100 * century - 1
        if name == "this_decade":
            return self._now - self._now % 10, None
        if name == "decade_from":
            return self._year(match["a"]), self._year(match["a"]) + 9
        year = self._now - (name == "last_year")
        return year, year

    def _when(self, match: re.Match[str]) -> tuple[int, int]:
        when = match["when"]
        if re.fullmatch(self._patterns.words["year"], when):
            return (self._year(when),) * 2
        return self._part(self._decade(when), match["part"])

    def _year(self, text: str) -> int:
        """``1982`` and ``'82``."""
        year = int(re.sub(r"\D", "", text))
        return year if year >= 100 else year + (2000 if year <= self._now % 100 else 1900)

    def _decade(self, text: str) -> tuple[int, int]:
        """First and last year of ``1990s``, ``90s``, ``nineties``."""
        if digits := re.sub(r"\D", "", text):
            start = int(digits)
            if start < 100:
                start += 1900 if start >= 20 else 2000
        else:
            word = re.sub(rf"^(?:{self._patterns.words['decade_century']})", "", text)
            start = 1900 + self._patterns.language.decades[word]
        return start, start + 9

    def _part(self, decade: tuple[int, int], which: str | None) -> tuple[int, int]:
        parts: Mapping[str, Any] = self._patterns.words["parts"]
        if not which or which not in parts:
            return decade
        first, last = parts[which]
        return decade[0] + first, decade[0] + last
