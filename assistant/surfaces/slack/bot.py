"""What the bot does with events and clicks: acknowledge, claim, work, answer. The transports are in ``serve.py``."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from typing import Any
from weakref import WeakValueDictionary

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.assistant.async_assistant import AsyncAssistant
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from assistant.documents import MAX_MESSAGE
from assistant.errors import AssistantError, ProviderError, UserError
from assistant.feedback import make_event, record_event
from assistant.surfaces.render import heading
from assistant.surfaces.slack.blocks import KINDS, Pressed, blocks, evidence_view, fallback, growing, marked, pressed
from assistant.surfaces.slack.places import Place, place_of_action, place_of_event
from assistant.surfaces.slack.seen import Seen
from assistant.surfaces.slack.stored import examples, explanation_of, find_reply
from assistant.surfaces.slack.text import mrkdwn, plain, said
from assistant.turn import Assistant
from assistant.types import Message, RankedList, Recommendation, Recommended, Replied, Reply

UPDATE_SECONDS = 1.0
"""A message is updated at most this often while cards arrive."""
TURNS = 8
"""Turns at once."""
WAITING = 64
"""Turns that run or wait; more are turned away with a sentence."""
MAX_PROMPT_TITLE = 60
MAX_PROMPT = 300
"""Characters of a suggested prompt, and of what it says when it is chosen."""
VERBATIM: dict[str, Any] = {"parse": "none", "link_names": False}
"""Addresses and names in the text of a message stay text."""
LISTENED = frozenset({None, "file_share", "thread_broadcast"})
"""Subtypes of messages that somebody typed; others are edits, deletions, joins, bots."""
SLACK_ERRORS = (SlackApiError, aiohttp.ClientError, TimeoutError)

NOT_YOURS = "This list was made for somebody else, or is gone. Ask me yourself."
BUSY = "I am answering too many people at the moment. Please ask again in a minute."
FAILED = "Something went wrong on my side. Please try again in a moment."
NO_MODEL = "The language model does not answer at the moment. Please try again in a moment."

_log = logging.getLogger("assistant.slack")


class Bot:
    """The app over an open assistant. ``client`` holds the token; ``workspace`` is the answer of ``auth.test``."""

    def __init__(
        self,
        assistant: Assistant,
        client: AsyncWebClient,
        seen: Seen,
        workspace: AuthorizeResult,
        logger: logging.Logger,
    ) -> None:
        self._assistant = assistant
        self._client = client
        self._seen = seen
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(TURNS)
        self._turns = 0
        # Weak: a lock lives as long as a turn that holds it or waits for it.
        self._orders: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

        async def authorize() -> AuthorizeResult:  # asked once at the start, so that no request waits for it
            return workspace

        self.app = AsyncApp(
            name="recommender",
            client=client_of(client),
            authorize=authorize,
            logger=logger,
            # Both transports authenticate: serve.py examines signatures before a body is parsed, since Bolt fails on
            # timestamps that are no numbers and logs the bodies it refuses.
            request_verification_enabled=False,
            ssl_check_enabled=False,
        )
        self._listen()

    def _listen(self) -> None:
        threads = AsyncAssistant(app_name="recommender", logger=self.app.logger)
        threads.thread_started(self._on_thread)
        threads.thread_context_changed(self._ignore)  # what the user looks at beside the thread is not ours to keep
        threads.user_message(self._on_message)
        self.app.assistant(threads)
        self.app.event("app_mention")(self._on_message)
        self.app.event("message")(self._on_message)
        self.app.event(re.compile(".*"))(self._ignore)
        self.app.action(re.compile(".*"))(self._on_action)
        self.app.error(self._on_error)

    async def aclose(self) -> None:
        """Wait a little for what is being answered, then stop it."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # what Slack sends; each is acknowledged before any work

    async def _on_thread(self, body: dict[str, Any]) -> None:
        thread = body["event"].get("assistant_thread", {})
        channel, thread_ts = thread.get("channel_id"), thread.get("thread_ts")
        if channel and thread_ts:
            self._start(lambda: self._greet(channel, thread_ts), f"event/{body.get('event_id')}")

    async def _on_message(self, body: dict[str, Any]) -> None:
        event = body["event"]
        direct = event.get("channel_type") == "im"
        if event.get("subtype") not in LISTENED or event.get("bot_id") or not event.get("user") or not event.get("ts"):
            return
        if event["type"] == "message" and not direct:  # in channels it listens to mentions alone
            return
        place = place_of_event(body)
        text = said(str(event.get("text") or ""))
        # A message is answered once, whichever of its events comes: a mention in a direct message makes two.
        ids = (f"event/{body.get('event_id')}", f"message/{place.team}/{place.channel}/{event['ts']}")
        self._start(
            lambda: self._answer(place, Message(user=place.user, conversation=place.conversation, text=text)), *ids
        )

    async def _on_action(self, ack: Callable[[], Awaitable[None]], body: dict[str, Any]) -> None:
        await ack()
        action = body["actions"][0]
        value = (action.get("selected_option") or action).get("value")
        done, place = pressed(value), place_of_action(body)
        if done is None or place is None:
            return
        name = f"action/{place.user}/{place.channel}/{action.get('action_ts')}/{value}"
        self._start(lambda: self._act(done, place, body, name), name)

    async def _ignore(self) -> None:
        pass

    async def _on_error(self, error: Exception) -> None:
        _log.error("an event could not be handled: %s", type(error).__name__)  # its message may hold what was said

    def _start(self, work: Callable[[], Coroutine[Any, Any, None]], *ids: str) -> None:
        async def run() -> None:
            try:
                if await asyncio.to_thread(self._seen.claim, *ids):
                    await work()
            except SLACK_ERRORS as error:
                _log.warning("Slack did not take an answer: %s", reason_of(error))
            except Exception as error:  # noqa: BLE001 - the boundary of a task, whose failure nobody else would hear of
                _log.error("an answer failed: %s", type(error).__name__)

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # answers

    async def _greet(self, channel: str, thread_ts: str) -> None:
        found = examples(await self._assistant.serving())
        prompts = [{"title": plain(one, MAX_PROMPT_TITLE), "message": plain(one, MAX_PROMPT)} for one in found]
        await self._client.chat_postMessage(
            channel=channel,
            thread_ts=thread_ts,
            text="Hello! Say what you would like, in your own words.",
            **VERBATIM,
        )
        await self._client.assistant_threads_setSuggestedPrompts(
            channel_id=channel, thread_ts=thread_ts, title="For example:", prompts=prompts
        )

    async def _answer(self, place: Place, message: Message) -> None:
        """A turn, in one message that grows."""
        if not message.text and not message.take_back:
            shown = " or ".join(f"“{mrkdwn(one)}”" for one in examples(await self._assistant.serving())[:2])
            await self._post(place, f"Say what you would like, for example {shown}.")
        elif len(message.text) > MAX_MESSAGE:
            await self._post(place, f"That is too long: a message may have {MAX_MESSAGE:,} characters.")
        elif self._turns >= WAITING:
            await self._post(place, BUSY)
        else:
            self._turns += 1
            key = (message.user, place.conversation)
            order = self._orders.setdefault(key, asyncio.Lock())  # a conversation's turns build on each other
            try:
                async with order, self._slots:
                    await self._turn(place, message)
            finally:
                self._turns -= 1

    async def _turn(self, place: Place, message: Message) -> None:
        posted: str | None = None
        if place.direct and place.thread is not None:
            with suppress(*SLACK_ERRORS):  # a direct message's thread that is no assistant thread has no status
                await self._client.assistant_threads_setStatus(
                    channel_id=place.channel, thread_ts=place.thread, status="is looking …"
                )
        else:
            posted = await self._post(place, "Looking …")
        try:
            async with aclosing(self._assistant.stream(message)) as events:
                ranked, cards, updated = RankedList(ranking=()), list[Recommendation](), time.monotonic()
                async for event in events:
                    if isinstance(event, RankedList):
                        ranked = event
                    elif isinstance(event, Recommended):
                        cards.append(event.recommendation)
                        if time.monotonic() - updated < UPDATE_SECONDS or len(cards) == len(ranked.ranking):
                            continue
                        shown = growing(ranked.text, ranked.acting_on, cards, len(ranked.ranking))
                        with suppress(SlackApiError):  # the finished reply is what counts
                            posted = await self._show(place, posted, mrkdwn(ranked.text) or "…", shown)
                        updated = time.monotonic()
                    elif isinstance(event, Replied):
                        await self._finish(place, posted, event.reply)
        except (AssistantError, sqlite3.Error) as error:
            _log.warning("a turn failed: %s", type(error).__name__)
            await self._show(place, posted, told(error), None)
        except SLACK_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 - the boundary of a reply: its reader is told, whatever went wrong
            _log.error("a turn failed: %s", type(error).__name__)
            await self._show(place, posted, FAILED, None)

    async def _finish(self, place: Place, posted: str | None, reply: Reply) -> None:
        try:
            await self._show(place, posted, fallback(reply), blocks(reply))
        except SlackApiError as error:
            if "blocks" not in str(error.response.get("error")):
                raise
            _log.warning("Slack refused the blocks of a reply: %s", reason_of(error))
            await self._show(place, posted, fallback(reply), None)

    async def _post(self, place: Place, text: str) -> str:
        return await self._show(place, None, text, None)

    async def _show(self, place: Place, posted: str | None, text: str, shown: list[dict[str, Any]] | None) -> str:
        """Post a message, or put another in the place of the one ``posted``; returns its ``ts``."""
        if posted is not None:
            await self._client.chat_update(channel=place.channel, ts=posted, text=text, blocks=shown or [], **VERBATIM)
            return posted
        response = await self._client.chat_postMessage(
            channel=place.channel,
            thread_ts=place.thread,
            text=text,
            blocks=shown,
            unfurl_links=False,
            unfurl_media=False,
            **VERBATIM,
        )
        return str(response["ts"])

    # clicks

    async def _act(self, done: Pressed, place: Place, body: dict[str, Any], name: str) -> None:
        """What is behind a button is looked up in the clicker's own conversation, so that no one reaches another's."""
        store = self._assistant.store
        reply = await asyncio.to_thread(find_reply, store, place.user, place.conversation, done.reply_id)
        try:
            if reply is None:
                await self._whisper(place, NOT_YOURS)
            elif done.kind in KINDS:
                await self._feedback(done, place, body, reply["recommendations"][done.number], name)
            elif done.kind in ("why", "answer_why"):
                card = None if done.kind == "answer_why" else reply["recommendations"][done.number]
                explanation = explanation_of(reply["answer"] if card is None else card["explanation"])
                view = evidence_view("" if card is None else heading(card["title"], card["year"]), explanation)
                await self._client.views_open(trigger_id=body["trigger_id"], view=view)
            else:
                text, take_back = "", tuple[str, ...]()
                if done.kind == "drop":
                    label = reply["held"][done.number]["label"]
                    take_back = tuple(one["held_id"] for one in reply["held"] if one["label"] == label)
                elif done.kind == "yes":
                    take_back = tuple(reply["question"]["drops"])
                else:
                    text = reply["question"]["options"][done.number]
                await self._answer(
                    place, Message(user=place.user, conversation=place.conversation, text=text, take_back=take_back)
                )
        except (LookupError, TypeError):  # a button of another version of this program
            await self._whisper(place, NOT_YOURS)
        except (AssistantError, sqlite3.Error) as error:
            await self._whisper(place, told(error))

    async def _feedback(
        self, done: Pressed, place: Place, body: dict[str, Any], card: dict[str, Any], name: str
    ) -> None:
        event_id = f"slack:{hashlib.sha256(name.encode()).hexdigest()[:40]}"
        event = make_event(place.user, card["item_id"], done.kind, event_id=event_id)  # type: ignore[arg-type]  # one of ``KINDS``
        await asyncio.to_thread(record_event, self._assistant.store, event)
        message = body.get("message", {})
        if place.direct and message.get("blocks"):  # a message of one's own is marked; one that others see is not
            shown = marked(message["blocks"], f"{done.kind}:{done.reply_id}:{done.number}")
            await self._client.chat_update(
                channel=place.channel, ts=message["ts"], text=message.get("text") or "…", blocks=shown, **VERBATIM
            )
            return
        verb = {"like": "you like", "dislike": "you do not like", "seen": "you know"}[done.kind]
        title = mrkdwn(heading(card["title"], card["year"]), 400)
        await self._whisper(place, f"Noted: {verb} {title}. It counts from your next request on.")

    async def _whisper(self, place: Place, text: str) -> None:
        """Tell the clicker alone."""
        if place.direct:
            await self._post(place, text)
            return
        await self._client.chat_postEphemeral(
            channel=place.channel, user=place.member, thread_ts=place.thread, text=text, **VERBATIM
        )


def told(error: Exception) -> str:
    """A plain sentence about an error, escaped."""
    if isinstance(error, ProviderError):
        return NO_MODEL
    return mrkdwn(str(error)) if isinstance(error, UserError) else FAILED


def reason_of(error: Exception) -> str:
    """Why Slack refused, without what was sent."""
    return str(error.response.get("error")) if isinstance(error, SlackApiError) else type(error).__name__


def client_of(client: AsyncWebClient) -> AsyncWebClient:
    """The same client without the token, which Bolt gets from ``authorize``; Bolt warns when it has both."""
    return AsyncWebClient(
        base_url=client.base_url, timeout=client.timeout, logger=client.logger, retry_handlers=client.retry_handlers
    )
