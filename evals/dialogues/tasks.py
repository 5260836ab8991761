"""What scripted users want: three to five predicates, drawn from the data around an item that has them all."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor, log10
from typing import Literal

import numpy as np

from assistant.text import fold
from assistant.types import Constraint
from evals.dialogues.world import Attribute, Mask, World
from evals.errors import EvaluationError

Reveal = Literal["volunteer", "on_ask", "hidden"]
TaskKind = Literal["volunteer", "on_ask", "hidden", "changed", "nothing"]
KINDS: tuple[TaskKind, ...] = ("volunteer", "on_ask", "hidden", "changed", "nothing")
_ROUND: tuple[TaskKind, ...] = ("volunteer", "on_ask", "hidden", "nothing", "volunteer", "on_ask", "hidden", "changed")
"""Tasks are dealt in this order, so that every eight hold two of the first three kinds and one of the others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSettings:
    """How tasks are drawn."""

    least: int = 3
    most: int = 5
    """Predicates of a task."""
    satisfied_by: int = 20
    """Items that meet all of them, at most."""
    either: float = 0.12
    """The chance that a label predicate takes either of two values."""
    negated: float = 0.3
    """The chance that a predicate over labels says what must not be; of people, half of it."""
    outside: float = 0.08
    """The chance that a numeric predicate is a range to stay out of."""
    hidden_number: float = 0.5
    """The chance that a number is hidden where there is one: it is what items are rejected for most often."""
    kept_back: int = 5
    """What is not volunteered rules out at least so many of the items that fit the rest: as many as are shown"""
    left: float = 0.25
    """and leaves at most this share of them, so that guessing seldom hits."""
    vacuous: float = 0.9
    """A wish that a larger share of the items meets says nothing; what must not be is exempt."""
    attempts: int = 4_000
    """Draws for a task before giving up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Predicate:
    """One thing that a user wants, and when they tell."""

    constraint: Constraint
    reveal: Reveal = "volunteer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A change of mind: ``old`` no longer counts, and ``new`` takes its place, or nothing."""

    old: Predicate
    new: Predicate | None
    turn: int
    """The turn, from 2, whose message says it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What one user wants. ``predicates`` are those at the beginning."""

    task_id: str
    kind: TaskKind
    predicates: tuple[Predicate, ...]
    change: Change | None = None
    satisfied: int = 0
    """Items of the catalogue that meet all that is wanted in the end."""

    def wanted(self) -> tuple[Predicate, ...]:
        """The predicates that hold in the end."""
        if self.change is None:
            return self.predicates
        kept = tuple(p for p in self.predicates if p is not self.change.old)
        return kept if self.change.new is None else (*kept, self.change.new)


def strictly(constraint: Constraint) -> Constraint:
    """The constraint with its ends left out: "under 100" may mean either, so what must be found is found by both."""
    if constraint.op != "range" or constraint.slot == "year":  # years are said so that their ends are clear
        return constraint
    return replace(
        constraint,
        low=None if constraint.low is None else float(np.nextafter(constraint.low, np.inf)),
        high=None if constraint.high is None else float(np.nextafter(constraint.high, -np.inf)),
    )


def make_tasks(world: World, n: int, seed: int, settings: TaskSettings | None = None) -> list[Task]:
    """``n`` tasks, the same for the same seed and index. Raises ``EvaluationError`` where none can be drawn."""
    settings = settings or TaskSettings()
    tasks = []
    for number in range(n):
        kind = _ROUND[number % len(_ROUND)]
        rng = random.Random(f"{seed}/{number}")
        tasks.append(_Drawing(world, settings, rng).task(f"t{number:04d}", kind))
    return tasks


