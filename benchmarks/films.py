"""What the benchmarks on the shared films have in common: where these are, an index of them, requests, and a table."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from assistant.feedback import make_event
from assistant.ingest import index_items
from assistant.store import Store

ROOT = Path(__file__).resolve().parents[1]
FILMS = ROOT.parent / "shared" / "data" / "wikipedia-movies" / "items.jsonl.gz"
SEED = 20_261_124
HISTORY_LENGTHS = (3, 10, 30, 100)
"""How many films the made-up users with a history like."""


def require_films() -> Path:
    """The file of the 32,560 films; ends the program with a message where it is absent."""
    if not FILMS.is_file():
        raise SystemExit(f"This needs the shared films: {FILMS} is not there.")
    return FILMS


@contextmanager
def indexed(data: Path | None) -> Iterator[Path]:
    """A folder with an index of the films: ``data`` where it has one, else made there or in a temporary folder."""
    films = require_films()
    with tempfile.TemporaryDirectory() as temporary:
        folder = data or Path(temporary)
        if not (folder / "assistant.sqlite3").exists():
            print("indexing the films …", flush=True)
            index_items(films, folder)
        yield folder


def requests() -> list[str]:
    """The requests on real films of ``tests/data``, in people's own words."""
    return [
        json.loads(line)["text"]
        for name in ("film_requests.jsonl", "film_requests_dev.jsonl")
        for line in (ROOT / "tests" / "data" / name).read_text(encoding="utf-8").splitlines()
    ]


def add_users(folder: Path) -> list[str]:
    """Made-up users who like films that have much in common, written once; returns their names.

    Each starts from a random film and likes others that share most of its genres, as people do who have a taste.
    """
    dice = random.Random(SEED)
    names = [f"benchmark-{number}-likes-{count}" for count in HISTORY_LENGTHS for number in range(3)]
    with Store(folder) as store:
        records = [(item_id, set(json.loads(record).get("categories", ()))) for _, item_id, record in store.items()]
        for name in names:
            if store.events(name):
                continue
            genres = dice.choice([genres for _, genres in records if len(genres) >= 2])
            near = [item_id for item_id, own in records if len(own & genres) >= 2]
            liked = dice.sample(near, min(len(near), int(name.rsplit("-", 1)[1])))
            store.add_events(make_event(name, item_id, "like", timestamp=float(n)) for n, item_id in enumerate(liked))
    return names


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that at least ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]


def show(title: str, rows: Sequence[tuple[str, ...]]) -> None:
    """A table in plain text, the first row being its head, with the machine's load, which every time depends on."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print(f"\n{title} (load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors)")
    for row in rows:
        first, *others = (cell.ljust(width) if not n else cell.rjust(width) for n, (cell, width) in enumerate(zip(row, widths, strict=True)))  # fmt: skip
        print("  ".join([f"  {first}", *others]))
