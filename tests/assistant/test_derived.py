from __future__ import annotations

import json
import logging
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pytest

from assistant import derived_files
from assistant.catalogue import Catalogue
from assistant.derived import Tables
from assistant.derived_files import FOLDER, load_tables, read_tables, write_tables
from assistant.deriving import derive, texts_of
from assistant.ingest import index_items
from assistant.store import Store
from assistant.text import fold, fold_title
from assistant.vocabulary import Vocabulary, load_language
from tests.assistant.reasons import SAMPLE
from vectorstore.embed_hashing import HashingEmbedder

ODD = [
    {"item_id": "a", "title": "Été 42", "title_zh": "四二年的夏天", "original_title": "Été 42", "tags": ["Sea", "sea", "SEA"],
     "price": 3, "in_stock": False, "rating": "excellent", "description": "O'Hara meets O'Hara-Smith by the sea."},
    {"item_id": "b", "title": "Nothing Known"},
    {"item_id": "c", "title": "夏天", "creators": [{"name": "张艺谋", "role": "director"}, "Ann O'Hara"], "price": 2.5,
     "categories": ["Drama"], "categories_zh": ["剧情"], "subtitled": True},
]  # fmt: skip


@pytest.fixture(scope="module", params=["sample", "odd", "nothing"])
def folder(request, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("derived")
    if request.param == "nothing":
        Store(folder, create=True).close()
    else:
        index_items(SAMPLE if request.param == "sample" else ODD, folder, embedder=HashingEmbedder())
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder of its own, indexed."""
    index_items(ODD, tmp_path / "data", embedder=HashingEmbedder())
    return tmp_path / "data"


def fresh(store: Store) -> Tables:
    """Made from the store, whatever is kept."""
    key = store.meta("embedder") or "", int(store.meta("embedder_dim") or 0)
    return derive(store.items(), store.vectors(*key), store.passages(*key))


def assert_equal(one: Tables, other: Tables) -> None:
    (document, arrays), (others, other_arrays) = one.parts(), other.parts()
    assert orjson.dumps(document) == orjson.dumps(others)
    assert arrays.keys() == other_arrays.keys()
    for name, values in arrays.items():
        assert values.dtype == other_arrays[name].dtype, name
        np.testing.assert_array_equal(values, other_arrays[name], err_msg=name)


def kept(folder: Path) -> list[Path]:
    return sorted((folder / FOLDER).iterdir())


def test_what_is_kept_is_what_is_made(folder: Path) -> None:
    with Store(folder) as store:
        load_tables(store)
        (path,) = kept(folder)
        loaded, made = read_tables(path), fresh(store)
    assert loaded is not None
    assert_equal(loaded, made)
    assert not loaded.vectors.flags.writeable
    assert dict(loaded.title_rows) == dict(made.title_rows)
    assert loaded.other_titles == made.other_titles
    assert loaded.lexicon == made.lexicon
    assert list(loaded.labels) == list(made.labels)
    for slot, column in loaded.labels.items():
        assert dict(column.display) == dict(made.labels[slot].display)
        assert {value: rows.tolist() for value, rows in column.rows.items()} == {
            value: rows.tolist() for value, rows in made.labels[slot].rows.items()
        }
    assert (loaded.roles, loaded.attribute_names) == (made.roles, made.attribute_names)
    for one, other in ((loaded.categories, made.categories), (loaded.people, made.people), (loaded.tags, made.tags)):
        assert list(one) == list(other)


def test_columns_say_what_the_records_say(folder: Path) -> None:
    with Store(folder) as store:
        catalogue = Catalogue.load(store)
        records = [json.loads(record) for _, _, record in store.items()]
    assert [catalogue.item(row).item_id for row in range(len(catalogue))] == [record["item_id"] for record in records]
    for row, record in enumerate(records):
        assert catalogue.year(row) == record.get("year")
        assert catalogue.title(row) == record["title"]
        assert catalogue.folded_titles()[row] == fold_title(record["title"])
        assert catalogue.text_lengths()[row] == len(record.get("description") or "")
        for slot, value in catalogue.values(row).items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                assert catalogue.numbers[slot][row] == value
            else:
                words = (
                    ("yes" if value else "no",)
                    if isinstance(value, bool)
                    else (value,)
                    if isinstance(value, str)
                    else value
                )
                for word in words:
                    assert row in catalogue.labels[slot].rows[fold(word)]


def test_mentions_count_whole_words_as_they_are_written(folder: Path) -> None:
    with Store(folder) as store:
        catalogue = Catalogue.load(store)
        texts = [list(texts_of(json.loads(record))) for _, _, record in store.items()]
    words = list(dict.fromkeys(word for each in texts for text in each for word in re.findall(r"\w+", text)))
    for word in words[:: max(1, len(words) // 400)]:
        if word.isascii():
            wanted = re.compile(rf"(?<!\w){word}(?!\w)")
            assert catalogue.mentions(word) == sum(any(wanted.search(text) for text in each) for each in texts), word
    for text in ("O'Hara", "by the sea", "the sea by", "Nowhere", "", "夏天"):
        assert catalogue.mentions(text) == sum(any(text in one for one in each) for each in texts), text


def test_another_catalogue_is_another_file_and_the_old_one_goes(copy: Path) -> None:
    (before,) = kept(copy)
    with Store(copy) as store:
        serving = Catalogue.load(store)
        index_items([{"item_id": "d", "title": "Summer of 42"}], copy, embedder=HashingEmbedder())
        (after,) = kept(copy)
        assert after.name != before.name
        assert len(Catalogue.load(store)) == 4
        assert_equal(load_tables(store)[1], fresh(store))
        assert len(serving) == 3
        assert serving.item(0).title == "Été 42"  # whoever still serves the old one keeps it
        index_items([{"item_id": "d", "title": "Winter"}], copy, embedder=HashingEmbedder(), replace=True)
        assert Catalogue.load(store).ids == ["d"]


def test_copies_that_are_indexed_apart_do_not_take_each_others_tables(copy: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(copy, other)
    index_items([{"item_id": "d", "title": "Here"}], copy, embedder=HashingEmbedder())
    index_items([{"item_id": "d", "title": "There"}], other, embedder=HashingEmbedder())
    shutil.rmtree(other / FOLDER)
    shutil.copytree(copy / FOLDER, other / FOLDER)
    with Store(copy) as one, Store(other) as two:
        assert one.catalogue_version() == two.catalogue_version()
        assert Catalogue.load(two).title(3) == "There"


def test_an_index_without_a_name_of_its_state_gets_one(copy: Path) -> None:
    with Store(copy) as store:
        with store._database.write() as db:
            db.execute("DELETE FROM meta WHERE key = 'catalogue_state'")
        version, name = store.catalogue_state()
        assert (version, len(name)) == (1, 32)
        assert store.catalogue_state() == (version, name)


def test_tables_of_other_code_are_not_read(copy: Path, monkeypatch) -> None:
    (before,) = kept(copy)
    monkeypatch.setattr(derived_files, "_code", lambda: "other")
    with Store(copy) as store:
        assert_equal(load_tables(store)[1], fresh(store))
    (after,) = kept(copy)
    assert after.name != before.name


@pytest.mark.parametrize("damage", ["empty", "short", "head", "document", "middle", "end", "longer", "another file"])
def test_a_damaged_file_is_made_again_with_a_warning(copy: Path, damage: str, caplog) -> None:
    (path,) = kept(copy)
    whole = path.read_bytes()

    def spoilt(at: int) -> bytes:
        return whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :]

    damaged = {
        "empty": b"",
        "short": whole[: len(whole) // 2],
        "head": spoilt(9),
        "document": spoilt(40),
        "middle": spoilt(len(whole) // 2),
        "end": spoilt(len(whole) - 1),
        "longer": whole + b"more",
        "another file": b"<!doctype html>" * 100,
    }[damage]
    path.write_bytes(damaged)
    with Store(copy) as store, caplog.at_level(logging.WARNING):
        tables = load_tables(store)[1]
        assert_equal(tables, fresh(store))
    assert "is made again" in caplog.text
    assert read_tables(path) is not None
    assert kept(copy) == [path]


def test_without_a_place_to_keep_them_they_are_made_at_every_start(copy: Path, caplog) -> None:
    shutil.rmtree(copy / FOLDER)
    (copy / FOLDER).write_text("a file where the folder should be")
    with Store(copy) as store, caplog.at_level(logging.WARNING):
        assert_equal(load_tables(store)[1], fresh(store))
    assert "cannot be kept" in caplog.text


def test_an_indexing_between_two_reads_is_noticed(copy: Path, monkeypatch) -> None:
    shutil.rmtree(copy / FOLDER)
    honest = derived_files._derived

    def interrupted(store: Store) -> Tables:
        tables = honest(store)
        monkeypatch.setattr(derived_files, "_derived", honest)
        index_items([{"item_id": "d", "title": "In between"}], copy, embedder=HashingEmbedder())
        return tables

    monkeypatch.setattr(derived_files, "_derived", interrupted)
    with Store(copy) as store:
        assert load_tables(store)[1].ids == ["a", "b", "c", "d"]


LOAD = """
import sys, zlib
from pathlib import Path
from assistant.derived_files import load_tables
from assistant.store import Store
print("ready", flush=True)
sys.stdin.readline()
with Store(Path(sys.argv[1])) as store:
    print(len(load_tables(store)[1].ids))
"""


def test_processes_that_make_them_at_once_do_not_disturb_each_other(copy: Path) -> None:
    shutil.rmtree(copy / FOLDER)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([sys.executable, "-c", LOAD, str(copy)], **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert (out, err, process.returncode) == ("3\n", "", 0)
    (path,) = kept(copy)
    with Store(copy) as store:
        tables = read_tables(path)
        assert tables is not None
        assert_equal(tables, fresh(store))


def test_what_others_began_to_write_is_left_alone_until_it_is_old(copy: Path, monkeypatch) -> None:
    (path,) = kept(copy)
    begun = path.with_name(".begun.new")
    begun.write_bytes(b"half")
    with Store(copy) as store:
        write_tables(path, fresh(store))
        assert begun.exists()
        monkeypatch.setattr(derived_files, "ABANDONED_SECONDS", -1.0)
        write_tables(path, fresh(store))
    assert kept(copy) == [path]


def test_a_language_finds_the_same_in_both(folder: Path) -> None:
    with Store(folder) as store:
        version, tables = load_tables(store)
        loaded, made = Catalogue(version, tables), Catalogue(version, fresh(store))
    english = load_language()
    one, other = Vocabulary(loaded, english), Vocabulary(made, english)
    for name in ("labels", "open_labels", "terse_labels", "people", "surnames", "free_phrases", "yes_or_no", "newest"):
        assert getattr(one, name) == getattr(other, name), name
