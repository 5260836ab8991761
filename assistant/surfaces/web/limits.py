"""How much one caller, and all together, may ask for: rate, turns at once, tokens a day."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from assistant.errors import AssistantError, SettingsError
from assistant.settings import Settings
from assistant.types import Reply

WAIT_SECONDS = 2.0
"""How long a turn waits for one of those running before it is refused."""
TURN_SECONDS = 1.0
"""After which a refused caller may try again: about what a turn takes."""


class LimitReached(AssistantError):
    """The caller asked for too much."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = max(1, math.ceil(retry_after))
        """Whole seconds, at least one."""


class Busy(LimitReached):
    """All together asked for too much."""


class Limits:
    """Counts in memory: a server that starts anew begins to count anew."""

    def __init__(self, settings: Settings) -> None:
        """Raises ``SettingsError`` for a rate that is none."""
        try:
            self._rate = parse(settings.web_rate)
        except ValueError as error:
            raise SettingsError(
                f"The setting web_rate is {settings.web_rate!r}; write a number of requests per second, minute, hour or day, "
                "as in '60/minute'."
            ) from error
        self._tokens_a_day = settings.web_tokens_a_day
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._turns = settings.web_turns
        self._waiting_at_most = settings.web_waiting
        self.running = 0
        self.waiting = 0
        self._freed = asyncio.Condition()
        self._used: dict[tuple[str, int], int] = {}

    async def count(self, user: str) -> None:
        """Count a request. Raises ``LimitReached``."""
        if not await self._limiter.hit(self._rate, user):
            stats = await self._limiter.get_window_stats(self._rate, user)
            raise LimitReached(
                f"You have asked {self._rate.amount} times in {self._rate.multiples} {self._rate.GRANULARITY.name}, which is "
                "as often as you may. Wait a little.",
                stats.reset_time - time.time(),
            )

    @asynccontextmanager
    async def turn(self, user: str) -> AsyncIterator[None]:
        """Hold one of the places for turns. Raises ``Busy`` when none gets free soon, ``LimitReached`` for a caller whose
        tokens of the day are spent."""
        self._check_tokens(user)
        if self.running >= self._turns:
            await self._wait()
        else:
            self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            async with self._freed:
                self._freed.notify()

    async def _wait(self) -> None:
        if self.waiting >= self._waiting_at_most:
            raise Busy("Too many are asking at the moment. Try again in a moment.", TURN_SECONDS)
        self.waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS), self._freed:
                await self._freed.wait_for(lambda: self.running < self._turns)
                self.running += 1
        except TimeoutError:
            raise Busy("Too many are asking at the moment. Try again in a moment.", TURN_SECONDS) from None
        finally:
            self.waiting -= 1

    def _check_tokens(self, user: str) -> None:
        if self._tokens_a_day is None:
            return
        now = time.time()
        day = int(now // 86_400)
        if self._used.get((user, day), 0) >= self._tokens_a_day:
            raise LimitReached(
                f"The language model has used the {self._tokens_a_day:,} tokens a day that you may spend. It goes on "
                "tomorrow (UTC).",
                (day + 1) * 86_400 - now,
            )

    def spend_on(self, reply: Reply) -> None:
        """Note the tokens that a turn took."""
        usage = reply.trace.get("usage")
        if isinstance(usage, dict):
            self.spend(reply.user, int(usage["prompt_tokens"]) + int(usage["completion_tokens"]))

    def spend(self, user: str, tokens: int) -> None:
        """Note the tokens that a turn of a user took."""
        day = int(time.time() // 86_400)
        for key in [key for key in self._used if key[1] != day]:
            del self._used[key]
        self._used[user, day] = self._used.get((user, day), 0) + tokens
