"""The last tier: a model as a judge of the claims that rules, and inference where it is used, leave uncheckable.

The judge is a role with a versioned prompt. It sees evidence, text and claim, and nothing of who wrote the text. A failure
is counted and is no verdict: the claim stays uncheckable. Scores without the judge are kept apart and shown beside.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.errors import BadModelOutput, ProviderError
from assistant.faithfulness import Evidence
from assistant.faithfulness.sentences import hypothesis, sentence
from assistant.llm.base import ChatMessage, LanguageModel, Sampling, generate
from assistant.types import Claim, Verdict
from evals.claim_scores import ClaimScore, score_claims
from evals.errors import EvaluationError
from evals.faithfulness import Text
from evals.suite.tapped import DraftCache, TappedModel
from prompts import Prompt

TIER = "judge"
VARIABLES = frozenset({"title", "evidence", "text", "words", "claim"})
VERDICTS: Mapping[str, Verdict] = {
    "supported": "supported",
    "contradicted": "contradicted",
    "absent": "absent",
    "uncheckable": "uncheckable",
}
SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": list(VERDICTS)}},
    "required": ["verdict"],
    "additionalProperties": False,
}

_DID = {"liked": "liked", "disliked": "disliked", "seen": "saw", "bought": "bought"}
Question = tuple[ChatMessage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimJudgeConfig:
    """How the judge is asked."""

    within: float = 60.0
    """Seconds for one answer."""
    concurrency: int = 4
    """Answers waited for at the same time."""
    max_tokens: int = 24
    """Of an answer; the longest verdict in its JSON takes about a dozen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedClaims:
    """What the judge made of the claims that were left to it."""

    scores: tuple[ClaimScore, ...]
    """Of the same texts, with the judge's verdicts in."""
    asked: int
    """Claims that were left uncheckable."""
    decided: int
    """Of these, claims with another verdict now."""
    failed: int
    """Of these, claims of which nothing was heard, or nothing readable: they stay uncheckable."""
    failures: Mapping[str, int]
    """Claims by why it failed."""
    cost: float | None
    """US dollars; None where a price is not known."""


async def judge_claims(
    texts: Sequence[Text],
    scores: Sequence[ClaimScore],
    model: LanguageModel,
    prompt: Prompt,
    *,
    config: ClaimJudgeConfig | None = None,
    cache: DraftCache | None = None,
) -> JudgedClaims:
    """Ask about every uncheckable claim of ``scores``, which belong to ``texts``; the same question only once.

    Raises ``EvaluationError`` for a prompt that is made for something else.
    """
    check_prompt(prompt)
    config = config or ClaimJudgeConfig()
    gate = asyncio.Semaphore(config.concurrency)
    tapped = TappedModel(model, cache if cache is not None else DraftCache(None), 0)
    questions: dict[tuple[int, int], Question] = {}
    for number, (text, score) in enumerate(zip(texts, scores, strict=True)):
        for place, claim in enumerate(score.claims):
            if claim.verdict == "uncheckable":
                questions[number, place] = _question(prompt, text, claim)

    async def one(question: Question) -> tuple[Verdict | None, str]:
        async with gate:
            try:
                answer = await generate(
                    tapped,
                    question,
                    sampling=Sampling(max_tokens=config.max_tokens),
                    schema=SCHEMA,
                    timeout=config.within,
                )
                return VERDICTS[json.loads(answer.text)["verdict"]], ""
            except (BadModelOutput, ValueError, KeyError, TypeError):
                return None, "not the form asked for"
            except ProviderError as error:
                return None, f"{type(error).__name__}: {error}"

    unique = list(dict.fromkeys(questions.values()))
    answers = dict(zip(unique, await asyncio.gather(*(one(question) for question in unique)), strict=True))
    judged = []
    failures: Counter[str] = Counter()
    decided = 0
    for number, (text, score) in enumerate(zip(texts, scores, strict=True)):
        claims = list(score.claims)
        for place, claim in enumerate(claims):
            if (number, place) not in questions:
                continue
            verdict, why = answers[questions[number, place]]
            if verdict is None:
                failures[why] += 1
            elif verdict != "uncheckable":
                decided += 1
                claims[place] = replace(claim, verdict=verdict, tier=TIER)
        judged.append(score_claims(claims, text.cited))
    costs = [call.kept.cost for call in tapped.calls]
    return JudgedClaims(
        scores=tuple(judged),
        asked=len(questions),
        decided=decided,
        failed=failures.total(),
        failures=dict(failures.most_common()),
        cost=None if any(cost is None for cost in costs) else sum(cost for cost in costs if cost is not None),
    )


def check_prompt(prompt: Prompt) -> None:
    """Raises ``EvaluationError`` unless the prompt has the variables that a judge of claims is given."""
    if set(prompt.content.variables) != VARIABLES:
        raise EvaluationError(
            f"The prompt {prompt.label} has the variables {', '.join(sorted(prompt.content.variables))}; a judge of claims "
            f"is given {', '.join(sorted(VARIABLES))}. Begin with a copy of the packaged prompt 'verdict'."
        )


def _question(prompt: Prompt, text: Text, claim: Claim) -> Question:
    rendered = prompt.render(
        title=str(text.evidence.record.get("title", "the item")),
        evidence=evidence_lines(text.evidence) or ["Nothing is known."],
        text=text.text,
        words=claim.text,
        claim=hypothesis(claim),
    )
    return tuple(ChatMessage(role=role, content=content) for role, content in rendered.messages)


def evidence_lines(evidence: Evidence) -> list[str]:
    """Everything a text may rest on, a sentence a line: the record, then what is known of the user."""
    lines = [sentence(slot, value) for slot, value in evidence.record.items()]
    lines += [f"The person {_DID[item.relation]} {item.title}." for item in evidence.history]
    lines += [f"The person said: {words}" for words in evidence.asked]
    return lines
