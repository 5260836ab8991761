"""Whole turns from the command line and the blocking facade, with nothing standing in but the embedder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from assistant.blocking import connect
from assistant.cli import run
from assistant.commands import demo
from assistant.errors import NotIndexedError, UnknownNameError
from assistant.ingest import index_items
from assistant.surfaces.render import plain, terminal
from assistant.types import RankedList, Recommended, Replied, Retrieved
from tests.assistant.catalogues import FILMS
from vectorstore.embed_hashing import HashingEmbedder


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("ASSISTANT_EMBEDDER", "hashing")
    monkeypatch.setenv("ASSISTANT_LLM", "none")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    index_items(FILMS, tmp_path / "films", embedder=HashingEmbedder())
    return tmp_path / "films"


def documents(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]


def test_the_facade_runs_the_real_turn(folder):
    with connect(folder) as assistant:
        events = list(assistant.stream("a comedy set in space, not animated", user="ana"))
        assert [type(event) for event in events[:2]] == [Retrieved, RankedList]
        assert isinstance(events[-1], Replied)
        reply = events[-1].reply
        assert [e.recommendation for e in events if isinstance(e, Recommended)] == list(reply.recommendations)
        assert "galaxy" in [card.item_id for card in reply.recommendations]
        assert "walle" not in [card.item_id for card in reply.recommendations]
        assert "Galaxy Quest (1999)" in plain([terminal(reply)])
        assert "Galaxy Quest (1999)" in reply._repr_html_()
        assert assistant.add_event("ana", "galaxy", "like")
        assert "galaxy" not in dict(assistant.rank(user="ana"))
        order = [item_id for item_id, _ in assistant.rank(history=["alien"])]
        assert sorted(order) == sorted(film["item_id"] for film in FILMS if film["item_id"] != "alien")
        pair = [item_id for item_id, _ in assistant.rank(history=["alien"], candidates=["her", "aliens"])]
        assert pair == sorted(["her", "aliens"], key=order.index)
        assert len(assistant.rank(history=["alien"], candidates=["her", "aliens"], k=1)) == 1
        assert assistant.explain("ana", "aliens").title == "Aliens"
        with pytest.raises(UnknownNameError, match="Did you mean"):
            assistant.explain("ana", "alienss")


def test_no_catalogue(tmp_path):
    with pytest.raises(NotIndexedError):
        connect(tmp_path)


def test_chat_answers_in_words_and_in_documents(folder, capsys):
    arguments = ["chat", "a comedy set in space, not animated", "--user", "bo", "--data", str(folder)]
    assert run(arguments) == 0
    assert "Galaxy Quest (1999)" in capsys.readouterr().out
    assert run([*arguments, "--json"]) == 0
    (document,) = documents(capsys)
    assert document["type"] == "replied"
    for card in document["recommendations"]:
        assert card["explanation"]["text"]
        assert card["explanation"]["facts"]
        assert {claim["verdict"] for claim in card["explanation"]["claims"]} <= {"supported", "uncheckable"}


def test_lines_with_one_bad_among_them(folder, capsys, monkeypatch):
    import io

    lines = [
        {"user": "bo", "conversation": "c", "text": "a western"},
        {"user": "bo"},
        {"user": "cy", "text": "a western"},
    ]
    text = "\n".join(map(json.dumps, lines))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert run(["chat", "--jsonl", "--data", str(folder)]) == 0
    found = documents(capsys)
    assert [document["type"] for document in found] == ["replied", "error", "replied"]
    assert found[0]["conversation"] == "c"


def test_explain(folder, capsys):
    assert run(["explain", "--user", "bo", "--item", "alien", "--data", str(folder), "--json"]) == 0
    (document,) = documents(capsys)
    assert document["recommendation"]["title"] == "Alien"


def test_demo_indexes_once_and_says_how_to_go_on(tmp_path, capsys):
    pytest.importorskip("fastapi", reason="needs the extra web")
    data = tmp_path / "demo"
    assert run(["demo", "--data", str(data)]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"ana: {demo.REQUEST}\n")
    assert f"assistant chat --data {data} --user ana" in captured.out
    assert f"assistant serve --data {data}" in captured.out
    assert "Indexing the sample films" in captured.err
    assert run(["demo", "--data", str(data), "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    document = json.loads(captured.out)
    assert document["user"] == "ana"
    assert document["recommendations"]


def test_the_demo_leaves_another_catalogue_alone(folder, capsys):
    assert run(["demo", "--data", str(folder)]) == 2
    assert "leaves it alone" in capsys.readouterr().err


def test_the_cache_folder_follows_the_system(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert demo.cache_folder() == tmp_path / "recommender-assistant"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert demo.cache_folder() == Path.home() / "Library" / "Caches" / "recommender-assistant"
