"""Whole turns in Chinese on the sample films, and what the claim checker makes of their sentences."""

from __future__ import annotations

import random
import re
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.deciding import evidence_for, load_profile
from assistant.faithfulness import is_supported
from assistant.ingest import index_items
from assistant.merging import request_of
from assistant.serving import load_serving
from assistant.store import Store
from assistant.text import fold, has_han
from assistant.types import Query
from assistant.understand import understand
from assistant.unspaced.read import gazetteer_of
from assistant.vocabulary import load_language
from tests.assistant.turns import opened, say
from vectorstore.embed_hashing import HashingEmbedder

SAMPLE = Path(__file__).resolve().parents[3] / "examples" / "data"
REQUESTS = [
    "想看九十年代的喜剧", "讲太空的喜剧", "像《异形》那样的片子", "日本动画", "诺兰导演的电影", "有没有关于友情的动画",
    "2010年以后的惊悚片", "不要恐怖片，想看点轻松的", "推荐几部", "两个半小时以上的战争片",
]  # fmt: skip
_WORDS_OF_ENGLISH = re.compile(r"\b(?:the|and|with|this|you|is|of)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    index_items(SAMPLE / "films.jsonl", folder, interactions=SAMPLE / "interactions.csv", embedder=HashingEmbedder())
    return folder


@pytest.fixture(scope="module")
def serving(folder):
    with Store(folder) as store:
        yield load_serving(store)


@pytest.fixture
async def replies(folder):
    async with opened(folder) as assistant:
        yield [
            await assistant.reply(say(user, text, uuid.uuid4().hex))  # what was shown before is not shown again
            for user in ("ana", "new")
            for text in REQUESTS
        ]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.anyio
async def test_replies_are_chinese_and_every_claim_is_borne_out(replies):
    cards = [card for reply in replies for card in reply.recommendations]
    assert len(cards) >= 80
    for reply in replies:
        assert has_han(reply.text)
        assert reply.text.endswith(("。", "？", "！"))
        if reply.question is not None:
            assert has_han(reply.question.text)
            assert not re.search(r"[A-Za-z]", reply.question.text), reply.question.text
    for card in cards:
        text = card.explanation.text
        assert has_han(text)
        assert text.endswith("。")
        assert not _WORDS_OF_ENGLISH.search(text), text
        assert card.explanation.claims, text
        assert {claim.verdict for claim in card.explanation.claims} == {"supported"}, text
        assert has_han(card.title) or card.title == str(card.item.attributes["title_zh"])
    assert len({card.explanation.text for card in cards}) > 0.9 * len(cards)


@pytest.mark.anyio
async def test_the_labels_are_the_users_words(replies):
    assert replies[0].acting_on == ("九十年代", "喜剧")
    assert replies[2].acting_on == ("像《异形》",)


@pytest.mark.anyio
async def test_a_terminal_is_not_overrun(replies):
    """A Han character takes two columns."""
    from rich.cells import cell_len

    from assistant.surfaces.render import plain, terminal

    for width in (40, 60, 80):
        for reply in replies[:4]:
            lines = plain([terminal(reply)], width=width).splitlines()
            assert max(map(cell_len, lines)) <= width
            assert any(has_han(line) for line in lines)


@pytest.mark.anyio
async def test_a_request_is_said_in_the_users_words(replies):
    """Who asked for 友情 reads 友情; the English words that searching added were not asked for."""
    said = 0
    for place, words in ((1, "太空"), (5, "友情"), (len(REQUESTS) + 1, "太空"), (len(REQUESTS) + 5, "友情")):
        about = [c.explanation.text for c in replies[place].recommendations if "关于" in c.explanation.text]
        assert all(f"关于{words}" in text for text in about), about
        said += len(about)
    assert said
    for reply in replies:
        for card in reply.recommendations:
            asked = [fact for fact in card.explanation.facts if fact.slot == "asked_for"]
            assert all(has_han(str(fact.value)) for fact in asked)


@pytest.mark.anyio
async def test_a_wrong_value_in_a_sentence_is_found(replies, serving):
    """Each value of each sentence is exchanged for another film's value of the same slot: none may pass."""
    dice = random.Random(7)
    catalogue = serving.catalogue
    gazetteer = gazetteer_of(serving.vocabulary.in_language(load_language("zh")))
    swapped = 0
    for reply in replies:
        for card in reply.recommendations:
            evidence = replace(_evidence(serving, reply.query, card, card.explanation.facts), asked=("",))
            for claim in card.explanation.claims:
                if claim.source != "catalogue":
                    continue
                wrong = _another(catalogue, gazetteer, claim, card.item, dice)
                if wrong is None:
                    continue
                text = card.explanation.text
                text = text[: claim.start] + wrong + text[claim.end :]
                claims = serving.checker.check(text, evidence)
                assert not is_supported(claims), (card.explanation.text, text)
                swapped += 1
    assert swapped >= 200


def _evidence(serving, query, card, facts):
    item = card.item
    history = [serving._history_item(item_id, row, "liked") for row, item_id in enumerate(serving.catalogue.ids)]
    titled = tuple(
        replace(one, title=serving.catalogue.title_in(serving.catalogue.row_of[one.item_id], "zh")) for one in history
    )
    from assistant.faithfulness import Evidence

    return Evidence(
        item_id=item.item_id,
        record=item.slots(),
        history=titled,
        facts=facts,
        language="zh",
        titles=serving.catalogue.all_titles(serving.catalogue.row_of[item.item_id])[1:],
    )


def _another(catalogue, gazetteer, claim, item, dice):
    """How another value of the claim's slot is said, which the item does not have under any name."""
    if claim.slot in ("year", "runtime"):
        own = item.slots()[claim.slot]
        said = str(own + dice.choice((-9, -3, 4, 11)))
        return claim.text.replace(f"{own:g}", said) if f"{own:g}" in claim.text else None
    column = catalogue.labels.get(claim.slot)
    if column is None:
        return None
    every = {
        gazetteer.say(slot, value) or value
        for slot, values in item.slots().items()
        for value in (values if isinstance(values, tuple) else (values,))
        if isinstance(value, str)
    }
    own = {fold(word) for word in every}
    others = [
        said
        for value in dice.sample(sorted(column.display.values()), min(40, len(column.display)))
        if (said := gazetteer.say(claim.slot, value) or (value if claim.slot in catalogue.roles else None)) is not None
        and fold(said) not in own
        and len(said) > 1
    ]
    return others[0] if others else None


SENTENCES = [
    ("雷德利·斯科特执导，1979年的作品。", True),
    ("由雷德利·斯科特执导的科幻恐怖片，片长117分钟。", True),
    ("宫崎骏执导的科幻恐怖片。", False),
    ("雷德利·斯科特主演的科幻恐怖片。", False),
    ("Sigourney Weaver 执导，1979年的作品。", False),
    ("Sigourney Weaver 主演，讲的是太空。", True),
    ("汤姆·汉克斯主演的科幻片。", False),
    ("一部爱情片，讲的是太空。", False),
    ("不是科幻片。", False),
    ("不是爱情片，是科幻片。", True),
    ("片长95分钟。", False),
    ("1985年的作品。", False),
    ("八十年代的作品。", False),
    ("七十年代的作品。", True),
    ("你喜欢《月球》，这部也由雷德利·斯科特执导。", False),
    ("你喜欢《银翼杀手》，这部也由雷德利·斯科特执导。", True),
    ("你喜欢《教父》，这部同样是科幻片。", False),
    ("这部获得了奥斯卡最佳视觉效果奖。", False),
    ("英国和美国出品，1979年的作品。", True),
    ("法国出品，1979年的作品。", False),
]


@pytest.mark.parametrize(("text", "borne"), SENTENCES)
def test_sentences_about_alien(serving, folder, text, borne):
    catalogue = serving.catalogue
    query = Query(text="", language="zh", like=())
    with Store(folder) as store:
        profile = load_profile(store, serving, "nobody")
    row = catalogue.row_of["alien-1979"]
    (ranked,) = serving.ranker.rank(profile.history, catalogue.rows(["alien-1979"]), k=1)
    evidence = evidence_for(serving, profile, query, ranked)
    liked = [
        replace(serving._history_item(item_id, catalogue.row_of[item_id], "liked"), title=title)
        for item_id, title in (("moon-2009", "月球"), ("blade-runner-1982", "银翼杀手"))
    ]
    evidence = replace(evidence, history=tuple(liked))
    assert catalogue.title_in(row, "zh") == "异形"
    claims = serving.checker.check(text, evidence)
    assert claims
    assert is_supported(claims) is borne, [(claim.text, claim.slot, claim.verdict) for claim in claims]


def test_what_is_asked_for_has_to_be_asked_for(serving, folder):
    catalogue = serving.catalogue
    said = understand("想看七十年代的科幻片", serving.vocabulary)
    query = request_of(said)
    with Store(folder) as store:
        profile = load_profile(store, serving, "nobody")
    (ranked,) = serving.ranker.rank(profile.history, catalogue.rows(["alien-1979"]), k=1)
    evidence = evidence_for(serving, profile, query, ranked)
    check = serving.checker.check
    assert is_supported(check("你想看七十年代的科幻片，这部正合适。", evidence))
    assert not is_supported(check("你想看八十年代的科幻片，这部正合适。", evidence))
    assert not is_supported(check("你想看七十年代的爱情片，这部正合适。", evidence))
    assert not is_supported(check("你平时偏爱科幻片，这部就是一例。", evidence))
