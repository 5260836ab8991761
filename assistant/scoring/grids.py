"""The settings that a fit tries, few on purpose: every one is a chance to be lucky on validation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from assistant.scoring.base import Interactions, ItemFeatures, Scorer
from assistant.scoring.content import Attributes, Content
from assistant.scoring.ease import Ease
from assistant.scoring.item_cf import ItemCF
from assistant.scoring.linear import LinearScorer
from assistant.scoring.popularity import Popularity, Trend
from assistant.scoring.recency import Recency
from assistant.scoring.sequential import NextItem, Transitions
from assistant.scoring.user_cf import UserCF
from assistant.scoring.weighting import HistoryWeighting


@dataclass(frozen=True, kw_only=True)
class Family:
    """Variants of one scorer; the best on validation becomes a column, or several under other decays."""

    name: str
    variants: tuple[Scorer, ...]
    decays: tuple[float, ...] = ()
    """Of the history, tried without fitting the matrix again."""
    kept: tuple[float, ...] = ()
    """Decays that become columns whichever is best, for the blend and the learned stage to weigh."""

    def fitted(self, interactions: Interactions, features: ItemFeatures) -> Iterator[tuple[int, Scorer]]:
        """(number of the variant, scorer) for every variant, fitted, under every decay."""
        for number, variant in enumerate(self.variants):
            fitted = replace(variant).fit(interactions, features)  # type: ignore[type-var]  # every scorer is a dataclass, which a Protocol cannot say
            if not self.decays:
                yield number, fitted
                continue
            for decay in self.decays:
                yield number, self.under(fitted, decay)

    def under(self, fitted: Scorer, decay: float) -> Scorer:
        """The scorer with another decay; ``ease`` forgets nothing, ``ease_0.9`` has a decay of 0.9."""
        assert isinstance(fitted, LinearScorer)
        name = self.name if decay == 1 else f"{self.name}_{decay:g}"
        return fitted.reweighted(name, replace(fitted.weighting, decay=decay))

    def columns(self, best: Scorer) -> list[Scorer]:
        """The best one and its relatives under the kept decays, which share its matrix."""
        if not self.decays:
            return [best]
        assert isinstance(best, LinearScorer)
        return [self.under(best, decay) for decay in sorted({*self.kept, best.weighting.decay}, reverse=True)]

    def describe(self, scorer: Scorer) -> str:
        """The settings in which its variants differ, in words."""
        settings = []
        for name in (of_class.name for of_class in fields(scorer)):  # type: ignore[arg-type]  # likewise
            value = getattr(scorer, name)
            if isinstance(value, HistoryWeighting):
                settings.append(f"decay {value.decay:g}")
            elif isinstance(value, int | float) and len({getattr(variant, name) for variant in self.variants}) > 1:
                settings.append(f"{name.replace('_', ' ')} {value:g}")
        return ", ".join(settings)


def is_ordered(interactions: Interactions) -> bool:
    """Whether the order of events means something: at least nine in ten carry a time, and times differ."""
    known = np.isfinite(interactions.time)
    return bool(len(known) and known.mean() >= 0.9 and len(np.unique(interactions.time[known])) > 2)


def families(interactions: Interactions, features: ItemFeatures, *, user_rows: bool) -> Sequence[Family]:
    """What makes sense for this data: order-aware scorers where there is order, content where there is any."""
    ordered = is_ordered(interactions)
    active = len(np.unique(interactions.item))
    large = active > 4096  # one n³ solve takes many seconds there, so fewer of them
    ridges = (300.0,) if large else (100.0, 300.0, 1000.0)
    found = [
        Family(
            name="popularity",
            variants=tuple(Popularity(half_life=h) for h in ((0.0, 0.3, 0.1, 0.03) if ordered else (0.0,))),
        ),
        Family(
            name="item_cf",
            variants=tuple(ItemCF(shrinkage=s, neighbours=n) for s, n in ((20.0, 100), (100.0, 100), (20.0, 400))),
            decays=(1.0, 0.9, 0.8) if ordered else (1.0,),
        ),
        Family(
            name="ease",
            variants=tuple(Ease(regularisation=r) for r in ridges),
            decays=(1.0, 0.97, 0.9, 0.8, 0.6) if ordered else (1.0,),
            kept=(1.0, 0.9, 0.7, 0.4) if ordered else (1.0,),
        ),
    ]
    if ordered:
        found += [
            Family(name="trend", variants=(Trend(), Trend(buckets=128))),
            Family(
                name="transitions",
                variants=tuple(
                    Transitions(window=w, step_decay=d, normalisation=n)
                    for w, d, n in ((5, 0.7, 0.4), (20, 0.9, 0.3), (20, 0.9, 0.4), (60, 0.97, 0.4))
                ),
                decays=(0.5, 0.7, 0.8, 0.9),
                kept=(0.8, 0.5),
            ),
            # Whether frequent or rare pairs tell more differs from user to user, and so does whether the sitting matters:
            # these are for the blend and the trees to weigh.
            Family(name="transitions_common", variants=(Transitions(normalisation=0.1),), decays=(0.8,)),
            Family(name="transitions_rare", variants=(Transitions(normalisation=0.6),), decays=(0.8,)),
            Family(name="transitions_soon", variants=(Transitions(step_decay=0.95, patience=20.0),), decays=(0.8,)),
            Family(
                name="next_item",
                variants=tuple(
                    NextItem(input_decay=d, ahead=a, regularisation=r)
                    for d, a, r in (((0.6, 5, 50.0),) if large else ((0.8, 1, 100.0), (0.6, 5, 50.0)))
                ),
                decays=(0.6, 0.8, 0.9),
                kept=(0.9, 0.5),
            ),
        ]
    if user_rows:
        found.append(Family(name="user_cf", variants=(UserCF(neighbours=50), UserCF(neighbours=200))))
    if features.vectors.size and np.abs(features.vectors).max() > 0:
        found.append(Family(name="content", variants=tuple(Content(weighting=w) for w in _tastes(ordered))))
    if any(features.categories) or any(features.people) or any(features.tags):
        found.append(Family(name="attributes", variants=tuple(Attributes(weighting=w) for w in _tastes(ordered))))
    if np.isfinite(features.year).any():
        found.append(Family(name="recency", variants=(Recency(half_life=10.0), Recency(half_life=3.0))))
    return found


def _tastes(ordered: bool) -> tuple[HistoryWeighting, ...]:
    values = (0.9, 0.7) if ordered else (1.0,)
    return tuple(HistoryWeighting(decay=value, influence=1.0, last=60) for value in values)
