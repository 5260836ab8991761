"""What users said of themselves, as it is kept: an entry is bytes, which ``assistant.tastes`` reads and writes."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.store.database import Database


class Tastes:
    """The table ``taste``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, user: str) -> list[tuple[str, float, bytes]]:
        """(entry id, when it was written in Unix seconds, the entry) of what is kept of a user's tastes, oldest first."""
        sql = "SELECT entry_id, created_at, entry FROM taste WHERE user_id = ? ORDER BY created_at, entry_id"
        return self._database.rows(sql, (user,))

    def change(self, user: str, *, add: Iterable[tuple[str, float, bytes]] = (), remove: Iterable[str] = ()) -> None:
        """Delete entries by id and write others, as ``of`` gives them, in one transaction."""
        with self._database.write() as db:
            db.executemany(
                "DELETE FROM taste WHERE user_id = ? AND entry_id = ?", ((user, entry_id) for entry_id in remove)
            )
            db.executemany(
                "INSERT INTO taste (entry_id, user_id, created_at, entry) VALUES (?, ?, ?, ?)",
                ((entry_id, user, created_at, entry) for entry_id, created_at, entry in add),
            )
