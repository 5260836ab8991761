"""The LangChain integration, by LangChain's own standard tests and ours."""

from __future__ import annotations

import pytest

pytest.importorskip("langchain_tests")

from langchain_tests.integration_tests import RetrieversIntegrationTests, ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from assistant.blocking import connect
from assistant.documents import RecommendationDocument, RepliedDocument
from assistant.errors import UserError
from assistant.ingest import index_items
from assistant.surfaces.langchain import AssistantRetriever, AssistantRunnable, recommend_tool
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
