"""Record a model's answers once and replay them: repeatable evaluation without a key or a network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.errors import SettingsError, UserError
from assistant.llm.answers import as_records
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

Mode = Literal["replay", "record", "auto"]
Kind = Literal["model", "generation", "tokens", "loglikelihoods"]


class NotRecordedError(UserError):
    """Replay met a call that was never recorded. It is the user's to mend, so it is no ``ProviderError``."""


class _Entry(BaseModel):
    """A line of the file. ``request`` is what ``digest`` is made from, kept so that a person can read the file."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    digest: str
    request: dict[str, Any]
    result: Any


def prompt_digest(
    model: str, messages: Sequence[ChatMessage], sampling: Sampling | None = None, schema: JsonSchema | None = None
) -> str:
    """SHA-256 of model name, messages, sampling and schema as canonical JSON (sorted keys, no spaces, UTF-8)."""
    return _digest(_request(model, messages, sampling, schema))


class RecordedModel:
    """A model beside its recording.

    ``replay`` never calls ``inner`` (which may be None); ``record`` always calls it and writes; ``auto`` calls it only
    for what is not recorded yet. A recorded answer keeps the ``seconds`` that it took and is replayed at once. Failures
    are not recorded. One file belongs to one model.
    """

    def __init__(self, path: Path, *, inner: LanguageModel | None = None, mode: Mode = "replay") -> None:
        if inner is None and mode != "replay":
            raise SettingsError(f"To record into {str(path)!r} a model is needed. Name the model to record from.")
        self._path = path
        self._inner = inner
        self._mode = mode
        self._entries: dict[tuple[Kind, str], Any] = {}
        self._named = False
        known = self._read()
        if inner is not None:
            known = known or (inner.name, inner.context_tokens)
            if known[0] != inner.name:
                raise SettingsError(
                    f"{str(path)!r} holds answers of {known[0]!r}, not of {inner.name!r}. Record into another file."
                )
        if known is None:
            raise SettingsError(
                f"{str(path)!r} holds no recording to replay. Record one first: mode 'auto' with a model that answers."
            )
        self._name, self._context_tokens = known

    @property
    def name(self) -> str:
        """The name of the model that was recorded."""
        return self._name

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
        """See ``LanguageModel.stream``; a replayed answer comes as one piece."""
        request = _request(self._name, messages, sampling, schema)
        recorded = self._find("generation", request)
        if recorded is not None:
            generation = _generation(recorded)
            yield TextDelta(text=generation.text)
            yield generation
            return
        inner = self._must_call("generation", request)
        events = inner.stream(messages, sampling=sampling, schema=schema, timeout=timeout)
        async with aclosing(events) as stream:  # type: ignore[type-var]  # the Protocol says iterator; ours are generators
            async for event in stream:
                if isinstance(event, Generation):
                    generation = event
                    break
                yield event
            else:
                raise AssertionError(f"{inner.name} ended its stream without a Generation")
        self._write("generation", request, asdict(generation))
        yield generation

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        request = _request(self._name, messages, None, None)
        recorded = self._find("tokens", request)
        if recorded is None:
            recorded = await self._must_call("tokens", request).count_tokens(messages)
            self._write("tokens", request, recorded)
        return int(recorded)

    async def loglikelihoods(
        self,
        messages: Sequence[ChatMessage],
        continuations: Sequence[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> list[float]:
        request = {**_request(self._name, messages, None, None), "continuations": list(continuations)}
        recorded = self._find("loglikelihoods", request)
        if recorded is None:
            inner = self._must_call("loglikelihoods", request)
            recorded = await inner.loglikelihoods(messages, continuations, timeout=timeout)
            self._write("loglikelihoods", request, recorded)
        return [float(value) for value in recorded]

    async def aclose(self) -> None:
        """Close the model that is recorded."""
        if self._inner is not None:
            await self._inner.aclose()

    def _find(self, kind: Kind, request: Mapping[str, Any]) -> Any | None:
        return None if self._mode == "record" else self._entries.get((kind, _digest(request)))

    def _must_call(self, kind: Kind, request: Mapping[str, Any]) -> LanguageModel:
        if self._mode == "replay" or self._inner is None:
            raise NotRecordedError(
                f"No recorded {kind} with digest {_digest(request)} in {str(self._path)!r}: the prompt, the sampling or the"
                f" schema differ from what was recorded. Run once in mode 'auto' with {self._name!r} to add it."
            )
        return self._inner

    def _read(self) -> tuple[str, int] | None:
        """Fill the entries; the name and context of the recorded model, or None when there is no recording yet."""
        known = None
        if not self._path.exists():
            return None
        with self._path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    entry = _Entry.model_validate_json(line)
                except ValidationError as error:
                    raise SettingsError(
                        f"{self._path}:{number}: not a line of a recording: {error.errors()[0]['msg']}."
                        " Delete the line, or record again."
                    ) from None
                if entry.kind == "model":
                    known = (str(entry.result["name"]), int(entry.result["context_tokens"]))
                self._entries[(entry.kind, entry.digest)] = entry.result
        self._named = known is not None
        return known

    def _write(self, kind: Kind, request: Mapping[str, Any], result: Any) -> None:
        lines = (
            [] if self._named else [_line("model", {}, {"name": self._name, "context_tokens": self._context_tokens})]
        )
        self._named = True
        self._entries[(kind, _digest(request))] = result
        lines.append(_line(kind, request, result))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write("".join(lines))


def _request(
    model: str, messages: Sequence[ChatMessage], sampling: Sampling | None, schema: JsonSchema | None
) -> dict[str, Any]:
    return {
        "model": model,
        "messages": as_records(messages),
        "sampling": None if sampling is None else asdict(sampling),
        "schema": schema,
    }


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _digest(request: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(request).encode()).hexdigest()


def _line(kind: Kind, request: Mapping[str, Any], result: Any) -> str:
    return _canonical({"kind": kind, "digest": _digest(request), "request": request, "result": result}) + "\n"


def _generation(result: Mapping[str, Any]) -> Generation:
    return Generation(**{**result, "usage": Usage(**result["usage"])})
