"""How good and how fast retrieval is on requests in people's own words.

    python -m benchmarks.retrieval                     # on the requests that settings were chosen on
    python -m benchmarks.retrieval --list test         # on the requests kept for measuring: merged, BM25, dense
    python -m benchmarks.retrieval --list zh           # requests in Chinese on the shared Chinese films; zh-dev for the others
    python -m benchmarks.retrieval --data DIR          # films indexed before; else they are indexed into a temporary folder

Needs ``../shared/data/wikipedia-movies``, and for Chinese ``douban-movies`` beside it. A request is a hit when one of its acceptable answers is among the first ten
candidates of a user without a history. Differences are paired: 95 % bootstrap intervals over requests.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.build import build_embedder
from assistant.catalogue import Catalogue
from assistant.ingest import index_items
from assistant.merging import request_of
from assistant.profile import UserProfile
from assistant.records import labels_text, people_text
from assistant.retrieve import Found, RetrievalSettings, retrieve
from assistant.settings import load_settings
from assistant.store import Store
from assistant.types import Query
from assistant.understand import understand
from assistant.vocabulary import Vocabulary, load_language
from evals.statistics import mean_interval
from vectorstore.exact import ExactStore
from vectorstore.search import FilteredSearch

ROOT = Path(__file__).resolve().parents[1]
FILMS = ROOT.parent / "shared" / "data" / "wikipedia-movies" / "items.jsonl.gz"
CHINESE_FILMS = FILMS.parents[1] / "douban-movies" / "items.jsonl.gz"
LISTS = {
    "dev": "film_requests_dev.jsonl",
    "test": "film_requests.jsonl",
    "zh": "zh_film_requests.jsonl",
    "zh-dev": "zh_film_requests_dev.jsonl",
}
CHINESE = frozenset({"zh", "zh-dev"})
CUT = 10
SOURCES = {
    "merged": RetrievalSettings(),
    "BM25 alone": RetrievalSettings(message_dense=0, message_words=0, like_dense=0, popular=0),
    "dense alone": RetrievalSettings(message_lexical=0, message_words=0, like_lexical=0, popular=0),
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request with the items that would be a good answer."""

    request_id: str
    text: str
    kind: str
    acceptable: frozenset[str]


def read_requests(name: str) -> list[Request]:
    """The requests of a list in ``tests/data``."""
    lines = (ROOT / "tests" / "data" / LISTS[name]).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [Request(**{**row, "acceptable": frozenset(row["acceptable"])}) for row in rows]


