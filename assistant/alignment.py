"""How well the words of a request are answered, one by one, by words of one sentence of an item.

A mean of word vectors blurs, and matching equal words misses "attorney" for "lawyer". Here each word of the request looks
for its nearest word in each sentence, and rarer words count more: the best sentence decides. This is the late interaction
of ColBERT (Khattab & Zaharia 2020) over vectors of single words, weighted by inverse document frequency.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assistant.records import passages
from assistant.text import words
from assistant.vocabulary import Language
from vectorstore.base import Embedder

if TYPE_CHECKING:
    from assistant.catalogue import Catalogue

STATIC_EMBEDDERS = frozenset({"wordllama", "hashing"})
"""Embedders whose vectors of single words cost next to nothing."""
MAX_WORDS = 60_000
"""Words whose vectors are kept; when there are more, everything kept is forgotten."""


def inverse_frequency(count: int, n_items: int) -> float:
    """``ln(1 + (N - n + 0.5) / (n + 0.5))``, as in BM25."""
    return math.log(1 + (n_items - count + 0.5) / (count + 0.5))


class WordAligner:
    """Aligns requests with items of one catalogue. Keeps the vectors of words it has met; safe from several threads."""

    def __init__(self, catalogue: Catalogue, embedder: Embedder, language: Language) -> None:
        self._catalogue = catalogue
        self.embedder = embedder
        self._dull = language.stopwords | language.item_words
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._index: dict[str, int] = {}
        self._vectors = np.empty((1024, self.embedder.info.dim), dtype=np.float32)  # grows by doubling
        self._sentences: dict[int, tuple[NDArray[np.int32], ...]] = {}

    def scores(
        self, wanted: Sequence[str], weights: NDArray[np.float32], rows: Sequence[int], *, floor: float
    ) -> NDArray[np.float32]:
        """(n_rows,) for each item the largest sum over a sentence of ``weight · similarity`` of its nearest words.

        ``weights`` (n_wanted,). Similarities under ``floor`` count as none.
        """
        with self._lock:
            per_row = self._words_of(rows)
            self._learn(wanted)
            asked = self._vectors[[self._index[word] for word in wanted]]
            vectors = self._vectors
        sentences = [sentence for found in per_row for sentence in found]
        chosen, place = np.unique(np.concatenate(sentences), return_inverse=True)
        similar = vectors[chosen] @ asked.T
        similar = np.where(similar < floor, 0.0, similar) * weights
        starts = np.cumsum([0, *map(len, sentences)])[:-1]
        nearest = np.maximum.reduceat(similar[place], starts, axis=0).sum(axis=1)
        firsts = np.cumsum([0, *map(len, per_row)])[:-1]
        best: NDArray[np.float32] = np.maximum.reduceat(nearest, firsts).astype(np.float32)
        return best

    def _words_of(self, rows: Sequence[int]) -> list[tuple[NDArray[np.int32], ...]]:
        if len(self._index) > MAX_WORDS:
            self._forget()
        read = {row: self._read(row) for row in rows if row not in self._sentences}
        self._learn([word for sentences in read.values() for sentence in sentences for word in sentence])
        for row, sentences in read.items():
            self._sentences[row] = tuple(
                np.array([self._index[word] for word in sentence], dtype=np.int32) for sentence in sentences
            )
        return [self._sentences[row] for row in rows]

    def _read(self, row: int) -> list[list[str]]:
        """The telling words of each sentence; at least one sentence with at least one word."""
        item = self._catalogue.item(row)
        read = [[word for word in words(text) if word not in self._dull] for text in passages(item) or (item.title,)]
        return [sentence for sentence in read if sentence] or [[item.title]]

    def _learn(self, met: Sequence[str]) -> None:
        new = [word for word in dict.fromkeys(met) if word not in self._index]
        if new:
            first = len(self._index)
            if (needed := first + len(new)) > len(self._vectors):
                larger = np.empty((max(needed, 2 * len(self._vectors)), self._vectors.shape[1]), dtype=np.float32)
                larger[:first] = self._vectors[:first]
                self._vectors = larger
            self._vectors[first:needed] = self.embedder.embed(new)
            self._index.update((word, first + number) for number, word in enumerate(new))
