"""The assistant for LangChain: a retriever, a tool, and a runnable for the whole turn. All take what ``connect`` opens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing
from typing import Any, cast

from assistant.errors import MissingExtraError, UserError

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.runnables import Runnable, RunnableConfig
    from langchain_core.tools import StructuredTool
except ImportError as error:
    raise MissingExtraError("The LangChain integration", "langchain") from error
from pydantic import BaseModel, ConfigDict, Field

from assistant.blocking import BlockingAssistant
from assistant.documents import MAX_MESSAGE, RecommendationDocument, RepliedDocument
from assistant.surfaces.markdown import markdown
from assistant.surfaces.render import facts_line, heading
from assistant.types import Recommended, Replied, TurnEvent


class AssistantRetriever(BaseRetriever):
    """The items that suit a request best, as documents with ``id``, ``title`` and ``score``. Leaves no trace in a
    conversation. Raises an ``AssistantError``."""

    assistant: BlockingAssistant
    user: str = ""
    """Whose history counts; blank for nobody's."""
    k: int = Field(default=10, ge=1)
    """How many documents."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        found = self.assistant.candidates(query, user=self.user, k=k or self.k)
        return [
            Document(
                id=item.item_id,
                page_content="\n".join(
                    filter(None, (heading(item.title, item.year), facts_line(item), item.description))
                ),
                metadata={"id": item.item_id, "title": item.title, "score": score},
            )
            for item, score in found
        ]


class RecommendInput(BaseModel):
    """What a model passes to the tool. It names no user."""

    model_config = ConfigDict(extra="forbid")

    request: str = Field(min_length=1, max_length=MAX_MESSAGE, description="What the user wants, in their own words.")


def recommend_tool(assistant: BlockingAssistant, user: str, *, conversation: str | None = None) -> StructuredTool:
    """A tool that answers one message of ``user``: Markdown for the model, a ``RepliedDocument`` as the artifact."""

    def recommend(request: str) -> tuple[str, RepliedDocument]:
        reply = assistant.chat(request, user=user, conversation=conversation)
        return markdown(reply), RepliedDocument.of(reply)

    return StructuredTool.from_function(
        func=recommend,
        name="recommend",
        description="Recommend items of the catalogue, each with a checked reason; also for changes of the last list.",
        args_schema=RecommendInput,
        response_format="content_and_artifact",
    )


Output = RecommendationDocument | RepliedDocument


class AssistantRunnable(Runnable[str, Output]):
    """A whole turn: text in, ``RepliedDocument`` out. Streams each card once it is verified, then the reply.

    The user is given here or as ``config["configurable"]["user"]``, the conversation as ``thread_id`` beside it.
    """

    def __init__(self, assistant: BlockingAssistant, user: str | None = None) -> None:
        self._assistant = assistant
        self._user = user

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> Output:
        return self._call_with_config(self._reply, input, config)

    def _reply(self, text: str, run_manager: Any, config: RunnableConfig) -> Output:
        for shown in self._shown(text, config):
            if isinstance(shown, RepliedDocument):
                return shown
        raise AssertionError("a turn ended without a reply")

    def stream(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Output]:
        """Callbacks are told of the turn as of any chain: its input, each document, and the reply as its output."""
        turn: list[Generator[Output, None, None]] = []

        def begun(texts: Iterator[str], run_manager: Any, config: RunnableConfig) -> Iterator[Output]:
            turn.append(self._shown(next(texts), config))
            return turn[0]

        try:
            yield from self._transform_stream_with_config(iter([input]), begun, config)
        finally:
            for shown in turn:
                shown.close()

    async def astream(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> AsyncIterator[Output]:
        """As ``stream``. A reader that leaves stops the turn after the event that is under way."""

        async def given() -> AsyncIterator[str]:
            yield input

        stream = self._atransform_stream_with_config(given(), self._turn, config)
        async with aclosing(cast("AsyncGenerator[Output, None]", stream)) as shown:
            async for document in shown:
                yield document

    async def _turn(
        self, texts: AsyncIterator[str], run_manager: Any, config: RunnableConfig
    ) -> AsyncGenerator[Output, None]:
        shown = self._shown(await anext(texts), config)
        ahead: asyncio.Future[Output | None] | None = None
        try:
            while True:
                ahead = asyncio.ensure_future(asyncio.to_thread(next, shown, None))
                if (document := await asyncio.shield(ahead)) is None:
                    return
                yield document
        finally:
            if ahead is not None and not ahead.done():
                await asyncio.wait([ahead])
            await asyncio.to_thread(shown.close)

    def _shown(self, text: str, config: RunnableConfig) -> Generator[Output, None, None]:
        given = config.get("configurable", {})
        user = self._user or given.get("user")
        if not user:
            raise UserError(
                "It is not known who asks. Give AssistantRunnable a user, or config['configurable']['user']."
            )
        for event in self._assistant.stream(text, user=user, conversation=given.get("thread_id")):
            if (document := _document(event)) is not None:
                yield document


def _document(event: TurnEvent) -> Output | None:
    if isinstance(event, Recommended):
        return RecommendationDocument.of(event.recommendation)
    return RepliedDocument.of(event.reply) if isinstance(event, Replied) else None
