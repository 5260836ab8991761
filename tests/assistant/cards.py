"""Replies made by hand, and a stand-in for the assistant that answers with them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace

import anyio
import anyio.lowlevel
from anyio.from_thread import start_blocking_portal

from assistant.blocking import BlockingAssistant
from assistant.errors import ProviderUnavailable, UnknownNameError
from assistant.store import Store
from assistant.types import (
    Claim,
    Explanation,
    Fact,
    Item,
    Message,
    Person,
    RankedList,
    Recommendation,
    Recommended,
    Replied,
    Reply,
    Retrieved,
)


def make_card(position: int = 1, title: str = "Galaxy Quest", **changes: object) -> Recommendation:
    """A card with a claim from the record, one from the history and an opinion."""
    text = "A charming comedy by Dean Parisot, and you liked Alien."
    facts = (
        Fact(fact_id="f1", source="catalogue", item_id="galaxy", slot="categories", value=("Comedy", "Science fiction")),
        Fact(fact_id="f2", source="catalogue", item_id="galaxy", slot="director", value="Dean Parisot"),
        Fact(fact_id="f3", source="history", item_id="galaxy", slot="liked", value="Alien", other_item_id="alien",
             shared=(("tags", "space"),)),
    )  # fmt: skip

    def claim(words: str, slot: str, value: str, **more: object) -> Claim:
        start = text.index(words)
        return Claim(
            text=words, start=start, end=start + len(words), item_id="galaxy", slot=slot, value=value,
            **{"verdict": "supported", **more},
        )  # type: ignore[arg-type]  # fmt: skip

    explanation = Explanation(
        text=text,
        phrased_by="template",
        facts=facts,
        claims=(
            claim("comedy", "categories", "Comedy", fact_ids=("f1",)),
            claim("Dean Parisot", "director", "Dean Parisot", fact_ids=("f2",)),
            claim("you liked Alien", "liked", "Alien", fact_ids=("f3",), source="history"),
            claim("charming", "opinion", "charming", source="opinion", verdict="uncheckable"),
        ),
    )
    item = Item(
        item_id="galaxy",
        title=title,
        year=1999,
        categories=("Comedy", "Science fiction"),
        creators=(Person(name="Dean Parisot", role="director"), Person(name="Tim Allen", role="cast")),
        attributes={"runtime": 102},
    )
    card = Recommendation(
        item_id="galaxy", title=title, year=1999, position=position, score=0.5, explanation=explanation, item=item
    )
    return replace(card, **changes)


def make_reply(*cards: Recommendation, **changes: object) -> Reply:
    reply = Reply(
        reply_id="r1",
        user="ana",
        conversation="c1",
        text="Two suggestions.",
        recommendations=cards or (make_card(1), make_card(2, "Spaceballs")),
        acting_on=("comedy", "not animated"),
        trace={"milliseconds": {"total": 12.5}},
    )
    return replace(reply, **changes)


class FakeAssistant:
    """Answers every message with the same cards. "fail" fails, "fault" is a fault, "wait" never ends."""

    def __init__(self, store: Store | None = None, reply: Reply | None = None) -> None:
        self.store = store
        self.made = reply or make_reply()
        self.asked: list[Message] = []
        self.cancelled = 0
        self.closed = 0

    async def stream(self, message: Message) -> AsyncIterator[object]:
        self.asked.append(message)
        with anyio.CancelScope():  # as a real turn has them: entering and leaving must happen in one task
            if message.text == "fail":
                raise ProviderUnavailable("The model is gone. Start it again.")
            if message.text == "fault":
                raise ZeroDivisionError("a fault")
            yield Retrieved(candidates=(), sources={})
            yield RankedList(ranking=(), text=self.made.text, acting_on=self.made.acting_on)
            try:
                if message.text == "wait":
                    await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                self.cancelled += 1
                raise
            for card in self.made.recommendations:
                await anyio.lowlevel.checkpoint()
                yield Recommended(recommendation=card)
            conversation = message.conversation or "c1"
            yield Replied(reply=replace(self.made, user=message.user, conversation=conversation))

    async def explain(self, user: str, item_id: str) -> Recommendation:
        if item_id != "galaxy":
            raise UnknownNameError(f"There is no item {item_id!r}. Did you mean 'galaxy'?")
        return self.made.recommendations[0]


def connect_to(fake: FakeAssistant) -> BlockingAssistant:
    """A blocking assistant over the stand-in, as ``connect`` makes one over the real one."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[FakeAssistant]:
        yield fake
        fake.closed += 1

    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        core = stack.enter_context(portal.wrap_async_context_manager(opened()))
        return BlockingAssistant(portal, core, stack.pop_all())
