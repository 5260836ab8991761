"""Runs the grid: every case with every prompt and model, several times, a few at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.errors import ProviderError
from assistant.faithfulness import ClaimChecker, is_supported
from assistant.llm.base import LanguageModel, Sampling
from assistant.phrases import phrase
from evals.claim_scores import score_claims, scorer_version
from evals.suite.cases import Case
from evals.suite.phrasing import Draft, Phraser, failure
from evals.suite.rows import DraftCache, Row, Variant, generation_key


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """How the grid is run."""

    repeats: int = 1
    concurrency: int = 4
    """Generations at once. A local model queues them itself."""
    sampling: Sampling = field(default_factory=lambda: Sampling(max_tokens=120, temperature=0.4))
    """The repeat's number is added to the seed, so that repeats differ and a run is the same each time."""
    within: float | None = 60.0
    """Seconds for one generation; later is a failure of infrastructure."""
    cost_limit: float | None = None
    """US dollars; when reached, what is left is not asked for and the run says so."""
    failures_in_a_row: int = 20
    """After so many failures without a success between them, the rest of that model is not tried."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far the run is."""

    done: int
    total: int
    cached: int
    failed: int
    cost: float
    cost_known: bool


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished, or stopped, run."""

    rows: tuple[Row, ...]
    """By variant, case and repeat, in the order of the grid."""
    variants: tuple[Variant, ...]
    cases: tuple[Case, ...]
    repeats: int
    scorer: str
    cost: float
    """Dollars spent in this run; what came from the cache cost nothing again."""
    cost_known: bool
    stopped: str | None = None
    """Why it ended before its end."""


def judge_draft(case: Case, draft: Draft, checker: ClaimChecker, row: Row) -> Row:
    """Check a draft, decide whether it would be shown, and what would be shown instead."""
    evidence = case.evidence()
    known = {fact.fact_id for fact in case.facts}
    score = None if draft.malformed is not None else score_claims(checker.check(draft.text, evidence), draft.cited)
    unknown = [fact for fact in draft.cited or () if fact not in known]
    if score is None:
        rejected: str | None = draft.malformed
    elif not draft.text.strip():
        rejected = "the text is empty"
    elif score.vacuous:
        rejected = "it claims nothing"
    elif not is_supported(score.claims):
        wrong = next(claim for claim in score.claims if claim.verdict in ("contradicted", "absent"))
        rejected = f"{wrong.text!r} is {wrong.verdict}"
    elif unknown:
        rejected = f"it cites {unknown[0]!r}, which is not in the list"
    else:
        rejected = None
    if rejected is None:
        assert score is not None
        shown, shown_score = draft.text, score_claims(score.claims, None)
    else:
        shown = phrase(case.as_facts(), case.record, seed=case.id, item_id=case.item_id).text
        shown_score = score_claims(checker.check(shown, evidence), None)
    return replace(
        row,
        draft=draft.text,
        cited=draft.cited,
        malformed=draft.malformed,
        score=score,
        accepted=rejected is None,
        rejected=rejected,
        shown=shown,
        phrased_by="model" if rejected is None else "template",
        shown_score=shown_score,
        seconds=draft.seconds,
        prompt_tokens=draft.usage.prompt_tokens,
        completion_tokens=draft.usage.completion_tokens,
        cost=draft.usage.cost,
    )


async def run_grid(
    cases: Sequence[Case],
    phrasers: Sequence[Phraser],
    models: Mapping[str, LanguageModel],
    checker: ClaimChecker,
    config: RunConfig,
    *,
    cache: DraftCache | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Run:
    """Fill the grid. A failure of infrastructure becomes a row with its ``error``; it is never a score.

    What is in the cache is not asked for again, so a run that was stopped goes on where it was.
    """
    cache = cache if cache is not None else DraftCache(None)
    gate = asyncio.Semaphore(config.concurrency)
    state = _State()
    variants = [Variant(prompt=p.prompt_label, model=name) for p in phrasers for name in models]
    cells = [
        (phraser, name, case, repeat)
        for phraser in phrasers
        for name in models
        for case in cases
        for repeat in range(config.repeats)
    ]
    rows: list[Row | None] = [None] * len(cells)

    async def fill(place: int) -> None:
        phraser, name, case, repeat = cells[place]
        variant = Variant(prompt=phraser.prompt_label, model=name)
        row = Row(case=case.id, cluster=case.cluster, variant=variant, repeat=repeat)
        async with gate:
            sampling = replace(config.sampling, seed=config.sampling.seed + repeat)
            key = generation_key(phraser.messages(case), name, sampling, repeat)
            draft = cache.get(key)
            if draft is not None:
                row = replace(judge_draft(case, draft, checker, row), cached=True)
                state.cached += 1
            elif state.stopped is not None or state.in_a_row.get(name, 0) >= config.failures_in_a_row:
                reason = state.stopped or f"{config.failures_in_a_row} failures in a row"
                if state.stopped is None:
                    row = replace(row, error=f"not tried after {reason}")
                    state.failed += 1
                else:
                    return
            else:
                row = await _asked(phraser, models[name], case, sampling, row, key, name)
        rows[place] = row
        state.done += 1
        progress(state.progress(len(cells)))

    async def _asked(
        phraser: Phraser, model: LanguageModel, case: Case, sampling: Sampling, row: Row, key: str, name: str
    ) -> Row:
        try:
            draft = await phraser.draft(case, model, sampling, config.within)
        except ProviderError as error:
            state.failed += 1
            state.in_a_row[name] = state.in_a_row.get(name, 0) + 1
            return replace(row, error=failure(error))
        state.in_a_row[name] = 0
        cache.put(key, draft)
        if draft.usage.cost is None:
            state.cost_known = state.cost_known and not name.startswith("openai:")
        else:
            state.cost += draft.usage.cost
        if config.cost_limit is not None and state.cost >= config.cost_limit and state.stopped is None:
            state.stopped = f"the cost limit of ${config.cost_limit:.2f} is reached; run again to go on"
        return judge_draft(case, draft, checker, row)

    async with asyncio.TaskGroup() as group:
        for place in range(len(cells)):
            group.create_task(fill(place))
    return Run(
        rows=tuple(row for row in rows if row is not None),
        variants=tuple(variants),
        cases=tuple(cases),
        repeats=config.repeats,
        scorer=scorer_version(),
        cost=state.cost,
        cost_known=state.cost_known,
        stopped=state.stopped,
    )


@dataclass
class _State:
    """What changes while the grid is filled; touched by one event loop only."""

    done: int = 0
    cached: int = 0
    failed: int = 0
    cost: float = 0.0
    cost_known: bool = True
    stopped: str | None = None
    in_a_row: dict[str, int] = field(default_factory=dict)

    def progress(self, total: int) -> Progress:
        return Progress(
            done=self.done,
            total=total,
            cached=self.cached,
            failed=self.failed,
            cost=self.cost,
            cost_known=self.cost_known,
        )
