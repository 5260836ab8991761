"""Approximate nearest neighbours in an embedded Chroma: one process, one folder, always with vectors given.

The index is a projection of vectors that are stored elsewhere. It is never migrated and never repaired: what is stale or
damaged is built again into a new folder, which then takes the place of the old one. That is also the only way to erase
a vector from the files: Chroma's own delete leaves it there. Vectors of users do not belong here.
"""

from __future__ import annotations

import atexit
import importlib.metadata
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from vectorstore import chroma_folder
from vectorstore.base import Vectors
from vectorstore.chroma_folder import Generation, Manifest
from vectorstore.chroma_probe import ProbeReport, changed_files, probe, probe_generation
from vectorstore.chroma_verify import as_rows, chroma_errors, verify_collection
from vectorstore.errors import StoreDamagedError, StoreStaleError
from vectorstore.exact import unique_rows

COLLECTION = "items"

Progress = Callable[[int, int], None]
"""Called with (vectors added, vectors in all)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChromaSettings:
    """The index (HNSW, Malkov & Yashunin 2016). Changing one makes what was built stale.

    Measured on 32,560 x 256 WordLlama vectors of films, 2 cores: a recall@100 of 0.98; with the library's defaults (16
    neighbours, search width 100) it was 0.82.
    """

    max_neighbors: int = 64
    """Links of a node ("M"): memory and recall grow with it. With 32, up to 5 in 100 of vectors that are all much alike
    (400 texts that differ in a number) could not be reached; with 64, none."""
    ef_construction: int = 100
    """Width of the search while building; 200 doubled the time and gained 0.002."""
    ef_search: int = 256
    """Width of the search; at least the k that is asked for."""
    sync_threshold: int = 1_000
    """Vectors between two writes of the graph; what is not written yet is added again at every open."""
    batch: int = 5_000
    """Vectors in one call. Chroma takes at most 5,461."""
    verify_sample: int = 64
    """Vectors that must find themselves after a build."""
    open_sample: int = 32
    """The same when it is opened."""
    probe_timeout: float = 120.0
    """Seconds a child process may take to open an index that was not closed; it takes 2 on an idle machine, but a busy
    one must not be taken for a damaged index."""

    def index(self) -> dict[str, str | int]:
        """What Chroma is told."""
        return {
            "space": "ip",
            "max_neighbors": self.max_neighbors,
            "ef_construction": self.ef_construction,
            "ef_search": self.ef_search,
            "sync_threshold": self.sync_threshold,
        }


@dataclass(kw_only=True, slots=True)
class _Client:
    """The one client of this process for a generation."""

    client: Any
    collection: Any
    generation: Generation
    pid: int
    users: int = 0
    size: int | None = None
    """Vectors in it, None until they are counted: counting takes longer than a search."""


_guard = threading.RLock()
_clients: dict[Path, _Client] = {}
_building: set[Path] = set()
_atexit_registered = False


class ChromaStore:
    """A ``VectorStore`` on disk. Made by ``open`` or ``build``; stores of one folder share one client.

    ``search`` may be called from several threads.
    """

    def __init__(self, folder: Path, shared: _Client, manifest: Manifest, settings: ChromaSettings) -> None:
        self._folder = folder
        self._shared = shared
        self._manifest = manifest
        self._settings = settings
        self._closed = False

    @classmethod
    def open(cls, folder: Path | str, fingerprint: str, settings: ChromaSettings | None = None) -> Self:
        """The index in ``folder``, if it was built from ``fingerprint``.

        An index whose process died is first opened in a child process. Raises ``StoreStaleError`` (nothing built, or
        from another fingerprint, version of chromadb, or settings), ``StoreDamagedError``, ``StoreLockedError``.
        """
        settings = settings or ChromaSettings()
        folder = Path(folder).resolve()
        if not (folder / "CURRENT").exists():
            raise StoreStaleError(f"There is no vector index in {str(folder)!r} yet. Build it.")
        chroma_folder.hold(folder)
        try:
            with _guard:
                generation = chroma_folder.current(folder)
                manifest = generation.manifest()
                manifest.require(fingerprint=fingerprint, settings=repr(settings.index()), where=generation.path)
                shared = _share(generation, settings)
            return cls(folder, shared, manifest, settings)
        except BaseException:
            chroma_folder.release(folder)
            raise

    @classmethod
    def build(
        cls,
        folder: Path | str,
        fingerprint: str,
        ids: Sequence[str],
        vectors: Vectors,
        progress: Progress | None = None,
        settings: ChromaSettings | None = None,
    ) -> Self:
        """Build the index of ``vectors`` (n, dim) under ``ids`` beside the old one, check it, let it take its place.

        Until then the old one serves; stores of this process that have it open keep it until they are closed. Raises
        ``ValueError`` for shapes that do not fit, a repeated id or values that are not finite, ``StoreLockedError``,
        and ``StoreDamagedError`` when the new index does not find what was put in.
        """
        settings = settings or ChromaSettings()
        folder = Path(folder).resolve()
        if vectors.ndim != 2 or len(unique_rows(ids, vectors, dim=vectors.shape[1])) != len(ids):
            raise ValueError("ids occur twice; every id must be unique")
        with chroma_folder.holding(folder):
            _remove_unused(folder)
            generation = chroma_folder.new_generation(folder)
            _building.add(generation.path)
            try:
                _fill(generation, ids, vectors, progress, settings)
                generation.write_manifest(
                    Manifest(
                        fingerprint=fingerprint,
                        chromadb=importlib.metadata.version("chromadb"),
                        settings=repr(settings.index()),
                        dim=vectors.shape[1],
                        count=len(ids),
                    )
                )
                generation.flush()
                generation.mark_closed(len(ids))
                chroma_folder.serve(folder, generation)
            finally:
                _building.discard(generation.path)
                _remove_unused(folder)
            return cls.open(folder, fingerprint, settings)

    @property
    def dim(self) -> int:
        return self._manifest.dim

    @property
    def fingerprint(self) -> str:
        """What the caller said it was built from."""
        return self._manifest.fingerprint

    def count(self) -> int:
        return int(self._collection.count())

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """After much of it, build again: Chroma loses records in long-changed indexes.

        Raises ``ValueError`` for vectors of another shape or with values that are not finite.
        """
        latest = unique_rows(ids, vectors, dim=self.dim)
        names, rows = list(latest), list(latest.values())
        collection = self._collection
        with chroma_errors(self._folder):
            for start in range(0, len(names), self._settings.batch):
                end = start + self._settings.batch
                collection.upsert(ids=names[start:end], embeddings=as_rows(vectors[rows[start:end]]))
                self._shared.size = None

    def delete(self, ids: Sequence[str]) -> None:
        """They are no longer found, but stay in the files until the next ``build``."""
        names = list(dict.fromkeys(ids))
        collection = self._collection
        with chroma_errors(self._folder):
            for start in range(0, len(names), self._settings.batch):
                collection.delete(ids=names[start : start + self._settings.batch])
                self._shared.size = None

    def search(self, query: Vectors, k: int) -> list[tuple[str, float]]:
        """Approximate: some of the true ``k`` may be missing. Raises ``ValueError`` for a query that is not (dim,)."""
        if query.shape != (self.dim,):
            raise ValueError(f"a query has the shape {query.shape}; vectors here are ({self.dim},)")
        collection = self._collection
        with chroma_errors(self._folder):
            if self._shared.size is None:
                self._shared.size = int(collection.count())
            if (k := min(k, self._shared.size)) < 1:
                return []
            found = collection.query(query_embeddings=as_rows(query[None]), n_results=k, include=["distances"])
        # Chroma's inner-product distance is 1 - inner product.
        return [
            (item_id, 1.0 - float(distance))
            for item_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]

    def verify(self, sample: int | None = None) -> int:
        """Let ``sample`` vectors find themselves; returns how many were asked. Raises ``StoreDamagedError``."""
        return verify_collection(self._collection, sample or self._settings.verify_sample)

    def close(self) -> None:
        with _guard:
            if self._closed:
                return
            self._closed = True
            try:
                _unshare(self._shared)
            finally:
                chroma_folder.release(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _collection(self) -> Any:
        if self._closed:
            raise RuntimeError("this store is closed; open it again")
        return self._shared.collection


def _fill(
    generation: Generation, ids: Sequence[str], vectors: Vectors, progress: Progress | None, settings: ChromaSettings
) -> None:
    """Put ``vectors`` into a new collection, check it, close it."""
    client, collection = open_collection(generation.chroma, create=settings)
    try:
        for start in range(0, len(ids), settings.batch):
            end = min(start + settings.batch, len(ids))
            with chroma_errors(generation.path):
                collection.add(ids=list(ids[start:end]), embeddings=as_rows(vectors[start:end]))
            if progress is not None:
                progress(end, len(ids))
        with chroma_errors(generation.path):
            count = collection.count()
        if count != len(ids):
            raise StoreDamagedError(f"The new vector index holds {count:,} of {len(ids):,} vectors. Build it again.")
        verify_collection(collection, settings.verify_sample)
    finally:
        client.close()


def open_collection(chroma: Path, *, create: ChromaSettings | None = None) -> tuple[Any, Any]:
    """(client, collection) of Chroma's own folder, or a new collection there; nothing is sent anywhere."""
    with chroma_errors(chroma):
        import chromadb
        from chromadb.config import Settings

        client = chromadb.PersistentClient(
            str(chroma),
            # Given here, these cannot be changed by an environment variable or a .env file that happens to be there.
            settings=Settings(
                anonymized_telemetry=False,
                chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
                chroma_otel_collection_endpoint="",
                allow_reset=False,
                migrations="apply",
            ),
        )
        if create is None:
            return client, client.get_collection(COLLECTION, embedding_function=None)
        return client, client.create_collection(
            COLLECTION, embedding_function=None, configuration={"hnsw": create.index()}
        )


