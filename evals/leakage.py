"""The leakage guard: what is fitted must not have seen what it is tested on.

Three checks, each of which raises ``LeakageError``: the split itself keeps its cut; while a system is fitted and asked
for scores, nothing in the data folder and no file of events is opened; and no events that a fitted system holds on to
contain a held-out pair of user and item.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from assistant.scoring.base import Interactions
from assistant.types import Event
from evals.errors import LeakageError
from evals.splits import Split, moment


def check_split(split: Split, events: Sequence[Event]) -> None:
    """Raise unless every held-out event is apart from and after everything known, as the split promises."""
    for user in split.users:
        known = {*user.train, *user.history}
        if overlap := known & set(user.held_out):
            raise LeakageError(f"Event {min(overlap)} of user {user.user!r} is both fitted on and held out.")
        items = {events[i].item_id for i in known}
        for i in user.held_out:
            if events[i].item_id in items:
                raise LeakageError(
                    f"User {user.user!r} is tested on item {events[i].item_id!r}, which is in the known part."
                )
        if split.config.name == "leave-last-out" and user.held_out and known:
            latest, first = max(moment(events[i]) for i in known), min(moment(events[i]) for i in user.held_out)
            if first < latest:
                raise LeakageError(f"A held-out event of user {user.user!r} is older than an event that is fitted on.")
        if split.config.name == "temporal":
            assert split.cut is not None
            for i in known:
                if (time := events[i].timestamp) is None or time >= split.cut:
                    raise LeakageError(f"Event {i} of user {user.user!r} is not before the cut at {split.cut:.0f}.")


def held_out_pairs(split: Split, events: Sequence[Event], row_of: Mapping[str, int]) -> frozenset[tuple[str, int]]:
    """(user id, item row) of every held-out event on a known item."""
    return frozenset(
        (user.user, row_of[events[i].item_id])
        for user in split.users
        for i in user.held_out
        if events[i].item_id in row_of
    )


def check_interactions(interactions: Interactions, held_out: frozenset[tuple[str, int]], what: str) -> None:
    """Raise when events contain a held-out pair."""
    users = interactions.user_ids
    for user, item in zip(interactions.user.tolist(), interactions.item.tolist(), strict=True):
        if (users[user], item) in held_out:
            raise LeakageError(f"{what} has seen a held-out event: user {users[user]!r}, item row {item}.")


def check_fitted(fitted: object, held_out: frozenset[tuple[str, int]], name: str) -> None:
    """Raise when events that ``fitted`` holds, however deep, contain a held-out pair."""
    stack, visited = [fitted], set[int]()
    while stack:
        value = stack.pop()
        if id(value) in visited or isinstance(value, _PLAIN):
            continue
        visited.add(id(value))
        if isinstance(value, Interactions):
            check_interactions(value, held_out, f"The system {name!r}")
        elif isinstance(value, Mapping):
            stack.extend(value.values())
        elif isinstance(value, (list, tuple, set, frozenset)):
            stack.extend(part for part in value if not isinstance(part, _PLAIN))
        else:
            stack.extend(vars(value).values() if hasattr(value, "__dict__") else ())
            stack.extend(getattr(value, slot) for slot in getattr(type(value), "__slots__", ()) if hasattr(value, slot))
            for cell in getattr(value, "__closure__", None) or ():
                stack.append(cell.cell_contents)


_PLAIN = (str, bytes, int, float, type, type(None))
_forbidden: list[tuple[str, ...]] = []
_installed: list[bool] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if not _forbidden or event not in ("open", "sqlite3.connect"):
        return
    target = arguments[0]
    if isinstance(target, bytes):
        target = os.fsdecode(target)
    if not isinstance(target, (str, os.PathLike)):
        return
    path = os.path.abspath(os.fspath(target))
    for forbidden in _forbidden[-1]:
        if path == forbidden or path.startswith(forbidden + os.sep):
            raise LeakageError(
                f"A system opened {path!r} while it was fitted or asked for scores. The evaluation refits on its own "
                "training part; events and models that lie there have seen the held-out events."
            )


@contextmanager
def nothing_read_from(*places: Path) -> Iterator[None]:
    """Within the block, opening one of these files, or any file in one of these folders, raises ``LeakageError``.

    An audit hook of the interpreter, so it also catches SQLite, memory maps and libraries. It cannot be taken out
    again, and does nothing outside such blocks.
    """
    if not _installed:
        sys.addaudithook(_watch)
        _installed.append(True)
    _forbidden.append(tuple(os.path.abspath(place) for place in places))
    try:
        yield
    finally:
        _forbidden.pop()
