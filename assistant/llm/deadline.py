"""One deadline for a whole answer, kept across many awaits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from assistant.errors import ProviderTimeout

T = TypeVar("T")


class Deadline:
    """Seconds from now on the monotonic clock; None never ends.

    An ``asyncio.timeout`` block must not be held open across a ``yield`` of an async generator, because it would cancel
    whatever the consumer is awaiting by then. So every await is bounded on its own by what is left.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._started = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since it was set."""
        return time.monotonic() - self._started

    def left(self) -> float | None:
        """Seconds left, never negative; None when it never ends."""
        return None if self.seconds is None else max(0.0, self.seconds - self.elapsed())

    async def within(self, awaitable: Awaitable[T], what: str) -> T:
        """The result of ``awaitable``, or ``ProviderTimeout`` saying ``what`` when the time is over."""
        try:
            async with asyncio.timeout(self.left()) as limit:
                return await awaitable
        except TimeoutError:
            if not limit.expired():  # what was awaited gave up by itself, and knows why
                raise
            raise ProviderTimeout(
                f"{what} did not answer within {self.seconds:g} s. Allow more time, or choose a faster model.",
                retryable=True,
            ) from None
