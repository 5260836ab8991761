"""Does an explanation name what moved the ranking?

Each cited item of the history is taken away and the items are ranked again. Necessity: the recommended item drops.
Sufficiency: it stays with only the cited ones. Both are compared with a placebo, as many items of the history that are not
cited and stand nearest to the cited ones in time, since taking anything away moves a ranking a little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2

from evals.statistics import Interval, mean_interval

RankOf = Callable[[Sequence[str], str], int]
"""(history of item ids, oldest first; item id) -> the item's rank, from 1, among all that are not in the history."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """A recommendation and what its explanation cites of the history."""

    cluster: str
    item_id: str
    history: tuple[str, ...]
    """Oldest first."""
    cited: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CounterfactualReport:
    """Means over the citations that could be tested."""

    tested: int
    untested: int
    """Without a cited item, or without as many uncited ones."""
    necessity: Interval | None
    """log2 of how many times worse the rank becomes without the cited ones, minus the same without the placebo."""
    sufficiency: Interval | None
    """Share that stays among the first k with only the cited ones, minus the share with only the placebo."""
    k: int


def placebo(history: Sequence[str], cited: Sequence[str]) -> tuple[str, ...] | None:
    """As many uncited items as cited ones, each the nearest in order to a cited one; None when there are too few."""
    taken: list[str] = []
    free = [place for place, item in enumerate(history) if item not in cited]
    for item in cited:
        if not free:
            return None
        place = history.index(item)
        nearest = min(free, key=lambda p: (abs(p - place), p))
        free.remove(nearest)
        taken.append(history[nearest])
    return tuple(taken)


def counterfactual(citations: Sequence[Citation], rank_of: RankOf, *, k: int = 10) -> CounterfactualReport:
    """Rank again without, and with only, what is cited."""
    necessity: list[tuple[str, float]] = []
    sufficiency: list[tuple[str, float]] = []
    untested = 0
    for citation in citations:
        cited = tuple(item for item in dict.fromkeys(citation.cited) if item in citation.history)
        instead = placebo(citation.history, cited) if cited else None
        if not cited or instead is None:
            untested += 1
            continue
        full = rank_of(citation.history, citation.item_id)

        def dropped(
            gone: Sequence[str],
            history: tuple[str, ...] = citation.history,
            item: str = citation.item_id,
            full: int = full,
        ) -> float:
            return log2(rank_of([i for i in history if i not in gone], item) / full)

        def stays(
            kept: Sequence[str], history: tuple[str, ...] = citation.history, item: str = citation.item_id
        ) -> bool:
            return rank_of([i for i in history if i in kept], item) <= k

        necessity.append((citation.cluster, dropped(cited) - dropped(instead)))
        sufficiency.append((citation.cluster, float(stays(cited)) - float(stays(instead))))
    return CounterfactualReport(
        tested=len(necessity),
        untested=untested,
        necessity=mean_interval([v for _, v in necessity], [c for c, _ in necessity]),
        sufficiency=mean_interval([v for _, v in sufficiency], [c for c, _ in sufficiency]),
        k=k,
    )
