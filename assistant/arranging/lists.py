"""A list between scoring and showing: entries that steps move, each leaving its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from assistant.ranking import Ranker
from assistant.scoring.base import History, Rows, Scores
from assistant.types import Placement, Ranked, Stage

POOL = 200
"""How many of the best are arranged; what is ranked lower keeps its order behind them. As many as candidates are retrieved,
and as the learned stage reorders."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list that is wanted: whose it is, what is ranked, and how much of it."""

    ranker: Ranker
    history: History
    rows: Rows | None
    """Of the catalogue; None is everything outside the history."""
    relevance: Scores | None = None
    """(len(rows),) match to a request; None when there is none."""
    k: int

    @cached_property
    def scored(self) -> tuple[Ranked, ...]:
        """The best by score, at least ``POOL`` and at least ``k`` where there are so many, without explanations."""
        most = max(self.k, POOL)
        return self.ranker.rank(self.history, self.rows, relevance=self.relevance, k=most, explain=False)

    def plain(self, *, explain: bool) -> tuple[Ranked, ...]:
        """The list by score alone."""
        return self.ranker.rank(self.history, self.rows, relevance=self.relevance, k=self.k, explain=explain)

    def explained(self, rows: Sequence[int], *, also: Sequence[int] = ()) -> dict[int, Ranked]:
        """By row: its columns, contributions and history, as they are in this list; ``also`` are rows beside those ranked."""
        ranked, relevance = self.rows, self.relevance
        if also:
            if ranked is None:
                ranked = np.setdiff1d(np.arange(len(self.ranker.item_ids)), self.history.rows)
            extra = np.setdiff1d(np.array(also, np.int64), ranked)
            ranked = np.concatenate((ranked, extra))
            if (
                relevance is not None
            ):  # what retrieval did not propose matches the request as little as the worst it did
                floor = relevance.min() if len(relevance) else 0.0
                relevance = np.concatenate((relevance, np.full(len(extra), floor, np.float32)))
        only = np.array([*rows, *also], np.int64)
        found = self.ranker.rank(self.history, ranked, relevance=relevance, k=len(only), only=only)
        return {entry.row: entry for entry in found}

    @cached_property
    def unit(self) -> float:
        """The range of scores: the best less the last of the first ``POOL``. What rules and models move is a share of it."""
        pool = self.scored[:POOL]
        return pool[0].score - pool[-1].score if len(pool) > 1 else 0.0


@dataclass(kw_only=True)
class Entry:
    """An item in a list that is being arranged."""

    row: int
    score: float
    given: dict[str, float] = field(default_factory=dict)
    """What steps added to its score, by their name."""
    placements: list[Placement] = field(default_factory=list)
    propensity: float = 1.0
    label: str | None = None

    def ranked(self, explained: Ranked) -> Ranked:
        """The entry with the columns and contributions that its score was made from."""
        return replace(
            explained,
            score=explained.score + sum(self.given.values()),
            contributions={**explained.contributions, **self.given},
            placements=tuple(self.placements),
            propensity=self.propensity,
            label=self.label,
        )


def by_score(entries: Sequence[Entry]) -> list[Entry]:
    """Best first; ties keep their order."""
    return sorted(entries, key=lambda entry: -entry.score)


def note_moves(
    before: Sequence[Entry], after: Sequence[Entry], stage: Stage, *, up: str, down: str, rule: str | None = None
) -> None:
    """Write into every entry that has another position now why that is."""
    place = {id(entry): position for position, entry in enumerate(before, 1)}
    for position, entry in enumerate(after, 1):
        if (was := place[id(entry)]) != position:
            reason = up if position < was else down
            entry.placements.append(Placement(stage=stage, reason=reason, before=was, after=position, rule=rule))
