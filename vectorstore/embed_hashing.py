"""A deterministic embedder without a model: feature hashing of words and letter n-grams. For tests and offline trials.

Texts that share words or parts of words are near each other; synonyms are not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from vectorstore.base import EmbedderInfo, Vectors
from vectorstore.text import clean, normalise_rows

_WORD = re.compile(r"\w+")
_VERSION = "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class HashingSettings:
    """Weights of the kinds of features, and limits."""

    dim: int = 256
    word: float = 1.0
    """Weight of a word."""
    pair: float = 0.5
    """Weight of two words in a row."""
    letters: float = 0.25
    """Weight of an n-gram of a word's letters, the word's ends marked."""
    letters_from: int = 3
    letters_to: int = 4
    """Lengths of the letter n-grams, both ends included."""
    max_chars: int = 20_000
    """Longer texts are cut."""


class HashingEmbedder:
    """Signed feature hashing (Weinberger et al. 2009) with BLAKE2b; the same on every machine and in every process."""

    def __init__(self, settings: HashingSettings | None = None) -> None:
        self._settings = settings or HashingSettings()
        if self._settings.dim < 2:
            raise ValueError(f"dim is {self._settings.dim!r}; it must be at least 2")

    @property
    def info(self) -> EmbedderInfo:
        settings = self._settings
        digest = blake2b(repr(settings).encode(), digest_size=4).hexdigest()
        return EmbedderInfo(name=f"hashing:{settings.dim}", dim=settings.dim, version=f"{_VERSION}-{digest}")

    def embed(self, texts: Sequence[str]) -> Vectors:
        matrix = np.zeros((len(texts), self._settings.dim), dtype=np.float32)
        for row, text in enumerate(clean(texts, max_chars=self._settings.max_chars)):
            for feature, weight in self._features(text):
                place, sign = _hashed(feature)
                matrix[row, place % self._settings.dim] += sign * weight
        return normalise_rows(matrix)

    def _features(self, text: str) -> Iterator[tuple[str, float]]:
        settings = self._settings
        before = ""
        for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
            yield f"w:{word}", settings.word
            if before:
                yield f"p:{before} {word}", settings.pair
            before = word
            marked = f"<{word}>"
            for length in range(settings.letters_from, settings.letters_to + 1):
                for start in range(len(marked) - length + 1):
                    yield f"l:{marked[start : start + length]}", settings.letters


@lru_cache(maxsize=65_536)
def _hashed(feature: str) -> tuple[int, float]:
    """(place, sign) of a feature."""
    number = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest(), "little")
    return number >> 1, 1.0 if number & 1 else -1.0
