"""Runs the grid: every case with every prompt and model, several times, a few at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.errors import ProviderError
from assistant.faithfulness import ClaimChecker
from assistant.llm.base import LanguageModel, Sampling
from evals.claim_scores import score_claims, scorer_version
from evals.suite.cases import Case
from evals.suite.phrasing import Phraser, Written
from evals.suite.rows import Row, Variant
from evals.suite.tapped import Call, DraftCache, TappedModel

OWN_MACHINE = ("llama-cpp:", "scripted")
"""Models whose drafts cost no money."""


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """How the grid is run."""

    repeats: int = 1
    concurrency: int = 4
    """Generations at once. A local model (``llama-cpp:``) is always asked one at a time: it computes no faster for
    several, and a latency must not contain the wait for others. Cases of a prompt follow each other, so that it finds the
    beginning of the prompt computed."""
    sampling: Sampling = field(default_factory=lambda: Sampling(max_tokens=140, temperature=0.4))
    """Temperature and length; the repeat's number is added to the seed."""
    within: float = 60.0
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


def scored(row: Row, case: Case, written: Written, calls: Sequence[Call], checker: ClaimChecker) -> Row:
    """A row with what was written, the draft and the shown text each checked on its own."""
    evidence = case.evidence()
    score = None
    if written.malformed is None or written.draft:
        score = score_claims(checker.check(written.draft, evidence), written.cited)
    costs = [call.kept.cost for call in calls]
    if row.variant.model.startswith(OWN_MACHINE):
        costs = [0.0 for _ in costs]
    known = [cost for cost in costs if cost is not None]
    return replace(
        row,
        draft=written.draft,
        cited=written.cited,
        malformed=written.malformed,
        score=score,
        accepted=written.accepted,
        rejected=written.rejected,
        shown=written.shown,
        phrased_by=written.phrased_by,
        shown_score=score_claims(checker.check(written.shown, evidence), None),
        seconds=sum(call.kept.seconds for call in calls),
        prompt_tokens=sum(call.kept.prompt_tokens for call in calls),
        completion_tokens=sum(call.kept.completion_tokens for call in calls),
        cost=sum(known) if len(known) == len(costs) else None,
        cached=all(call.cached for call in calls),
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
    turns = {name: asyncio.Semaphore(1 if name.startswith("llama-cpp:") else config.concurrency) for name in models}
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
        async with turns[name], gate:
            closed = state.stopped is not None or state.in_a_row.get(name, 0) >= config.failures_in_a_row
            tapped = TappedModel(models[name], cache, repeat, closed=closed)
            try:
                written = await phraser.write(case, tapped, checker, config.sampling, config.within)
            except ProviderError as error:
                if closed and state.stopped is not None:
                    return
                state.failed += 1
                state.in_a_row[name] = state.in_a_row.get(name, 0) + 1
                rows[place] = replace(row, error=f"{type(error).__name__}: {error}")
            else:
                rows[place] = scored(row, case, written, tapped.calls, checker)
                state.count(name, tapped.calls, config.cost_limit)
        state.done += 1
        progress(state.progress(len(cells)))

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

    def count(self, model: str, calls: Sequence[Call], limit: float | None) -> None:
        """Add what calls cost that were made now, and stop at the limit."""
        fresh = [call for call in calls if not call.cached]
        if not fresh:
            self.cached += 1
            return
        self.in_a_row[model] = 0
        for call in fresh:
            if call.kept.cost is not None:
                self.cost += call.kept.cost
            elif model.startswith("openai:"):
                self.cost_known = False
        if limit is not None and self.cost >= limit and self.stopped is None:
            self.stopped = f"the cost limit of ${limit:.2f} is reached; run again to go on"

    def progress(self, total: int) -> Progress:
        return Progress(
            done=self.done,
            total=total,
            cached=self.cached,
            failed=self.failed,
            cost=self.cost,
            cost_known=self.cost_known,
        )
