"""Numbers as reports show them. What is not defined is a dash, never NaN and never 0."""

from __future__ import annotations

from evals.statistics import Interval

ABSENT = "–"


def number(value: Interval | float | None, digits: int = 4) -> str:
    """An estimate: ``0.1234``."""
    estimate = value.estimate if isinstance(value, Interval) else value
    return ABSENT if estimate is None else f"{estimate:.{digits}f}"


def percent(value: Interval | float | None) -> str:
    """A share: ``93.1 %``."""
    estimate = value.estimate if isinstance(value, Interval) else value
    return ABSENT if estimate is None else f"{100 * estimate:.1f} %"


def bounds(value: Interval | None, digits: int = 4) -> str:
    """``[0.1000, 0.1400]``; a dash where there is no interval."""
    if value is None or value.low is None or value.high is None:
        return ABSENT
    return f"[{value.low:.{digits}f}, {value.high:.{digits}f}]"


def p_value(value: float | None) -> str:
    """``0.031``, ``< 0.001``."""
    return ABSENT if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def dollars(value: float | None) -> str:
    """``$0.0123``; ``unknown`` where a price is not known."""
    return "unknown" if value is None else f"${value:.4f}"
