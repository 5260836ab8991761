"""Understanding a message on the 32,560 shared films, warm and without a model: at its first turn and at turn 100.

    python -m benchmarks.understanding [--data DIR] [--turns 100] [--profile]

Messages are the requests of ``tests/data/film_requests*.jsonl`` and, in conversation, follow-ups of the kinds that people
send. ``understand`` is timed alone, each message read three times and the quickest counted: against nothing, and against
the state that a conversation of ``--turns`` turns leaves, which is played with the whole assistant first. A message that is
met for the first time costs more than one that was read before (counts of its words are remembered), so the first reading
is given too. Target: p95 30 ms, also at turn 100.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import random
import time
from pathlib import Path

from assistant.conversation import load_state
from assistant.settings import load_settings
from assistant.tastes import taste_held, tastes
from assistant.turn import Assistant
from assistant.types import Context, Message
from assistant.understand import understand
from assistant.vocabulary import Vocabulary
from benchmarks.films import SEED, indexed, percentile, requests, show

FOLLOW_UPS = (
    "something shorter", "not the first one", "the second one, but older", "no horror please", "I have seen that one",
    "why the first?", "which of them is the shortest?", "from the nineties", "with Meryl Streep", "make it funnier",
    "nothing in black and white", "anything by the same director?", "what about the third?", "between 90 and 120 minutes",
    "I don't mind", "forget the year", "more like number two", "is Casablanca in there?", "I love heist films",
    "show me others", "okay, but no musicals and nothing from before 1950 unless Hitchcock made it",
    "a french comedy for the whole family, not too long", "我想看一部九十年代的喜剧", "换一批",
)  # fmt: skip


async def long_conversation(assistant: Assistant, texts: list[str], turns: int) -> Context:
    """Plays a conversation and returns what the message behind it is understood against."""
    message = Message(user=f"talker {time.time_ns()}", text="", conversation=f"long {time.time_ns()}")
    for number in range(turns):
        text = texts[number % len(texts)] if number % 4 == 0 else FOLLOW_UPS[number % len(FOLLOW_UPS)]
        await assistant.reply(Message(user=message.user, text=text, conversation=message.conversation))
    catalogue = (await assistant.serving()).catalogue
    state = load_state(assistant.store, message, message.conversation or "")
    print(f"after {state.turns} turns: {len(state.held)} promises and wishes, {len(state.shown)} items shown")
    return state.context(taste_held(tastes(assistant.store, message.user), catalogue))


def milliseconds(texts: list[str], vocabulary: Vocabulary, context: Context) -> tuple[list[float], list[float]]:
    """(first reading, quickest of three) of each message, in processor time of this thread."""
    first, best = [], []
    for text in texts:
        took = []
        for _ in range(3):
            started = time.thread_time()
            understand(text, vocabulary, context)
            took.append(1000 * (time.thread_time() - started))
        first.append(took[0])
        best.append(min(took))
    return first, best


async def measure(folder: Path, turns: int, profiler: cProfile.Profile | None) -> None:
    texts = requests()
    random.Random(SEED).shuffle(texts)
    async with Assistant.open(folder, settings=load_settings(folder, llm="none")) as assistant:
        vocabulary = (await assistant.serving()).vocabulary
        for text in (texts[-1], FOLLOW_UPS[-1]):  # what is made at first use is made
            understand(text, vocabulary, Context())
        if profiler is not None:
            profiler.enable()
        rows = [("ms of processor time", "p50", "p95", "longest", "first reading p95")]
        for label, some, context in (
            ("requests, first turn", texts, Context()),
            (f"requests, turn {turns}", texts, await long_conversation(assistant, texts, turns)),
            (f"follow-ups, turn {turns}", list(FOLLOW_UPS), await long_conversation(assistant, texts, turns)),
        ):
            first, best = milliseconds(some, vocabulary, context)
            figures = percentile(best, 0.5), percentile(best, 0.95), max(best), percentile(first, 0.95)
            rows.append((label, *(f"{value:.1f}" for value in figures)))
        if profiler is not None:
            profiler.disable()
    show(f"{len(texts)} requests and {len(FOLLOW_UPS)} follow-ups", rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with the films indexed, or to index them into")
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    arguments = parser.parse_args()
    profiler = cProfile.Profile(time.thread_time) if arguments.profile else None
    with indexed(arguments.data) as folder:
        asyncio.run(measure(folder, arguments.turns, profiler))
    if profiler is not None:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    main()
