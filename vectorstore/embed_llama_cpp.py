"""Embeddings from a GGUF file, in this process, by llama-cpp-python."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from vectorstore.base import EmbedderInfo, Vectors
from vectorstore.errors import EmbedderError, MissingExtraError
from vectorstore.text import clean, normalise_rows


@dataclass(frozen=True, kw_only=True, slots=True)
class LlamaCppSettings:
    """Limits, and what the file must be."""

    max_tokens: int = 512
    """Longer texts are cut; also the context, so memory grows with it."""
    max_chars: int = 20_000
    """Longer texts are cut before they are tokenized."""
    threads: int | None = None
    """None lets llama.cpp choose."""
    expected_sha256: str | None = None
    """Refuse a file with another SHA-256 (hex). None accepts any: then the file must come from someone you trust."""


class LlamaCppEmbedder:
    """The model's own pooling where the file names one, the mean over tokens where it does not; L2-normalised.

    llama.cpp is not thread-safe: one lock guards the model. Texts are run one by one, so that none sees another. Loaded
    on first use.
    """

    def __init__(self, file: Path | str, settings: LlamaCppSettings | None = None) -> None:
        self._file = Path(file).expanduser()
        self._settings = settings or LlamaCppSettings()
        self._lock = threading.Lock()
        self._model: Any = None

    @cached_property
    def info(self) -> EmbedderInfo:
        """Raises ``EmbedderError`` when the file is missing or not a model, ``MissingExtraError``."""
        with self._lock:
            dim = int(self._load().n_embd())
        limits = repr((self._settings.max_tokens, self._settings.max_chars))
        version = sha256(f"{self._digest}{limits}".encode()).hexdigest()[:16]
        return EmbedderInfo(name=f"llama-cpp:{self._file}", dim=dim, version=version)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Raises as ``info`` does."""
        cleaned = clean(texts, max_chars=self._settings.max_chars)
        matrix = np.zeros((len(cleaned), self.info.dim), dtype=np.float32)
        for row, text in enumerate(cleaned):
            if text:
                with self._lock:
                    try:
                        output = np.asarray(self._load().embed(text, truncate=True), dtype=np.float32)
                    except (RuntimeError, ValueError) as error:
                        raise EmbedderError(
                            f"{self._file.name!r} could not embed a text of {len(text):,} characters ({error})."
                        ) from error
                matrix[row] = output
        return normalise_rows(matrix)

    @cached_property
    def _digest(self) -> str:
        digest = sha256()
        try:
            with self._file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise EmbedderError(
                f"Model file {str(self._file)!r} cannot be read ({error.strerror}). Give the path of a GGUF file: "
                "llama-cpp:FILE."
            ) from error
        return digest.hexdigest()

    def _load(self) -> Any:
        """The model; the lock is held by the caller."""
        if self._model is None:
            try:
                import llama_cpp
            except ImportError as error:
                raise MissingExtraError(f"Embedder 'llama-cpp:{self._file}'", "local") from error
            expected = self._settings.expected_sha256
            if expected is not None and self._digest != expected.lower():
                raise EmbedderError(
                    f"{str(self._file)!r} has the SHA-256 {self._digest}, not the expected {expected}: it was changed "
                    "or cut. Download it again."
                )
            try:
                model = self._open(llama_cpp, llama_cpp.LLAMA_POOLING_TYPE_UNSPECIFIED)
                if model.pooling_type() == llama_cpp.LLAMA_POOLING_TYPE_NONE:
                    # The file names no pooling, so it would give one vector per token, each copied by Python.
                    model.close()
                    model = self._open(llama_cpp, llama_cpp.LLAMA_POOLING_TYPE_MEAN)
            except (RuntimeError, ValueError) as error:
                raise EmbedderError(
                    f"{str(self._file)!r} cannot be loaded ({error}): it is not a GGUF model or it is damaged."
                ) from error
            self._model = model
        return self._model

    def _open(self, llama_cpp: Any, pooling: int) -> Any:
        size = self._settings.max_tokens
        with _without_amx(llama_cpp.llama_cpp):
            return llama_cpp.Llama(
                model_path=str(self._file),
                embedding=True,
                pooling_type=pooling,
                n_ctx=size,
                n_batch=size,
                n_ubatch=size,
                n_threads=self._settings.threads,
                n_threads_batch=self._settings.threads,
                verbose=False,
            )


@contextmanager
def _without_amx(api: Any) -> Iterator[None]:
    """Load without the AMX kernels, which crash the process in builds by some compilers.

    They are among llama.cpp's "extra buffer types"; llama-cpp-python has no argument that leaves those out.
    """
    defaults = api.llama_model_default_params
    if b"AMX_INT8 = 1" not in api.llama_print_system_info():
        yield
        return

    def without_extra_buffers() -> Any:
        parameters = defaults()
        parameters.use_extra_bufts = False
        return parameters

    api.llama_model_default_params = without_extra_buffers
    try:
        yield
    finally:
        api.llama_model_default_params = defaults
