"""Vectors of items: what makes them, what keeps them, what finds the nearest.

Importing it loads numpy and nothing heavier: chromadb, tokenizers and the like are imported on first use.
"""

from vectorstore.base import Embedder, EmbedderInfo, Vectors, VectorStore
from vectorstore.embedders import make_embedder
from vectorstore.errors import (
    EmbedderError,
    MissingExtraError,
    StoreDamagedError,
    StoreLockedError,
    StoreStaleError,
    UnknownEmbedderError,
    VectorStoreError,
)
from vectorstore.exact import ExactStore, Hits
from vectorstore.search import FilteredSearch, SearchSettings

__all__ = [
    "Embedder",
    "EmbedderError",
    "EmbedderInfo",
    "ExactStore",
    "FilteredSearch",
    "Hits",
    "MissingExtraError",
    "SearchSettings",
    "StoreDamagedError",
    "StoreLockedError",
    "StoreStaleError",
    "UnknownEmbedderError",
    "VectorStore",
    "VectorStoreError",
    "Vectors",
    "make_embedder",
]
