"""Are items recommended that nobody has had anything to do with? Coverage of cold items, and what their places cost.

    python -m benchmarks.cold_items [--set ml-100k] [--draws 2]

All events of a random tenth of the items are hidden; these items stay in the catalogue with what is known of them (title,
year, genres, and where films of Wikipedia were joined, cast and description). The default is then fitted on the rest less
each user's last event, and lists of ten are made for all users. Coverage is the share of the hidden items in at least one
list. It is compared with that of the better of the two content scorers alone, which is what content can reach; the target
is a fifth of it. nDCG@10 is on each user's last remaining event, the one that the fit validates on, with and without the
places for new items; the interval is a paired bootstrap over users.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from assistant.interactions import drop_last, histories
from assistant.ranking import Ranker
from assistant.scoring import choices as past
from assistant.scoring.base import Interactions
from assistant.scoring.selection import FitConfig, last_choices, select
from benchmarks.films import show
from benchmarks.ranking_data import ROOT, load

RESAMPLES = 2000


def without(events: Interactions, items: np.ndarray) -> Interactions:
    """Without any event on ``items``."""
    return events.where(~np.isin(events.item, items))


def covered(ranker: Ranker, events: Interactions, hidden: np.ndarray) -> tuple[float, float]:
    """Share of the hidden items in at least one list of ten, and the share of all places that they take."""
    users = [history for history in histories(events) if len(history)]
    lists = ranker.rank_many(users, [None] * len(users), [10] * len(users))
    shown = np.concatenate([rows for rows, _ in lists])
    cold = shown[np.isin(shown, hidden)]
    return len(np.unique(cold)) / len(hidden), len(cold) / len(shown)


def gains(ranker: Ranker, choices: list[past.Choice]) -> np.ndarray:
    """(n_choices,) nDCG@10."""
    parts = [choices[start : start + 256] for start in range(0, len(choices), 256)]
    return past.ndcg(np.concatenate([past.target_ranks(ranker.score_many([c.history for c in p]), p) for p in parts]))


def interval(values: np.ndarray) -> str:
    """The mean and its 95 % bootstrap interval."""
    dice = np.random.default_rng(0)
    means = [values[dice.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():+.4f} [{low:+.4f}, {high:+.4f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="ml-100k", choices=["ml-100k", "ml-latest-small", "goodbooks"])
    parser.add_argument("--draws", type=int, default=2)
    arguments = parser.parse_args()
    if not (ROOT / arguments.set).is_dir():
        raise SystemExit(f"This needs the shared set {arguments.set}.")
    data = load(arguments.set)
    rows = [
        ("hidden items", "content alone", "default", "of content's", "places", "stride", "without", "nDCG@10", "cost")
    ]
    for draw in range(arguments.draws):
        n_items = len(data.item_ids)
        hidden = np.random.default_rng(draw).choice(n_items, n_items // 10, replace=False)
        events = without(drop_last(data.interactions, 1), hidden)
        found = select(events, data.features, FitConfig(refit=False), item_ids=data.item_ids)
        ranker, plain = found.ranker, replace(found.ranker, new_items=None)
        known = drop_last(events, 1)
        reached = max(
            covered(Ranker(ranker.item_ids, (scorer,), {scorer.name: 1.0}), known, hidden)[0]
            for _, scorer in found.singles
            if scorer.name in ("content", "attributes")
        )
        ours, places = covered(ranker, known, hidden)
        before, _ = covered(plain, known, hidden)
        choices = last_choices(events, 1, 1)
        with_new, without_new = gains(ranker, choices), gains(plain, choices)
        stride = "none" if ranker.new_items is None else str(ranker.new_items.stride)
        share = ours / reached if reached else float("nan")
        cells = (f"{reached:.2f}", f"{ours:.2f}", f"{share:.0%}", f"{places:.1%}", stride, f"{before:.2f}")
        rows.append((str(len(hidden)), *cells, f"{with_new.mean():.4f}", interval(with_new - without_new)))
    show(f"cold items of {arguments.set}; chosen by the fit: {found.table.chosen}", rows)


if __name__ == "__main__":
    main()
