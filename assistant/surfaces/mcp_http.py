"""The MCP server over streamable HTTP: who asks, and how much they may ask for."""

from __future__ import annotations

from collections.abc import MutableMapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.errors import UserError
from assistant.surfaces.mcp import CALLER, LOCAL_USER, create_server
from assistant.surfaces.tracing import Continued
from assistant.surfaces.web.accounts import Keys, caller_of
from assistant.surfaces.web.limits import Busy, LimitReached, Limits
from assistant.turn import Assistant

ASKS = "tools/call"
"""The method that runs a turn, or a part of one."""
REFUSED = -32_000
"""JSON-RPC's code of a request that was refused before it was read, the first of those that servers may choose."""


def create_app(
    assistant: Assistant,
    data: Path,
    *,
    user: str | None = None,
    keys_needed: bool = False,
    hosts: tuple[str, ...] = (),
) -> ASGIApp:
    """The application that answers at ``/mcp``. ``user`` is who asks without a key, where none is needed: with
    ``keys_needed``, or once the folder has keys, nobody is answered without one. ``hosts`` are names that requests may
    use besides those of this machine, with or without a port; ``*`` allows any. The limits are those of the web server.

    Raises ``SettingsError``.
    """
    names = ["127.0.0.1", "localhost", "[::1]", *hosts]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection="*" not in hosts,
        allowed_hosts=[*names, *(f"{name}:*" for name in names)],
        allowed_origins=[f"{scheme}://{name}:*" for scheme in ("http", "https") for name in names],
    )
    limits = Limits(assistant.settings)
    server = create_server(assistant, user=user, local=False, replied=limits.spend_on)
    app: ASGIApp = server.streamable_http_app(
        stateless_http=True,  # every request says who asks; there is no session that another could take over
        transport_security=security,
        max_request_body_size=assistant.settings.web_max_body,
    )
    if assistant.telemetry.on:
        app = Continued(app)
    return _Guarded(
        app,
        keys=Keys(data),
        limits=limits,
        user=user or LOCAL_USER,
        keys_needed=keys_needed,
        max_body=assistant.settings.web_max_body,
    )


class _Guarded:
    """Examines the key of every request, notes who asks, and refuses what is too much, too large or too often."""

    def __init__(
        self, app: ASGIApp, *, keys: Keys, limits: Limits, user: str, keys_needed: bool, max_body: int
    ) -> None:
        self._app = app
        self._keys = keys
        self._limits = limits
        self._user = user
        self._keys_needed = keys_needed
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        async with AsyncExitStack() as held:
            try:
                user = self._caller(headers)
                await self._limits.count(user)
                body = await self._body(headers, receive)
                if _asks(body):
                    await held.enter_async_context(self._limits.turn(user))
            except UserError as error:
                refused = _refused("not_allowed", error, 401, {"WWW-Authenticate": "Bearer"})
            except LimitReached as error:
                status = 503 if isinstance(error, Busy) else 429
                refused = _refused("limit", error, status, {"Retry-After": str(error.retry_after)})
            except _TooLarge as error:
                refused = _refused("too_large", error, 413)
            else:
                await self._app({**scope, CALLER: user}, _again(body, receive), send)
                return
            await refused(scope, receive, send)

    def _caller(self, headers: dict[bytes, bytes]) -> str:
        given = headers.get(b"authorization")
        if given is None:
            if self._keys_needed or self._keys.all():
                raise UserError("Say who asks, with the header: Authorization: Bearer KEY")
            return self._user
        key = self._keys.find_bearer(given.decode("latin-1"))
        if key is None:
            raise UserError("This key is not one of this server. Make one with: assistant keys add")
        named = headers.get(b"x-user")
        return caller_of(key, None if named is None else named.decode("latin-1")).user

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The whole body. Raises ``_TooLarge``, without reading it where its length is told."""
        told = headers.get(b"content-length", b"0")
        body = bytearray()
        more = True
        while more:
            if (told.isdigit() and int(told) > self._max_body) or len(body) > self._max_body:
                raise _TooLarge(f"A request may have {self._max_body:,} bytes. See the setting: web_max_body")
            message = await receive()
            if message["type"] != "http.request":  # the caller has gone
                break
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return bytes(body)


class _TooLarge(Exception):
    """A body has more bytes than it may."""


def _asks(body: bytes) -> bool:
    """Whether a request runs a tool; listing tools, and notes of a client, take no turn."""
    try:
        asked: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False  # the server answers that
    each = asked if isinstance(asked, list) else [asked]
    return any(isinstance(one, dict) and one.get("method") == ASKS for one in each)


def _again(body: bytes, receive: Receive) -> Receive:
    """Hands out a body that was read, and then what comes after it."""
    given = False

    async def hand() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        whole: MutableMapping[str, Any] = {"type": "http.request", "body": body, "more_body": False}
        return whole

    return hand


def _refused(kind: str, error: Exception, status: int, headers: dict[str, str] | None = None) -> JSONResponse:
    """An answer in the protocol's own form, so that clients hand its words on."""
    told = {"code": REFUSED, "message": str(error), "data": {"kind": kind}}
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": told}, status, headers)
