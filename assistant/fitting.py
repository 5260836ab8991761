"""``assistant fit``: choose a ranking on past choices, fit it on all events, and put it in service.

Validation is each user's last event, ranked in full with scorers fitted on everything before it. Settings of every
scorer are tried there; weights of the blend come from still earlier choices; a learned stage is kept only if it does
better than the blend. What wins is fitted again on all events and written as a new version; the one before is kept.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import orjson

from assistant.errors import ModelMissingError
from assistant.interactions import to_interactions
from assistant.ranking import Ranker, cold_ranker
from assistant.scoring.base import ItemFeatures
from assistant.scoring.fit_table import FitTable
from assistant.scoring.selection import FitConfig, select_and_fit
from assistant.store import Store

MODELS = "models"
CURRENT = "CURRENT"
Report = Callable[[str], None]


class CatalogueLike(Protocol):
    """What fitting needs of the catalogue."""

    @property
    def ids(self) -> Sequence[str]: ...
    @property
    def row_of(self) -> dict[str, int]: ...
    @property
    def version(self) -> int: ...
    def features(self) -> ItemFeatures: ...


@dataclass(frozen=True, kw_only=True)
class FitReport:
    """What ``fit`` did."""

    version: str
    """Of the model now in service."""
    folder: Path
    table: FitTable
    n_events: int
    n_users: int
    skipped: int
    """Events on items that are not in the catalogue."""
    seconds: float


def fit(
    store: Store, catalogue: CatalogueLike, *, report: Report | None = None, config: FitConfig | None = None
) -> FitReport:
    """Fit on the store's events, choose, write ``models/VERSION`` and make it current.

    ``report`` gets lines of progress. Readers see the old model or the new one, never a half-written one.
    """
    started = time.monotonic()
    say = report or (lambda line: None)
    events_version = store.events_version()
    events = store.events()
    interactions = to_interactions(events, catalogue.row_of, len(catalogue.ids))
    say(f"{len(interactions.user):,} events of {len(interactions.user_ids):,} users on {len(catalogue.ids):,} items")
    if interactions.skipped:
        say(f"left out, as the catalogue does not have their items: {interactions.skipped:,} of {len(events):,} events")
    try:
        before = open_ranker(store, catalogue) if current_model(store.folder) is not None else None
    except ModelMissingError as error:  # a damaged model is no reason not to fit a new one
        say(f"the model in service is left out of the comparison: {error}")
        before = None
    ranker, table = select_and_fit(
        interactions,
        catalogue.features(),
        config or FitConfig(),
        item_ids=catalogue.ids,
        incumbent=before,
        report=say,
    )
    version = _next_version(store.folder)
    ranker = replace(ranker, version=version)
    about = {
        "version": version,
        "events_version": events_version,
        "catalogue_version": catalogue.version,
        "n_events": len(interactions.user),
        "table": table.document(),
    }
    folder = _write(store.folder / MODELS, ranker, about)
    return FitReport(
        version=version,
        folder=folder,
        table=table,
        n_events=len(interactions.user),
        n_users=len(interactions.user_ids),
        skipped=interactions.skipped,
        seconds=time.monotonic() - started,
    )


def open_ranker(store: Store, catalogue: CatalogueLike) -> Ranker:
    """The model in service, matched to this catalogue by item id; a cold one where none was fitted.

    A damaged model raises ``ModelMissingError``, which says how to go back or to fit again.
    """
    folder = current_model(store.folder)
    features = catalogue.features()
    if folder is None:
        interactions = to_interactions(store.events(), catalogue.row_of, len(catalogue.ids))
        return cold_ranker(catalogue.ids, features, interactions)
    return Ranker.load(folder, catalogue.ids, features)


def current_model(data: Path) -> Path | None:
    """The folder of the model in service, None when there is none."""
    pointer = data / MODELS / CURRENT
    if not pointer.exists():
        return None
    folder = data / MODELS / pointer.read_text().strip()
    if not (folder / "ranker.json").exists():
        raise ModelMissingError(
            f"The model in service, {str(folder)!r}, is gone. Go back with: assistant fit --rollback --data {data}, "
            f"or fit again with: assistant fit --data {data}"
        )
    return folder


def is_stale(store: Store) -> bool:
    """Whether events were added or deleted since the model in service was fitted; false when none is in service."""
    folder = current_model(store.folder)
    if folder is None:
        return False
    about = orjson.loads((folder / "about.json").read_bytes())
    return bool(about["events_version"] != store.events_version())


def rollback(data: Path) -> str:
    """Make the model before the current one current; returns its version.

    Raises ``ModelMissingError`` when there is no earlier one.
    """
    pointer = data / MODELS / CURRENT
    current = pointer.read_text().strip() if pointer.exists() else ""
    earlier = [version for version in versions(data) if version < current]
    if not earlier:
        raise ModelMissingError(
            f"There is no earlier model in {str(data / MODELS)!r} to go back to. Fit one with: assistant fit --data {data}"
        )
    _point(data / MODELS, earlier[-1])
    return earlier[-1]


def versions(data: Path) -> list[str]:
    """Complete models, oldest first."""
    folder = data / MODELS
    if not folder.exists():
        return []
    return sorted(path.name for path in folder.iterdir() if (path / "ranker.json").exists() and path.name[0] != ".")


def forget_models(data: Path) -> None:
    """Remove every model: after a user was erased, as models hold sums over users that took part. Idempotent."""
    folder = data / MODELS
    if folder.exists():
        (folder / CURRENT).unlink(missing_ok=True)
        _sync(folder)
        shutil.rmtree(folder)


def _next_version(data: Path) -> str:
    """Sorts after every version there is: a running number, the time for people, and chance against races."""
    number = max((int(version.split("-")[0]) for version in versions(data)), default=0) + 1
    return f"{number:06d}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:6]}"


def _write(models: Path, ranker: Ranker, about: dict[str, object]) -> Path:
    """Write beside, sync, rename, then point to it; older models than the one before are removed."""
    models.mkdir(parents=True, exist_ok=True)
    for leftover in models.glob(".new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = models / f".new-{ranker.version}"
    fresh.mkdir()
    (fresh / "about.json").write_bytes(orjson.dumps(about, option=orjson.OPT_INDENT_2))
    ranker.save(fresh)
    for path in [*fresh.rglob("*"), fresh]:
        _sync(path)
    folder = models / ranker.version
    fresh.rename(folder)
    _sync(models)
    _point(models, ranker.version)
    for old in versions(models.parent)[:-2]:
        shutil.rmtree(models / old)
    return folder


def _point(models: Path, version: str) -> None:
    pointer = models / f".{CURRENT}.new"
    pointer.write_text(version)
    _sync(pointer)
    pointer.replace(models / CURRENT)
    _sync(models)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
