"""``assistant mcp``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.commands.output import Name, data_option, note

if TYPE_CHECKING:
    from assistant.settings import Settings


@click.command()
@data_option
@click.option("--user", type=Name(), help="Id of the user who asks without a key; 'local' if left out.")
@click.option("--http", is_flag=True, help="Serve streamable HTTP at /mcp instead of stdin and stdout.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="With --http: address to listen on; others than this machine need keys.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8001,
    show_default=True,
    help="With --http: port; 0 takes a free one.",
)
@click.option("--llm", help="auto, none, llama-cpp:smollm2, llama-cpp:FILE, openai:MODEL, recorded:FILE.")
def mcp(data: Path, user: str | None, http: bool, host: str, port: int, llm: str | None) -> None:
    """Serve the tools of the assistant to MCP clients.

    They are recommend, refine, explain, why_not and give_feedback.

    On stdin and stdout for a client that starts it, which is the only one it answers; with --http for others.

    \b
    assistant mcp --data films --user ana
    assistant mcp --data films --http
    """
    import asyncio

    from assistant.errors import MissingExtraError
    from assistant.settings import load_settings

    try:
        import mcp  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("The MCP server", "mcp") from error
    settings = load_settings(data, llm=llm)
    if http:
        asyncio.run(_serve_http(data, settings, user, host, port))
    else:
        asyncio.run(_serve_stdio(data, settings, user))


async def _serve_stdio(data: Path, settings: Settings, user: str | None) -> None:
    from assistant.surfaces.mcp import create_server
    from assistant.turn import Assistant

    async with Assistant.open(data, settings=settings) as assistant:
        await create_server(assistant, user=user).run_stdio_async()


async def _serve_http(data: Path, settings: Settings, user: str | None, host: str, port: int) -> None:
    import uvicorn

    from assistant.commands.listening import address, check_reach, listen
    from assistant.errors import MissingExtraError
    from assistant.turn import Assistant

    try:
        from assistant.surfaces.mcp_http import create_app
    except ImportError as error:
        raise MissingExtraError("The MCP server over HTTP", "mcp") from error
    loopback = check_reach(data, host)
    named = () if host in ("0.0.0.0", "::") else (f"[{host}]" if ":" in host else host,)
    async with Assistant.open(data, settings=settings) as assistant:
        app = create_app(assistant, data, user=user, keys_needed=not loopback, hosts=(*named, *settings.web_hosts))
        with listen(host, port) as listening:
            config = uvicorn.Config(
                app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=5
            )
            note(f"{address(host, listening)}/mcp  (Ctrl-C to stop)")
            await uvicorn.Server(config).serve(sockets=[listening])
