"""Which deliveries of Slack were answered already, in a small database of their own.

It holds digests of ids, and times: nothing that tells who said or clicked something.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

FILE_NAME = "slack.sqlite3"
KEPT_SECONDS = 3_600.0
"""How long an id is kept. Slack delivers an event again for up to an hour when it was not acknowledged."""
SWEEP_SECONDS = 60.0
"""Ids that are older are deleted at most this often."""


class Seen:
    """Claims ids, each once. What was claimed stays claimed after a restart; safe for threads and several processes."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        """``clock`` gives Unix seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._db = sqlite3.connect(folder / FILE_NAME, timeout=10, isolation_level=None, check_same_thread=False)
        with self._lock:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("CREATE TABLE IF NOT EXISTS seen (id BLOB PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID")
        self._swept = 0.0

    def claim(self, *ids: str) -> bool:
        """Whether none of these ids was claimed before; they all are from now on, durably."""
        now = self._clock()
        digests = {hashlib.sha256(one.encode()).digest() for one in ids}
        with self._lock, closing(self._db.cursor()) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                if now - self._swept >= SWEEP_SECONDS:
                    cursor.execute("DELETE FROM seen WHERE at < ?", (now - KEPT_SECONDS,))
                    self._swept = now
                new = 0
                for one in digests:
                    new += cursor.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (one, now)).rowcount
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")
        return new == len(digests)

    def close(self) -> None:
        """Free the file. Idempotent."""
        with self._lock:
            self._db.close()
