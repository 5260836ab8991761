"""``assistant doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.commands.output import FAILED, data_option, emit, json_option, say

if TYPE_CHECKING:
    from assistant.documents import DoctorDocument


@click.command()
@data_option
@click.option("--mend", "mending", is_flag=True, help="Mend what can be mended, then look.")
@json_option
def doctor(data: Path, mending: bool, as_json: bool) -> None:
    """Say what is wrong with a data folder, and mend it.

    Exits with 1 when something is wrong.

    \b
    assistant doctor --data films
    assistant doctor --data films --mend
    """
    from assistant import doctor as looking
    from assistant.documents import DoctorDocument, FindingDocument

    findings = looking.mend(data) if mending else looking.examine(data)
    document = DoctorDocument(
        data=str(data),
        ok=all(finding.ok for finding in findings),
        mended=mending,
        findings=[
            FindingDocument(name=finding.name, ok=finding.ok, detail=finding.detail, mend=finding.mend)
            for finding in findings
        ],
    )
    if as_json:
        emit(document)
    else:
        _show(document)
    if not document.ok:
        raise click.exceptions.Exit(FAILED)


def _show(document: DoctorDocument) -> None:
    from rich.text import Text

    from assistant.surfaces.render import safe

    for finding in document.findings:
        mark = ("ok    ", "green") if finding.ok else ("wrong ", "bold red")
        say(Text.assemble(mark, (safe(finding.name), "bold"), f": {safe(finding.detail)}"))
        if finding.mend and not finding.ok:
            say(Text(f"      {safe(finding.mend)}", style="yellow"))
    say("Everything is in order." if document.ok else "Something is wrong. See above for what to do about it.")
