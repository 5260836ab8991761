"""``assistant slack``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.commands.output import data_option, note

if TYPE_CHECKING:
    from pydantic import SecretStr

    from assistant.settings import Settings


@click.command()
@data_option
@click.option("--http", is_flag=True, help="Take requests from Slack instead of opening a connection to it.")
@click.option("--host", default="127.0.0.1", show_default=True, help="With --http: address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=3000,
    show_default=True,
    help="With --http: port; 0 takes a free one.",
)
@click.option("--llm", help="auto, none, llama-cpp:smollm2, llama-cpp:FILE, openai:MODEL, recorded:FILE.")
def slack(data: Path, http: bool, host: str, port: int, llm: str | None) -> None:
    """Answer in Slack: direct messages, threads, mentions.

    It needs ASSISTANT_SLACK_BOT_TOKEN, and ASSISTANT_SLACK_APP_TOKEN or, with --http, ASSISTANT_SLACK_SIGNING_SECRET.

    \b
    assistant slack --data films
    """
    import asyncio

    from assistant.errors import MissingExtraError
    from assistant.settings import load_settings

    try:
        import aiohttp  # noqa: F401
        import slack_bolt  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("The Slack bot", "slack") from error
    settings = load_settings(data, llm=llm)
    token = _needed(settings.slack_bot_token, "slack_bot_token", "xoxb-")
    if http:
        secret = _needed(settings.slack_signing_secret, "slack_signing_secret", "")
    else:
        secret = _needed(settings.slack_app_token, "slack_app_token", "xapp-")
    asyncio.run(_serve(data, settings, token, secret, (host, port) if http else None))


def _needed(secret: SecretStr | None, name: str, start: str) -> str:
    from assistant.errors import SettingsError

    value = "" if secret is None else secret.get_secret_value().strip()
    if not value:
        raise SettingsError(
            f"The setting {name!r} is missing. Set ASSISTANT_{name.upper()}; docs/slack.md says where to find it."
        )
    if not value.startswith(start):  # the value itself is never shown
        raise SettingsError(f"ASSISTANT_{name.upper()} must begin with {start!r}. Was it mixed up with another token?")
    return value


async def _serve(data: Path, settings: Settings, token: str, secret: str, address: tuple[str, int] | None) -> None:
    import logging

    from assistant.surfaces.slack import serve
    from assistant.turn import Assistant

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    async with Assistant.open(data, settings=settings) as assistant, serve.opened(assistant, data, token) as bot:
        if address is None:
            async with serve.socket_mode(bot, secret):
                note("Connected to Slack  (Ctrl-C to stop)")
                await serve.forever()
        else:
            async with serve.http(bot, secret, *address) as port:
                note(f"Listening for Slack on http://{address[0]}:{port}{serve.PATH}  (Ctrl-C to stop)")
                await serve.forever()
