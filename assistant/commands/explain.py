"""``assistant explain``."""

from __future__ import annotations

from pathlib import Path

import click

from assistant.commands.output import Name, data_option, emit, json_option, say, user_option


@click.command()
@data_option
@user_option
@click.option("--item", type=Name(), required=True, help="Id of the item.")
@click.option("--llm", help="auto, none, llama-cpp:smollm2, llama-cpp:FILE, openai:MODEL, recorded:FILE.")
@json_option
def explain(data: Path, user: str, item: str, llm: str | None, as_json: bool) -> None:
    """Say why an item would suit a user, with the evidence.

    \b
    assistant explain --user ana --item alien-1979 --data films
    """
    from assistant.blocking import connect
    from assistant.documents import ExplainedDocument, RecommendationDocument
    from assistant.settings import load_settings
    from assistant.surfaces.render import card

    with connect(data, settings=load_settings(data, llm=llm)) as assistant:
        recommendation = assistant.explain(user, item)
    if as_json:
        emit(ExplainedDocument(user=user, recommendation=RecommendationDocument.of(recommendation)))
    else:
        say(card(recommendation))
