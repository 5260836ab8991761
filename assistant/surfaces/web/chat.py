"""A turn as server-sent events."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from assistant.commands.output import fault
from assistant.documents import Document, ErrorBody, RecommendationDocument, RepliedDocument
from assistant.errors import UserError
from assistant.surfaces.render import facts_line
from assistant.surfaces.web.accounts import Caller
from assistant.surfaces.web.asking import caller, place, web
from assistant.surfaces.web.documents import CardDocument, ChatBody, RankedEvent, Reaction, StartedEvent
from assistant.surfaces.web.state import Web
from assistant.types import Event, Item, Message, RankedList, Recommendation, Recommended, Replied, TurnEvent

routes = APIRouter()
_log = logging.getLogger("assistant.web")


@routes.post(
    "/api/chat",
    response_class=EventSourceResponse,
    dependencies=[Depends(place)],
    summary="Say something; the reply comes as events",
)
async def chat(
    body: ChatBody, who: Annotated[Caller, Depends(caller)], server: Annotated[Web, Depends(web)]
) -> AsyncIterator[ServerSentEvent]:
    """Events: ``started`` (the conversation), ``ranked`` (the text and how many cards will come), a ``card`` each once it is
    verified, ``replied`` (the whole reply), or ``error``. Closing the connection stops the turn, and nothing of it is kept.
    """
    conversation = body.conversation or uuid.uuid4().hex
    message = Message(
        user=who.user,
        text=body.text,
        conversation=conversation,
        take_back=tuple(body.take_back),
        edits=body.edits,
    )
    yield _event("started", StartedEvent(conversation=conversation))
    said: Mapping[str, Sequence[Reaction]] = {}
    try:
        async with aclosing(server.turn(message)) as events:
            async for event in events:
                if isinstance(event, RankedList):
                    said = reactions(await asyncio.to_thread(server.assistant.store.events, who.user))
                if (sent := _sent(event, server, said)) is not None:
                    yield sent
    except Exception as error:  # noqa: BLE001 - the boundary of a reply: its reader is told, whatever went wrong
        yield _event("error", told(error))


def told(error: Exception) -> ErrorBody:
    """What a caller is told of an error; faults of the program, and paths of this machine, are for its operator."""
    kind, message, _ = fault(error)
    if not isinstance(error, UserError):
        _log.error("a turn failed", exc_info=error)
        message = "Something went wrong on this server."
    return ErrorBody(kind=kind, message=message)


def card_document(card: Recommendation, server: Web, said: Mapping[str, Sequence[Reaction]]) -> CardDocument:
    """A card as the page shows it. ``said`` is what ``reactions`` makes of the caller's events."""
    shown = RecommendationDocument.of(card)
    return CardDocument(
        **shown.model_dump(),
        details=facts_line(card.item),
        picture=picture_of(card.item, server),
        reactions=list(said.get(card.item_id, ())),
    )


def reactions(events: Iterable[Event]) -> dict[str, list[Reaction]]:
    """What the events of a user, oldest first, say of each item: the later of like and dislike, and whether it was seen."""
    found: dict[str, list[Reaction]] = {}
    for event in events:
        if event.kind not in ("like", "dislike", "seen"):
            continue
        of_item = found.setdefault(event.item_id, [])
        excluded = (event.kind,) if event.kind == "seen" else ("like", "dislike")
        found[event.item_id] = [*(kind for kind in of_item if kind not in excluded), event.kind]
    return found


def picture_of(item: Item, server: Web) -> str | None:
    """Where the page finds the picture of an item."""
    if not server.pictures.allows(item.image_url):
        return None
    return f"/pictures/{quote(item.item_id, safe='')}"


def _sent(event: TurnEvent, server: Web, said: Mapping[str, Sequence[Reaction]]) -> ServerSentEvent | None:
    if isinstance(event, RankedList):
        ranked = RankedEvent(text=event.text, acting_on=list(event.acting_on), count=len(event.ranking))
        return _event("ranked", ranked)
    if isinstance(event, Recommended):
        return _event("card", card_document(event.recommendation, server, said))
    if isinstance(event, Replied):
        return _event("replied", RepliedDocument.of(event.reply))
    return None


def _event(name: str, document: Document) -> ServerSentEvent:
    return ServerSentEvent(event=name, raw_data=document.encode().decode().rstrip("\n"))
