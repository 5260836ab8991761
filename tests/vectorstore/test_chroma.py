"""The folder around Chroma: who holds it, what serves, what is stale or damaged, and what a killed process leaves."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

from vectorstore import chroma_folder
from vectorstore.chroma import ChromaSettings, ChromaStore, probe
from vectorstore.errors import StoreDamagedError, StoreLockedError, StoreStaleError, VectorStoreError

ROOT = Path(__file__).resolve().parents[2]
COUNT, DIM = 1_500, 16


def vectors(count=COUNT, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def names(count=COUNT):
    return [f"item-{number}" for number in range(count)]


def build(folder, fingerprint="one", **options):
    return ChromaStore.build(folder, fingerprint, names(), vectors(), **options)


def generations(folder):
    return sorted(path.name for path in folder.glob("g-*"))


PRELUDE = f"""
import os, signal, sys, time
sys.path.insert(0, {str(ROOT)!r})
import numpy as np
from vectorstore.chroma import ChromaStore
rows = np.random.default_rng(9).normal(size=({COUNT}, {DIM})).astype(np.float32)
rows /= np.linalg.norm(rows, axis=1, keepdims=True)
ids = [f"item-{{number}}" for number in range({COUNT})]
"""


def child(script, *arguments):
    """A Python process that runs ``script`` after ``PRELUDE``."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@contextlib.contextmanager
def holder(folder):
    """A process that has ``folder`` open."""
    process = child(
        """
        store = ChromaStore.open(sys.argv[1], "one")
        print("open", flush=True)
        sys.stdin.read()
        """,
        folder,
    )
    try:
        assert process.stdout.readline() == b"open\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_what_was_built_is_there_after_reopening(tmp_path):
    seen = []
    with build(tmp_path / "index", progress=lambda done, total: seen.append((done, total))) as store:
        before = store.search(vectors()[3], 5)
        assert store.fingerprint == "one"
    assert seen[-1] == (COUNT, COUNT)
    with ChromaStore.open(tmp_path / "index", "one") as store:
        assert store.count() == COUNT
        assert [hit[0] for hit in store.search(vectors()[3], 5)] == [hit[0] for hit in before]
        assert store.verify(20) == 20


def test_nothing_built_yet(tmp_path):
    with pytest.raises(StoreStaleError, match="no vector index"):
        ChromaStore.open(tmp_path / "index", "one")
    with pytest.raises(StoreStaleError, match="no vector index"):
        probe(tmp_path / "index")
    assert not (tmp_path / "index").exists()


def test_another_fingerprint_is_stale(tmp_path):
    build(tmp_path).close()
    with pytest.raises(StoreStaleError, match="'one', now 'two'"):
        ChromaStore.open(tmp_path, "two")
    ChromaStore.open(tmp_path, "one").close()


def test_another_chromadb_is_stale_and_not_migrated(tmp_path, monkeypatch):
    build(tmp_path).close()
    monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9.9")
    with pytest.raises(StoreStaleError, match=r"version of chromadb is .*now '9\.9\.9'"):
        ChromaStore.open(tmp_path, "one")


def test_other_settings_are_stale(tmp_path):
    build(tmp_path).close()
    with pytest.raises(StoreStaleError, match="settings"):
        ChromaStore.open(tmp_path, "one", ChromaSettings(max_neighbors=8))


def test_building_again_replaces_and_removes(tmp_path):
    build(tmp_path).close()
    first = generations(tmp_path)
    (tmp_path / "g-leftover" / "chroma").mkdir(parents=True)
    with build(tmp_path, "two") as store:
        assert store.fingerprint == "two"
    assert len(generations(tmp_path)) == 1
    assert generations(tmp_path) != first


def test_building_again_without_an_item_erases_it_from_every_file(tmp_path):
    canary = "canary-5d1f0c"
    every = vectors(300)
    with ChromaStore.build(tmp_path, "one", [canary, *names(299)], every) as store:
        store.delete([canary])

    def hits(needle):
        return sum(needle in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())

    assert hits(canary.encode()) + hits(every[0].tobytes()) > 0  # deleting alone leaves it there
    ChromaStore.build(tmp_path, "two", names(299), every[1:]).close()
    assert hits(canary.encode()) == 0
    assert hits(every[0].tobytes()) == 0


def test_the_folder_may_vanish_while_it_is_open(tmp_path):
    store = build(tmp_path / "index")
    shutil.rmtree(tmp_path / "index")
    with contextlib.suppress(StoreDamagedError):
        store.close()
    store.close()
    build(tmp_path / "index").close()


def test_a_store_that_is_open_serves_on_while_it_is_replaced(tmp_path):
    old = build(tmp_path)
    with ChromaStore.build(tmp_path, "two", names(10), vectors(10)) as new:
        assert new.count() == 10
        assert old.search(vectors()[700], 1)[0][0] == "item-700"
        assert len(generations(tmp_path)) == 2
        old.close()
        assert len(generations(tmp_path)) == 1
        assert new.search(vectors()[7], 1)[0][0] == "item-7"


