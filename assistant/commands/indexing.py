"""``assistant index`` and ``assistant embed``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.commands.output import data_option, emit, json_option, map_option, note, plural, progress_bar, say

if TYPE_CHECKING:
    from assistant.documents import BadRowDocument, IndexedDocument


@click.command()
@click.argument("items", type=click.Path(path_type=Path))
@data_option
@click.option("--interactions", type=click.Path(path_type=Path), help="A file with user_id and item_id columns.")
@map_option
@click.option("--replace", is_flag=True, help="Remove the items that are not in ITEMS.")
@click.option("--skip-bad", is_flag=True, help="Leave out the rows that cannot be used, instead of indexing nothing.")
@click.option("--embedder", help="wordllama, onnx:DIR, llama-cpp:FILE, openai:MODEL.")
@json_option
def index(
    items: Path,
    data: Path,
    interactions: Path | None,
    mapping: dict[str, str],
    replace: bool,
    skip_bad: bool,
    embedder: str | None,
    as_json: bool,
) -> None:
    """Index a catalogue, and interactions if you have them.

    ITEMS is a .jsonl, .csv, .tsv or .parquet file, each also with .gz behind it. Only item_id and title must be there.
    Running it again embeds only what changed; stopped anywhere, the old index still serves.

    \b
    assistant index films.jsonl --data films
    assistant index books.csv --interactions ratings.csv --map title=name --map creators:author=writer
    """
    from assistant.documents import IndexedDocument
    from assistant.ingest import index_items
    from assistant.settings import load_settings

    settings = load_settings(data, embedder=embedder)
    with progress_bar() as progress:
        report = index_items(
            items,
            data,
            interactions=interactions,
            mapping=mapping,
            replace=replace,
            skip_bad=skip_bad,
            settings=settings,
            progress=progress,
        )
    document = IndexedDocument.of(str(data), report)
    _warn(document)
    if as_json:
        emit(document)
    else:
        say(*_summary(document))


def _summary(document: IndexedDocument) -> list[str]:
    from assistant.surfaces.render import safe

    counts = [
        f"{getattr(document, name):,} {name}"
        for name in ("added", "changed", "unchanged", "removed")
        if getattr(document, name)
    ]
    lines = [
        f"{plural(document.items, 'item')} in {safe(document.data)} ({', '.join(counts)}); "
        f"{document.embedded:,} embedded; {document.seconds:.1f} s."
    ]
    if document.renamed:
        renamed = ", ".join(f"{safe(column)} as {safe(field)}" for column, field in document.renamed.items())
        lines.append(f"Columns read under another name: {renamed}.")
    if document.events is not None:
        lines.append(f"{plural(document.events.read, 'event')} read, {document.events.added:,} of them new.")
    lines.append(f'Ask with: assistant chat "…" --data {safe(document.data)} --user YOU')
    return lines


def _warn(document: IndexedDocument) -> None:
    bad = [*document.bad_rows, *(document.events.bad_rows if document.events else ())]
    total = document.bad_total + (document.events.bad_total if document.events else 0)
    warn_of_rows(bad, total)
    if document.events is not None:
        warn_of_unknown(document.events.unknown_items)
        warn_of_conflicts(document.events.conflicts)


def warn_of_rows(rows: list[BadRowDocument], total: int) -> None:
    """Say on stderr which rows were left out."""
    if not total:
        return
    note(f"{plural(total, 'bad row')} left out:")
    for row in rows:
        note(f"  {row.file}:{row.line}: {row.reason}")
    if total > len(rows):
        note(f"  … and {total - len(rows):,} more")


def warn_of_unknown(count: int) -> None:
    """Say on stderr how many events are on items that are not there."""
    if count:
        note(
            f"{plural(count, 'event')} on items that are not in the catalogue; kept, and used once the items are there."
        )


def warn_of_conflicts(count: int) -> None:
    """Say on stderr how many events were left out because their id is another's."""
    if count:
        note(f"{plural(count, 'event')} left out: the event_id belongs to another event already.")


@click.command()
@data_option
@click.option("--embedder", required=True, help="wordllama, onnx:DIR, llama-cpp:FILE, openai:MODEL.")
@json_option
def embed(data: Path, embedder: str, as_json: bool) -> None:
    """Make the vectors of all items again with another embedder.

    \b
    assistant embed --data films --embedder onnx:all-MiniLM-L6-v2
    """
    from assistant.documents import EmbeddedDocument
    from assistant.ingest import embed_again
    from assistant.settings import load_settings
    from assistant.store import Store
    from vectorstore.embedders import make_embedder

    Store(data).close()  # nothing heavy is loaded for a folder that holds no catalogue
    settings = load_settings(data, embedder=embedder)
    key = settings.embedder_api_key
    made = make_embedder(
        embedder, base_url=settings.embedder_base_url, api_key=key.get_secret_value() if key is not None else None
    )
    started = time.monotonic()
    with progress_bar() as progress:
        count = embed_again(data, made, progress=progress)
    seconds = round(time.monotonic() - started, 3)
    document = EmbeddedDocument(data=str(data), embedder=embedder, embedded=count, seconds=seconds)
    if as_json:
        emit(document)
    else:
        say(
            f"{plural(count, 'item')} embedded by {embedder} in {seconds:.1f} s.",
            f"Later runs need it too: set ASSISTANT_EMBEDDER={embedder}, or in {data / 'assistant.toml'}: "
            f'embedder = "{embedder}"',
        )
