"""Indexing: from files, frames or dicts to a catalogue that serves.

Safe to stop anywhere: vectors are kept batch by batch under the hash of the text they came from, and the new catalogue
takes the old one's place in one transaction at the end. Running it again embeds only what is missing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import orjson
from pydantic import ValidationError

from assistant.errors import BadRow, BadRowsError, EmbedderMismatchError, UserError
from assistant.feedback import same_event
from assistant.reading import Row, Source, read_rows, rename, require_column, resolve_columns
from assistant.records import (
    EVENT_ALIASES,
    EVENT_FIELDS,
    ITEM_ALIASES,
    ITEM_FIELDS,
    embedding_text,
    event_from_row,
    item_from_record,
    item_from_row,
    item_to_record,
    labels_text,
    other_titles,
    passages,
    people_text,
    reason,
    translated,
)
from assistant.settings import Settings, load_settings
from assistant.store import Store, StoredItem
from assistant.text import index_text
from assistant.types import Event, Item
from vectorstore.base import Embedder, EmbedderInfo

SHOWN_BAD_ROWS = 20
EMBED_BATCH = 1024
"""Texts embedded and kept in one transaction: what a kill can lose."""
EVENT_BATCH = 20_000
_TERMS = "2"
"""How texts become terms of the index of words; an index that was made otherwise is made anew."""

T = TypeVar("T", Item, Event)

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, how much of it is done, and its total (0 when that is not known yet)."""


def no_progress(stage: str, done: int, total: int) -> None:
    """Shows nothing."""


@dataclass(frozen=True, kw_only=True)
class EventReport:
    """What importing events did."""

    read: int
    added: int
    """New ones; the others were known already."""
    unknown_items: int
    """Events on items that are not in the catalogue; they are kept and count once the item is there."""
    bad_rows: tuple[BadRow, ...] = ()
    bad_total: int = 0
    conflicts: int = 0
    """Events whose ``event_id`` belongs to another event already; they are not written."""


@dataclass(frozen=True, kw_only=True)
class IndexReport:
    """What indexing did."""

    items: int
    """Items in the catalogue now."""
    added: int
    changed: int
    unchanged: int
    removed: int
    embedded: int
    seconds: float
    renamed: Mapping[str, str]
    """Columns that were read under another name, by column."""
    bad_rows: tuple[BadRow, ...] = ()
    bad_total: int = 0
    events: EventReport | None = None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def vector_key(info: EmbedderInfo) -> str:
    """Under which name vectors of an embedder are kept: another version's vectors have another name."""
    return f"{info.name}|{info.version}|{info.dim}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Texts:
    """What the vectors of an item are made from."""

    whole: str
    passages: tuple[str, ...]


def _stored(item: Item) -> tuple[StoredItem, _Texts]:
    """An item as it is written, and the texts its vectors are made from."""
    record = item_to_record(item)
    texts = _Texts(whole=embedding_text(item), passages=passages(item))
    stored = StoredItem(
        item_id=item.item_id,
        content_hash=_digest(record),
        text_hash=_digest(orjson.dumps([texts.whole, texts.passages])),
        record=record,
        title=index_text(" ".join(filter(None, (item.title, *other_titles(item))))),
        people=index_text(people_text(item)),
        labels=index_text(labels_text(item)),
        body=index_text(" ".join(filter(None, (item.description, *translated(item, "description"))))),
    )
    return stored, texts


class _Collector:
    """Good rows and bad rows of one source. Only the first bad rows are kept; all are counted."""

    def __init__(self) -> None:
        self.bad: list[BadRow] = []
        self.bad_total = 0

    def refuse(self, row: Row, why: str) -> None:
        self.bad_total += 1
        if len(self.bad) < SHOWN_BAD_ROWS:
            self.bad.append(BadRow(file=row.file, line=row.line, reason=why))

    def collect(
        self,
        rows: Iterable[Row],
        renamed: Mapping[str, str],
        make: Callable[[Mapping[str, object]], T],
        progress: Progress,
        stage: str,
    ) -> list[tuple[Row, T]]:
        good: list[tuple[Row, T]] = []
        count = 0
        for count, row in enumerate(rows, 1):
            if row.problem is not None:
                self.refuse(row, row.problem)
                continue
            try:
                good.append((row, make(rename(row.columns, renamed))))
            except ValidationError as error:
                self.refuse(row, reason(error))
            if count % 1000 == 0:
                progress(stage, count, 0)
        progress(stage, count, count)
        return good

    def settle(self, skip_bad: bool) -> None:
        """Raise for the bad rows unless the user wants to go on without them."""
        if self.bad and not skip_bad:
            raise BadRowsError(
                self.bad,
                self.bad_total,
                hint="Mend them, or keep the good rows and leave these out with --skip-bad (skip_bad=True).",
            )


def _columns(rows: Iterable[Row]) -> list[str]:
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row.columns))
    return list(names)


