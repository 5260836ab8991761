"""The HTTP API besides the chat: ranking, explaining, events, conversations, tastes, and what is kept of the caller."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from assistant.documents import (
    ExplainedDocument,
    RankDocument,
    RecommendationDocument,
    TasteDocument,
    WhyDocument,
    jsonable,
)
from assistant.errors import UnknownNameError, UserError
from assistant.feedback import make_event, record_event
from assistant.profile import UserProfile
from assistant.surfaces.examples import example_requests
from assistant.surfaces.render import facts_line
from assistant.surfaces.web.accounts import Caller
from assistant.surfaces.web.asking import caller, place, set_session, web
from assistant.surfaces.web.chat import picture_of, reactions
from assistant.surfaces.web.documents import (
    ConversationDocument,
    DeletedDocument,
    EventBody,
    ExamplesDocument,
    ExportDocument,
    ItemBody,
    MeDocument,
    RankBody,
    RecordedDocument,
    TasteBody,
    TasteChange,
    TranscriptDocument,
    TurnDocument,
    WhyBody,
)
from assistant.surfaces.web.state import Web
from assistant.taste_proposals import proposals
from assistant.taste_words import taste_words
from assistant.tastes import confirm, correct, forget, propose, remember, tastes
from assistant.types import Statement
from assistant.users import erase_user
from assistant.why import why as explain_place

routes = APIRouter(prefix="/api")
Who = Annotated[Caller, Depends(caller)]
Server = Annotated[Web, Depends(web)]
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {}}
"""Of routes about something that may not be there; see ``described``."""


@routes.post("/session", summary="Turn a key into a session of this browser")
async def session(who: Who, server: Server, request: Request, response: Response) -> MeDocument:
    """Sets the cookie that the page goes on with. Send the key as ``Authorization: Bearer KEY``."""
    _, cookie = server.sessions.start(who)
    set_session(request, response, cookie)
    return await me(who, server)


@routes.post("/rank", dependencies=[Depends(place)], summary="Rank items")
async def rank(body: RankBody, who: Who, server: Server) -> RankDocument:
    ranked = await server.assistant.rank(
        user=who.user if body.history is None else None, history=body.history, candidates=body.candidates, k=body.k
    )
    return RankDocument(
        request_id="", ranking=[item_id for item_id, _ in ranked], scores=[score for _, score in ranked]
    )


@routes.post(
    "/explain",
    dependencies=[Depends(place)],
    responses=UNKNOWN,
    summary="Say why an item would suit the caller",
)
async def explain(body: ItemBody, who: Who, server: Server) -> ExplainedDocument:
    card = await server.assistant.explain(who.user, body.item_id)
    return ExplainedDocument(user=who.user, recommendation=RecommendationDocument.of(card))


@routes.post(
    "/why",
    dependencies=[Depends(place)],
    responses=UNKNOWN,
    summary="Take an item's place in the caller's list apart",
)
async def why(body: WhyBody, who: Who, server: Server) -> WhyDocument:
    serving = await server.assistant.serving()
    if not await asyncio.to_thread(server.assistant.store.events, who.user):
        raise UnknownNameError("Nothing is known of you yet. Say what you like first, with: POST /api/events")
    found = await asyncio.to_thread(
        explain_place,
        server.assistant.store,
        serving.catalogue,
        serving.ranker,
        who.user,
        body.item_id,
        k=body.k,
        diversity=server.settings.diversity,
    )
    return WhyDocument.of(found)


@routes.post("/events", summary="Record what the caller did with an item")
async def events(body: EventBody, who: Who, server: Server) -> RecordedDocument:
    """It survives a crash once this is answered, and counts from the next request on."""
    event = make_event(who.user, body.item_id, body.kind, value=body.value, event_id=body.event_id)

    def record() -> bool:
        stored = server.assistant.store.events_by_id([event.event_id]).get(event.event_id)
        # Whose it is, and of what, is nothing to tell this caller.
        if stored is not None and stored.user_id != who.user:
            raise UserError(f"The event_id {event.event_id!r} is taken. Give this event an id of its own, or none.")
        return record_event(server.assistant.store, event)

    return RecordedDocument(new=await asyncio.to_thread(record))


@routes.get("/examples", summary="A few requests that this catalogue can answer")
async def examples(who: Who, server: Server) -> ExamplesDocument:
    serving = await server.assistant.serving()
    found = example_requests(serving)
    return ExamplesDocument(items=len(serving.catalogue), examples=found, pictures=server.pictures.on)


# conversations


@routes.get("/conversations", summary="The caller's conversations, the last first")
async def conversations(who: Who, server: Server) -> list[ConversationDocument]:
    rows = await asyncio.to_thread(server.assistant.store.conversations.of, who.user)
    return [
        ConversationDocument(conversation=name, started=first, latest=last, turns=turns, title=title)
        for name, first, last, turns, title in rows
    ]


@routes.get("/conversations/{conversation:path}", responses=UNKNOWN, summary="A whole conversation")
async def transcript(conversation: str, who: Who, server: Server) -> TranscriptDocument:
    turns = await asyncio.to_thread(server.assistant.store.conversations.turns, who.user, conversation)
    if not turns:
        raise UnknownNameError(f"You have no conversation {conversation!r}.")
    serving = await server.assistant.serving()
    said = reactions(await asyncio.to_thread(server.assistant.store.events, who.user))
    shown = []
    for message, reply in turns:
        cards = []
        for card in reply.get("recommendations", ()):
            row = serving.catalogue.row_of.get(card["item_id"])
            item = None if row is None else serving.catalogue.item(row)
            more = {
                "details": "" if item is None else facts_line(item),
                "picture": None if item is None else picture_of(item, server),
                "reactions": said.get(card["item_id"], []),
            }
            cards.append(card | more)
        reply = {name: value for name, value in reply.items() if name != "state"}
        shown.append(TurnDocument(message=message, reply=reply, cards=cards))
    return TranscriptDocument(conversation=conversation, turns=shown)


@routes.delete("/conversations/{conversation:path}", responses=UNKNOWN, summary="Erase a conversation")
async def delete_conversation(conversation: str, who: Who, server: Server) -> DeletedDocument:
    rows = await asyncio.to_thread(server.assistant.store.conversations.delete, who.user, conversation)
    return DeletedDocument(rows=rows)


# taste memory


@routes.get("/tastes", summary="What the caller said of themselves, and what is guessed")
async def list_tastes(who: Who, server: Server) -> list[TasteDocument]:
    found = await asyncio.to_thread(tastes, server.assistant.store, who.user)
    return [TasteDocument.of(entry) for entry in found]


@routes.post("/tastes", summary="Remember something")
async def add_taste(body: TasteBody, who: Who, server: Server) -> list[TasteDocument]:
    statement = Statement(**body.model_dump())
    await asyncio.to_thread(remember, server.assistant.store, who.user, [statement])
    return await list_tastes(who, server)


@routes.post("/tastes/propose", summary="Guess tastes from what the caller did")
async def propose_tastes(who: Who, server: Server) -> list[TasteDocument]:
    """Each with the items it rests on; none counts until it is confirmed."""
    serving = await server.assistant.serving()

    def guess() -> None:
        store = server.assistant.store
        profile = UserProfile(who.user, store.events(who.user), serving.catalogue, store.rating_scale())
        propose(store, who.user, proposals(profile, serving.catalogue, taste_words()))

    await asyncio.to_thread(guess)
    return await list_tastes(who, server)


@routes.patch("/tastes/{entry_id}", responses=UNKNOWN, summary="Correct an entry")
async def change_taste(entry_id: str, body: TasteChange, who: Who, server: Server) -> TasteDocument:
    changed = await asyncio.to_thread(lambda: correct(server.assistant.store, who.user, entry_id, **body.model_dump()))
    return TasteDocument.of(changed)


@routes.post("/tastes/{entry_id}/confirm", responses=UNKNOWN, summary="Put a guess in force")
async def confirm_taste(entry_id: str, who: Who, server: Server) -> TasteDocument:
    return TasteDocument.of(await asyncio.to_thread(confirm, server.assistant.store, who.user, entry_id))


@routes.delete("/tastes/{entry_id}", responses=UNKNOWN, summary="Forget an entry")
async def delete_taste(entry_id: str, who: Who, server: Server) -> DeletedDocument:
    gone = await asyncio.to_thread(forget, server.assistant.store, who.user, entry_id)
    return DeletedDocument(rows=len(gone))


# the caller


@routes.get("/me", summary="Who the caller is, and how much is kept")
async def me(who: Who, server: Server) -> MeDocument:
    store = server.assistant.store
    return MeDocument(
        user=who.user,
        events=len(await asyncio.to_thread(store.events, who.user)),
        conversations=len(await asyncio.to_thread(store.conversations.of, who.user)),
        tastes=len(await asyncio.to_thread(store.tastes.of, who.user)),
    )


@routes.get("/me/export", response_model=ExportDocument, summary="Everything that is kept about the caller")
async def export_me(who: Who, server: Server) -> Response:
    kept: dict[str, Any] = await asyncio.to_thread(server.assistant.store.export_user, who.user)
    data = orjson.dumps({"user": who.user, **jsonable(kept)}, option=orjson.OPT_INDENT_2)
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/json", headers=headers)


@routes.delete("/me", summary="Erase the caller")
async def delete_me(who: Who, server: Server) -> DeletedDocument:
    """From every file, with the ranking models that learned from them. The session goes on, as that of somebody new."""
    erased = await asyncio.to_thread(erase_user, server.assistant.store, who.user)
    return DeletedDocument(rows=erased.rows)
