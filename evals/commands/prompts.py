"""``assistant-evals prompts``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from assistant.explain import Style
    from evals.suite.cases import Case
    from evals.suite.comparison import SuiteReport
    from evals.suite.phrasing import Phraser
    from evals.suite.running import Run, RunConfig

FAILED = 1
INCONCLUSIVE = 3
STOPPED = 5


@click.command("prompts")
@click.option(
    "--cases",
    "cases_file",
    type=click.Path(path_type=Path),
    required=True,
    help="JSONL of cases; make some with: assistant-evals cases make.",
)
@click.option(
    "--prompt",
    "prompts",
    default="explain",
    show_default=True,
    help="Comma-separated NAME@VERSION; the first is the base unless --no-worse-than names another.",
)
@click.option(
    "--prompts-folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=None,
    help="A folder of your own prompts.",
)
@click.option(
    "--llm",
    "models",
    default="auto",
    show_default=True,
    help="Comma-separated models: scripted:FILE, llama-cpp:FILE, llama-cpp:smollm2, openai:MODEL, recorded:FILE.",
)
@click.option("--llm-base-url", default=None, help="Address of an OpenAI-compatible server.")
@click.option(
    "--style",
    type=click.Choice(["write", "choose", "auto"]),
    default="write",
    show_default=True,
    help="How the model phrases: in its own words, or by choosing among made sentences, which cannot be wrong.",
)
@click.option("--repeats", type=click.IntRange(1), default=1, show_default=True)
@click.option("--limit", type=click.IntRange(1), default=None, help="Only the first so many cases.")
@click.option("--temperature", type=click.FloatRange(0, 2), default=0.4, show_default=True)
@click.option("--max-tokens", type=click.IntRange(1), default=140, show_default=True)
@click.option("--concurrency", type=click.IntRange(1), default=4, show_default=True)
@click.option(
    "--within",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds for one generation.",
)
@click.option(
    "--cost-limit", type=click.FloatRange(0), default=None, help="US dollars after which no more is asked for."
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    default=Path(".assistant-evals/drafts.jsonl"),
    show_default=True,
    help="Where drafts are kept; a stopped run goes on from it.",
)
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path, exists=True),
    default=None,
    help="File of a catalogue whose names and categories the claim checker knows besides each case's own record.",
)
@click.option(
    "--no-worse-than",
    "base",
    default=None,
    metavar="BASE",
    help="Gate: every other variant must be no worse than this one.",
)
@click.option(
    "--margin", type=click.FloatRange(0), default=0.05, show_default=True, help="How much worse is still accepted."
)
@click.option(
    "--fail-under", multiple=True, metavar="METRIC=VALUE", help="Gate: least mean (most, where lower is better)."
)
@click.option(
    "--failure-cap",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Gate: largest share of failed generations.",
)
@click.option(
    "--judge",
    "judge",
    default=None,
    metavar="LLM",
    help="Also let a model compare each variant with the base, blind and in random order. Never part of a gate.",
)
@click.option("--judge-prompt", default="judge", show_default=True, metavar="NAME@VERSION")
@click.option("--html", type=click.Path(path_type=Path), default=None, help="Write the report as one HTML file.")
@click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), default=None)
@click.option("--junit", type=click.Path(path_type=Path), default=None)
@click.option(
    "--rows",
    "rows_file",
    type=click.Path(path_type=Path),
    default=None,
    help="Write every draft with its claims as JSONL.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    cases_file: Path,
    prompts: str,
    prompts_folder: Path | None,
    models: str,
    llm_base_url: str | None,
    style: str,
    repeats: int,
    limit: int | None,
    temperature: float,
    max_tokens: int,
    concurrency: int,
    within: float,
    cost_limit: float | None,
    cache: Path,
    catalogue: Path | None,
    base: str | None,
    margin: float,
    fail_under: tuple[str, ...],
    failure_cap: float,
    judge: str | None,
    judge_prompt: str,
    html: Path | None,
    markdown_file: Path | None,
    junit: Path | None,
    rows_file: Path | None,
    as_json: bool,
) -> None:
    """Compare prompts and models on the same cases.

    Every draft is checked claim by claim, without a judge model. Exit codes: 0 passed, or no gate; 1 a gate failed;
    3 a gate is not decided; 5 stopped before the end.
    """
    import json
    from typing import cast

    from assistant.llm.base import Sampling
    from evals.commands.output import print_document, print_tables, say
    from evals.errors import EvaluationError
    from evals.suite.cases import read_cases
    from evals.suite.comparison import GateConfig, metric, summarise
    from evals.suite.report.html import html_page
    from evals.suite.report.plain import junit as junit_xml
    from evals.suite.report.plain import markdown, suite_document
    from evals.suite.report.tables import suite_tables
    from evals.suite.rows import row_document
    from evals.suite.running import RunConfig

    bounds: dict[str, float] = {}
    for pair in fail_under:
        name, _, value = pair.partition("=")
        try:
            bounds[metric(name).name] = float(value)
        except ValueError as error:
            raise EvaluationError(f"--fail-under {pair!r} is not of the form METRIC=VALUE.") from error
    cases = read_cases(cases_file)[:limit]
    config = RunConfig(
        repeats=repeats,
        concurrency=concurrency,
        sampling=Sampling(max_tokens=max_tokens, temperature=temperature),
        within=within,
        cost_limit=cost_limit,
    )
    phrasers = _phrasers(prompts, prompts_folder, cast("Style", style))
    try:
        run = _run(cases, phrasers, models, llm_base_url, config, cache, catalogue)
    except KeyboardInterrupt:
        say(f"Stopped. What was drafted is kept in {cache}; the same command goes on from there.")
        ctx.exit(STOPPED)
    gates = GateConfig(no_worse_than=base, margin=margin, fail_under=bounds, failure_cap=failure_cap)
    report = summarise(run, gates)
    if judge is not None:
        report = _judged(report, judge, judge_prompt, prompts_folder, llm_base_url, cache)
    outputs: tuple[tuple[Path | None, Callable[[], str]], ...] = (
        (html, lambda: html_page(report)),
        (markdown_file, lambda: markdown(report)),
        (junit, lambda: junit_xml(report)),
        (
            rows_file,
            lambda: "".join(
                json.dumps(row_document(row), ensure_ascii=False, allow_nan=False) + "\n" for row in run.rows
            ),
        ),
    )
    for file, text in outputs:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text(), encoding="utf-8")
            say(f"wrote {file}")
    if as_json:
        print_document(suite_document(report))
    else:
        print_tables(suite_tables(report))
    if run.stopped:
        say(f"Stopped: {run.stopped}.")
    if report.end == "fail":
        ctx.exit(FAILED)
    if run.stopped:
        ctx.exit(STOPPED)
    if report.end == "inconclusive":
        ctx.exit(INCONCLUSIVE)


def _phrasers(names: str, folder: Path | None, style: Style) -> list[Phraser]:
    from evals.errors import EvaluationError
    from evals.suite.comparison import normal_prompt
    from evals.suite.phrasing import ExplainerPhraser
    from prompts import PromptError, load

    phrasers: list[Phraser] = []
    for name in (part.strip() for part in names.split(",") if part.strip()):
        head, _, version = normal_prompt(name).partition("@")
        try:
            phrasers.append(ExplainerPhraser(prompt=load(head, version or None, folder), style=style))
        except PromptError as error:
            raise EvaluationError(str(error)) from error
    if not phrasers:
        raise EvaluationError("--prompt names no prompt.")
    return phrasers


def _run(
    cases: list[Case],
    phrasers: list[Phraser],
    models: str,
    base_url: str | None,
    config: RunConfig,
    cache: Path,
    catalogue: Path | None,
) -> Run:
    """Run the grid with a progress bar on stderr, and free the models."""
    import asyncio

    from assistant.faithfulness import ClaimChecker, Lexicon
    from evals.catalogues import catalogue_records
    from evals.commands.models import open_models
    from evals.commands.output import ProgressLine
    from evals.suite.running import run_grid
    from evals.suite.tapped import DraftCache

    # Never from the cases' own records: one case more must not change the verdict on another.
    checker = ClaimChecker(Lexicon.from_records(catalogue_records(catalogue)) if catalogue is not None else Lexicon())

    async def whole() -> Run:
        opened = open_models(models, base_url)
        try:
            return await run_grid(
                cases, phrasers, opened, checker, config, cache=DraftCache(cache), progress=ProgressLine("drafts")
            )
        finally:
            for model in opened.values():
                await model.aclose()

    return asyncio.run(whole())


def _judged(
    report: SuiteReport, setting: str, prompt_name: str, folder: Path | None, base_url: str | None, cache: Path
) -> SuiteReport:
    """The report with what a judge says of each variant's first repeat against the base's."""
    import asyncio
    from dataclasses import replace

    from evals.commands.models import open_models
    from evals.suite.comparison import normal_prompt
    from evals.suite.judge import JudgeReport, judge_pairs, judge_report
    from evals.suite.rows import Row, Variant
    from evals.suite.tapped import DraftCache
    from prompts import load

    head, _, version = normal_prompt(prompt_name).partition("@")
    prompt = load(head, version or None, folder)

    def rows(variant: Variant) -> dict[str, Row]:
        return {r.case: r for r in report.run.rows if r.variant == variant and r.repeat == 0 and r.error is None}

    async def whole() -> list[JudgeReport]:
        found = []
        for name, model in open_models(setting, base_url, "--judge").items():
            try:
                for variant in (v for v in report.run.variants if v != report.base):
                    judgements = await judge_pairs(
                        report.run.cases, rows(report.base), rows(variant), model, prompt, cache=DraftCache(cache)
                    )
                    found.append(
                        judge_report(
                            judgements, report.run.cases, report.base, variant, judge=name, prompt=prompt.label
                        )
                    )
            finally:
                await model.aclose()
        return found

    return replace(report, judges=tuple(asyncio.run(whole())))