class Films:
    """An indexed folder, ready to retrieve from, exactly: the approximate index is not used at this size."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.catalogue = Catalogue.load(self.store)
        self.vocabulary = Vocabulary(self.catalogue, load_language())
        self.embedder = build_embedder(load_settings(folder))
        self.nobody = UserProfile("nobody", [], self.catalogue, None)

    def with_names(self) -> Films:
        """The same films with one vector each, made from a text that names everybody."""
        other = object.__new__(Films)
        other.__dict__ |= self.__dict__
        items = [self.catalogue.item(row) for row in range(len(self.catalogue))]
        texts = [". ".join((i.title, labels_text(i), people_text(i), i.description or "")) for i in items]
        other.catalogue = Catalogue.of_items(self.catalogue.version, self.store.items(), self.embedder.embed(texts))
        return other

    def bm25_of_the_message(self, requests: Sequence[Request]) -> list[bool]:
        """Hits of BM25 over the terms of each whole message, of which nothing was understood."""
        queries = [Query(text=r.text, search_text=r.text, language="zh") for r in requests]
        found = [self.retrieve(query, SOURCES["BM25 alone"]).candidates[:CUT] for query in queries]
        return [any(c.item_id in r.acceptable for c in top) for r, top in zip(requests, found, strict=True)]

    def understand(self, request: Request) -> Query:
        return request_of(understand(request.text, self.vocabulary))

    def retrieve(self, query: Query, settings: RetrievalSettings) -> Found:
        return retrieve(
            query,
            self.nobody,
            catalogue=self.catalogue,
            store=self.store,
            search=FilteredSearch(ExactStore.from_arrays(self.catalogue.ids, self.catalogue.vectors)),
            embedder=self.embedder,
            language=self.vocabulary.language,
            popularity=np.zeros(len(self.catalogue), np.float32),
            limit=200,
            settings=settings,
        )

    def hits(self, requests: Sequence[Request], settings: RetrievalSettings) -> list[bool]:
        """For each request, whether one of its acceptable answers is among the first ``CUT`` candidates."""
        return [
            any(c.item_id in r.acceptable for c in self.retrieve(self.understand(r), settings).candidates[:CUT])
            for r in requests
        ]


def variants() -> dict[str, RetrievalSettings]:
    """What is compared with the settings as they are: one thing changed in each."""
    usual = RetrievalSettings()
    return {
        **SOURCES,
        "without alignment of words": replace(usual, message_words=0.0),
        "alignment 1.0": replace(usual, message_words=1.0),
        "without passages": replace(usual, passage_depth=0),
        "passages of 500 items": replace(usual, passage_depth=500),
        "passages of 2,000 items": replace(usual, passage_depth=2_000),
        "length normalisation 0.75": replace(usual, length_normalisation=0.75),
        "length normalisation 0.2": replace(usual, length_normalisation=0.2),
        "title weight 6": replace(usual, title_weight=6.0),
        "title weight 0.5": replace(usual, title_weight=0.5),
        "labels weight 3": replace(usual, labels_weight=3.0),
        "fusion k 5": replace(usual, k=5),
        "fusion k 60": replace(usual, k=60),
        "BM25 1.0": replace(usual, message_lexical=1.0),
        "BM25 0.6": replace(usual, message_lexical=0.6),
        "no boost for wishes": replace(usual, wish_boost=0.0),
        "boost for wishes 0.3": replace(usual, wish_boost=0.3),
        "boost for wishes 1.0": replace(usual, wish_boost=1.0),
        "boost for wishes 2.0": replace(usual, wish_boost=2.0),
        "common words kept": replace(usual, common_share=1.0),
    }


def row(name: str, hits: Sequence[bool], usual: Sequence[bool], requests: Sequence[Request]) -> str:
    kinds: dict[str, list[bool]] = defaultdict(list)
    for request, hit in zip(requests, hits, strict=True):
        kinds[request.kind].append(hit)
    difference = mean_interval(np.subtract(hits, usual, dtype=np.float64))
    assert difference is not None
    against = f"{difference.estimate:+.3f} ({difference.low:+.3f} to {difference.high:+.3f})" if hits != usual else ""
    by_kind = ", ".join(f"{kind} {sum(found)}/{len(found)}" for kind, found in kinds.items())
    return f"| {name} | {np.mean(hits):.3f} | {against} | {by_kind} |"


def print_speed(films: Films, requests: Sequence[Request]) -> None:
    """Wall and processor time of one retrieval, everything warm."""
    search = FilteredSearch(ExactStore.from_arrays(films.catalogue.ids, films.catalogue.vectors))
    wall, processor, reading = [], [], []
    for _ in range(3):
        for request in requests:
            start = time.perf_counter()
            query = films.understand(request)
            reading.append(1e3 * (time.perf_counter() - start))
            start, used = time.perf_counter(), time.process_time()
            retrieve(
                query,
                films.nobody,
                catalogue=films.catalogue,
                store=films.store,
                search=search,
                embedder=films.embedder,
                language=films.vocabulary.language,
                popularity=np.zeros(len(films.catalogue), np.float32),
                limit=200,
            )
            wall.append(1e3 * (time.perf_counter() - start))
            processor.append(1e3 * (time.process_time() - used))
    for name, values in (("understanding", reading), ("retrieval", wall), ("retrieval, processor", processor)):
        p50, p95 = np.percentile(values, [50, 95])
        print(f"{name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", choices=list(LISTS), default="dev")
    parser.add_argument("--data", type=Path, help="a folder these films were indexed into")
    arguments = parser.parse_args()
    requests = read_requests(arguments.list)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.data or Path(temporary)
        if arguments.data is None:
            used = time.process_time()
            report = index_items(CHINESE_FILMS if arguments.list in CHINESE else FILMS, folder)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            spent = time.process_time() - used
            print(
                f"indexed {report.items:,} films in {report.seconds:.1f} s ({spent:.1f} s of processor), peak {peak:.0f} MB"
            )
        films = Films(folder)
        print(
            f"\n{len(requests)} requests, hit@{CUT}\n\n| settings | hit@{CUT} | against merged | by kind |\n|---|---|---|---|"
        )
        usual = films.hits(requests, RetrievalSettings())
        for name, settings in (variants() if arguments.list == "dev" else SOURCES).items():
            print(row(name, films.hits(requests, settings), usual, requests), flush=True)
        if arguments.list in CHINESE:
            alone = films.bm25_of_the_message(requests)
            print(row("BM25 alone, nothing understood", alone, usual, requests), flush=True)
        if arguments.list == "dev":
            named = films.with_names()
            for name, settings in SOURCES.items():
                if name != "BM25 alone":
                    print(
                        row(f"{name}, vectors with names", named.hits(requests, settings), usual, requests), flush=True
                    )
        print()
        print_speed(films, requests)
        films.store.close()


if __name__ == "__main__":
    main()
