"""The SQLite file of a data folder: how it is opened, migrated, read and written.

Write-ahead log, ``synchronous=FULL``: what was written in a transaction that ended survives ``kill -9``.
``secure_delete`` and a truncated log make what is deleted unreadable in every file. Several processes may have it open;
each write is one short transaction. The schema is versioned and only migrates forward.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.errors import DamagedError, DataError, NotIndexedError, SchemaVersionError

FILE_NAME = "assistant.sqlite3"
BUSY_SECONDS = 30.0
"""How long a write waits for another process's transaction."""

TEXT_INDEX = (
    "CREATE VIRTUAL TABLE item_text USING fts5("
    "title, people, labels, body, tokenize = 'porter unicode61 remove_diacritics 2')"
)
_MIGRATIONS = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE item (
        row INTEGER PRIMARY KEY, item_id TEXT NOT NULL UNIQUE, content_hash TEXT NOT NULL, text_hash TEXT NOT NULL,
        record BLOB NOT NULL);
    """
    + TEXT_INDEX
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
SCHEMA_VERSION = len(_MIGRATIONS)


class Database:
    """The connection that every table's class shares. Safe to share between threads."""

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
            self._connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA secure_delete = ON")
            self._connection.execute("PRAGMA temp_store = MEMORY")
            self._migrate()
        except DamagedError:
            self._connection.close()
            raise
        except sqlite3.DatabaseError as error:
            if type(error) is sqlite3.DatabaseError:
                self._connection.close()
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
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise SchemaVersionError(
                f"{str(self.path)!r} has schema {version}, and this version knows {SCHEMA_VERSION} at most. "
                "Upgrade with: pip install --upgrade recommender-assistant"
            )
        if version == SCHEMA_VERSION:
            return
        with self.write() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()  # another process may have been faster
            for step in range(version, SCHEMA_VERSION):
                for statement in _MIGRATIONS[step].split(";\n"):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def close(self) -> None:
        """Idempotent."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction."""
        with self._lock, self._naming_damage():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """All rows of a question, as tuples."""
        with self._lock, self._naming_damage():
            return self._connection.execute(sql, parameters).fetchall()

    def named_rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """All rows of a question, each by the names of its columns."""
        with self._lock, self._naming_damage():
            cursor = self._connection.execute(sql, parameters)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    @contextmanager
    def _naming_damage(self) -> Iterator[None]:
        """A damaged file is a ``DamagedError``, which says where it is."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if type(error) is sqlite3.DatabaseError:  # its subclasses speak of the statement, or of locks
                raise self._damaged(error) from error
            raise

    def truncate_log(self) -> None:
        """Move the write-ahead log into the database and empty it."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            busy, _, _ = self.rows("PRAGMA wal_checkpoint(TRUNCATE)")[0]
            if not busy:
                return
            if time.monotonic() > deadline:
                raise DataError(
                    f"The log of {str(self.path)!r} cannot be emptied: another process keeps a transaction open. "
                    "Stop it and run the command again."
                )
            time.sleep(0.05)
