"""What the dial of diversity costs and brings, on personal lists and on lists that were asked for.

    python -m benchmarks.diversity                  # personal lists, MovieLens 100K
    python -m benchmarks.diversity --asked DIR      # requests on films that were indexed into DIR

Personal: a ranking chosen and fitted as ``benchmarks/ranking.py`` does it, on all but each user's last two events; measured
on the second to last, which is the validation that settings are chosen on (``--test``: on the last). Lists of ten, from the
best 50 by score. nDCG@10 with one relevant item; intra-list diversity is the mean of 1 - cosine over the pairs of a list,
coverage the share of the catalogue in any list, popularity the mean number of events of the items shown, Gini that of
exposure. Asked for: the requests of ``tests/data`` with acceptable answers, somebody without a history, lists of five and
ten, ranked as a turn ranks them. Differences to the dial at 0 are paired, with 95 % bootstrap intervals. ``--dpp`` measures
a determinantal point process with the same library beside it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from assistant.arranging.diversity import DEPTH, diversified
from assistant.catalogue import Catalogue
from assistant.interactions import drop_last, histories
from assistant.ranking import cold_ranker
from assistant.retrieve import RetrievalSettings
from assistant.scoring.selection import FitConfig, select
from evals.metrics import catalogue_coverage, gini, intra_list_diversity
from evals.statistics import mean_interval

DIALS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
K = 10
Diversify = Callable[[Sequence[float], np.ndarray, int, float], list[int]]


def by_dpp(scores: Sequence[float], vectors: np.ndarray, k: int, dial: float) -> list[int]:
    """The same by a determinantal point process (Chen et al. 2018), as pyversity has it; 0 leaves the order as it is."""
    if dial <= 0:
        return list(range(len(scores)))
    from pyversity import dpp

    top = np.asarray(scores[:DEPTH], np.float32)
    return dpp(vectors[:DEPTH], top, min(k, len(top)), diversity=dial).indices.tolist()


def interval(values: np.ndarray, usual: np.ndarray) -> str:
    if values is usual:
        return ""
    found = mean_interval(values - usual)
    assert found is not None
    return f"{found.estimate:+.4f} ({found.low:+.4f} to {found.high:+.4f})"


def personal(diversify: Diversify, *, test: bool) -> None:
    from benchmarks.ranking_data import load

    data = load("ml-100k")
    given = drop_last(data.interactions, 1)
    started = time.monotonic()
    ranker = select(given, data.features, FitConfig(refit=False), item_ids=data.item_ids).ranker
    print(f"fitted in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    before = given if test else drop_last(given, 1)
    after = data.interactions if test else given
    past = histories(before)
    targets = [int(whole.rows[-1]) for whole in histories(after)]
    ranked = ranker.rank_many(past, [None] * len(past), [DEPTH] * len(past))
    vectors = data.features.vectors
    events = np.bincount(before.item, minlength=before.n_items)
    print(f"{len(past)} users, {len(vectors):,} items, {'test' if test else 'validation'}\n")
    print("| dial | nDCG@10 | against 0 | diversity | coverage | popularity | Gini |\n|---|---|---|---|---|---|---|")
    usual: np.ndarray | None = None
    for dial in DIALS:
        lists = []
        for rows, scores in ranked:
            order = diversify(scores.tolist(), vectors[rows], K, dial)[:K]
            lists.append([int(rows[place]) for place in order])
        gains = np.array(
            [
                1 / np.log2(found.index(target) + 2) if target in found else 0.0
                for found, target in zip(lists, targets, strict=True)
            ]
        )
        usual = gains if usual is None else usual
        spread = np.mean([intra_list_diversity(found, vectors, K) for found in lists])
        shown = np.bincount([row for found in lists for row in found], minlength=len(vectors))
        popularity = np.mean([events[row] for found in lists for row in found])
        print(
            f"| {dial:g} | {gains.mean():.4f} | {interval(gains, usual)} | {spread:.3f} "
            f"| {catalogue_coverage(lists, len(vectors), K):.3f} | {popularity:.0f} | {gini(shown.tolist()):.3f} |",
            flush=True,
        )


def asked(folder: Path, diversify: Diversify, which: str) -> None:
    from assistant.interactions import history_of_rows, to_interactions
    from benchmarks.retrieval import Films, read_requests

    films = Films(folder)
    catalogue: Catalogue = films.catalogue
    nobody = history_of_rows([])
    ranker = cold_ranker(catalogue.ids, catalogue.features(), to_interactions([], catalogue.row_of, len(catalogue)))
    requests = read_requests(which)
    ranked = []
    for request in requests:
        found = films.retrieve(films.understand(request), RetrievalSettings())
        rows = catalogue.rows(candidate.item_id for candidate in found.candidates)
        ranked.append(ranker.rank(nobody, rows, relevance=found.relevance, k=DEPTH, explain=False))
    print(f"{len(requests)} requests ({which}), {len(catalogue):,} films\n")
    print("| dial | hit@5 | against 0 | hit@10 | diversity of 5 |\n|---|---|---|---|---|")
    usual: np.ndarray | None = None
    for dial in DIALS:
        hits: dict[int, list[float]] = {5: [], 10: []}
        spreads = []
        for request, entries in zip(requests, ranked, strict=True):
            vectors = catalogue.vectors[[entry.row for entry in entries]]
            for k in hits:
                order = diversify([entry.score for entry in entries], vectors, k, dial)[:k]
                hits[k].append(float(any(entries[place].item_id in request.acceptable for place in order)))
                if k == 5 and (spread := intra_list_diversity(order, vectors, k)) is not None:
                    spreads.append(spread)
        first = np.array(hits[5])
        usual = first if usual is None else usual
        print(
            f"| {dial:g} | {first.mean():.3f} | {interval(first, usual)} | {np.mean(hits[10]):.3f} | {np.mean(spreads):.3f} |",
            flush=True,
        )
    films.store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--asked", type=Path, metavar="DIR", help="a folder that the films were indexed into")
    parser.add_argument("--list", choices=("dev", "test"), default="dev", help="of requests")
    parser.add_argument("--test", action="store_true", help="personal lists: measure on each user's last event")
    parser.add_argument("--dpp", action="store_true", help="a determinantal point process in place of MMR")
    options = parser.parse_args()
    diversify: Diversify = by_dpp if options.dpp else diversified
    if options.asked is not None:
        asked(options.asked, diversify, options.list)
    else:
        personal(diversify, test=options.test)


if __name__ == "__main__":
    main()
