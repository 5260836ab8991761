"""Static embeddings: the mean of one vector per token (WordLlama, weights in the package). The default embedder.

The weights and the tokenizer are read straight from the installed package ``wordllama`` instead of through its loader:
the loader looks for the tokenizer in a folder that does not exist and then asks the network, importing the package
reconfigures logging, and its batches are padded to their longest text, which costs memory for nothing. The vectors are
the same; a test compares them.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vectorstore.base import EmbedderInfo, Vectors
from vectorstore.errors import EmbedderError
from vectorstore.text import clean, normalise_rows

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_WEIGHTS = Path("weights/l2_supercat_256.safetensors")
_TOKENIZER = Path("tokenizers/l2_supercat_tokenizer_config.json")
_TENSOR = "embedding.weight"
_DIM = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class WordLlamaSettings:
    """Limits."""

    max_chars: int = 20_000
    """Longer texts are cut: a mean over more than some thousands of tokens says little of any of them."""
    batch: int = 256
    """Texts tokenized at a time; memory grows with it, speed no more."""


class WordLlamaEmbedder:
    """Loaded on first use; safe from several threads. Never touches the network."""

    def __init__(self, settings: WordLlamaSettings | None = None) -> None:
        self._settings = settings or WordLlamaSettings()
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, Vectors] | None = None

    @cached_property
    def info(self) -> EmbedderInfo:
        """Raises ``EmbedderError`` when the package or a file of it is missing."""
        digest = sha256()
        for file in self._files:
            digest.update(file.read_bytes())
        digest.update(str(self._settings.max_chars).encode())
        version = importlib.metadata.version("wordllama")
        return EmbedderInfo(name="wordllama", dim=_DIM, version=f"{version}-{digest.hexdigest()[:12]}")

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Raises ``EmbedderError`` when the package or a file of it is missing."""
        tokenizer, table = self._load()
        cleaned = clean(texts, max_chars=self._settings.max_chars)
        matrix = np.zeros((len(cleaned), _DIM), dtype=np.float32)
        for start in range(0, len(cleaned), self._settings.batch):
            batch = cleaned[start : start + self._settings.batch]
            for row, encoding in enumerate(tokenizer.encode_batch_fast(batch, add_special_tokens=False), start):
                if encoding.ids:
                    matrix[row] = table[encoding.ids].mean(axis=0)
        return normalise_rows(matrix)

    @cached_property
    def _files(self) -> tuple[Path, Path]:
        """(weights, tokenizer), found without importing the package."""
        spec = importlib.util.find_spec("wordllama")
        if spec is None or not spec.submodule_search_locations:
            raise EmbedderError("The package 'wordllama' is not installed. Install it with: pip install wordllama")
        root = Path(spec.submodule_search_locations[0])
        files = (root / _WEIGHTS, root / _TOKENIZER)
        for file in files:
            if not file.is_file():
                raise EmbedderError(
                    f"The installed package 'wordllama' has no {file.relative_to(root).as_posix()!r}: its version is "
                    "not one this embedder knows, or it is damaged. Reinstall it: pip install 'wordllama>=0.4,<0.5'"
                )
        return files

    def _load(self) -> tuple[Tokenizer, Vectors]:
        with self._lock:
            if self._loaded is None:
                from safetensors import SafetensorError, safe_open
                from tokenizers import Tokenizer

                weights, tokenizer_file = self._files
                try:
                    tokenizer = Tokenizer.from_file(str(tokenizer_file))
                    with safe_open(str(weights), framework="np") as tensors:
                        table: Vectors = tensors.get_tensor(_TENSOR).astype(np.float32)
                except (SafetensorError, OSError) as error:
                    raise EmbedderError(
                        f"The weights of 'wordllama' cannot be read ({error}). Reinstall the package: "
                        "pip install --force-reinstall 'wordllama>=0.4,<0.5'"
                    ) from error
                tokenizer.no_padding()
                tokenizer.no_truncation()
                self._loaded = (tokenizer, table)
            return self._loaded
