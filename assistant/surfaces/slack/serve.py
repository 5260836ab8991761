"""The bot on its two transports: a socket that it opens (Socket Mode), or requests that Slack sends (HTTP)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs

from aiohttp import ClientError, web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

from assistant.errors import UserError
from assistant.surfaces.slack.bot import Bot, reason_of
from assistant.surfaces.slack.seen import Seen
from assistant.turn import Assistant

SLACK = "https://slack.com/api/"
PATH = "/slack/events"
MAX_BODY = 1_048_576
"""Bytes of a request."""
MAX_AGE = 300
"""Seconds by which a request's timestamp may be off."""
LONGEST_WAIT = 60
"""Seconds; where Slack asks to wait longer, the call is given up."""
TRIES = 4
"""Further tries of a call that came too often."""


class WaitAsAsked(AsyncRateLimitErrorRetryHandler):
    """Tries again after ``Retry-After``, within bounds."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if response is None or response.status_code != 429:
            return False
        for name, values in response.headers.items():
            if name.lower() == "retry-after":
                value = values[0] if values else ""
                return value.isascii() and value.isdigit() and int(value) <= LONGEST_WAIT
        return True


def quiet_logger(name: str = "assistant.slack.bolt") -> logging.Logger:
    """For Bolt and the SDK: their DEBUG and INFO lines hold bodies and addresses with secrets, so they are dropped here
    whatever level a handler has; of the rest the line stays and the traceback goes.
    """
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    if not logger.filters:
        logger.addFilter(_only_warnings)
    return logger


def _only_warnings(record: logging.LogRecord) -> bool:
    if record.levelno < logging.WARNING:
        return False
    # What a library's warning says beyond where it comes from may repeat a payload.
    record.msg, record.args, record.exc_info = f"{record.funcName} reported a problem", (), None
    return True


@asynccontextmanager
async def opened(assistant: Assistant, data: Path, token: str, *, base_url: str = SLACK) -> AsyncIterator[Bot]:
    """The bot of the workspace that ``token`` belongs to. Raises ``UserError`` when Slack does not take it."""
    logger = quiet_logger()
    handlers = [AsyncConnectionErrorRetryHandler(), WaitAsAsked(max_retry_count=TRIES)]
    client = AsyncWebClient(token=token, base_url=base_url, logger=logger, retry_handlers=handlers)
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        raise UserError(
            f"Slack does not take the bot token: {reason_of(error)}. Copy it again from OAuth & Permissions into "
            "ASSISTANT_SLACK_BOT_TOKEN; it begins with xoxb-."
        ) from None
    except (ClientError, TimeoutError) as error:
        raise UserError(f"Slack cannot be reached: {type(error).__name__}. Is there a connection or a proxy?") from None
    workspace = AuthorizeResult(
        enterprise_id=answer.get("enterprise_id"),
        team_id=answer.get("team_id"),
        bot_user_id=answer.get("user_id"),
        bot_id=answer.get("bot_id"),
        bot_token=token,
    )
    seen = await asyncio.to_thread(Seen, data)
    await assistant.serving()
    bot = Bot(assistant, client, seen, workspace, logger)
    try:
        yield bot
    finally:
        await bot.aclose()
        await asyncio.to_thread(seen.close)


@asynccontextmanager
async def socket_mode(bot: Bot, app_token: str, base_url: str = SLACK) -> AsyncIterator[AsyncSocketModeHandler]:
    """Connected while the context is open; the library connects again when a connection is lost.

    Raises ``UserError`` when Slack does not take the token.
    """
    logger = quiet_logger()
    client = AsyncWebClient(base_url=base_url, logger=logger, retry_handlers=[WaitAsAsked(max_retry_count=TRIES)])
    try:
        await client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        raise UserError(
            f"Slack does not take the app token: {reason_of(error)}. Make one with the scope connections:write under Basic "
            "Information and put it into ASSISTANT_SLACK_APP_TOKEN; it begins with xapp-. Socket Mode must be on."
        ) from None
    handler = AsyncSocketModeHandler(bot.app, app_token, logger=logger, web_client=client)
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call]  # slack_bolt has no types here
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # likewise


def signed(secret: str, body: bytes, headers: Mapping[str, str], now: float) -> bool:
    """Whether Slack signed this body within the last minutes, by its scheme v0 (HMAC-SHA256 over ``v0:TIME:BODY``)."""
    stamp, given = headers.get("X-Slack-Request-Timestamp", ""), headers.get("X-Slack-Signature", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12) or abs(now - int(stamp)) > MAX_AGE:
        return False
    made = "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(made.encode(), given.encode("utf-8", "surrogateescape"))


def web_app(bot: Bot, signing_secret: str, *, clock: Callable[[], float] = time.time) -> web.Application:
    """Takes Slack's requests. What is not signed is refused with 401 before it is parsed; nothing of a body is logged."""
    if not signing_secret.strip():
        raise UserError(
            "The signing secret is blank. Copy it from Basic Information into ASSISTANT_SLACK_SIGNING_SECRET."
        )

    async def events(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if not signed(signing_secret, body, request.headers, clock()):
            return web.json_response({"error": "invalid request"}, status=401)
        try:
            text = body.decode()
            form = request.content_type == "application/x-www-form-urlencoded"
            parsed = json.loads(parse_qs(text).get("payload", ["{}"])[0] if form else text)
            if not isinstance(parsed, dict):
                raise ValueError("not an object")
        except ValueError:
            return web.json_response({"error": "not JSON"}, status=400)
        headers = dict(request.headers.items())
        asked = AsyncBoltRequest(body=text, query=request.query_string, headers=headers)  # type: ignore[arg-type]  # it takes one string for each name, as its own adapters give
        answer = await bot.app.async_dispatch(asked)
        return await to_aiohttp_response(answer)

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_post(PATH, events)
    app.router.add_get("/health", health)
    return app


@asynccontextmanager
async def http(bot: Bot, signing_secret: str, host: str, port: int) -> AsyncIterator[int]:
    """Listening while the context is open; gives the port. Raises ``UserError`` when the port is taken."""
    runner = web.AppRunner(web_app(bot, signing_secret), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise UserError(
                f"{host}:{port} cannot be listened on: {error.strerror}. Choose another with: --port"
            ) from error
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def forever() -> None:
    """Until the task is cancelled."""
    await asyncio.sleep(math.inf)
