from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.errors import ProviderError
from assistant.ingest import index_items
from assistant.llm.base import ChatMessage
from assistant.llm.scripted import ScriptedModel
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
    folder: Path, monkeypatch, caplog, fails: bool
) -> None:
    if fails:

        async def candidates(*_: object, **__: object) -> None:
            raise ProviderError("the embedder does not answer")

        monkeypatch.setattr(Assistant, "candidates", candidates)
    else:
        with Store(folder) as store:
            made = {name: store.meta(name) or "" for name in ("embedder", "embedder_dim", "embedder_version")}
            store.replace_items(
                [], list(store.item_hashes()), embedder=made["embedder"], dim=int(made["embedder_dim"]),
                embedder_version=made["embedder_version"],
            )  # fmt: skip
    with caplog.at_level(logging.WARNING), served(folder) as running, running.client() as client:
        assert client.get("/ready").json() == {"status": "ok"}
    assert ("the embedder does not answer" in caplog.text) is fails


class Weights(ScriptedModel):
    """A stand-in for a model that loads its weights at its first call."""

    def __init__(self, name: str, loads: bool = True) -> None:
        super().__init__(["Nothing."], name=name, repeat=True)
        self.asked = threading.Event()
        self._loads = loads

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        self.asked.set()
        if not self._loads:
            raise ProviderError("the weights are gone")
        return await super().count_tokens(messages)


def test_a_model_on_this_machine_is_loaded_before_anybody_asks(folder: Path, caplog) -> None:
    for loads in (True, False):
        model = Weights("llama-cpp:weights.gguf", loads)
        with caplog.at_level(logging.WARNING), served(folder, model=model) as running, running.client() as client:
            assert client.get("/ready").status_code == 200
            assert model.asked.wait(10)
        assert ("the weights are gone" in caplog.text) is not loads


def test_a_hosted_model_is_asked_nothing_before_somebody_asks(folder: Path) -> None:
    model = Weights("openai:gpt")
    with served(folder, model=model) as running, running.client() as client:
        assert client.get("/ready").status_code == 200
    assert not model.asked.is_set()
