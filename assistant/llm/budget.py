"""Fitting a prompt into a model's context: the least important facts go first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from assistant.errors import ContextOverflow
from assistant.llm.base import ChatMessage, LanguageModel

T = TypeVar("T")
Build = Callable[[Sequence[T]], Sequence[ChatMessage]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted(Generic[T]):
    """A prompt that fits, and what it took. ``dropped`` is what a trace logs."""

    messages: tuple[ChatMessage, ...]
    kept: tuple[T, ...]
    dropped: tuple[T, ...]
    tokens: int
    """Tokens of the prompt as the model counts them."""
    budget: int
    """Tokens it was allowed: the context less the room for the answer."""


async def fit(model: LanguageModel, build: Build[T], parts: Sequence[T], *, answer_tokens: int) -> Fitted[T]:
    """The prompt with as many of ``parts`` (most important first) as fit beside ``answer_tokens`` of answer.

    ``build`` makes the messages from the parts that are kept; more parts must not make a shorter prompt. Counts at most
    ``2 + log2(len(parts))`` times. Raises ``ContextOverflow`` when the prompt does not fit even without any part.
    """
    budget = model.context_tokens - answer_tokens

    async def attempt(keep: int) -> tuple[tuple[ChatMessage, ...], int]:
        messages = tuple(build(parts[:keep]))
        return messages, await model.count_tokens(messages)

    keep, (messages, tokens) = len(parts), await attempt(len(parts))
    if tokens > budget:
        keep, (messages, tokens) = 0, await attempt(0)
        if tokens > budget:
            raise ContextOverflow(
                f"The prompt takes {tokens:,} tokens before any optional part; {model.name} has room for {max(budget, 0):,}"
                f" beside {answer_tokens:,} of answer. Raise the context setting, or shorten the prompt."
            )
        too_many = len(parts)
        while too_many - keep > 1:
            middle = (keep + too_many) // 2
            tried = await attempt(middle)
            if tried[1] <= budget:
                keep, (messages, tokens) = middle, tried
            else:
                too_many = middle
    return Fitted(
        messages=messages, kept=tuple(parts[:keep]), dropped=tuple(parts[keep:]), tokens=tokens, budget=budget
    )
