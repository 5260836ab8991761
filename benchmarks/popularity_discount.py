"""What showing popular items less brings in coverage, and what it costs in nDCG.

    python -m benchmarks.popularity_discount ml-100k [--ties SEED] [--weights 0.2 0.5 0.8]

A ranking is chosen and fitted as ``benchmarks/ranking.py`` does it, on all but each user's last two events, and looked at on
the second to last, the validation that it was chosen on; the last, the test, is never looked at. From the final score of
every user's best 200 items ``w · log(1 + users of the item)`` is taken, and the best ten are shown. Coverage is the share of
the catalogue in anybody's ten, popularity the mean number of users of what is shown; differences of nDCG@10 are paired over
users, with 95 % bootstrap intervals. Single scorers stand beside it, chosen on the same validation.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.interactions import drop_last
from assistant.scoring import choices as past
from assistant.scoring.base import Rows, Scores
from assistant.scoring.choices import Choice
from assistant.scoring.selection import FitConfig, last_choices, select
from benchmarks.films import show
from benchmarks.ranking_data import CORES, ROOT, load
from evals.statistics import mean_interval

DEPTH, SHOWN = 200, 10
Best = list[tuple[Rows, Scores]]
"""Of each user the best rows, and their scores."""


def best_of(scores: Sequence[Scores], choices: Sequence[Choice]) -> Best:
    """The best ``DEPTH`` outside each history, best first."""
    found = []
    for row, choice in zip(scores, choices, strict=True):
        row = np.array(row, np.float32)
        row[np.setdiff1d(choice.history.rows, [choice.target])] = -np.inf
        order = np.argsort(-row, kind="stable")[:DEPTH]
        order = order[np.isfinite(row[order])]
        found.append((order, row[order]))
    return found


def outcome(
    best: Best, choices: Sequence[Choice], less: Scores, n_items: int, users_of: Rows
) -> tuple[NDArray[np.float64], float, float]:
    """nDCG@10 by user, coverage and mean popularity, with ``less`` (n_items,) taken from the scores."""
    gains, shown = [], []
    for (rows, scores), choice in zip(best, choices, strict=True):
        ten = rows[np.argsort(-(scores - less[rows]), kind="stable")[:SHOWN]]
        at = np.flatnonzero(ten == choice.target)
        gains.append(float(past.ndcg(at)[0]) if len(at) else 0.0)
        shown.append(ten)
    every = np.concatenate(shown)
    return np.array(gains), len(np.unique(every)) / n_items, float(users_of[every].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=sorted(CORES))
    parser.add_argument("--ties", type=int, help="seed of a shuffle of events of the same second; else file order")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.1, 0.2, 0.5, 0.8, 1.0])
    parser.add_argument("--singles", nargs="*", default=["ease_recent", "next_item", "transitions", "transitions_rare"])
    options = parser.parse_args()
    if not (ROOT / options.dataset).is_dir():
        raise SystemExit(f"This needs the shared set {options.dataset}.")
    data = load(options.dataset, ties=options.ties)
    given = drop_last(data.interactions, 1)  # the test is gone from here on
    train, validation = drop_last(given, 1), last_choices(given, 1, 1)
    n_items, histories = given.n_items, [choice.history for choice in validation]
    users_of = np.bincount(train.item, minlength=n_items)
    popular = np.log1p(users_of).astype(np.float32)
    found = select(given, data.features, FitConfig(refit=False), item_ids=data.item_ids)
    rows = [("", "nDCG@10", "less ours [95 %]", "coverage", "users of an item")]

    def add(label: str, best: Best, less: Scores, usual: NDArray[np.float64] | None) -> NDArray[np.float64]:
        gains, coverage, popularity = outcome(best, validation, less, n_items, users_of)
        apart = ""
        if usual is not None and (interval := mean_interval(gains - usual)) is not None:
            apart = f"{interval.estimate:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]"
        rows.append((label, f"{gains.mean():.4f}", apart, f"{coverage:.3f}", f"{popularity:.0f}"))
        return gains

    nothing = np.zeros(n_items, np.float32)
    best = best_of([personal for _, personal, _ in found.ranker.scored_parts(histories)], validation)
    ours = add("ours", best, nothing, None)
    for weight in options.weights:
        add(f"ours, w = {weight:g}", best, np.asarray(weight * popular, np.float32), ours)
    for row, scorer in found.singles:
        if row.name in options.singles:
            add(row.name, best_of(list(past.score_many(scorer, histories)), validation), nothing, ours)
    show(f"{options.dataset}: validation, {len(validation):,} users, {n_items:,} items", rows)


if __name__ == "__main__":
    main()
