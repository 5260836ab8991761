"""One draft for a case: a prompt rendered, a model asked, the answer read. The seam is ``Phraser``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.errors import BadModelOutput, ProviderError
from assistant.llm.base import ChatMessage, LanguageModel, Sampling, Usage, generate
from assistant.types import Fact
from evals.suite.cases import Case
from prompts import Prompt


class Answer(BaseModel):
    """What the model is asked for."""

    model_config = ConfigDict(extra="forbid")

    text: str
    fact_ids: list[str] = []


ANSWER_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "fact_ids": {"type": "array", "items": {"type": "string"}}},
    "required": ["text", "fact_ids"],
    "additionalProperties": False,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What a model wrote, before anything was checked."""

    text: str
    cited: tuple[str, ...] | None
    """Ids of the facts it names as its evidence; None when the form does not ask for them."""
    malformed: str | None = None
    """Why the answer could not be read; ``text`` is empty then. The model's fault, so it counts as not accepted."""
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0


class Phraser(Protocol):
    """Turns a case into a draft with one prompt and one model."""

    @property
    def prompt_label(self) -> str:
        """``name@version#digest``."""
        ...

    def messages(self, case: Case) -> tuple[ChatMessage, ...]:
        """The prompt as it is sent: part of the cache key."""
        ...

    async def draft(self, case: Case, model: LanguageModel, sampling: Sampling, within: float | None) -> Draft:
        """``within`` is in seconds. Raises ``ProviderError`` for a failure of infrastructure; what the model gets wrong is
        in the draft."""
        ...


def fact_line(fact: Fact) -> str:
    """``[f1] director: Ridley Scott``."""
    value = ", ".join(fact.value) if isinstance(fact.value, tuple) else str(fact.value)
    shared = f" (both: {'; '.join(f'{slot} {value}' for slot, value in fact.shared[:3])})" if fact.shared else ""
    slot = {"liked": "user liked", "asked_for": "user asked for", "often_likes": "user often likes"}.get(
        fact.slot, fact.slot
    )
    return f"[{fact.fact_id}] {slot}: {value}{shared}"


@dataclass(frozen=True, kw_only=True)
class PromptPhraser:
    """One generation from a prompt of the ``prompts`` package whose answer is JSON of a text and fact ids."""

    prompt: Prompt
    facts: int = 6
    """Facts given to the model, the most important first."""

    @property
    def prompt_label(self) -> str:
        return self.prompt.label

    def messages(self, case: Case) -> tuple[ChatMessage, ...]:
        values = {
            "title": case.title,
            "facts": [fact_line(fact) for fact in case.as_facts()[: self.facts]],
            "request": case.request,
        }
        declared = self.prompt.content.variables
        rendered = self.prompt.render(**{name: value for name, value in values.items() if name in declared})
        return tuple(ChatMessage(role=role, content=content) for role, content in rendered.messages)

    async def draft(self, case: Case, model: LanguageModel, sampling: Sampling, within: float | None) -> Draft:
        try:
            generation = await generate(
                model, self.messages(case), sampling=sampling, schema=ANSWER_SCHEMA, timeout=within
            )
        except BadModelOutput as error:
            return Draft(text="", cited=None, malformed=str(error))
        try:
            answer = Answer.model_validate(json.loads(generation.text))
        except (ValueError, ValidationError) as error:
            return Draft(
                text="",
                cited=None,
                malformed=f"not the form asked for: {str(error).splitlines()[0]}",
                usage=generation.usage,
                seconds=generation.seconds,
            )
        return Draft(
            text=" ".join(answer.text.split()),
            cited=tuple(dict.fromkeys(answer.fact_ids)),
            usage=generation.usage,
            seconds=generation.seconds,
        )


def failure(error: ProviderError) -> str:
    """A failure of infrastructure as a row shows it."""
    return f"{type(error).__name__}: {error}"
