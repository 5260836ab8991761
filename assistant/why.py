"""Why an item stands where it stands: its score taken apart, what moved it afterwards, and what keeps it below others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assistant.arranging.arrange import Arrangement, arrange
from assistant.arranging.lists import Listing
from assistant.arranging.rules import Rules
from assistant.catalogue import Catalogue
from assistant.errors import UnknownNameError, UserError, did_you_mean
from assistant.interactions import to_history
from assistant.ranking import SHORT_BELOW, Ranker
from assistant.scoring.new_items import NAME as NEW_ITEM
from assistant.store import Store
from assistant.types import Placement, Ranked

LeftOut = Literal["history", "withheld"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A column or feature, and what it did."""

    name: str
    value: float | None
    """On its own scale; None for a feature of the learned stage and for a rule."""
    weight: float | None
    """In the blend, of the standardised column; None where there is none."""
    contribution: float
    """To the score, in its unit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """An item of the history, and how much of the score is its doing."""

    item_id: str
    title: str
    contribution: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A column of two items: ``here - there``."""

    name: str
    here: float
    there: float
    difference: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Against:
    """The item that stands last in the list, in comparison."""

    item_id: str
    title: str
    position: int
    score: float
    differences: tuple[Difference, ...]
    """What pulls the asked item down most comes first."""


@dataclass(frozen=True, kw_only=True)
class Why:
    """An item's place in a user's list."""

    user: str
    item_id: str
    title: str
    ranker: str
    """Version of the model in service."""
    stage: Literal["blend", "learned"]
    """What made the score: the blend of the columns, or the trees over the best of it."""
    score: float
    constant: float
    """The score less all contributions: what every item of the list has in common."""
    place_by_score: int
    """From 1, among ``ranked`` items."""
    ranked: int
    k: int
    position: int | None
    """In the list of ``k``, after rules and diversity; None when it is not in it."""
    left_out: LeftOut | None
    """Why it is not ranked at all: it is in the user's history, or a rule withholds it. Its place is what it would be."""
    parts: tuple[Part, ...]
    """The largest contribution, up or down, first."""
    history: tuple[Moved, ...]
    placements: tuple[Placement, ...]
    label: str | None
    against: Against | None
    """For an item that is not among the first ``k`` by score."""


def why(
    store: Store,
    catalogue: Catalogue,
    ranker: Ranker,
    user: str,
    item_id: str,
    *,
    k: int = 10,
    rules: Rules | None = None,
    diversity: float = 0.0,
) -> Why:
    """The place of an item in the user's list without a request. Raises ``UnknownNameError`` for an unknown user or item."""
    row = catalogue.row_of.get(item_id)
    if row is None:
        raise UnknownNameError(f"There is no item {item_id!r}.{did_you_mean(item_id, catalogue.ids)}")
    if k < 1:
        raise UserError(f"k is {k!r}; it must be at least 1.")
    events = store.events(user)
    if not events and user not in (known := store.users()):
        raise UnknownNameError(
            f"Nothing is known of a user {user!r}.{did_you_mean(user, known)} See who is known with: assistant users list"
        )
    rules = rules or Rules()
    history = to_history(events, catalogue.row_of, store.rating_scale())
    allowed = np.ones(len(catalogue), bool)
    allowed[history.rows] = False
    allowed[catalogue.rows(rules.withheld)] = False
    left_out: LeftOut | None = None
    if not allowed[row]:
        left_out = "history" if row in history.rows else "withheld"
    open_rows = np.flatnonzero(allowed)
    rows = open_rows if left_out is None else np.sort(np.append(open_rows, row))

    ((ordered, _),) = ranker.rank_many([history], [rows], [len(rows)])
    order: list[int] = ordered.tolist()
    place = order.index(row) + 1
    rival = order[k - 1] if place > k else None
    asked = [row] if rival is None else [row, rival]
    found = {r.row: r for r in ranker.rank(history, rows, k=len(rows), only=np.array(asked, np.int64))}
    listing = Listing(ranker=ranker, history=history, rows=open_rows, k=min(k, len(open_rows)))
    how = Arrangement(rules=rules, diversity=diversity)
    arranged = arrange(listing, how, catalogue=catalogue, allowed=allowed, explain=False)
    shown = {ranked.row: (at, ranked) for at, ranked in enumerate(arranged.ranking, 1)}
    position, in_list = shown.get(row, (None, None))
    placements = in_list.placements if in_list is not None else arranged.held_back.get(item_id, ())
    ranked = found[row]
    short = bool(ranker.short_weights) and len(history) < SHORT_BELOW
    weights = ranker.short_weights if short else ranker.weights
    return Why(
        user=user,
        item_id=item_id,
        title=catalogue.title(row),
        ranker=ranker.version,
        stage="learned" if set(ranked.contributions) - {*ranked.columns, NEW_ITEM} else "blend",
        score=ranked.score,
        constant=ranked.score - sum(ranked.contributions.values()),
        place_by_score=place,
        ranked=len(rows),
        k=k,
        position=position,
        left_out=left_out,
        parts=_parts(ranked, weights),
        history=tuple(
            Moved(item_id=other, title=catalogue.title(catalogue.row_of[other]), contribution=amount)
            for other, amount in ranked.history
        ),
        placements=placements,
        label=in_list.label if in_list is not None else None,
        against=None if rival is None else _against(catalogue, ranked, found[rival], k),
    )


def _parts(ranked: Ranked, weights: Mapping[str, float]) -> tuple[Part, ...]:
    names = dict.fromkeys((*ranked.columns, *ranked.contributions))
    parts = [
        Part(
            name=name,
            value=ranked.columns.get(name),
            weight=float(weights.get(name, 0.0)) if name in ranked.columns else None,
            contribution=ranked.contributions.get(name, 0.0),
        )
        for name in names
    ]
    return tuple(sorted(parts, key=lambda part: -abs(part.contribution)))


def _against(catalogue: Catalogue, here: Ranked, there: Ranked, position: int) -> Against:
    names: Sequence[str] = list(dict.fromkeys((*here.contributions, *there.contributions)))
    differences = []
    for name in names:
        own, other = here.contributions.get(name, 0.0), there.contributions.get(name, 0.0)
        differences.append(Difference(name=name, here=own, there=other, difference=own - other))
    return Against(
        item_id=there.item_id,
        title=catalogue.title(there.row),
        position=position,
        score=there.score,
        differences=tuple(sorted(differences, key=lambda one: one.difference)),
    )
