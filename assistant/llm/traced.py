"""A model whose calls are spans."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

from assistant.llm.base import ChatMessage, Generation, JsonSchema, LanguageModel, Sampling, StreamEvent
from assistant.telemetry import Attribute, Stage, Telemetry, messages_json


class TracedModel:
    """Passes everything on to another model; each answer is a span ``chat MODEL``, each scoring ``score MODEL``."""

    def __init__(self, model: LanguageModel, telemetry: Telemetry) -> None:
        self._model = model
        self._telemetry = telemetry
        provider, _, named = model.name.partition(":")
        self._provider = provider
        self._named = named or model.name

    def __repr__(self) -> str:
        return f"TracedModel({self._model!r})"

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def context_tokens(self) -> int:
        return self._model.context_tokens

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        sampling: Sampling,
        schema: JsonSchema | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> AsyncGenerator[StreamEvent, None]:
        """See ``LanguageModel.stream``."""
        attributes = self._about("chat") | {
            "gen_ai.request.stream": True,
            "gen_ai.request.max_tokens": sampling.max_tokens,
            "gen_ai.request.temperature": sampling.temperature,
            "gen_ai.request.top_p": sampling.top_p,
            "gen_ai.request.seed": sampling.seed,
            "gen_ai.request.stop_sequences": sampling.stop or None,
            "gen_ai.output.type": "text" if schema is None else "json",
        }
        started = time.monotonic()
        first, ended = True, None
        with self._telemetry.apart(f"chat {self._named}", attributes, kind="client") as stage:
            said = [(message.role, message.content) for message in messages]
            stage.quote("gen_ai.input.messages", lambda: messages_json(said))
            answer = self._model.stream(messages, sampling=sampling, schema=schema, timeout=timeout)
            async with aclosing(cast("AsyncGenerator[StreamEvent, None]", answer)) as events:
                async for event in events:
                    if first:
                        stage.tell({"gen_ai.response.time_to_first_chunk": round(time.monotonic() - started, 4)})
                        first = False
                    if isinstance(event, Generation):
                        ended = event
                        break
                    yield event
            if ended is not None:
                _tell_end(stage, ended)
        if ended is not None:
            yield ended  # behind the span, as a reader leaves here

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """See ``LanguageModel.count_tokens``; not traced."""
        return await self._model.count_tokens(messages)

    async def loglikelihoods(
        self,
        messages: Sequence[ChatMessage],
        continuations: Sequence[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> list[float]:
        """See ``LanguageModel.loglikelihoods``. The conventions have no name for it."""
        attributes = self._about("score") | {"assistant.continuations": len(continuations)}
        with self._telemetry.apart(f"score {self._named}", attributes, kind="client"):
            return await self._model.loglikelihoods(messages, continuations, timeout=timeout)

    async def aclose(self) -> None:
        await self._model.aclose()

    def _about(self, operation: str) -> dict[str, Attribute | None]:
        return {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": self._provider,
            "gen_ai.request.model": self._named,
        }


def _tell_end(stage: Stage, ended: Generation) -> None:
    stage.tell(
        {
            "gen_ai.response.finish_reasons": (ended.finish_reason,),
            "gen_ai.usage.input_tokens": ended.usage.prompt_tokens,
            "gen_ai.usage.output_tokens": ended.usage.completion_tokens,
        }
    )
    stage.quote("gen_ai.output.messages", lambda: messages_json([("assistant", ended.text)], ended.finish_reason))
