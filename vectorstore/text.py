"""What every embedder does to a text before it reads it, and to a vector after it made it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vectorstore.base import Vectors


def clean(texts: Sequence[str], *, max_chars: int) -> list[str]:
    """Texts that any tokenizer accepts: cut to ``max_chars``, blank ones empty, lone surrogates replaced by ``?``.

    Raises ``TypeError`` for a bare string, which would otherwise be embedded letter by letter.
    """
    if isinstance(texts, str):
        raise TypeError("texts is a string; give a sequence of strings, such as [text]")
    cleaned = []
    for text in texts:
        text = text[:max_chars]
        # A lone surrogate has no UTF-8 form, and tokenizers take UTF-8.
        cleaned.append("" if not text or text.isspace() else text.encode("utf-8", "replace").decode("utf-8"))
    return cleaned


def normalise_rows(matrix: Vectors) -> Vectors:
    """L2-normalise each row of (n, dim) float32 in place; zero rows stay zero, rows with a non-finite value become so.

    Returns ``matrix``.
    """
    matrix[~np.isfinite(matrix).all(axis=1)] = 0.0
    norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))[:, None]
    np.divide(matrix, norms, out=matrix, where=norms > 0, casting="same_kind")
    return matrix
