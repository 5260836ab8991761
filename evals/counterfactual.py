"""Does an explanation name what moved the ranking?

What an explanation cites of the history is taken away and the items are ranked again. Necessity: the recommended item
drops. Sufficiency: it stays with only what is cited. Both are compared with a placebo, as many items of the history that
are not cited and stand nearest to the cited ones in time, since taking anything away moves a ranking a little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2

from evals.statistics import Interval, mean_interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """A recommendation and what its explanation cites of the history."""

    cluster: str
    item_id: str
    history: tuple[str, ...]
    """Ids of the liked items, oldest first: what can be cited, and what can stand in for it."""
    cited: tuple[str, ...]
    """Of a stated taste, the liked items that make it."""
    user: str | None = None
    """Whose events the ranking knows besides; None where the history is all there is."""


RankOf = Callable[[Citation, Sequence[str]], int]
"""(citation, what is left of its history, oldest first) -> the rank, from 1, of its item among all that are not in the
whole history."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CounterfactualReport:
    """Means over the citations that could be tested; None where none could."""

    tested: int
    untested: int
    """Without a cited item, or without as many uncited ones."""
    uncited: int
    """Of these, those that cite nothing of the history."""
    necessity: Interval | None
    """log2 of how many times worse the rank becomes without the cited ones, minus the same without the placebo."""
    drop_without_cited: Interval | None
    drop_without_placebo: Interval | None
    sufficiency: Interval | None
    """Share that stays among the first k with only the cited ones, minus the share with only the placebo."""
    stays_with_cited: Interval | None
    stays_with_placebo: Interval | None
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
    clusters: list[str] = []
    drops: list[tuple[float, float]] = []
    stays: list[tuple[float, float]] = []
    uncited = 0
    for citation in citations:
        cited = tuple(item for item in dict.fromkeys(citation.cited) if item in citation.history)
        uncited += not cited
        instead = placebo(citation.history, cited) if cited else None
        if not cited or instead is None:
            continue
        full = rank_of(citation, citation.history)
        without = [rank_of(citation, [i for i in citation.history if i not in gone]) for gone in (cited, instead)]
        alone = [rank_of(citation, [i for i in citation.history if i in kept]) for kept in (cited, instead)]
        clusters.append(citation.cluster)
        drops.append((log2(without[0] / full), log2(without[1] / full)))
        stays.append((float(alone[0] <= k), float(alone[1] <= k)))

    def mean(values: list[float]) -> Interval | None:
        return mean_interval(values, clusters)

    return CounterfactualReport(
        tested=len(clusters),
        untested=len(citations) - len(clusters),
        uncited=uncited,
        necessity=mean([cited - instead for cited, instead in drops]),
        drop_without_cited=mean([cited for cited, _ in drops]),
        drop_without_placebo=mean([instead for _, instead in drops]),
        sufficiency=mean([cited - instead for cited, instead in stays]),
        stays_with_cited=mean([cited for cited, _ in stays]),
        stays_with_placebo=mean([instead for _, instead in stays]),
        k=k,
    )
