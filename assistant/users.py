"""Erasing a user from everything that is kept."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.fitting import forget_models, versions
from assistant.scoring.likelihood_cache import FILE_NAME, forget_likelihoods
from assistant.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """What erasing a user did."""

    rows: int
    """Rows of the database that went."""
    models_removed: bool
    """Whether fitted ranking models were removed, as they learned from the user too."""


def erase_user(store: Store, user: str) -> Erasure:
    """Erase a user's events, tastes, conversations and impressions, and the ranking models that learned from them.

    Calling it again finishes an erasure that was interrupted. Raises ``DataError`` when the log cannot be emptied because
    another process keeps reading.
    """
    known = user in store.users()
    forget_likelihoods(store.folder / FILE_NAME)  # digests of profiles are in it
    fitted = known and bool(versions(store.folder))
    if known:
        forget_models(store.folder)  # before the rows, so that an interrupted erasure can be seen and run again
    return Erasure(rows=store.delete_user(user), models_removed=fitted)