def verify_open(generation: Generation, sample: int) -> tuple[int, int] | None:
    """(count, checked) of a generation that this process has open, None when it has not. Raises ``StoreDamagedError``."""
    with _guard:
        shared = _clients.get(generation.path)
    if shared is None:
        return None
    return int(shared.collection.count()), verify_collection(shared.collection, sample)


def _share(generation: Generation, settings: ChromaSettings) -> _Client:
    """The client of ``generation``, opened if this process has not."""
    global _atexit_registered
    with _guard:
        shared = _clients.get(generation.path)
        if shared is None:
            _require_sound(generation, settings)
            clean = generation.mark_open()
            client, collection = open_collection(generation.chroma)
            try:
                with chroma_errors(generation.path):
                    count = collection.count()
                if clean is not None and count != clean.count:
                    raise StoreDamagedError(
                        f"The vector index in {str(generation.path)!r} holds {count:,} vectors and held {clean.count:,} "
                        "when it was closed. Build it again."
                    )
                verify_collection(collection, settings.open_sample)
            except StoreDamagedError:
                client.close()
                raise
            shared = _Client(client=client, collection=collection, generation=generation, pid=os.getpid())
            _clients[generation.path] = shared
            if not _atexit_registered:
                _atexit_registered = True
                atexit.register(_close_all)
        shared.users += 1
        return shared


