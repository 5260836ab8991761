"""The counterfactual through the real ranking of an index."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing

import pytest
from click.testing import CliRunner

from assistant.errors import NotIndexedError
from assistant.ingest import index_items
from assistant.rank import rank
from assistant.settings import load_settings
from assistant.store import Store
from assistant.types import Fact
from evals.citations import IndexRanking, cited_items, recommended_citations, reply_citations
from evals.cli import cli
from evals.counterfactual import Citation, counterfactual
from evals.errors import EvaluationError
from evals.replies import read_replies
from vectorstore.embed_hashing import HashingEmbedder

GENRES = ("Western", "Comedy", "Horror")
USERS = 10


def item(genre, number):
    """An item of a genre, with a director who makes nothing else than items of this genre."""
    return {
        "item_id": f"{genre.lower()}-{number}",
        "title": f"{genre} number {number}",
        "year": 1980,
        "categories": [genre],
        "director": [f"{genre} Maker {number % 2}"],
    }


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """Each user likes two horror films, then three westerns, of which nobody else likes more than another."""
    folder = tmp_path_factory.mktemp("index")
    items = [item(genre, number) for genre in GENRES for number in range(20)]
    events = []
    for user in range(USERS):
        liked = [f"horror-{user * 2}", f"horror-{user * 2 + 1}", *(f"western-{(user + n) % 20}" for n in range(3))]
        for time, item_id in enumerate(liked):
            events.append({"user_id": f"u{user}", "item_id": item_id, "kind": "like", "timestamp": time})
        events.append({"user_id": f"u{user}", "item_id": f"comedy-{user}", "kind": "dislike", "timestamp": 9})
    index_items(items, folder, interactions=events, embedder=HashingEmbedder())
    return folder


def test_the_rank_is_that_of_the_index(index):
    history = ("horror-1", "western-3", "western-4")
    citation = Citation(cluster="nobody", item_id="western-7", history=history, cited=())
    with IndexRanking(index) as ranking, closing(Store(index)) as store:
        for kept in (history, history[:1], history[1:], ()):
            open_items = [item_id for item_id in ranking.catalogue.ids if item_id not in history]
            served = rank(store, ranking.catalogue, ranking._ranker, history=kept, candidates=open_items)
            expected = 1 + [item_id for item_id, _ in served].index("western-7")
            assert ranking.rank_of(citation, kept) == expected


def test_what_is_left_out_moves_the_item_it_resembles(index):
    history = ("horror-1", "western-3", "horror-5", "western-4")
    citation = Citation(cluster="nobody", item_id="western-7", history=history, cited=("western-3", "western-4"))
    with IndexRanking(index) as ranking:
        without_westerns = ranking.rank_of(citation, ["horror-1", "horror-5"])
        without_horror = ranking.rank_of(citation, ["western-3", "western-4"])
    assert without_horror < without_westerns


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """One user, so that taste decides and not what is popular: likes two westerns, and looked at two comedies."""
    folder = tmp_path_factory.mktemp("quiet")
    items = [item(genre, number) for genre in GENRES for number in range(20)]
    kinds = [("western-0", "like"), ("western-1", "like"), ("comedy-1", "view"), ("comedy-2", "view")]
    events = [{"user_id": "u", "item_id": i, "kind": kind, "timestamp": n} for n, (i, kind) in enumerate(kinds)]
    index_items(items, folder, interactions=events, embedder=HashingEmbedder())
    return folder


def test_a_users_other_events_stay(quiet):
    with IndexRanking(quiet) as ranking:
        liked = ranking.liked("u")
        assert liked == ("western-0", "western-1")
        stranger = Citation(cluster="u", item_id="comedy-9", history=liked, cited=())
        known = Citation(cluster="u", user="u", item_id="comedy-9", history=liked, cited=())
        # Without the liked ones the user's looks at comedies are left, and of the stranger nothing is.
        assert ranking.rank_of(known, ()) <= 18
        assert ranking.rank_of(stranger, ()) > 18
        assert ranking.rank_of(known, liked) > ranking.rank_of(known, ())


def test_an_explanation_of_the_right_thing_beats_one_of_the_wrong_thing(quiet):
    def report(cited_genre):
        citations = []
        for number in range(8):
            westerns = [f"western-{(number + n) % 10 + 2}" for n in range(2)]
            horrors = [f"horror-{number}", f"horror-{number + 1}"]
            cited = westerns if cited_genre == "western" else horrors
            history = (horrors[0], westerns[0], horrors[1], westerns[1])
            citations.append(Citation(cluster=f"u{number}", item_id="western-17", history=history, cited=tuple(cited)))
        with IndexRanking(quiet) as ranking:
            return counterfactual(citations, ranking.rank_of, k=18)

    right, wrong = report("western"), report("horror")
    assert right.tested == wrong.tested == 8
    assert right.necessity.low > 0
    assert wrong.necessity.high < 0
    assert right.sufficiency.low > 0
    assert wrong.sufficiency.high < 0


def test_what_facts_cite():
    records = {
        "a": {"categories": ("Western",)},
        "b": {"categories": ("Comedy", "Western")},
        "c": {"director": "Ana Sol"},
    }

    def fact(source, slot, **more):
        return Fact(fact_id="f", source=source, item_id="i", slot=slot, value="x", **more)

    def cited(*facts):
        return cited_items(facts, ("a", "b", "c"), lambda item_id: records[item_id])

    assert cited(fact("history", "liked", other_item_id="b")) == ("b",)
    assert cited(fact("history", "liked", other_item_id="gone")) == ()
    assert cited(fact("profile", "often_likes", shared=(("categories", "western"),))) == ("a", "b")
    assert cited(fact("profile", "often_likes", shared=(("director", "Ana Sol"),))) == ("c",)
    assert cited(fact("catalogue", "categories", shared=(("categories", "western"),))) == ()


def test_the_index_s_own_recommendations(index):
    with closing(Store(index)) as store:
        before = {user: store.export_user(user) for user in store.users()}
    with IndexRanking(index) as ranking:
        settings = load_settings(index, llm="none", embedder="hashing")
        citations = asyncio.run(recommended_citations(index, ranking, settings, count=6, seed=1))
        assert len(citations) == 6
        for citation in citations:
            assert citation.item_id not in citation.history
            assert ranking.rank_of(citation, citation.history) == 1  # it is what the ranking puts first
        assert any(citation.cited for citation in citations)
        assert citations == asyncio.run(recommended_citations(index, ranking, settings, count=6, seed=1))
    with closing(Store(index)) as store:
        assert {user: store.export_user(user) for user in store.users()} == before  # nothing was written


def test_the_command(index, monkeypatch):
    monkeypatch.setenv("ASSISTANT_EMBEDDER", "hashing")
    arguments = ["counterfactual", "--data", str(index), "--k", "3"]
    result = CliRunner().invoke(cli, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["type"] == "counterfactual"
    assert document["tested"] + document["untested"] == USERS
    assert document["tested"] > 0
    assert document["necessity"]["estimate"] == pytest.approx(
        document["drop_without_cited"]["estimate"] - document["drop_without_placebo"]["estimate"]
    )
    table = CliRunner().invoke(cli, arguments)
    assert "explanations tested" in table.stdout
    assert "share in the first 3" in table.stdout
    assert "nan" not in table.stdout.lower()


def reply(number, user, cited, **more):
    facts = [
        {"fact_id": "f1", "source": "history", "slot": "liked", "value": "x", "other_item_id": "western-1"},
        {"fact_id": "f2", "source": "profile", "slot": "often_likes", "value": "Horror", "shared": [["categories", "Horror"]]},
    ]  # fmt: skip
    row = {"id": str(number), "user": user, "item_id": "western-17", "record": {"title": "T"}, "facts": facts}
    return row | {"shown": "You liked it.", "shown_cited": cited} | more


def test_replies_of_ones_own(index, tmp_path):
    file = tmp_path / "replies.jsonl"
    stranger = [
        {"title": "A", "item_id": "western-1"},
        {"title": "B", "item_id": "horror-1"},
        {"title": "C", "item_id": "comedy-1", "relation": "disliked"},
        "without an id",
    ]
    rows = [
        reply(1, "u0", ["f1"]),
        reply(2, "u0", ["f2"]),
        reply(3, "stranger", ["f1"], history=stranger),
        reply(4, "u1", None, draft="x", draft_cited=["f1"]),
        reply(5, "u2", []),
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with IndexRanking(index) as ranking:
        found = reply_citations(read_replies(file), ranking)
    assert [citation.cited for citation in found] == [
        ("western-1",), ("horror-0", "horror-1"), ("western-1",), ("western-1",), (),
    ]  # fmt: skip
    assert [citation.user for citation in found] == ["u0", "u0", None, "u1", "u2"]
    assert found[2].history == ("western-1", "horror-1")
    result = CliRunner().invoke(cli, ["counterfactual", "--data", str(index), "--replies", str(file), "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["tested"], document["untested"], document["uncited"]) == (4, 1, 1)


def test_wrong_use(index, tmp_path):
    def error(*arguments):
        return CliRunner().invoke(cli, ["counterfactual", *map(str, arguments)]).exception

    assert isinstance(error("--data", tmp_path), NotIndexedError)
    file = tmp_path / "replies.jsonl"
    file.write_text(json.dumps(reply(1, "u0", ["f1"], item_id="gone")))
    assert "does not have" in str(error("--data", index, "--replies", file))
    lonely = tmp_path / "lonely"
    index_items([item("Western", n) for n in range(4)], lonely, embedder=HashingEmbedder())
    found = error("--data", lonely)
    assert isinstance(found, EvaluationError)
    assert "events import" in str(found)
