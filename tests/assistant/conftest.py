from __future__ import annotations

from pathlib import Path

import pytest

from assistant.catalogue import Catalogue
from assistant.ingest import index_items
from assistant.store import Store
from assistant.vocabulary import Vocabulary, load_language
from tests.assistant.catalogues import FILMS
from vectorstore.embed_hashing import HashingEmbedder


@pytest.fixture(scope="session")
def films_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An indexed folder of a few films, shared: tests only read it."""
    folder = tmp_path_factory.mktemp("films")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    return folder


@pytest.fixture(scope="session")
def films(films_folder: Path) -> Catalogue:
    with Store(films_folder) as store:
        return Catalogue.load(store)


@pytest.fixture(scope="session")
def vocabulary(films: Catalogue) -> Vocabulary:
    return Vocabulary(films, load_language())
