"""The assistant as a server of the Model Context Protocol: five tools, over stdio or streamable HTTP.

Whoever connects is somebody before a tool is called: the user that the server was started for, or over HTTP the one that a
key speaks for. No tool takes a user, so no text that a model reads can make it ask for somebody else.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field

from assistant.documents import (
    MAX_ID,
    MAX_MESSAGE,
    Document,
    EventDocument,
    ExplainedDocument,
    RecommendationDocument,
    RepliedDocument,
)
from assistant.errors import AssistantError, DataError, UnknownNameError, did_you_mean
from assistant.feedback import make_event, record_event
from assistant.surfaces.markdown import card, markdown
from assistant.turn import Assistant
from assistant.types import EventKind, Message, Reply

T = TypeVar("T")
LOCAL_USER = "local"
"""Who asks where nobody is named."""
CALLER = "assistant.user"
"""Where a request's scope keeps who asks."""
INSTRUCTIONS = (
    "Recommends items of one catalogue, each with a reason whose claims were checked against the catalogue and what is "
    "known of the user. Pass the user's wishes on in the user's own words. Show reasons as they are; do not add to them. "
    "Use refine for what is said next in the same conversation, why_not when an item is missed, and give_feedback when "
    "the user says what they think of an item."
)
_log = logging.getLogger("assistant.mcp")

