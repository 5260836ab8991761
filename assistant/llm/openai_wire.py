"""The OpenAI chat protocol as plain values: what chunks hold, and which of our errors a status is. Knows no SDK."""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Mapping
from typing import Any, Literal

from assistant.errors import BadModelOutput, ContextOverflow, ProviderError, ProviderTimeout, ProviderUnavailable

OVERFLOW = re.compile(
    r"context_length_exceeded|maximum context length|context (length|window|size)|too many tokens|prompt is too long",
    re.I,
)


def of_status(status: int, said: str, headers: Mapping[str, str], model: str, code: str | None) -> ProviderError:
    told = f"{model} answered {status}: {said}"
    wait = retry_after_of(headers)
    if status in (401, 403):
        return ProviderUnavailable(
            f"{told} Check OPENAI_API_KEY or ASSISTANT_LLM_API_KEY, and what it may use.", status=status
        )
    if status == 404:
        return ProviderUnavailable(f"{told} Check the model's name and llm_base_url.", status=status)
    if status == 408:
        return ProviderTimeout(told, status=status, retryable=True, retry_after=wait)
    if status == 429:
        spent = code == "insufficient_quota"
        hint = "The account has no credit left." if spent else "Ask less often, or raise the rate limit."
        return ProviderUnavailable(f"{told} {hint}", status=status, retryable=not spent, retry_after=wait)
    if status == 409 or status >= 500:
        return ProviderUnavailable(f"{told} Ask again later.", status=status, retryable=True, retry_after=wait)
    if status in (400, 413, 422) and (code == "context_length_exceeded" or status == 413 or OVERFLOW.search(said)):
        return ContextOverflow(f"{told} Shorten the prompt, or lower llm_context.", status=status)
    if 300 <= status < 400:
        return ProviderUnavailable(
            f"{told} Redirects are not followed: put the final address in llm_base_url.", status=status
        )
    return ProviderError(f"{told} The server does not take this request.", status=status)


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: ``retry-after-ms``, or ``Retry-After`` in seconds or as a date."""
    for name, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * scale
        except ValueError:
            try:
                seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
            except ValueError:
                continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def said_by(error: Any, secret: str) -> str:
    """The server's words, short, on one line, without the key."""
    body = error.body
    words = body.get("message") if isinstance(body, Mapping) else body
    text = " ".join(str(words or error.message or "no reason given").split())
    if secret:
        text = text.replace(secret, "***")
    text = re.sub(r"\b(sk|key)-[\w*-]{6,}", "***", text)
    return (text[:300] + "…" if len(text) > 300 else text).rstrip(".") + "."


def read_chunk(chunk: Any, model: str) -> tuple[str, Literal["stop", "length"] | None, tuple[int, int] | None]:
    """(text, finish reason, (prompt tokens, completion tokens)) of a chunk, which the SDK does not validate."""
    usage = getattr(chunk, "usage", None)
    counted = None
    if usage is not None:
        tokens = (getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None))
        counted = (int(tokens[0] or 0), int(tokens[1] or 0))
    choices = getattr(chunk, "choices", None)
    if not isinstance(choices, list):
        raise BadModelOutput(f"{model} sent a chunk that is no chat completion. Check llm_base_url.", retryable=True)
    if not choices:
        return "", None, counted
    delta, reason = getattr(choices[0], "delta", None), getattr(choices[0], "finish_reason", None)
    text = getattr(delta, "content", None) or ""
    if not isinstance(text, str):
        raise BadModelOutput(f"{model} sent content that is not text.", retryable=True)
    if refusal := getattr(delta, "refusal", None):
        raise BadModelOutput(f"{model} refused to answer: {str(refusal)[:200]!r}.")
    if reason not in (None, "stop", "length"):
        raise BadModelOutput(f"{model} ended its answer for the reason {reason!r}. Change the prompt or the model.")
    return text, reason, counted


def closed(schema: Any) -> Any:
    """The schema with every object closed, as strict structured outputs demand."""
    if isinstance(schema, Mapping):
        result = {name: closed(value) for name, value in schema.items()}
        if result.get("type") == "object" and "properties" in result:
            result.setdefault("additionalProperties", False)
        return result
    return [closed(value) for value in schema] if isinstance(schema, list | tuple) else schema
