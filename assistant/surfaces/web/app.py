"""The application: routes, errors as documents, and what holds for every answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.commands.output import fault
from assistant.documents import ErrorBody, ErrorDocument
from assistant.errors import AssistantError, DataError, ProviderError, UnknownNameError, UserError
from assistant.settings import Settings
from assistant.surfaces.examples import example_requests
from assistant.surfaces.tracing import Continued
from assistant.surfaces.web import api, chat, openai_api
from assistant.surfaces.web.accounts import Keys, Sessions
from assistant.surfaces.web.asking import NotAllowed
from assistant.surfaces.web.described import describe
from assistant.surfaces.web.documents import HealthDocument
from assistant.surfaces.web.limits import Busy, LimitReached, Limits
from assistant.surfaces.web.metrics import CONTENT_TYPE, Metrics
from assistant.surfaces.web.pictures import Pictures
from assistant.surfaces.web.state import Web
from assistant.turn import Assistant

ROUTERS = (chat.routes, api.routes, openai_api.routes)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
STATIC_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_log = logging.getLogger("assistant.web")


def create_app(
    assistant: Assistant,
    data: Path,
    *,
    settings: Settings | None = None,
    keys_needed: bool = False,
    hosts: frozenset[str] = frozenset(),
    pictures: Pictures | None = None,
) -> FastAPI:
    """The application over an open assistant. ``hosts`` are names that requests may use besides those of this machine;
    with ``keys_needed`` nobody is answered without a key. Raises ``SettingsError``.
    """
    settings = settings or assistant.settings
    web = Web(
        assistant=assistant,
        data=data,
        settings=settings,
        keys=Keys(data),
        sessions=Sessions(data),
        limits=Limits(settings),
        metrics=Metrics(),
        pictures=pictures or Pictures(settings),
        hosts=LOOPBACK | hosts | frozenset(settings.web_hosts),
        keys_needed=keys_needed,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await _warm_up(assistant)  # ready means that the first request is answered at once
        app.state.ready = True
        waking = asyncio.create_task(_wake_model(assistant))
        yield
        waking.cancel()
        await asyncio.gather(waking, return_exceptions=True)

    app = FastAPI(
        title="Recommender assistant",
        summary="Recommendations with reasons whose every claim was checked.",
        lifespan=lifespan,
        docs_url=None,  # both pages load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.web = web
    app.state.ready = False
    for router in ROUTERS:
        app.include_router(router)
    _plain_routes(app, web)
    describe(app, web)
    app.add_exception_handler(AssistantError, _assistant_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(_Guard, web=web)
    if assistant.telemetry.on:
        app.add_middleware(Continued)
    return app


async def _warm_up(assistant: Assistant) -> None:
    """Load the catalogue, and by one request that it can answer whatever is loaded at first use: the embedder, the
    patterns of the language. A request that fails now fails for whoever makes it, and keeps nobody from the page."""
    requests = example_requests(await assistant.serving())
    try:
        for request in requests[-1:]:  # the first names a title, which needs no embedder
            await assistant.candidates(request)
    except AssistantError as error:
        _log.warning("a first request failed: %s", error)


async def _wake_model(assistant: Assistant) -> None:
    """While the first user still reads the page. Until a model has loaded, the reasons of a turn wait for it."""
    try:
        await assistant.wake_model()
    except ProviderError as error:
        _log.warning("the language model could not be loaded: %s", error)


def _plain_routes(app: FastAPI, web: Web) -> None:
    @app.get("/health", summary="Whether the process runs")
    async def health() -> HealthDocument:
        return HealthDocument(status="ok")

    starting = {"model": HealthDocument, "description": "The catalogue is still being loaded."}

    @app.get(
        "/ready",
        response_model=HealthDocument,
        responses={503: starting},
        summary="Whether requests are answered",
    )
    async def ready() -> Response:
        document = HealthDocument(status="ok" if app.state.ready else "starting")
        return JSONResponse(document.model_dump(), 200 if app.state.ready else 503)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(web.metrics.text(), media_type=CONTENT_TYPE)

    @app.get("/pictures/{item_id:path}", include_in_schema=False)
    async def picture(item_id: str) -> Response:
        serving = await web.assistant.serving()
        row = serving.catalogue.row_of.get(item_id)
        url = None if row is None else serving.catalogue.item(row).image_url
        found = None if url is None or not web.pictures.allows(url) else await web.pictures.fetch(url)
        if found is None:
            return Response(status_code=404)
        headers = {"Cache-Control": "private, max-age=86400"}
        return Response(found.data, media_type=found.media_type, headers=headers)

    pages = _static()

    @app.get("/", include_in_schema=False)
    @app.get("/static/{name:path}", include_in_schema=False)
    async def page(name: str = "index.html") -> Response:
        if name not in pages:
            return Response(status_code=404)
        headers = {"Cache-Control": "no-cache"}
        return Response(pages[name], media_type=STATIC_TYPES[Path(name).suffix], headers=headers)


def _static() -> dict[str, bytes]:
    """Every file of the page by its name."""
    folder = resources.files("assistant").joinpath("surfaces", "web", "static")
    files = {entry.name: entry.read_bytes() for entry in folder.iterdir() if Path(entry.name).suffix in STATIC_TYPES}
    return dict(sorted(files.items()))


# errors


def _error(kind: str, message: str, status: int, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        ErrorDocument(error=ErrorBody(kind=kind, message=message)).model_dump(), status, headers=headers
    )


async def _assistant_error(request: Request, error: Exception) -> Response:
    kind, message, _ = fault(error)
    if isinstance(error, LimitReached):
        status = 503 if isinstance(error, Busy) else 429
        return _error("limit", message, status, {"Retry-After": str(error.retry_after)})
    if isinstance(error, NotAllowed):
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
        return _error("not_allowed", message, error.status, headers)
    if isinstance(error, UnknownNameError):
        return _error(kind, message, 404)
    if isinstance(error, UserError):
        return _error(kind, message, 422)
    if isinstance(error, ProviderError):
        return _error(kind, message, 502)
    if isinstance(error, DataError):  # paths of this machine are for its operator
        _log.error("%s", message)
        return _error(kind, "The data of this server cannot be used at the moment.", 503, {"Retry-After": "30"})
    return await _unexpected(request, error)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = []
    for problem in error.errors()[:5]:
        place = ".".join(str(part) for part in problem["loc"][1:]) or "the body"
        told.append(f"{place}: {problem['msg']}")
    return _error("invalid", "; ".join(told), 422)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:  # the router names the methods of one route, and several may share a path
        routes = [route for holder in (request.app, *ROUTERS) for route in holder.routes if isinstance(route, APIRoute)]
        path = next((route.path for route in routes if route.matches(request.scope)[0] is not Match.NONE), None)
        headers["Allow"] = ", ".join(
            sorted({name for route in routes if route.path == path for name in route.methods or ()})
        )
    return _error("http", str(error.detail), error.status_code, headers)


async def _unexpected(_: Request, error: Exception) -> Response:
    _log.error("a request failed", exc_info=error)
    return _error("unexpected", "Something went wrong on this server.", 500)


# every request


class _Guard:
    """Examines the host and the size of every request, adds the headers of every answer, and counts."""

    def __init__(self, app: ASGIApp, web: Web) -> None:
        self._app = app
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        status = 500
        began = False
        limit = self._web.settings.web_max_body
        body = _Body(receive, limit)

        async def respond(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], *_HEADERS]}
            await send(message)

        async def answer(message: Message) -> None:
            nonlocal began
            if body.too_large and not began:  # whatever the routes made of the body that broke off
                if message["type"] == "http.response.start":
                    await self._too_large(scope, receive, respond)
                return
            began = True
            await respond(message)

        started = time.perf_counter()
        try:
            if not self._is_ours(headers.get(b"host", b"")):
                refused = _error("host", "This server does not answer to that name. See the setting: web_hosts", 421)
                await refused(scope, receive, respond)
                return
            length = headers.get(b"content-length", b"0")
            if not length.isdigit() or int(length) > limit:
                await self._too_large(scope, receive, respond)
                return
            await self._app(scope, body.receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in METHODS else "other"  # a client may send any word
            self._web.metrics.requests.labels(route, method, str(status)).inc()
            _log.info("%s %s %d %.0f ms", method, route, status, 1000 * (time.perf_counter() - started))

    async def _too_large(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = f"A request may have {self._web.settings.web_max_body:,} bytes. See the setting: web_max_body"
        await _error("too_large", message, 413)(scope, receive, send)

    def _is_ours(self, host: bytes) -> bool:
        name = host.decode("latin-1").casefold()
        name = name.partition("]")[0].removeprefix("[") if name.startswith("[") else name.partition(":")[0]
        return name in self._web.hosts or "*" in self._web.hosts


class _Body:
    """The body of a request, which breaks off where it is larger than it may be."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self.too_large = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.too_large = True
            return {"type": "http.request", "body": b"", "more_body": False}
        return message


_HEADERS = [
    (b"content-security-policy", SECURITY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
