"""What the say of a local model does to a ranking: the setting ``rerank``, as it is served.

    python -m benchmarks.rerank [--model smollm2] [--mode likelihood] [--users 150]

MovieLens 100K; a ranking chosen and fitted as ``benchmarks/ranking.py`` does it, on all but each user's last two events;
measured on the second to last, the validation. The model is asked about the best 20 by score, its shifts are capped as
they are in a reply, nDCG@10 with one relevant item is taken with and without them, paired over users with a 95 % bootstrap
interval; also with larger caps, and with the model's order of the 20 alone. Users are drawn once.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import time

import numpy as np

from assistant.arranging.listwise import Work
from assistant.arranging.rerank import RerankConfig, Reranker
from assistant.interactions import drop_last, histories
from assistant.llm.llama_cpp import LlamaCppConfig, LlamaCppModel
from assistant.scoring.selection import FitConfig, select
from benchmarks.films import SEED
from benchmarks.local_model_turns import files
from benchmarks.ranking_data import ROOT, load
from evals.statistics import mean_interval

POOL = 200
CAPS = (0.1, 0.2, 0.5)
LIKED = 4.0


def gain(order: list[int], target: int) -> float:
    """nDCG@10 with one relevant item."""
    place = order.index(target) if target in order else 10
    return float(1 / np.log2(place + 2)) if place < 10 else 0.0


async def measure(name: str, mode: str, count: int, seconds: float) -> None:
    data = load("ml-100k")
    given = drop_last(data.interactions, 1)
    ranker = select(given, data.features, FitConfig(refit=False), item_ids=data.item_ids).ranker
    with gzip.open(ROOT / "ml-100k" / "items.jsonl.gz", "rt") as lines:
        records = {record["item_id"]: record for record in map(json.loads, lines)}

    def work(row: int) -> Work:
        record = records[data.item_ids[row]]
        return Work(title=record["title"], year=record.get("year"), categories=tuple(record.get("genres") or ()))

    pairs = list(zip(histories(drop_last(given, 1)), histories(given), strict=True))
    drawn = random.Random(SEED).sample(pairs, min(count, len(pairs)))
    path, digest = files()[name]
    model = LlamaCppModel(path, LlamaCppConfig(sha256=(digest,) if digest else ()))
    reranker = Reranker(model, mode, within=seconds, config=RerankConfig(share_of_time=1.0, failures=10**9))
    gains: dict[str, list[float]] = {}
    answered = 0
    started = time.monotonic()
    try:
        for past, whole in drawn:
            ((rows, scores),) = ranker.rank_many([past], [None], [POOL])
            target = int(whole.rows[-1])
            best = rows[: reranker.config.depth].tolist()
            liked = [row for row, value in zip(past.rows.tolist(), past.value.tolist(), strict=True) if value >= LIKED]
            opinion = await reranker.opinion(
                best,
                [work(row) for row in best],
                [work(row).title for row in liked],
                "",
                deadline=time.monotonic() + seconds,
            )
            answered += bool(opinion.shifts)
            gains.setdefault("without", []).append(gain(rows.tolist(), target))
            unit = float(scores[0] - scores[-1])
            for cap in CAPS:
                shift = np.array([opinion.shifts.get(row, 0.0) for row in rows.tolist()]) * unit * cap / 0.1
                order = rows[np.argsort(-(scores + shift), kind="stable")].tolist()
                gains.setdefault(f"cap {cap:g}", []).append(gain(order, target))
            alone = sorted(best, key=lambda row: -opinion.shifts.get(row, 0.0))
            gains.setdefault("the model's order of the 20", []).append(gain(alone, target))
    finally:
        await model.aclose()
    took = (time.monotonic() - started) / len(drawn)
    print(f"{model.name}, {mode}: {len(drawn)} users, {answered} answered, {took:.2f} s a list\n")
    print("| | nDCG@10 | against without |\n|---|---|---|")
    usual = np.array(gains["without"])
    for label, values in gains.items():
        found = mean_interval(np.array(values) - usual)
        assert found is not None
        against = "" if label == "without" else f"{found.estimate:+.4f} ({found.low:+.4f} to {found.high:+.4f})"
        print(f"| {label} | {np.mean(values):.4f} | {against} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=("smollm2", "qwen2.5-0.5b"), default="smollm2")
    parser.add_argument("--mode", choices=("likelihood", "listwise"), default="likelihood")
    parser.add_argument("--users", type=int, default=150)
    parser.add_argument("--seconds", type=float, default=60.0, help="that the model has for a list")
    options = parser.parse_args()
    asyncio.run(measure(options.model, options.mode, options.users, options.seconds))


if __name__ == "__main__":
    main()
