"""The truth: items, vectors and events, and the conversations and tastes beside them, in one SQLite file."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from assistant.errors import DamagedError
from assistant.store.conversations import Conversations
from assistant.store.database import TEXT_INDEX, Database
from assistant.store.tastes import Tastes
from assistant.types import Event

_INSERT_TEXT = "INSERT INTO item_text (rowid, title, people, labels, body) VALUES (?, ?, ?, ?, ?)"
_EVENT = "event_id, user_id, item_id, kind, value, timestamp, position"

TEXT_INDEX_PROBLEM = "the text index does not match the items"
"""What ``Store.check`` says of a damaged text index, which can be built again from the items."""
USER_TABLES = ("event", "taste", "turn", "impression")
"""Tables whose rows belong to one user, in ``user_id``."""


def _event(row: Sequence[Any]) -> Event:
    """An event from a row of the columns ``_EVENT``."""
    return Event(
        event_id=row[0], user_id=row[1], item_id=row[2], kind=row[3], value=row[4], timestamp=row[5], position=row[6]
    )


def quoted(word: str) -> str:
    """A word as an FTS5 string: none of its characters is syntax."""
    return '"' + word.replace('"', '""') + '"'


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredItem:
    """An item as it is written: its record and the words that search finds it by."""

    item_id: str
    content_hash: str
    text_hash: str
    record: bytes
    title: str
    people: str
    labels: str
    body: str


class Store:
    """An open data folder. Safe to share between threads."""

    conversations: Conversations
    """Turns, and what they showed."""
    tastes: Tastes
    """What users said of themselves."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Open ``folder``; raises ``NotIndexedError`` when nothing is there and ``create`` is false."""
        self._database = Database(folder, create=create)
        self.folder = folder
        self.path = self._database.path
        self.conversations = Conversations(self._database)
        self.tastes = Tastes(self._database)

    def close(self) -> None:
        """Idempotent."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # meta

    def meta(self, key: str) -> str | None:
        """A value of the table of settings of this folder, None when it was never written."""
        rows = self._database.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def set_meta(self, key: str, value: str) -> None:
        with self._database.write() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def catalogue_version(self) -> int:
        """Grows by one whenever items or the embedder change; 0 before the first indexing."""
        return int(self.meta("catalogue_version") or 0)

    def catalogue_state(self) -> tuple[int, str]:
        """(version, name) of the items and vectors as they are now: a name drawn by chance that no other state has, not
        even one of a copy of this folder that was indexed apart."""
        sql = "SELECT key, value FROM meta WHERE key IN ('catalogue_version', 'catalogue_state')"
        while "catalogue_state" not in (found := dict(self._database.rows(sql))):  # indexed before there were names
            with self._database.write() as db:
                db.execute("INSERT OR IGNORE INTO meta VALUES ('catalogue_state', ?)", (uuid.uuid4().hex,))
        return int(found.get("catalogue_version", 0)), found["catalogue_state"]

    # items and vectors

    def item_hashes(self) -> dict[str, tuple[str, str]]:
        """``{item_id: (content_hash, text_hash)}``."""
        return {
            row[0]: (row[1], row[2]) for row in self._database.rows("SELECT item_id, content_hash, text_hash FROM item")
        }

    def items(self) -> list[tuple[int, str, bytes]]:
        """(row, item_id, record) of every item, in the order they were first indexed."""
        return self._database.rows("SELECT row, item_id, record FROM item ORDER BY row")

    def known_vectors(self, embedder: str) -> set[str]:
        """Text hashes that have a vector of this embedder."""
        return {row[0] for row in self._database.rows("SELECT text_hash FROM vector WHERE embedder = ?", (embedder,))}

    def add_vectors(
        self,
        embedder: str,
        text_hashes: Sequence[str],
        vectors: NDArray[np.float32],
        passages: Sequence[NDArray[np.float16]] | None = None,
    ) -> None:
        """Keep vectors (n, dim) under the hash of the text they came from, each with the vectors of its passages.

        ``passages[i]`` is (n_passages, dim); they stand behind the text's own vector in the same value.
        """
        behind = [b""] * len(text_hashes) if passages is None else [array.tobytes() for array in passages]
        with self._database.write() as db:
            db.executemany(
                "INSERT OR IGNORE INTO vector VALUES (?, ?, ?)",
                (
                    (text_hash, embedder, vector.astype(np.float32, copy=False).tobytes() + rest)
                    for text_hash, vector, rest in zip(text_hashes, vectors, behind, strict=True)
                ),
            )

    def vectors(self, embedder: str, dim: int) -> NDArray[np.float32]:
        """(n_items, dim) float32 in the order of ``items``; a row of zeros where an item has no vector."""
        rows = self._database.rows(
            "SELECT substr(vector.vector, 1, ?) FROM item LEFT JOIN vector "
            "ON vector.text_hash = item.text_hash AND embedder = ? ORDER BY item.row",
            (4 * dim, embedder),
        )
        zeros = bytes(4 * dim)
        joined = b"".join(row[0] if row[0] is not None else zeros for row in rows)
        return np.frombuffer(joined, dtype=np.float32).reshape(len(rows), dim)

    def passages(self, embedder: str, dim: int) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        """((n_items + 1,) offsets, (n_passages, dim)): item ``i``'s passages are ``[offsets[i]:offsets[i + 1]]``."""
        rows = self._database.rows(
            "SELECT substr(vector.vector, ?) FROM item LEFT JOIN vector "
            "ON vector.text_hash = item.text_hash AND embedder = ? ORDER BY item.row",
            (4 * dim + 1, embedder),
        )
        sizes = np.array([len(row[0] or b"") for row in rows], dtype=np.int64) // max(2 * dim, 1)
        joined = b"".join(row[0] or b"" for row in rows)
        return np.concatenate(([0], np.cumsum(sizes))), np.frombuffer(joined, dtype=np.float16).reshape(-1, max(dim, 1))

    def replace_items(
        self, changed: Iterable[StoredItem], removed: Iterable[str], *, embedder: str, dim: int, embedder_version: str
    ) -> None:
        """Make the new catalogue the one that serves, in one transaction.

        Readers see either the old catalogue or the new one. Vectors that no item uses any more are dropped.
        """
        with self._database.write() as db:
            for item_id in removed:
                db.execute("DELETE FROM item_text WHERE rowid = (SELECT row FROM item WHERE item_id = ?)", (item_id,))
                db.execute("DELETE FROM item WHERE item_id = ?", (item_id,))
            for item in changed:
                db.execute(
                    "INSERT INTO item (item_id, content_hash, text_hash, record) VALUES (?, ?, ?, ?) "
                    "ON CONFLICT (item_id) DO UPDATE SET content_hash = excluded.content_hash, "
                    "text_hash = excluded.text_hash, record = excluded.record",
                    (item.item_id, item.content_hash, item.text_hash, item.record),
                )
                (row,) = db.execute("SELECT row FROM item WHERE item_id = ?", (item.item_id,)).fetchone()
                db.execute("DELETE FROM item_text WHERE rowid = ?", (row,))
                db.execute(_INSERT_TEXT, (row, item.title, item.people, item.labels, item.body))
            db.execute(
                "DELETE FROM vector WHERE embedder != ? OR text_hash NOT IN (SELECT text_hash FROM item)", (embedder,)
            )
            settings = {
                "embedder": embedder,
                "embedder_dim": str(dim),
                "embedder_version": embedder_version,
                "catalogue_version": str(self.catalogue_version() + 1),
                "catalogue_state": uuid.uuid4().hex,
            }
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", settings.items())

    def text_count(self) -> int:
        """Items that can be found by words."""
        return int(self._database.rows("SELECT count(*) FROM item_text")[0][0])

    def rebuild_text(self, texts: Iterable[StoredItem]) -> None:
        """Make the text index anew from every item."""
        with self._database.write() as db:
            rows = dict(db.execute("SELECT item_id, row FROM item"))
            db.execute("DROP TABLE item_text")
            db.execute(TEXT_INDEX)
            db.executemany(
                _INSERT_TEXT,
                ((rows[t.item_id], t.title, t.people, t.labels, t.body) for t in texts if t.item_id in rows),
            )

    def search_text(
        self, match: str, limit: int, weights: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    ) -> list[tuple[int, float]]:
        """(row of the item table, BM25) of the best matches of an FTS5 expression, best first; bigger is better.

        ``weights`` are how much a word counts in the title, the people, the labels and the body.
        """
        rows = self._database.rows(
            "SELECT rowid, -bm25(item_text, ?, ?, ?, ?) AS score FROM item_text WHERE item_text MATCH ? "
            "ORDER BY score DESC, rowid LIMIT ?",
            (*weights, match, limit),
        )
        return [(row[0], row[1]) for row in rows]

    def document_counts(self, words: Iterable[str], at_most: int) -> dict[str, int]:
        """In how many items each word occurs, inflected forms counted together; counting stops at ``at_most``."""
        sql = "SELECT count(*) FROM (SELECT 1 FROM item_text WHERE item_text MATCH ? LIMIT ?)"
        return {word: int(self._database.rows(sql, (quoted(word), at_most))[0][0]) for word in words}

    # events

    def add_events(self, events: Iterable[Event]) -> int:
        """Write events durably; returns how many were new. An ``event_id`` that is known already is left as it is."""
        with self._database.write() as db:
            before = db.total_changes
            db.executemany(
                f"INSERT OR IGNORE INTO event ({_EVENT}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                ((e.event_id, e.user_id, e.item_id, e.kind, e.value, e.timestamp, e.position) for e in events),
            )
            return db.total_changes - before

    def events_by_id(self, event_ids: Iterable[str]) -> dict[str, Event]:
        """Those of the events that are stored, by their id."""
        wanted = list(dict.fromkeys(event_ids))
        rows: list[Any] = []
        for start in range(0, len(wanted), 500):
            some = wanted[start : start + 500]
            marks = ", ".join("?" * len(some))
            rows += self._database.rows(f"SELECT {_EVENT} FROM event WHERE event_id IN ({marks})", some)
        return {row[0]: _event(row) for row in rows}

    def events(self, user: str | None = None) -> list[Event]:
        """Events of one user, or of all, each user's oldest first.

        By timestamp, then position, then the order in which they were written.
        """
        where = "" if user is None else "WHERE user_id = ? "
        rows = self._database.rows(
            f"SELECT {_EVENT} FROM event {where}ORDER BY user_id, timestamp, position, seq",
            () if user is None else (user,),
        )
        return [_event(row) for row in rows]

    def positive_counts(self) -> list[tuple[str, int]]:
        """(item id, number of events other than dislikes and skips) of every item that has any."""
        return self._database.rows(
            "SELECT item_id, count(*) FROM event WHERE kind NOT IN ('dislike', 'skip') GROUP BY item_id"
        )

    def event_count(self) -> int:
        return int(self._database.rows("SELECT count(*) FROM event")[0][0])

    def users_with_events(self, least: int) -> int:
        """How many users have at least so many events."""
        sql = "SELECT count(*) FROM (SELECT 1 FROM event GROUP BY user_id HAVING count(*) >= ?)"
        return int(self._database.rows(sql, (least,))[0][0])

    def events_version(self) -> str:
        """Changes with every event that is added or deleted."""
        count, last = self._database.rows("SELECT count(*), coalesce(max(seq), 0) FROM event")[0]
        return f"{count}.{last}"

    def rating_scale(self) -> tuple[float, float] | None:
        """Lowest and highest value among ratings, None when there are none."""
        rated = "FROM event WHERE kind = 'rating' AND value IS NOT NULL"
        # Two questions, as SQLite answers either from the end of an index, and both in one by reading every event.
        ((low, high),) = self._database.rows(f"SELECT (SELECT min(value) {rated}), (SELECT max(value) {rated})")
        return None if low is None else (float(low), float(high))

    # users

    def users(self) -> list[str]:
        """Ids of all users that anything is kept about, sorted."""
        union = " UNION ".join(f"SELECT user_id FROM {table}" for table in USER_TABLES)
        return sorted(row[0] for row in self._database.rows(union))

    def export_user(self, user: str) -> dict[str, list[dict[str, Any]]]:
        """Everything kept about a user, by table."""
        exported: dict[str, list[dict[str, Any]]] = {}
        for table in USER_TABLES:
            rows = self._database.named_rows(f"SELECT * FROM {table} WHERE user_id = ?", (user,))
            for row in rows:
                row.update({k: orjson.loads(v) for k, v in row.items() if isinstance(v, bytes)})
            exported[table] = rows
        return exported

    def delete_user(self, user: str) -> int:
        """Erase a user; returns how many rows went. Afterwards no file holds a byte of them.

        Raises ``DataError`` when another process keeps reading an old state for so long that the write-ahead log cannot
        be truncated; the rows are deleted then, and calling it again finishes the erasure.
        """
        with self._database.write() as db:
            before = db.total_changes
            for table in USER_TABLES:
                db.execute(f"DELETE FROM {table} WHERE user_id = ?", (user,))
            gone = db.total_changes - before
        self._database.truncate_log()
        return gone

    def truncate_log(self) -> None:
        """Move the write-ahead log into the database and empty it, as ``delete_user`` does at its end."""
        self._database.truncate_log()

    def check(self) -> list[str]:
        """Problems that SQLite finds in its file; empty when it is sound."""
        try:
            found = [row[0] for row in self._database.rows("PRAGMA integrity_check(20)")]
        except (DamagedError, sqlite3.DatabaseError) as error:
            return [str(error.__cause__ or error)]
        if found != ["ok"]:
            return found
        try:
            self._database.rows("INSERT INTO item_text(item_text) VALUES ('integrity-check')")
        except (DamagedError, sqlite3.DatabaseError):
            return [TEXT_INDEX_PROBLEM]
        return []
