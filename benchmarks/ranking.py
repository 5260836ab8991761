"""Next-item ranking, every baseline tuned on validation, against the default ranking.

usage: python benchmarks/ranking.py DATASET [--seeds N] [--save FILE]     (ml-100k, ml-latest-small, goodbooks)
       python benchmarks/ranking.py --pool FILE FILE …                    (paired over the users of several sets)

Protocol: leave-last-out by time, full ranking over all items, items of the history removed, nDCG@10 with one relevant
item. Validation is each user's second-to-last event, with everything fitted on all but the last two. The test is each
user's last event, with the same fitted scorers and the history up to it. Every single scorer is tried in at most 16
settings, the same ones that ``assistant fit`` tries. Ties in time keep file order in the first table; for the second they
are shuffled, and everything is chosen and fitted anew under each of the seeds, whose figures are averaged per user.
Intervals: bootstrap over users, paired for differences.

Users with few events: histories at test are cut to their last 1, 3 and 5 events. What the whole history holds is no
candidate for anybody, so that the figures compare across lengths.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from assistant.interactions import drop_last, histories, history_of_rows, suffix
from assistant.ranking import Ranker
from assistant.scoring import choices as past
from assistant.scoring.base import History, Scorer, Scores
from assistant.scoring.baselines import ALS, BPR
from assistant.scoring.choices import Choice
from assistant.scoring.selection import FitConfig, bests_of, select
from benchmarks.ranking_data import Data, load
from evals import metrics

RESAMPLES = 2000
LENGTHS = (1, 3, 5)
OURS = "ours"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a system did on the test."""

    gains: np.ndarray
    """(n_users,) nDCG@10."""
    coverage: float
    gini: float
    popularity: float
    """Mean number of users that the items of the first ten have in what was fitted on."""


def say(line: str) -> None:
    """Progress."""
    print(line, file=sys.stderr, flush=True)


def test_choices(data: Data) -> list[Choice]:
    """Each user's last event after all others."""
    before = histories(drop_last(data.interactions, 1))
    return [
        Choice(history=h, target=int(w.rows[-1])) for h, w in zip(before, histories(data.interactions), strict=True)
    ]


def scores_of(scorer: Scorer | Ranker, of_part: Sequence[History]) -> Scores:
    """(len(of_part), n_items)."""
    return scorer.score_many(of_part) if isinstance(scorer, Ranker) else past.score_many(scorer, of_part)


