"""``assistant-evals cases``."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("cases")
def command() -> None:
    """Make, check and convert cases for the prompt suite."""


@command.command()
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True, help="Folder of an index."
)
@click.option("--count", type=click.IntRange(1), default=100, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def make(data: Path, count: int, seed: int, out: Path) -> None:
    """Make cases from any index."""
    from evals.commands.output import say
    from evals.suite.cases import case_lines
    from evals.suite.making import make_cases

    cases = make_cases(data, count, seed=seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(line + "\n" for line in case_lines(cases)), encoding="utf-8")
    say(f"wrote {len(cases)} cases to {out}")


@command.command()
def schema() -> None:
    """Print the JSON schema of a case."""
    from evals.commands.output import print_document
    from evals.suite.cases import case_schema

    print_document(case_schema())


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Check a file of cases."""
    from evals.commands.output import say
    from evals.suite.cases import read_cases

    cases = read_cases(file)
    say(f"{len(cases)} cases of {len({case.cluster for case in cases})} users or conversations")


@command.command("export")
@click.option("--cases", "cases_file", type=click.Path(path_type=Path), required=True)
@click.option(
    "--rows", "rows_file", type=click.Path(path_type=Path), default=None, help="Rows of a run, for ragas' responses."
)
@click.option("--format", "form", type=click.Choice(["promptfoo", "ragas"]), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def export_cases(cases_file: Path, rows_file: Path | None, form: str, out: Path) -> None:
    """Write cases for promptfoo (tests as JSON) or ragas (samples as JSONL)."""
    from evals.commands.output import say
    from evals.suite.cases import read_cases
    from evals.suite.interchange import read_responses, to_promptfoo, to_ragas

    cases = read_cases(cases_file)
    text = to_promptfoo(cases) if form == "promptfoo" else to_ragas(cases, read_responses(rows_file))
    out.write_text(text, encoding="utf-8")
    say(f"wrote {len(cases)} cases to {out}")


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["promptfoo", "ragas"]), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def import_cases(file: Path, form: str, out: Path) -> None:
    """Read cases from promptfoo or ragas."""
    from evals.commands.output import say
    from evals.suite.cases import case_lines
    from evals.suite.interchange import from_promptfoo, from_ragas

    cases = from_promptfoo(file) if form == "promptfoo" else from_ragas(file)
    out.write_text("".join(line + "\n" for line in case_lines(cases)), encoding="utf-8")
    say(f"wrote {len(cases)} cases to {out}")