Request = Annotated[
    str, Field(min_length=1, max_length=MAX_MESSAGE, description="What the user wants, in their words.")
]
ItemId = Annotated[str, Field(min_length=1, max_length=MAX_ID, description="The item_id of a recommendation.")]
Conversation = Annotated[
    str | None,
    Field(
        max_length=MAX_ID,
        description="The conversation of an earlier answer, to go on with it; left out, the user's current one.",
    ),
]
AboutTurn = Annotated[CallToolResult, RepliedDocument]
AboutItem = Annotated[CallToolResult, ExplainedDocument]
Recorded = Annotated[CallToolResult, EventDocument]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What a tool answers: words for the model to read and a document for programs."""

    text: str
    document: Document

    def result(self) -> CallToolResult:
        content = TextContent(type="text", text=self.text)
        return CallToolResult(content=[content], structured_content=json.loads(self.document.encode()))


def create_server(
    assistant: Assistant,
    *,
    user: str | None = None,
    local: bool = True,
    replied: Callable[[Reply], None] = lambda _: None,
) -> MCPServer[Any]:
    """The server over an open assistant. ``user`` is who asks where no key says it; ``replied`` hears of every reply.

    With ``local`` the caller is on this machine and is told what is wrong with the data, paths included.
    """
    server: MCPServer[Any] = MCPServer(
        "recommender-assistant",
        title="Recommender assistant",
        instructions=INSTRUCTIONS,
        log_level="WARNING",
    )
    told = _Tools(assistant, user or LOCAL_USER, local, replied)
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    talks = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
    server.tool(annotations=talks)(told.recommend)
    server.tool(annotations=talks)(told.refine)
    server.tool(annotations=reads)(told.explain)
    server.tool(annotations=talks)(told.why_not)
    server.tool(annotations=talks)(told.give_feedback)
    return server


class _Tools:
    """The tools. Their docstrings and fields are what a model reads of them."""

    def __init__(self, assistant: Assistant, user: str, local: bool, replied: Callable[[Reply], None]) -> None:
        self._assistant = assistant
        self._user = user
        self._local = local
        self._replied = replied

    async def recommend(self, request: Request, ctx: Context, conversation: Conversation = None) -> AboutTurn:
        """Recommend items for a request, each with a verified reason. What is asked for is a promise: every item meets
        it. Go on with `refine` and the `conversation` of the answer."""
        return await self._turn(ctx, request, conversation)

    async def refine(
        self,
        ctx: Context,
        request: Annotated[
            str, Field(max_length=MAX_MESSAGE, description="What is to change, in the user's words.")
        ] = "",
        take_back: Annotated[
            list[str],
            Field(max_length=100, description="The held_id of what no longer counts, from `held` of the last answer."),
        ] = [],  # noqa: B006 - the protocol's default; never changed
        conversation: Conversation = None,
    ) -> AboutTurn:
        """Change what stands: "shorter", "not the second one", "others", "nothing animated". Answers with a new list.
        Give `request`, `take_back` or both."""
        return await self._turn(ctx, request, conversation, take_back=tuple(take_back))

    async def explain(self, item_id: ItemId, ctx: Context) -> AboutItem:
        """Say why one item would suit the user, with the evidence of every claim."""
        user = self._who(ctx)

        async def told() -> _Told:
            found = await self._assistant.explain(user, item_id)
            document = ExplainedDocument(user=user, recommendation=RecommendationDocument.of(found))
            return _Told(text=card(found), document=document)

        return await self._answered(told)

    async def why_not(self, item_id: ItemId, ctx: Context, conversation: Conversation = None) -> AboutTurn:
        """Say why an item is not among the recommendations of the conversation: which promise it breaks, what is known
        of it already, or what stands before it."""

        async def told() -> _Told:
            serving = await self._assistant.serving()
            title = serving.catalogue.item(await self._row(item_id)).title
            return _said(await self._reply(ctx, f"Why not “{title}”?", conversation))

        return await self._answered(told)

    async def give_feedback(
        self,
        item_id: ItemId,
        kind: Annotated[EventKind, Field(description="What the user did with the item, or thinks of it.")],
        ctx: Context,
        value: Annotated[float | None, Field(description="With kind `rating`: the number of stars or points.")] = None,
    ) -> Recorded:
        """Record what the user thinks of an item or did with it. It counts from the next recommendation on."""
        user = self._who(ctx)

        async def told() -> _Told:
            await self._row(item_id)
            event = make_event(user, item_id, kind, value=value)
            new = await asyncio.to_thread(record_event, self._assistant.store, event)
            document = EventDocument(
                event_id=event.event_id,
                user=event.user_id,
                item_id=event.item_id,
                kind=event.kind,
                value=event.value,
                timestamp=event.timestamp,
                new=new,
                known_item=True,
            )
            return _Told(text=f"Recorded: {kind} of {event.item_id}.", document=document)

        return await self._answered(told)

    async def _turn(
        self, ctx: Context, request: str, conversation: str | None, take_back: tuple[str, ...] = ()
    ) -> CallToolResult:
        async def told() -> _Told:
            return _said(await self._reply(ctx, request, conversation, take_back))

        return await self._answered(told)

    async def _reply(self, ctx: Context, text: str, conversation: str | None, take_back: tuple[str, ...] = ()) -> Reply:
        message = Message(user=self._who(ctx), text=text, conversation=conversation, take_back=take_back)
        reply = await self._assistant.reply(message)
        self._replied(reply)
        return reply

    async def _row(self, item_id: str) -> int:
        serving = await self._assistant.serving()
        row = serving.catalogue.row_of.get(item_id)
        if row is None:
            raise UnknownNameError(f"There is no item {item_id!r}.{did_you_mean(item_id, serving.catalogue.ids)}")
        return row

    def _who(self, ctx: Context) -> str:
        """The user of a request. Raises ``ToolError`` where a key was needed and none was examined."""
        request = ctx.request_context.request
        if request is None:
            return self._user
        user: str | None = request.scope.get(CALLER)
        if user is None:
            raise ToolError("It is not known who asks.")
        return user

    async def _answered(self, told: Callable[[], Awaitable[_Told]]) -> CallToolResult:
        """The answer, or what the model is told of why there is none."""
        try:
            return (await told()).result()
        except DataError as error:
            _log.error("%s", error)
            if self._local:
                raise ToolError(str(error)) from error
            raise ToolError("The data of this server cannot be used at the moment.") from error
        except AssistantError as error:
            raise ToolError(str(error)) from error


def _said(reply: Reply) -> _Told:
    """A reply without its trace, which is for whoever runs the server."""
    return _Told(text=markdown(reply), document=RepliedDocument.of(replace(reply, trace={})))
