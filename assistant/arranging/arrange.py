"""From scores to the list that is shown: a model's say, boosts, diversity, caps, exploration, pins, in this order.

Whatever a step does leaves a ``Placement`` in the items that it moved. Nothing here knows of users or of words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from assistant.arranging.diversity import DEPTH, diversified
from assistant.arranging.exploration import explore
from assistant.arranging.lists import POOL, Entry, Listing, by_score, note_moves
from assistant.arranging.rules import Rules, capped, chosen_pins, pushed
from assistant.catalogue import Catalogue, Mask
from assistant.llm.base import Usage
from assistant.types import Placement, Ranked

EXPLORED_AMONG = 50
"""New items that exploration draws from: the best by score, as a list has to be worth reading."""
SECOND_LOOK = 20
"""How many of the best by score a trace tells about when they are not shown."""


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """What is to happen to a list after scoring."""

    rules: Rules = field(default_factory=Rules)
    diversity: float = 0.0
    """0 to 1."""
    exploration: float = 0.0
    """The share of the positions for new items, 0 to 0.5."""
    new: Mask | None = None
    """(n_items,) which items exploration may choose; None is none."""
    opinion: Mapping[int, float] = field(default_factory=dict)
    """Row to what a model adds to its score, as a share of the range of scores."""
    opinion_name: str = "model"
    """What contributions and reasons call the model."""

    def __bool__(self) -> bool:
        explores = self.exploration > 0 and self.new is not None
        return bool(self.rules.move or self.diversity > 0 or explores or self.opinion)


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """A list, and what would have been in it by score alone."""

    ranking: tuple[Ranked, ...] = ()
    held_back: Mapping[str, tuple[Placement, ...]] = field(default_factory=dict)
    """Item id to why, of the first ``k`` by score that are not shown."""
    rerank: Mapping[str, object] = field(default_factory=dict)
    """How a model was asked, for the trace; empty when none was to be."""
    spent: tuple[Usage, ...] = ()
    """What its answers cost."""

    def trace(self) -> dict[str, object]:
        """What a trace tells of it; nothing where the order is that of the scores."""
        told: dict[str, object] = {}
        if moved := {ranked.item_id: _told(ranked.placements) for ranked in self.ranking if ranked.placements}:
            told["placements"] = moved
        if self.held_back:
            told["held_back"] = {item_id: _told(placements) for item_id, placements in self.held_back.items()}
        if self.rerank:
            told["rerank"] = dict(self.rerank)
        return told


def _told(placements: Sequence[Placement]) -> list[dict[str, object]]:
    return [
        {"stage": one.stage, "reason": one.reason, "rule": one.rule, "before": one.before, "after": one.after}
        for one in placements
    ]


def arrange(
    listing: Listing,
    how: Arrangement,
    *,
    catalogue: Catalogue,
    allowed: Mask,
    dice: np.random.Generator | None = None,
    explain: bool = True,
) -> Arranged:
    """The list of ``listing.k``. ``allowed`` (n_items,) is what may be pinned or explored: what keeps every promise and is
    not excluded. ``dice`` are needed to explore. With ``explain``, each has its columns and contributions."""
    if not how or not listing.scored:
        return Arranged(ranking=listing.plain(explain=explain))
    k, unit = listing.k, listing.unit
    entries = [Entry(row=ranked.row, score=ranked.score) for ranked in listing.scored]
    best_by_score = [entry.row for entry in entries[:k]]
    entries, behind = entries[:POOL], entries[POOL:]
    if how.opinion:
        entries = _opinion(entries, how, unit)
    for push in how.rules.pushes:
        entries = pushed(entries, push, unit)
    pins = chosen_pins(how.rules, entries, allowed, k)
    fixed = [row for _, row in pins]
    entries = [entry for entry in entries if entry.row not in fixed]
    open_places = k - len(pins)
    if how.diversity > 0:
        entries = _diversity(entries, how.diversity, catalogue, min(open_places, DEPTH))
    for cap in how.rules.caps:
        entries = capped(entries, cap, catalogue, fixed)
    entries = [*entries, *(entry for entry in behind if entry.row not in fixed)]
    if how.exploration > 0 and how.new is not None and dice is not None:
        entries = _exploration(entries, how.exploration, how.new & allowed, open_places, dice)
    shown = entries[:open_places]
    for pin, row in pins:
        before = next((place for place, ranked in enumerate(listing.scored, 1) if ranked.row == row), None)
        at = min(pin.position, len(shown) + 1)
        placement = Placement(
            stage="pin", reason=f"pinned by rule {pin.name!r}", before=before, after=at, rule=pin.name
        )
        score = next((ranked.score for ranked in listing.scored if ranked.row == row), None)
        if score is None:  # it is no candidate: scored beside them, so that it changes nothing of the others
            score = listing.explained([], also=[row])[row].score
        shown.insert(at - 1, Entry(row=row, score=score, placements=[placement], label=pin.label))
    return Arranged(
        ranking=_finished(listing, shown, explain=explain),
        held_back=_held_back(listing, best_by_score, shown, entries, pinned=bool(pins)),
    )


def _opinion(entries: list[Entry], how: Arrangement, unit: float) -> list[Entry]:
    for entry in entries:
        if entry.row in how.opinion:
            entry.given[how.opinion_name] = how.opinion[entry.row] * unit
            entry.score += entry.given[how.opinion_name]
    after = by_score(entries)
    note_moves(entries, after, "rerank", up=f"raised by {how.opinion_name}", down=f"lowered by {how.opinion_name}")
    return after


def _diversity(entries: list[Entry], dial: float, catalogue: Catalogue, k: int) -> list[Entry]:
    vectors = catalogue.vectors[[entry.row for entry in entries]]
    order = diversified([entry.score for entry in entries], vectors, k, dial)
    after = [entries[place] for place in order]
    note_moves(
        entries,
        after,
        "diversity",
        up=f"raised: it is unlike what stands above it (diversity {dial:g})",
        down=f"lowered: others are less like what stands above them (diversity {dial:g})",
    )
    return after


def _exploration(entries: list[Entry], share: float, new: Mask, k: int, dice: np.random.Generator) -> list[Entry]:
    shown, rest = entries[:k], entries[k:]
    k = len(shown)
    candidates = [place for place, entry in enumerate(rest) if new[entry.row]][:EXPLORED_AMONG]
    explored = explore(k, candidates, share, dice)
    for entry, propensity in zip(shown, explored.propensities, strict=True):
        entry.propensity = propensity
    count = len(explored.items)
    drawn = []
    for position, place in enumerate(explored.items, k - count + 1):
        entry = rest[place]
        entry.propensity = explored.propensities[position - 1]
        reason = f"drawn by chance among {len(candidates)} new items"
        entry.placements.append(Placement(stage="exploration", reason=reason, before=k + place + 1, after=position))
        drawn.append(entry)
    replaced = shown[k - count :]
    for offset, entry in enumerate(replaced, 1):
        reason = "gave its place to a new item, by chance"
        entry.placements.append(
            Placement(stage="exploration", reason=reason, before=k - count + offset, after=k + offset)
        )
    chosen = {id(entry) for entry in drawn}
    return [*shown[: k - count], *drawn, *replaced, *(entry for entry in rest if id(entry) not in chosen)]


def _finished(listing: Listing, shown: list[Entry], *, explain: bool) -> tuple[Ranked, ...]:
    if explain:
        scored = {ranked.row for ranked in listing.scored}
        rows = [entry.row for entry in shown if entry.row in scored]
        found = listing.explained(rows) if rows else {}
        for entry in shown:
            if entry.row not in found:
                found |= {entry.row: listing.explained([], also=[entry.row])[entry.row]}
        return tuple(entry.ranked(found[entry.row]) for entry in shown)
    ids = listing.ranker.item_ids
    return tuple(
        Ranked(
            item_id=ids[entry.row],
            row=entry.row,
            score=entry.score,
            placements=tuple(entry.placements),
            propensity=entry.propensity,
            label=entry.label,
        )
        for entry in shown
    )


def _held_back(
    listing: Listing, best: list[int], shown: list[Entry], entries: list[Entry], *, pinned: bool
) -> dict[str, tuple[Placement, ...]]:
    """Of the best by score that are not shown, what moved them; what nothing moved was pushed out by pins."""
    visible = {entry.row for entry in shown}
    place = {row: position for position, row in enumerate(best, 1)}
    held = {}
    for position, entry in enumerate(entries, 1):
        if entry.row in visible or place.get(entry.row, SECOND_LOOK + 1) > SECOND_LOOK:
            continue
        steps = tuple(entry.placements)
        if pinned:
            pins = len(shown) - sum(other.row in visible for other in entries)
            steps += (
                Placement(stage="pin", reason="pushed down by what is pinned", before=position, after=position + pins),
            )
        held[listing.ranker.item_ids[entry.row]] = steps
    return held
