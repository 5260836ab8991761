"""How soon what a user does in one process changes their ranking in another: milliseconds.

    python -m benchmarks.freshness [--data DIR] [--events 50]

One process writes an event durably and says when it was acknowledged; this one, with the 32,560 shared films open, then
asks for that user's ranking. Counted is the time from the acknowledgement to having a ranking that differs from the one
before and leaves out the item. ``rank`` is all of it; ``write`` is what the event took in the other process. Target:
100 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
import uuid
from pathlib import Path

from assistant.settings import load_settings
from assistant.store import Store
from assistant.turn import Assistant
from benchmarks.films import ROOT, indexed, percentile, show

WRITER = """
import sys, time
from pathlib import Path
from assistant.feedback import make_event, record_event
from assistant.store import Store
with Store(Path(sys.argv[1])) as store:
    for line in sys.stdin:
        user, item_id = line.rstrip("\\n").split("\\t")
        started = time.monotonic()
        record_event(store, make_event(user, item_id, "like"))
        acknowledged = time.monotonic()
        print(acknowledged, acknowledged - started, flush=True)
"""


async def measure(folder: Path, events: int, writer: subprocess.Popen[str]) -> None:
    user = f"benchmark-{uuid.uuid4().hex[:8]}"
    effect, write = [], []
    assert writer.stdin is not None
    assert writer.stdout is not None
    async with Assistant.open(folder, settings=load_settings(folder, llm="none")) as assistant:
        before = await assistant.rank(user=user, k=20)
        for _ in range(events):
            liked = before[0][0]
            writer.stdin.write(f"{user}\t{liked}\n")
            writer.stdin.flush()
            # Reading blocks until the other process has answered, as a caller of it would be blocked.
            acknowledged, took = (float(part) for part in writer.stdout.readline().split())
            after = await assistant.rank(user=user, k=20)
            now = time.monotonic()  # one clock for all processes of a machine
            if after == before or liked in dict(after):
                raise SystemExit(f"the event on {liked!r} changed nothing")
            effect.append(1000 * (now - acknowledged))
            write.append(1000 * took)
            before = after
    with Store(folder) as store:
        store.delete_user(user)
    rows = [("ms", "p50", "p95", "longest")]
    for label, values in (("write", write), ("acknowledged to ranking changed", effect)):
        rows.append((label, f"{percentile(values, 0.5):.1f}", f"{percentile(values, 0.95):.1f}", f"{max(values):.1f}"))
    show(f"{events} events from another process", rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with the films indexed, or to index them into")
    parser.add_argument("--events", type=int, default=50)
    arguments = parser.parse_args()
    with indexed(arguments.data) as folder:
        command = [sys.executable, "-c", WRITER, str(folder)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
            asyncio.run(measure(folder, arguments.events, writer))


if __name__ == "__main__":
    main()
