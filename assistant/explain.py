"""Facts become a verified reason: a model drafts, the checker decides, a template stands in.

A draft is thrown away when it cites what was not in the list, claims what the evidence does not bear, names somebody who
is not in the facts, or is not a clean sentence or two. It is asked for once more, then the template speaks. No failure of
the model, and no deadline, keeps a reason from being given.
"""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import re
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError

import prompts as prompt_files
from assistant.drafts import fact_line, sentence_spans, unfounded_words, untidy, values_of
from assistant.errors import BadModelOutput, ContextOverflow, ProviderError
from assistant.faithfulness import ClaimChecker, Evidence, is_supported
from assistant.llm.base import ChatMessage, LanguageModel, Sampling, StreamEvent, TextDelta, Usage, generate
from assistant.llm.budget import fit
from assistant.phrases import Phrased, reasons
from assistant.phrases.labels import clean_title, instructs
from assistant.phrases.templates import EMPTY
from assistant.phrases.told import table_of, told_reasons
from assistant.text import clean, fold, has_han
from assistant.types import Claim, Explanation, Fact, Item
from prompts import Prompt

log = logging.getLogger(__name__)

Style = Literal["auto", "write", "choose", "template"]

CHOOSERS = ("smollm2-135m", "smollm2-360m", "qwen2.5-0.5b", "qwen2.5-coder-0.5b")
"""Parts of the names of models that choose a sentence unless told to write one: see ``docs/phrasing.md``."""
PROMPTED = "en"
"""The language that prompts are written in. A reply in another one is phrased by its sentences alone: a prompt in English
with facts in English gets English, and the small models know little else."""
WRITTEN = "written"
"""The shape of a draft in the model's own words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainSettings:
    """How reasons are phrased."""

    style: Style = "auto"
    """``write``: the model writes its own sentences from the facts. ``choose``: it chooses, under a grammar, among
    sentences made from them. ``template``: no model is asked. ``auto`` is ``choose`` for the models in ``CHOOSERS`` and
    ``write`` for every other."""
    tries: int = 2
    """Drafts asked for before the template stands in."""
    temperature: float = 0.3
    """Of the first draft."""
    retry_temperature: float = 0.8
    """Of later drafts: the same draft again would be rejected again."""
    max_tokens: int = 140
    """Of a draft, its JSON included."""
    choices: int = 6
    """Sentences that ``choose`` offers."""
    choose_facts: int = 5
    """Facts that a model which chooses is told: the sentences hold the others, and a short prompt is read faster."""
    failures: int = 2
    """After so many failures of the model itself it is not asked for the other cards of the reply."""
    retry_facts: int = 4
    """Facts that a later draft of ``write`` is made from: a shorter list is followed better."""
    least_seconds: float = 0.15
    """With less time left than this, the model is not asked."""
    most_unfounded: int = 0
    """A written draft may hold so many words that neither the evidence nor the general vocabulary knows. With one, 1 in
    2,000 instructions behind a true sentence came through; none of the good drafts that were read needs one."""
    least_words: int = 6
    most_words: int = 48
    """A draft outside these is rejected."""


class _Written(BaseModel):
    """A draft in the model's own words."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str
    fact_ids: list[str]


