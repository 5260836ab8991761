"""``assistant event`` and ``assistant events import``."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from assistant.commands.indexing import warn_of_conflicts, warn_of_rows, warn_of_unknown
from assistant.commands.output import (
    Name,
    data_option,
    emit,
    json_option,
    map_option,
    note,
    plural,
    progress_bar,
    say,
    user_option,
)
from assistant.types import EventKind

KINDS = ("view", "click", "like", "dislike", "rating", "purchase", "skip", "seen")


@click.command()
@data_option
@user_option
@click.option("--item", type=Name(), required=True, help="Id of the item.")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What the user did.")
@click.option("--value", type=float, help="The rating, in the scale of the data.")
@click.option("--timestamp", type=float, help="Unix seconds; now when left out.")
@click.option(
    "--event-id",
    type=Name(),
    help="Makes repeating safe: a known event is left as it is, and the id of another one is refused.",
)
@json_option
def event(
    data: Path,
    user: str,
    item: str,
    kind: str,
    value: float | None,
    timestamp: float | None,
    event_id: str | None,
    as_json: bool,
) -> None:
    """Record that a user did something with an item.

    It is on disk when the command returns, and it counts from the user's next request on, in other processes too.

    \b
    assistant event --user ana --item alien-1979 --kind like
    assistant event --user ana --item alien-1979 --kind rating --value 4.5 --event-id web-81723
    """
    from assistant.documents import EventDocument
    from assistant.errors import UserError, did_you_mean
    from assistant.feedback import make_event, record_event
    from assistant.store import Store

    if kind == "rating" and value is None:
        raise UserError("A rating needs its value. Give it with: --value 4.5")
    made = make_event(user, item, cast(EventKind, kind), value=value, timestamp=timestamp, event_id=event_id)
    with Store(data) as store:
        known = store.item_hashes().keys()
        new = record_event(store, made)
    if made.item_id not in known:
        note(
            f"There is no item {made.item_id!r} in the catalogue.{did_you_mean(made.item_id, known)} "
            "The event is kept, and used once the item is there."
        )
    document = EventDocument(
        event_id=made.event_id,
        user=made.user_id,
        item_id=made.item_id,
        kind=made.kind,
        value=made.value,
        timestamp=made.timestamp,
        new=new,
        known_item=made.item_id in known,
    )
    if as_json:
        emit(document)
    else:
        say(f"{'Recorded' if new else 'Known already'}: {user} · {kind} · {item} (event {made.event_id})")


@click.group()
def events() -> None:
    """Import events from a file."""


@events.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@data_option
@map_option
@click.option("--skip-bad", is_flag=True, help="Leave out the rows that cannot be used, instead of importing nothing.")
@json_option
def import_(file: Path, data: Path, mapping: dict[str, str], skip_bad: bool, as_json: bool) -> None:
    """Import events from a .jsonl, .csv, .tsv or .parquet file, each also with .gz behind it.

    Only user_id and item_id must be there. Importing a file twice adds nothing: an event is known by its event_id, and
    one without is known by its row.

    \b
    assistant events import ratings.csv --data films --map value=stars
    """
    from assistant.documents import EventsImportedDocument
    from assistant.ingest import import_events
    from assistant.store import Store

    with Store(data) as store, progress_bar() as progress:
        report = import_events(store, file, mapping=mapping, skip_bad=skip_bad, progress=progress)
    document = EventsImportedDocument.of(report)
    warn_of_rows(document.bad_rows, document.bad_total)
    warn_of_unknown(document.unknown_items)
    warn_of_conflicts(document.conflicts)
    if as_json:
        emit(document)
    else:
        say(f"{plural(document.read, 'event')} read, {document.added:,} of them new.")
