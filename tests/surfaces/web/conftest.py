from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assistant.ingest import index_items
from tests.assistant.catalogues import FILMS
from tests.surfaces.served import Served, served
from tests.surfaces.web.browsing import CHROMIUM
from vectorstore.embed_hashing import HashingEmbedder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
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
