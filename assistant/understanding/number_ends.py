"""Two limits that stand beside each other and are the two ends of one: "from 80, at most 95", "under 80 or over 95"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from assistant.understanding.number_patterns import NumberPatterns
from assistant.understanding.number_spans import NumberSpan
from assistant.understanding.slots import SpokenSlots


def join_ends(
    spans: Iterable[NumberSpan], text: str, patterns: NumberPatterns, spoken: SpokenSlots
) -> list[NumberSpan]:
    """The spans of a folded text in their order, those that are two ends of one limit joined."""
    joined: list[NumberSpan] = []
    for span in sorted(spans, key=lambda span: span.start):
        before = joined[-1] if joined else None
        one = _joined(before, span, text, patterns, spoken) if before is not None else None
        joined[len(joined) - (one is not None) :] = [one or span]
    return joined


def _joined(
    one: NumberSpan, other: NumberSpan, text: str, patterns: NumberPatterns, spoken: SpokenSlots
) -> NumberSpan | None:
    if one.slot is None or one.slot != other.slot or one.negated or other.negated or one.soft or other.soft:
        return None
    lows = [span.low for span in (one, other) if span.low is not None]
    highs = [span.high for span in (one, other) if span.high is not None]
    if len(lows) != 1 or len(highs) != 1:
        return None
    low, high, gap = lows[0], highs[0], text[one.end : other.start]
    if low <= high and patterns.between_ends.fullmatch(gap):
        return replace(one, end=other.end, low=low, high=high)
    if low > high and patterns.between_sides.fullmatch(gap):
        step = spoken.step(one.slot)
        return replace(one, end=other.end, low=round(high + step, 4), high=round(low - step, 4), negated=True)
    return None
