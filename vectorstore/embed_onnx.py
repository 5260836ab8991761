"""A sentence-transformer exported to ONNX (MiniLM and its kind), on the CPU.

Texts are run one by one. Batches would have to be padded, and a dynamically quantised model scales its activations over
the whole batch, so that the vector of a text would depend on its neighbours; on a CPU a batch saves next to nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vectorstore.base import EmbedderInfo, Vectors
from vectorstore.errors import EmbedderError, MissingExtraError
from vectorstore.text import clean, normalise_rows

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, kw_only=True, slots=True)
class OnnxSettings:
    """Limits."""

    max_tokens: int = 256
    """Longer texts are cut; the MiniLM family was trained on at most 256."""
    max_chars: int = 20_000
    """Longer texts are cut before they are tokenized."""
    threads: int = 0
    """Threads within a run; 0 lets onnxruntime choose."""


class OnnxEmbedder:
    """Mean over the token vectors, as the attention mask says, L2-normalised.

    ``folder`` holds ``tokenizer.json`` and ``model.onnx`` (or one other ``*.onnx``). Loaded on first use; safe from
    several threads.
    """

    def __init__(self, folder: Path | str, settings: OnnxSettings | None = None) -> None:
        self._folder = Path(folder).expanduser()
        self._settings = settings or OnnxSettings()
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, Any] | None = None

    @cached_property
    def info(self) -> EmbedderInfo:
        """Raises ``EmbedderError`` when a file is missing or the model is not one, ``MissingExtraError``."""
        dim = self._run("dimension").shape[-1]
        digest = sha256()
        for file in self._files:
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        digest.update(repr((self._settings.max_tokens, self._settings.max_chars)).encode())
        return EmbedderInfo(name=f"onnx:{self._folder}", dim=dim, version=digest.hexdigest()[:16])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Raises as ``info`` does."""
        cleaned = clean(texts, max_chars=self._settings.max_chars)
        matrix = np.zeros((len(cleaned), self.info.dim), dtype=np.float32)
        for row, text in enumerate(cleaned):
            if text:
                matrix[row] = self._run(text)
        return normalise_rows(matrix)

    @cached_property
    def _files(self) -> tuple[Path, Path]:
        """(model, tokenizer)."""
        models = [self._folder / "model.onnx"]
        if not models[0].is_file():
            models = sorted(self._folder.glob("*.onnx"))
        tokenizer = self._folder / "tokenizer.json"
        if len(models) != 1 or not tokenizer.is_file():
            raise EmbedderError(
                f"Folder {str(self._folder)!r} must hold 'tokenizer.json' and 'model.onnx' (or exactly one other "
                f"'*.onnx'); it holds {len(models)} '*.onnx' and {'a' if tokenizer.is_file() else 'no'} tokenizer. "
                "Download both files of a sentence-transformer exported to ONNX into it."
            )
        return models[0], tokenizer

    def _run(self, text: str) -> Vectors:
        """(dim,) before normalisation."""
        tokenizer, session = self._load()
        encoding = tokenizer.encode(text)
        columns = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        feed = {
            entry.name: np.asarray([columns[entry.name]], dtype=np.int64)
            for entry in session.get_inputs()
            if entry.name in columns
        }
        output: Vectors = session.run(None, feed)[0][0]
        if output.ndim == 1:
            return output.astype(np.float32)
        mask = np.asarray(encoding.attention_mask, dtype=np.float32)
        mean: Vectors = ((output * mask[:, None]).sum(axis=0) / max(float(mask.sum()), 1.0)).astype(np.float32)
        return mean

    def _load(self) -> tuple[Tokenizer, Any]:
        with self._lock:
            if self._loaded is None:
                try:
                    import onnxruntime
                    from tokenizers import Tokenizer
                except ImportError as error:
                    raise MissingExtraError(f"Embedder 'onnx:{self._folder}'", "onnx") from error
                model, tokenizer_file = self._files
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self._settings.threads
                try:
                    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
                    tokenizer = Tokenizer.from_file(str(tokenizer_file))
                except Exception as error:  # both libraries raise bare Exceptions for files they cannot read
                    raise EmbedderError(
                        f"The model in {str(self._folder)!r} cannot be loaded ({error}). Download 'tokenizer.json' and "
                        f"{model.name!r} again."
                    ) from error
                names = {entry.name for entry in session.get_inputs()}
                if "input_ids" not in names or not names <= {"input_ids", "attention_mask", "token_type_ids"}:
                    raise EmbedderError(
                        f"{str(model)!r} takes the inputs {sorted(names)}: it is not a text encoder. Use a "
                        "sentence-transformer exported to ONNX."
                    )
                tokenizer.no_padding()
                tokenizer.enable_truncation(self._settings.max_tokens)
                self._loaded = (tokenizer, session)
            return self._loaded
