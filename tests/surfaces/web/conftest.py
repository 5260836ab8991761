from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest

from assistant.ingest import index_items
from assistant.llm.scripted import ScriptedModel
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import good_answer
from tests.surfaces.served import Served, served
from tests.surfaces.web.browsing import CHROMIUM
from vectorstore.embed_hashing import HashingEmbedder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Closed with each module: while it is open this thread has a running event loop, which async tests cannot use."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no chromium at {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Over a few films."""
    folder = tmp_path_factory.mktemp("page")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    with served(folder, web_rate="10000/minute") as running:
        yield running


class Stalling(ScriptedModel):
    """Phrases one reason, and never another."""

    async def stream(self, *args: Any, **more: Any) -> AsyncGenerator[Any, None]:
        if self.asked:
            await asyncio.Event().wait()
        async for event in super().stream(*args, **more):
            yield event


@pytest.fixture(scope="module")
def stalling_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Stalling]]:
    folder = tmp_path_factory.mktemp("stalling")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    model = Stalling(good_answer)
    with served(folder, model=model, reply_within=60.0, web_rate="10000/minute") as running:
        yield running, model


@pytest.fixture
def stalling(stalling_server: tuple[Served, Stalling]) -> Served:
    """A server whose replies stop after the first card that is made in a test."""
    running, model = stalling_server
    model.asked.clear()
    return running
