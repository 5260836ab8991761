"""``assistant-evals faithfulness``."""

from __future__ import annotations

from pathlib import Path

import click

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
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    replies: Path | None,
    cases: Path | None,
    rows: Path | None,
    catalogue: Path | None,
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

    if replies is not None and cases is None and rows is None:
        drafts, shown = texts_of(read_replies(replies))
    elif replies is None and cases is not None and rows is not None:
        drafts, shown = texts_of_run(read_cases(cases), rows)
    else:
        raise EvaluationError("Give either --replies, or --cases and --rows together.")
    checker = ClaimChecker(Lexicon.from_records(catalogue_records(catalogue)) if catalogue is not None else Lexicon())
    parts = {
        name: summarise_texts(texts, check_texts(texts, checker))
        for name, texts in (("drafts", drafts), ("shown", shown))
        if texts
    }
    controls = negative_controls(drafts or shown, checker)
    if as_json:
        print_document(
            {
                "type": "faithfulness",
                "controls_on": "drafts" if drafts else "shown",
                **{name: asdict(part) for name, part in parts.items()},
                "controls": [asdict(control) for control in controls],
            }
        )
    else:
        print_tables(faithfulness_tables(parts, controls))
    broken = [control for control in controls if control.end == "broken"]
    for control in broken:
        say(f"With {control.name}, {control.reason}.")
    if broken:
        ctx.exit(BROKEN)
