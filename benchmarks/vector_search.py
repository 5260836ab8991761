"""Exact against approximate search: time, recall, and what building costs.

    python benchmarks/vector_search.py                  # the table, on the shared film set if it is there
    python benchmarks/vector_search.py --repeat 4       # each vector four times, with noise: 130,240
    python benchmarks/vector_search.py --settings       # recall and time of several HNSW settings

Without ``../shared/data/wikipedia-movies`` the vectors are random clusters; the recall then says little about films.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from vectorstore.chroma import ChromaSettings, ChromaStore
from vectorstore.embedders import make_embedder
from vectorstore.exact import ExactStore

FILMS = Path(__file__).resolve().parents[2] / "shared" / "data" / "wikipedia-movies" / "items.jsonl.gz"
REQUESTS = (
    "something funny set in space, not animated",
    "a slow drama about two sisters",
    "heist gone wrong",
    "black and white horror with vampires",
    "a western with a female lead",
    "documentary about jazz musicians",
    "romance in Paris during the war",
    "martial arts tournament",
    "a courtroom thriller",
    "children lost in the woods",
)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def film_vectors():
    """(vectors of the films, vectors of requests)."""
    embedder = make_embedder("wordllama")
    requests = embedder.embed(REQUESTS)
    if not FILMS.is_file():
        print("the shared film set is not there: random clusters instead")
        rng = np.random.default_rng(0)
        centres = rng.normal(size=(300, embedder.info.dim))
        films = centres[rng.integers(0, 300, 32_560)] + rng.normal(size=(32_560, embedder.info.dim))
        films = films.astype(np.float32)
        return films / np.linalg.norm(films, axis=1, keepdims=True), requests
    texts = []
    with gzip.open(FILMS, "rt", encoding="utf-8") as lines:
        for line in lines:
            film = json.loads(line)
            parts = (film["title"], ", ".join(film["genres"]), ", ".join(film["cast"]), film["description"] or "")
            texts.append(". ".join(part for part in parts if part))
    started = time.perf_counter()
    films = embedder.embed(texts)
    seconds = time.perf_counter() - started
    print(
        f"embedded {len(texts):,} films in {seconds:.1f} s ({len(texts) / seconds:,.0f} a second), peak {peak_mb():.0f} MB"
    )
    return films, requests


def timed(function, queries):
    """Median and 95th percentile in milliseconds."""
    seconds = []
    for query in queries:
        started = time.perf_counter()
        function(query)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds)) * 1e3, float(np.quantile(seconds, 0.95)) * 1e3


def recall_at(store, exact, queries, k):
    shares = []
    for query in queries:
        truth = {exact.ids[row] for row in exact.search_rows(query, k).rows}
        shares.append(len(truth & {item_id for item_id, _ in store.search(query, k)}) / k)
    return float(np.mean(shares))


def build(vectors, ids, folder, settings):
    started = time.perf_counter()
    store = ChromaStore.build(folder, "benchmark", ids, vectors, settings=settings)
    return store, time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=1, help="copies of each vector, with noise")
    parser.add_argument("--k", type=int, default=100)
    parser.add_argument("--settings", action="store_true", help="compare HNSW settings")
    arguments = parser.parse_args()
    k = arguments.k

    films, requests = film_vectors()
    rng = np.random.default_rng(0)
    if arguments.repeat > 1:
        films = np.repeat(films, arguments.repeat, axis=0)
        films += rng.normal(scale=0.02, size=films.shape).astype(np.float32)
        films /= np.maximum(np.linalg.norm(films, axis=1, keepdims=True), 1e-9)
    # Requests in words, and films slightly moved, as the interest vectors of a profile are.
    moved = films[rng.integers(0, len(films), 90)] + rng.normal(scale=0.02, size=(90, films.shape[1])).astype(
        np.float32
    )
    queries = np.concatenate([requests, moved / np.linalg.norm(moved, axis=1, keepdims=True)]).astype(np.float32)
    ids = [str(row) for row in range(len(films))]
    exact = ExactStore.from_arrays(ids, films)

    if arguments.settings:
        print(f"\n| M | ef_construction | ef_search | build s | recall@{k} | p50 ms |\n|---|---|---|---|---|---|")
        for neighbors, construction, width in (
            (16, 100, 100),
            (16, 100, 256),
            (24, 100, 256),
            (32, 100, 128),
            (32, 100, 256),
            (32, 200, 256),
            (48, 100, 256),
        ):
            settings = ChromaSettings(max_neighbors=neighbors, ef_construction=construction, ef_search=width)
            with tempfile.TemporaryDirectory() as folder:
                store, seconds = build(films, ids, folder, settings)
                with store:
                    recall = recall_at(store, exact, queries, k)
                    p50, _ = timed(lambda query, store=store: store.search(query, k), queries)
            print(f"| {neighbors} | {construction} | {width} | {seconds:.1f} | {recall:.3f} | {p50:.2f} |", flush=True)
        return

    with tempfile.TemporaryDirectory() as folder:
        store, seconds = build(films, ids, folder, ChromaSettings())
        with store:
            size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) / 1e6
            print(
                f"built Chroma of {films.shape[0]:,} x {films.shape[1]} in {seconds:.1f} s, {size:.0f} MB, peak {peak_mb():.0f} MB"
            )
            print(
                f"\n| allowed rows | exact p50 ms | exact p95 ms | approximate p50 ms | approximate p95 ms | recall@{k} |"
            )
            print("|---|---|---|---|---|---|")
            for share in (1.0, 0.75, 0.5, 0.25, 0.1, 0.05, 0.01):
                allowed = rng.random(len(films)) < share
                rows = None if share == 1.0 else np.flatnonzero(allowed)
                kept = len(films) if rows is None else len(rows)
                exact_ms = timed(lambda query, rows=rows: exact.search_rows(query, k, rows), queries)
                fetch = min(len(films), int(k * 1.5 / share) if share < 1 else k)
                if fetch > 5_000:
                    print(f"| {kept:,} | {exact_ms[0]:.2f} | {exact_ms[1]:.2f} | would fetch {fetch:,} | | |")
                    continue
                found_ms = timed(lambda query, fetch=fetch: store.search(query, fetch), queries)
                shares = []
                for query in queries:
                    truth = set(exact.search_rows(query, k, rows).rows.tolist())
                    found = [int(item_id) for item_id, _ in store.search(query, fetch)]
                    shares.append(
                        len(truth & set([row for row in found if rows is None or allowed[row]][:k])) / len(truth)
                    )
                print(
                    f"| {kept:,} | {exact_ms[0]:.2f} | {exact_ms[1]:.2f} | {found_ms[0]:.2f} | {found_ms[1]:.2f} "
                    f"| {np.mean(shares):.3f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