def test_stores_of_a_folder_share_one_client(tmp_path):
    first = build(tmp_path)
    second = ChromaStore.open(tmp_path, "one")
    assert first._shared is second._shared
    first.close()
    assert second.count() == COUNT
    with pytest.raises(RuntimeError, match="closed"):
        first.count()
    second.close()
    build(tmp_path, "two").close()


def test_what_came_and_went_since_a_search_counts_in_the_next(tmp_path):
    few = ChromaStore.build(tmp_path, "one", names(3), vectors(3))
    with few as store, ChromaStore.open(tmp_path, "one") as other:
        assert len(store.search(vectors()[0], 50)) == 3
        other.upsert(["new", "newer"], vectors(2, seed=1))
        assert len(store.search(vectors()[0], 50)) == 5
        store.delete(["new", "item-0", "item-1"])
        assert {item_id for item_id, _ in other.search(vectors()[0], 50)} == {"newer", "item-2"}


def test_several_threads_search_at_once(tmp_path):
    with build(tmp_path) as store:
        wrong = []

        def work(offset):
            for row in range(offset, offset + 40):
                if store.search(vectors()[row], 1)[0][0] != f"item-{row}":
                    wrong.append(row)

        threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 160, 40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_ids_must_be_unique(tmp_path):
    with pytest.raises(ValueError, match="unique"):
        ChromaStore.build(tmp_path, "one", ["a", "a"], vectors(2))


def test_a_failing_progress_leaves_the_old_index_and_no_rubbish(tmp_path):
    build(tmp_path).close()

    def fail(done, total):
        raise ValueError("the caller's own")

    with pytest.raises(ValueError, match="the caller's own"):
        build(tmp_path, "two", progress=fail)
    assert len(generations(tmp_path)) == 1
    ChromaStore.open(tmp_path, "one").close()


def test_open_elsewhere_is_refused_at_once_with_the_pid(tmp_path):
    build(tmp_path).close()
    with holder(tmp_path) as process:
        for attempt in (lambda: ChromaStore.open(tmp_path, "one"), lambda: build(tmp_path), lambda: probe(tmp_path)):
            with pytest.raises(StoreLockedError, match=f"process {process.pid}") as caught:
                attempt()
            assert caught.value.pid == process.pid


def test_killed_while_open_is_probed_and_served(tmp_path, monkeypatch):
    build(tmp_path).close()
    with holder(tmp_path):
        pass  # killed
    probed = []
    real = chroma_folder.Generation.closed
    monkeypatch.setattr(
        "vectorstore.chroma.probe_generation",
        lambda generation, **options: probed.append(generation) or _real_probe(generation, **options),
    )
    assert real(chroma_folder.current(tmp_path)) is None
    with ChromaStore.open(tmp_path, "one") as store:
        assert store.count() == COUNT
    assert len(probed) == 1
    ChromaStore.open(tmp_path, "one").close()
    assert len(probed) == 1


def _real_probe(generation, **options):
    from vectorstore.chroma_probe import probe_generation

    return probe_generation(generation, **options)


def test_a_forgotten_close_is_done_at_exit(tmp_path):
    build(tmp_path).close()
    process = child("store = ChromaStore.open(sys.argv[1], 'one')", tmp_path)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert chroma_folder.current(tmp_path).closed() is not None


@pytest.mark.parametrize("moment", ["first batch", "last batch", "before the swap"])
def test_a_killed_build_leaves_the_old_index_serving(tmp_path, moment):
    build(tmp_path).close()
    process = child(
        """
        from vectorstore import chroma_folder
        from vectorstore.chroma import ChromaSettings
        kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
        if sys.argv[2] == "before the swap":
            chroma_folder.serve = lambda folder, generation: kill()
        def progress(done, total):
            if sys.argv[2] == "first batch" or (sys.argv[2] == "last batch" and done == total):
                kill()
        ChromaStore.build(sys.argv[1], "two", ids, rows, progress, ChromaSettings(batch=500))
        """,
        tmp_path,
        moment,
    )
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, errors
    assert len(generations(tmp_path)) == 2
    with ChromaStore.open(tmp_path, "one") as store:
        assert store.count() == COUNT
        assert store.search(vectors()[11], 1)[0][0] == "item-11"
    build(tmp_path, "two").close()
    assert len(generations(tmp_path)) == 1


