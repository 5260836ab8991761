"""A turn without a model on the 32,560 shared films, in process and warm: milliseconds in total and by stage.

    python -m benchmarks.turn [--data DIR] [--turns 200] [--profile]

Requests are those of ``tests/data/film_requests*.jsonl``, half from users without a history and half from made-up users
who like 3 to 100 films, each turn in a conversation of its own. Total is wall clock from calling ``reply`` to having
it, writing the turn durably included; stages are the reply's own trace; processor time is that of all threads, which a
busy machine stretches less. Targets: p50 60 ms, p95 120 ms, retrieval p50
25 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import random
import time
from pathlib import Path

from assistant.settings import load_settings
from assistant.turn import Assistant
from assistant.types import Message
from benchmarks.films import SEED, add_users, indexed, percentile, requests, show

STAGES = ("profile", "understand", "retrieve", "rank", "facts", "first_card")


async def measure(folder: Path, users: list[str], turns: int, profiler: cProfile.Profile | None) -> None:
    dice = random.Random(SEED)
    texts = requests()
    dice.shuffle(texts)
    figures: dict[str, dict[str, list[float]]] = {"new users": {}, "users with a history": {}}
    async with Assistant.open(folder, settings=load_settings(folder, llm="none")) as assistant:
        for number in range(10):
            await assistant.reply(Message(user=users[number % len(users)], text=texts[-number - 1]))
        if profiler is not None:
            profiler.enable()
        for number in range(turns):
            known = number % 2
            user = users[(number // 2) % len(users)] if known else f"new {number}"
            text = texts[number % len(texts)]
            message = Message(user=user, text=text, conversation=f"benchmark {SEED} {time.time_ns()}")
            started, worked = time.perf_counter(), time.process_time()
            reply = await assistant.reply(message)
            total = 1000 * (time.perf_counter() - started)
            stages = reply.trace["milliseconds"]
            assert isinstance(stages, dict)
            column = figures["users with a history" if known else "new users"]
            column.setdefault("total", []).append(total)
            column.setdefault("processor", []).append(1000 * (time.process_time() - worked))
            for stage in STAGES:
                if stages[stage] is not None:
                    column.setdefault(stage, []).append(stages[stage])
        if profiler is not None:
            profiler.disable()
    everyone = {
        stage: [v for column in figures.values() for v in column[stage]] for stage in ("total", "processor", *STAGES)
    }
    for name, column in {"all": everyone, **figures}.items():
        rows = [("ms", "p50", "p95", "longest")]
        for stage in ("total", "processor", *STAGES):
            label = {"first_card": "until the first card", "processor": "processor time"}.get(stage, stage)
            values = column[stage]
            rows.append(
                (label, f"{percentile(values, 0.5):.1f}", f"{percentile(values, 0.95):.1f}", f"{max(values):.1f}")
            )
        show(f"{len(column['total'])} turns, {name}", rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with the films indexed, or to index them into")
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--profile", action="store_true", help="print where the time of the event loop's thread goes")
    arguments = parser.parse_args()
    profiler = cProfile.Profile() if arguments.profile else None
    with indexed(arguments.data) as folder:
        asyncio.run(measure(folder, add_users(folder), arguments.turns, profiler))
    if profiler is not None:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(40)


if __name__ == "__main__":
    main()