def outcome(
    scorer: Scorer | Ranker | None, choices: Sequence[Choice], users_of: np.ndarray, *, chunk: int = 256
) -> Result:
    """``None`` ranks at random. ``users_of`` (n_items,) counts the users of each item."""
    rng = np.random.default_rng(0)
    n_items = len(users_of)
    ranks, lists = [], []
    for start in range(0, len(choices), chunk):
        part = choices[start : start + chunk]
        shape = (len(part), n_items)
        scores = (
            rng.random(shape, np.float32) if scorer is None else scores_of(scorer, [choice.history for choice in part])
        )
        scores = np.array(scores, np.float32)
        for n, choice in enumerate(part):
            if choice.seen is not None:
                scores[n, np.setdiff1d(choice.seen, [choice.target])] = -np.inf
        ranks.append(past.target_ranks(scores, part))
        for n, choice in enumerate(part):
            scores[n, choice.history.rows] = -np.inf
            lists.append(np.argsort(-scores[n], kind="stable")[:10].tolist())
    shown = np.bincount(np.concatenate(lists), minlength=n_items)
    gini = metrics.gini(shown.tolist())
    assert gini is not None
    return Result(
        gains=past.ndcg(np.concatenate(ranks)),
        coverage=float((shown > 0).mean()),
        gini=gini,
        popularity=float(np.mean(users_of[np.concatenate(lists)])),
    )


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over users."""
    rng = np.random.default_rng(0)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def compare(label: str, values: Mapping[str, np.ndarray], baseline: str) -> None:
    """Ours against a baseline, paired over users."""
    difference = values[OURS] - values[baseline]
    low, high = interval(difference)
    gain = 100 * difference.mean() / values[baseline].mean()
    print(f"{label}: ours against {baseline}: {gain:+.1f} %, {difference.mean():+.4f} [{low:+.4f}, {high:+.4f}]")


def fitted(data: Data) -> tuple[dict[str, Scorer | Ranker], dict[str, float], str]:
    """Everything but ALS and BPR, chosen on validation: systems, their nDCG there, and which single one was best."""
    given = drop_last(data.interactions, 1)
    found = select(given, data.features, FitConfig(refit=False, user_rows=True), item_ids=data.item_ids, report=say)
    say(str(found.table))
    systems: dict[str, Scorer | Ranker] = {row.name: scorer for row, scorer in found.singles}
    reached = {row.name: row.ndcg for row, _ in found.singles}
    best = max(reached, key=reached.__getitem__)
    systems[OURS] = found.ranker
    reached[OURS] = next(row.ndcg for row in found.table.rows if row.name == found.table.chosen)
    return systems, reached, best


def cold_start(systems: Mapping[str, Scorer | Ranker], test: Sequence[Choice], users_of: np.ndarray) -> None:
    """Users of whom only the last few events are known, against what knows least and what lives on content."""
    against = [name for name in ("popularity", "content", "attributes") if name in systems]
    for length in LENGTHS:
        cut = [replace(c, history=suffix(c.history, length), seen=c.history.rows) for c in test]
        values = {name: outcome(systems[name], cut, users_of).gains for name in (OURS, *against)}
        print(f"{length} events: " + ", ".join(f"{name} {gains.mean():.4f}" for name, gains in values.items()))
        for name in against:
            compare(f"  {length} events", values, name)


def pool(files: Sequence[Path]) -> None:
    """Ours against the best single scorer of each set, over the users of all."""
    documents = [json.loads(file.read_text()) for file in files]
    for ties in ("file_order", "ties_shuffled"):
        for best in ("best_on_validation", "best_on_test"):
            ours = np.concatenate([document[ties][OURS] for document in documents])
            single = np.concatenate([document[ties][document[best][ties]] for document in documents])
            names = ", ".join(document[best][ties] for document in documents)
            compare(f"{ties}, {len(ours):,} users, {best} ({names})", {OURS: ours, "single": single}, "single")


def main() -> None:
    """Run one set and print its tables, or pool what was saved."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="?")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--save", type=Path, help="write gains per user as JSON")
    parser.add_argument("--pool", type=Path, nargs="+")
    options = parser.parse_args()
    if options.pool:
        pool(options.pool)
        return
    data = load(options.dataset)
    train = drop_last(data.interactions, 2)
    users_of = np.bincount(train.item, minlength=train.n_items)
    started = time.monotonic()
    systems, reached, best = fitted(data)
    say(f"fitted in {time.monotonic() - started:.0f} s wall, {time.process_time():.0f} s CPU so far")
    given = drop_last(data.interactions, 1)
    validation = [
        Choice(history=h, target=int(w.rows[-1])) for h, w in zip(histories(train), histories(given), strict=True)
    ]
    for family in (ALS, BPR):
        for row, scorer in bests_of(family, train, data.features, validation):
            systems[row.name], reached[row.name] = scorer, row.ndcg
    best = max((name for name in reached if name != OURS), key=reached.__getitem__)

    test = test_choices(data)
    results = {"random": outcome(None, test, users_of)}
    results |= {name: outcome(system, test, users_of) for name, system in systems.items()}
    gains = {name: result.gains for name, result in results.items()}
    events = len(data.interactions.user)
    print(f"{options.dataset}: {len(test):,} users, {len(data.item_ids):,} items, {events:,} events")
    print(
        f"{'':20s} validation  test [95 %]               ours less it [95 %]          coverage  Gini  users of an item"
    )
    for name, result in sorted(results.items(), key=lambda entry: entry[1].gains.mean()):
        low, high = interval(result.gains)
        difference = gains[OURS] - result.gains
        below, above = interval(difference) if name != OURS else (0.0, 0.0)
        print(
            f"{name:20s} {reached.get(name, float('nan')):.4f}      {result.gains.mean():.4f} [{low:.4f}, {high:.4f}]"
            f"  {difference.mean():+.4f} [{below:+.4f}, {above:+.4f}]"
            f"  {result.coverage:.3f}     {result.gini:.3f} {result.popularity:.0f}"
        )
    bare = [replace(choice, history=history_of_rows(choice.history.rows.tolist())) for choice in test]
    ours = systems[OURS]
    print(f"ours, given item ids alone, without times and ratings: {outcome(ours, bare, users_of).gains.mean():.4f}")
    compare("ties in file order, best on validation", gains, best)
    best_on_test = {"file_order": _best(gains)}
    compare("ties in file order, best on the test", gains, best_on_test["file_order"])
    cold_start(systems, test, users_of)
    sys.stdout.flush()

    shuffled: dict[str, np.ndarray] = {}
    by_name: dict[str, float] = {}
    for seed in range(options.seeds):
        mixed = replace(load(options.dataset, ties=seed, vectors=False), features=data.features)
        again, on_validation, _ = fitted(mixed)
        chosen = test_choices(mixed)
        for name, system in again.items():
            shuffled[name] = shuffled.get(name, 0) + outcome(system, chosen, users_of).gains / options.seeds
            by_name[name] = by_name.get(name, 0.0) + on_validation[name] / options.seeds
    best_then = best
    if options.seeds:
        print(f"ties shuffled, mean of {options.seeds} seeds")
        for name, values in sorted(shuffled.items(), key=lambda entry: entry[1].mean()):
            print(f"{name:20s} {by_name[name]:.4f}      {values.mean():.4f}")
        best_then = max((name for name in by_name if name != OURS), key=by_name.__getitem__)
        best_on_test["ties_shuffled"] = _best(shuffled)
        compare("ties shuffled, best on validation", shuffled, best_then)
        compare("ties shuffled, best on the test", shuffled, best_on_test["ties_shuffled"])
    if options.save:
        document = {
            "best_on_validation": {"file_order": best, "ties_shuffled": best_then},
            "best_on_test": best_on_test,
            "file_order": {name: values.tolist() for name, values in gains.items()},
            "ties_shuffled": {name: values.tolist() for name, values in shuffled.items()},
        }
        options.save.write_text(json.dumps(document))


def _best(values: Mapping[str, np.ndarray]) -> str:
    return max((name for name in values if name != OURS), key=lambda name: values[name].mean())


if __name__ == "__main__":
    main()
