"""Whole turns whose list is arranged: promises hold, nothing is told that is not so, and the log knows the odds."""

from __future__ import annotations

import json
import re
import time
from collections import Counter

import pytest

from assistant.errors import SettingsError, UserError
from assistant.ingest import index_items
from assistant.llm.scripted import ScriptedAnswer, ScriptedModel
from assistant.surfaces.render import plain, terminal
from assistant.types import RankedList, Replied
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import did, good_answer, opened, say, shown
from vectorstore.embed_hashing import HashingEmbedder

pytestmark = pytest.mark.anyio
LINE = re.compile(r"^(c\d+): (.+?) \(\d+\)", re.M)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def folder(tmp_path):
    index_items(
        [{**film, "in_stock": film["item_id"] != "playtime"} for film in FILMS], tmp_path, embedder=HashingEmbedder()
    )
    return tmp_path


def write_rules(folder, text: str) -> None:
    (folder / "rules.toml").write_text(text, encoding="utf-8")


PIN = '[[pin]]\nname = "pick"\nitem = "suspiria"\nposition = 2\nlabel = "Sponsored"\n'


async def test_a_pinned_card_is_labelled_and_told_as_pinned(folder):
    write_rules(folder, PIN)
    async with opened(folder) as assistant:
        did(assistant.store, "ana", "alien", "kong-1933")  # horror films, like the pinned one
        reply = await assistant.reply(say("ana", "something to watch"))
    card = reply.recommendations[1]
    assert (card.item_id, card.label) == ("suspiria", "Sponsored")
    assert [c.label for c in reply.recommendations if c.item_id != "suspiria"] == [None] * 4
    assert reply.trace["placements"]["suspiria"][0]["reason"] == "pinned by rule 'pick'"
    assert "Sponsored" in plain([terminal(reply)])
    assert "Sponsored" in reply._repr_html_()


async def test_the_reason_of_a_pinned_item_never_speaks_of_taste(folder):
    """The same item, recommended for its score, is told with what the user liked."""

    async def reason():
        async with opened(folder) as assistant:
            reply = await assistant.reply(say("ana", "something to watch", "c" + str(time.monotonic_ns())))
            return next(card.explanation for card in reply.recommendations if card.item_id == "suspiria")

    async with opened(folder) as assistant:
        did(assistant.store, "ana", "alien", "kong-1933")
    by_score = await reason()
    assert any(fact.source in ("history", "profile") for fact in by_score.facts)
    write_rules(folder, PIN)
    by_rule = await reason()
    assert not any(fact.source in ("history", "profile") for fact in by_rule.facts)
    assert not any(claim.source in ("history", "profile") for claim in by_rule.claims)
    for title in ("Alien", "King Kong", "you like"):
        assert title not in by_rule.text


@pytest.mark.parametrize("text", ["a comedy", "a western from the 60s", "something in English"])
async def test_a_pin_keeps_every_promise(folder, text):
    write_rules(folder, PIN)
    async with opened(folder) as assistant:
        reply = await assistant.reply(say("ana", text))
    assert "suspiria" not in shown(reply)
    assert not any(card.label for card in reply.recommendations)


async def test_a_pin_is_not_shown_to_who_knows_it_nor_twice_in_a_conversation(folder):
    write_rules(folder, PIN)
    async with opened(folder) as assistant:
        did(assistant.store, "ana", "suspiria")
        assert "suspiria" not in shown(await assistant.reply(say("ana", "something to watch")))
        assert "suspiria" in shown(await assistant.reply(say("bo", "something to watch", "one")))
        assert "suspiria" not in shown(await assistant.reply(say("bo", "a horror film", "one")))


async def test_what_is_not_in_stock_is_never_shown(folder):
    async with opened(folder) as assistant:
        assert "playtime" in shown(await assistant.reply(say("ana", "a film by Jacques Tati")))
    write_rules(folder, "in_stock_only = true\n")
    async with opened(folder) as assistant:
        reply = await assistant.reply(say("ana", "a film by Jacques Tati", "two"))
        assert "playtime" not in shown(reply)
        assert "playtime" not in [item_id for item_id, _ in await assistant.rank(user="ana")]


