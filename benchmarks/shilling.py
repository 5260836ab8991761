"""How far made-up profiles push one cold item: hit rate@10 over the real users, before and after.

    python -m benchmarks.shilling [--set ml-100k] [--targets 4] [--reselect]

Fake users are added, 1 % and 5 % of the real ones. Each gives the target the highest rating and rates as many other items
as the median real user (Mobasher et al. 2007, "Toward trustworthy recommender systems"):

- random: fillers at random, with ratings around the data's mean;
- average: fillers at random, each with the item's own mean rating;
- bandwagon: the ten most popular items with the highest rating, then random fillers.

They act at the end of the data and take the target last, which is where scorers that know order and time see it best.
Targets are items with at most two events. Measured are the fitted default, whose settings are chosen on the clean data and
whose scorers are fitted again on the attacked data (``--reselect`` chooses on the attacked data, too: slow), and the
ranking before anything was fitted. A hit is the target among the ten best of a real user who does not know it. The bounds:
1 point for 1 %, 5 points for 5 %.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from assistant.interactions import histories, interactions_from_arrays
from assistant.ranking import Ranker, cold_ranker
from assistant.scoring import ltr
from assistant.scoring.base import History, Interactions
from assistant.scoring.selection import FitConfig, refitted, select
from benchmarks.films import show
from benchmarks.ranking_data import ROOT, Data, load

KINDS = ("random", "average", "bandwagon")
SHARES = (0.01, 0.05)
COLD_EVENTS = 2
"""Events that a target has at most."""
POPULAR = 10
"""Items that a bandwagon profile rides on."""


def attacked(clean: Interactions, kind: str, n_fake: int, target: int, seed: int) -> Interactions:
    """``clean`` with ``n_fake`` users more, after the real ones."""
    dice = np.random.default_rng(seed)
    value = clean.value.astype(float)
    counts = np.bincount(clean.item, minlength=clean.n_items)
    means = np.bincount(clean.item, value, minlength=clean.n_items) / np.maximum(counts, 1)
    mean, spread, best = value.mean(), value.std(), value.max()
    size = int(np.median(np.bincount(clean.user)))
    rated = np.flatnonzero((counts > 0) & (np.arange(clean.n_items) != target))
    popular = rated[np.argsort(-counts[rated], kind="stable")[:POPULAR]]
    users, items, times, values = [clean.user], [clean.item], [clean.time], [value]
    for fake in range(n_fake):
        chosen = dice.choice(rated, size, replace=False)
        if kind == "bandwagon":
            chosen = np.concatenate([chosen[~np.isin(chosen, popular)], dice.permutation(popular)])
        ratings = dice.normal(mean, spread, len(chosen)) if kind != "average" else means[chosen]
        ratings = np.where(np.isin(chosen, popular) & (kind == "bandwagon"), best, ratings)
        users.append(np.full(len(chosen) + 1, len(clean.user_ids) + fake))
        items.append(np.append(chosen, target))
        times.append(np.nanmax(clean.time) - 60.0 * np.arange(len(chosen), -1, -1))
        values.append(np.append(np.clip(np.round(ratings), value.min(), best), best))
    return interactions_from_arrays(
        user=np.concatenate(users),
        item=np.concatenate(items),
        time=np.concatenate(times),
        value=np.concatenate(values).astype(np.float32),
        n_items=clean.n_items,
        user_ids=[*clean.user_ids, *(f"fake-{n}" for n in range(n_fake))],
    )


def hit_rate(ranker: Ranker, real: list[History], target: int) -> float:
    """In per cent of the users who do not know the target."""
    asked = [history for history in real if target not in history.rows]
    found = ranker.rank_many(asked, [None] * len(asked), [10] * len(asked))
    return 100 * sum(target in rows for rows, _ in found) / len(asked)


def again(ranker: Ranker, data: Data, events: Interactions) -> Ranker:
    """The same recipe fitted on other events."""
    scorers = refitted(ranker.scorers, events, data.features)
    learned = None if ranker.learned is None else ltr.refreshed(ranker.learned, events)
    return replace(ranker, scorers=tuple(scorers), learned=learned)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="ml-100k", choices=["ml-100k", "ml-latest-small"])
    parser.add_argument("--targets", type=int, default=4)
    parser.add_argument("--reselect", action="store_true", help="choose settings on the attacked data, too")
    arguments = parser.parse_args()
    if not (ROOT / arguments.set).is_dir():
        raise SystemExit(f"This needs the shared set {arguments.set}.")
    data = load(arguments.set)
    clean, real = data.interactions, histories(data.interactions)
    counts = np.bincount(clean.item, minlength=clean.n_items)
    cold = np.flatnonzero(counts <= COLD_EVENTS)
    targets = np.random.default_rng(0).choice(cold, arguments.targets, replace=False).tolist()

    def fitted(events: Interactions) -> Ranker:
        return select(events, data.features, FitConfig(), item_ids=data.item_ids).ranker

    default = fitted(clean)
    print(f"{arguments.set}: {len(real):,} users, {len(targets)} targets with {counts[targets].tolist()} events")
    print("columns: " + ", ".join(scorer.name for scorer in default.scorers), flush=True)
    rankings: dict[str, tuple[Ranker, Callable[[Interactions], Ranker]]] = {
        "fitted default": (default, fitted if arguments.reselect else lambda events: again(default, data, events)),
        "nothing fitted": (
            cold_ranker(data.item_ids, data.features, clean),
            lambda events: cold_ranker(data.item_ids, data.features, events),
        ),
    }
    rows = [("hit rate@10 of the target, points", "attack", "1 % mean", "1 % worst", "5 % mean", "5 % worst")]
    failed = False
    for name, (before, remade) in rankings.items():
        base = [hit_rate(before, real, target) for target in targets]
        print(f"{name}: before {', '.join(f'{rate:.2f}' for rate in base)} %", file=sys.stderr, flush=True)
        for kind in KINDS:
            cells = []
            for share in SHARES:
                n_fake = round(share * len(real))
                rises = [
                    hit_rate(remade(attacked(clean, kind, n_fake, target, seed)), real, target) - base[seed]
                    for seed, target in enumerate(targets)
                ]
                print(f"{name}, {kind}, {share:.0%}: {', '.join(f'{rise:+.2f}' for rise in rises)}", file=sys.stderr)
                cells += [f"{np.mean(rises):+.2f}", f"{max(rises):+.2f}"]
                failed |= max(rises) > 100 * share
            rows.append((name, kind, *cells))
    show("rise after the attack", rows)
    if failed:
        raise SystemExit("a bound is exceeded")


if __name__ == "__main__":
    main()
