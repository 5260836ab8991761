"""Spans of turns, as an exporter gets them."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
import threading
from contextlib import aclosing, asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from assistant import telemetry as traces
from assistant.build import open_assistant
from assistant.errors import MissingExtraError, ProviderUnavailable, SettingsError, UserError
from assistant.ingest import index_items
from assistant.llm.scripted import ScriptedModel
from assistant.settings import Settings
from assistant.surfaces.web.app import create_app
from assistant.telemetry import OFF, Telemetry, telemetry_for
from assistant.types import Message, Recommended
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import did, good_answer, offline_settings, say
from vectorstore.embed_hashing import HashingEmbedder

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]
USER = "ana-maria"
TEXT = "a comedy set in space, not animated"
NAMES = {"invoke_agent recommender-assistant", "understand", "retrieval catalogue", "rank", "explain"}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def folder(tmp_path):
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    return tmp_path


class Traced:
    """An assistant whose spans are kept in memory."""

    def __init__(self, *, content: bool = False) -> None:
        self._memory = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._memory))
        self.telemetry = Telemetry(provider.get_tracer("test"), content=content)

    @asynccontextmanager
    async def open(self, folder, model=None, **changes):
        settings = offline_settings(**changes)
        async with open_assistant(folder, settings=settings, model=model, telemetry=self.telemetry) as assistant:
            yield assistant

    def spans(self):
        return self._memory.get_finished_spans()

    def named(self, start):
        return [span for span in self.spans() if span.name.startswith(start)]

    def tree(self):
        """(name, name of the parent or None) of every span."""
        by_id = {span.context.span_id: span for span in self.spans()}
        return [(span.name, by_id[span.parent.span_id].name if span.parent else None) for span in self.spans()]


async def test_a_turn_is_a_span_with_its_stages_and_calls_inside(folder):
    traced = Traced()
    async with traced.open(folder, ScriptedModel(good_answer, name="openai:gpt-test"), phrasing="write") as assistant:
        reply = await assistant.reply(say(USER, TEXT, "a conversation"))
    tree = traced.tree()
    root = "invoke_agent recommender-assistant"
    assert tree.count((root, None)) == 1
    for stage in ("understand", "retrieval catalogue", "rank"):
        assert tree.count((stage, root)) == 1
    assert tree.count(("explain", root)) == len(reply.recommendations)
    calls = [pair for pair in tree if pair[0] == "chat gpt-test"]
    assert len(calls) == reply.trace["usage"]["answers"] > 0
    assert {parent for _, parent in calls} == {"explain"}
    assert len({span.context.trace_id for span in traced.spans()}) == 1
    (turn,) = traced.named("invoke_agent")
    assert turn.kind is SpanKind.INTERNAL
    assert turn.status.status_code is StatusCode.UNSET
    about = dict(turn.attributes)
    assert about["gen_ai.operation.name"] == "invoke_agent"
    assert about["gen_ai.agent.name"] == about["gen_ai.provider.name"] == "recommender-assistant"
    assert about["gen_ai.request.model"] == "gpt-test"
    assert about["gen_ai.response.id"] == reply.reply_id
    assert about["gen_ai.usage.input_tokens"] == reply.trace["usage"]["prompt_tokens"] > 0
    assert about["gen_ai.usage.output_tokens"] == reply.trace["usage"]["completion_tokens"] > 0
    assert about["assistant.cards"] == len(reply.recommendations)
    assert "error.type" not in about
    (found,) = traced.named("retrieval")
    assert found.attributes["gen_ai.operation.name"] == "retrieval"
    assert found.attributes["gen_ai.data_source.id"] == "catalogue"
    assert found.attributes["assistant.candidates"] == reply.trace["candidates"]
    call = traced.named("chat")[0]
    assert call.kind is SpanKind.CLIENT
    asked = dict(call.attributes)
    assert asked["gen_ai.operation.name"] == "chat"
    assert asked["gen_ai.provider.name"] == "openai"
    assert asked["gen_ai.request.model"] == "gpt-test"
    assert asked["gen_ai.output.type"] == "json"
    assert asked["gen_ai.response.finish_reasons"] == ("stop",)
    assert asked["gen_ai.usage.input_tokens"] > 0
    assert asked["gen_ai.usage.output_tokens"] > 0
    assert asked["gen_ai.request.max_tokens"] > 0


async def test_turns_of_a_conversation_share_its_id_and_no_other_does(folder):
    traced = Traced()
    async with traced.open(folder) as assistant:
        for user, conversation in ((USER, "one"), (USER, "one"), (USER, "two"), ("bo", "one")):
            await assistant.reply(say(user, "a western", conversation))
    first, again, other, foreign = [span.attributes["gen_ai.conversation.id"] for span in traced.named("invoke_agent")]
    assert first == again
    assert len({first, other, foreign}) == 3


async def test_a_question_is_traced_with_its_answer(folder):
    traced = Traced()
    async with traced.open(folder) as assistant:
        await assistant.reply(say(USER, "a western", "c"))
        await assistant.reply(say(USER, "why the first one?", "c"))
    turn = traced.named("invoke_agent")[-1]
    assert turn.attributes["assistant.intent"] == "why"
    children = [span.name for span in traced.spans() if span.parent and span.parent.span_id == turn.context.span_id]
    assert "answer" in children
    assert "explain" not in children


async def test_without_content_nothing_that_anybody_said_is_in_a_span(folder):
    traced = Traced()
    async with traced.open(folder, ScriptedModel(good_answer), phrasing="write") as assistant:
        did(assistant.store, USER, "alien", "odyssey")
        reply = await assistant.reply(say(USER, TEXT, f"conversation of {USER}"))
        await assistant.explain(USER, "alien")
        with pytest.raises(UserError):
            await assistant.reply(Message(user=USER, text=TEXT, conversation="never begun", edits=True))
    told = json.dumps([json.loads(span.to_json()) for span in traced.spans()], ensure_ascii=False)
    words = [USER, TEXT, reply.text, "comedy", *reply.acting_on]
    words += [card.title for card in reply.recommendations] + [card.item_id for card in reply.recommendations]
    words += [card.explanation.text for card in reply.recommendations]
    assert [word for word in words if word.casefold() in told.casefold()] == []
    assert {span.name.partition(" ")[0] for span in traced.spans()} >= {"invoke_agent", "chat", "explain"}


async def test_with_content_it_is(folder):
    traced = Traced(content=True)
    async with traced.open(folder, ScriptedModel(good_answer), phrasing="write") as assistant:
        reply = await assistant.reply(say(USER, TEXT))
    (turn,) = traced.named("invoke_agent")
    (said,) = json.loads(turn.attributes["gen_ai.input.messages"])
    assert said == {"role": "user", "parts": [{"type": "text", "content": TEXT}]}
    (answered,) = json.loads(turn.attributes["gen_ai.output.messages"])
    assert (answered["role"], answered["finish_reason"]) == ("assistant", "stop")
    assert reply.text in answered["parts"][0]["content"]
    assert turn.attributes["user.id"] == USER
    assert traced.named("retrieval")[0].attributes["gen_ai.retrieval.query.text"] == reply.query.search_text
    call = traced.named("chat")[0]
    assert json.loads(call.attributes["gen_ai.input.messages"])[-1]["role"] == "user"
    assert json.loads(call.attributes["gen_ai.output.messages"])[0]["parts"][0]["content"]


@pytest.mark.parametrize("content", [False, True])
async def test_what_failed_is_named(folder, content):
    def fails(_messages):
        raise ProviderUnavailable(f"refused: {TEXT}", status=503, retryable=True)

    traced = Traced(content=content)
    async with traced.open(folder, ScriptedModel(fails), phrasing="write") as assistant:
        reply = await assistant.reply(say(USER, TEXT))
    assert all(card.explanation.phrased_by == "template" for card in reply.recommendations)
    call = traced.named("chat")[0]
    assert call.attributes["error.type"] == "ProviderUnavailable"
    assert call.status.status_code is StatusCode.ERROR
    assert call.status.description is None
    assert bool(call.events) is content
    (turn,) = traced.named("invoke_agent")
    assert "error.type" not in turn.attributes  # it was answered all the same
    for span in traced.named("explain"):
        assert span.attributes["assistant.phrased_by"] == "template"


async def test_a_turn_that_fails_is_an_error_span(folder):
    traced = Traced()
    async with traced.open(folder) as assistant:
        with pytest.raises(UserError):
            await assistant.reply(Message(user=USER, text=TEXT, conversation="never begun", edits=True))
    (turn,) = traced.named("invoke_agent")
    assert turn.attributes["error.type"] == "UserError"
    assert turn.status.status_code is StatusCode.ERROR
    assert not turn.events


async def test_a_reader_that_leaves_ends_the_span_without_an_error(folder):
    traced = Traced()
    async with traced.open(folder) as assistant, aclosing(assistant.stream(say(USER, "a western"))) as events:
        async for event in events:
            if isinstance(event, Recommended):
                break
    (turn,) = traced.named("invoke_agent")
    assert turn.attributes["assistant.stopped"] is True
    assert turn.status.status_code is StatusCode.UNSET


async def test_turns_at_once_do_not_mix(folder):
    traced = Traced()
    async with traced.open(folder, ScriptedModel(good_answer), phrasing="write") as assistant:
        replies = await asyncio.gather(*(assistant.reply(say(f"user {n}", "a western")) for n in range(4)))
    turns = traced.named("invoke_agent")
    assert len({span.context.trace_id for span in turns}) == 4
    for reply in replies:
        (turn,) = [span for span in turns if span.attributes["gen_ai.response.id"] == reply.reply_id]
        inside = [span for span in traced.named("explain") if span.context.trace_id == turn.context.trace_id]
        assert len(inside) == len(reply.recommendations)


async def test_the_stages_outside_of_a_turn(folder):
    traced = Traced()
    async with traced.open(folder) as assistant:
        await assistant.explain(USER, "alien")
        await assistant.candidates("a western")
    assert traced.tree() == [("explain", None), ("retrieval catalogue", None)]


async def test_a_request_over_http_continues_the_trace_of_its_caller(folder):
    traced = Traced()
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    async with traced.open(folder) as assistant:
        app = create_app(assistant, folder)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            body = {"text": "a western"}
            answer = await client.post("/api/chat", json=body, headers={"traceparent": f"00-{trace}-{parent}-01"})
            assert answer.status_code == 200
            assert "replied" in answer.text
            await client.post("/api/chat", json=body)
    first, second = traced.named("invoke_agent")
    assert f"{first.context.trace_id:032x}" == trace
    assert f"{first.parent.span_id:016x}" == parent
    assert second.parent is None
    assert first.context.trace_id != second.context.trace_id


# when it is on


@pytest.fixture
def clean(monkeypatch):
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(traces, "_provided", lambda: False)
    return monkeypatch


def test_it_is_off_where_nothing_asks_for_it(clean):
    assert telemetry_for(Settings()) is OFF
    clean.setenv("OTEL_TRACES_EXPORTER", "none")
    assert telemetry_for(Settings()) is OFF
    clean.setenv("OTEL_TRACES_EXPORTER", "otlp")
    clean.setenv("OTEL_SDK_DISABLED", "true")
    assert telemetry_for(Settings()) is OFF
    clean.delenv("OTEL_SDK_DISABLED")
    assert telemetry_for(Settings(telemetry="off")) is OFF


def test_without_the_extra_it_is_off_or_says_what_to_install(clean, caplog):
    clean.setattr(traces, "find_spec", lambda _: None)
    assert telemetry_for(Settings()) is OFF
    assert not caplog.records
    clean.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    assert telemetry_for(Settings()) is OFF
    assert "recommender-assistant[otel]" in caplog.text
    with pytest.raises(MissingExtraError, match=r"recommender-assistant\[otel\]"):
        telemetry_for(Settings(telemetry="on"))


def test_an_exporter_that_is_not_there_is_named(clean):
    clean.setenv("OTEL_TRACES_EXPORTER", "consol")
    with pytest.raises(SettingsError, match="Did you mean 'console'"):
        telemetry_for(Settings())


def test_nothing_of_opentelemetry_is_imported_for_a_turn_without_it(folder):
    code = (
        "import asyncio, sys\n"
        "from assistant.turn import Assistant\n"
        "from assistant.settings import load_settings\n"
        "from assistant.types import Message\n"
        "async def main():\n"
        f"    async with Assistant.open({str(folder)!r}, settings=load_settings(None, llm='none', embedder='hashing')) as a:\n"
        "        before = {n for n in sys.modules if n.startswith('opentelemetry')}\n"
        "        await a.candidates('a western')\n"
        "        print(len(before), sum(n.startswith('opentelemetry.sdk') for n in before))\n"
        "asyncio.run(main())\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=environment, check=True, cwd=ROOT
    )
    assert done.stdout.split() == ["0", "0"]


class Collector(BaseHTTPRequestHandler):
    """Takes spans over OTLP."""

    got: list[ExportTraceServiceRequest]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path == "/v1/traces":
            self.got.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def collector():
    """(environment of a process that exports to it, what it got)."""
    handler = type("Handler", (Collector,), {"got": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")} | {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
            "ASSISTANT_EMBEDDER": "hashing",
            "NO_PROXY": "127.0.0.1",
        }
        yield environment, handler.got
        server.shutdown()


def collected(got):
    return [span for sent in got for scope in sent.resource_spans[0].scope_spans for span in scope.spans]


def test_the_standard_variables_decide_where_spans_go(folder, collector):
    environment, got = collector
    command = ["-m", "assistant.cli", "chat", "a western", "--user", "ana", "--data", str(folder), "--llm", "none"]
    subprocess.run([sys.executable, *command], check=True, capture_output=True, timeout=120, env=environment, cwd=ROOT)
    (resource,) = {str(sent.resource_spans[0].resource) for sent in got}
    assert "recommender-assistant" in resource
    assert "deployment.environment.name" in resource
    assert {span.name for span in collected(got)} == NAMES


async def test_a_tool_of_mcp_is_a_span_around_its_turn(folder, collector):
    mcp = pytest.importorskip("mcp")
    environment, got = collector
    command = ["-m", "assistant.cli", "mcp", "--data", str(folder), "--llm", "none"]
    parameters = mcp.StdioServerParameters(command=sys.executable, args=command, env=environment, cwd=ROOT)
    async with mcp.Client(parameters, read_timeout_seconds=60) as client:
        await client.call_tool("recommend", {"request": "a western"})
    spans = collected(got)
    (tool,) = [span for span in spans if span.name == "tools/call recommend"]
    (turn,) = [span for span in spans if span.name.startswith("invoke_agent")]
    assert turn.parent_span_id == tool.span_id
    assert {each.key: each.value.string_value for each in tool.attributes}["gen_ai.operation.name"] == "execute_tool"
