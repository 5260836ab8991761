"""The truth: one SQLite file with items, vectors, events, tastes, conversations and impressions.

``Store`` is an open data folder. Conversations and tastes are tables of their own classes, which share its connection.
"""

from __future__ import annotations

from assistant.store.conversations import Impression
from assistant.store.database import FILE_NAME, SCHEMA_VERSION
from assistant.store.store import TEXT_INDEX_PROBLEM, Store, StoredItem, quoted

__all__ = ["FILE_NAME", "SCHEMA_VERSION", "TEXT_INDEX_PROBLEM", "Impression", "Store", "StoredItem", "quoted"]
