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
from mcp import Client, StdioServerParameters

from assistant.ingest import index_items
from assistant.store import Store
from assistant.surfaces.mcp import create_app
from assistant.surfaces.web.accounts import Keys
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import opened
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
async def over_http(folder, **options):
    async with opened(folder) as assistant:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            config = uvicorn.Config(
                create_app(assistant, folder, **options), log_config=None, timeout_graceful_shutdown=2
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
            assert answer.json()["error"]["kind"] == "not_allowed"
        allowed = {"Authorization": f"Bearer {token}"}
        assert (await plain.post(url, json=asked, headers={**allowed, "Host": "evil.example"})).status_code == 421
        other = await plain.post(url, json=asked, headers={**allowed, "X-User": "eve"})
        assert other.status_code == 401
