"""What every route of the web server works with."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from assistant.settings import Settings
from assistant.surfaces.web.accounts import Keys, Sessions
from assistant.surfaces.web.limits import Limits
from assistant.surfaces.web.metrics import Metrics
from assistant.surfaces.web.pictures import Pictures
from assistant.turn import Assistant
from assistant.types import Message, Replied, TurnEvent


@dataclass(frozen=True, kw_only=True)
class Web:
    """One server."""

    assistant: Assistant
    data: Path
    settings: Settings
    keys: Keys
    sessions: Sessions
    limits: Limits
    metrics: Metrics
    pictures: Pictures
    hosts: frozenset[str]
    """Names that requests may call this server by."""
    keys_needed: bool
    """Whether it is bound where others reach it."""

    async def turn(self, message: Message) -> AsyncGenerator[TurnEvent, None]:
        """A turn that is counted. Its route holds a place for it: see ``asking.place``."""
        with self.metrics.turn() as counted:
            async with aclosing(self.assistant.stream(message)) as events:
                async for event in events:
                    counted(event)
                    if isinstance(event, Replied):
                        self.limits.spend_on(event.reply)
                    yield event
