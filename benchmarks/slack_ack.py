"""How long Slack waits for an acknowledgement while turns take long: HTTP, signed requests, over loopback.

    python -m benchmarks.slack_ack [--turn 10] [--deliveries 400] [--rate 20]

Every event starts a turn that does nothing for ``--turn`` seconds before it answers, so that as many turns as may run at once
are running, and the others wait. Each event is delivered twice, as Slack does where it was not answered in time. The Web API
is the stand-in of the tests, in the same process as the bot and its client: what is measured contains the work of all three.
Target: p99 below 1 s (Slack waits 3 s).
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from assistant.ingest import index_items
from assistant.surfaces.slack.bot import TURNS
from benchmarks.films import percentile
from tests.surfaces.slack.fake_slack import Running, direct, fake_slack, running
from vectorstore.embed_hashing import HashingEmbedder

SAMPLE = Path(__file__).resolve().parents[1] / "examples" / "data" / "films.jsonl"


async def measure(slack: Running, turn: float, deliveries: int, rate: float) -> tuple[list[float], int]:
    """Seconds until each delivery was acknowledged, and how many turns ran at once at most."""
    real, seconds, now_running, most = slack.assistant.stream, [], 0, 0

    async def slow(message):
        nonlocal now_running, most
        now_running += 1
        most = max(most, now_running)
        try:
            await asyncio.sleep(turn)
            async for event in real(message):
                yield event
        finally:
            now_running -= 1

    slack.assistant.stream = slow

    async def deliver(number: int) -> None:
        await asyncio.sleep(number / rate)
        body = direct(
            "a western", user=f"U{number // 2 % 40}", channel=f"D{number // 2 % 40}", event_id=f"Ev{number // 2}"
        )
        started = time.perf_counter()
        status, _ = await slack.send(body)
        seconds.append(time.perf_counter() - started)
        assert status == 200

    await asyncio.gather(*(deliver(number) for number in range(deliveries)))
    return seconds, most


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turn", type=float, default=10.0, help="seconds that a turn takes")
    parser.add_argument("--deliveries", type=int, default=400)
    parser.add_argument("--rate", type=float, default=20.0, help="deliveries a second")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index_items(SAMPLE, Path(folder), embedder=HashingEmbedder())
        async with fake_slack() as fake, running(Path(folder), fake) as slack:
            seconds, most = await measure(slack, given.turn, given.deliveries, given.rate)
            print(
                f"{len(seconds)} deliveries at {given.rate:g}/s, turns of {given.turn:g} s, at most {most} of {TURNS} at once: "
                f"acknowledged after p50 {1000 * percentile(seconds, 0.5):.0f} ms, p99 {1000 * percentile(seconds, 0.99):.0f} ms, "
                f"longest {1000 * max(seconds):.0f} ms"
            )


if __name__ == "__main__":
    asyncio.run(main())
