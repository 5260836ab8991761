from __future__ import annotations

import logging
from pathlib import Path

import pytest

from assistant.errors import ProviderError
from assistant.ingest import index_items
from assistant.store import Store
from assistant.turn import Assistant
from tests.assistant.catalogues import FILMS
from tests.surfaces.served import served
from vectorstore.embed_hashing import HashingEmbedder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    return tmp_path


def test_ready_means_that_everything_of_a_first_turn_is_loaded(folder: Path) -> None:
    with served(folder) as running, running.client() as client:
        assert client.get("/ready").status_code == 200
        serving = running.app.state.web.assistant._serving
        assert serving is not None
        assert serving.catalogue.aligner is not None  # made by the first retrieval
    with Store(folder) as store:
        assert store.users() == []  # and nothing is remembered of it


@pytest.mark.parametrize("fails", [False, True])
def test_neither_an_empty_catalogue_nor_an_embedder_that_fails_keeps_it_from_starting(
    folder: Path, tmp_path_factory, monkeypatch, caplog, fails: bool
) -> None:
    if fails:

        async def candidates(*_: object, **__: object) -> None:
            raise ProviderError("the embedder does not answer")

        monkeypatch.setattr(Assistant, "candidates", candidates)
    else:
        folder = tmp_path_factory.mktemp("empty")
        index_items([], folder, embedder=HashingEmbedder())
    with caplog.at_level(logging.WARNING), served(folder) as running, running.client() as client:
        assert client.get("/ready").json() == {"status": "ok"}
    assert ("the embedder does not answer" in caplog.text) is fails
