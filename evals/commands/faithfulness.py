"""``assistant-evals faithfulness``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evals.commands.inference import inference_tier, nli_options

if TYPE_CHECKING:
    from evals.claim_judge import JudgedClaims
    from evals.claim_scores import ClaimScore
    from evals.faithfulness import Text
    from prompts import Prompt

BROKEN = 1


@click.command("faithfulness")
@click.option(
    "--replies",
    type=click.Path(path_type=Path),
    default=None,
    help="JSONL: id, user, item_id, record, history, asked, facts, and draft and/or shown.",
)
@click.option(
    "--cases",
    type=click.Path(path_type=Path),
    default=None,
    help="With --rows: the cases of a run of the prompt suite.",
)
@click.option(
    "--rows", type=click.Path(path_type=Path), default=None, help="Rows of that run (assistant-evals prompts --rows)."
)
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path, exists=True),
    default=None,
    help="File of a catalogue whose names and categories the checker knows.",
)
@nli_options
@click.option(
    "--judge",
    default=None,
    metavar="LLM",
    help="Let a model judge what is still undecided. Scores without it are always shown beside.",
)
@click.option("--judge-prompt", default="verdict", show_default=True, metavar="NAME@VERSION")
@click.option(
    "--prompts-folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=None,
    help="A folder of your own prompts.",
)
@click.option("--llm-base-url", default=None, help="Address of an OpenAI-compatible server, for the judge.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    default=Path(".assistant-evals/drafts.jsonl"),
    show_default=True,
    help="Where the judge's answers are kept.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    replies: Path | None,
    cases: Path | None,
    rows: Path | None,
    catalogue: Path | None,
    nli: Path | None,
    nli_threshold: float | None,
    judge: str | None,
    judge_prompt: str,
    prompts_folder: Path | None,
    llm_base_url: str | None,
    cache: Path,
    as_json: bool,
) -> None:
    """Is what replies say true? Drafts and shown text apart, with negative controls.

    Exit code 1 when a control shows that the measure is broken.
    """
    from dataclasses import asdict

    from assistant.faithfulness import ClaimChecker, Lexicon
    from evals.catalogues import catalogue_records
    from evals.commands.output import print_document, print_tables, say
    from evals.errors import EvaluationError
    from evals.faithfulness import check_texts, negative_controls, summarise_texts
    from evals.faithfulness_report import faithfulness_tables
    from evals.replies import read_replies, texts_of, texts_of_run
    from evals.suite.cases import read_cases

    prompt = _prompt(judge_prompt, prompts_folder) if judge is not None else None
    tiers = inference_tier(nli, nli_threshold)
    if replies is not None and cases is None and rows is None:
        drafts, shown = texts_of(read_replies(replies))
    elif replies is None and cases is not None and rows is not None:
        drafts, shown = texts_of_run(read_cases(cases), rows)
    else:
        raise EvaluationError("Give either --replies, or --cases and --rows together.")
    lexicon = Lexicon.from_records(catalogue_records(catalogue)) if catalogue is not None else Lexicon()
    checker = ClaimChecker(lexicon, entailment=tiers)
    texts = {name: found for name, found in (("drafts", drafts), ("shown", shown)) if found}
    scores = {name: check_texts(found, checker) for name, found in texts.items()}
    parts = {name: summarise_texts(found, scores[name]) for name, found in texts.items()}
    controls = negative_controls(drafts or shown, checker)
    document = {
        "type": "faithfulness",
        "controls_on": "drafts" if drafts else "shown",
        **{name: asdict(part) for name, part in parts.items()},
        "controls": [asdict(control) for control in controls],
    }
    for inference in tiers:
        document["nli"] = {"model": inference.label, "threshold": inference.settings.threshold}
    if judge is not None and prompt is not None:
        name, judged = _judged(texts, scores, judge, prompt, llm_base_url, cache)
        with_judge = {part: summarise_texts(found, judged[part].scores) for part, found in texts.items()}
        parts |= {f"{part}, with judge": report for part, report in with_judge.items()}
        document["judge"] = {"model": name, "prompt": prompt.label} | {
            part: {
                **asdict(with_judge[part]),
                "asked": found.asked,
                "decided": found.decided,
                "failed": found.failed,
                "failures": dict(found.failures),
                "cost": found.cost,
            }
            for part, found in judged.items()
        }
        for part, found in judged.items():
            say(
                f"{part}: {name} was asked about {found.asked} claims with {prompt.label}, decided {found.decided}, and "
                f"failed at {found.failed}, which stay undecided."
            )
            for why, count in found.failures.items():
                say(f"  {count} times: {why}")
    if as_json:
        print_document(document)
    else:
        print_tables(faithfulness_tables(parts, controls))
    broken = [control for control in controls if control.end == "broken"]
    for control in broken:
        say(f"With {control.name}, {control.reason}.")
    if broken:
        ctx.exit(BROKEN)


def _prompt(name: str, folder: Path | None) -> Prompt:
    from evals.claim_judge import check_prompt
    from evals.errors import EvaluationError
    from evals.suite.comparison import normal_prompt
    from prompts import PromptError, load

    head, _, version = normal_prompt(name).partition("@")
    try:
        prompt = load(head, version or None, folder)
        check_prompt(prompt)
        return prompt
    except PromptError as error:
        raise EvaluationError(str(error)) from error


def _judged(
    texts: Mapping[str, Sequence[Text]],
    scores: Mapping[str, Sequence[ClaimScore]],
    setting: str,
    prompt: Prompt,
    base_url: str | None,
    cache: Path,
) -> tuple[str, dict[str, JudgedClaims]]:
    """The judge's name and what it made of each part; the model is freed."""
    import asyncio

    from evals.claim_judge import judge_claims
    from evals.commands.models import open_models
    from evals.errors import EvaluationError
    from evals.suite.tapped import DraftCache

    async def whole() -> tuple[str, dict[str, JudgedClaims]]:
        models = open_models(setting, base_url, "--judge")
        try:
            if len(models) != 1:
                raise EvaluationError(f"--judge {setting!r} must name exactly one model.")
            ((name, model),) = models.items()
            kept = DraftCache(cache)
            return name, {
                part: await judge_claims(found, scores[part], model, prompt, cache=kept)
                for part, found in texts.items()
            }
        finally:
            for model in models.values():
                await model.aclose()

    return asyncio.run(whole())
