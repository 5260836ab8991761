"""What users do next, written durably and effective at once."""

from __future__ import annotations

import time
import uuid

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
    """An event that happens now unless ``timestamp`` (Unix seconds) says otherwise, with an id of its own if none is given."""
    return Event(
        event_id=event_id or uuid.uuid4().hex,
        user_id=user,
        item_id=item_id,
        kind=kind,
        value=value,
        timestamp=time.time() if timestamp is None else timestamp,
    )


def record_event(store: Store, event: Event) -> bool:
    """Write an event; when this returns it survives ``kill -9``. False when its ``event_id`` was known already."""
    return store.add_events([event]) == 1
