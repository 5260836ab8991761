"""Erasing a user from everything that is kept."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.catalogue import Catalogue
from assistant.fitting import Report, current_model, fit, forget_models
from assistant.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """What erasing a user did."""

    rows: int
    """Rows of the database that went."""
    refitted: str | None
    """Version of the ranking model that was fitted without the user; None when there had been none."""


def erase_user(store: Store, user: str, *, report: Report | None = None) -> Erasure:
    """Erase a user's events, tastes, conversations and impressions, and the ranking models that learned from them.

    Where a model was in service, another one is fitted on the events that remain. Raises ``DataError`` when the log
    cannot be emptied because another process keeps reading.
    """
    rows = store.delete_user(user)
    if not rows or current_model(store.folder) is None:
        return Erasure(rows=rows, refitted=None)
    forget_models(store.folder)
    fitted = fit(store, Catalogue.load(store), report=report)
    return Erasure(rows=rows, refitted=fitted.version)
