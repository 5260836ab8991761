"""The assistant for callers that do not use ``async``: the same core, run in a thread of its own.

There is one implementation, ``assistant.turn.Assistant``. An event loop in a background thread runs it, so this works
in a notebook, whose own loop is running already, and from several threads at once.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Self

from assistant.errors import UserError
from assistant.types import EventKind, Item, Message, Recommendation, Replied, Reply, TurnEvent

if TYPE_CHECKING:
    from anyio import CancelScope
    from anyio.from_thread import BlockingPortal

    from assistant.llm.base import LanguageModel
    from assistant.settings import Settings
    from assistant.turn import Assistant


class BlockingAssistant:
    """An open assistant. Safe to share between threads. Close it, or use it in a ``with`` statement."""

    def __init__(self, portal: BlockingPortal, assistant: Assistant, stack: ExitStack) -> None:
        """Use ``connect``."""
        self._portal = portal
        self._stack = stack
        self._open = True
        self._turns: set[CancelScope] = set()
        self.core = assistant
        """The assistant itself, for whoever needs more than these methods; its coroutines belong to its own loop."""

    def chat(
        self,
        text: str,
        *,
        user: str,
        conversation: str | None = None,
        take_back: Sequence[str] = (),
        edits: bool = False,
    ) -> Reply:
        """Say something and wait for the whole reply. Raises an ``AssistantError``.

        ``take_back`` are ids of what no longer counts (``Reply.held``); ``text`` may be blank then. With ``edits`` the
        message stands in for the last one of the conversation.
        """
        for event in self.stream(text, user=user, conversation=conversation, take_back=take_back, edits=edits):
            if isinstance(event, Replied):
                return event.reply
        raise AssertionError("the turn ended without a reply")

    def stream(
        self,
        text: str,
        *,
        user: str,
        conversation: str | None = None,
        take_back: Sequence[str] = (),
        edits: bool = False,
    ) -> Iterator[TurnEvent]:
        """Say something and get the events of the turn as they happen; the last one is ``Replied``.

        The turn starts with the first ``next``; closing the iterator cancels it.
        """
        self._check_open()
        from anyio import CancelScope

        message = Message(user=user, text=text, conversation=conversation, take_back=tuple(take_back), edits=edits)
        events: queue.SimpleQueue[TurnEvent | None] = queue.SimpleQueue()

        async def pump() -> None:
            # The whole stream runs in one task: its cancel scopes may not be left in another one than they were entered in.
            # It is the turn that says it runs, since an interrupt may hit the caller while it starts one.
            with CancelScope() as scope:
                self._turns.add(scope)
                try:
                    async with aclosing(self.core.stream(message)) as stream:
                        async for event in stream:
                            events.put(event)
                finally:
                    self._turns.discard(scope)
                    events.put(None)

        future = self._portal.start_task_soon(pump)
        try:
            while (event := events.get()) is not None:
                yield event
            future.result()
            self._check_open()  # closing the assistant ends its turns
        finally:
            future.cancel()

    def explain(self, user: str, item_id: str) -> Recommendation:
        """Why an item would suit a user. Raises ``UnknownNameError`` when there is no such item."""
        self._check_open()
        return self._portal.call(self.core.explain, user, item_id)

    def candidates(self, text: str, *, user: str = "", k: int = 10) -> list[tuple[Item, float]]:
        """The ``k`` items that suit a request best with their scores; see ``Assistant.candidates``."""
        from functools import partial

        self._check_open()
        return self._portal.call(partial(self.core.candidates, text, user=user, k=k))

    def rank(
        self,
        *,
        user: str | None = None,
        history: Sequence[str] | None = None,
        candidates: Sequence[str] | None = None,
        k: int | None = None,
        diversity: float | None = None,
    ) -> list[tuple[str, float | None]]:
        """(item id, score) of the ``k`` best, best first, for a user's history or for item ids given oldest first.

        ``candidates`` are permuted and cut at ``k``, those that the catalogue does not have last and without a score;
        without candidates everything but the history is ranked. ``diversity``, from 0 to 1, prefers items unlike those above
        them; None is the setting's. Business rules of the folder hold.
        """
        from functools import partial

        self._check_open()
        call = partial(self.core.rank, user=user, history=history, candidates=candidates, k=k, diversity=diversity)
        return self._portal.call(call)

    def add_event(
        self,
        user: str,
        item_id: str,
        kind: EventKind = "like",
        *,
        value: float | None = None,
        timestamp: float | None = None,
        event_id: str | None = None,
    ) -> bool:
        """Record that a user did something with an item; it survives a crash once this returns.

        ``timestamp`` is in Unix seconds and now when left out. Give an ``event_id`` to make repeating the call safe.
        Returns whether the event was new. An item that the catalogue does not have is no error: the event counts once
        the item is there. Raises ``UserError`` when the event is not valid, or its ``event_id`` is that of another one.
        """
        from assistant.feedback import make_event, record_event

        self._check_open()
        event = make_event(user, item_id, kind, value=value, timestamp=timestamp, event_id=event_id)
        return record_event(self.core.store, event)

    def close(self) -> None:
        """Free the model, the index and the thread. Turns that still run are stopped. Idempotent."""
        if self._open:
            self._open = False
            self._portal.call(self._stop_turns)
            self._stack.close()

    async def _stop_turns(self) -> None:
        for turn in self._turns:
            turn.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if not self._open:
            raise UserError("This assistant is closed. Open another one with: connect(DATA)")


def connect(
    data: str | Path, *, settings: Settings | None = None, model: LanguageModel | None = None
) -> BlockingAssistant:
    """Open a data folder.

    ``settings`` replace those of the environment and of the folder's ``assistant.toml``; ``model`` replaces the one they
    choose. Raises ``NotIndexedError`` when the folder holds no catalogue, and other errors of ``assistant.errors``.
    """
    from anyio.from_thread import start_blocking_portal

    from assistant.turn import Assistant

    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        opened = portal.wrap_async_context_manager(Assistant.open(data, settings=settings, model=model))
        assistant = stack.enter_context(opened)
        return BlockingAssistant(portal, assistant, stack.pop_all())
