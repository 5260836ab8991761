"""The errors this package raises.

::

    VectorStoreError
    ├── StoreStaleError       nothing was built yet, or it was built from something else: build it again
    ├── StoreDamagedError     what lies in the folder cannot be trusted: build it again
    ├── StoreLockedError      another process has the folder open; carries its pid
    ├── EmbedderError         an embedder failed; carries retryable and status
    ├── MissingExtraError     an optional dependency is not installed; carries the extra
    └── UnknownEmbedderError  no embedder goes by that setting

Every message says what happened, why, and what to do next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class VectorStoreError(Exception):
    """Base of every error of this package."""


class StoreStaleError(VectorStoreError):
    """The folder holds no store, or one that was built from other vectors or by another version."""


class StoreDamagedError(VectorStoreError):
    """The folder holds a store that cannot be opened or does not find what it holds."""


class StoreLockedError(VectorStoreError):
    """Another process has the folder open. ``pid`` is None when it is not known."""

    def __init__(self, message: str, *, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


class EmbedderError(VectorStoreError):
    """An embedder failed. ``retryable``: the same call may succeed later; ``status``: the HTTP status, if any."""

    def __init__(self, message: str, *, retryable: bool = False, status: int | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.status = status


class MissingExtraError(VectorStoreError):
    """An optional dependency is needed; the message names the extra to install."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs an optional dependency that is not installed. Install it with: "
            f"pip install 'recommender-assistant[{extra}]'"
        )
        self.extra = extra


class UnknownEmbedderError(VectorStoreError):
    """No embedder goes by that setting; the message suggests the closest that does."""

    def __init__(self, setting: str, name: str, known: Iterable[str], *, forms: str) -> None:
        close = difflib.get_close_matches(name.casefold(), list(known), n=1, cutoff=0.5)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        super().__init__(f"Embedder {setting!r} is not known.{hint} It is one of: {forms}.")
        self.setting = setting