def _items(
    rows: list[Row], mapping: Mapping[str, str], *, skip_bad: bool, progress: Progress
) -> tuple[list[Item], dict[str, str], _Collector]:
    """Items of rows, the columns that were renamed, and the bad rows that were left out."""
    columns = _columns(rows)
    collector = _Collector()
    if not columns:
        for row in rows:
            collector.refuse(row, row.problem or "is empty")
        collector.settle(skip_bad)
        raise UserError("There are no items to index: the input has no row with any column.")
    renamed = resolve_columns(columns, ITEM_FIELDS, ITEM_ALIASES, mapping, ("item_id", "title"))
    lines: dict[str, Row] = {}
    items: list[Item] = []
    for row, item in collector.collect(rows, renamed, item_from_row, progress, "reading items"):
        if (first := lines.setdefault(item.item_id, row)) is not row:
            collector.refuse(row, f"item_id {item.item_id!r} stands already at {first.file}:{first.line}")
        else:
            items.append(item)
    collector.bad.sort(key=lambda bad: bad.line)
    collector.settle(skip_bad)
    return items, renamed, collector


def _events(
    rows: list[Row], mapping: Mapping[str, str], *, skip_bad: bool, progress: Progress
) -> tuple[list[Event], _Collector]:
    """Events of rows in their order, and the bad rows that were left out."""
    columns = _columns(rows)
    collector = _Collector()
    required = ("user_id", "item_id")
    renamed = resolve_columns(columns, EVENT_FIELDS, EVENT_ALIASES, mapping, required, further=False) if columns else {}
    pairs = collector.collect(rows, renamed, event_from_row, progress, "reading events")
    collector.settle(skip_bad)
    return [event for _, event in pairs], collector


def read_events(
    source: Source,
    *,
    mapping: Mapping[str, str] | None = None,
    skip_bad: bool = False,
    progress: Progress = no_progress,
) -> tuple[list[Event], int]:
    """Events of a source in its order, and how many bad rows were left out. Raises ``BadRowsError``, ``UnknownNameError``."""
    events, collector = _events(list(read_rows(source)), mapping or {}, skip_bad=skip_bad, progress=progress)
    return events, collector.bad_total


def import_events(
    store: Store,
    source: Source,
    *,
    mapping: Mapping[str, str] | None = None,
    skip_bad: bool = False,
    progress: Progress = no_progress,
) -> EventReport:
    """Read events and write them durably. Idempotent by ``event_id``. Raises ``BadRowsError`` before writing any."""
    events, collector = _events(list(read_rows(source)), mapping or {}, skip_bad=skip_bad, progress=progress)
    return _write_events(store, events, collector, progress)


def _write_events(store: Store, events: list[Event], collector: _Collector, progress: Progress) -> EventReport:
    known = store.item_hashes().keys()
    added = conflicts = 0
    for start in range(0, len(events), EVENT_BATCH):
        batch = events[start : start + EVENT_BATCH]
        new = store.add_events(batch)
        added += new
        if new < len(batch):
            stored = store.events_by_id(event.event_id for event in batch)
            conflicts += sum(not same_event(event, stored.get(event.event_id, event)) for event in batch)
        progress("writing events", min(start + EVENT_BATCH, len(events)), len(events))
    return EventReport(
        read=len(events),
        added=added,
        unknown_items=sum(event.item_id not in known for event in events),
        bad_rows=tuple(collector.bad),
        bad_total=collector.bad_total,
        conflicts=conflicts,
    )


def _embed_missing(store: Store, embedder: Embedder, texts: Mapping[str, _Texts], progress: Progress) -> int:
    """Embed the texts whose hash has no vector yet, with their passages; returns how many."""
    key = vector_key(embedder.info)
    known = store.known_vectors(key)
    # Texts of similar length together make batches with little padding.
    missing = sorted((h for h in texts if h not in known), key=lambda h: len(texts[h].whole))
    for start in range(0, len(missing), EMBED_BATCH):
        batch = missing[start : start + EMBED_BATCH]
        whole = embedder.embed([texts[h].whole for h in batch])
        parts = embedder.embed([passage for h in batch for passage in texts[h].passages]).astype(np.float16)
        ends = np.cumsum([len(texts[h].passages) for h in batch])
        store.add_vectors(key, batch, whole, np.split(parts, ends[:-1]))
        progress("embedding", min(start + EMBED_BATCH, len(missing)), len(missing))
    return len(missing)


def check_embedder(store: Store, info: EmbedderInfo) -> None:
    """Raise ``EmbedderMismatchError`` unless the stored vectors come from this embedder."""
    name = store.meta("embedder")
    if name is not None and name != vector_key(info):
        stored = name.split("|")[0]
        why = f"by {stored!r} and {info.name!r} is set" if stored != info.name else f"by another version of {stored!r}"
        raise EmbedderMismatchError(
            f"The vectors in {str(store.folder)!r} were made {why}. Make them again with: "
            f"assistant embed --data {store.folder} --embedder {info.name}\n"
            f"or go on with the old ones: ASSISTANT_EMBEDDER={stored}"
        )


