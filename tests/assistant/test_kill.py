"""kill -9 at random moments of indexing and of writing events."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.catalogue import Catalogue
from assistant.doctor import examine
from assistant.ingest import index_items
from assistant.store import Store
from vectorstore.embed_hashing import HashingEmbedder

ROOT = Path(__file__).resolve().parents[2]
ITEMS = 400

INDEXER = """
import sys, json
from assistant.ingest import index_items
from vectorstore.embed_hashing import HashingEmbedder
folder, generation, items = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
while True:
    generation += 1
    rows = [{"item_id": str(n), "title": f"Film {n}", "generation": generation, "description": f"number {n} of {generation}"}
            for n in range(items)]
    index_items(rows, folder, embedder=HashingEmbedder())
    print(generation, flush=True)
"""
WRITER = """
import sys
from pathlib import Path
from assistant.feedback import make_event, record_event
from assistant.store import Store
folder, name = Path(sys.argv[1]), sys.argv[2]
store = Store(folder)
n = 0
while True:
    event_id = f"{name}-{n}"
    record_event(store, make_event("u", str(n % 400), "like", event_id=event_id))
    print(event_id, flush=True)
    n += 1
"""


def start(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ASSISTANT_EMBEDDER": "hashing"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )


def rows(generation: int) -> list[dict[str, object]]:
    return [
        {
            "item_id": str(n),
            "title": f"Film {n}",
            "generation": generation,
            "description": f"number {n} of {generation}",
        }
        for n in range(ITEMS)
    ]


@pytest.mark.slow
def test_killed_at_fifty_random_moments_nothing_acknowledged_is_lost(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ASSISTANT_EMBEDDER", "hashing")
    index_items(rows(0), tmp_path, embedder=HashingEmbedder())
    dice = random.Random(20261124)
    acknowledged: set[str] = set()
    served = 0
    stages = set()
    for round_number in range(50):
        indexer = start(INDEXER, str(tmp_path), str(served), str(ITEMS))
        writer = start(WRITER, str(tmp_path), f"r{round_number}")
        assert indexer.stdout.readline() == b"ready\n"
        time.sleep(dice.uniform(0.0, 1.5))
        for process in (indexer, writer):
            process.send_signal(signal.SIGKILL)
        finished = [int(line) for line in indexer.stdout.read().split()]
        acknowledged |= {line.decode() for line in writer.stdout.read().split(b"\n")[:-1] if line}
        for process in (indexer, writer):
            process.wait()
            process.stdout.close()
        with Store(tmp_path) as store:
            written = [e.event_id for e in store.events()]
            assert len(written) == len(set(written))
            assert acknowledged <= set(written)
            catalogue = Catalogue.load(store)
            assert len(catalogue) == ITEMS
            (generation,) = {catalogue.item(row).attributes["generation"] for row in range(ITEMS)}
            assert generation >= max(finished, default=served)
            assert not (catalogue.vectors == 0).all(axis=1).any()
            assert len(store.search_text("number", ITEMS + 1)) == ITEMS
            stages.add("between" if finished else "during")
            served = int(generation)
    assert acknowledged
    assert stages >= {"during"}
    index_items(rows(served + 1), tmp_path, embedder=HashingEmbedder())
    assert [finding for finding in examine(tmp_path) if not finding.ok] == []
    with Store(tmp_path) as store:
        assert json.loads(store.items()[0][2])["attributes"]["generation"] == served + 1