class _Chosen(BaseModel):
    """A sentence that the model chose."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str


@dataclass(frozen=True, slots=True)
class _Draft:
    text: str
    fact_ids: tuple[str, ...]
    shape: str


class _Rejected(Exception):
    """A draft that is not shown; the message says why."""


class Explainer:
    """Phrases reasons. Without a model, or with the style ``template``, every reason is the best of the templates'."""

    def __init__(
        self,
        model: LanguageModel | None = None,
        *,
        checker: ClaimChecker | None = None,
        prompt: Prompt | None = None,
        prompts: Path | None = None,
        settings: ExplainSettings | None = None,
    ) -> None:
        """``prompts`` is a folder whose prompt ``explain`` replaces the packaged one, unless ``prompt`` is given.

        Raises ``prompts.PromptError`` for a prompt that is malformed.
        """
        self.settings = settings or ExplainSettings()
        self._model = None if self.settings.style == "template" else model
        self._checker = checker or ClaimChecker()
        self._prompt = prompt or prompt_files.load("explain", folder=prompts)
        self._turn = asyncio.Lock()
        self._failures = 0
        self._failure = ""
        self.spent: list[Usage] = []
        """What each answer of the model cost."""

    def using(self, checker: ClaimChecker) -> Explainer:
        """The same explainer for one reply, with a checker that knows its catalogue."""
        other = copy.copy(self)
        other._checker = checker
        other._turn = asyncio.Lock()
        other._failures = 0
        other.spent = []
        return other

    async def explain(
        self,
        item: Item,
        facts: Sequence[Fact],
        evidence: Evidence,
        *,
        used: list[str],
        deadline: float,
        seed: str | None = None,
    ) -> Explanation:
        """The reason for ``item`` from ``facts`` (most important first), by ``deadline`` (``time.monotonic``).

        ``used`` holds the shapes of the reply's cards so far; the shape of this one is appended. ``seed`` (by default what
        the user asked) varies the choice of sentences; the same seed and item give the same template. Cancelling it stops
        the model.
        """
        seed = "|".join(evidence.asked) if seed is None else seed
        rejected: list[str] = []
        if self._failures >= self.settings.failures:
            rejected.append(f"not asked after {self._failures} failures: {self._failure}")
        elif self._model is not None and facts and evidence.language == PROMPTED:
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    explained = await self._by_model(self._model, item, facts, evidence, used, seed, deadline, rejected)
            except TimeoutError:
                explained = None
                rejected.append("late: the time for the reply was over")
            if explained is not None:
                return explained
        return self._by_template(item, facts, evidence, used, seed, tuple(rejected))

    def _by_template(
        self,
        item: Item,
        facts: Sequence[Fact],
        evidence: Evidence,
        used: list[str],
        seed: str,
        rejected: tuple[str, ...],
    ) -> Explanation:
        phrased = next(
            self._reasons(item, facts, evidence, used, seed), Phrased(text=EMPTY, spans=(), shape="empty", fact_ids=())
        )
        used.append(phrased.shape)
        return Explanation(
            text=phrased.text,
            phrased_by="template",
            facts=_cited(facts, phrased.fact_ids),
            claims=self._checker.check(phrased.text, evidence),
            rejected=rejected,
        )

    def _reasons(
        self, item: Item, facts: Sequence[Fact], evidence: Evidence, used: Sequence[str], seed: str
    ) -> Iterator[Phrased]:
        """The sentences that can be made from the facts in the language of the reply, the best first."""

        def accept(text: str) -> bool:
            return is_supported(self._checker.check(text, evidence))

        if evidence.language != PROMPTED and table_of(evidence.language) is not None:
            return told_reasons(
                evidence.language,
                facts,
                evidence.record,
                lambda slot, value: evidence.said.get((slot, fold(value))) or (value if has_han(value) else None),
                seed=seed,
                item_id=item.item_id,
                used=used,
                accept=accept,
            )
        return reasons(facts, evidence.record, seed=seed, item_id=item.item_id, used=used, accept=accept)

    async def _by_model(
        self,
        model: LanguageModel,
        item: Item,
        facts: Sequence[Fact],
        evidence: Evidence,
        used: list[str],
        seed: str,
        deadline: float,
        rejected: list[str],
    ) -> Explanation | None:
        """A verified draft, or None; ``rejected`` is told why."""
        for attempt in range(self.settings.tries):
            try:
                if self._chooses(model):
                    async with self._turn:  # one after the other, so that each sees the shapes before it
                        draft = await self._choose(model, item, facts, evidence, used, seed, deadline, attempt)
                        used.append(draft.shape)
                else:
                    draft = await self._write(model, item, facts, deadline, attempt)
                claims = self._verified(draft, facts, evidence)
            except _Rejected as reason:
                rejected.append(str(reason))
            except ProviderError as error:
                rejected.append(f"{type(error).__name__}: {error}")
                if not isinstance(error, BadModelOutput | ContextOverflow):
                    self._failures += 1
                    self._failure = rejected[-1]
                if not error.retryable or self._failures >= self.settings.failures:
                    return None
            else:
                return Explanation(
                    text=draft.text,
                    phrased_by="model" if draft.shape == WRITTEN else "template",
                    facts=_cited(facts, draft.fact_ids),
                    claims=claims,
                    model=model.name,
                    prompt=self._prompt.label,
                    rejected=tuple(rejected),
                )
        return None

    def _chooses(self, model: LanguageModel) -> bool:
        if self.settings.style != "auto":
            return self.settings.style == "choose"
        return any(part in model.name.casefold() for part in CHOOSERS)

    # drafts

    async def _write(
        self, model: LanguageModel, item: Item, facts: Sequence[Fact], deadline: float, attempt: int
    ) -> _Draft:
        """A draft in the model's own words."""
        offered = [fact for fact in facts if fact_line(fact) is not None]
        if attempt:
            offered = offered[: self.settings.retry_facts]
        schema = {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "fact_ids": {"type": "array", "items": {"type": "string", "enum": [fact.fact_id for fact in offered]}},
            },
            "required": ["text", "fact_ids"],
            "additionalProperties": False,
        }
        answer = await self._ask(model, item, offered, schema, deadline, attempt, sections=("examples",))
        try:
            written = _Written.model_validate_json(answer)
        except ValidationError as error:
            raise _Rejected(f"not the form asked for: {error.errors()[0]['msg']}") from None
        if unknown := sorted(set(written.fact_ids) - {fact.fact_id for fact in offered}):
            raise _Rejected(f"cites {unknown[0]!r}, which is not in the list")
        return _Draft(text=clean(written.text), fact_ids=tuple(dict.fromkeys(written.fact_ids)), shape=WRITTEN)

    async def _choose(
        self,
        model: LanguageModel,
        item: Item,
        facts: Sequence[Fact],
        evidence: Evidence,
        used: Sequence[str],
        seed: str,
        deadline: float,
        attempt: int,
    ) -> _Draft:
        """One of the best few sentences that can be made from the facts, by the model's own likelihoods."""
        made = self._reasons(item, facts, evidence, used, seed)
        offered: Mapping[str, Phrased] = {reason.text: reason for reason in islice(made, self.settings.choices)}
        if not offered:
            raise _Rejected("no sentence can be made from the facts")
        schema = {
            "type": "object",
            "properties": {"text": {"type": "string", "enum": list(offered)}},
            "required": ["text"],
            "additionalProperties": False,
        }
        lines = [fact for fact in facts if fact_line(fact) is not None][: self.settings.choose_facts]
        chosen = await self._ask(model, item, lines, schema, deadline, attempt, among=list(offered))
        if chosen not in offered:
            raise _Rejected("not one of the sentences offered")
        return _Draft(text=chosen, fact_ids=offered[chosen].fact_ids, shape=offered[chosen].shape)

    async def _ask(
        self,
        model: LanguageModel,
        item: Item,
        facts: Sequence[Fact],
        schema: Mapping[str, Any],
        deadline: float,
        attempt: int,
        sections: tuple[str, ...] = (),
        among: Sequence[str] = (),
    ) -> str:
        """The model's answer; with ``among``, the one of these texts that it has chosen."""

        def build(kept: Sequence[Fact]) -> list[ChatMessage]:
            lines = [f"{fact.fact_id}: {fact_line(fact)}" for fact in kept]
            title = clean_title(item.title) or "this one"
            rendered = self._prompt.render(title=title, facts=lines, sections=sections)
            return [ChatMessage(role=role, content=content) for role, content in rendered.messages]

        fitted = await fit(model, build, facts, answer_tokens=self.settings.max_tokens)
        if fitted.dropped:
            ids = ", ".join(fact.fact_id for fact in fitted.dropped)
            log.info("%s: facts %s left out of the prompt for %s", model.name, ids, item.item_id)
        left = deadline - time.monotonic()
        if left < self.settings.least_seconds:
            raise TimeoutError
        sampling = Sampling(
            max_tokens=self.settings.max_tokens,
            temperature=self.settings.retry_temperature if attempt else self.settings.temperature,
            seed=attempt,
        )
        if among:
            chosen = await _choice(model, fitted.messages, among, sampling, schema, left)
            self.spent.append(Usage(prompt_tokens=fitted.tokens))  # stopped in the middle, it was not told the rest
            return chosen
        answer = await generate(model, fitted.messages, sampling=sampling, schema=schema, timeout=left)
        self.spent.append(answer.usage)
        if answer.finish_reason == "length":
            raise _Rejected("cut off: it grew too long")
        return answer.text

    # verification

    def _verified(self, draft: _Draft, facts: Sequence[Fact], evidence: Evidence) -> tuple[Claim, ...]:
        """The claims of a draft that may be shown; raises ``_Rejected`` for any other."""
        if draft.shape == WRITTEN and (
            problem := untidy(draft.text, least_words=self.settings.least_words, most_words=self.settings.most_words)
        ):
            raise _Rejected(problem)
        plain = draft.text
        for fact in facts:
            if fact.slot in ("liked", "bought", "like"):
                plain = plain.replace(str(fact.value), "")
        if draft.shape == WRITTEN and (instructs(plain) or "?" in plain):
            raise _Rejected("asks or instructs")
        if not draft.fact_ids:
            raise _Rejected("cites no fact")
        claims = self._checker.check(draft.text, evidence)
        for claim in claims:
            if claim.verdict in ("contradicted", "absent"):
                raise _Rejected(f"{claim.verdict}: {claim.text!r} as {claim.slot}")
        if draft.shape == WRITTEN:
            unfounded = unfounded_words(draft.text, evidence)
            if len(unfounded) > self.settings.most_unfounded:
                raise _Rejected(f"says what no fact speaks of: {', '.join(map(repr, unfounded[:5]))}")
        # Made sentences are whole; what a model writes may put an instruction behind a true sentence.
        spans = sentence_spans(draft.text) if draft.shape == WRITTEN else [(0, len(draft.text))]
        for start, end in spans:
            if not any(claim.verdict == "supported" and start <= claim.start < end for claim in claims):
                raise _Rejected(f"a sentence says nothing that the facts bear: {draft.text[start:end]!r:.80}")
        known = " ".join(fold(text) for fact in facts for text in values_of(fact))
        for claim in claims:
            if claim.text[:1].isupper() and claim.source == "catalogue" and isinstance(claim.value, str):
                named = claim.text[1:].lower() != claim.text[1:]
                if named and fold(claim.value) not in known and claim.slot != "title":
                    raise _Rejected(f"{claim.text!r} is not in the facts")
        return claims