async def test_rules_are_read_again_when_the_file_changes(folder, caplog):
    async with opened(folder) as assistant:
        assert "placements" not in (await assistant.reply(say("ana", "something to watch", "a"))).trace
        write_rules(folder, PIN)
        assert (await assistant.reply(say("ana", "something to watch", "b"))).trace["placements"]
        write_rules(folder, PIN + "nonsense = 1\n")
        reply = await assistant.reply(say("ana", "something to watch", "c"))
        assert reply.recommendations[1].label == "Sponsored"
        assert "still hold" in caplog.text
        (folder / "rules.toml").unlink()
        assert "placements" not in (await assistant.reply(say("ana", "something to watch", "d"))).trace
    write_rules(folder, "nonsense = 1\n")
    with pytest.raises(SettingsError, match="nonsense"):
        async with opened(folder):
            pass


async def test_rank_takes_the_dial_and_the_rules(folder):
    write_rules(folder, '[[pin]]\nitem = "blanche"\nposition = 1\n')
    async with opened(folder) as assistant:
        did(assistant.store, "ana", "alien", "odyssey")
        plain_list = await assistant.rank(user="ana", k=5, diversity=0.0)
        assert plain_list[0][0] == "blanche"
        diverse = await assistant.rank(user="ana", k=5, diversity=1.0)
        assert diverse[0][0] == "blanche"
        assert [i for i, _ in diverse] != [i for i, _ in plain_list]
        among = await assistant.rank(history=["alien"], candidates=["her", "nowhere", "walle"])
        assert [item_id for item_id, _ in among][-1] == "nowhere"
        assert {item_id for item_id, _ in among} == {"her", "walle", "nowhere"}
        whole = await assistant.rank(user="ana", diversity=0.5)
        assert len(whole) == len({item_id for item_id, _ in whole}) == len(FILMS) - 2
        with pytest.raises(UserError, match="diversity is 2"):
            await assistant.rank(user="ana", diversity=2)


async def test_impressions_log_the_odds(folder):
    async with opened(folder, exploration=0.3, exploration_seed=3, cards=4) as assistant:
        for number in range(3):
            for item_id in ("alien", "aliens", "walle", "galaxy", "odyssey"):
                for event in range(5):
                    did(assistant.store, f"u{number}{event}", item_id)
        seen: Counter[float] = Counter()
        for number in range(12):
            reply = await assistant.reply(say(f"new{number}", "a story of people far away"))
            rows = sorted(assistant.store.export_user(f"new{number}")["impression"], key=lambda row: row["position"])
            told = {
                item_id for item_id, steps in reply.trace.get("placements", {}).items()
                if any(step["stage"] == "exploration" and step["after"] <= 4 for step in steps)
            }  # fmt: skip
            for row in rows:
                assert 0 < row["propensity"] <= 1
                if row["item_id"] in told:
                    assert row["propensity"] < 1
                    assert row["position"] >= 3
                seen[row["propensity"]] += 1
            again = await assistant.reply(say(f"new{number}", "a story of people far away", reply.conversation + "x"))
            assert len(shown(again)) == len(shown(reply))
    assert len(seen) >= 3


async def test_a_seed_makes_the_draw_repeatable(folder):
    lists = []
    for _ in range(2):
        async with opened(folder, exploration=0.5, exploration_seed=1) as assistant:
            lists.append(shown(await assistant.reply(say("ana", "something to watch", "the same"))))
            assistant.store.delete_user("ana")
    assert lists[0] == lists[1]


# a model's say


def ranks_then_writes(*, reverse):
    """Puts in order by title, when that is asked for; writes as a careful writer otherwise."""

    def answer(messages):
        lines = LINE.findall(messages[-1].content)
        if "Works:" not in messages[-1].content:
            return good_answer(messages)
        ordered = sorted(lines, key=lambda line: line[1], reverse=reverse)
        return json.dumps({"ranking": [code for code, _ in ordered]})

    return answer


