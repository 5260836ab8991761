"""``assistant-evals meta``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evals.commands.inference import inference_tier, nli_options

if TYPE_CHECKING:
    from assistant.faithfulness import Entailment


@click.command("meta")
@click.option(
    "--corpus",
    "corpora",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="CSV with columns mr and ref (ViGGO, E2E), and errors where a script has labelled them. Repeat for several files, each judged apart.",
)
@click.option(
    "--drafts",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="JSONL of claims in models' drafts, labelled by reading. Repeat for several files, each judged apart.",
)
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="With --drafts: the catalogue whose names and categories the checker knows; else the records of the file.",
)
@nli_options
@click.option("--seed", type=int, default=0, show_default=True, help="For the slots that are swapped and dropped.")
@click.option("--limit", type=click.IntRange(1), default=None, help="Only the first so many sentences of each file.")
@click.option("--json", "as_json", is_flag=True, help="A JSON document for each file on stdout.")
def command(
    corpora: tuple[Path, ...],
    drafts: tuple[Path, ...],
    catalogue: Path | None,
    nli: Path | None,
    nli_threshold: float | None,
    seed: int,
    limit: int | None,
    as_json: bool,
) -> None:
    """How good is the claim checker, against labelled data?

    Of a corpus, a sentence with its own record is supported; with a record in which one slot was swapped or dropped it
    is not. Of drafts, every claim was labelled by two readers.
    """
    if not corpora and not drafts:
        raise click.UsageError("Give --corpus, --drafts, or both: there is nothing to measure on.")
    tiers = inference_tier(nli, nli_threshold)
    for file in drafts:
        _judge_drafts(file, catalogue, tiers, as_json)
    if corpora:
        _judge_corpora(corpora, seed, limit, tiers, as_json)


def _judge_drafts(file: Path, catalogue: Path | None, tiers: Sequence[Entailment], as_json: bool) -> None:
    from dataclasses import asdict

    from assistant.faithfulness import ClaimChecker, Lexicon
    from evals.catalogues import catalogue_records
    from evals.commands.output import print_document, print_tables, say
    from evals.draft_claims import (
        agreements,
        false_alarms,
        gazetteer,
        judge_drafts,
        outcomes_of,
        read_draft_claims,
        readers_kappa,
    )
    from evals.errors import EvaluationError
    from evals.meta_evaluation import by_slot
    from evals.meta_report import draft_tables

    rows = read_draft_claims(file)
    if not rows:
        raise EvaluationError(f"{str(file)!r} holds no claim.")
    lexicon = gazetteer(rows) if catalogue is None else Lexicon.from_records(catalogue_records(catalogue))
    judged = judge_drafts(rows, ClaimChecker(lexicon, entailment=tiers))
    parts = agreements(judged)
    missed, alarms, kappa = by_slot(outcomes_of(judged)), false_alarms(judged), readers_kappa(rows)
    if not as_json:
        print_tables(draft_tables(file.name, parts, missed, alarms))
        agreed = "undefined" if kappa is None else f"{kappa:.3f}"
        say(f"{len(rows)} claims from {len({row.draft for row in rows})} drafts; kappa of the two readers: {agreed}")
        return
    print_document(
        {
            "type": "meta_drafts",
            "file": file.name,
            "claims": len(rows),
            "drafts": len({row.draft for row in rows}),
            "readers_kappa": kappa,
            "parts": {name: asdict(part) for name, part in parts.items()},
            "by_slot": {
                slot: {kind: {"caught": caught, "claims": claims} for kind, (caught, claims) in kinds.items()}
                for slot, kinds in missed.items()
            },
            "false_alarms": {slot: {"flagged": flagged, "claims": n} for slot, (flagged, n) in alarms.items()},
        }
    )


def _judge_corpora(
    corpora: tuple[Path, ...], seed: int, limit: int | None, tiers: Sequence[Entailment], as_json: bool
) -> None:
    from dataclasses import asdict

    from assistant.faithfulness import ClaimChecker, Lexicon, verdict_slots
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
        lexicon = Lexicon(verdicts=verdict_slots(record for record, _, _ in rows))
        checker = ClaimChecker(lexicon, entailment=tiers)
        outcomes = list(judge(make_pairs(rows, seed=seed, same=same_in_restaurants), checker))
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
