"""A chance for items that nobody has had anything to do with: content decides their place, where it speaks clearly.

The columns that live on events say nothing of an item without events, and the blend takes nothing for little: such an item
would never be seen. So the weights switch by item. A new item also gets a place by content alone: when it is the r-th best
match by content among all that is ranked, ties counted against it, it stands no lower than place ``stride · r``. Its own
score counts where it is better. ``stride`` is chosen in the fit: the smallest that costs no more than ``TOLERANCE`` of nDCG
on validation, or else the largest, which fills at most the tenth of ten places, unless it costs more than ``MOST``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np

from assistant.scoring import files
from assistant.scoring.base import Interactions, Rows, Scores
from assistant.scoring.choices import Choice, ndcg, target_ranks

FEW_USERS = 1
"""An item of fewer users is new. With 3, those with one or two users take part: on MovieLens 100K that costs more, and items
without any event are seen no more often."""
STRIDES = (5, 10)
"""What is tried, the largest share for new items first: one in five places at most."""
TOLERANCE = 0.005
"""The share of nDCG@10 that a smaller stride than the largest may cost."""
MOST = 0.02
"""The share that the largest may cost: it is measured on few displaced hits, so a bound as tight as the other one would
turn it off by chance."""
REACH = 50
"""Places that new items may be lifted to: lower ones are not looked at anyway."""
NAME = "new item"
"""What contributions call the difference to an item's own score."""


@dataclass(frozen=True, kw_only=True)
class NewItems:
    """Which items are new, and how they are placed."""

    stride: int
    weights: Mapping[str, float]
    """Of the standardised columns of content, by name."""
    supporters: Rows = field(repr=False)
    """(n_items,) users who had to do with the item."""

    def lifted(self, names: Sequence[str], standard: Scores, personal: Scores, rows: Rows) -> Scores:
        """(n_items,) ``personal`` with the new items of ``rows`` lifted; ``standard`` (n_columns, n_items) by ``names``.

        Nothing moves where content says nothing: without a history, or without features.
        """
        new = self.supporters[rows] < FEW_USERS
        most = REACH // self.stride
        if not new.any() or len(rows) <= self.stride:
            return personal
        content = np.zeros(len(rows), np.float32)
        for name, column in zip(names, standard, strict=True):
            if weight := self.weights.get(name):
                content += np.float32(weight) * column[rows]
        least = np.partition(content, len(rows) - most)[len(rows) - most] if most < len(rows) else content.min()
        best = np.sort(content[content >= least])[::-1]
        matching = np.flatnonzero(new & (content >= least) & (content > 0))
        # From 1, ties against it.
        place = np.searchsorted(-best, -content[matching], side="right")
        matching, place = matching[place <= most], place[place <= most]
        if not len(matching):
            return personal
        others = np.ones(len(rows), bool)
        others[matching] = False
        own = personal[rows]
        left = own[others]
        depth = min(len(left), most * self.stride)
        ahead = np.sort(np.partition(left, len(left) - depth)[len(left) - depth :])[::-1] if depth else left[:0]
        result = personal.copy()
        for at, r in zip(matching.tolist(), place.tolist(), strict=True):
            target = r * self.stride - 1
            if target < len(ahead):
                result[rows[at]] = max(own[at], (ahead[target - 1] + ahead[target]) / 2)
        return result

    def refreshed(self, interactions: Interactions) -> NewItems:
        """With the supporters of other events."""
        return replace(self, supporters=supporters_of(interactions))

    def save(self, folder: Path) -> None:
        """Counts over all users."""
        files.write(folder, {"stride": self.stride, "weights": dict(self.weights)}, {"supporters": self.supporters})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What ``save`` wrote."""
        settings, arrays = files.read(folder)
        return cls(stride=settings["stride"], weights=settings["weights"], supporters=arrays["supporters"])

    def placed(self, moved: Rows, n_items: int) -> NewItems:
        """For a catalogue whose rows have moved; items that came since are new."""
        supporters = np.zeros(n_items, np.int64)
        there = moved >= 0
        supporters[moved[there]] = self.supporters[there]
        return replace(self, supporters=supporters)


def supporters_of(interactions: Interactions) -> Rows:
    """(n_items,) how many users have at least one event on each item."""
    pairs = np.unique(interactions.user * np.int64(interactions.n_items) + interactions.item)
    return np.bincount(pairs % interactions.n_items, minlength=interactions.n_items).astype(np.int64)


def chosen_for(
    names: Sequence[str],
    scored: Iterable[tuple[Scores, Scores, Rows]],
    choices: Sequence[Choice],
    weights: Mapping[str, float],
    interactions: Interactions,
) -> NewItems | None:
    """The stride for this data; None where content has no weight or every stride costs more than is tolerated.

    ``scored`` has for each of the ``choices`` the standardised columns, the scores, and the rows that are ranked.
    """
    if not any(weights.values()):
        return None
    supporters = supporters_of(interactions)
    tried = [NewItems(stride=stride, weights=weights, supporters=supporters) for stride in STRIDES]
    gains = np.zeros(1 + len(tried))
    for choice, (standard, personal, rows) in zip(choices, scored, strict=True):
        variants = np.stack([personal, *(one.lifted(names, standard, personal, rows) for one in tried)])
        gains += ndcg(target_ranks(variants, [choice] * len(variants)))
    for new_items, gain in zip(tried, gains[1:], strict=True):
        allowed = MOST if new_items.stride == STRIDES[-1] else TOLERANCE
        if gain >= (1 - allowed) * gains[0]:
            return new_items
    return None
