"""A model with a memory: what it was asked before is answered from the cache, with the original latency and cost.

Everything of the suite that asks a model asks through this, so that a stopped run goes on where it was, and the raw draft
is seen before anything is made of it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.errors import BadModelOutput, ProviderError, ProviderUnavailable
from assistant.llm.base import (
    ChatMessage,
    Generation,
    JsonSchema,
    LanguageModel,
    Sampling,
    StreamEvent,
    TextDelta,
    Usage,
)
from evals.errors import EvaluationError


class Kept(BaseModel):
    """A call as the cache keeps it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    text: str
    left_early: bool = False
    """The reader had enough before the end, and will again."""
    malformed: str | None = None
    """Why the answer is not what was asked for: the model's fault, so it is kept like an answer."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    seconds: float = 0.0


class DraftCache:
    """Calls by key in an append-only JSONL file; a line that was cut by a stop is ignored.

    Verdicts are not kept: a draft is checked again in every run, in a millisecond or so, and no verdict of another
    version of the checker can survive. Failures of infrastructure are not kept either: they are tried again.
    """

    def __init__(self, file: Path | None) -> None:
        """``file`` None keeps nothing beyond the run."""
        self._file = file
        self._kept: dict[str, Kept] = {}
        self._whole = True
        if file is None or not file.exists():
            return
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise EvaluationError(
                f"The cache {str(file)!r} cannot be read: {error}. Give another with --cache."
            ) from error
        self._whole = not text or text.endswith("\n")
        for line in text.splitlines():
            try:
                kept = Kept.model_validate_json(line)
            except ValidationError:
                continue
            self._kept[kept.key] = kept

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> Kept | None:
        """What was answered."""
        return self._kept.get(key)

    def put(self, kept: Kept) -> None:
        """Keep an answer, at once."""
        self._kept[kept.key] = kept
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(("" if self._whole else "\n") + kept.model_dump_json() + "\n")
        self._whole = True


def generation_key(
    messages: Sequence[ChatMessage], model: str, sampling: Sampling, schema: JsonSchema | None, repeat: int
) -> str:
    """Digest of everything that an answer depends on."""
    parts = {
        "messages": [asdict(message) for message in messages],
        "model": model,
        "sampling": asdict(sampling),
        "schema": schema,
        "repeat": repeat,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=dict).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call that was answered, now or before."""

    kept: Kept
    cached: bool


class TappedModel:
    """A ``LanguageModel`` for one cell of the grid. ``calls`` holds what was answered, ``failure`` what failed last."""

    def __init__(self, inner: LanguageModel, cache: DraftCache, repeat: int, *, closed: bool = False) -> None:
        """``repeat`` is added to every seed, so that repeats differ and a run is the same each time. When ``closed``,
        only the cache answers and the model is not asked any more."""
        self._inner = inner
        self._cache = cache
        self._repeat = repeat
        self._closed = closed
        self.calls: list[Call] = []
        self.failure: ProviderError | None = None

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def context_tokens(self) -> int:
        return self._inner.context_tokens

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        sampling: Sampling,
        schema: JsonSchema | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> AsyncGenerator[StreamEvent, None]:
        """See ``LanguageModel.stream``."""
        sampling = replace(sampling, seed=sampling.seed + self._repeat)
        key = generation_key(messages, self.name, sampling, schema, self._repeat)
        known = self._cache.get(key)
        if known is not None:
            self.calls.append(Call(kept=known, cached=True))
            if known.malformed is not None:
                raise BadModelOutput(known.malformed, retryable=True)
            yield TextDelta(text=known.text)
            yield Generation(text=known.text, finish_reason="stop", usage=_usage(known), seconds=known.seconds)
            return
        if self._closed:
            self.failure = ProviderUnavailable(
                f"{self.name} was not asked any more: it had failed too often, or the run was stopped."
            )
            raise self.failure
        started = time.monotonic()
        said = ""
        try:
            async for event in self._inner.stream(messages, sampling=sampling, schema=schema, timeout=timeout):
                if isinstance(event, Generation):
                    self._keep(
                        Kept(
                            key=key,
                            text=event.text,
                            prompt_tokens=event.usage.prompt_tokens,
                            completion_tokens=event.usage.completion_tokens,
                            cost=event.usage.cost,
                            seconds=event.seconds,
                        )
                    )
                else:
                    said += event.text
                yield event
        except GeneratorExit:
            if said and not (self.calls and self.calls[-1].kept.key == key):
                self._keep(Kept(key=key, text=said, left_early=True, seconds=time.monotonic() - started))
            raise
        except BadModelOutput as error:
            self._keep(Kept(key=key, text=said, malformed=str(error), seconds=time.monotonic() - started))
            raise
        except ProviderError as error:
            self.failure = error
            raise

    def _keep(self, kept: Kept) -> None:
        self._cache.put(kept)
        self.calls.append(Call(kept=kept, cached=False))

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """See ``LanguageModel.count_tokens``."""
        try:
            return await self._inner.count_tokens(messages)
        except ProviderError as error:
            self.failure = error
            raise

    async def loglikelihoods(
        self,
        messages: Sequence[ChatMessage],
        continuations: Sequence[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> list[float]:
        """See ``LanguageModel.loglikelihoods``; not kept."""
        return await self._inner.loglikelihoods(messages, continuations, timeout=timeout)

    async def aclose(self) -> None:
        """Does nothing: the model inside is shared."""


def _usage(kept: Kept) -> Usage:
    return Usage(prompt_tokens=kept.prompt_tokens, completion_tokens=kept.completion_tokens, cost=kept.cost)
