"""Conversations: their turns, and which items each turn showed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from assistant.store.database import Database


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


class Conversations:
    """The tables ``turn`` and ``impression``."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        with self._database.write() as db:
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
        rows = self._database.rows(
            "SELECT message, reply FROM turn WHERE user_id = ? AND conversation_id = ? ORDER BY turn",
            (user, conversation),
        )
        return [(row[0], orjson.loads(row[1])) for row in rows]

    def last_turns(self, user: str, conversation: str, n: int) -> list[tuple[int, Any]]:
        """(number, reply as it was written) of the last ``n`` turns of a conversation, oldest first."""
        rows = self._database.rows(
            "SELECT turn, reply FROM turn WHERE user_id = ? AND conversation_id = ? ORDER BY turn DESC LIMIT ?",
            (user, conversation, n),
        )
        return [(row[0], orjson.loads(row[1])) for row in reversed(rows)]

    def of(self, user: str) -> list[tuple[str, float, float, int, str]]:
        """(id, first and last time in Unix seconds, number of turns, first message) of a user's conversations, the one
        spoken in last first."""
        return self._database.rows(
            "SELECT conversation_id, min(created_at), max(created_at) AS latest, count(*), "
            "(SELECT message FROM turn AS first WHERE first.user_id = turn.user_id "
            "AND first.conversation_id = turn.conversation_id ORDER BY turn LIMIT 1) "
            "FROM turn WHERE user_id = ? GROUP BY conversation_id ORDER BY latest DESC, conversation_id",
            (user,),
        )

    def delete(self, user: str, conversation: str) -> int:
        """Erase a conversation with its impressions; returns how many turns went. Afterwards no file holds a byte of it."""
        with self._database.write() as db:
            db.execute("DELETE FROM impression WHERE user_id = ? AND conversation_id = ?", (user, conversation))
            gone = db.execute(
                "DELETE FROM turn WHERE user_id = ? AND conversation_id = ?", (user, conversation)
            ).rowcount
        self._database.truncate_log()
        return int(gone)
