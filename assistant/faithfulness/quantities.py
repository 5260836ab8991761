"""Numbers in text: years, decades, ranges, money, durations, ratings, counts with units, and hedges around them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from assistant.faithfulness.text import Token, word_set
from assistant.faithfulness.vocabulary import vocabulary

QuantityKind = Literal["year", "money", "rating", "number"]

_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "k": 1000}
_DECADES = {
    "twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70, "eighties": 80,
    "nineties": 90,
}  # fmt: skip
_CURRENCY = {"$", "£", "€", "¥", "₹"}
_CURRENCY_WORDS = word_set("dollar dollars pound pounds euro euros usd gbp eur quid bucks yen rupees cents")
_MORE = word_set("over above exceeding beyond after")
_LESS = word_set("under below within before until")
_ABOUT = word_set("about around roughly approximately nearly almost circa some approx close near")
_CAPACITIES = frozenset({"sleep", "seat", "accommodat", "hold"})
_DASHES = frozenset("-–—")
BASE: dict[str, tuple[str, float]] = {
    "minute": ("time", 1), "hour": ("time", 60), "day": ("time", 1440), "gram": ("weight", 1),
    "kilo": ("weight", 1000), "pound": ("weight", 453.6), "ounce": ("weight", 28.35), "millimetre": ("size", 1),
    "centimetre": ("size", 10), "inch": ("size", 25.4), "metre": ("size", 1000), "kilometre": ("size", 1e6),
    "mile": ("size", 1.609e6), "gigabyte": ("data", 1), "terabyte": ("data", 1024),
}  # fmt: skip
"""Canonical unit -> (dimension, size in the dimension's base unit)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantity:
    """A number, or a range of numbers, over tokens ``[start, end)``."""

    start: int
    end: int
    low: float
    high: float
    kind: QuantityKind
    unit: str | None = None
    """Canonical unit, or the stem of the noun that is counted."""
    loose: bool = False
    """Hedged by "about", "nearly", or rounded to a whole number of hours."""
    open_low: bool = False
    open_high: bool = False
    """The bound itself is outside: "over 120"."""
    digits: bool = True
    """Written in digits rather than in words."""

    def holds(self, low: float, high: float) -> bool:
        """Whether a record value between ``low`` and ``high`` (equal for a plain number) satisfies it."""
        ours_low, ours_high = self.low, self.high
        if self.loose:
            slack = 0.1 * max(abs(ours_low if math.isfinite(ours_low) else ours_high), 1e-9)
            ours_low, ours_high = ours_low - slack, ours_high + slack
        if low != high and ours_low == ours_high:
            return low <= ours_low <= high
        above = low > ours_low or (low >= ours_low - 1e-9 and not (self.open_low and low == high))
        below = high < ours_high or (high <= ours_high + 1e-9 and not (self.open_high and low == high))
        return above and below


def quantities(tokens: list[Token], nouns: frozenset[str] = frozenset()) -> list[Quantity]:
    """Every number of the tokens, left to right, none overlapping.

    A number in words counts only with a unit, or before one of ``nouns`` (stems), or where it says a capacity.
    """
    found: list[Quantity] = []
    i = 0
    while i < len(tokens):
        quantity = _at(tokens, i, nouns)
        if quantity is None:
            i += 1
            continue
        found.append(quantity)
        i = max(quantity.end, i + 1)
    return found


def _value(tokens: list[Token], i: int) -> tuple[float, int, bool] | None:
    """(value, index after it, in digits) of the number at ``i``."""
    token = tokens[i]
    if token.kind == "number":
        value, end, digits = float(token.low), i + 1, True
    elif token.low in _WORDS:
        value, end, digits = float(_WORDS[token.low]), i + 1, False
        if value >= 20 and end < len(tokens) and tokens[end].low in _DASHES:
            end += 1
        follow = _WORDS.get(tokens[end].low) if end < len(tokens) else None
        if value >= 20 and follow is not None and 0 < follow < 10:
            value, end = value + follow, end + 1
        elif value >= 20 and tokens[end - 1].low in _DASHES:
            end -= 1
    elif token.low in {"a", "an"} and i + 1 < len(tokens) and tokens[i + 1].low in {"hundred", "thousand", "dozen"}:
        return float({"hundred": 100, "thousand": 1000, "dozen": 12}[tokens[i + 1].low]), i + 2, False
    elif token.low in {"a", "an"} and i + 1 < len(tokens) and tokens[i + 1].low == "hour":
        return 1.0, i + 1, False
    elif token.low == "half" and i + 2 < len(tokens) and tokens[i + 1].low == "an" and tokens[i + 2].low == "hour":
        return 0.5, i + 2, False
    else:
        return None
    while end < len(tokens) and tokens[end].low in _SCALES and (tokens[end].low != "k" or digits):
        value, end = value * _SCALES[tokens[end].low], end + 1
    if end + 2 < len(tokens) and [t.low for t in tokens[end : end + 3]] == ["and", "a", "half"]:
        value, end = value + 0.5, end + 3
    return value, end, digits


def _at(tokens: list[Token], i: int, nouns: frozenset[str] = frozenset()) -> Quantity | None:
    token = tokens[i]
    if (decade := _decade(tokens, i)) is not None:
        return decade
    start, money = i, False
    if token.low in _CURRENCY and i + 1 < len(tokens) and tokens[i + 1].kind == "number":
        money, i = True, i + 1
    parsed = _value(tokens, i)
    if parsed is None:
        return None
    low, end, digits = parsed
    high = low
    if rating := _out_of(tokens, end):
        top, end = rating
        return Quantity(start=start, end=end, low=low / top, high=low / top, kind="rating", digits=True)
    # A range: 20-25, £20 to £25, between 20 and 25.
    between = start > 0 and tokens[start - 1].low in {"between", "from"}
    joiners = _DASHES | {"to"} | ({"and"} if between else set())
    middle = end + 1 if end < len(tokens) and tokens[end].low in _CURRENCY else end
    if middle < len(tokens) and tokens[middle].low in joiners:
        after = middle + 1
        after += 1 if after < len(tokens) and tokens[after].low in _CURRENCY else 0
        second = _value(tokens, after) if after < len(tokens) else None
        if second is not None and second[0] > low and (digits == second[2]):
            high, end = second[0], second[1]
            money = money or tokens[after - 1].low in _CURRENCY
    elif middle < len(tokens) and tokens[middle].low == "+" and tokens[middle].start == tokens[middle - 1].end:
        high, end = math.inf, middle + 1
    unit, end, unit_money = _unit(tokens, end)
    money = money or unit_money
    if unit == "hour" and low == high and end < len(tokens):
        low, high, end = _and_minutes(tokens, end, low, high)
    loose, open_low, open_high = False, False, False
    if low == high:
        loose, open_low, open_high = _hedge(tokens, start)
        over = not open_low and start > 0 and tokens[start - 1].low == "over"
        if open_low or over:
            open_low = not over and tokens[start - 1].low != "since"
            low, high = low, (low * 1.15 if loose else math.inf)
            loose = False
        elif open_high:
            low, high = (low * 0.85 if loose else -math.inf), high
            loose = False
    if not digits and unit is None and not money:
        counted = end < len(tokens) and tokens[end].stem in nouns and tokens[end].kind == "word" and low != 1
        if not counted and low < 100 and not (start > 0 and tokens[start - 1].stem in _CAPACITIES):
            return None
    if money:
        kind: QuantityKind = "money"
    elif unit is None and digits and _year_like(tokens[i]):
        kind = "year"
    elif unit in {"star", "percent"}:
        kind = "rating" if unit == "star" else "number"
        if unit == "star" and high <= 5:
            low, high, unit = low / 5, high / 5, None
    else:
        kind = "number"
    if unit == "hour" and low == high and low == int(low):
        loose = True
    return Quantity(
        start=start, end=end, low=low, high=high, kind=kind, unit=unit, loose=loose, open_low=open_low,
        open_high=open_high, digits=digits or low >= 100,
    )  # fmt: skip


def _year_like(token: Token) -> bool:
    return len(token.text) == 4 and token.text.isdecimal() and 1400 <= int(token.text) <= 2100


def _decade(tokens: list[Token], i: int) -> Quantity | None:
    token = tokens[i]
    after = tokens[i + 1] if i + 1 < len(tokens) else None
    start, end = i, i + 1
    value: float | None = None
    if token.kind == "number" and len(token.text) in (2, 4) and token.text.isdecimal() and token.text.endswith("0"):
        if after is not None and after.low in {"s", "'s"} and after.start == token.end:
            value, end = float(token.text), i + 2
    elif token.low in _DECADES:
        value = float(_DECADES[token.low])
    if value is None:
        return None
    if value < 100:
        value += 1900 if value >= 20 or token.low in _DECADES else 2000
    low, high = value, value + 9
    previous = tokens[i - 1].low if i else ""
    if previous == "'" and i:
        start, previous = i - 1, tokens[i - 2].low if i > 1 else ""
    previous = tokens[start - 2].low if previous in _DASHES and start > 1 else previous
    if previous == "early":
        high = value + 4
    elif previous == "late":
        low = value + 5
    elif previous in {"mid", "middle"}:
        low, high = value + 3, value + 7
    return Quantity(start=start, end=end, low=low, high=high, kind="year")


def _out_of(tokens: list[Token], end: int) -> tuple[float, int] | None:
    """(top of the scale, index after it) for ``out of 5``, ``/5``, ``of 5 stars``, ``out 5``."""
    lows = [token.low for token in tokens[end : end + 6]]
    skip = 0
    while skip < len(lows) and lows[skip] in {"star", "stars", "points"}:
        skip += 1
    rest = lows[skip:]
    for lead in (["out", "of", "a", "possible"], ["out", "of"], ["out"], ["/"], ["of"], ["on"]):
        n = len(lead)
        if rest[:n] == lead and len(rest) > n:
            parsed = _value(tokens, end + skip + n)
            if parsed is not None and parsed[0] in {5, 10, 100} and (lead != ["on"]):
                after = parsed[1]
                if after < len(tokens) and tokens[after].low in {"star", "stars", "points"}:
                    after += 1
                return parsed[0], after
    return None


def _unit(tokens: list[Token], end: int) -> tuple[str | None, int, bool]:
    """(canonical unit or None, index after it, it is a currency)."""
    at = end
    while at < len(tokens) and tokens[at].low in _DASHES | {'"', "more", "different"}:
        at += 1
    if end < len(tokens) and tokens[end].low in _CURRENCY:
        return None, end + 1, True
    if at >= len(tokens):
        return None, end, False
    if tokens[at].low in _CURRENCY_WORDS:
        return None, at + 1, True
    unit = vocabulary().units.get(tokens[at].low) if tokens[at].kind == "word" or tokens[at].low == "%" else None
    if unit is not None:
        return unit[0], at + 1, False
    return None, end, False


def _hedge(tokens: list[Token], start: int) -> tuple[bool, bool, bool]:
    """(loose, the value is above, the value is below) from the words before the number."""
    words = [token.low for token in tokens[max(0, start - 4) : start]]
    while words and words[-1] in {"the", "a", "an", "price", "of", "year", "is", "only", "by"}:
        words.pop()
    last = words[-1] if words else ""
    pair = " ".join(words[-2:])
    just = any(word in {"just", "little", "slightly", "bit", "barely"} for word in words[:-1])
    if pair in {"more than", "greater than", "higher than", "longer than", "later than", "upwards of"}:
        return just, True, False
    if pair in {"less than", "lower than", "fewer than", "cheaper than", "shorter than", "earlier than", "shy of"}:
        return just or "just" in words, False, True
    if pair in {"at least"}:
        return False, True, False
    if pair in {"at most", "up to", "no more", "maximum of"}:
        return False, False, True
    if last in _MORE:
        # "over 24 episodes" may mean exactly so many.
        return just, last != "over" or just, False
    if last in _LESS:
        return just, False, True
    if last in {"nearly", "almost"}:
        return True, False, True
    if last == "since":
        return False, True, False
    return last in _ABOUT, False, False


def _and_minutes(tokens: list[Token], end: int, low: float, high: float) -> tuple[float, float, int]:
    """Adds the minutes of "two hours and five minutes"."""
    if [token.low for token in tokens[end : end + 3]] == ["and", "a", "half"]:
        return low + 0.5, high + 0.5, end + 3
    at = end + (1 if tokens[end].low in {"and", ","} else 0)
    parsed = _value(tokens, at) if at < len(tokens) else None
    if parsed is None or parsed[0] >= 60:
        return low, high, end
    value, after, _ = parsed
    if after < len(tokens) and tokens[after].stem in {"minut", "min"}:
        return low + value / 60, high + value / 60, after + 1
    return low, high, end