async def test_a_model_has_its_say_before_the_list_is_told_and_no_more_than_its_cap(folder):
    async with opened(folder) as assistant:
        plain_reply = await assistant.reply(say("ana", "something set in space"))
    scores = {card.item_id: card.score for card in plain_reply.recommendations}
    model = ScriptedModel(ranks_then_writes(reverse=True))
    async with opened(folder, model=model, rerank="listwise") as assistant:
        events = [event async for event in assistant.stream(say("ana", "something set in space"))]
    reply = events[-1].reply
    (listed,) = [event for event in events if isinstance(event, RankedList)]
    assert [ranked.item_id for ranked in listed.ranking] == shown(reply)
    assert reply.trace["rerank"]["outcome"] == "4 of 4 orders answered"
    for ranked in listed.ranking:
        assert "listwise" in ranked.contributions
        if ranked.item_id in scores:
            assert abs(ranked.score - scores[ranked.item_id]) <= 0.05 + 1e-6
    assert reply.trace["usage"]["answers"] >= 4 + len(reply.recommendations)
    assert isinstance(events[-1], Replied)


async def test_descriptions_are_never_in_a_prompt_that_scores(folder):
    model = ScriptedModel(ranks_then_writes(reverse=False))
    async with opened(folder, model=model, rerank="listwise") as assistant:
        did(assistant.store, "ana", "alien")
        await assistant.reply(say("ana", "something set in space"))
    prompts = [m.content for call in model.asked for m in call.messages if "Works:" in m.content]
    assert prompts
    for text in prompts:
        for film in FILMS:
            assert film["description"][:25] not in text


@pytest.mark.parametrize(
    "answer",
    [
        "nonsense",
        json.dumps({"ranking": ["c99"]}),
        ScriptedAnswer(text="x", delay=60.0),
        ScriptedAnswer(text="x", ending="cut"),
    ],
)
async def test_when_the_model_is_wrong_late_or_gone_the_order_stands_without_it(folder, answer):
    def answers(messages):
        return answer if "Works:" in messages[-1].content else good_answer(messages)

    async with opened(folder) as assistant:
        plain_reply = await assistant.reply(say("ana", "something set in space"))
    started = time.monotonic()
    async with opened(folder, model=ScriptedModel(answers), rerank="listwise", rerank_within=0.2) as assistant:
        reply = await assistant.reply(say("ana", "something set in space"))
    assert time.monotonic() - started < 15
    assert shown(reply) == shown(plain_reply)
    assert [c.score for c in reply.recommendations] == [c.score for c in plain_reply.recommendations]
    assert "0 of 4" in reply.trace["rerank"]["outcome"]


async def test_likelihoods_have_their_say_too(folder):
    def likelier(messages, title):
        return -5.0 + (len(title) if "Alien" in messages[-1].content else 0)

    model = ScriptedModel(good_answer, loglikelihood=likelier)
    async with opened(folder, model=model, rerank="likelihood") as assistant:
        did(assistant.store, "ana", "alien")
        reply = await assistant.reply(say("ana", "something set in space"))
    assert "titles answered" in reply.trace["rerank"]["outcome"]
    assert all("likelihood" in parts for parts in reply.trace["contributions"].values())


async def test_a_say_needs_a_model(folder):
    with pytest.raises(SettingsError, match="rerank is 'listwise', which needs a language model"):
        async with opened(folder, rerank="listwise"):
            pass


async def test_by_default_nothing_is_arranged(folder):
    model = ScriptedModel(good_answer)
    async with opened(folder, model=model) as assistant:
        reply = await assistant.reply(say("ana", "something set in space"))
    assert not {"placements", "held_back", "rerank"} & set(reply.trace)
    assert not any("Works:" in call.messages[-1].content for call in model.asked)


async def test_asked_why_a_pinned_item_is_said_to_be_pinned(folder):
    async with opened(folder) as assistant:
        did(assistant.store, "ana", "alien", "kong-1933")
        await assistant.reply(say("ana", "something to watch", "by score"))
        by_score = await assistant.reply(say("ana", "why Suspiria?", "by score"))
    assert by_score.answer is not None
    assert "by hand" not in by_score.answer.text
    write_rules(folder, PIN)
    async with opened(folder) as assistant:
        await assistant.reply(say("ana", "something to watch", "by rule"))
        by_rule = await assistant.reply(say("ana", "why Suspiria?", "by rule"))
    assert "Suspiria was put there by hand, not by its score." in by_rule.answer.text
    assert not any(fact.source in ("history", "profile") for fact in by_rule.answer.facts)
    assert "you like" not in by_rule.answer.text.casefold()
