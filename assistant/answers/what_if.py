"""The smallest change that brings an item to the top, found by ranking again: likes, and promises taken back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from assistant.answers.standing import Again, Standing, at_position, placed
from assistant.answers.why_not import breaks
from assistant.answers.write import Sentence
from assistant.interactions import history_of_rows
from assistant.types import Constraint

SINGLE_LIKES = 12
"""Items whose like is tried: those that suit somebody who liked nothing but the wanted item."""
PAIR_LIKES = 5
"""Of these the best are tried in pairs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A supposition and where the item comes under it."""

    likes: tuple[str, ...] = ()
    drops: tuple[Constraint, ...] = ()
    position: int
    count: int

    @property
    def size(self) -> int:
        return len(self.likes) + len(self.drops)


def what_if(standing: Standing, item_id: str) -> Iterator[Sentence]:
    """What would have to be liked, or taken back, for the item to come first, or at least into the list."""
    writer = standing.writer
    row = writer.serving.catalogue.row_of[item_id]
    broken = tuple(c for c in standing.query.constraints if not writer.serving.catalogue.satisfies(c)[row])
    place = standing.place(item_id)
    if not broken and place is not None and place.found:
        yield at_position("now_at" if place.position > 1 else "already", writer, place)
        if place.position == 1:
            return
    for number, constraint in enumerate(broken):
        yield breaks(standing, writer.item(item_id), constraint, again=number > 0)
    if standing.again is None:
        return
    tried = search(standing, item_id, broken)
    first = next((change for change in tried if change.position == 1), None)
    listed = min(
        (change for change in tried if change.position <= standing.query.k),
        key=lambda change: (change.size, change.position),
        default=None,
    )
    chosen = first or listed
    if chosen is not None:
        yield _told(standing, item_id, chosen)
        return
    facts = (writer.ranked(item_id, "changes", len(tried)),)
    values = {"title": writer.title(item_id), "count": str(len(tried))}
    yield Sentence(name="nothing_small", item_id=item_id, values=values, facts=facts)
    nearest = min(tried, key=lambda change: (change.position, change.size), default=None)
    if nearest is not None and (place is None or nearest.position < place.position):
        yield _told(standing, item_id, nearest)


def search(standing: Standing, item_id: str, broken: tuple[Constraint, ...]) -> list[Change]:
    """Changes that were tried, the smallest first, until one of that size brings the item first or time is over.

    What an item breaks has to be dropped in any case, and is dropped in every trial.
    """
    assert standing.again is not None
    again, deadline = standing.again, time.monotonic() + standing.seconds
    tried: list[Change] = []
    single: list[tuple[int, str]] = []
    others = tuple(c for c in standing.query.constraints if c not in broken)
    likes = candidates(standing, item_id)
    trials: list[tuple[tuple[str, ...], tuple[Constraint, ...]]] = [((), broken)] if broken else []
    trials += [((), (*broken, other)) for other in others]
    trials += [((like,), broken) for like in likes]
    for liked, drops in trials:
        change = _try(standing, again, item_id, liked, drops)
        tried.append(change)
        if liked:
            single.append((change.position, liked[0]))
        if change.position == 1 or time.monotonic() > deadline:
            return tried
    best = [like for _, like in sorted(single)[:PAIR_LIKES]]
    for pair in combinations(best, 2):
        if time.monotonic() > deadline:
            break
        change = _try(standing, again, item_id, pair, broken)
        tried.append(change)
        if change.position == 1:
            break
    return tried


def candidates(standing: Standing, item_id: str) -> list[str]:
    """Items whose like may help: the best for a history of the wanted item alone, and the nearest to it in what they
    tell, outside what the user knows already."""
    catalogue, ranker = standing.writer.serving.catalogue, standing.writer.serving.ranker
    row = catalogue.row_of[item_id]
    known = standing.profile.known_items | {item_id}
    lists = [
        np.argsort(-ranker.score_all(history_of_rows([row])), kind="stable"),
        np.argsort(-(catalogue.vectors @ catalogue.vectors[row]), kind="stable"),
    ]
    chosen: dict[str, None] = {}
    for pair in zip(*(order[: 4 * SINGLE_LIKES + len(known)].tolist() for order in lists), strict=True):
        chosen |= {catalogue.ids[at]: None for at in pair if catalogue.ids[at] not in known}
    return list(chosen)[:SINGLE_LIKES]


def _try(standing: Standing, again: Again, item_id: str, likes: Sequence[str], drops: tuple[Constraint, ...]) -> Change:
    kept = tuple(c for c in standing.query.constraints if c not in drops)
    query = replace(standing.query, constraints=kept, excluded=standing.query.excluded - {item_id})
    found, profile = again(query, tuple(likes))
    place = placed(standing.writer, found, profile.history, item_id)
    assert place is not None  # the item itself is always ranked
    # What retrieval leaves out would not be shown, wherever it would come.
    return Change(
        likes=tuple(likes),
        drops=drops,
        position=place.position if place.found else max(place.position, place.count),
        count=place.count,
    )


def _told(standing: Standing, item_id: str, change: Change) -> Sentence:
    writer = standing.writer
    kind = {0: "drop", 1: "like", 2: "like_two"}[len(change.likes)]
    if change.drops and change.likes:
        kind = "drop_and_like"
    where = "first" if change.position == 1 else "in_list" if change.position <= standing.query.k else "nearer"
    titles = [writer.title(like) for like in change.likes]
    values = {
        "title": writer.title(item_id),
        "position": str(change.position),
        "count": str(change.count),
        "relaxed": writer.table.listed([writer.table.relaxed(drop) for drop in change.drops]),
        "liked": writer.table.listed(titles) if change.drops else (titles or [""])[0],
        "second": (titles or [""])[-1],
    }
    facts = (writer.ranked(item_id, "position", change.position), writer.ranked(item_id, "position_of", change.count))
    return Sentence(name=f"{kind}_{where}", item_id=item_id, values=values, facts=facts, also=change.likes)
