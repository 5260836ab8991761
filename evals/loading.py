"""Reading a data set for the relevance evaluation: the catalogue from a data folder, the events from a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assistant.catalogue import Catalogue
from assistant.errors import UnknownNameError, did_you_mean
from assistant.ingest import read_events
from assistant.reading import read_rows
from assistant.store import Store
from evals.errors import EvaluationError
from evals.relevance import Dataset
from evals.splits import core


def load_dataset(
    data: Path,
    interactions: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    minimum: int = 0,
    user_groups: Path | None = None,
    group_column: str = "group",
    skip_bad: bool = False,
) -> Dataset:
    """Items and their vectors from ``data``, whose events are not read, and events from ``interactions``.

    With ``minimum`` only users and items with so many events stay, and only those items are ranked.
    """
    with Store(data) as store:
        catalogue = Catalogue.load(store)
    events, _ = read_events(interactions, mapping=mapping, skip_bad=skip_bad)
    ids, features = tuple(catalogue.ids), catalogue.features()
    if minimum > 1:
        events = core(events, minimum)
        if not events:
            raise EvaluationError(f"No user and item has {minimum} events or more. Use a smaller --core.")
        kept = {event.item_id for event in events}
        rows = [row for row, item_id in enumerate(ids) if item_id in kept]
        ids = tuple(ids[row] for row in rows)
        features = type(features)(
            vectors=features.vectors[rows],
            year=features.year[rows],
            categories=tuple(features.categories[row] for row in rows),
            people=tuple(features.people[row] for row in rows),
            tags=tuple(features.tags[row] for row in rows),
        )
    groups = _groups(user_groups, group_column) if user_groups is not None else {}
    return Dataset(
        events=tuple(events),
        ids=ids,
        features=features,
        user_groups=groups,
        closed=(data.resolve(), interactions.resolve()),
    )


def _groups(file: Path, column: str) -> dict[str, str]:
    groups: dict[str, str] = {}
    for row in read_rows(file):
        for name in ("user_id", column):
            if name not in row.columns:
                raise UnknownNameError(
                    f"{file.name}:{row.line} has no column {name!r}.{did_you_mean(name, row.columns)}"
                )
        groups[str(row.columns["user_id"])] = str(row.columns[column])
    return groups
