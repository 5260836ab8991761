"""The LangChain integration, by LangChain's own standard tests and ours."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

pytest.importorskip("langchain_tests")

from langchain_core.callbacks import BaseCallbackHandler
from langchain_tests.integration_tests import RetrieversIntegrationTests, ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from assistant.blocking import connect
from assistant.documents import RecommendationDocument, RepliedDocument
from assistant.errors import UserError
from assistant.ingest import index_items
from assistant.surfaces.langchain import AssistantRetriever, AssistantRunnable, recommend_tool
from assistant.types import Recommended
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import offline_settings
from vectorstore.embed_hashing import HashingEmbedder

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    with connect(folder, settings=offline_settings()) as assistant:
        yield assistant


@pytest.fixture
def given(request, opened):
    request.instance.opened = opened


@pytest.mark.usefixtures("given")
class TestRetriever(RetrieversIntegrationTests):
    @property
    def retriever_constructor(self):
        return AssistantRetriever

    @property
    def retriever_constructor_params(self):
        return {"assistant": self.opened}

    @property
    def retriever_query_example(self):
        return "a film in space"


class _Tool:
    @property
    def tool_constructor(self):
        return recommend_tool(self.opened, "ana")

    @property
    def tool_invoke_params_example(self):
        return {"request": "a comedy"}


@pytest.mark.usefixtures("given")
class TestToolUnit(_Tool, ToolsUnitTests):
    pass


@pytest.mark.usefixtures("given")
class TestToolIntegration(_Tool, ToolsIntegrationTests):
    pass


def test_documents_meet_what_was_asked(opened):
    found = AssistantRetriever(assistant=opened, k=3).invoke("a comedy")
    assert found
    assert all("Comedy" in document.page_content for document in found)
    assert all(document.metadata.keys() == {"id", "title", "score"} for document in found)


async def test_a_turn_streams_cards_and_then_the_reply(opened):
    runnable = AssistantRunnable(opened, "ben")
    shown = [document async for document in runnable.astream("a comedy", {"configurable": {"thread_id": "one"}})]
    assert isinstance(shown[-1], RepliedDocument)
    assert shown[-1].conversation == "one"
    assert shown[:-1] == shown[-1].recommendations
    assert all(isinstance(document, RecommendationDocument) for document in shown[:-1])


def test_who_asks_is_never_guessed(opened):
    with pytest.raises(UserError, match="who asks"):
        AssistantRunnable(opened).invoke("a comedy")
    asked = AssistantRunnable(opened).invoke("a comedy", {"configurable": {"user": "eva"}})
    assert asked.user == "eva"


class Heard(BaseCallbackHandler):
    """What callbacks are told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def on_chain_start(self, serialized, inputs, **kwargs) -> None:
        self.told.append(("start", inputs))

    def on_chain_end(self, outputs, **kwargs) -> None:
        self.told.append(("end", outputs))
        self.inputs = kwargs.get("inputs")

    def on_chain_error(self, error, **kwargs) -> None:
        self.told.append(("error", error))


async def shown_by(runnable, way, text, config):
    if way == "invoke":
        return [runnable.invoke(text, config)]
    if way == "ainvoke":
        return [await runnable.ainvoke(text, config)]
    if way == "stream":
        return list(runnable.stream(text, config))
    return [document async for document in runnable.astream(text, config)]


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
async def test_callbacks_are_told_of_a_turn_however_it_is_asked_for(opened, way):
    heard = Heard()
    shown = await shown_by(AssistantRunnable(opened, "mia"), way, "a comedy", {"callbacks": [heard]})
    assert [name for name, _ in heard.told] == ["start", "end"]
    assert heard.told[-1][1] == shown[-1]
    assert isinstance(shown[-1], RepliedDocument)
    if way in ("stream", "astream"):
        assert heard.inputs == "a comedy"


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
async def test_callbacks_are_told_of_what_failed(opened, way):
    heard = Heard()
    with pytest.raises(UserError, match="who asks"):
        await shown_by(AssistantRunnable(opened), way, "a comedy", {"callbacks": [heard]})
    assert [name for name, _ in heard.told] == ["start", "error"]
    assert isinstance(heard.told[-1][1], UserError)


async def test_events_of_a_chain_hold_each_card(opened):
    kinds = []
    async for event in AssistantRunnable(opened, "mia").astream_events("a comedy", version="v2"):
        chunk = event["data"].get("chunk")
        kinds.append((event["event"], type(chunk).__name__ if chunk is not None else None))
    assert kinds[0] == ("on_chain_start", None)
    assert kinds[1:-2] == [("on_chain_stream", "RecommendationDocument")] * (len(kinds) - 3)
    assert kinds[-2:] == [("on_chain_stream", "RepliedDocument"), ("on_chain_end", None)]


@pytest.mark.parametrize("way", ["stream", "astream"])
async def test_a_reader_that_leaves_stops_the_turn(opened, way, monkeypatch):
    turn = opened.core.stream

    async def held(message):
        async with aclosing(turn(message)) as events:
            async for event in events:
                yield event
                if isinstance(event, Recommended) and message.user.startswith("leaves"):
                    await asyncio.sleep(3600)  # a turn without a model would be over before its reader has left

    monkeypatch.setattr(opened.core, "stream", held)
    runnable = AssistantRunnable(opened, f"leaves {way}")
    if way == "stream":
        stream = runnable.stream("a comedy")
        assert isinstance(next(stream), RecommendationDocument)
        stream.close()
    else:
        astream = runnable.astream("a comedy")
        assert isinstance(await anext(astream), RecommendationDocument)
        await astream.aclose()
    assert opened.core.store.conversations.of(f"leaves {way}") == []
    assert AssistantRunnable(opened, f"stays {way}").invoke("a comedy").recommendations