def index_items(
    items: Source,
    data: str | Path,
    *,
    interactions: Source | None = None,
    mapping: Mapping[str, str] | None = None,
    replace: bool = False,
    skip_bad: bool = False,
    settings: Settings | None = None,
    embedder: Embedder | None = None,
    progress: Progress = no_progress,
) -> IndexReport:
    """Index a catalogue, and interactions if given, into the folder ``data``.

    ``items`` and ``interactions`` are each a path (JSONL, CSV, TSV, Parquet, also gzipped), a pandas or polars frame, or
    an iterable of dicts. ``mapping`` is ``{contract name: column}``; ``creators:ROLE`` names people with a role. Items
    that are not in the input stay unless ``replace``. Nothing is written when a row is bad, unless ``skip_bad``.

    Raises ``BadRowsError``, ``UnknownNameError``, ``EmbedderMismatchError``.
    """
    from assistant.build import build_embedder
    from assistant.derived_files import load_tables
    from assistant.sync import sync_vectors

    started = time.monotonic()
    folder = Path(data)
    settings = settings or load_settings(folder)
    mapping = mapping or {}
    item_rows = list(read_rows(items))
    event_rows = list(read_rows(interactions)) if interactions is not None else []
    of_items, of_events = _columns(item_rows), _columns(event_rows)
    if interactions is not None:
        for field, column in mapping.items():
            require_column(field, column, of_items, of_events)
    parsed, renamed, collector = _items(
        item_rows,
        {f: c for f, c in mapping.items() if c in of_items or c not in of_events},
        skip_bad=skip_bad,
        progress=progress,
    )
    events: tuple[list[Event], _Collector] | None = None
    if interactions is not None:
        names = {*EVENT_FIELDS, *(name for names in EVENT_ALIASES.values() for name in names)}
        of_both = {f: c for f, c in mapping.items() if c in of_events and (c not in of_items or f in names)}
        events = _events(event_rows, of_both, skip_bad=skip_bad, progress=progress)
    del item_rows, event_rows  # here and below: what is no longer needed makes room for what comes

    if embedder is None:
        embedder = build_embedder(settings)
    with Store(folder, create=True) as store:
        check_embedder(store, embedder.info)
        before = store.item_hashes()
        stored = [_stored(item) for item in parsed]
        del parsed
        changed = [s for s, _ in stored if before.get(s.item_id, ("", ""))[0] != s.content_hash]
        removed = before.keys() - {s.item_id for s, _ in stored} if replace else set()
        embedded = _embed_missing(store, embedder, {s.text_hash: texts for s, texts in stored}, progress)
        if changed or removed or embedded or not before:
            progress("writing items", 0, len(changed))
            info = embedder.info
            store.replace_items(
                changed, sorted(removed), embedder=vector_key(info), dim=info.dim, embedder_version=info.version
            )
            progress("writing items", len(changed), len(changed))
        if store.meta("text_terms") != _TERMS:
            if before:
                restore_text_index(store)
            store.set_meta("text_terms", _TERMS)
        event_report = _write_events(store, *events, progress) if events is not None else None
        total = len(before.keys() | {s.item_id for s, _ in stored}) - len(removed)
        added = sum(s.item_id not in before for s in changed)
        n_changed, n_unchanged = len(changed) - added, len(stored) - len(changed)
        del stored, changed, events
        load_tables(store)  # so that no process that opens the folder has to make them
        sync_vectors(store, progress=progress)
        return IndexReport(
            items=total,
            added=added,
            changed=n_changed,
            unchanged=n_unchanged,
            removed=len(removed),
            embedded=embedded,
            seconds=time.monotonic() - started,
            renamed=renamed,
            bad_rows=tuple(collector.bad),
            bad_total=collector.bad_total,
            events=event_report,
        )


def embed_again(data: str | Path, embedder: Embedder, *, progress: Progress = no_progress) -> int:
    """Make the vectors of all items again with another embedder; returns how many were made."""
    from assistant.derived_files import load_tables
    from assistant.sync import sync_vectors

    with Store(Path(data)) as store:
        texts = {stored.text_hash: each for stored, each in _all_stored(store)}
        embedded = _embed_missing(store, embedder, texts, progress)
        info = embedder.info
        store.replace_items([], [], embedder=vector_key(info), dim=info.dim, embedder_version=info.version)
        load_tables(store)  # so that no process that opens the folder has to make them
        sync_vectors(store, progress=progress)
        return embedded


def restore_text_index(store: Store) -> None:
    """Make the index of words anew from the items."""
    store.rebuild_text(stored for stored, _ in _all_stored(store))


def _all_stored(store: Store) -> Iterator[tuple[StoredItem, _Texts]]:
    for _, _, record in store.items():
        yield _stored(item_from_record(orjson.loads(record)))
