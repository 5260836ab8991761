"""A chat on a terminal."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from assistant.commands.chat import checked_text, show_turn
from assistant.commands.output import safe_lines
from assistant.errors import AssistantError, did_you_mean
from assistant.surfaces.render import details, heading, safe, shorten
from assistant.types import EventKind, Recommendation, Reply

if TYPE_CHECKING:
    from rich.console import Console

    from assistant.blocking import BlockingAssistant
    from assistant.store import Store

HELP = """\
Say what you would like, in your own words. You can also type:
  /why N       what the reason for card N rests on
  /like N      you liked card N
  /dislike N   you did not like card N
  /seen N      you know card N already
  /help        this
  /quit        leave (so does Ctrl-D)"""

EVENTS: dict[str, tuple[EventKind, str]] = {
    "like": ("like", "you like"),
    "dislike": ("dislike", "you do not like"),
    "seen": ("seen", "you know"),
}
COMMANDS = ("why", *EVENTS, "help", "quit", "exit")


class Session:
    """Reads lines, answers them, until the user leaves. Errors are shown, and the session goes on."""

    def __init__(
        self,
        assistant: BlockingAssistant,
        user: str,
        conversation: str | None,
        out: Console,
        read: Callable[[str], str] = input,
    ) -> None:
        self._assistant = assistant
        self._user = user
        self._conversation = conversation
        self._out = out
        self._read = read
        self._reply: Reply | None = None

    def run(self) -> None:
        """Until /quit or the end of input. Ctrl-C during a turn stops the turn; at the prompt it is left to the caller."""
        with suppress(ImportError):  # line editing and history at the prompt; not on Windows
            import readline  # noqa: F401
        self._greet()
        while True:
            try:
                line = self._read("\n> ")
            except EOFError:
                self._out.print()
                return
            if not line.strip():
                continue
            try:
                if line.strip().startswith("/"):
                    if not self._command(line.strip()[1:]):
                        return
                else:
                    self._reply = show_turn(
                        self._assistant,
                        checked_text(line),
                        user=self._user,
                        conversation=self._conversation,
                        out=self._out,
                    )
            except KeyboardInterrupt:
                self._say("Stopped.")
            except (AssistantError, sqlite3.Error) as error:
                self._say(str(error), style="red")

    def _greet(self) -> None:
        name = safe(self._user)
        store = self._assistant.core.store
        if any(store.export_user(self._user).values()):
            self._say(f"Welcome back, {name}. What would you like? (/help for more)")
            return
        example = example_request(store)
        self._say(f"Hello {name}, we have not met. Say what you would like, for example:")
        self._say(f"  {example}", style="italic")
        self._say("Then tell me with /like 1 or /dislike 2 what you think, and I will learn. (/help for more)")

    def _command(self, words: str) -> bool:
        """Run a command; false when the session is over."""
        name, _, argument = words.partition(" ")
        name = name.casefold()
        if name in ("quit", "exit"):
            return False
        if name == "help":
            self._say(HELP)
        elif name == "why" or name in EVENTS:
            if (card := self._card(name, argument.strip())) is not None:
                self._about(name, card)
        else:
            self._say(f"There is no command {'/' + safe(name)!r}.{did_you_mean(name, COMMANDS)} See: /help")
        return True

    def _card(self, name: str, number: str) -> Recommendation | None:
        cards = self._reply.recommendations if self._reply is not None else ()
        if not cards:
            self._say("There are no cards yet. Ask for something first.")
            return None
        for card in cards:
            if number == str(card.position):
                return card
        self._say(f"Which one? Say the number of a card, from 1 to {len(cards)}, as in: /{name} 1")
        return None

    def _about(self, name: str, card: Recommendation) -> None:
        if name == "why":
            self._out.print(details(card))
            return
        kind, words = EVENTS[name]
        self._assistant.add_event(self._user, card.item_id, kind)
        self._say(f"Noted: {words} {heading(card.title, card.year)}. It counts from your next request on.")

    def _say(self, text: str, *, style: str = "") -> None:
        from rich.text import Text

        self._out.print(Text(safe_lines(text), style=style))


def example_request(store: Store) -> str:
    """A request that this catalogue can answer: it names what most users know, or else its first item."""
    import orjson

    known = dict(store.positive_counts())
    records = store.items()
    if not records:
        return "something funny and short"
    _, _, record = max(records, key=lambda entry: known.get(entry[1], 0))  # the first one among equals
    return f"something like {shorten(safe(str(orjson.loads(record)['title'])), 60)}"
