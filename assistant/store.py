"""The truth: one SQLite file with items, vectors, events, tastes, conversations and impressions.

Write-ahead log, ``synchronous=FULL``: what a method has returned from survives ``kill -9``. ``secure_delete`` and a
truncated log make what is deleted unreadable in every file. Several processes may have it open; each write is one short
transaction. The schema is versioned and only migrates forward.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from assistant.errors import DamagedError, DataError, NotIndexedError, SchemaVersionError
from assistant.types import Event

FILE_NAME = "assistant.sqlite3"
BUSY_SECONDS = 30.0
"""How long a write waits for another process's transaction."""

_TEXT_INDEX = (
    "CREATE VIRTUAL TABLE item_text USING fts5("
    "title, people, labels, body, tokenize = 'porter unicode61 remove_diacritics 2')"
)
_INSERT_TEXT = "INSERT INTO item_text (rowid, title, people, labels, body) VALUES (?, ?, ?, ?, ?)"
_MIGRATIONS = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE item (
        row INTEGER PRIMARY KEY, item_id TEXT NOT NULL UNIQUE, content_hash TEXT NOT NULL, text_hash TEXT NOT NULL,
        record BLOB NOT NULL);
    """
    + _TEXT_INDEX
    + """;
    CREATE TABLE vector (
        text_hash TEXT NOT NULL, embedder TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (text_hash, embedder));
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL,
        item_id TEXT NOT NULL, kind TEXT NOT NULL, value REAL, timestamp REAL, position INTEGER);
    CREATE INDEX event_by_user ON event (user_id);
    CREATE TABLE taste (
        entry_id TEXT PRIMARY KEY, user_id TEXT NOT NULL, entry BLOB NOT NULL, created_at REAL NOT NULL) WITHOUT ROWID;
    CREATE INDEX taste_by_user ON taste (user_id);
    CREATE TABLE turn (
        user_id TEXT NOT NULL, conversation_id TEXT NOT NULL, turn INTEGER NOT NULL, reply_id TEXT NOT NULL,
        created_at REAL NOT NULL, message TEXT NOT NULL, reply BLOB NOT NULL,
        PRIMARY KEY (user_id, conversation_id, turn)) WITHOUT ROWID;
    CREATE TABLE impression (
        reply_id TEXT NOT NULL, position INTEGER NOT NULL, user_id TEXT NOT NULL, conversation_id TEXT NOT NULL,
        item_id TEXT NOT NULL, score REAL NOT NULL, propensity REAL NOT NULL, ranker TEXT NOT NULL, model TEXT,
        prompt TEXT, created_at REAL NOT NULL, PRIMARY KEY (reply_id, position)) WITHOUT ROWID;
    CREATE INDEX impression_by_user ON impression (user_id);
    """,
    "CREATE INDEX event_rating ON event (value) WHERE kind = 'rating' AND value IS NOT NULL",
)
_EVENT = "event_id, user_id, item_id, kind, value, timestamp, position"
SCHEMA_VERSION = len(_MIGRATIONS)

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Impression:
    """That an item was shown: where in the list, and with what probability the list put it there."""

    position: int
    item_id: str
    score: float
    propensity: float
    ranker: str
    model: str | None
    prompt: str | None


class Store:
    """An open data folder. Safe to share between threads."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Open ``folder``; raises ``NotIndexedError`` when nothing is there and ``create`` is false."""
        self.folder = folder
        self.path = folder / FILE_NAME
        if not self.path.exists():
            if not create:
                raise NotIndexedError(
                    f"There is no catalogue in {str(folder)!r}. Make one with: assistant index ITEMS --data {folder}"
                )
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA secure_delete = ON")
            self._db.execute("PRAGMA temp_store = MEMORY")
            self._migrate()
        except DamagedError:
            self._db.close()
            raise
        except sqlite3.DatabaseError as error:
            if type(error) is sqlite3.DatabaseError:
                self._db.close()
                raise self._damaged(error) from error
            raise DataError(
                f"{str(self.path)!r} cannot be opened: {error}. Wait for other processes that use it, and see that you "
                "may write to the folder and that its disk has room."
            ) from error

    def _damaged(self, error: sqlite3.DatabaseError) -> DamagedError:
        return DamagedError(
            f"{str(self.path)!r} is damaged: {error}. What to do about it is said by: assistant doctor --data {self.folder}"
        )

    def _migrate(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise SchemaVersionError(
                f"{str(self.path)!r} has schema {version}, and this version knows {SCHEMA_VERSION} at most. "
                "Upgrade with: pip install --upgrade recommender-assistant"
            )
        if version == SCHEMA_VERSION:
            return
        with self._write() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()  # another process may have been faster
            for step in range(version, SCHEMA_VERSION):
                for statement in _MIGRATIONS[step].split(";\n"):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def close(self) -> None:
        """Idempotent."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction."""
        with self._lock, self._naming_damage():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with self._lock, self._naming_damage():
            return self._db.execute(sql, parameters).fetchall()

    @contextmanager
    def _naming_damage(self) -> Iterator[None]:
        """A damaged file is a ``DamagedError``, which says where it is."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if type(error) is sqlite3.DatabaseError:  # its subclasses speak of the statement, or of locks
                raise self._damaged(error) from error
            raise

    # meta

    def meta(self, key: str) -> str | None:
        """A value of the table of settings of this folder, None when it was never written."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def set_meta(self, key: str, value: str) -> None:
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def catalogue_version(self) -> int:
        """Grows by one whenever items or the embedder change; 0 before the first indexing."""
        return int(self.meta("catalogue_version") or 0)

    # items and vectors

    def item_hashes(self) -> dict[str, tuple[str, str]]:
        """``{item_id: (content_hash, text_hash)}``."""
        return {row[0]: (row[1], row[2]) for row in self._rows("SELECT item_id, content_hash, text_hash FROM item")}

    def items(self) -> list[tuple[int, str, bytes]]:
        """(row, item_id, record) of every item, in the order they were first indexed."""
        return self._rows("SELECT row, item_id, record FROM item ORDER BY row")

    def known_vectors(self, embedder: str) -> set[str]:
        """Text hashes that have a vector of this embedder."""
        return {row[0] for row in self._rows("SELECT text_hash FROM vector WHERE embedder = ?", (embedder,))}

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
        with self._write() as db:
            db.executemany(
                "INSERT OR IGNORE INTO vector VALUES (?, ?, ?)",
                (
                    (text_hash, embedder, vector.astype(np.float32, copy=False).tobytes() + rest)
                    for text_hash, vector, rest in zip(text_hashes, vectors, behind, strict=True)
                ),
            )

    def vectors(self, embedder: str, dim: int) -> NDArray[np.float32]:
        """(n_items, dim) float32 in the order of ``items``; a row of zeros where an item has no vector."""
        rows = self._rows(
            "SELECT substr(vector.vector, 1, ?) FROM item LEFT JOIN vector "
            "ON vector.text_hash = item.text_hash AND embedder = ? ORDER BY item.row",
            (4 * dim, embedder),
        )
        zeros = bytes(4 * dim)
        joined = b"".join(row[0] if row[0] is not None else zeros for row in rows)
        return np.frombuffer(joined, dtype=np.float32).reshape(len(rows), dim)

    def passages(self, embedder: str, dim: int) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        """((n_items + 1,) offsets, (n_passages, dim)): item ``i``'s passages are ``[offsets[i]:offsets[i + 1]]``."""
        rows = self._rows(
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
        with self._write() as db:
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
            }
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", settings.items())

    def text_count(self) -> int:
        """Items that can be found by words."""
        return int(self._rows("SELECT count(*) FROM item_text")[0][0])

    def rebuild_text(self, texts: Iterable[StoredItem]) -> None:
        """Make the text index anew from every item."""
        with self._write() as db:
            rows = dict(db.execute("SELECT item_id, row FROM item"))
            db.execute("DROP TABLE item_text")
            db.execute(_TEXT_INDEX)
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
        rows = self._rows(
            "SELECT rowid, -bm25(item_text, ?, ?, ?, ?) AS score FROM item_text WHERE item_text MATCH ? "
            "ORDER BY score DESC, rowid LIMIT ?",
            (*weights, match, limit),
        )
        return [(row[0], row[1]) for row in rows]

    def document_counts(self, words: Iterable[str], at_most: int) -> dict[str, int]:
        """In how many items each word occurs, inflected forms counted together; counting stops at ``at_most``."""
        sql = "SELECT count(*) FROM (SELECT 1 FROM item_text WHERE item_text MATCH ? LIMIT ?)"
        return {word: int(self._rows(sql, (quoted(word), at_most))[0][0]) for word in words}

    # events

    def add_events(self, events: Iterable[Event]) -> int:
        """Write events durably; returns how many were new. An ``event_id`` that is known already is left as it is."""
        with self._write() as db:
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
            rows += self._rows(f"SELECT {_EVENT} FROM event WHERE event_id IN ({marks})", some)
        return {row[0]: _event(row) for row in rows}

    def events(self, user: str | None = None) -> list[Event]:
        """Events of one user, or of all, each user's oldest first.

        By timestamp, then position, then the order in which they were written.
        """
        where = "" if user is None else "WHERE user_id = ? "
        rows = self._rows(
            f"SELECT {_EVENT} FROM event {where}ORDER BY user_id, timestamp, position, seq",
            () if user is None else (user,),
        )
        return [_event(row) for row in rows]

    def positive_counts(self) -> list[tuple[str, int]]:
        """(item id, number of events other than dislikes and skips) of every item that has any."""
        return self._rows("SELECT item_id, count(*) FROM event WHERE kind NOT IN ('dislike', 'skip') GROUP BY item_id")

    def event_count(self) -> int:
        return int(self._rows("SELECT count(*) FROM event")[0][0])

    def users_with_events(self, least: int) -> int:
        """How many users have at least so many events."""
        sql = "SELECT count(*) FROM (SELECT 1 FROM event GROUP BY user_id HAVING count(*) >= ?)"
        return int(self._rows(sql, (least,))[0][0])

    def events_version(self) -> str:
        """Changes with every event that is added or deleted."""
        count, last = self._rows("SELECT count(*), coalesce(max(seq), 0) FROM event")[0]
        return f"{count}.{last}"

    def rating_scale(self) -> tuple[float, float] | None:
        """Lowest and highest value among ratings, None when there are none."""
        rated = "FROM event WHERE kind = 'rating' AND value IS NOT NULL"
        # Two questions, as SQLite answers either from the end of an index, and both in one by reading every event.
        ((low, high),) = self._rows(f"SELECT (SELECT min(value) {rated}), (SELECT max(value) {rated})")
        return None if low is None else (float(low), float(high))

    # conversations, tastes, impressions

    def add_turn(
        self,
        *,
        user: str,
        conversation: str,
        reply_id: str,
        message: str,
        reply: object,
        impressions: Sequence[Impression] = (),
        replaces_last: bool = False,
    ) -> int:
        """Write a finished turn and its impressions in one transaction; returns the number of the turn, from 1.

        With ``replaces_last``, the conversation's last turn is deleted first. What it showed was shown: its impressions
        stay.
        """
        now = time.time()
        with self._write() as db:
            if replaces_last:
                db.execute(
                    "DELETE FROM turn WHERE user_id = ? AND conversation_id = ? AND turn = "
                    "(SELECT max(turn) FROM turn WHERE user_id = ? AND conversation_id = ?)",
                    (user, conversation, user, conversation),
                )
            (turn,) = db.execute(
                "SELECT coalesce(max(turn), 0) + 1 FROM turn WHERE user_id = ? AND conversation_id = ?",
                (user, conversation),
            ).fetchone()
            db.execute(
                "INSERT INTO turn VALUES (?, ?, ?, ?, ?, ?, ?)",
                (user, conversation, turn, reply_id, now, message, orjson.dumps(reply)),
            )
            db.executemany(
                "INSERT INTO impression VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        reply_id,
                        i.position,
                        user,
                        conversation,
                        i.item_id,
                        i.score,
                        i.propensity,
                        i.ranker,
                        i.model,
                        i.prompt,
                        now,
                    )
                    for i in impressions
                ),
            )
            return int(turn)

    def turns(self, user: str, conversation: str) -> list[tuple[str, Any]]:
        """(message, reply as it was written) of a conversation, oldest first."""
        rows = self._rows(
            "SELECT message, reply FROM turn WHERE user_id = ? AND conversation_id = ? ORDER BY turn",
            (user, conversation),
        )
        return [(row[0], orjson.loads(row[1])) for row in rows]

    def last_turns(self, user: str, conversation: str, n: int) -> list[tuple[int, Any]]:
        """(number, reply as it was written) of the last ``n`` turns of a conversation, oldest first."""
        rows = self._rows(
            "SELECT turn, reply FROM turn WHERE user_id = ? AND conversation_id = ? ORDER BY turn DESC LIMIT ?",
            (user, conversation, n),
        )
        return [(row[0], orjson.loads(row[1])) for row in reversed(rows)]

    def tastes(self, user: str) -> list[tuple[str, float, bytes]]:
        """(entry id, when it was written in Unix seconds, the entry) of what is kept of a user's tastes, oldest first."""
        sql = "SELECT entry_id, created_at, entry FROM taste WHERE user_id = ? ORDER BY created_at, entry_id"
        return self._rows(sql, (user,))

    def change_tastes(
        self, user: str, *, add: Iterable[tuple[str, float, bytes]] = (), remove: Iterable[str] = ()
    ) -> None:
        """Delete entries by id and write others, as ``tastes`` gives them, in one transaction."""
        with self._write() as db:
            db.executemany(
                "DELETE FROM taste WHERE user_id = ? AND entry_id = ?", ((user, entry_id) for entry_id in remove)
            )
            db.executemany(
                "INSERT INTO taste (entry_id, user_id, created_at, entry) VALUES (?, ?, ?, ?)",
                ((entry_id, user, created_at, entry) for entry_id, created_at, entry in add),
            )

    def conversations(self, user: str) -> list[tuple[str, float, float, int, str]]:
        """(id, first and last time in Unix seconds, number of turns, first message) of a user's conversations, the one
        spoken in last first."""
        return self._rows(
            "SELECT conversation_id, min(created_at), max(created_at) AS latest, count(*), "
            "(SELECT message FROM turn AS first WHERE first.user_id = turn.user_id "
            "AND first.conversation_id = turn.conversation_id ORDER BY turn LIMIT 1) "
            "FROM turn WHERE user_id = ? GROUP BY conversation_id ORDER BY latest DESC, conversation_id",
            (user,),
        )

    def delete_conversation(self, user: str, conversation: str) -> int:
        """Erase a conversation with its impressions; returns how many turns went. Afterwards no file holds a byte of it."""
        with self._write() as db:
            db.execute("DELETE FROM impression WHERE user_id = ? AND conversation_id = ?", (user, conversation))
            gone = db.execute(
                "DELETE FROM turn WHERE user_id = ? AND conversation_id = ?", (user, conversation)
            ).rowcount
        self.truncate_log()
        return int(gone)

    # users

    def users(self) -> list[str]:
        """Ids of all users that anything is kept about, sorted."""
        union = " UNION ".join(f"SELECT user_id FROM {table}" for table in USER_TABLES)
        return sorted(row[0] for row in self._rows(union))

    def export_user(self, user: str) -> dict[str, list[dict[str, Any]]]:
        """Everything kept about a user, by table."""
        exported: dict[str, list[dict[str, Any]]] = {}
        with self._lock, self._naming_damage():
            for table in USER_TABLES:
                cursor = self._db.execute(f"SELECT * FROM {table} WHERE user_id = ?", (user,))
                names = [column[0] for column in cursor.description]
                rows = [dict(zip(names, row, strict=True)) for row in cursor]
                for row in rows:
                    row.update({k: orjson.loads(v) for k, v in row.items() if isinstance(v, bytes)})
                exported[table] = rows
        return exported

    def delete_user(self, user: str) -> int:
        """Erase a user; returns how many rows went. Afterwards no file holds a byte of them.

        Raises ``DataError`` when another process keeps reading an old state for so long that the write-ahead log cannot
        be truncated; the rows are deleted then, and calling it again finishes the erasure.
        """
        with self._write() as db:
            before = db.total_changes
            for table in USER_TABLES:
                db.execute(f"DELETE FROM {table} WHERE user_id = ?", (user,))
            gone = db.total_changes - before
        self.truncate_log()
        return gone

    def truncate_log(self) -> None:
        """Move the write-ahead log into the database and empty it."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            busy, _, _ = self._rows("PRAGMA wal_checkpoint(TRUNCATE)")[0]
            if not busy:
                return
            if time.monotonic() > deadline:
                raise DataError(
                    f"The log of {str(self.path)!r} cannot be emptied: another process keeps a transaction open. "
                    "Stop it and run the command again."
                )
            time.sleep(0.05)

    def check(self) -> list[str]:
        """Problems that SQLite finds in its file; empty when it is sound."""
        try:
            found = [row[0] for row in self._rows("PRAGMA integrity_check(20)")]
        except (DamagedError, sqlite3.DatabaseError) as error:
            return [str(error.__cause__ or error)]
        if found != ["ok"]:
            return found
        try:
            self._rows("INSERT INTO item_text(item_text) VALUES ('integrity-check')")
        except (DamagedError, sqlite3.DatabaseError):
            return [TEXT_INDEX_PROBLEM]
        return []
