"""Requests over HTTP continue the trace that their caller began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.telemetry import continued

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Continued:
    """An application whose turns are spans of the trace that ``traceparent`` names, where a request has that header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with continued({name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}):
            await self._app(scope, receive, send)
