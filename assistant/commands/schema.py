"""``assistant schema``."""

from __future__ import annotations

import click
import orjson

from assistant.commands.output import json_option, write


@click.command()
@click.argument("name", required=False)
@json_option
def schema(name: str | None, as_json: bool) -> None:
    """Print the JSON schemas of all documents by name. With NAME, print that one only.

    These are the documents that commands print with --json and read with --jsonl and --requests.

    \b
    assistant schema replied
    """
    from assistant.documents import DOCUMENTS
    from assistant.documents import schema as schema_of
    from assistant.errors import UnknownNameError, did_you_mean

    if name is not None and name not in DOCUMENTS:
        raise UnknownNameError(
            f"There is no document {name!r}.{did_you_mean(name, DOCUMENTS)} They are: {', '.join(DOCUMENTS)}."
        )
    found = schema_of(name) if name is not None else {known: schema_of(known) for known in DOCUMENTS}
    write(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE | (0 if as_json else orjson.OPT_INDENT_2)))
