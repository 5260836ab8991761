"""Constraint satisfaction, judged from the records and not by the code that applied the constraints."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.text import fold
from assistant.types import Constraint, Item


def meets(item: Item, constraint: Constraint) -> bool:
    """Whether a record meets a constraint, by the rules in ``Constraint``: unknown fails all but ``none``."""
    value = item.slots().get(constraint.slot)
    if constraint.op == "range":
        if value is None or isinstance(value, (bool, str, tuple)):
            return False
        low, high = constraint.low, constraint.high
        return (low is None or low <= value) and (high is None or value <= high)
    words = () if value is None else value if isinstance(value, tuple) else (value,)
    has = {fold({True: "yes", False: "no"}[word] if isinstance(word, bool) else str(word)) for word in words}
    asked = {fold(word) for word in constraint.values}
    if constraint.op == "none":
        return not has & asked
    if constraint.op == "all":
        return asked <= has
    return not asked or bool(has & asked)


def constraint_satisfaction(items: Sequence[Item], constraints: Sequence[Constraint], k: int) -> float | None:
    """Share of the first k items whose record meets every constraint.

    Empty case: None for an empty list, and None without constraints, which nothing can fail.
    """
    shown = items[:k]
    if not shown or not constraints:
        return None
    return sum(all(meets(item, constraint) for constraint in constraints) for item in shown) / len(shown)
