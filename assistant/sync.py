"""Keeps the Chroma index a projection of the store: built from it, checked against it, rebuilt when it is not sound."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.catalogue import Catalogue
from assistant.errors import IndexLockedError
from assistant.store import Store
from vectorstore.errors import StoreDamagedError, StoreLockedError, StoreStaleError, VectorStoreError
from vectorstore.exact import ExactStore
from vectorstore.search import FilteredSearch, SearchSettings

if TYPE_CHECKING:
    from vectorstore.chroma import ChromaStore

FOLDER = "chroma"

_log = logging.getLogger(__name__)


def fingerprint(store: Store) -> str:
    """What an index was built from: another value means that it is stale."""
    return f"{store.catalogue_version()}|{store.meta('embedder') or ''}"


def sync_vectors(store: Store, *, progress: Callable[[str, int, int], None] = lambda *_: None) -> bool:
    """Make the index that of the store's vectors; returns whether it is.

    It is not when another process has it open, which then rebuilds it itself at its next turn, or when it could not be
    built soundly. Vectors are searched exactly meanwhile, and the log says why.
    """
    from vectorstore.chroma import ChromaStore

    folder = store.folder / FOLDER
    version = fingerprint(store)
    try:
        try:
            ChromaStore.open(folder, version).close()
        except (StoreStaleError, StoreDamagedError):
            catalogue = Catalogue.load(store)
            if len(catalogue):
                _build(folder, version, catalogue, lambda done, total: progress("vector index", done, total)).close()
    except VectorStoreError as error:
        _log.warning("vectors are searched exactly until the vector index can be built: %s", error)
        return False
    return True


def _build(
    folder: Path, version: str, catalogue: Catalogue, progress: Callable[[int, int], None] | None
) -> ChromaStore:
    from vectorstore.chroma import ChromaStore

    return ChromaStore.build(folder, version, catalogue.ids, catalogue.vectors, progress)


class VectorIndex:
    """The search of a running assistant: exact at once, through Chroma from when that is open and sound.

    Turns never wait for Chroma: it is opened, and rebuilt where it must be, by a thread in the background.
    """

    def __init__(self, store: Store, catalogue: Catalogue, settings: SearchSettings | None = None) -> None:
        self._store = store
        self._settings = settings or SearchSettings()
        self._catalogue = catalogue
        self._exact = ExactStore.from_arrays(catalogue.ids, catalogue.vectors)
        self._chroma: ChromaStore | None = None
        self._thread: threading.Thread | None = None
        self.search = FilteredSearch(self._exact, settings=self._settings)
        self.state = "exact"
        """``exact``, ``opening``, ``chroma``, or why Chroma is not used."""

    def open_in_background(self) -> None:
        """Begin to open Chroma, if the catalogue is large enough for it to pay. Returns at once; idempotent."""
        if self._thread is not None or len(self._catalogue) <= self._settings.exact_rows:
            return
        self.state = "opening"
        self._thread = threading.Thread(target=self._open, name="open-vector-index", daemon=True)
        self._thread.start()

    def _open(self) -> None:
        from vectorstore.chroma import ChromaStore

        folder = self._store.folder / FOLDER
        version = fingerprint(self._store)
        try:
            try:
                chroma = ChromaStore.open(folder, version)
            except (StoreStaleError, StoreDamagedError) as error:
                _log.warning("rebuilding the vector index: %s", error)
                chroma = _build(folder, version, self._catalogue, None)
        except VectorStoreError as error:
            self.state = f"exact, because {error}"
            _log.warning("vectors are searched exactly: %s", error)
            return
        self._chroma = chroma
        self.search = FilteredSearch(self._exact, chroma, self._settings)
        self.state = "chroma"

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the background work, if any was begun, is done."""
        if self._thread is not None:
            self._thread.join(timeout)

    def close(self) -> None:
        """Wait for the background work and free the index. Idempotent."""
        self.wait()
        if self._chroma is not None:
            self._chroma.close()
            self._chroma = None
            self.search = FilteredSearch(self._exact, settings=self._settings)


def rebuild(store: Store) -> None:
    """Build the index again from the store, whatever is there. Raises ``IndexLockedError`` when it is in use."""
    try:
        _build(store.folder / FOLDER, fingerprint(store), Catalogue.load(store), None).close()
    except StoreLockedError as error:
        raise IndexLockedError(str(error)) from error
