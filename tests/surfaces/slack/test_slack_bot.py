"""The bot, driven through the real libraries: signed requests in, calls of a fake Web API out."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import re
import shutil
import time

import pytest

pytest.importorskip("slack_bolt")

from assistant.errors import UserError
from assistant.ingest import index_items
from assistant.llm.scripted import ScriptedModel
from assistant.surfaces.slack import bot as bot_module
from assistant.surfaces.slack import serve
from assistant.surfaces.slack.stored import find_reply
from tests.assistant.turns import good_answer, opened
from tests.surfaces.attacks import OURS, acting, items_of, word_of
from tests.surfaces.slack.fake_slack import (
    APP_TOKEN,
    BOT_TOKEN,
    SECRET,
    click,
    direct,
    fake_slack,
    mention,
    running,
    signature,
    thread_started,
    values,
)
from vectorstore.embed_hashing import HashingEmbedder

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def folder(films_folder, tmp_path):
    return shutil.copytree(films_folder, tmp_path / "films")


async def until(true):
    while not true():  # noqa: ASYNC110 - the other side of a socket has no event to wait for
        await asyncio.sleep(0.02)


def words(message):
    return json.dumps(message.get("blocks", []), ensure_ascii=False)


# what comes in


async def test_slack_can_check_the_address(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        status, text = await slack.send({"type": "url_verification", "challenge": "abc", "token": "x"})
        assert (status, json.loads(text)) == (200, {"challenge": "abc"})


async def test_what_slack_did_not_sign_is_refused_and_never_parsed(folder, caplog):
    caplog.set_level(logging.DEBUG)
    body = json.dumps(direct("a secret wish")).encode()
    good, now = signature(body), int(time.time())
    wrong = [
        {"X-Slack-Signature": None}, {"X-Slack-Request-Timestamp": None}, {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0="}, {"X-Slack-Signature": good["X-Slack-Signature"].upper()},
        {"X-Slack-Signature": good["X-Slack-Signature"][3:]}, {"X-Slack-Signature": "v1" + good["X-Slack-Signature"][2:]},
        {"X-Slack-Signature": "v0=\xff\xfe"}, signature(body, secret="another"), signature(body + b" "),
        signature(body, stamp=str(now - 301)), signature(body, stamp=str(now + 302)), signature(body, stamp="soon"),
        signature(body, stamp="-1"), signature(body, stamp="9" * 5000), signature(body, stamp=f"{now}.5"),
        {"X-Slack-Request-Timestamp": "²"}, {"X-Slack-Request-Timestamp": str(now - 5)},
    ]  # fmt: skip
    async with fake_slack() as fake, running(folder, fake) as slack:
        for headers in wrong:
            assert (await slack.send(body, headers=headers))[0] == 401, headers
        for garbage in (b"", b"\xff\xfe", b"not json", b"[1]"):
            assert (await slack.send(garbage))[0] == 400
            assert (await slack.send(garbage, headers=signature(garbage, secret="another")))[0] == 401
        await slack.settle()
        assert not slack.fake.of("chat.postMessage")
    assert "secret wish" not in caplog.text


async def test_an_event_is_answered_once_however_often_it_comes(folder):
    body = direct("a western", event_id="Ev1")
    again = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
    async with fake_slack() as fake:
        async with running(folder, fake) as slack:
            answers = await asyncio.gather(*(slack.send(body, headers=again if n else None) for n in range(4)))
            assert {status for status, _ in answers} == {200}
            await slack.settle()
            await slack.event(body, headers=again)
        async with running(folder, fake) as slack:  # after a restart
            await asyncio.gather(*(slack.send(body, headers=again) for _ in range(4)))
            await slack.settle()
            assert len(slack.store.conversations.turns("slack/T1/U1", "slack/T1/D1")) == 1
        assert len(fake.of("chat.postMessage")) == 1


async def test_a_slow_turn_does_not_delay_the_acknowledgement(folder, monkeypatch):
    held = asyncio.Event()

    async with fake_slack() as fake, running(folder, fake) as slack:
        real = slack.assistant.stream

        async def slow(message):
            await held.wait()
            async for event in real(message):
                yield event

        monkeypatch.setattr(slack.assistant, "stream", slow)
        for _ in range(20):
            status, _ = await slack.send(direct("a western"))  # comes back while no turn can
            assert status == 200
        assert not [message for message in fake.shown if message.get("blocks")]
        held.set()
        await slack.settle()
        assert len([message for message in fake.shown if message.get("blocks")]) == 20


async def test_repeats_and_clicks_are_acknowledged_while_a_turn_runs(folder, monkeypatch):
    """Every delivery comes back before the turn ends, and what was delivered four times is answered once."""
    held, ended = asyncio.Event(), []

    async with fake_slack() as fake, running(folder, fake) as slack:
        await slack.event(direct("a comedy"))
        before = fake.shown[0]
        real = slack.assistant.stream

        async def slow(message):
            await held.wait()
            async for event in real(message):
                yield event
            ended.append(message.text)

        monkeypatch.setattr(slack.assistant, "stream", slow)
        bodies = [direct("a western", event_id="EvSlow"), mention("a western"), thread_started()]
        acks = await asyncio.gather(*(slack.send(body) for body in bodies for _ in range(4)))
        acks += await asyncio.gather(*(slack.send(click(before, value), form=True) for value in values(before, "like")))
        assert {status for status, _ in acks} == {200}
        assert ended == []
        held.set()
        await slack.settle()
        assert ended == ["a western", "a western"]
        assert len(slack.store.events("slack/T1/U1")) == len(values(before, "like"))


async def test_edits_deletions_bots_and_talk_of_others_are_not_answered(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        edited = {"type": "message", "user": "U1", "text": "a comedy", "ts": "1.0"}
        for body in (
            direct("", subtype="message_changed", message=edited),
            direct("", subtype="message_changed", message={**edited, "thread_ts": "0.9"}, previous_message=edited),
            direct("", subtype="message_deleted", deleted_ts="1.0"),
            direct("a western", bot_id="B7"),
            direct("a western", subtype="bot_message", bot_id="B7"),
            direct("a western", bot_id="B7", thread="100.1"),
            direct("a western", user="UBOT"),
            mention("a western", bot_id="B7"),
            direct("a western", channel="C1")
            | {"event": direct("x", channel="C1")["event"] | {"channel_type": "channel"}},
            mention("x") | {"event": {"type": "reaction_added", "user": "U1", "item": {}, "event_ts": "1.2"}},
        ):
            await slack.event(body)
        assert {method for method, _ in fake.calls} == {"auth.test"}


# conversations


async def test_a_direct_message_is_answered_in_one_message_with_cards(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        await slack.event(direct("a western &amp; &lt;3"))
        (message,) = fake.shown
        assert message["channel"] == "D1"
        assert "thread_ts" not in message
        assert "A Fistful of Dollars (1964)" in words(message)
        assert len(values(message, "like")) == len(values(message, "why")) >= 2
        ((said, _),) = slack.store.conversations.turns("slack/T1/U1", "slack/T1/D1")
        assert said == "a western & <3"


async def test_a_mention_is_answered_in_its_thread_which_is_a_conversation(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        first = mention("a western")
        thread = first["event"]["ts"]
        await slack.event(first)
        await slack.event(mention("not by Sergio Leone", thread=thread))
        one, two = fake.shown
        assert one["thread_ts"] == two["thread_ts"] == thread
        assert "Fistful" in words(one)
        assert "Fistful" not in words(two)
        assert "not Sergio Leone" in words(two)
        assert len(slack.store.conversations.turns("slack/T1/U1", f"slack/T1/C1/{thread}")) == 2


async def test_an_assistant_thread_suggests_requests_and_tells_that_it_works(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        await slack.event(thread_started())
        (suggested,) = fake.of("assistant.threads.setSuggestedPrompts")
        assert (suggested["channel_id"], suggested["thread_ts"]) == ("D1", "100.5")
        assert 1 <= len(suggested["prompts"]) <= 4
        await slack.event(direct(suggested["prompts"][1]["message"], thread="100.5"))
        assert fake.of("assistant.threads.setStatus")[0]["status"]
        assert values(fake.shown[-1], "like")
        assert fake.shown[-1]["thread_ts"] == "100.5"
        fake.refused["assistant.threads.setStatus"] = "not_allowed"  # no assistant view in this plan
        await slack.event(direct("a western before 1900", thread="100.5"))
        assert len(slack.store.conversations.turns("slack/T1/U1", "slack/T1/D1/100.5")) == 2
        await slack.click(fake.shown[-1], values(fake.shown[-1], "yes")[0])  # "Shall I leave out …?"
        assert values(fake.shown[-1], "like")


async def test_a_mention_without_words_is_told_what_to_say(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        await slack.event(mention(""))
        await slack.event(direct("x" * 9000))
        hint, too_long = fake.shown
        assert "something like" in hint["text"]
        assert "too long" in too_long["text"]


async def test_two_users_and_two_teams_never_meet(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        first = mention("a western, not by Sergio Leone")
        thread = first["event"]["ts"]
        await slack.event(first)
        await slack.event(mention("another one", user="U2", thread=thread))
        await slack.event(mention("another one", user="U1", team="T2", thread=thread))
        assert "Unforgiven" in words(fake.shown[0])
        users = {"slack/T1/U1", "slack/T1/U2", "slack/T2/U1"}
        assert set(slack.store.users()) == users
        (liked, *_) = values(fake.shown[0], "like")
        (why, *_) = values(fake.shown[0], "why")
        (chip, *_) = values(fake.shown[0], "drop")
        before = {user: slack.store.export_user(user) for user in users}
        for user, team in (("U2", "T1"), ("U1", "T2"), ("U3", "T1")):
            for value in (liked, why, chip):
                await slack.click(fake.shown[0], value, user=user, team=team)
        assert {user: slack.store.export_user(user) for user in users} == before
        assert not slack.store.events("slack/T1/U3")
        assert not fake.of("views.open")
        assert [told["user"] for told in fake.of("chat.postEphemeral")] == ["U2"] * 3 + ["U1"] * 3 + ["U3"] * 3
        assert {told["text"] for told in fake.of("chat.postEphemeral")} == {bot_module.NOT_YOURS}


async def test_cards_arrive_in_the_same_message_as_they_are_made(folder, monkeypatch):
    monkeypatch.setattr(bot_module, "UPDATE_SECONDS", 0.0)
    async with fake_slack() as fake, running(folder, fake) as slack:
        await slack.event(mention("science fiction"))
        assert len(fake.of("chat.postMessage")) == 1
        grown = [sum(block["type"] == "header" for block in sent["blocks"]) for sent in fake.of("chat.update")]
        assert grown[:2] == [1, 2]
        assert grown == sorted(grown)
        assert [bool(values(sent, "like")) for sent in fake.of("chat.update")] == [False] * (len(grown) - 1) + [True]


async def test_messages_of_a_conversation_are_answered_one_after_the_other(folder, monkeypatch):
    running_now, most = 0, 0
    async with fake_slack() as fake, running(folder, fake) as slack:
        real = slack.assistant.stream

        async def counted(message):
            nonlocal running_now, most
            running_now += 1
            most = max(most, running_now)
            async for event in real(message):
                yield event
            running_now -= 1

        monkeypatch.setattr(slack.assistant, "stream", counted)
        await asyncio.gather(*(slack.send(direct("a western")) for _ in range(6)))
        await slack.settle()
        assert most == 1
        assert len(slack.store.conversations.turns("slack/T1/U1", "slack/T1/D1")) == 6


# clicks


async def test_feedback_is_recorded_once_and_counts(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        await slack.event(direct("a western"))
        (message,) = fake.shown
        value = values(message, "like")[0]
        body = click(message, value, stamp="200.1")
        await asyncio.gather(*(slack.send(body, form=True) for _ in range(4)))
        await slack.settle()
        (event,) = slack.store.events("slack/T1/U1")
        assert (event.kind, event.item_id in ("fistful", "unforgiven")) == ("like", True)
        assert "✓ Like" in words(fake.shown[0])
        await slack.click(message, values(message, "dislike")[0])
        await slack.click(message, values(message, "seen")[1])
        assert [one.kind for one in slack.store.events("slack/T1/U1")] == ["like", "dislike", "seen"]


async def test_in_a_channel_feedback_is_told_to_the_clicker_alone(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        await slack.event(mention("a western"))
        await slack.click(fake.shown[0], values(fake.shown[0], "like")[0])
        (told,) = fake.of("chat.postEphemeral")
        assert told["user"] == "U1"
        assert told["text"].startswith("Noted: you like ")
        assert "✓" not in words(fake.shown[0])


async def test_the_evidence_of_a_card_and_of_an_answer_opens(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        await slack.event(direct("a western"))
        await slack.click(fake.shown[0], values(fake.shown[0], "why")[0])
        (opened_view,) = fake.of("views.open")
        assert opened_view["trigger_id"].startswith("trigger.")
        assert "Western" in json.dumps(opened_view["view"])
        await slack.event(direct("why the first one?"))
        (value,) = values(fake.shown[1], "answer_why")
        await slack.click(fake.shown[1], value)
        assert len(fake.of("views.open")) == 2


async def test_a_constraint_is_removed_by_its_chip(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        await slack.event(direct("a western, not by Sergio Leone"))
        (message,) = fake.shown
        assert "Fistful" not in words(message)
        labels = dict(re.findall(r'"✕ ([^"]+)".*?"value": "(drop:[^"]+)"', words(message)))
        (chip,) = (value for label, value in labels.items() if "Leone" in label)
        await slack.click(message, chip)
        assert "Fistful" in words(fake.shown[1])


async def test_what_goes_by_one_label_is_removed_by_one_chip(folder, monkeypatch):
    def relabelled(*given):
        reply = find_reply(*given)
        return reply | {"held": [one | {"label": "funny"} for one in reply["held"]]}

    monkeypatch.setattr(bot_module, "find_reply", relabelled)
    async with fake_slack() as fake, running(folder, fake) as slack:
        await slack.event(direct("a western, not by Sergio Leone"))
        await slack.click(fake.shown[0], values(fake.shown[0], "drop")[1])
        ((_, before), (_, after)) = slack.store.conversations.turns("slack/T1/U1", "slack/T1/D1")
        assert len(before["held"]) == 2
        assert after["held"] == []


async def test_an_option_of_a_question_is_answered_by_its_button(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        await slack.event(direct("what do you have?"))
        message = fake.shown[0]
        options = values(message, "option")
        if not options:
            pytest.skip("nothing was asked")
        await slack.click(message, options[0])
        ((_, reply), (said, _)) = slack.store.conversations.turns("slack/T1/U1", "slack/T1/D1")
        assert said == reply["question"]["options"][0]


# failures


async def test_calls_that_come_too_often_are_tried_again(folder):
    async with fake_slack() as fake, running(folder, fake) as slack:
        fake.limited = {"chat.postMessage": 2, "chat.update": 1}
        await slack.event(direct("a western"))
        assert values(fake.shown[0], "like")
        assert fake.limited == {"chat.postMessage": 0, "chat.update": 0}
        fake.limited = {"chat.postMessage": 99}
        await slack.event(direct("a comedy"))
        assert fake.limited["chat.postMessage"] == 99 - 1 - serve.TRIES
        fake.limited, fake.retry_after = {"chat.postMessage": 1}, "3600"  # longer than anybody waits
        await slack.event(direct("a comedy"))
        assert len(fake.shown) == 1
        fake.limited = {}
        await slack.event(direct("a comedy, please"))
        assert "Playtime" in words(fake.shown[-1])


async def test_a_turn_that_fails_is_told_in_a_plain_sentence(folder, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)

    async def broken(message):
        raise RuntimeError(f"no luck with {message.text}")
        yield

    async with fake_slack() as fake, running(folder, fake) as slack:
        monkeypatch.setattr(slack.assistant, "stream", broken)
        await slack.event(direct("a secret wish"))
        assert [message["text"] for message in fake.shown] == [bot_module.FAILED]
    assert "a turn failed: RuntimeError" in caplog.text
    assert "secret wish" not in caplog.text


async def test_blocks_that_slack_refuses_become_text(folder, monkeypatch):
    async with fake_slack() as fake, running(folder, fake) as slack:
        monkeypatch.setattr(bot_module, "blocks", lambda reply: [{"type": "nonsense"}])
        update = slack.bot._client.chat_update

        async def refusing(**sent):
            if sent["blocks"]:
                fake.refused["chat.update"] = "invalid_blocks"
            else:
                fake.refused.pop("chat.update", None)
            return await update(**sent)

        monkeypatch.setattr(slack.bot._client, "chat_update", refusing)
        await slack.event(direct("a western"))
        assert "A Fistful of Dollars (1964)" in fake.shown[0]["text"]


async def test_neither_texts_nor_tokens_are_logged(folder, caplog):
    caplog.set_level(logging.DEBUG)
    async with fake_slack() as fake, running(folder, fake) as slack:
        await slack.event(direct("a western with a rosebud in it"))
        await slack.event(mention("rosebud"))
        await slack.click(fake.shown[0], values(fake.shown[0], "like")[0])
        fake.refused["chat.postMessage"] = "channel_not_found"
        await slack.event(direct("rosebud again"))
        await slack.send({"type": "event_callback", "event": {"type": "odd", "text": "rosebud"}, "team_id": "T1"})
        await slack.send({"type": "no_such_thing", "text": "rosebud", "team_id": "T1"})
        await slack.settle()
        assert f"Bearer {BOT_TOKEN}" in fake.headers_seen
    assert "channel_not_found" in caplog.text
    for secret in ("rosebud", BOT_TOKEN, APP_TOKEN, SECRET, "Fistful"):
        assert secret not in caplog.text


async def test_titles_that_would_ping_do_not(tmp_path):
    titles = [
        "<!channel> western",
        "<@U123> western",
        "<https://evil.example|Alien> western",
        "a & b \x1b[31mred western",
    ]
    index_items(
        [
            {"item_id": str(n), "title": title, "categories": ["Western"], "description": title}
            for n, title in enumerate(titles)
        ],
        tmp_path / "data",
        embedder=HashingEmbedder(),
    )
    async with fake_slack() as fake, running(tmp_path / "data", fake) as slack:
        await slack.event(mention("a western"))
        (message,) = fake.shown
        assert len(values(message, "like")) == 4
        for mark in ("<!", "<@", "<#", "\x1b", "\\u001b"):
            assert mark not in json.dumps(message, ensure_ascii=False)
        assert "<https" not in message["text"]


async def test_hostile_catalogues_messages_and_models_ping_nobody(tmp_path):
    """Through the whole bot: our own attack texts as titles and names, as messages, and as the words of a model."""
    given = itertools.cycle(OURS)

    def answer(messages):
        made = json.loads(good_answer(messages))
        return json.dumps(made | {"text": f"{made['text']} {next(given)}"})

    index_items(items_of(OURS, 10), tmp_path / "data", embedder=HashingEmbedder())
    async with (
        fake_slack() as fake,
        running(tmp_path / "data", fake, model=ScriptedModel(answer), cards=10, reply_within=60.0) as slack,
    ):
        await slack.event(thread_started())
        for number in range(0, len(OURS) // 10, 2):
            await slack.event(mention(word_of(number)))
            await slack.click(fake.shown[-1], values(fake.shown[-1], "why")[-1])
            await slack.click(fake.shown[-1], values(fake.shown[-1], "like")[-1])
        for text in OURS[::6]:
            await slack.event(direct(text))
        sent = [text for _, call in fake.calls for text in every_text(call)]
        assert len(sent) > 1_000
        for text in sent:
            assert not re.search(r"<[!@#]|<(https?|mailto|tel):", text)
            assert acting(text) == []
        for call in fake.of("chat.postMessage", "chat.update", "chat.postEphemeral"):
            assert call["parse"] == "none"
            assert len(call["text"]) <= 4_000
            assert "<" not in call["text"]


def every_text(sent):
    if isinstance(sent, dict):
        for name, value in sent.items():
            if name in ("text", "title", "message") and isinstance(value, str):
                yield value
            else:
                yield from every_text(value)
    elif isinstance(sent, list):
        for one in sent:
            yield from every_text(one)


async def test_tokens_that_slack_refuses_are_told_without_being_shown(folder):
    async with fake_slack() as fake:
        fake.refused["auth.test"] = "invalid_auth"
        with pytest.raises(UserError, match="invalid_auth") as caught:
            async with running(folder, fake):
                raise AssertionError
        assert BOT_TOKEN not in str(caught.value)


# Socket Mode


async def test_socket_mode_acknowledges_while_a_turn_runs(folder, monkeypatch):
    held = asyncio.Event()
    async with (
        fake_slack() as fake,
        opened(folder) as assistant,
        serve.opened(assistant, folder, BOT_TOKEN, base_url=fake.url) as bot,
        serve.socket_mode(bot, APP_TOKEN, fake.url),
    ):
        real = assistant.stream

        async def slow(message):
            await held.wait()
            async for event in real(message):
                yield event

        monkeypatch.setattr(assistant, "stream", slow)
        async with asyncio.timeout(20):
            await fake.connected.wait()
            await fake.socket.send_json({"type": "hello"})
            for number in range(20):
                envelope = {"type": "events_api", "envelope_id": f"e{number}", "payload": direct("a western")}
                await fake.socket.send_json(envelope)
            await until(lambda: len(fake.acknowledged) == 20)
        assert not [message for message in fake.shown if message.get("blocks")]
        held.set()


async def test_socket_mode_answers_and_acknowledges_each_envelope(folder, caplog):
    caplog.set_level(logging.DEBUG)
    async with (
        fake_slack() as fake,
        opened(folder) as assistant,
        serve.opened(assistant, folder, BOT_TOKEN, base_url=fake.url) as bot,
        serve.socket_mode(bot, APP_TOKEN, fake.url),
    ):
        async with asyncio.timeout(20):
            await fake.connected.wait()
            await fake.socket.send_json({"type": "hello"})
            body = direct("a western with a rosebud")
            for number in range(4):
                await fake.socket.send_json(
                    {"type": "events_api", "envelope_id": f"e{number}", "payload": body, "retry_attempt": number}
                )
            await until(lambda: len(fake.acknowledged) == 4 and fake.shown and fake.shown[0].get("blocks"))
            payload = click(fake.shown[0], values(fake.shown[0], "like")[0])
            await fake.socket.send_json({"type": "interactive", "envelope_id": "i1", "payload": payload})
            await until(lambda: assistant.store.events("slack/T1/U1"))
        assert sorted(fake.acknowledged)[:4] == ["e0", "e1", "e2", "e3"]
        assert len(fake.of("chat.postMessage")) == 1
        assert f"Bearer {APP_TOKEN}" in fake.headers_seen
    for secret in ("rosebud", BOT_TOKEN, APP_TOKEN):
        assert secret not in caplog.text