def truncate_database(chroma):
    file = chroma / "chroma.sqlite3"
    os.truncate(file, file.stat().st_size // 2)


def empty_database(chroma):
    os.truncate(chroma / "chroma.sqlite3", 0)


def delete_database(chroma):
    (chroma / "chroma.sqlite3").unlink()


def delete_segment(chroma):
    (folder,) = (path for path in chroma.iterdir() if path.is_dir())
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def truncate_graph(chroma):
    (file,) = chroma.rglob("data_level0.bin")
    os.truncate(file, file.stat().st_size // 3)


def scramble_database(chroma):
    file = chroma / "chroma.sqlite3"
    noise = np.random.default_rng(0).bytes(file.stat().st_size // 2)
    with file.open("rb+") as stream:
        stream.seek(4096)
        stream.write(noise)


RESIZED = [truncate_database, empty_database, delete_database, delete_segment, truncate_graph]


@pytest.mark.parametrize("damage", RESIZED)
def test_files_changed_after_a_clean_close_are_damage(tmp_path, damage):
    build(tmp_path).close()
    damage(chroma_folder.current(tmp_path).chroma)
    with pytest.raises(StoreDamagedError, match="Build it again"):
        ChromaStore.open(tmp_path, "one")
    report = probe(tmp_path)
    assert not report.ok
    assert "missing" in report.reason or "resized" in report.reason
    with build(tmp_path) as store:
        assert store.search(vectors()[5], 1)[0][0] == "item-5"


@pytest.mark.parametrize("damage", [*RESIZED, scramble_database])
def test_damage_after_a_kill_is_found_by_the_child(tmp_path, damage):
    build(tmp_path).close()
    generation = chroma_folder.current(tmp_path)
    generation.mark_open()  # as a killed process leaves it: nobody knows the sizes its files should have
    damage(generation.chroma)
    with pytest.raises(StoreDamagedError, match=r"was not closed and is damaged: .+ Build it again"):
        ChromaStore.open(tmp_path, "one")
    build(tmp_path).close()
    ChromaStore.open(tmp_path, "one").close()


def test_an_unreadable_folder_is_damage_and_build_mends_it(tmp_path):
    build(tmp_path).close()
    for break_it in (
        lambda: (chroma_folder.current(tmp_path).path / "manifest.json").write_text("{"),
        lambda: (tmp_path / "CURRENT").write_text("g-gone"),
        lambda: (tmp_path / "CURRENT").write_text("../elsewhere"),
        lambda: (tmp_path / "CURRENT").write_bytes(b"\xff\xfe"),
    ):
        break_it()
        with pytest.raises(StoreDamagedError, match="again"):
            ChromaStore.open(tmp_path, "one")
        assert not probe(tmp_path).ok
        build(tmp_path).close()


def test_probe_of_a_sound_index(tmp_path):
    with build(tmp_path):
        report = probe(tmp_path, sample=16)
        assert (report.ok, report.count, report.checked) == (True, COUNT, 16)
    report = probe(tmp_path, sample=16)
    assert (report.ok, report.count, report.checked) == (True, COUNT, 16)
    ChromaStore.open(tmp_path, "one").close()


def test_a_probe_that_hangs_is_damage(tmp_path):
    build(tmp_path).close()
    report = probe(tmp_path, timeout=0.01)
    assert not report.ok
    assert "0.01 s" in report.reason


def test_a_build_that_loses_vectors_does_not_take_over(tmp_path, monkeypatch):
    build(tmp_path).close()

    def lost(collection, sample):
        raise StoreDamagedError("The vector index does not find what it holds. Build it again.")

    with monkeypatch.context() as patched:
        patched.setattr("vectorstore.chroma.verify_collection", lost)
        with pytest.raises(StoreDamagedError):
            build(tmp_path, "two")
    ChromaStore.open(tmp_path, "one").close()


def test_verify_notices_vectors_that_do_not_find_themselves(tmp_path):
    with build(tmp_path) as store:

        class Blind:
            """A fake collection whose search always gives the same neighbour."""

            count, get = store._shared.collection.count, store._shared.collection.get

            def query(self, **_):
                return {"ids": [["item-0"]], "distances": [[0.9]]}

        from vectorstore.chroma_verify import verify_collection

        with pytest.raises(StoreDamagedError, match="does not find 40 of 40"):
            verify_collection(Blind(), 40)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_may_not_use_it_and_does_not_close_it(tmp_path):
    process = child(
        """
        store = ChromaStore.build(sys.argv[1], "one", ids, rows)
        import warnings; warnings.simplefilter("ignore")
        if os.fork() == 0:
            from vectorstore.errors import StoreLockedError
            try:
                ChromaStore.open(sys.argv[1], "one")
            except StoreLockedError as error:
                os._exit(0 if error.pid == os.getppid() else 3)
            os._exit(4)
        print(os.waitstatus_to_exitcode(os.wait()[1]), store.count())
        """,
        tmp_path,
    )
    output, errors = process.communicate(timeout=60)
    assert output.split() == [b"0", str(COUNT).encode()], errors


def test_every_error_is_of_the_tree():
    assert issubclass(StoreStaleError, VectorStoreError)
    assert issubclass(StoreDamagedError, VectorStoreError)
    assert issubclass(StoreLockedError, VectorStoreError)
