"""A real web server over a few films, on a free port of this machine, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from assistant.commands.listening import listen
from assistant.llm.base import LanguageModel
from assistant.surfaces.web.app import create_app
from assistant.turn import Assistant
from tests.assistant.turns import offline_settings


@dataclass(frozen=True)
class Served:
    """A running server."""

    url: str
    app: FastAPI
    data: Path

    def client(self, **headers: str) -> httpx.Client:
        """A browser without a page: it keeps its cookie."""
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)


@contextmanager
def served(
    data: Path, *, model: LanguageModel | None = None, options: dict[str, Any] | None = None, **settings: object
) -> Iterator[Served]:
    """Serve ``data`` until the context ends. ``options`` are those of ``create_app``."""
    listening = listen("127.0.0.1", 0)
    started, held = threading.Event(), {}

    async def run() -> None:
        async with Assistant.open(data, settings=offline_settings(**settings), model=model) as assistant:
            app = create_app(assistant, data, **(options or {}))
            config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=2)
            server = uvicorn.Server(config)
            held["app"], held["server"] = app, server
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells it by a flag
                await asyncio.sleep(0.01)
            started.set()
            await serving

    def main() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 - told to the test, which waits for it
            held["error"] = error
        finally:
            started.set()

    thread = threading.Thread(target=main, daemon=True)
    thread.start()
    started.wait(60)
    if "error" in held:
        listening.close()
        raise held["error"]
    try:
        yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", held["app"], data)
    finally:
        held["server"].should_exit = True
        thread.join(30)
        listening.close()


def events(response: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    """The server-sent events of a finished answer: (name, document)."""
    import json

    found = []
    for block in response.text.replace("\r\n", "\n").split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def ask(client: httpx.Client, text: str = "", **more: Any) -> dict[str, Any]:
    """One turn: the reply."""
    response = client.post("/api/chat", json={"text": text, **more})
    assert response.status_code == 200, response.text
    told = events(response)
    assert told[-1][0] == "replied", told[-1]
    return told[-1][1]
