"""Chat models of LangChain that say what they are told to say, fakes for tests of the adapter."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, ToolCall
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


class _Told(BaseChatModel):
    """Says ``says``, or raises ``error``; which of LangChain's methods it has is up to its subclasses."""

    says: str = "Because of Ridley Scott."
    error: Any = None
    seconds: float = 0.0
    """How long it takes to answer."""

    @property
    def _llm_type(self) -> str:
        return "told"

    def _result(self) -> ChatResult:
        if self.error is not None:
            raise self.error
        usage = UsageMetadata(input_tokens=20, output_tokens=9, total_tokens=29)
        message = AIMessage(self.says, usage_metadata=usage, response_metadata={"finish_reason": "stop"})
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _chunks(self) -> list[ChatGenerationChunk]:
        message = self._result().generations[0].message
        assert isinstance(message, AIMessage)
        half = len(self.says) // 2
        last = AIMessageChunk(
            self.says[half:], usage_metadata=message.usage_metadata, response_metadata=message.response_metadata
        )
        return [ChatGenerationChunk(message=part) for part in (AIMessageChunk(self.says[:half]), last)]

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        raise NotImplementedError("this model is asked otherwise")


class SyncOnly(_Told):
    """Answers whole, in the thread of its caller, as the least that LangChain asks for."""

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        time.sleep(self.seconds)
        return self._result()


class SyncStreamOnly(_Told):
    """Streams in the thread of its caller."""

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        time.sleep(self.seconds)
        yield from self._chunks()


class AsyncOnly(_Told):
    """Answers whole, and only where it is awaited."""

    async def _agenerate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        await asyncio.sleep(self.seconds)
        return self._result()


class AsyncStreamOnly(_Told):
    """Streams, and only where it is awaited."""

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        await asyncio.sleep(self.seconds)
        for chunk in self._chunks():
            yield chunk


class CallingChatModel(_Told):
    """Answers with a call of the tool that ``with_structured_output`` binds, ``says`` being its arguments as JSON."""

    bound: list[Any] = Field(default_factory=list)

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        self.bound.append(tools)
        return self.bind(**kwargs)

    async def _agenerate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        result = self._result()
        message = result.generations[0].message
        assert isinstance(message, AIMessage)
        (tool,) = self.bound[-1]
        try:
            arguments = json.loads(self.says)
        except ValueError:
            return result  # it talks instead of calling
        call = ToolCall(name=tool["title"], args=arguments, id="call_1", type="tool_call")
        message.tool_calls, message.content = [call], ""
        return result
