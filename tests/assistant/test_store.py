from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from assistant.errors import DataError, NotIndexedError, SchemaVersionError
from assistant.feedback import make_event, record_event
from assistant.ingest import index_items, restore_text_index
from assistant.store import FILE_NAME, SCHEMA_VERSION, TEXT_INDEX_PROBLEM, Impression, Store
from assistant.users import erase_user
from tests.assistant.catalogues import FILMS
from vectorstore.embed_hashing import HashingEmbedder


def event(user: str, item: str, event_id: str, **more):
    return make_event(user, item, "like", event_id=event_id, timestamp=more.pop("timestamp", 1.0), **more)


def remember(store: Store, user: str, text: str, reply_id: str) -> None:
    store.conversations.add_turn(
        user=user, conversation="c", reply_id=reply_id, message=text, reply={"text": text, "recommendations": []},
        impressions=[Impression(position=1, item_id="alien", score=1.0, propensity=1.0, ranker="cold", model=None, prompt=None)],
    )  # fmt: skip


def test_an_unindexed_folder_says_how_to_index(tmp_path: Path) -> None:
    with pytest.raises(NotIndexedError, match="assistant index ITEMS --data"):
        Store(tmp_path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Store(tmp_path, create=True).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(SchemaVersionError, match="Upgrade with"):
        Store(tmp_path)


def test_a_file_that_is_no_database_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database at all" * 100)
    with pytest.raises(DataError, match="assistant doctor"):
        Store(tmp_path)


def test_events_are_written_once_and_come_back_in_order(tmp_path: Path) -> None:
    with Store(tmp_path, create=True) as store:
        assert record_event(store, event("u", "b", "2", timestamp=20.0))
        assert record_event(store, event("u", "a", "1", timestamp=10.0))
        assert not record_event(store, event("u", "a", "1"))
        assert [e.item_id for e in store.events("u")] == ["a", "b"]
        assert store.events("nobody") == []


def test_another_process_sees_an_event_at_once(tmp_path: Path) -> None:
    with Store(tmp_path, create=True) as writer, Store(tmp_path) as reader:
        before = reader.events_version()
        record_event(writer, event("u", "a", "1"))
        assert [e.event_id for e in reader.events("u")] == ["1"]
        assert reader.events_version() != before


def test_threads_share_a_store(tmp_path: Path) -> None:
    with Store(tmp_path, create=True) as store:

        def write(worker: int) -> None:
            for n in range(20):
                record_event(store, event(f"u{worker}", "a", f"{worker}-{n}"))

        threads = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.event_count() == 160


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with Store(tmp_path, create=True) as store:

        def broken():
            yield event("u", "a", "1")
            raise RuntimeError("the source broke")

        with pytest.raises(RuntimeError, match="the source broke"):
            store.add_events(broken())
        assert store.event_count() == 0
        assert record_event(store, event("u", "a", "1"))


def test_what_a_user_said_and_did_can_be_exported(tmp_path: Path) -> None:
    with Store(tmp_path, create=True) as store:
        record_event(store, event("u", "alien", "1"))
        remember(store, "u", "something quiet", "r1")
        exported = store.export_user("u")
        assert [row["item_id"] for row in exported["event"]] == ["alien"]
        assert exported["turn"][0]["reply"] == {"text": "something quiet", "recommendations": []}
        assert exported["impression"][0]["item_id"] == "alien"
        assert store.users() == ["u"]


def test_an_erased_user_leaves_no_byte_in_any_file(tmp_path: Path) -> None:
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    canary, other = "canary-7f3a9c", "bystander-51d2"
    with Store(tmp_path) as store, Store(tmp_path) as beside:
        for n in range(50):
            record_event(store, event(canary, "alien", f"{canary}-{n}"))
            remember(store, canary, f"I like {canary} films", f"{canary}-reply-{n}")
            record_event(store, event(other, "alien", f"{other}-{n}"))
            assert beside.events(canary)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert any(canary.encode() in path.read_bytes() for path in files)
        assert erase_user(store, canary).rows == 150
        for path in (path for path in tmp_path.rglob("*") if path.is_file()):
            assert canary.encode() not in path.read_bytes(), path
        assert len(store.events(other)) == 50
        assert erase_user(store, canary).rows == 0


def test_a_damaged_text_index_is_noticed_and_made_anew(tmp_path: Path) -> None:
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as store:
        assert store.check() == []
        before = store.search_text("space", 10)
        with sqlite3.connect(tmp_path / FILE_NAME) as db:
            db.execute("DELETE FROM item_text_content WHERE id = (SELECT row FROM item WHERE item_id = 'alien')")
        assert store.check() == [TEXT_INDEX_PROBLEM]
        restore_text_index(store)
        assert store.check() == []
        assert store.search_text("space", 10) == before


def test_conversations_are_listed_the_last_first_and_one_can_be_erased(tmp_path: Path) -> None:
    with Store(tmp_path, create=True) as store:
        for number, (user, conversation) in enumerate((("ana", "a"), ("ana", "b"), ("ben", "a"), ("ana", "a"))):
            store.conversations.add_turn(
                user=user, conversation=conversation, reply_id=f"r{number}", message=f"sesame{number}", reply={},
                impressions=[
                    Impression(position=1, item_id="i", score=1.0, propensity=1.0, ranker="cold", model=None, prompt=None)
                ],
            )  # fmt: skip
        listed = store.conversations.of("ana")
        assert [(row[0], row[3], row[4]) for row in listed] == [("a", 2, "sesame0"), ("b", 1, "sesame1")]
        assert all(first <= last for _, first, last, _, _ in listed)
        assert store.conversations.delete("ana", "a") == 2
        assert [row[0] for row in store.conversations.of("ana")] == ["b"]
        assert [row[0] for row in store.conversations.of("ben")] == ["a"]
        assert {row["reply_id"] for row in store.export_user("ana")["impression"]} == {"r1"}
        assert store.conversations.delete("ana", "nobody's") == 0
        for path in tmp_path.glob(FILE_NAME + "*"):
            assert b"sesame0" not in path.read_bytes()


def test_the_last_turn_can_be_replaced_and_the_last_ones_read(tmp_path: Path) -> None:
    with Store(tmp_path, create=True) as store:
        for number in range(3):
            remember(store, "ana", f"message {number}", f"r{number}")
        assert [(number, reply["text"]) for number, reply in store.conversations.last_turns("ana", "c", 2)] == [
            (2, "message 1"),
            (3, "message 2"),
        ]
        number = store.conversations.add_turn(
            user="ana",
            conversation="c",
            reply_id="r3",
            message="instead",
            reply={"text": "instead"},
            replaces_last=True,
        )
        assert number == 3
        assert [message for message, _ in store.conversations.turns("ana", "c")] == [
            "message 0",
            "message 1",
            "instead",
        ]
        assert len(store.export_user("ana")["impression"]) == 3  # what was shown was shown
