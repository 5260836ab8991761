from __future__ import annotations

from pathlib import Path

import pytest

from assistant.ingest import index_items
from tests.assistant.catalogues import FILMS
from vectorstore.embed_hashing import HashingEmbedder


@pytest.fixture(scope="session")
def films_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An indexed folder of a few films; tests copy it."""
    folder = tmp_path_factory.mktemp("films")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    return folder
