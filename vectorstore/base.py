"""The two seams of this package: what turns text into vectors, and what finds the nearest of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbedderInfo:
    """What a stored vector came from. Vectors of different infos must never be compared."""

    name: str
    """The setting that selects it: ``wordllama``, ``onnx:DIR``, ``openai:text-embedding-3-small``."""
    dim: int
    version: str
    """Changes whenever the same text would get another vector (package version, digest of the weights)."""


class Embedder(Protocol):
    """Turns text into vectors."""

    @property
    def info(self) -> EmbedderInfo: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n_texts, dim) float32, rows L2-normalised; the row of a text without any known token is all zeros.

        The vector of a text does not depend on the texts beside it.
        """
        ...


class VectorStore(Protocol):
    """Nearest neighbours by inner product over L2-normalised vectors."""

    @property
    def dim(self) -> int: ...

    def count(self) -> int:
        """How many vectors it holds."""
        ...

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Add vectors (n, dim) under their ids, replacing those that are there."""
        ...

    def delete(self, ids: Sequence[str]) -> None:
        """Remove ids; unknown ones are ignored."""
        ...

    def search(self, query: Vectors, k: int) -> list[tuple[str, float]]:
        """The (id, inner product) of the ``k`` nearest to ``query`` (dim,), nearest first; fewer when it holds fewer."""
        ...

    def close(self) -> None:
        """Free it. Idempotent."""
        ...