class _Drawing:
    """Draws one task."""

    def __init__(self, world: World, settings: TaskSettings, rng: random.Random) -> None:
        self.world, self.settings, self.rng = world, settings, rng
        self._masks: dict[Constraint, Mask] = {}

    def task(self, task_id: str, kind: TaskKind) -> Task:
        for _ in range(self.settings.attempts):
            drawn = self._predicates(limit=kind != "nothing")
            if drawn is None:
                continue
            if kind == "nothing":
                found = self._emptied(drawn)
                if found is not None:
                    return Task(task_id=task_id, kind=kind, predicates=_volunteered(found), satisfied=0)
                continue
            satisfied = int(self._fitting(drawn).sum())
            if kind == "changed":
                changed = self._changed(drawn)
                if changed is not None:
                    first, change = changed
                    return Task(task_id=task_id, kind=kind, predicates=first, change=change, satisfied=satisfied)
                continue
            predicates = self._revealed(drawn, kind)
            told = [p.constraint for p in predicates if p.reveal == "volunteer"]
            enough = max(satisfied + self.settings.kept_back, satisfied / self.settings.left)
            if kind != "volunteer" and self._fitting(told).sum() < enough:
                continue  # what is not volunteered would make too little difference
            return Task(task_id=task_id, kind=kind, predicates=predicates, satisfied=satisfied)
        raise EvaluationError(
            f"No task of kind {kind!r} with {self.settings.least} to {self.settings.most} predicates that at most "
            f"{self.settings.satisfied_by} items meet was found in {self.settings.attempts:,} draws. The attributes are: "
            f"{', '.join(f'{a.slot} ({a.kind})' for a in self.world.attributes.values())}. Index a catalogue with more "
            "items or attributes."
        )

    def _mask(self, constraint: Constraint) -> Mask:
        if constraint not in self._masks:
            self._masks[constraint] = self.world.mask(constraint)
        return self._masks[constraint]

    def _fitting(self, constraints: Sequence[Constraint]) -> Mask:
        mask: Mask = np.ones(len(self.world.catalogue), dtype=bool)
        for constraint in constraints:
            mask &= self._mask(constraint)
        return mask

    # predicates around an item

    def _predicates(self, *, limit: bool = True) -> list[Constraint] | None:
        """Predicates that a random item meets; with ``limit`` few enough others do. None when the draw failed."""
        rng, settings = self.rng, self.settings
        row = rng.randrange(len(self.world.catalogue))
        slots = list(self.world.attributes.values())
        rng.shuffle(slots)
        chosen: list[Constraint] = []
        count = rng.randint(settings.least, settings.most)
        for attribute in slots:
            if len(chosen) == count:
                break
            drawn = self._about(attribute, row)
            if drawn is None or (drawn.op == "none" and sum(c.op == "none" for c in chosen) >= 2):
                continue
            if drawn.op == "none" or self._mask(drawn).mean() <= settings.vacuous:
                chosen.append(drawn)
        if len(chosen) < settings.least or all(c.op in ("none", "outside") for c in chosen):
            return None
        if not limit:
            return chosen
        if self._fitting(chosen).sum() > settings.satisfied_by:
            return None
        return chosen if self._fitting([strictly(c) for c in chosen]).any() else None

    def _about(self, attribute: Attribute, row: int) -> Constraint | None:
        """A constraint on a slot that the item of ``row`` meets, None where it has nothing to say."""
        rng, settings, catalogue = self.rng, self.settings, self.world.catalogue
        if attribute.kind == "number":
            value = float(catalogue.numbers[attribute.slot][row])
            return None if np.isnan(value) else self._range(attribute.slot, value)
        held = self._held(attribute, row)
        if attribute.kind == "flag":
            return Constraint(slot=attribute.slot, op="any", values=("yes",)) if held else None
        negated = settings.negated / (2 if attribute.kind == "people" else 1)
        if rng.random() < negated:
            common = [v for v in attribute.values[:40] if v not in held]
            if not common:
                return None
            values = rng.sample(common, min(len(common), 2 if rng.random() < settings.either else 1))
            return Constraint(slot=attribute.slot, op="none", values=tuple(values))
        if not held:
            return None
        values = [rng.choice(held)]
        if rng.random() < settings.either:
            others = [v for v in attribute.values[:60] if v not in held]
            values += [rng.choice(others)] if others else []
        rng.shuffle(values)
        return Constraint(slot=attribute.slot, op="any", values=tuple(values))

    def _held(self, attribute: Attribute, row: int) -> list[str]:
        """The values of the slot that users speak of and the item of ``row`` has."""
        slots = self.world.catalogue.item(row).slots()
        value = slots.get(attribute.slot)
        if isinstance(value, bool):
            return ["yes"] if value else []
        words = value if isinstance(value, tuple) else () if value is None else (str(value),)
        spoken = self.world.spoken(attribute.slot)
        return list({spoken[fold(word)]: None for word in words if fold(word) in spoken})

    def _range(self, slot: str, value: float) -> Constraint:
        """A range around ``value`` with round ends, or one that it lies outside of."""
        rng = self.rng
        column = self.world.catalogue.numbers[slot]
        known = column[~np.isnan(column)]
        if slot == "year":
            return self._years(value)
        spread = float(np.subtract(*np.quantile(known, (0.9, 0.1)))) or float(np.ptp(known)) or 1.0
        step = _round_step(spread / 8)
        below = (floor(value / step) - rng.randint(0, 1)) * step
        above = (floor(value / step) + 1 + rng.randint(0, 1)) * step
        low, high = round(below, 6), round(above, 6)
        form = rng.random()
        if form < self.settings.outside:
            lower = rng.random() < 0.5 and low > known.min()
            start = low - 2 * step if lower else high
            return Constraint(slot=slot, op="outside", low=round(start, 6), high=round(start + step, 6))
        if form < 0.5:
            return Constraint(slot=slot, op="range", high=high)
        if form < 0.8 and low > known.min():
            return Constraint(slot=slot, op="range", low=low)
        return Constraint(slot=slot, op="range", low=low if low > 0 else step, high=high)

    def _years(self, value: float) -> Constraint:
        rng = self.rng
        year = int(value)
        decade = year - year % 10
        form = rng.random()
        if form < self.settings.outside:
            other = rng.choice([d for d in (decade - 20, decade - 10, decade + 10, decade + 20) if d < 2030])
            return Constraint(slot="year", op="outside", low=other, high=other + 9)
        if form < 0.35:
            return Constraint(slot="year", op="range", low=decade, high=decade + 9)
        if form < 0.6:
            return Constraint(slot="year", op="range", low=year - rng.randint(0, 6))
        if form < 0.85:
            return Constraint(slot="year", op="range", high=year + rng.randint(0, 6))
        return Constraint(slot="year", op="range", low=year - rng.randint(1, 5), high=year + rng.randint(1, 5))

    # kinds of tasks

    def _revealed(self, drawn: list[Constraint], kind: TaskKind) -> tuple[Predicate, ...]:
        """Which are told when: one or two are not volunteered, and never all."""
        rng = self.rng
        reveals: list[Reveal] = ["volunteer"] * len(drawn)
        if kind != "volunteer":
            reveals[0] = "on_ask" if kind == "on_ask" else "hidden"
            if len(drawn) > 3 and rng.random() < 0.4:
                reveals[1] = "on_ask" if kind == "on_ask" or rng.random() < 0.5 else "hidden"
        order = list(drawn)
        rng.shuffle(order)
        if kind == "hidden" and rng.random() < self.settings.hidden_number:
            order.sort(key=lambda c: c.op != "range")
        # Nobody begins with what they do not want: the first that is told at once says what is wanted.
        wanted = next((c for c in order if c.op not in ("none", "outside")), order[0])
        order.remove(wanted)
        order.append(wanted)
        pairs = [Predicate(constraint=c, reveal=r) for c, r in zip(order, reveals, strict=True)]
        return tuple(reversed(pairs))

    def _emptied(self, drawn: list[Constraint]) -> list[Constraint] | None:
        """The predicates with one put in the place of another so that no item meets all, and some would without one."""
        other = self._predicates(limit=False)
        if other is None:
            return None
        taken = {c.slot for c in drawn}
        candidates = [c for c in other if c.op != "none" and c.op != "outside"]
        self.rng.shuffle(candidates)
        for new in candidates:
            mixed = [c for c in drawn if c.slot != new.slot] + [new] if new.slot in taken else [*drawn[1:], new]
            if len(mixed) < self.settings.least or len({c.slot for c in mixed}) < len(mixed):
                continue
            if self._fitting(mixed).any() or not all(self._fitting([c]).any() for c in mixed):
                continue
            if any(self._fitting([c for c in mixed if c is not left]).any() for left in mixed):
                return mixed
        return None

    def _changed(self, drawn: list[Constraint]) -> tuple[tuple[Predicate, ...], Change] | None:
        """What is wanted at first and the change that makes it ``drawn``: something taken back, or put in its place."""
        rng = self.rng
        turn = rng.choice((2, 2, 3))
        if rng.random() < 0.5:
            if len(drawn) == self.settings.most:
                return None
            other = self._predicates(limit=False) or []
            used = {c.slot for c in drawn}
            for old in other:
                if old.slot not in used and old.op == "any" and not self._fitting([*drawn, old]).any():
                    first = Predicate(constraint=old)
                    return (*_volunteered(drawn), first), Change(old=first, new=None, turn=turn)
            return None
        places = [i for i, c in enumerate(drawn) if c.op == "any" or c.op == "range"]
        rng.shuffle(places)
        for place in places:
            new = drawn[place]
            for _ in range(20):
                row = rng.randrange(len(self.world.catalogue))
                old_constraint = self._about(self.world.attributes[new.slot], row)
                if old_constraint is None or old_constraint.op != new.op:
                    continue
                if (self._mask(old_constraint) & self._mask(new)).any():
                    continue
                first = Predicate(constraint=old_constraint)
                before = [*_volunteered([c for c in drawn if c is not new]), first]
                return tuple(before), Change(old=first, new=Predicate(constraint=new), turn=turn)
        return None


def _volunteered(constraints: Sequence[Constraint]) -> tuple[Predicate, ...]:
    return tuple(Predicate(constraint=c) for c in constraints)


def _round_step(size: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above ``size``."""
    power = 10.0 ** floor(log10(size))
    return max(factor * power for factor in (1.0, 2.0, 5.0) if factor * power <= size * 1.0001)
