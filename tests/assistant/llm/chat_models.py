"""A chat model of LangChain that says what it is told to say, a fake for tests of the adapter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field


class TalkingChatModel(BaseChatModel):
    """Streams ``choose(schema_wanted)`` in pieces of three characters, then usage and a reason."""

    choose: Callable[[bool], str]
    error: Any = None
    """Raised before the first piece."""
    stalls: bool = False
    """Whether nothing comes after the first piece."""
    reason: str = "stop"
    asked: list[Any] = Field(default_factory=list)
    options: list[dict[str, Any]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "talking"

    def _text(self, messages: list[Any]) -> str:
        return self.choose("JSON schema" in messages[0].text)

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self._text(messages)))])

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.asked.append(messages)
        self.options.append({"stop": stop, **kwargs})
        if self.error is not None:
            raise self.error
        text = self._text(messages)
        for at in range(0, len(text), 3):
            yield ChatGenerationChunk(message=AIMessageChunk(text[at : at + 3]))
            if self.stalls:
                await asyncio.Event().wait()
        usage = UsageMetadata(input_tokens=20, output_tokens=9, total_tokens=29)
        last = AIMessageChunk("", usage_metadata=usage, response_metadata={"finish_reason": self.reason})
        yield ChatGenerationChunk(message=last)
