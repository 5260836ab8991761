"""``assistant-evals claims``."""

from __future__ import annotations

from pathlib import Path

import click

from evals.commands.inference import inference_tier, nli_options


@click.command("claims")
@click.option(
    "--pairs", type=click.Path(path_type=Path), required=True, help='JSONL: {"id", "text", "record", "history"}.'
)
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path),
    default=None,
    help="File of a catalogue whose names and categories the checker knows; else it knows which slots the records have.",
)
@nli_options
@click.option("--json", "as_json", is_flag=True, help="A JSON document for each row on stdout.")
def command(pairs: Path, catalogue: Path | None, nli: Path | None, nli_threshold: float | None, as_json: bool) -> None:
    """Check texts against records: claims and verdicts, row by row.

    ``supported`` is false if and only if some claim is contradicted or absent.
    """
    import json

    from pydantic import ValidationError

    from assistant.errors import BadRow, BadRowsError
    from assistant.reading import read_rows
    from assistant.records import reason
    from evals.catalogues import catalogue_records
    from evals.claims import PairRow, verdict_rows
    from evals.commands.output import print_document, say

    rows: list[PairRow] = []
    bad: list[BadRow] = []
    for row in read_rows(pairs):
        why = row.problem
        if why is None:
            try:
                rows.append(PairRow.model_validate_json(json.dumps(row.columns)))
                continue
            except ValidationError as error:
                why = reason(error)
        bad.append(BadRow(file=row.file, line=row.line, reason=why))
    if bad:
        raise BadRowsError(
            bad[:20], len(bad), hint='Each row is {"id", "text", "record": {slot: value}, "history": […]}.'
        )
    records = catalogue_records(catalogue) if catalogue is not None else None
    supported = vacuous = 0
    for verdict in verdict_rows(rows, records, entailment=inference_tier(nli, nli_threshold)):
        supported += verdict.supported
        vacuous += verdict.vacuous
        if as_json:
            print_document(verdict.model_dump(mode="json"))
        else:
            click.echo(
                f"{verdict.id}  {'supported' if verdict.supported else 'UNSUPPORTED'}{'  (no claim)' if verdict.vacuous else ''}"
            )
            for claim in verdict.claims:
                positive = "is" if claim.positive else "is not"
                click.echo(
                    f"    {claim.verdict:12} {claim.slot} {positive} {claim.value!r}  ({claim.text!r}, {claim.tier})"
                )
    say(f"{len(rows)} texts, {supported} supported, of which {vacuous} make no claim")
