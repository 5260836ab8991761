"""A fake of Slack: its Web API and its socket, on this machine. The real libraries talk to it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from contextlib import asynccontextmanager

from aiohttp import ClientSession, WSMsgType, web

from assistant.surfaces.slack import serve
from tests.assistant.turns import opened

SECRET = "signing-secret-of-the-test"
BOT_TOKEN = "xoxb-secret-of-the-test"
APP_TOKEN = "xapp-secret-of-the-test"


class FakeSlack:
    """Keeps every call; ``limited`` answers that many calls of a method with 429, ``refused`` those with an error."""

    def __init__(self):
        self.calls = []
        self.limited = {}
        self.retry_after = "0"
        self.refused = {}
        self.headers_seen = []
        self.acknowledged = []
        self.socket = None
        self.connected = asyncio.Event()
        self._stamps = itertools.count(1)

    async def api(self, request):
        method = request.match_info["method"]
        sent = dict(await request.json() if request.content_type == "application/json" else await request.post())
        for name in ("blocks", "view", "prompts"):
            if isinstance(sent.get(name), str):
                sent[name] = json.loads(sent[name])
        self.headers_seen.append(request.headers.get("Authorization"))
        if self.limited.get(method, 0):
            self.limited[method] -= 1
            return web.json_response(
                {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": self.retry_after}
            )
        if method in self.refused:
            return web.json_response({"ok": False, "error": self.refused[method]})
        sent["posted"] = f"900.{next(self._stamps):06d}"
        self.calls.append((method, sent))
        if method == "auth.test":
            return web.json_response({"ok": True, "team_id": "T1", "user_id": "UBOT", "bot_id": "BBOT"})
        if method == "apps.connections.open":
            return web.json_response({"ok": True, "url": f"ws://127.0.0.1:{self.port}/socket"})
        return web.json_response({"ok": True, "ts": sent["posted"], "channel": sent.get("channel")})

    async def ws(self, request):
        self.socket = web.WebSocketResponse()
        await self.socket.prepare(request)
        self.connected.set()
        async for message in self.socket:
            if message.type is WSMsgType.TEXT:
                self.acknowledged.append(json.loads(message.data)["envelope_id"])
        return self.socket

    def of(self, *methods):
        return [sent for method, sent in self.calls if method in methods]

    @property
    def shown(self):
        """Messages as they stand: the last version of each, by ts, in the order of posting."""
        messages = {}
        for method, sent in self.calls:
            if method == "chat.postMessage":
                messages[sent["posted"]] = {**sent, "ts": sent["posted"]}
            elif method == "chat.update":
                messages[sent["ts"]] = {**messages.get(sent["ts"], {}), **sent}
        return list(messages.values())


@asynccontextmanager
async def fake_slack():
    fake = FakeSlack()
    app = web.Application()
    app.router.add_post("/api/{method}", fake.api)
    app.router.add_get("/socket", fake.ws)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.port = runner.addresses[0][1]
    fake.url = f"http://127.0.0.1:{fake.port}/api/"
    try:
        yield fake
    finally:
        await runner.cleanup()


class Running:
    """A bot over HTTP, and Slack's side of it."""

    def __init__(self, fake, bot, assistant, url, session):
        self.fake = fake
        self.bot = bot
        self.assistant = assistant
        self.store = assistant.store
        self._url = url
        self._session = session

    async def send(self, body, *, headers=None, form=False):
        """Deliver a signed request; returns (status, text)."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        if form:
            from urllib.parse import urlencode

            raw = urlencode({"payload": raw.decode()}).encode()
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        sent = {"Content-Type": kind, **signature(raw), **(headers or {})}
        async with self._session.post(
            self._url, data=raw, headers={k: v for k, v in sent.items() if v is not None}
        ) as got:
            return got.status, await got.text()

    async def event(self, body, **more):
        status, _ = await self.send(body, **more)
        assert status == 200
        await self.settle()

    async def click(self, message, value, **more):
        status, _ = await self.send(click(message, value, **more), form=True)
        assert status == 200
        await self.settle()

    async def settle(self):
        """Until nothing is being answered."""
        for _ in range(3):  # Bolt starts the listener in a task of its own
            await asyncio.sleep(0.01)
        while self.bot._tasks:
            await asyncio.gather(*self.bot._tasks)


@asynccontextmanager
async def running(folder, fake, **options):
    async with (
        opened(folder, **options) as assistant,
        serve.opened(assistant, folder, BOT_TOKEN, base_url=fake.url) as bot,
        serve.http(bot, SECRET, "127.0.0.1", 0) as port,
        ClientSession() as session,
    ):
        yield Running(fake, bot, assistant, f"http://127.0.0.1:{port}{serve.PATH}", session)


def signature(raw, *, secret=SECRET, stamp=None):
    stamp = str(int(time.time())) if stamp is None else stamp
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


# payloads, as Slack sends them

_numbers = itertools.count(1)


def _callback(event, team="T1", event_id=None):
    return {
        "token": "old", "team_id": team, "api_app_id": "A1", "type": "event_callback", "event": event,
        "event_id": event_id or f"Ev{next(_numbers):08d}", "event_time": 1_700_000_000,
        "authorizations": [{"team_id": team, "user_id": "UBOT", "is_bot": True}],
    }  # fmt: skip


def direct(text, *, user="U1", team="T1", channel="D1", thread=None, event_id=None, **more):
    event = {"type": "message", "channel_type": "im", "channel": channel, "user": user, "team": team, "text": text,
             "ts": f"100.{next(_numbers):06d}", **({"thread_ts": thread} if thread else {}), **more}  # fmt: skip
    return _callback(event, team, event_id)


def mention(text, *, user="U1", team="T1", channel="C1", thread=None, **more):
    event = {"type": "app_mention", "channel": channel, "user": user, "team": team, "text": f"<@UBOT> {text}",
             "ts": f"100.{next(_numbers):06d}", **({"thread_ts": thread} if thread else {}), **more}  # fmt: skip
    return _callback(event, team)


def thread_started(*, user="U1", channel="D1", thread="100.5"):
    return _callback(
        {
            "type": "assistant_thread_started",
            "assistant_thread": {"user_id": user, "context": {}, "channel_id": channel, "thread_ts": thread},
            "event_ts": "100.6",
        }
    )


def click(message, value, *, user="U1", team="T1", stamp=None):
    """A click on what carries ``value`` in a message that was shown."""
    for block in message["blocks"]:
        for one in [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else [])]:
            if one.get("value") == value:
                action = {**one, "type": "button"}
            elif any(option["value"] == value for option in one.get("options", ())):
                action = {"type": one["type"], "action_id": one["action_id"], "selected_option": {"value": value}}
            else:
                continue
            return _clicked(message, {**action, "block_id": "b"}, user, team, stamp)
    raise AssertionError(f"nothing to click carries {value!r}")


def _clicked(message, action, user, team, stamp):
    thread = {"thread_ts": message["thread_ts"]} if message.get("thread_ts") else {}
    ts = message.get("ts", "900.000001")
    return {
        "type": "block_actions", "user": {"id": user, "team_id": team}, "team": {"id": team}, "api_app_id": "A1",
        "container": {"type": "message", "message_ts": ts, "channel_id": message["channel"], "is_ephemeral": False},
        "trigger_id": f"trigger.{next(_numbers)}", "channel": {"id": message["channel"], "name": "x"},
        "message": {"type": "message", "ts": ts, "text": message["text"], "blocks": message["blocks"], **thread},
        "actions": [{**action, "action_ts": stamp or f"200.{next(_numbers):06d}"}],
    }  # fmt: skip


def values(message, kind):
    """The values of a kind that a message's buttons and menus carry."""
    found = []
    for block in message.get("blocks", ()):
        for one in [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else [])]:
            for carrier in [one, *one.get("options", ())]:
                if str(carrier.get("value", "")).startswith(f"{kind}:"):
                    found.append(carrier["value"])
    return found
