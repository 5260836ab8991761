"""What is evaluated: something that writes a reason for a case with a prompt and a model. The seam is ``Phraser``."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.errors import ProviderTimeout
from assistant.explain import Explainer, ExplainSettings, Style
from assistant.faithfulness import ClaimChecker
from assistant.llm.base import Sampling
from assistant.types import Item, PhrasedBy
from evals.suite.cases import Case
from evals.suite.tapped import TappedModel
from prompts import Prompt, Rendered


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A raw draft, and what was made of it."""

    draft: str
    """As the model wrote it. Of an answer that was cut off, as far as it came; empty when there is no text to be found."""
    cited: tuple[str, ...] | None
    """Ids of the facts that the draft names as its evidence."""
    malformed: str | None
    """Why the answer could not be read."""
    accepted: bool
    rejected: str | None
    shown: str
    phrased_by: PhrasedBy


class AnyPrompt(Prompt):
    """A prompt that is rendered with what it declares of what it is given, so that versions with other variables and
    sections can be compared."""

    def render(self, *, sections: Collection[str] = (), **values: str | int | float | Sequence[str]) -> Rendered:
        """See ``Prompt.render``."""
        known = [section for section in sections if section in self.content.sections]
        given = {name: value for name, value in values.items() if name in self.content.variables}
        return Prompt.render(self, sections=known, **given)

    @classmethod
    def of(cls, prompt: Prompt) -> AnyPrompt:
        return cls(name=prompt.name, version=prompt.version, digest=prompt.digest, content=prompt.content)


class Phraser(Protocol):
    """Writes the reason of a case, once, without trying again."""

    @property
    def prompt_label(self) -> str:
        """``name@version#digest``."""
        ...

    async def write(
        self, case: Case, model: TappedModel, checker: ClaimChecker, sampling: Sampling, within: float
    ) -> Written:
        """``within`` is in seconds. Raises ``ProviderError`` for a failure of infrastructure; what the model gets wrong
        is in the result."""
        ...


@dataclass(frozen=True, kw_only=True)
class ExplainerPhraser:
    """The explainer that serves replies, with one try: what it makes of a draft here it makes of it there."""

    prompt: Prompt
    style: Style = "write"
    """``choose`` and ``auto`` as in ``ExplainSettings``; a model that chooses among made sentences cannot say a wrong
    one, so prompts are best compared by what models write."""

    @property
    def prompt_label(self) -> str:
        return self.prompt.label

    async def write(
        self, case: Case, model: TappedModel, checker: ClaimChecker, sampling: Sampling, within: float
    ) -> Written:
        settings = ExplainSettings(
            style=self.style,
            tries=1,
            temperature=sampling.temperature,
            max_tokens=sampling.max_tokens,
        )
        explainer = Explainer(model, checker=checker, prompt=AnyPrompt.of(self.prompt), settings=settings)
        explanation = await explainer.explain(
            Item(item_id=case.item_id, title=case.title),
            case.as_facts(),
            case.evidence(),
            used=[],
            deadline=time.monotonic() + within,
            seed=case.id,
        )
        if not model.calls:
            if model.failure is not None:
                raise model.failure
            raise ProviderTimeout(f"{model.name} gave no answer within {within:g} s.", retryable=True)
        accepted = explanation.model is not None
        call = model.calls[0].kept
        text, cited, malformed = call.text, None, call.malformed
        if accepted:
            text, cited = explanation.text, tuple(fact.fact_id for fact in explanation.facts)
        elif malformed is None:
            text, cited, malformed = _read(call.text)
        else:
            text = _begun(call.text)
        return Written(
            draft=text,
            cited=cited,
            malformed=malformed,
            accepted=accepted,
            rejected=None if accepted else explanation.rejected[0] if explanation.rejected else "no fact to phrase",
            shown=explanation.text,
            phrased_by=explanation.phrased_by,
        )


def _read(answer: str) -> tuple[str, tuple[str, ...] | None, str | None]:
    """Text, cited ids, and why it could not be read, of an answer ``{"text": …, "fact_ids": […]}``."""
    try:
        document = json.loads(answer)
    except json.JSONDecodeError as error:
        return _begun(answer), None, f"not JSON: {error}"
    if not isinstance(document, dict) or not isinstance(document.get("text"), str):
        return "", None, "there is no text in it"
    cited = document.get("fact_ids")
    ids = tuple(dict.fromkeys(map(str, cited))) if isinstance(cited, list) else None
    return " ".join(document["text"].split()), ids, None


def _begun(answer: str) -> str:
    """The text of an answer that breaks off: what it says until then is said, and is checked like any other draft."""
    found = re.match(r'\s*\{\s*"text"\s*:\s*("(?:[^"\\]|\\.)*)', answer)
    if found is None:
        return ""
    try:
        return " ".join(str(json.loads(found[1] + '"')).split())
    except json.JSONDecodeError:  # it breaks off within an escape
        return ""
