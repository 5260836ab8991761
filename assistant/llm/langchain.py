"""Any chat model of LangChain as the assistant's language model."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from assistant.errors import (
    BadModelOutput,
    ContextOverflow,
    MissingExtraError,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    Unsupported,
)
from assistant.llm.answers import as_records, check_room, finished
from assistant.llm.base import ChatMessage, Generation, JsonSchema, Sampling, StreamEvent, TextDelta, Usage
from assistant.llm.deadline import Deadline

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

T = TypeVar("T")
TOKENS_PER_MESSAGE = 4
TOKENS_PER_REPLY = 3
CUT = frozenset({"length", "max_tokens", "max_output_tokens"})
"""What providers call it when an answer reached its limit, in small letters."""
TOLD = 300
"""Characters of a provider's message that an error repeats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LangChainConfig:
    """How a chat model is asked."""

    context_tokens: int = 8_192
    """Tokens of prompt and answer together."""
    timeout: float = 60.0
    """Seconds for a whole answer, where the caller gives none."""
    structured: Literal["auto", "native", "prompt"] = "auto"
    """How a document of a schema is asked for: by the model's own ``with_structured_output``, or by the schema in the
    prompt. ``auto`` is ``native`` where the class of the model has its own way to it."""
    passes: Mapping[str, str] | None = None
    """Which fields of ``Sampling`` are given to the model, and what it calls them; None is ``max_tokens`` and
    ``temperature`` under those names. A model that refuses one is asked without it by leaving it out here."""
    count: Callable[[str], int] | None = None
    """Tokens of a text. None counts its bytes, which no tokenizer exceeds: those in use fall back to single bytes. The
    models' own counting is not used, since it may download a tokenizer."""


