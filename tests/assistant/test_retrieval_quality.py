"""Retrieval on real films: the requests in ``tests/data/film_requests.jsonl``, which no setting was chosen on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import sync
from assistant.ingest import index_items
from benchmarks.retrieval import SOURCES, Films, read_requests


@pytest.fixture(scope="session")
def real_films(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Films]:
    source = shared / "wikipedia-movies" / "items.jsonl.gz"
    if not source.is_file():
        pytest.skip("the film set is not among the shared data sets")
    folder = tmp_path_factory.mktemp("real_films")
    with pytest.MonkeyPatch.context() as patch:
        # Retrieval is measured with exact search; the index would be built here and not be asked.
        patch.setattr(sync, "sync_vectors", lambda *_args, **_kwargs: None)
        index_items(source, folder)
    films = Films(folder)
    yield films
    films.store.close()


def test_most_requests_find_an_answer_among_the_first_ten_and_merging_beats_each_source(real_films: Films) -> None:
    requests = read_requests("test")
    assert len(requests) >= 40
    known = set(real_films.catalogue.ids)
    assert all(1 <= len(request.acceptable) <= 20 and request.acceptable <= known for request in requests)
    hits = {name: real_films.hits(requests, settings) for name, settings in SOURCES.items()}
    share = {name: sum(found) / len(found) for name, found in hits.items()}
    missed = [request.request_id for request, hit in zip(requests, hits["merged"], strict=True) if not hit]
    assert share["merged"] >= 0.8, f"{share}; nothing found for {missed}"
    assert share["merged"] > share["BM25 alone"], share
    assert share["merged"] > share["dense alone"], share


def test_the_development_list_is_another_one(real_films: Films) -> None:
    development, test = read_requests("dev"), read_requests("test")
    assert len(development) >= 60
    assert not {r.text for r in development} & {r.text for r in test}
    known = set(real_films.catalogue.ids)
    assert all(1 <= len(request.acceptable) <= 20 and request.acceptable <= known for request in development)
