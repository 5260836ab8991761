"""A reason as it is made: its words, and the facts that each span of them cites."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """``text[start:end]`` says what the facts say."""

    start: int
    end: int
    fact_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrased:
    """A reason, with the facts that each span cites and the shape it was made in."""

    text: str
    spans: tuple[Span, ...]
    shape: str
    """``asked.3+people.1``: pass the shapes of a reply's earlier cards as ``used``."""
    fact_ids: tuple[str, ...]
    """Facts it cites, in the order of the text."""