def _require_sound(generation: Generation, settings: ChromaSettings) -> None:
    """Raises ``StoreDamagedError`` for an index that must not be opened in this process."""
    clean = generation.closed()
    if clean is not None:
        if (sizes := generation.sizes()) != clean.sizes:
            raise StoreDamagedError(
                f"The vector index in {str(generation.path)!r} is damaged: {changed_files(clean.sizes, sizes)}. "
                "Build it again."
            )
        return
    report = probe_generation(generation, timeout=settings.probe_timeout, sample=settings.verify_sample)
    if not report.ok:
        raise StoreDamagedError(
            f"The vector index in {str(generation.path)!r} was not closed and is damaged: {report.reason}. "
            "Build it again."
        )


def _unshare(shared: _Client) -> None:
    with _guard:
        shared.users -= 1
        if shared.users == 0:
            _close(shared)


def _close(shared: _Client) -> None:
    """Close the client; what it held is then as clean as it can be, and if it was replaced, it goes."""
    generation = shared.generation
    del _clients[generation.path]
    if shared.pid != os.getpid():
        return  # forked from the process that has it open, which goes on serving it
    with chroma_errors(generation.path):
        count = int(shared.collection.count())
        shared.client.close()
    with suppress(FileNotFoundError):  # somebody removed the folder while it was open
        generation.mark_closed(count)
    _remove_unused(generation.path.parent)


def _close_all() -> None:
    """At exit: whoever forgets to close should not make the next start probe."""
    with _guard:
        for shared in list(_clients.values()):
            with suppress(StoreDamagedError):  # it stays marked as open, so the next start probes it
                _close(shared)


def _remove_unused(folder: Path) -> None:
    """Remove the generations that neither serve nor are open."""
    with _guard:
        keep = {shared.generation.path for shared in _clients.values()} | _building
        with suppress(StoreStaleError, StoreDamagedError):  # nothing serves, so only what is open stays
            keep.add(chroma_folder.current(folder).path)
        chroma_folder.remove_others(folder, keep)


__all__ = ["ChromaSettings", "ChromaStore", "ProbeReport", "Progress", "probe"]
