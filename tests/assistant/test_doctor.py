"""Everything the doctor looks at, broken on purpose, found and mended."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from assistant.catalogue import Catalogue
from assistant.doctor import Finding, examine, mend
from assistant.errors import DamagedError, NotIndexedError
from assistant.fitting import fit
from assistant.ingest import index_items
from assistant.store import FILE_NAME, Store
from assistant.sync import sync_vectors
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import did
from vectorstore.embed_hashing import HashingEmbedder

NAMES = ["database", "catalogue", "vectors", "vector index", "events", "ranking"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("ASSISTANT_EMBEDDER", "hashing")
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as store:
        for n in range(6):
            did(store, f"u{n}", *[film["item_id"] for film in FILMS[n : n + 4]])
        sync_vectors(store)
    return tmp_path


def sql(folder: Path, statement: str) -> None:
    db = sqlite3.connect(folder / FILE_NAME)
    with db:
        db.execute(statement)
    db.close()


def broken(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings if not finding.ok}


def test_a_sound_folder(folder: Path) -> None:
    findings = examine(folder)
    assert [finding.name for finding in findings] == NAMES
    assert broken(findings) == {}
    details = {finding.name: finding.detail for finding in findings}
    assert details["catalogue"] == "13 items"
    assert details["events"] == "24 events of 6 users"
    assert "13 vectors" in details["vector index"]
    assert details["ranking"] == "model cold"  # six users are too few to fit on, so fitting is not advised


def lose_text(folder: Path) -> None:
    sql(folder, "DELETE FROM item_text_content WHERE id = 1")


def lose_text_rows(folder: Path) -> None:
    sql(folder, "DELETE FROM item_text WHERE rowid <= 3")


def lose_vectors(folder: Path) -> None:
    sql(folder, "DELETE FROM vector WHERE rowid IN (SELECT rowid FROM vector LIMIT 4)")


def lose_index(folder: Path) -> None:
    shutil.rmtree(folder / "chroma")


def age_index(folder: Path) -> None:
    sql(folder, "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'catalogue_version'")


def damage_index(folder: Path) -> None:
    for path in (folder / "chroma").rglob("*"):
        if path.is_file() and path.stat().st_size > 1000:
            path.write_bytes(b"\x00" * 500)


def lose_model(folder: Path) -> None:
    with Store(folder) as store:
        report = fit(store, Catalogue.load(store))
    (report.folder / "ranker.json").unlink()


def damage_model(folder: Path) -> None:
    with Store(folder) as store:
        report = fit(store, Catalogue.load(store))
    (report.folder / "ranker.json").write_text("{")


@pytest.mark.parametrize(
    "damages",
    [
        {lose_text_rows: "catalogue", lose_vectors: "vectors", lose_index: "vector index", lose_model: "ranking"},
        {lose_text: "database", damage_index: "vector index", damage_model: "ranking"},
        {age_index: "vector index"},
    ],
)  # fmt: skip
def test_what_is_broken_is_found_and_mended(folder: Path, damages) -> None:
    for damage in damages:
        damage(folder)
    found = broken(examine(folder))
    assert set(damages.values()) <= set(found)
    assert all(finding.mend for finding in found.values())
    assert broken(mend(folder)) == {}
    with Store(folder) as store:
        assert len(store.search_text("space", 20)) >= 5
        assert not (Catalogue.load(store).vectors == 0).all(axis=1).any()
        assert store.event_count() == 24


def test_what_cannot_be_mended_by_itself_is_only_told(folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("ASSISTANT_EMBEDDER", "wordllama")
    finding = broken(mend(folder))["vectors"]
    assert finding.mend is None
    assert "hashing" in finding.detail


def test_an_empty_catalogue_says_how_to_index(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ASSISTANT_EMBEDDER", "hashing")
    Store(tmp_path, create=True).close()
    assert "assistant index ITEMS --data" in broken(examine(tmp_path))["catalogue"].detail


def test_events_on_unknown_items_are_counted(folder: Path) -> None:
    with Store(folder) as store:
        did(store, "u0", "gone", "gone too")
    (finding,) = [finding for finding in examine(folder) if finding.name == "events"]
    assert finding.ok
    assert finding.detail.endswith("2 are on items that the catalogue does not have")


def test_a_file_that_is_no_database_is_a_finding_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
    for look in (examine, mend):
        (finding,) = look(tmp_path)
        assert (finding.name, finding.ok, finding.mend) == ("database", False, None)
        assert str(tmp_path / FILE_NAME) in finding.detail
        assert "assistant index ITEMS" in finding.detail
        assert "assistant doctor" not in finding.detail


def test_a_folder_without_a_catalogue_is_no_finding(tmp_path: Path) -> None:
    with pytest.raises(NotIndexedError):
        examine(tmp_path)


def test_a_damaged_database_ends_the_examination(folder: Path) -> None:
    with Store(folder) as store:
        store.truncate_log()
    path = folder / FILE_NAME
    content = bytearray(path.read_bytes())
    for page in range(3, len(content) // 4096, 2):
        content[page * 4096 + 8 : page * 4096 + 600] = b"\xa5" * 592
    path.write_bytes(content)
    (finding,) = examine(folder)
    assert (finding.name, finding.ok, finding.mend) == ("database", False, None)
    assert "assistant index ITEMS" in finding.detail
    with Store(folder) as store, pytest.raises(DamagedError, match=f"assistant doctor --data {folder}"):
        store.export_user("u0")
