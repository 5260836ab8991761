"""Whole turns over a few films: what they show, in what order, and what they leave behind."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from assistant.errors import UnknownNameError
from assistant.ingest import index_items
from assistant.llm.scripted import ScriptedAnswer, ScriptedModel
from assistant.store import Store
from assistant.types import RankedList, Recommended, Replied, Retrieved
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import assert_verified, did, good_answer, opened, say, shown
from vectorstore.embed_hashing import HashingEmbedder

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.anyio
SPACE_COMEDY = "a comedy set in space, not animated"


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def folder(tmp_path):
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    return tmp_path


@pytest.fixture
async def assistant(folder):
    async with opened(folder) as assistant:
        yield assistant


def impressions(store: Store, user: str) -> list[dict]:
    return sorted(store.export_user(user)["impression"], key=lambda row: (row["created_at"], row["position"]))


async def test_events_come_in_order_and_end_in_the_reply(assistant):
    did(assistant.store, "ana", "alien", "odyssey")
    events = [event async for event in assistant.stream(say("ana", "preferably something set in space"))]
    assert [type(event) for event in events] == [Retrieved, RankedList, *[Recommended] * 5, Replied]
    found, ranked, reply = events[0], events[1], events[-1].reply
    assert {row.item_id for row in ranked.ranking} <= {candidate.item_id for candidate in found.candidates}
    assert sum(found.sources.values()) >= len(found.candidates) > 0
    cards = [event.recommendation for event in events[2:-1]]
    assert tuple(cards) == reply.recommendations
    assert [card.item_id for card in cards] == [row.item_id for row in ranked.ranking]
    assert [card.position for card in cards] == [1, 2, 3, 4, 5]
    assert [card.score for card in cards] == sorted((card.score for card in cards), reverse=True)
    assert (ranked.text, ranked.acting_on) == (reply.text, reply.acting_on)
    assert_verified(cards)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (SPACE_COMEDY, lambda item: "Comedy" in item.categories and "Animation" not in item.categories),
        ("a western from the 60s", lambda item: "Western" in item.categories and 1960 <= item.year <= 1969),
        ("films directed by Clint Eastwood", lambda item: "Clint Eastwood" in item.people("director")),
        ("films with Clint Eastwood", lambda item: "Clint Eastwood" in item.people("cast")),
        ("something without Sigourney Weaver", lambda item: "Sigourney Weaver" not in item.people("cast")),
        ("a film under 2 hours", lambda item: item.attributes["runtime"] <= 120),
    ],
)
async def test_every_card_keeps_every_promise(assistant, text, kept):
    reply = await assistant.reply(say("ana", text))
    assert reply.query.constraints
    assert reply.recommendations
    assert all(kept(card.item) for card in reply.recommendations)
    assert_verified(reply.recommendations)


async def test_what_is_known_or_named_is_not_shown(folder):
    async with opened(folder, cards=20) as assistant:
        did(assistant.store, "ana", "alien", "her")
        did(assistant.store, "ana", "odyssey", kind="seen")
        did(assistant.store, "ana", "walle", kind="dislike")
        reply = await assistant.reply(say("ana", "films like Galaxy Quest, I have already seen Aliens"))
    assert set(shown(reply)) == {film["item_id"] for film in FILMS} - {
        "alien", "her", "odyssey", "walle", "galaxy", "aliens",
    }  # fmt: skip
    assert "like Galaxy Quest" in reply.acting_on
    assert "new to you" in reply.text


async def test_a_skipped_item_may_come_again(assistant):
    did(assistant.store, "ana", "galaxy", kind="skip")
    assert "galaxy" in shown(await assistant.reply(say("ana", SPACE_COMEDY)))


async def test_a_new_user_who_says_nothing_gets_what_others_like(assistant):
    for other in ("bo", "cy", "di"):
        did(assistant.store, other, "unforgiven", "her")
    reply = await assistant.reply(say("nobody has met me", ""))
    assert reply.query.intent == "small_talk"
    assert set(shown(reply)[:2]) == {"unforgiven", "her"}
    assert len(reply.recommendations) == 5
    assert reply.text.endswith("to begin with.")
    assert_verified(reply.recommendations)


async def test_small_talk_is_greeted_and_answered_from_the_history(assistant):
    did(assistant.store, "ana", "alien")
    reply = await assistant.reply(say("ana", "Hello!"))
    assert reply.text.startswith("Hello!")
    assert reply.text.endswith("from what you liked.")
    assert len(reply.recommendations) == 5


@pytest.mark.parametrize(("text", "count"), [("3 films", 3), ("a film", 5), ("one film, please", 1)])
async def test_as_many_cards_as_were_asked_for(assistant, text, count):
    assert len((await assistant.reply(say("ana", text))).recommendations) == count


async def test_the_number_of_cards_is_a_setting(folder):
    async with opened(folder, cards=2) as assistant:
        assert len((await assistant.reply(say("ana", "something in space"))).recommendations) == 2


async def test_when_nothing_fits_the_reply_says_which_promise_empties_it(assistant):
    reply = await assistant.reply(say("ana", "a western from the 1930s"))
    assert reply.recommendations == ()
    assert (
        reply.text
        == "Nothing in this catalogue fits all of this: 1930–1939 · Western. The nearest is A Fistful of Dollars (1964)."
    )
    assert set(reply.acting_on) == {"1930–1939", "Western"}
    assert assistant.store.conversations.turns("ana", reply.conversation)[0][0] == "a western from the 1930s"
    assert impressions(assistant.store, "ana") == []


async def test_a_conversation_does_not_repeat_itself_and_says_when_all_was_shown(assistant):
    first = await assistant.reply(say("ana", "a western", "c"))
    assert set(shown(first)) == {"fistful", "unforgiven"}
    second = await assistant.reply(say("ana", "a western", "c"))
    assert second.recommendations == ()
    assert second.text == "All 2 that fit were shown already, or you know them: Western."
    assert set(shown(await assistant.reply(say("ana", "a western", "another")))) == {"fistful", "unforgiven"}
    assert set(shown(await assistant.reply(say("bo", "a western", "c")))) == {"fistful", "unforgiven"}


async def test_what_was_shown_comes_again_where_the_request_changed_and_nothing_else_meets_it(assistant):
    assert "unforgiven" in shown(await assistant.reply(say("ana", "a western", "c")))
    narrower = await assistant.reply(say("ana", "after 1980", "c"))
    assert shown(narrower) == ["unforgiven"]
    assert narrower.text == (
        "The only one that fits was shown already, or you know it: Western · from 1981. Here it is again."
    )
    assert (await assistant.reply(say("ana", "something else", "c"))).recommendations == ()


async def test_without_a_name_the_conversation_goes_on_per_user(assistant):
    first = await assistant.reply(say("ana", "something in space"))
    second = await assistant.reply(say("ana", "something in space"))
    other = await assistant.reply(say("bo", "something in space"))
    assert first.conversation == second.conversation != other.conversation
    assert not set(shown(first)) & set(shown(second))


async def test_what_was_shown_is_written_with_how_it_came_to_be(folder):
    model = ScriptedModel(good_answer)
    async with opened(folder, model=model) as assistant:
        reply = await assistant.reply(say("ana", SPACE_COMEDY))
        rows = impressions(assistant.store, "ana")
        assert [row["item_id"] for row in rows] == shown(reply)
        for row, card in zip(rows, reply.recommendations, strict=True):
            assert row["reply_id"] == reply.reply_id
            assert row["conversation_id"] == reply.conversation
            assert (row["position"], row["propensity"], row["ranker"]) == (card.position, 1.0, "cold")
            assert row["score"] == pytest.approx(card.score)
            assert row["model"] == "scripted"
            assert row["prompt"] == card.explanation.prompt
            assert row["prompt"].startswith("explain@")
        ((message, written),) = assistant.store.conversations.turns("ana", reply.conversation)
        assert message == SPACE_COMEDY
        assert [card["explanation"]["text"] for card in written["recommendations"]] == [
            card.explanation.text for card in reply.recommendations
        ]


async def test_a_model_phrases_when_it_keeps_to_the_facts(folder):
    async with opened(folder, model=ScriptedModel(good_answer)) as assistant:
        reply = await assistant.reply(say("ana", "something set in space"))
        assert {card.explanation.phrased_by for card in reply.recommendations} == {"model"}
        assert reply.trace["phrased_by_model"] == 5
        usage = reply.trace["usage"]
        assert usage["answers"] == 5
        assert usage["prompt_tokens"] > usage["completion_tokens"] > 0
        assert usage["cost"] is None
        assert_verified(reply.recommendations)


async def test_a_notebook_shows_the_reply_escaped(folder):
    nasty = {"item_id": "x", "title": "<script>alert(1)</script>", "categories": ["Western"], "year": 1950}
    index_items([nasty], folder, embedder=HashingEmbedder())
    async with opened(folder) as assistant:
        reply = await assistant.reply(say("ana", "a western"))
        page = reply._repr_html_()
        assert "x" in shown(reply)
        assert "Unforgiven" in page
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


async def test_leaving_early_stops_the_model_and_leaves_nothing_half_written(folder):
    asked = asyncio.Event()

    def slowly(_messages):
        asked.set()
        return ScriptedAnswer(text="x" * 100, piece=1, delay=0.02)

    model = ScriptedModel(slowly, name="slow")
    async with opened(folder, model=model, reply_within=60.0) as assistant:
        async with aclosing(assistant.stream(say("ana", "something set in space", "c"))) as stream:
            async for event in stream:
                if isinstance(event, RankedList):
                    break
        assert model.asked == []
        waiting = asyncio.create_task(_first_card(assistant))
        await asked.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert [task for task in asyncio.all_tasks() if "phrase" in repr(task.get_coro())] == []
        assert assistant.store.users() == []


async def _first_card(assistant):
    async with aclosing(assistant.stream(say("ana", "something set in space", "c"))) as stream:
        async for event in stream:
            if isinstance(event, Recommended):
                return event


async def test_leaving_after_a_card_stops_the_ones_behind_it(folder):
    calls = 0

    def first_only(messages):
        nonlocal calls
        calls += 1
        return good_answer(messages) if calls == 1 else ScriptedAnswer(text="x" * 1000, piece=1, delay=0.01)

    model = ScriptedModel(first_only)
    async with opened(folder, model=model, reply_within=60.0, phrase_at_once=2) as assistant:
        async with aclosing(assistant.stream(say("ana", "something set in space", "c"))) as stream:
            async for event in stream:
                if isinstance(event, Recommended):
                    break
        phrasing = [task for task in asyncio.all_tasks() if "phrase" in repr(task.get_coro())]
        assert phrasing == []
        assert assistant.store.users() == []


async def test_two_conversations_at_once(folder):
    model = ScriptedModel(lambda messages: ScriptedAnswer(text=good_answer(messages), piece=20, delay=0.001))
    async with opened(folder, model=model) as assistant:
        did(assistant.store, "ana", "alien", "aliens")
        did(assistant.store, "bo", "fistful", "unforgiven")
        said = [
            ("ana", "a western", "1"),
            ("bo", "something in space", "2"),
            ("ana", SPACE_COMEDY, "3"),
            ("bo", "", "4"),
        ]
        alone = {}
        for user, text, conversation in said:
            reply = await assistant.reply(say(user, text, f"alone {conversation}"))
            alone[conversation] = (reply.text, shown(reply), [c.explanation.text for c in reply.recommendations])
        together = await asyncio.gather(*(assistant.reply(say(*parts)) for parts in said))
        for reply in together:
            got = (reply.text, shown(reply), [card.explanation.text for card in reply.recommendations])
            assert got == alone[reply.conversation]


@pytest.mark.parametrize("text", ["something in space", "", "films like Playtime", "20 films"])
async def test_one_user_never_sees_anothers_history(assistant, text):
    theirs = {"alien": "Alien", "suspiria": "Suspiria", "fistful": "A Fistful of Dollars"}
    did(assistant.store, "ana", *theirs)
    did(assistant.store, "bo", "her")
    await assistant.reply(say("ana", text, "shared name"))
    replies = await asyncio.gather(
        assistant.reply(say("ana", text, "1")),
        assistant.reply(say("bo", text, "shared name")),
        assistant.reply(say("new", text, "shared name")),
    )
    assert any(
        fact.other_item_id in theirs
        for card in replies[0].recommendations
        for fact in card.explanation.facts
        if fact.source == "history"
    ), "nothing would be shown of ana's history even if it leaked"
    for reply, own in zip(replies[1:], ({"her"}, set()), strict=True):
        for card in reply.recommendations:
            personal = [f for f in card.explanation.facts if f.source in ("history", "profile")]
            assert {fact.other_item_id for fact in personal if fact.source == "history"} <= own
            assert not own or all(fact.source != "profile" for fact in personal)
            told = [claim for claim in card.explanation.claims if claim.source in ("history", "profile")]
            assert {str(claim.value) for claim in told} <= {"Her", "Playtime"}
            said = card.explanation.text.replace(card.title, "")
            assert not any(f"“{title}”" in said or f"liked {title}" in said for title in theirs.values())


async def test_the_same_turn_gives_the_same_reply(folder):
    replies = []
    for _ in range(2):
        async with opened(folder) as assistant:
            with Store(folder) as store:
                if not store.event_count():
                    did(store, "ana", "alien", "her", "walle")
            replies.append(await assistant.reply(say("ana", "a film set in space", f"run {len(replies)}")))
    one, two = replies
    assert one.text == two.text
    assert [(c.item_id, c.score, c.explanation) for c in one.recommendations] == [
        (c.item_id, c.score, c.explanation) for c in two.recommendations
    ]


async def test_explain_gives_one_verified_reason(assistant):
    did(assistant.store, "ana", "alien")
    card = await assistant.explain("ana", "aliens")
    assert card.title == "Aliens"
    assert any(fact.other_item_id == "alien" for fact in card.explanation.facts)
    assert_verified([card])
    with pytest.raises(UnknownNameError, match="Did you mean 'aliens'"):
        await assistant.explain("ana", "aliens!")


# other processes

INDEX_MORE = """
import sys
from assistant.ingest import index_items
from vectorstore.embed_hashing import HashingEmbedder
index_items([{"item_id": "new", "title": "Silver Moons", "year": 2020, "categories": ["Opera"], "description": "Moons sing."}],
            sys.argv[1], embedder=HashingEmbedder())
