"""Where a message limits a number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberSpan:
    """A stretch of the message that limits ``slot`` to ``low..high``; ``slot`` None is how many items are wanted."""

    start: int
    end: int
    slot: str | None
    low: float | None = None
    high: float | None = None
    negated: bool = False
    soft: bool = False
    """Named without a bound ("a two-hour film"): preferred, not promised."""
