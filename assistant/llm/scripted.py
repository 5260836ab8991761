"""A model that says what it was told to say: the fake that tests and users run the assistant with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.errors import ProviderError, ProviderUnavailable, SettingsError, Unsupported
from assistant.llm.answers import check_room, finished
from assistant.llm.base import ChatMessage, JsonSchema, Sampling, StreamEvent, TextDelta, Usage
from assistant.llm.deadline import Deadline

Ending = Literal["stop", "length", "cut", "stall"]
TOKENS_PER_MESSAGE = 4
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptedAnswer:
    """One answer and how it goes wrong, if it does.

    An empty ``text`` and a ``text`` that is not JSON fail as they would with a real model.
    """

    text: str = ""
    ending: Ending = "stop"
    """``cut``: the stream breaks after the text; ``stall``: nothing more comes, until the deadline."""
    error: ProviderError | None = None
    """Raised after the text has been streamed; with an empty text, before anything."""
    piece: int = 0
    """Characters of a streamed piece; 0 streams the text in one."""
    delay: float = 0.0
    """Seconds before every piece."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A call that was made."""

    messages: tuple[ChatMessage, ...]
    sampling: Sampling
    schema: JsonSchema | None
    timeout: float | None


Answers = Sequence[str | ScriptedAnswer] | Callable[[Sequence[ChatMessage]], str | ScriptedAnswer]
Likelihood = Callable[[Sequence[ChatMessage], str], float]


class ScriptedModel:
    """Answers from a list, in order, or from a function of the messages.

    ``asked`` holds every call, ``closed`` how many streams ended early because their reader left. A list that is used up
    is an AssertionError (a mistake of the test), unless ``repeat`` starts it over.
    """

    def __init__(
        self,
        answers: Answers,
        *,
        name: str = "scripted",
        context_tokens: int = 4096,
        loglikelihood: Likelihood | None = None,
        repeat: bool = False,
    ) -> None:
        self._answers = answers
        self._name = name
        self._context_tokens = context_tokens
        self._loglikelihood = loglikelihood
        self._repeat = repeat
        self.asked: list[Asked] = []
        self.closed = 0

    @property
    def name(self) -> str:
        return self._name

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    def _next(self, messages: Sequence[ChatMessage]) -> ScriptedAnswer:
        if callable(self._answers):
            answer = self._answers(messages)
        else:
            at = len(self.asked) - 1
            left = self._repeat or at < len(self._answers)
            assert left, f"{self._name} has {len(self._answers)} answers and was asked for number {at + 1}"
            answer = self._answers[at % len(self._answers)]
        return ScriptedAnswer(text=answer) if isinstance(answer, str) else answer

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        sampling: Sampling,
        schema: JsonSchema | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> AsyncGenerator[StreamEvent, None]:
        """See ``LanguageModel.stream``. Stop strings and ``max_tokens`` are obeyed as a real backend would."""
        deadline = Deadline(timeout)
        self.asked.append(Asked(messages=tuple(messages), sampling=sampling, schema=schema, timeout=timeout))
        prompt_tokens = await self.count_tokens(messages)
        check_room(self._name, prompt_tokens, sampling, self._context_tokens)
        answer = self._next(messages)
        text, ending = _limited(answer, sampling)
        try:
            for piece in _pieces(text, answer.piece):
                await deadline.within(asyncio.sleep(answer.delay), self._name)
                yield TextDelta(text=piece)
        except GeneratorExit:
            self.closed += 1
            raise
        if answer.error is not None:
            raise answer.error
        if ending == "stall":
            await deadline.within(asyncio.Event().wait(), self._name)
        if ending == "cut" or ending == "stall":
            raise ProviderUnavailable(f"{self._name} was cut before its answer ended. Ask again.", retryable=True)
        usage = Usage(prompt_tokens=prompt_tokens, completion_tokens=_tokens(text))
        yield finished(self._name, text, ending, schema=schema, usage=usage, seconds=deadline.elapsed())

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Four tokens a message, and one for every four characters or part of them."""
        return sum(TOKENS_PER_MESSAGE + _tokens(message.content) for message in messages)

    async def loglikelihoods(
        self,
        messages: Sequence[ChatMessage],
        continuations: Sequence[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> list[float]:
        if self._loglikelihood is None:
            raise Unsupported(f"{self._name} was given no log-likelihoods. Pass loglikelihood=.")
        return [self._loglikelihood(messages, continuation) for continuation in continuations]

    async def aclose(self) -> None:
        """Nothing to free."""


def _tokens(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def _limited(answer: ScriptedAnswer, sampling: Sampling) -> tuple[str, Ending]:
    text, ending = answer.text, answer.ending
    if found := [at for stop in sampling.stop if stop and (at := text.find(stop)) >= 0]:
        text, ending = text[: min(found)], "stop"
    if _tokens(text) > sampling.max_tokens:
        text, ending = text[: sampling.max_tokens * CHARACTERS_PER_TOKEN], "length"
    return text, ending


def _pieces(text: str, size: int) -> list[str]:
    size = size or max(1, len(text))
    return [text[at : at + size] for at in range(0, len(text), size)]


class _Line(BaseModel):
    """A line of a script."""

    model_config = ConfigDict(extra="forbid")

    text: str
    ending: Ending = "stop"
    piece: int = 0
    delay: float = 0.0


def read_script(path: Path) -> list[ScriptedAnswer]:
    """The answers of a JSON Lines file: ``{"text", "ending"?, "piece"?, "delay"?}`` a line.

    Raises ``SettingsError`` naming the line that is wrong.
    """
    answers = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The script {str(path)!r} cannot be read: {error}.") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            answers.append(ScriptedAnswer(**_Line.model_validate_json(line).model_dump()))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "line"
            raise SettingsError(f"{path}:{number}: {where}: {first['msg']}") from None
    if not answers:
        raise SettingsError(f"The script {str(path)!r} holds no answer. Write one JSON object a line.")
    return answers
