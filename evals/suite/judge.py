"""A judge is a role: a model with a versioned prompt that compares two texts of a case, blind and in random order.

Its word is never mixed with the claim checker's figures; it is printed beside them, and its agreement with human labels
is printed where cases carry a label (``preferred``).
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.errors import BadModelOutput, ProviderError
from assistant.llm.base import ChatMessage, LanguageModel, Sampling, generate
from evals.statistics import Interval, mean_interval
from evals.suite.cases import Case, fact_line
from evals.suite.rows import Row, Variant
from evals.suite.tapped import DraftCache, TappedModel
from prompts import Prompt

Better = Literal["base", "other", "tie"]

SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {"better": {"type": "string", "enum": ["A", "B", "tie"]}},
    "required": ["better"],
    "additionalProperties": False,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """One comparison. ``better`` is None where the judge failed or its answer could not be read."""

    case: str
    cluster: str
    better: Better | None
    base_first: bool
    """Whether the base's text stood first."""
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeReport:
    """What the judge said of a variant against the base."""

    judge: str
    prompt: str
    variant: Variant
    compared: int
    failed: int
    preference: Interval | None
    """Mean of 1 for the variant, 0 for the base, 0.5 for a tie; 0.5 is no preference."""
    first_share: float | None
    """Share of decided comparisons won by the text shown first; far from 0.5 the judge looks at the place."""
    labelled: int
    agreement: float | None
    """Share of the labelled cases in which judge and label agree; None without labels."""
    kappa: float | None
    """Cohen's kappa of the same; None where chance alone agrees always."""


def base_first(case: Case, seed: int) -> bool:
    """Which text stands first: random, the same for the same case and seed, and the same for every judge."""
    return random.Random(f"{seed}:{case.id}").random() < 0.5


async def judge_pairs(
    cases: Sequence[Case],
    base: Mapping[str, Row],
    other: Mapping[str, Row],
    model: LanguageModel,
    prompt: Prompt,
    *,
    cache: DraftCache | None = None,
    seed: int = 0,
    within: float = 60.0,
    concurrency: int = 4,
) -> list[Judgement]:
    """Compare the drafts of two variants case by case. ``base`` and ``other`` hold a row by case id.

    The judge sees neither prompts' nor models' names. Cases without a draft on either side are left out.
    """
    gate = asyncio.Semaphore(concurrency)
    cache = cache if cache is not None else DraftCache(None)

    async def one(case: Case) -> Judgement:
        ours, theirs = base[case.id].draft, other[case.id].draft
        first = base_first(case, seed)
        rendered = prompt.render(
            title=case.title,
            request=case.request or "nothing in particular",
            facts=[fact_line(fact) for fact in case.as_facts()],
            first=ours if first else theirs,
            second=theirs if first else ours,
        )
        messages = [ChatMessage(role=role, content=content) for role, content in rendered.messages]
        judgement = Judgement(case=case.id, cluster=case.cluster, better=None, base_first=first)
        async with gate:
            try:
                answer = await generate(
                    TappedModel(model, cache, 0),
                    messages,
                    sampling=Sampling(max_tokens=16),
                    schema=SCHEMA,
                    timeout=within,
                )
                said = json.loads(answer.text)["better"]
            except BadModelOutput as error:
                return _failed(judgement, f"not the form asked for: {error}")
            except (ValueError, KeyError, TypeError) as error:
                return _failed(judgement, f"not the form asked for: {error!r}")
            except ProviderError as error:
                return _failed(judgement, f"{type(error).__name__}: {error}")
        if said not in ("A", "B", "tie"):
            return _failed(judgement, f"not the form asked for: {said!r}")
        better: Better = "tie" if said == "tie" else "base" if (said == "A") == first else "other"
        return Judgement(case=case.id, cluster=case.cluster, better=better, base_first=first)

    both = [
        case for case in cases if case.id in base and case.id in other and base[case.id].draft and other[case.id].draft
    ]
    return list(await asyncio.gather(*(one(case) for case in both)))


def _failed(judgement: Judgement, why: str) -> Judgement:
    return Judgement(
        case=judgement.case, cluster=judgement.cluster, better=None, base_first=judgement.base_first, error=why
    )


def judge_report(
    judgements: Sequence[Judgement],
    cases: Sequence[Case],
    base: Variant,
    variant: Variant,
    *,
    judge: str,
    prompt: str,
) -> JudgeReport:
    """Preference with its interval, the pull of the first place, and the agreement with labels."""
    worth = {"other": 1.0, "base": 0.0, "tie": 0.5}
    good = [j for j in judgements if j.better is not None]
    decided = [j for j in good if j.better != "tie"]
    won_first = [(j.better == "base") == j.base_first for j in decided]
    labels = {case.id: label for case in cases if (label := _label(case, base, variant)) is not None}
    pairs = [(labels[j.case], j.better) for j in good if j.case in labels and j.better is not None]
    return JudgeReport(
        judge=judge,
        prompt=prompt,
        variant=variant,
        compared=len(good),
        failed=len(judgements) - len(good),
        preference=mean_interval([worth[j.better] for j in good if j.better], [j.cluster for j in good]),
        first_share=sum(won_first) / len(won_first) if won_first else None,
        labelled=len(pairs),
        agreement=sum(a == b for a, b in pairs) / len(pairs) if pairs else None,
        kappa=_kappa(pairs),
    )


def _label(case: Case, base: Variant, variant: Variant) -> Better | None:
    """A person's preference, where it is about these two."""
    if case.preferred == "tie":
        return "tie"
    sides: tuple[tuple[Better, Variant], ...] = (("base", base), ("other", variant))
    for better, one in sides:
        if case.preferred in (one.name, one.prompt, one.prompt.split("#")[0]):
            return better
    return None


def _kappa(pairs: Sequence[tuple[Better, Better]]) -> float | None:
    """Cohen 1960."""
    if not pairs:
        return None
    n = len(pairs)
    observed = sum(a == b for a, b in pairs) / n
    chance = sum(
        sum(a == kind for a, _ in pairs) * sum(b == kind for _, b in pairs) for kind in ("base", "other", "tie")
    ) / (n * n)
    return (observed - chance) / (1 - chance) if chance < 1 else None
