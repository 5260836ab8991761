"""What users do next, written durably and effective at once."""

from __future__ import annotations

import math
import time
import uuid

from pydantic import ValidationError

from assistant.errors import UserError
from assistant.records import event_from_row, reason
from assistant.store import Store
from assistant.types import Event, EventKind


def make_event(
    user: str,
    item_id: str,
    kind: EventKind,
    *,
    value: float | None = None,
    timestamp: float | None = None,
    event_id: str | None = None,
) -> Event:
    """An event that happens now unless ``timestamp`` (Unix seconds) says otherwise, with an id of its own if none is given.

    It is what an import would read: ids cleaned, numbers finite. Raises ``UserError``.
    """
    now = time.time() if timestamp is None else timestamp
    for name, number in (("value", value), ("timestamp", now)):
        if number is not None and not math.isfinite(number):
            raise UserError(f"The event cannot be recorded: {name!r} is {number!r}; it must be a finite number.")
    row = {"event_id": event_id or uuid.uuid4().hex, "user_id": user, "item_id": item_id, "kind": kind, "value": value}
    try:
        return event_from_row({**row, "timestamp": now})
    except ValidationError as error:
        raise UserError(f"The event cannot be recorded: {reason(error)}.") from error


def record_event(store: Store, event: Event) -> bool:
    """Write an event; when this returns it survives ``kill -9``. False when it was known already.

    Raises ``UserError`` when its ``event_id`` belongs to another event.
    """
    if store.add_events([event]):
        return True
    stored = store.events_by_id([event.event_id]).get(event.event_id, event)
    if not same_event(event, stored):
        value = "" if stored.value is None else f" {stored.value:g}"
        raise UserError(
            f"The event_id {event.event_id!r} belongs to another event already: {stored.user_id!r}, {stored.kind}{value}, "
            f"{stored.item_id!r}. Give this event an id of its own, or none."
        )
    return False


def same_event(event: Event, stored: Event) -> bool:
    """Whether two events of one ``event_id`` say the same. A repeat may come at another time than the first."""
    return (event.user_id, event.item_id, event.kind, event.value) == (
        stored.user_id, stored.item_id, stored.kind, stored.value,
    )  # fmt: skip
