"""How fast the default ranking answers: users a second through ``assistant rank``, milliseconds in a running process.

    python -m benchmarks.ranking_speed [--data DIR] [--requests 2000]

On ml-latest-small cut to its 5-core (610 users, 3,650 items), indexed and fitted first unless ``--data`` names a folder
where this was done (``benchmarks.million`` leaves one, too). Requests ask for stored users, again and again until there are
enough, with k = 10, and with the whole ranking. The rate counts the requests over the wall time of the command less that
of the same command with one request, which is what starting takes; likewise for processor time, which a busy machine does
not stretch. "In a running process" is ``Assistant.rank`` one
request after the other. Targets: 300 users a second, 20 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from assistant.catalogue import Catalogue
from assistant.fitting import fit, open_ranker
from assistant.settings import load_settings
from assistant.store import Store
from assistant.turn import Assistant
from benchmarks.films import ROOT, percentile, show
from benchmarks.ranking_data import index_set


def make(folder: Path) -> None:
    """Index and fit ml-latest-small in ``folder``."""
    index_set("ml-latest-small", folder)
    with Store(folder) as store:
        print(fit(store, Catalogue.load(store)).table, flush=True)


def command_seconds(folder: Path, users: list[str], k: int | None) -> tuple[float, float]:
    """Wall and processor time of ``assistant rank`` for so many requests."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for number, user in enumerate(users):
            file.write(json.dumps({"request_id": number, "user": user} | ({} if k is None else {"k": k})) + "\n")
        file.flush()
        started, before = time.monotonic(), os.times()
        command = [sys.executable, "-m", "assistant.cli", "rank", "--data", str(folder), "--requests", file.name]
        output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        took, after = time.monotonic() - started, os.times()
    answered = [json.loads(line) for line in output.splitlines()]
    if len(answered) != len(users) or any(document["type"] != "ranked" for document in answered):
        raise SystemExit("not every request was answered")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return took, cpu


async def live_milliseconds(folder: Path, users: list[str]) -> list[float]:
    """Of each request to an open assistant, one after the other."""
    took = []
    async with Assistant.open(folder, settings=load_settings(folder, llm="none")) as assistant:
        await assistant.rank(user=users[0], k=10)
        for user in users:
            started = time.perf_counter()
            await assistant.rank(user=user, k=10)
            took.append(1000 * (time.perf_counter() - started))
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with an index and a fitted model, or to make them in")
    parser.add_argument("--requests", type=int, default=2000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.data or Path(temporary)
        if not (folder / "models").is_dir():
            make(folder)
        with Store(folder) as store:
            known = sorted({event.user_id for event in store.events()})
            catalogue = Catalogue.load(store)
            ranker = open_ranker(store, catalogue)
            n_events = store.event_count()
        learned = f"learned stage over {ranker.config.learned_depth}" if ranker.learned else "no learned stage"
        print(f"{len(catalogue):,} items, {n_events:,} events, {len(ranker.scorers)} columns, {learned}")
        users = [known[n % len(known)] for n in range(arguments.requests)]
        rows = [("assistant rank", "users a second", "a processor second", "start")]
        for label, k in (("k = 10", 10), ("whole ranking", None)):
            start, start_cpu = command_seconds(folder, users[:1], k)
            took, cpu = command_seconds(folder, users, k)
            rates = (len(users) / (took - start), len(users) / (cpu - start_cpu))
            rows.append((label, *(f"{rate:.0f}" for rate in rates), f"{start:.1f} s"))
        show(f"{len(users):,} requests", rows)
        took = asyncio.run(live_milliseconds(folder, users[:500]))
        rows = [("ms", "p50", "p95", "longest")]
        rows.append(
            ("Assistant.rank", f"{percentile(took, 0.5):.1f}", f"{percentile(took, 0.95):.1f}", f"{max(took):.1f}")
        )
        show("one user in a running process", rows)


if __name__ == "__main__":
    main()
