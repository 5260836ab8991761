"""How the rank that a local model gives an item depends on its place in the prompt, and whether it knows anything.

    python -m benchmarks.position_bias [--model smollm2] [--model qwen2.5-0.5b] [--lists 8] [--items 10]

Lists are of MovieLens 100K: a user's liked titles, and as candidates the item that they chose next and others that are as
popular, the nearest in number of events that they do not know. Each list is put in order by the prompt that ``rerank =
listwise`` uses, in two random orders and their reverses. Printed: the slope of rank on place (0 unbiased, 1 the prompt's
order; ``assistant/arranging/position_bias.py``), mean ranks by thirds of the prompt, how far answers about the same list
agree, how many answers could be used, and the mean rank of the chosen item as a share of the last (chance: .5) over lists
with an answer. It takes about 3 seconds an answer on two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import random
import time

import numpy as np

from assistant.arranging.listwise import Listwise, ListwiseConfig, Work
from assistant.arranging.position_bias import position_bias
from assistant.errors import ProviderError
from assistant.interactions import drop_last, histories
from assistant.llm.llama_cpp import LlamaCppConfig, LlamaCppModel
from benchmarks.films import SEED
from benchmarks.local_model_turns import files
from benchmarks.ranking_data import ROOT, load
from evals.statistics import mean_interval

LIKED = 8


def lists(count: int, items: int) -> list[tuple[list[str], list[Work], int]]:
    """(liked titles, candidates, which of them was chosen) of some users, drawn once."""
    data = load("ml-100k", vectors=False)
    with gzip.open(ROOT / "ml-100k" / "items.jsonl.gz", "rt") as lines:
        records = {record["item_id"]: record for record in map(json.loads, lines)}

    def work(row: int) -> Work:
        record = records[data.item_ids[row]]
        labels = record.get("categories") or record.get("genres") or ()
        return Work(title=record["title"], year=record.get("year"), categories=tuple(labels))

    dice = random.Random(SEED)
    given = drop_last(data.interactions, 1)
    events = np.bincount(given.item, minlength=given.n_items)
    users = list(zip(histories(given), histories(data.interactions), strict=True))
    drawn = []
    for past, whole in dice.sample(users, count):
        target = int(whole.rows[-1])
        known = set(whole.rows.tolist())
        near = sorted(
            (row for row in range(given.n_items) if row not in known),
            key=lambda row: abs(int(events[row]) - int(events[target])),
        )
        candidates = [target, *near[: items - 1]]
        dice.shuffle(candidates)
        liked = [row for row, value in zip(past.rows.tolist(), past.value.tolist(), strict=True) if value >= 4][-LIKED:]
        drawn.append(([work(row).title for row in liked], [work(row) for row in candidates], candidates.index(target)))
    return drawn


async def measure(name: str, count: int, items: int, seconds: float) -> None:
    path, digest = files()[name]
    model = LlamaCppModel(path, LlamaCppConfig(sha256=(digest,) if digest else ()))
    listwise = Listwise(model, config=ListwiseConfig(depth=items))
    answered, places, asked, why = [], [], 0, ""
    started = time.monotonic()
    try:
        for liked, works, chosen in lists(count, items):
            try:
                listed = await listwise.scores(liked, "", works, deadline=seconds)
            except ProviderError as error:
                why = str(error)
                continue
            asked += listed.asked
            why = listed.refused[0] if listed.refused else why
            if listed.orders:
                answered.append(listed.orders)
                places.append(float(np.mean([order.ranks[chosen] for order in listed.orders])) / (items - 1))
    finally:
        await model.aclose()
    found = position_bias(answered)
    took = (time.monotonic() - started) / max(asked, 1)
    print(f"\n{model.name}: {count} lists of {items}, {took:.1f} s an answer (load average {os.getloadavg()[0]:.1f})")
    if found is None:
        print(f"  no pair of answers could be used: {why}")
        return
    rank = mean_interval(np.array(places))
    print(f"  answers used         {found.answers} of {asked}{f' (the last refused: {why})' if why else ''}")
    print(f"  slope                {found.slope:+.2f} [{found.low:+.2f}, {found.high:+.2f}]")
    print("  mean rank by third   " + "  ".join(f"{third:.2f}" for third in found.thirds))
    print(
        f"  agreement (tau)      {found.agreement:+.2f}"
        if found.agreement is not None
        else "  no two answers agree on anything"
    )
    if rank is not None:
        print(f"  rank of the chosen   {rank.estimate:.2f} [{rank.low:.2f}, {rank.high:.2f}], .50 by chance")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", choices=("smollm2", "qwen2.5-0.5b"))
    parser.add_argument("--lists", type=int, default=8)
    parser.add_argument("--items", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=120.0, help="for the four answers about a list")
    options = parser.parse_args()
    for name in options.model or files():
        asyncio.run(measure(name, options.lists, options.items, options.seconds))


if __name__ == "__main__":
    main()
