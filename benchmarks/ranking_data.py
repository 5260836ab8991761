"""Interactions and item features of the sets that the ranking benchmarks run on, under the reference protocol."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.ingest import index_items
from assistant.interactions import interactions_from_arrays
from assistant.scoring.base import Interactions, ItemFeatures

ROOT = Path(__file__).resolve().parents[2] / "shared" / "data"
CORES = {"ml-100k": 0, "ml-latest-small": 5, "goodbooks": 0}
"""Sets, and the k of the k-core they are cut to."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """A set: item ids, sorted as strings, and each user's events by time."""

    name: str
    item_ids: list[str]
    interactions: Interactions
    features: ItemFeatures


def load(name: str, *, ties: int | None = None, vectors: bool = True) -> Data:
    """``ties`` None keeps file order among events of the same second; else it is the seed of a shuffle.

    In goodbooks ``position`` stands for time, and has no ties.
    """
    with gzip.open(ROOT / name / "interactions.csv.gz", "rt") as lines:
        rows = [
            (r["user_id"], r["item_id"], float(r["timestamp"] or r.get("position") or 0), float(r["rating"]))
            for r in csv.DictReader(lines)
        ]
    core = CORES[name]
    while core:
        users, items = Counter(r[0] for r in rows), Counter(r[1] for r in rows)
        kept = [r for r in rows if users[r[0]] >= core and items[r[1]] >= core]
        if len(kept) == len(rows):
            break
        rows = kept
    if ties is not None:
        np.random.default_rng(ties).shuffle(rows)
    item_ids = sorted({r[1] for r in rows})
    place = {item: n for n, item in enumerate(item_ids)}
    user_ids = sorted({r[0] for r in rows})
    user_place = {user: n for n, user in enumerate(user_ids)}
    user = np.array([user_place[r[0]] for r in rows])
    item = np.array([place[r[1]] for r in rows])
    time = np.array([r[2] for r in rows])
    order = np.lexsort((np.arange(len(rows)), time, user))
    interactions = interactions_from_arrays(
        user=user[order],
        item=item[order],
        time=time[order],
        value=np.array([r[3] for r in rows], np.float32)[order],
        n_items=len(item_ids),
        user_ids=user_ids,
    )
    return Data(name=name, item_ids=item_ids, interactions=interactions, features=_features(name, item_ids, vectors))


def index_set(name: str, folder: Path) -> None:
    """An index of the set in ``folder``, through the package as anybody makes one."""
    if not (ROOT / name).is_dir():
        raise SystemExit(f"This needs the shared set {name}.")
    data = load(name, vectors=False)
    kept = set(data.item_ids)
    with gzip.open(ROOT / name / "items.jsonl.gz", "rt") as lines:
        items = [record for record in map(json.loads, lines) if record["item_id"] in kept]
    events = data.interactions
    columns = (events.user.tolist(), events.item.tolist(), events.value.tolist(), events.time.tolist())
    ratings = [
        {"user_id": events.user_ids[user], "item_id": data.item_ids[item], "rating": value, "timestamp": seconds}
        for user, item, value, seconds in zip(*columns, strict=True)
    ]
    index_items(items, folder, interactions=ratings)


def _features(name: str, item_ids: list[str], vectors: bool) -> ItemFeatures:
    """From the item file; rating averages and counts of goodbooks, which know the future, are not read."""
    with gzip.open(ROOT / name / "items.jsonl.gz", "rt") as lines:
        records = {record["item_id"]: record for record in map(json.loads, lines)}
    ordered = [records.get(item, {}) for item in item_ids]
    years = np.array([record["year"] if record.get("year") else np.nan for record in ordered], np.float64)
    dense = np.zeros((len(ordered), 1), np.float32)
    if vectors:
        from vectorstore.embed_wordllama import WordLlamaEmbedder

        dense = WordLlamaEmbedder().embed([_text(record) for record in ordered])
    return ItemFeatures(
        vectors=dense,
        year=years,
        categories=tuple(tuple(r.get("categories") or r.get("genres") or ()) for r in ordered),
        people=tuple((*(r.get("creator") or ()), *(r.get("cast") or ())) for r in ordered),
        # A series binds its books more than any tag does.
        tags=tuple(
            (*(r.get("tags") or ()), *(r.get("keywords") or ()), *([r["series"]] if r.get("series") else []))
            for r in ordered
        ),
    )


def _text(record: dict[str, object]) -> str:
    """What the item is embedded by."""
    labels = record.get("categories") or record.get("genres") or record.get("tags") or ()
    assert isinstance(labels, list | tuple)
    return ". ".join(str(part) for part in (record.get("title"), ", ".join(labels), record.get("description")) if part)