async def _choice(
    model: LanguageModel,
    messages: Sequence[ChatMessage],
    among: Sequence[str],
    sampling: Sampling,
    schema: Mapping[str, Any],
    timeout: float,  # noqa: ASYNC109 - handed on to the model
) -> str:
    """Which of the texts the model gives. Once what it has said fits only one of them it is stopped: the grammar leaves
    it nothing else to say, and most of the time of an answer is in its tokens."""
    said = ""
    stream = model.stream(messages, sampling=sampling, schema=schema, timeout=timeout)
    async with aclosing(cast("AsyncGenerator[StreamEvent]", stream)) as events:  # the Protocol asks for aclose
        async for event in events:
            if isinstance(event, TextDelta):
                said += event.text
                left = _continuing(said, among)
                if len(left) == 1 and len(among) > 1:
                    return left[0]
            else:
                said = event.text
    try:
        return _Chosen.model_validate_json(said).text
    except ValidationError as error:
        raise _Rejected(f"not the form asked for: {error.errors()[0]['msg']}") from None


def _continuing(said: str, among: Sequence[str]) -> list[str]:
    """The texts whose JSON begins as what has been said; all of them before the text has begun."""
    begun = re.match(r'\s*\{\s*"text"\s*:\s*"', said)
    if begun is None:
        return list(among)
    rest = said[begun.end() :]
    return [text for text in among if json.dumps(text, ensure_ascii=False)[1:].startswith(rest)]


def _cited(facts: Sequence[Fact], ids: Sequence[str]) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if fact.fact_id in ids)