class LangChainModel:
    """``langchain:NAME``, a chat model of LangChain; whoever made it closes it. Raises ``MissingExtraError`` when made.

    Its own retries and caches stay as they are set. What it raises becomes a ``ProviderError``.
    """

    def __init__(self, chat_model: BaseChatModel, config: LangChainConfig | None = None) -> None:
        if importlib.util.find_spec("langchain_core") is None:
            raise MissingExtraError("A model of LangChain", "langchain")
        self._chat = chat_model
        self._config = config or LangChainConfig()
        named = getattr(chat_model, "model_name", None) or getattr(chat_model, "model", None) or chat_model._llm_type
        self._name = f"langchain:{named}"

    def __repr__(self) -> str:
        return f"LangChainModel({self._name!r})"

    @property
    def name(self) -> str:
        return self._name

    @property
    def context_tokens(self) -> int:
        return self._config.context_tokens

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        sampling: Sampling,
        schema: JsonSchema | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> AsyncGenerator[StreamEvent, None]:
        """See ``LanguageModel.stream``. A document of a schema comes in one piece: it is complete before it is one."""
        deadline = Deadline(self._config.timeout if timeout is None else timeout)
        check_room(self.name, await self.count_tokens(messages), sampling, self.context_tokens)
        options = self._options(sampling)
        if schema is not None and self._has_own_schemas():
            text, whole = await self._structured(messages, schema, options, deadline)
            yield TextDelta(text=text)
            yield self._finished(text, whole, schema, deadline)
            return
        asked = as_records(messages) if schema is None else [_told(schema), *as_records(messages)]
        text, whole = "", None
        async with aclosing(self._pieces(asked, options, deadline)) as pieces:
            async for piece in pieces:
                whole = piece if whole is None else whole + piece
                said = str(piece.text)
                text += said
                if said and schema is None:
                    yield TextDelta(text=said)
        if schema is not None:
            text = _unfenced(text)
            if text:
                yield TextDelta(text=text)
        yield self._finished(text, whole, schema, deadline)

    async def _pieces(
        self, asked: list[dict[str, str]], options: dict[str, Any], deadline: Deadline
    ) -> AsyncGenerator[Any, None]:
        stream = cast("AsyncGenerator[Any, None]", self._chat.astream(cast(Any, asked), **options))
        async with aclosing(stream):
            while (piece := await self._guarded(anext(stream, None), deadline)) is not None:
                yield piece

    async def _structured(
        self, messages: Sequence[ChatMessage], schema: JsonSchema, options: dict[str, Any], deadline: Deadline
    ) -> tuple[str, BaseMessage | None]:
        """The document and the message that brought it."""
        titled = {"title": "answer", "description": "The answer.", **schema}
        runnable = self._chat.with_structured_output(titled, include_raw=True)
        given: Any = await self._guarded(runnable.ainvoke(cast(Any, as_records(messages)), **options), deadline)
        if given["parsed"] is None:
            problem = given.get("parsing_error") or "it gave none"
            raise BadModelOutput(f"{self.name} gave no document of the schema: {problem}"[:TOLD], retryable=True)
        parsed = given["parsed"]
        return json.dumps(parsed, ensure_ascii=False), given["raw"]

    def _finished(self, text: str, whole: Any, schema: JsonSchema | None, deadline: Deadline) -> Generation:
        about = {} if whole is None else whole.response_metadata
        reason = next((about[key] for key in ("finish_reason", "stop_reason", "done_reason") if about.get(key)), "stop")
        counted = getattr(whole, "usage_metadata", None) or {}
        usage = Usage(
            prompt_tokens=counted.get("input_tokens", 0), completion_tokens=counted.get("output_tokens", 0), cost=None
        )
        ended: Literal["length", "stop"] = "length" if str(reason).casefold() in CUT else "stop"
        return finished(self.name, text, ended, schema=schema, usage=usage, seconds=deadline.elapsed())

    def _options(self, sampling: Sampling) -> dict[str, Any]:
        passes = self._config.passes
        if passes is None:
            passes = {"max_tokens": "max_tokens", "temperature": "temperature"}
        options: dict[str, Any] = {theirs: getattr(sampling, ours) for ours, theirs in passes.items()}
        if sampling.stop:
            options["stop"] = list(sampling.stop)
        return options

    def _has_own_schemas(self) -> bool:
        if self._config.structured != "auto":
            return self._config.structured == "native"
        from langchain_core.language_models import BaseChatModel

        kind = type(self._chat)
        own = kind.with_structured_output is not BaseChatModel.with_structured_output
        return own or kind.bind_tools is not BaseChatModel.bind_tools

    async def _guarded(self, awaitable: Awaitable[T], deadline: Deadline) -> T:
        """The result, every failure being one of ours."""
        try:
            return await deadline.within(awaitable, self.name)
        except ProviderError:
            raise
        except Exception as error:  # noqa: BLE001 - the boundary to any vendor's package, each with errors of its own
            # "from None": vendors' exceptions hold the request with its headers
            raise _translated(error, self.name) from None

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens of the prompt by ``LangChainConfig.count``, an upper bound without it."""
        count = self._config.count or _bytes
        return TOKENS_PER_REPLY + sum(count(message.content) + TOKENS_PER_MESSAGE for message in messages)

    async def loglikelihoods(
        self,
        messages: Sequence[ChatMessage],
        continuations: Sequence[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> list[float]:
        """``Unsupported``: chat models of LangChain do not score given texts."""
        raise Unsupported(
            f"{self.name} gives no log-likelihoods of given texts. Use a local model (llama-cpp:FILE) for them."
        )

    async def aclose(self) -> None:
        """Nothing to free: the chat model belongs to whoever made it."""


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", errors="replace"))


def _told(schema: JsonSchema) -> dict[str, str]:
    told = f"Answer with one JSON document that follows this JSON schema, and nothing else: {json.dumps(dict(schema))}"
    return {"role": "system", "content": told}


def _unfenced(text: str) -> str:
    """A document without the fence that models like to put around it."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        return text.partition("\n")[2].removesuffix("```").strip()
    return text


def _translated(error: Exception, model: str) -> ProviderError:
    from langchain_core.exceptions import (
        ContextOverflowError,
        ModelError,
        ModelTimeoutError,
        OutputParserException,
    )

    said = f"{type(error).__name__}: {error}"[:TOLD]
    status = getattr(error, "status_code", None)
    status = status if isinstance(status, int) else None
    if isinstance(error, ContextOverflowError):
        return ContextOverflow(f"The prompt does not fit {model}: {said}. Shorten it.", status=status)
    if isinstance(error, ModelTimeoutError | TimeoutError):
        return ProviderTimeout(f"{model} did not answer in time: {said}. Ask again.", retryable=True, status=status)
    if isinstance(error, OutputParserException | json.JSONDecodeError):
        return BadModelOutput(f"{model} gave an answer that cannot be read: {said}. Ask again.", retryable=True)
    retryable = isinstance(error, ConnectionError) or (isinstance(error, ModelError) and error.is_retryable)
    if status is not None:
        retryable = retryable or status in (408, 409, 429) or status >= 500
    advice = "Ask again." if retryable else "See what the provider says."
    return ProviderUnavailable(f"{model} failed: {said}. {advice}", retryable=retryable, status=status)
