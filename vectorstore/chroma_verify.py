"""What Chroma takes, raises, and must be able to find."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from vectorstore.base import Vectors
from vectorstore.errors import StoreDamagedError, StoreStaleError

LOST_SHARE = 0.05
"""A sound graph may have a node that no path leads to (2 of 32,560 films); a damaged one loses far
more."""


def verify_collection(collection: Any, sample: int) -> int:
    """Ask for ``sample`` of its vectors: each must find its own id, or an equal vector, first.

    Returns how many were asked; vectors of zeros are near nothing and are not. Raises ``StoreDamagedError`` when more
    than ``LOST_SHARE`` of them are lost.
    """
    with chroma_errors(None):
        count = collection.count()
        # Seeded by the count: the same index is asked the same, and a failure can be seen again.
        places = random.Random(count).sample(range(count), min(sample, count))
        lost = []
        checked = 0
        for place in places:
            record = collection.get(limit=1, offset=place, include=["embeddings"])
            if not record["ids"]:
                raise StoreDamagedError(
                    f"The vector index says it holds {count:,} vectors, but number {place} is not there."
                )
            vector = np.asarray(record["embeddings"][0], dtype=np.float32)
            if not vector.any():
                continue
            checked += 1
            best = collection.query(query_embeddings=as_rows(vector[None]), n_results=1, include=["distances"])
            # Rows are L2-normalised: nothing is nearer than an equal vector.
            equal = bool(best["ids"][0]) and best["distances"][0][0] <= 1.0 - float(vector @ vector) + 1e-4
            if best["ids"][0] != record["ids"] and not equal:
                lost.append(record["ids"][0])
    if len(lost) > LOST_SHARE * checked:
        raise StoreDamagedError(
            f"The vector index does not find {len(lost)} of {checked} vectors that it holds, such as that of {lost[0]!r}. "
            "Build it again."
        )
    return checked


def as_rows(vectors: Vectors) -> list[Vectors]:
    """As Chroma takes them: float32 rows."""
    return list(np.ascontiguousarray(vectors, dtype=np.float32))


@contextmanager
def chroma_errors(where: Path | None) -> Iterator[None]:
    """Turn whatever Chroma raises on an index that it cannot use into ``StoreDamagedError``."""
    try:
        yield
    except (StoreDamagedError, StoreStaleError):
        raise
    except BaseException as error:
        # A boundary to native code: it raises ChromaError, ValueError, RuntimeError, KeyError and more without a common
        # base, and a panic of it is a BaseException that cannot be imported, only named.
        module = type(error).__module__
        native = type(error).__name__ == "PanicException" or module.startswith(("chromadb", "pyo3"))
        if not native and not isinstance(error, (RuntimeError, ValueError, KeyError, AttributeError, TypeError)):
            raise
        place = f" in {str(where)!r}" if where is not None else ""
        raise StoreDamagedError(f"Chroma cannot use the vector index{place} ({error}). Build it again.") from error
