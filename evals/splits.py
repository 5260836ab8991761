"""Which events are fitted on, which are a user's history at test, and which are held out.

Everything is indices into the list of events as the file gave them, so that nothing derived from a held-out event (a
user's mean rating, say) can slip into the training part: columns are made after the split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np

from assistant.types import Event
from evals.errors import EvaluationError

SplitName = Literal["leave-last-out", "temporal", "random"]
SPLITS: tuple[SplitName, ...] = ("leave-last-out", "temporal", "random")

TIE_SEEDS = (0, 1, 2, 3, 4)
"""Seeds that break ties in time at random, besides the file's order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitConfig:
    """How to split."""

    name: SplitName = "leave-last-out"
    fit_without: int = 2
    """Leave-last-out: each user's last so many events are not fitted on. With 2 the event before the held-out one is
    known to the history at test and to no model, so that models may be chosen on it; with 1 it is fitted on too."""
    held_out: float = 0.2
    """Temporal and random: the share of events that is held out."""
    seed: int = 0
    """For ``random``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UserSplit:
    """One user's events, each part oldest first."""

    user: str
    train: tuple[int, ...]
    history: tuple[int, ...]
    """What is known of the user when the list is made."""
    held_out: tuple[int, ...]
    """Empty for a user who is only trained on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """All users, by id."""

    config: SplitConfig
    users: tuple[UserSplit, ...]
    cut: float | None
    """Temporal: everything fitted on is before this moment, everything held out is at it or after it."""
    repeats: int
    """Held-out events on an item that the user had before; they are left out, as seen items are not recommended."""
    tie_seed: int | None
    """None where ties in time keep the file's order."""

    @property
    def evaluated(self) -> tuple[UserSplit, ...]:
        """Users with something held out."""
        return tuple(user for user in self.users if user.held_out)


def moment(event: Event) -> tuple[float, float]:
    """As the store orders events: by timestamp, then position, unknown first."""
    return (
        -inf if event.timestamp is None else event.timestamp,
        -inf if event.position is None else float(event.position),
    )


def tie_order(n: int, seed: int | None) -> list[int]:
    """(n,) the place of each event among those of the same moment: the file's order, or a shuffle of the whole file."""
    if seed is None:
        return list(range(n))
    shuffled = list(range(n))
    np.random.default_rng(seed).shuffle(shuffled)
    place = [0] * n
    for position, index in enumerate(shuffled):
        place[index] = position
    return place


def by_user(events: Sequence[Event], tie_seed: int | None = None) -> dict[str, list[int]]:
    """Each user's events, oldest first; users by id."""
    place = tie_order(len(events), tie_seed)
    rows: dict[str, list[int]] = {}
    for index, event in enumerate(events):
        rows.setdefault(event.user_id, []).append(index)
    return {user: sorted(rows[user], key=lambda i: (*moment(events[i]), place[i])) for user in sorted(rows)}


def make_split(events: Sequence[Event], config: SplitConfig, *, tie_seed: int | None = None) -> Split:
    """Split events. Raises ``EvaluationError`` where the data cannot be split that way."""
    if config.name == "leave-last-out":
        cut, users = None, _leave_last_out(events, config, tie_seed)
    elif config.name == "temporal":
        cut, users = _temporal(events, config, tie_seed)
    else:
        cut, users = None, _random(events, config, tie_seed)
    repeats = 0
    clean = []
    for user in users:
        known = {events[i].item_id for i in (*user.train, *user.history)}
        fresh: dict[str, int] = {}
        for i in user.held_out:
            if events[i].item_id in known or events[i].item_id in fresh:
                repeats += 1
            else:
                fresh[events[i].item_id] = i
        clean.append(UserSplit(user=user.user, train=user.train, history=user.history, held_out=tuple(fresh.values())))
    split = Split(config=config, users=tuple(clean), cut=cut, repeats=repeats, tie_seed=tie_seed)
    if not split.evaluated:
        raise EvaluationError(
            f"The split {config.name!r} of {len(events):,} events leaves nobody to test: no user has both a history and a "
            "held-out event. Give more events, or another --split."
        )
    return split


def _leave_last_out(events: Sequence[Event], config: SplitConfig, tie_seed: int | None) -> list[UserSplit]:
    if config.fit_without < 1:
        raise EvaluationError(
            f"--fit-without is {config.fit_without}; the held-out event must not be fitted on, so 1 or more."
        )
    users = []
    for user, rows in by_user(events, tie_seed).items():
        if len(rows) < 2:  # nothing would be known of the user
            users.append(UserSplit(user=user, train=tuple(rows), history=(), held_out=()))
            continue
        users.append(
            UserSplit(
                user=user,
                train=tuple(rows[: -config.fit_without]),
                history=tuple(rows[:-1]),
                held_out=tuple(rows[-1:]),
            )
        )
    return users


def _temporal(events: Sequence[Event], config: SplitConfig, tie_seed: int | None) -> tuple[float, list[UserSplit]]:
    times = sorted(event.timestamp for event in events if event.timestamp is not None)
    if len(times) < len(events) or not times:
        raise EvaluationError(
            f"{len(events) - len(times):,} of {len(events):,} events have no timestamp, and a temporal split cuts all users "
            "at one moment. Use --split leave-last-out or random."
        )
    cut = times[min(len(times) - 1, int(len(times) * (1 - config.held_out)))]
    users = []
    for user, rows in by_user(events, tie_seed).items():
        before = tuple(i for i in rows if (events[i].timestamp or 0.0) < cut)
        after = tuple(i for i in rows if (events[i].timestamp or 0.0) >= cut)
        users.append(UserSplit(user=user, train=before, history=before, held_out=after if before else ()))
    return cut, users


def _random(events: Sequence[Event], config: SplitConfig, tie_seed: int | None) -> list[UserSplit]:
    held = np.random.default_rng(config.seed).random(len(events)) < config.held_out
    users = []
    for user, rows in by_user(events, tie_seed).items():
        known = tuple(i for i in rows if not held[i])
        users.append(
            UserSplit(
                user=user, train=known, history=known, held_out=tuple(i for i in rows if held[i]) if known else ()
            )
        )
    return users


def core(events: Sequence[Event], minimum: int) -> list[Event]:
    """The events of users and items that have at least ``minimum`` events each, taken until nothing changes (k-core)."""
    kept = list(events)
    while minimum > 1:
        users: dict[str, int] = {}
        items: dict[str, int] = {}
        for event in kept:
            users[event.user_id] = users.get(event.user_id, 0) + 1
            items[event.item_id] = items.get(event.item_id, 0) + 1
        smaller = [e for e in kept if users[e.user_id] >= minimum and items[e.item_id] >= minimum]
        if len(smaller) == len(kept):
            break
        kept = smaller
    return kept
