"""Embeddings from OpenAI or any server that speaks its ``/embeddings`` endpoint."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from vectorstore.base import EmbedderInfo, Vectors
from vectorstore.errors import EmbedderError, MissingExtraError
from vectorstore.text import clean, normalise_rows

OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenAISettings:
    """How to ask."""

    timeout: float = 30.0
    """Seconds one request may take; the SDK's own default is 600."""
    retries: int = 2
    """Further tries of a request that failed in a way that may pass (connection, 408, 409, 429, 5xx)."""
    batch: int = 128
    """Texts in one request."""
    batch_chars: int = 200_000
    """Characters in one request: OpenAI takes 300,000 tokens, and a token is seldom shorter than a character."""
    max_chars: int = 8_000
    """Longer texts are cut: OpenAI refuses texts over 8,192 tokens."""
    dim: int | None = None
    """The dimension to ask for (``dimensions``); None takes the model's own."""


class OpenAIEmbedder:
    """One request per batch; the client is made on first use and may be used from several threads."""

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        settings: OpenAISettings | None = None,
    ) -> None:
        self._model = model
        self._base_url = base_url or OPENAI_URL
        self._api_key = api_key
        self._settings = settings or OpenAISettings()
        self._lock = threading.Lock()
        self._client: Any = None

    @cached_property
    def info(self) -> EmbedderInfo:
        """Asks for the vector of one word to learn the dimension. Raises ``EmbedderError``, ``MissingExtraError``."""
        dim = self._request(["dimension"]).shape[1]
        # The same model name may be another model on another server.
        version = f"{self._base_url}#{self._settings.dim or 'full'}#{self._settings.max_chars}"
        return EmbedderInfo(name=f"openai:{self._model}", dim=dim, version=version)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Raises ``EmbedderError`` (``retryable``, ``status``) when the server fails, ``MissingExtraError``."""
        cleaned = clean(texts, max_chars=self._settings.max_chars)
        matrix = np.zeros((len(cleaned), self.info.dim), dtype=np.float32)
        for rows in self._batches(cleaned):
            vectors = self._request([cleaned[row] for row in rows])
            if vectors.shape[1] != self.info.dim:
                raise EmbedderError(
                    f"{self._model!r} gave vectors of dimension {vectors.shape[1]} after {self.info.dim}: the server "
                    "changed its model. Index again."
                )
            matrix[rows] = vectors
        return normalise_rows(matrix)

    def _batches(self, texts: list[str]) -> Iterator[list[int]]:
        """Rows of the texts that are not empty, in batches that the server takes."""
        rows: list[int] = []
        size = 0
        for row, text in enumerate(texts):
            if not text:
                continue
            if rows and (len(rows) == self._settings.batch or size + len(text) > self._settings.batch_chars):
                yield rows
                rows, size = [], 0
            rows.append(row)
            size += len(text)
        if rows:
            yield rows

    def _request(self, texts: list[str]) -> Vectors:
        """(len(texts), dim) as the server gave them."""
        client = self._load()
        import openai

        where = f"Embedding model {self._model!r} at {self._base_url}"
        try:
            response = client.embeddings.create(
                model=self._model,
                input=texts,
                # Some servers do not know the SDK's default, base64.
                encoding_format="float",
                dimensions=self._settings.dim if self._settings.dim is not None else openai.omit,
            )
        except openai.APITimeoutError as error:
            raise EmbedderError(
                f"{where} did not answer within {self._settings.timeout:g} s. Try again, or raise the timeout.",
                retryable=True,
            ) from error
        except openai.APIConnectionError as error:
            raise EmbedderError(
                f"{where} cannot be reached ({error.__cause__ or error}). Check the address and the network.",
                retryable=True,
            ) from error
        except openai.APIStatusError as error:
            status = error.status_code
            advice = {401: "Check the API key.", 404: "Check the model's name and the address."}.get(
                status, "Try again later." if status in (408, 409, 429) or status >= 500 else "See the answer above."
            )
            raise EmbedderError(
                f"{where} answered {status}: {error.message} {advice}",
                retryable=status in (408, 409, 429) or status >= 500,
                status=status,
            ) from error
        except (openai.OpenAIError, ValueError) as error:
            raise EmbedderError(f"{where} gave an answer that is not one ({error}).", retryable=True) from error
        return self._vectors(response, len(texts), where)

    @staticmethod
    def _vectors(response: Any, expected: int, where: str) -> Vectors:
        try:
            by_index = {int(entry.index): entry.embedding for entry in response.data}
            vectors = np.asarray([by_index[index] for index in range(expected)], dtype=np.float32)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise EmbedderError(
                f"{where} gave an answer without one vector per text ({error!r}).", retryable=True
            ) from error
        if vectors.ndim != 2 or vectors.shape[1] == 0 or not np.isfinite(vectors).all():
            raise EmbedderError(f"{where} gave vectors that are empty or not finite.", retryable=True)
        return vectors

    def _load(self) -> Any:
        with self._lock:
            if self._client is None:
                try:
                    import openai
                except ImportError as error:
                    raise MissingExtraError(f"Embedder 'openai:{self._model}'", "openai") from error
                if self._api_key is None and self._base_url == OPENAI_URL:
                    raise EmbedderError(
                        f"Embedder 'openai:{self._model}' needs an API key; none was given.", status=401
                    )
                self._client = openai.OpenAI(
                    base_url=self._base_url,
                    # The SDK insists on a key; servers of one's own often want none.
                    api_key=self._api_key or "none",
                    timeout=self._settings.timeout,
                    max_retries=self._settings.retries,
                )
            return self._client
