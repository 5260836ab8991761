"""The claim checker: speed with a large catalogue, and agreement with known labels.

    python benchmarks/claim_checker.py [--data ../shared/data]

Targets: 1,000 replies of two sentences in at most 5 s on one core; balanced accuracy at least 0.95 on the factual slots
of ViGGO valid, 0.70 on its opinion slots, 0.90 on E2E devel. Developed on ViGGO train and on half of E2E devel (split
by record); the other half is reported by itself.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import time
from pathlib import Path

from assistant.faithfulness import ClaimChecker, Evidence, HistoryItem, Lexicon
from evals.meta_evaluation import (
    OPINION_SLOTS,
    Agreement,
    Figure,
    Outcome,
    agreement,
    by_slot,
    judge,
    make_pairs,
    read_corpus,
    same_in_restaurants,
    split_by_kind,
)


def film_records(data: Path) -> list[dict]:
    """The films of the shared collection, as ``Item.slots()`` would give them."""
    with gzip.open(data / "wikipedia-movies" / "items.jsonl.gz", "rt", encoding="utf-8") as file:
        films = [json.loads(line) for line in file]
    return [
        {
            slot: value
            for slot, value in {
                "title": film["title"],
                "year": film["year"],
                "categories": tuple(film["genres"]),
                "cast": tuple(film["cast"]),
            }.items()
            if value
        }
        for film in films
    ]


def speed(data: Path) -> None:
    """Builds the lexicon and checks 1,000 replies about different films."""
    records = film_records(data)
    start = time.perf_counter()
    lexicon = Lexicon.from_records(records)
    print(f"lexicon of {len(records):,} films: {time.perf_counter() - start:.2f} s, {len(lexicon.names):,} names")
    checker = ClaimChecker(lexicon)
    chooser = random.Random(3)
    rich = [record for record in records if len(record.get("cast", ())) > 2 and record.get("categories")]
    cases = []
    for number in range(1000):
        film, liked, other = chooser.sample(rich, 3)
        name = (film if number % 2 else other)["cast"][0]
        text = (
            f"Since you liked {liked['title']}, {film['title']} from {film['year']} may suit you: it stars {name} "
            f"and {film['cast'][1]}. It is a {film['categories'][0].lower()} film, and not an animated one."
        )
        history = (HistoryItem(item_id="h", title=liked["title"], record=liked),)
        cases.append((text, Evidence(item_id="i", record=film, history=history)))
    start = time.perf_counter()
    claims = sum(len(checker.check(text, evidence)) for text, evidence in cases)
    print(f"1,000 replies of two sentences: {time.perf_counter() - start:.2f} s, {claims / 1000:.1f} claims each\n")


def _show(figure: Figure) -> str:
    if figure.value is None:
        return "—"
    return (
        f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]" if figure.low is not None else f"{figure.value:.3f}"
    )


def _row(name: str, found: Agreement) -> str:
    cells = (found.balanced_accuracy, found.auc, found.precision, found.recall, found.f1, found.kappa)
    return f"| {name} | {found.pairs:,} | " + " | ".join(_show(cell) for cell in cells) + " |"


def table(data: Path, resamples: int) -> None:
    """The meta-evaluation of both corpora, and what is caught by slot."""
    folder = data / "faithfulness"
    checker = ClaimChecker()
    places = read_corpus(folder / "e2e-devel-errors.csv")
    halves: dict[bool, list] = {True: [], False: []}
    for row in places:
        halves[hashlib.sha1(repr(sorted(row[0].items())).encode()).digest()[-1] % 2 == 0].append(row)
    corpora = {
        "ViGGO train (developed on)": make_pairs(read_corpus(folder / "viggo-train.csv")),
        "ViGGO valid": make_pairs(read_corpus(folder / "viggo-valid.csv")),
        "E2E devel, half developed on": make_pairs(halves[True], same=same_in_restaurants),
        "E2E devel, other half": make_pairs(halves[False], same=same_in_restaurants),
        "E2E devel": make_pairs(places, same=same_in_restaurants),
    }
    print("| pairs | n | balanced accuracy | AUC | precision | recall | F1 | kappa |")
    print("|---|---|---|---|---|---|---|---|")
    outcomes: dict[str, list[Outcome]] = {}
    for name, pairs in corpora.items():
        outcomes[name] = list(judge(pairs, checker))
        for kind, part in split_by_kind(outcomes[name]).items():
            if any(o.pair.slot in OPINION_SLOTS for o in part) or kind == "factual":
                print(_row(f"{name}, {kind}", agreement(part, resamples=resamples)))
        swaps = [
            o
            for o in split_by_kind(outcomes[name])["opinion"]
            if o.pair.change != "drop" and o.pair.slot != "specifier"
        ]
        if name.startswith("ViGGO"):
            print(_row(f"{name}, rating swapped", agreement(swaps, resamples=resamples)))
    for name in ("ViGGO valid", "E2E devel"):
        print(f"\nCaught of all changed, by slot: {name}")
        for slot, changes in by_slot(outcomes[name]).items():
            print(f"  {slot}: " + ", ".join(f"{change} {hit}/{n}" for change, (hit, n) in sorted(changes.items())))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[1] / ".." / "shared" / "data")
    parser.add_argument("--resamples", type=int, default=200)
    arguments = parser.parse_args()
    speed(arguments.data)
    table(arguments.data, arguments.resamples)
