"""``assistant serve``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.commands.output import data_option, note

if TYPE_CHECKING:
    from assistant.settings import Settings

COLLECTED_EVERY = (20_000, 20, 20)
"""Objects between two collections of cycles, and collections between two of the older generations. What a server loads
stays, and walking it as often as Python does by default is an eighth of the time to start."""
LOG_LEVELS = ("error", "warning", "info")


@click.command()
@data_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; others than this machine need keys."
)
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8000, show_default=True, help="Port; 0 takes a free one."
)
@click.option("--llm", help="auto, none, llama-cpp:smollm2, llama-cpp:FILE, openai:MODEL, recorded:FILE.")
@click.option(
    "--log", type=click.Choice(LOG_LEVELS), default="warning", show_default=True, help="How much is told on stderr."
)
def serve(data: Path, host: str, port: int, llm: str | None, log: str) -> None:
    """Serve the chat page, the HTTP API and OpenAI's.

    On this machine nobody needs a key until there is one. An address that others reach is only bound once there are keys.

    \b
    assistant serve --data films
    assistant keys add --tenant acme --user ana --data films
    """
    import asyncio
    import gc

    from assistant.errors import MissingExtraError
    from assistant.settings import load_settings

    gc.set_threshold(*COLLECTED_EVERY)
    try:
        import fastapi  # noqa: F401
        import limits  # noqa: F401
        import prometheus_client  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("The web server", "web") from error
    settings = load_settings(data, llm=llm)
    asyncio.run(_serve(data, settings, host, port, log))


async def _serve(data: Path, settings: Settings, host: str, port: int, log: str) -> None:
    import logging

    import uvicorn

    from assistant.commands.listening import address, check_reach, listen
    from assistant.surfaces.web.app import create_app
    from assistant.turn import Assistant

    loopback = check_reach(data, host)
    logging.basicConfig(level=log.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    async with Assistant.open(data, settings=settings) as assistant:
        named = frozenset() if host in ("0.0.0.0", "::") else frozenset({host.casefold()})
        app = create_app(assistant, data, settings=settings, keys_needed=not loopback, hosts=named)
        with listen(host, port) as listening:
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=True,
                timeout_graceful_shutdown=5,
                timeout_keep_alive=15,
            )
            note(f"{address(host, listening)}  (Ctrl-C to stop)")
            await uvicorn.Server(config).serve(sockets=[listening])
