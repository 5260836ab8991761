"""What the assistant needs of a language model. Adapters live beside this file, one per backend."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

JsonSchema = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatMessage:
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How to generate."""

    max_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What a generation cost. ``cost`` is in US dollars, None when the price is unknown."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """A finished answer. ``finish_reason`` is ``stop`` or ``length``; a cut stream is an error, not a Generation."""

    text: str
    finish_reason: Literal["stop", "length"]
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class TextDelta:
    """A piece of a streamed answer."""

    text: str


StreamEvent = TextDelta | Generation
"""A stream is deltas and then exactly one Generation with the whole text."""


@runtime_checkable
class LanguageModel(Protocol):
    """A chat model. Every method raises a ``ProviderError`` when the backend fails."""

    @property
    def name(self) -> str:
        """``openai:gpt-5-mini``, ``llama-cpp:SmolLM2-135M-Instruct.Q4_1.gguf``: what reports and traces show."""
        ...

    @property
    def context_tokens(self) -> int:
        """Tokens that prompt and answer may take together."""
        ...

    def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        sampling: Sampling,
        schema: JsonSchema | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[StreamEvent]:
        """Stream an answer; with ``schema`` it is one JSON document of that schema.

        ``timeout`` is in seconds, for the whole answer. Closing the iterator stops the generation. A prompt that does
        not fit raises ``ContextOverflow`` before anything is generated.
        """
        ...

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens of the prompt, template included; never fewer than the backend will count."""
        ...

    async def loglikelihoods(
        self,
        messages: Sequence[ChatMessage],
        continuations: Sequence[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - a deadline is part of the contract
    ) -> list[float]:
        """Natural-log likelihood of each continuation as the answer, summed over its tokens.

        Raises ``Unsupported`` where the backend gives none.
        """
        ...

    async def aclose(self) -> None:
        """Free the backend. Idempotent."""
        ...


async def generate(
    model: LanguageModel,
    messages: Sequence[ChatMessage],
    *,
    sampling: Sampling,
    schema: JsonSchema | None = None,
    timeout: float | None = None,  # noqa: ASYNC109 - a deadline is part of the contract
) -> Generation:
    """The whole answer of ``model.stream``."""
    async for event in model.stream(messages, sampling=sampling, schema=schema, timeout=timeout):
        if isinstance(event, Generation):
            return event
    raise AssertionError(f"{model.name} ended its stream without a Generation")
