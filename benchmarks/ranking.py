"""Next-item ranking, every baseline tuned on validation, against the default ranking.

usage: python benchmarks/ranking.py DATASET [--seeds N]     (ml-100k, ml-latest-small, goodbooks)

Protocol: leave-last-out by time, full ranking over all items, items of the history removed, nDCG@10 and hit@10 with one
relevant item. Validation is each user's second-to-last event, with everything fitted on all but the last two. The test
is each user's last event, with the same fitted scorers and the history up to it. Every single scorer is tried in at most
16 settings, the same ones that ``assistant fit`` tries; what is best on validation goes into the table. Ties in time keep
file order in the first table; in the second they are shuffled, with the settings, weights and trees chosen under file
order and the scorers fitted again, averaged over the seeds. Intervals: bootstrap over users, paired for differences.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from assistant.interactions import drop_last, histories, history_of_rows
from assistant.ranking import Ranker
from assistant.scoring import choices as past
from assistant.scoring.base import Scorer
from assistant.scoring.choices import Choice
from assistant.scoring.factors import Als, Bpr
from assistant.scoring.grids import Family
from assistant.scoring.linear import LinearScorer
from assistant.scoring.selection import FitConfig, bests_of, refitted, select
from benchmarks.ranking_data import Data, load

RESAMPLES = 2000
FACTORS = Family(
    name="als",
    variants=tuple(
        Als(factors=f, regularisation=r, alpha=a)
        for f, r, a in ((32, 0.1, 1.0), (64, 0.1, 10.0), (64, 1.0, 3.0), (128, 1.0, 10.0))
    ),
)
PAIRWISE = Family(
    name="bpr",
    variants=tuple(
        Bpr(factors=f, regularisation=r, alpha=a)
        for f, r, a in ((32, 0.01, 1.0), (64, 0.01, 1.0), (64, 0.05, 10.0), (128, 0.01, 1.0))
    ),
)


def test_choices(data: Data) -> list[Choice]:
    """Each user's last event after all others."""
    before = histories(drop_last(data.interactions, 1))
    return [
        Choice(history=h, target=int(w.rows[-1])) for h, w in zip(before, histories(data.interactions), strict=True)
    ]


def gains(scorer: Scorer | Ranker, choices: Sequence[Choice], chunk: int = 256) -> np.ndarray:
    """(n_choices,) nDCG@10."""
    ranks = []
    for start in range(0, len(choices), chunk):
        part = choices[start : start + chunk]
        of_part = [choice.history for choice in part]
        if isinstance(scorer, Ranker):
            scores = np.stack([scorer.score_all(history) for history in of_part])
        else:
            scores = past.score_many(scorer, of_part)
        ranks.append(past.target_ranks(scores, part))
    return past.ndcg(np.concatenate(ranks))


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over users."""
    rng = np.random.default_rng(0)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def compare(label: str, values: dict[str, np.ndarray], best_single: str) -> None:
    """Ours against a baseline, paired over users."""
    difference = values["ours"] - values[best_single]
    low, high = interval(difference)
    gain = 100 * difference.mean() / values[best_single].mean()
    mean = difference.mean()
    print(
        f"{label}: ours against {best_single}, best on validation: {gain:+.1f} %, {mean:+.4f} [{low:+.4f}, {high:+.4f}]"
    )


def main() -> None:
    """Run one set and print its table; the last line on stdout is JSON with the gains per user."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--save", type=Path, help="write gains per user as JSON")
    options = parser.parse_args()
    data = load(options.dataset)
    given = drop_last(data.interactions, 1)
    train = drop_last(data.interactions, 2)
    validation = [
        Choice(history=h, target=int(w.rows[-1])) for h, w in zip(histories(train), histories(given), strict=True)
    ]

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    started = time.monotonic()
    found = select(given, data.features, FitConfig(refit=False, user_rows=True), item_ids=data.item_ids, report=say)
    ranker, table = found.ranker, found.table
    say(f"fitted in {time.monotonic() - started:.0f} s wall, {time.process_time():.0f} s CPU so far")
    say(str(table))
    competitors: dict[str, Scorer | Ranker] = {}
    on_validation: dict[str, float] = {}
    factors = [best for family in (FACTORS, PAIRWISE) for best in bests_of(family, train, data.features, validation)]
    for row, scorer in [*found.singles, *factors]:
        say(f"{row.name}: {row.ndcg:.4f} {row.settings}")
        competitors[row.name], on_validation[row.name] = scorer, row.ndcg
    best_single = max(on_validation, key=on_validation.__getitem__)
    competitors["ours"] = ranker
    on_validation["ours"] = next(row.ndcg for row in table.rows if row.name == table.chosen)

    test = test_choices(data)
    random = np.random.default_rng(0).random((len(test), len(data.item_ids))).astype(np.float32)
    results = {"random": past.ndcg(past.target_ranks(random, test))}
    results |= {name: gains(scorer, test) for name, scorer in competitors.items()}
    bare = [replace(choice, history=history_of_rows(choice.history.rows.tolist())) for choice in test]
    without_times = gains(ranker, bare)
    print(
        f"{options.dataset}: {len(test):,} users, {len(data.item_ids):,} items, {len(data.interactions.user):,} events"
    )
    print(f"{'':20s} validation   test [95 %]")
    for name, values in sorted(results.items(), key=lambda entry: entry[1].mean()):
        low, high = interval(values)
        print(
            f"{name:20s} {on_validation.get(name, float('nan')):.4f}       {values.mean():.4f} [{low:.4f}, {high:.4f}]"
        )
    print(f"ours, given item ids alone, without times and ratings: {without_times.mean():.4f}")
    compare("ties in file order", results, best_single)
    sys.stdout.flush()

    again = {name: scorer for name, scorer in competitors.items() if isinstance(scorer, LinearScorer)}
    shuffled = {name: np.zeros(len(test)) for name in [*again, "ours"]}
    for seed in range(options.seeds):
        mixed = replace(load(options.dataset, ties=seed, vectors=False), features=data.features)
        chosen = test_choices(mixed)
        # Refitted together, so that scorers with one matrix fit it once.
        events = drop_last(mixed.interactions, 2)
        fresh = refitted([*again.values(), *ranker.scorers], events, data.features)
        for name, scorer in zip(again, fresh, strict=False):
            shuffled[name] += gains(scorer, chosen) / options.seeds
        shuffled["ours"] += gains(replace(ranker, scorers=tuple(fresh[len(again) :])), chosen) / options.seeds
    if options.seeds:
        print(f"ties shuffled, mean of {options.seeds} seeds")
        for name, values in sorted(shuffled.items(), key=lambda entry: entry[1].mean()):
            print(f"{name:20s} {values.mean():.4f}")
        compare("ties shuffled", shuffled, best_single)
    if options.save:
        document = {
            "best_single": best_single,
            "file_order": {name: values.tolist() for name, values in results.items()},
            "ties_shuffled": {name: values.tolist() for name, values in shuffled.items()},
        }
        options.save.write_text(json.dumps(document))


if __name__ == "__main__":
    main()
