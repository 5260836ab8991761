"""``assistant-evals meta``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("meta")
@click.option(
    "--corpus",
    "corpora",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    required=True,
    help="CSV with columns mr and ref (ViGGO, E2E), and errors where a script has labelled them. Repeat for several files, each judged apart.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="For the slots that are swapped and dropped.")
@click.option("--limit", type=click.IntRange(1), default=None, help="Only the first so many sentences of each file.")
@click.option("--json", "as_json", is_flag=True, help="A JSON document for each corpus on stdout.")
def command(corpora: tuple[Path, ...], seed: int, limit: int | None, as_json: bool) -> None:
    """How good is the claim checker, against labelled data?

    A sentence with its own record is supported. With a record in which one slot was swapped or dropped it is not.
    """
    from dataclasses import asdict

    from assistant.faithfulness import ClaimChecker
    from evals.commands.output import print_document, print_tables
    from evals.errors import EvaluationError
    from evals.meta_evaluation import (
        agreement,
        by_slot,
        judge,
        make_pairs,
        read_corpus,
        same_in_restaurants,
        split_by_kind,
    )
    from evals.meta_report import meta_tables

    for file in corpora:
        try:
            rows = read_corpus(file)[:limit]
        except (KeyError, UnicodeDecodeError, ValueError) as error:
            raise EvaluationError(f"{str(file)!r} is not a CSV of records and sentences: {error!r}.") from error
        if not rows:
            raise EvaluationError(f"{str(file)!r} holds no sentence with a record.")
        outcomes = list(judge(make_pairs(rows, seed=seed, same=same_in_restaurants), ClaimChecker()))
        kinds = split_by_kind(outcomes)
        parts = {"all": agreement(outcomes)}
        parts |= {kind: agreement(part) for kind, part in kinds.items() if any(not o.pair.supported for o in part)}
        slots = by_slot(outcomes)
        if as_json:
            print_document(
                {
                    "type": "meta",
                    "corpus": file.name,
                    "sentences": len(rows),
                    **{kind: asdict(part) for kind, part in parts.items()},
                    "by_slot": {
                        slot: {
                            change: {"caught": caught, "pairs": pairs} for change, (caught, pairs) in changes.items()
                        }
                        for slot, changes in slots.items()
                    },
                }
            )
        else:
            print_tables(meta_tables(file.name, parts, slots))
