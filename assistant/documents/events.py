"""Items and events that were read: what was written, and which rows could not be used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from assistant.documents.base import Document, Score, jsonable
from assistant.types import EventKind

if TYPE_CHECKING:
    from assistant.errors import BadRow
    from assistant.ingest import EventReport, IndexReport


class BadRowDocument(Document):
    """A row that could not be used."""

    file: str
    line: int
    reason: str

    @classmethod
    def many(cls, rows: Iterable[BadRow]) -> list[BadRowDocument]:
        return [cls(file=row.file, line=row.line, reason=row.reason) for row in rows]


class EventCounts(Document):
    """What importing events did."""

    read: int
    added: int
    unknown_items: int
    conflicts: int
    """Events whose ``event_id`` belongs to another event already; they were left out."""
    bad_total: int
    bad_rows: list[BadRowDocument]
    """The first of them."""

    @classmethod
    def of(cls, report: EventReport) -> EventCounts:
        return cls(
            read=report.read,
            added=report.added,
            unknown_items=report.unknown_items,
            conflicts=report.conflicts,
            bad_total=report.bad_total,
            bad_rows=BadRowDocument.many(report.bad_rows),
        )


class IndexedDocument(Document):
    """What ``index`` did."""

    type: Literal["indexed"] = "indexed"
    data: str
    items: int
    added: int
    changed: int
    unchanged: int
    removed: int
    embedded: int
    seconds: Score
    renamed: dict[str, str]
    """Columns that were read under another name: column to contract name."""
    bad_total: int
    bad_rows: list[BadRowDocument]
    events: EventCounts | None

    @classmethod
    def of(cls, data: str, report: IndexReport) -> IndexedDocument:
        return cls(
            data=data,
            items=report.items,
            added=report.added,
            changed=report.changed,
            unchanged=report.unchanged,
            removed=report.removed,
            embedded=report.embedded,
            seconds=round(report.seconds, 3),
            renamed=jsonable(report.renamed),
            bad_total=report.bad_total,
            bad_rows=BadRowDocument.many(report.bad_rows),
            events=EventCounts.of(report.events) if report.events is not None else None,
        )


class EmbeddedDocument(Document):
    """What ``embed`` did."""

    type: Literal["embedded"] = "embedded"
    data: str
    embedder: str
    embedded: int
    seconds: Score


class EventDocument(Document):
    """An event was recorded and survives a crash."""

    type: Literal["event"] = "event"
    event_id: str
    user: str
    item_id: str
    kind: EventKind
    value: Score | None
    timestamp: Score | None
    new: bool
    """False when the id was known already; the stored event is as it was."""
    known_item: bool
    """False when the catalogue has no such item; the event counts once it has."""


class EventsImportedDocument(EventCounts):
    """What ``events import`` did."""

    type: Literal["events_imported"] = "events_imported"
