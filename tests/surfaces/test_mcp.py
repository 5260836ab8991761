"""The MCP server, spoken to by the client of the official package: over stdio to a process, and over HTTP."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import asynccontextmanager

import httpx
import pytest

pytest.importorskip("mcp")

import uvicorn
from mcp import Client, MCPError, StdioServerParameters

from assistant.ingest import index_items
from assistant.llm.scripted import ScriptedAnswer, ScriptedModel
from assistant.store import Store
from assistant.surfaces.mcp_http import create_app
from assistant.surfaces.web.accounts import Keys
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import good_answer, opened
from vectorstore.embed_hashing import HashingEmbedder

pytestmark = pytest.mark.anyio
TOOLS = {"recommend", "refine", "explain", "why_not", "give_feedback"}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def folder(tmp_path):
    index_items(FILMS, tmp_path / "films", embedder=HashingEmbedder())
    return tmp_path / "films"


@asynccontextmanager
async def over_http(folder, *, user=None, model=None, **settings):
    async with opened(folder, model=model, **settings) as assistant:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            config = uvicorn.Config(
                create_app(assistant, folder, user=user), log_config=None, timeout_graceful_shutdown=2
            )
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            while not server.started:  # noqa: ASYNC110 - uvicorn tells it by a flag
                await asyncio.sleep(0.01)
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
            finally:
                server.should_exit = True
                await serving


async def conversation(client):
    """Every tool once; returns whom the server took the caller for."""
    tools = (await client.list_tools()).tools
    assert {tool.name for tool in tools} == TOOLS
    assert all(tool.output_schema for tool in tools)
    assert not any("user" in tool.input_schema["properties"] for tool in tools)
    first = (await client.call_tool("recommend", {"request": "a comedy"})).structured_content
    assert first["recommendations"]
    assert {claim["verdict"] for card in first["recommendations"] for claim in card["explanation"]["claims"]} <= {
        "supported",
        "uncheckable",
    }
    back = {"take_back": [first["held"][0]["held_id"]], "conversation": first["conversation"]}
    refined = (await client.call_tool("refine", back)).structured_content
    assert refined["held"] == []
    missed = (await client.call_tool("why_not", {"item_id": "alien"})).structured_content
    assert missed["intent"] == "why_not"
    assert "Alien" in missed["text"]
    liked = (await client.call_tool("give_feedback", {"item_id": "alien", "kind": "like"})).structured_content
    assert liked["new"]
    explained = await client.call_tool("explain", {"item_id": "aliens"})
    assert "which you liked" in explained.structured_content["recommendation"]["explanation"]["text"]
    assert (
        explained.structured_content["recommendation"]["explanation"]["text"].split(",")[0] in explained.content[0].text
    )
    wrong = await client.call_tool("give_feedback", {"item_id": "alein", "kind": "like"})
    assert wrong.is_error
    assert "Did you mean 'alien'?" in wrong.content[0].text
    return {first["user"], liked["user"]}


async def test_stdio_with_the_user_of_the_command(folder):
    arguments = ["-m", "assistant.cli", "mcp", "--data", str(folder), "--user", "ana", "--llm", "none"]
    environment = {"ASSISTANT_EMBEDDER": "hashing", "OMP_NUM_THREADS": "1"}
    parameters = StdioServerParameters(command=sys.executable, args=arguments, env=environment)
    async with Client(parameters, read_timeout_seconds=60) as client:
        assert await conversation(client) == {"ana"}
    with Store(folder) as store:
        assert [event.item_id for event in store.events("ana")] == ["alien"]


async def test_http_on_this_machine_and_no_user_from_arguments(folder):
    async with over_http(folder) as url, Client(url, read_timeout_seconds=60) as client:
        assert await conversation(client) == {"local"}
        named = await client.call_tool("recommend", {"request": "a comedy", "user": "eve"})
        assert named.is_error or named.structured_content["user"] == "local"


async def test_http_keys_say_who_asks(folder):
    token = Keys(folder).add("acme", "ana")
    async with over_http(folder, user="eve") as url, httpx.AsyncClient(trust_env=False) as plain:
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        for headers in ({}, {"Authorization": "Bearer ra_wrong"}, {"Authorization": f"Basic {token}"}):
            answer = await plain.post(url, json=asked, headers=headers)
            assert answer.status_code == 401
            assert answer.json()["error"]["data"]["kind"] == "not_allowed"
        allowed = {"Authorization": f"Bearer {token}"}
        assert (await plain.post(url, json=asked, headers={**allowed, "Host": "evil.example"})).status_code == 421
        other = await plain.post(url, json=asked, headers={**allowed, "X-User": "eve"})
        assert other.status_code == 401


# how much may be asked for


@asynccontextmanager
async def posting(url, **headers):
    """A plain client, for what the status and the headers of an answer are."""
    accepted = {"Accept": "application/json, text/event-stream", **headers}
    async with httpx.AsyncClient(trust_env=False, headers=accepted, timeout=60) as plain:

        async def post(method, **params):
            return await plain.post(url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})

        yield post


def refusal(answer):
    return answer.status_code, answer.json()["error"]["data"]["kind"], int(answer.headers["Retry-After"])


async def test_a_caller_who_asks_too_often_is_told_when_to_come_back(folder):
    tokens = [Keys(folder).add("acme", user) for user in ("ana", "bo")]
    async with over_http(folder, web_rate="3/minute") as url:
        async with posting(url, Authorization=f"Bearer {tokens[0]}") as post:
            for _ in range(3):
                assert (await post("tools/list")).status_code != 429
            status, kind, seconds = refusal(await post("tools/list"))
            assert (status, kind) == (429, "limit")
            assert 1 <= seconds <= 60
        async with posting(url, Authorization=f"Bearer {tokens[1]}") as post:
            assert (await post("tools/list")).status_code != 429  # each key by itself


async def test_turns_beyond_those_at_once_are_refused_and_others_are_not(folder):
    waits = ScriptedModel([ScriptedAnswer(text="{", ending="stall")])
    model = {"model": waits, "phrasing": "write", "reply_within": 4.0}
    async with over_http(folder, web_turns=1, web_waiting=0, **model) as url, posting(url) as post:
        asked = {"name": "recommend", "arguments": {"request": "a comedy"}}
        running = asyncio.create_task(post("tools/call", **asked))
        while not waits.asked:  # noqa: ASYNC110 - the fake tells it by a list
            await asyncio.sleep(0.01)
        status, kind, seconds = refusal(await post("tools/call", **asked))
        assert (status, kind, seconds) == (503, "limit", 1)
        assert (await post("tools/list")).status_code == 200  # which takes no turn
        assert (await running).status_code == 200
        assert (await post("tools/call", **asked)).status_code == 200


async def test_spent_tokens_are_told_as_such(folder):
    model = {"model": ScriptedModel(good_answer), "phrasing": "write", "web_tokens_a_day": 1}
    async with over_http(folder, **model) as url, posting(url) as post:
        asked = {"name": "recommend", "arguments": {"request": "a comedy"}}
        assert (await post("tools/call", **asked)).status_code == 200
        status, kind, seconds = refusal(await post("tools/call", **asked))
        assert (status, kind) == (429, "limit")
        assert seconds <= 86_400


@pytest.mark.parametrize("told", [True, False])
async def test_a_body_that_is_too_large_is_refused(folder, told):
    async def pieces():
        for _ in range(40):
            yield b" " * 100

    content = b" " * 4_000 if told else pieces()
    async with over_http(folder, web_max_body=2_000) as url, httpx.AsyncClient(trust_env=False) as plain:
        answer = await plain.post(url, content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]["data"]["kind"]) == (413, "too_large")
        async with Client(url, read_timeout_seconds=60) as client:
            assert (await client.call_tool("recommend", {"request": "a comedy"})).structured_content


async def test_the_client_of_the_package_is_told_why_it_was_refused(folder):
    async with over_http(folder, web_rate="6/minute") as url, Client(url, read_timeout_seconds=60) as client:
        refused = []
        for _ in range(7):
            try:
                await client.call_tool("recommend", {"request": "a comedy"})
            except MCPError as error:
                refused.append(error)
    assert 1 <= len(refused) < 7  # how many of the six its own greetings take is the client's affair
    assert "as often as you may" in str(refused[0])


async def test_stdio_has_one_caller_and_no_limits(folder):
    arguments = ["-m", "assistant.cli", "mcp", "--data", str(folder), "--llm", "none"]
    environment = {"ASSISTANT_EMBEDDER": "hashing", "OMP_NUM_THREADS": "1", "ASSISTANT_WEB_RATE": "1/hour"}
    parameters = StdioServerParameters(command=sys.executable, args=arguments, env=environment)
    async with Client(parameters, read_timeout_seconds=60) as client:
        for _ in range(3):
            assert not (await client.call_tool("recommend", {"request": "a comedy"})).is_error
