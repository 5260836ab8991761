"""An OpenAI-compatible endpoint, so that any chat front end can be one of ours.

Such clients send the whole conversation each time. What the user said in it says which of the stored conversations it is:
the latest one of the caller with the same messages goes on; one that ends in the same message is said again, and replaced.
Recommendations come as Markdown in the message, and as documents in its field ``recommendations``.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Header
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from assistant.documents import (
    MAX_MESSAGE,
    Document,
    RecommendationDocument,
    RepliedDocument,
    jsonable,
)
from assistant.documents.replies import QuestionDocument
from assistant.errors import UserError
from assistant.store import Store
from assistant.surfaces.markdown import card, closing, markdown, opening
from assistant.surfaces.web.accounts import Caller
from assistant.surfaces.web.asking import caller, place, web
from assistant.surfaces.web.chat import told
from assistant.surfaces.web.documents import ConversationId
from assistant.surfaces.web.state import Web
from assistant.types import Message, RankedList, Recommended, Replied, Reply

MODEL = "recommender-assistant"
LOOKED_AT = 50
"""Conversations of a caller, from the latest, that are compared with what a client sends."""

CHUNK = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}
"""An event of a stream: a chunk as JSON, at last ``[DONE]``."""

routes = APIRouter(prefix="/v1")


class Part(BaseModel):
    """A part of a message; only text is read."""

    model_config = ConfigDict(extra="allow", strict=True)
    type: str
    text: str | None = None


class ChatMessage(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    def words(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.text)
        return self.content or ""


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)
    include_usage: bool = False


class CompletionBody(BaseModel):
    """A request of a client. Settings of sampling are taken and have no meaning here: the ranking is not sampled."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        json_schema_extra={"examples": [{"messages": [{"role": "user", "content": "a quiet western"}]}]},
    )
    model: str = MODEL
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=1_000)]
    stream: bool = False
    stream_options: StreamOptions | None = None


class Answer(Document):
    """The message of a choice; what OpenAI's do not have are fields of ``RepliedDocument``."""

    role: Literal["assistant"]
    content: str
    """Markdown."""
    refusal: None
    recommendations: list[RecommendationDocument]
    acting_on: list[str]
    question: QuestionDocument | None
    conversation: str


class Choice(Document):
    index: Literal[0]
    message: Answer
    finish_reason: Literal["stop"]
    logprobs: None


class Usage(Document):
    """Tokens of the language model; none where it took no part."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionDocument(Document):
    """A whole reply."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    """As the request named it."""
    choices: list[Choice]
    usage: Usage


class ModelDocument(Document):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsDocument(Document):
    object: Literal["list"]
    data: list[ModelDocument]


@routes.get("/models", summary="The one model there is")
async def models(who: Annotated[Caller, Depends(caller)]) -> ModelsDocument:
    return ModelsDocument(object="list", data=[ModelDocument(id=MODEL, object="model", created=0, owned_by=MODEL)])


@routes.post(
    "/chat/completions",
    dependencies=[Depends(place)],
    response_model=CompletionDocument,
    responses={200: {"content": {"text/event-stream": {"itemSchema": CHUNK}}}, 502: {}},
    summary="Say something, as an OpenAI client does",
)
async def completions(
    body: CompletionBody,
    who: Annotated[Caller, Depends(caller)],
    server: Annotated[Web, Depends(web)],
    x_conversation: Annotated[ConversationId | None, Header()] = None,
) -> Response:
    """The last message has to be the user's. ``X-Conversation`` names the conversation where a client can; else what was said
    before tells which one it is."""
    said = [message.words() for message in body.messages if message.role == "user"]
    if body.messages[-1].role != "user" or not said:
        raise UserError("The last message has to be one of the role 'user'.")
    if len(said[-1]) > MAX_MESSAGE:
        raise UserError(f"The message has {len(said[-1]):,} characters; it may have {MAX_MESSAGE:,}. Shorten it.")
    if x_conversation is not None:
        conversation, edits = x_conversation, False
    else:
        conversation, edits = await asyncio.to_thread(which, server.assistant.store, who.user, said)
    message = Message(user=who.user, text=said[-1], conversation=conversation, edits=edits)
    completion = _Completion(f"chatcmpl-{uuid.uuid4().hex}", int(time.time()), body.model)
    if body.stream:
        usage = body.stream_options is not None and body.stream_options.include_usage
        chunks = _chunks(server, message, completion, usage=usage)
        first = await anext(chunks)  # a refusal is an answer with its own status, not a stream that ends at once
        return StreamingResponse(_joined(first, chunks), media_type="text/event-stream")
    async with aclosing(server.turn(message)) as events:
        async for event in events:
            if isinstance(event, Replied):
                return JSONResponse(completion.whole(event.reply))
    raise AssertionError("a turn ended without a reply")


def which(store: Store, user: str, said: Sequence[str]) -> tuple[str, bool]:
    """The conversation that goes on where these messages of a user were said, the last of them now; and whether the last
    one stands there already, and is said again."""
    for name, _, _, turns, title in store.conversations.of(user)[:LOOKED_AT]:
        if title != said[0] or turns not in (len(said) - 1, len(said)):
            continue
        stored = [message for message, _ in store.conversations.turns(user, name)]
        if stored == list(said[:-1]) and stored:
            return name, False
        if stored == list(said) and len(said) > 1:
            return name, True
    return uuid.uuid4().hex, False


class _Completion:
    """What all parts of an answer have in common."""

    def __init__(self, completion_id: str, created: int, model: str) -> None:
        self._head = {"id": completion_id, "created": created, "model": model}

    def whole(self, reply: Reply) -> dict[str, Any]:
        message = {"role": "assistant", "content": markdown(reply), "refusal": None, **_structured(reply)}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": _usage(reply)}

    def chunk(self, delta: dict[str, Any], *, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return self.line({**self._head, "object": "chat.completion.chunk", "choices": [choice]})

    def used(self, reply: Reply) -> bytes:
        return self.line({**self._head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(reply)})

    @staticmethod
    def line(document: object) -> bytes:
        return b"data: " + orjson.dumps(document) + b"\n\n"


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


async def _chunks(server: Web, message: Message, completion: _Completion, *, usage: bool) -> AsyncIterator[bytes]:
    """The text of the reply, then a chunk per card once it is verified."""
    started = False
    try:
        async with aclosing(server.turn(message)) as events:
            async for event in events:
                if isinstance(event, RankedList):
                    started = True
                    yield completion.chunk({"role": "assistant", "content": opening(event.text, event.acting_on)})
                elif isinstance(event, Recommended):
                    shown = RecommendationDocument.of(event.recommendation).model_dump(mode="json")
                    text = "\n\n" + card(event.recommendation)
                    yield completion.chunk({"content": text, "recommendations": [shown]})
                elif isinstance(event, Replied):
                    if below := closing(event.reply):
                        yield completion.chunk({"content": "\n\n" + below})
                    yield completion.chunk({}, finish="stop")
                    if usage:
                        yield completion.used(event.reply)
    except Exception as error:
        if not started:
            raise
        body = told(error)
        yield completion.line({"error": {"type": body.kind, "message": body.message}})
    yield b"data: [DONE]\n\n"


def _structured(reply: Reply) -> dict[str, Any]:
    document = RepliedDocument.of(reply).model_dump(mode="json")
    return {name: document[name] for name in ("recommendations", "acting_on", "question", "conversation")}


def _usage(reply: Reply) -> dict[str, int]:
    usage = jsonable(reply.trace).get("usage") or {}
    prompt, completion = int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
