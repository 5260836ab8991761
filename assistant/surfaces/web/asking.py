"""What routes depend on: the server, and who is asking."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from assistant.errors import AssistantError
from assistant.surfaces.web.accounts import PREFIX, SESSION_DAYS, Caller, caller_of
from assistant.surfaces.web.state import Web

COOKIE = "session"
LOCAL_USER = "local"
"""Who asks over the OpenAI-compatible endpoint where no key is needed."""
# Both only for the OpenAPI document: what they read is examined in ``_who``.
KEY = HTTPBearer(
    scheme_name="key",
    description="A key of `assistant keys add`. A service's names the user of each request in the header `X-User`.",
    auto_error=False,
)
SESSION = APIKeyCookie(
    name=COOKIE, scheme_name="session", description="Of a browser; see `POST /api/session`.", auto_error=False
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class NotAllowed(AssistantError):
    """The request does not say who asks, or may not do what it asks."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def web(request: Request) -> Web:
    """The server of a request."""
    server: Web = request.app.state.web
    return server


async def caller(
    request: Request,
    response: Response,
    server: Annotated[Web, Depends(web)],
    _key: Annotated[object, Security(KEY)],
    _session: Annotated[object, Security(SESSION)],
) -> Caller:
    """Who asks: by key, else by session; a new session where neither is needed. Counts the request.

    Raises ``NotAllowed``, ``LimitReached``, ``UserError``.
    """
    who = await _who(request, response, server)
    await server.limits.count(who.user)
    return who


async def place(
    who: Annotated[Caller, Depends(caller)], server: Annotated[Web, Depends(web)]
) -> AsyncGenerator[None, None]:
    """A place among the turns that run at once, held until the answer was sent. Raises ``LimitReached``."""
    async with server.limits.turn(who.user):
        yield


async def _who(request: Request, response: Response, server: Web) -> Caller:
    if header := request.headers.get("authorization", ""):
        key = server.keys.find_bearer(header)
        if key is not None:
            return caller_of(key, request.headers.get("x-user"))
        ours = header.partition(" ")[2].strip().startswith(f"{PREFIX}_")
        if needs_keys(server) or ours or not _is_compatible(request):
            raise NotAllowed("This key is not one of this server. Make one with: assistant keys add", 401)
        # Clients of other makers cannot leave their key out. Where none is needed, whatever they send says as little.
    if (cookie := request.cookies.get(COOKIE)) and (who := server.sessions.find(cookie)) is not None:
        in_force = server.keys.knows(who.key_id) if who.key_id is not None else not needs_keys(server)
        if in_force:
            _check_origin(request)
            return who
    if needs_keys(server):
        raise NotAllowed("Say who asks, with the header: Authorization: Bearer KEY", 401)
    _check_origin(request)
    if _is_compatible(request):  # clients of other makers keep no cookies, and this machine has one user
        return Caller(user=LOCAL_USER)
    who, cookie = server.sessions.start()
    set_session(request, response, cookie)
    return who


def _is_compatible(request: Request) -> bool:
    return request.url.path.startswith("/v1/")


def needs_keys(server: Web) -> bool:
    """Whether nobody is answered without a key."""
    return server.keys_needed or bool(server.keys.all())


def set_session(request: Request, response: Response, cookie: str) -> None:
    """Give a browser its session."""
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=SESSION_DAYS * 86_400,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )


def _check_origin(request: Request) -> None:
    """Refuse what another site makes a browser ask. Raises ``NotAllowed``."""
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = site is not None and site not in ("same-origin", "none")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        foreign = True
    if foreign:
        raise NotAllowed("This was asked by another site.", 403)