"""
LIKE = """
import sys
from pathlib import Path
from assistant.feedback import make_event, record_event
from assistant.store import Store
with Store(Path(sys.argv[1])) as store:
    assert record_event(store, make_event(sys.argv[2], sys.argv[3], "like"))
"""


def elsewhere(code: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, cwd=ROOT, timeout=120)


async def test_an_index_run_elsewhere_is_noticed_at_the_next_turn(assistant, folder):
    before = await assistant.reply(say("ana", "an opera about moons"))
    assert "new" not in shown(before)
    await asyncio.to_thread(elsewhere, INDEX_MORE, str(folder))
    after = await assistant.reply(say("bo", "an opera about moons"))
    assert shown(after) == ["new"]
    assert after.acting_on == ("Opera",)


async def test_an_event_from_elsewhere_changes_the_next_ranking(assistant, folder):
    candidates = ["fistful", "odyssey", "suspiria", "aliens", "unforgiven", "playtime"]
    before = await assistant.rank(user="ana", candidates=candidates)
    assert before == await assistant.rank(user="ana", candidates=candidates)
    await asyncio.to_thread(elsewhere, LIKE, str(folder), "ana", "unforgiven")
    after = await assistant.rank(user="ana", candidates=candidates)
    assert before[0][0] != "fistful"
    assert next(item_id for item_id, _ in after if item_id != "unforgiven") == "fistful"
    assert await assistant.rank(user="bo", candidates=candidates) == before
    reply = await assistant.reply(say("ana", "20 films"))
    assert "unforgiven" not in shown(reply)
    assert any(f.other_item_id == "unforgiven" for c in reply.recommendations for f in c.explanation.facts)


async def test_a_reply_can_be_written_as_json(assistant):
    from assistant.documents import RepliedDocument

    reply = await assistant.reply(say("ana", SPACE_COMEDY))
    document = json.loads(RepliedDocument.of(reply).model_dump_json())
    assert [card["item_id"] for card in document["recommendations"]] == shown(reply)


async def test_what_no_item_mentions_is_said(assistant):
    reply = await assistant.reply(say("ana", "a blender that crushes ice"))
    assert reply.text.startswith("No item here mentions what you describe")
    assert reply.recommendations
    assert not (await assistant.reply(say("ana", "a giant ape"))).text.startswith("No item")
