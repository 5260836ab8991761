"""Candidates, and the list that is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Stage = Literal["rerank", "boost", "bury", "diversity", "cap", "exploration", "pin"]
"""What may move an item after it was scored, in the order in which it does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An item that retrieval proposes, with its rank (from 1) in every source that found it."""

    item_id: str
    row: int
    """Its row in the catalogue's arrays."""
    fused: float
    """Reciprocal rank fusion score over the sources."""
    ranks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """A step after scoring that moved an item in its list."""

    stage: Stage
    reason: str
    """In words: ``pinned by rule 'house pick'``."""
    before: int | None
    """Its position before the step, from 1; None when it was not in the list."""
    after: int
    """Its position after the step. Pins are put in last and push down what stands below them."""
    rule: str | None = None
    """The name of the business rule, where it was one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A candidate with its score, and the columns it was made from."""

    item_id: str
    row: int
    score: float
    columns: Mapping[str, float] = field(default_factory=dict)
    contributions: Mapping[str, float] = field(default_factory=dict)
    history: tuple[tuple[str, float], ...] = ()
    """(item id, contribution) of the history items that moved the score most, largest first."""
    placements: tuple[Placement, ...] = ()
    """What moved it after it was scored, in order; empty when its place is its score's."""
    propensity: float = 1.0
    """The probability with which it came to its position: below 1 where chance had a part."""
    label: str | None = None
    """What a card must say of how it came into the list, such as ``Sponsored``."""

    @property
    def pinned(self) -> bool:
        """Whether a rule, and not its score, put it where it is."""
        return any(placement.stage == "pin" for placement in self.placements)
