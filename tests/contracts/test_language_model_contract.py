"""What every language model must do, run on each adapter."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import math
from contextlib import aclosing, asynccontextmanager

import pytest
from opentelemetry.sdk.trace import TracerProvider

from assistant.errors import ContextOverflow, ProviderTimeout, Unsupported
from assistant.llm.base import ChatMessage, Generation, LanguageModel, Sampling, TextDelta, generate
from assistant.llm.langchain import LangChainConfig, LangChainModel
from assistant.llm.llama_cpp import LlamaCppModel
from assistant.llm.openai import OpenAIConfig, OpenAIModel
from assistant.llm.recorded import RecordedModel
from assistant.llm.scripted import ScriptedAnswer, ScriptedModel
from assistant.llm.smollm2 import find_smollm2
from assistant.llm.traced import TracedModel
from assistant.telemetry import Telemetry
from tests.assistant.llm.chat_server import ChatServer, Reply, answer

pytestmark = pytest.mark.anyio

PROMPT = (
    ChatMessage(role="system", content="You recommend films in one short sentence."),
    ChatMessage(role="user", content="Why should I watch Alien? It was directed by Ridley Scott."),
)
SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "maxLength": 60},
        "fact_ids": {"type": "array", "items": {"type": "string", "enum": ["f1", "f2"]}, "maxItems": 2},
    },
    "required": ["text", "fact_ids"],
    "additionalProperties": False,
}
DOCUMENT = json.dumps({"text": "Ridley Scott’s tense classic.", "fact_ids": ["f1"]}, ensure_ascii=False)
SENTENCE = "Because Ridley Scott made space frightening – für immer 🚀."


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


def _says(schema_wanted):
    return DOCUMENT if schema_wanted else SENTENCE


def _scripted():
    class Schemed(ScriptedModel):
        def _next(self, messages):
            return ScriptedAnswer(text=_says(self.asked[-1].schema), piece=3)

    return Schemed([], context_tokens=2048, loglikelihood=lambda _, text: -float(len(text)))


@asynccontextmanager
async def _open(kind, tmp_path):
    if kind == "scripted":
        yield _scripted()
    elif kind == "traced":
        yield TracedModel(_scripted(), Telemetry(TracerProvider().get_tracer("test")))
    elif kind == "recorded":
        recorded = RecordedModel(tmp_path / "a.jsonl", inner=_scripted(), mode="auto")
        yield recorded
    elif kind == "openai":
        pytest.importorskip("openai")

        def choose(body):
            text = _says("response_format" in body)
            return Reply(answer(*[text[at : at + 3] for at in range(0, len(text), 3)]))

        with ChatServer(choose=choose) as server:
            model = OpenAIModel("local", OpenAIConfig(base_url=server.base_url, context_tokens=2048))
            yield model
            await model.aclose()
    elif kind == "langchain":
        pytest.importorskip("langchain_core")
        from tests.assistant.llm.chat_models import TalkingChatModel

        yield LangChainModel(TalkingChatModel(choose=_says), LangChainConfig(context_tokens=2048))
    else:
        model = LlamaCppModel(find_smollm2())
        yield model
        await model.aclose()


def _local():
    missing = importlib.util.find_spec("llama_cpp") is None or find_smollm2() is None
    skip = pytest.mark.skipif(
        missing, reason="llama-cpp-python or the SmolLM2 weights are not installed (extra: local)"
    )
    return pytest.param("llama_cpp", marks=[pytest.mark.local_model, skip])


@pytest.fixture(scope="module", params=["scripted", "traced", "recorded", "openai", "langchain", _local()])
async def model(request, tmp_path_factory):
    async with _open(request.param, tmp_path_factory.mktemp("recorded")) as opened:
        yield opened


async def test_it_is_a_language_model(model):
    assert isinstance(model, LanguageModel)
    assert model.name
    assert model.context_tokens >= 256


async def test_a_stream_is_deltas_and_then_one_generation_with_the_whole_text(model):
    events = [event async for event in model.stream(PROMPT, sampling=Sampling(max_tokens=20))]
    assert all(isinstance(event, TextDelta) and event.text for event in events[:-1])
    assert isinstance(events[-1], Generation)
    assert events[-1].text == "".join(event.text for event in events[:-1])
    assert events[-1].finish_reason in ("stop", "length")
    assert events[-1].usage.prompt_tokens > 0
    assert events[-1].usage.completion_tokens > 0
    assert events[-1].seconds >= 0


async def test_with_a_schema_the_answer_is_a_document_of_it(model):
    generation = await generate(model, PROMPT, sampling=Sampling(max_tokens=90), schema=SCHEMA)
    document = json.loads(generation.text)
    assert document.keys() == {"text", "fact_ids"}
    assert set(document["fact_ids"]) <= {"f1", "f2"}


async def test_the_same_request_gives_the_same_answer(model):
    sampling = Sampling(max_tokens=12, temperature=0.8, seed=7)
    first = await generate(model, PROMPT, sampling=sampling)
    assert (await generate(model, PROMPT, sampling=sampling)).text == first.text


async def test_count_grows_with_the_prompt_and_covers_the_usage(model):
    count = await model.count_tokens(PROMPT)
    longer = (*PROMPT, ChatMessage(role="assistant", content="Because."), ChatMessage(role="user", content="And?"))
    assert await model.count_tokens(longer) > count
    generation = await generate(model, PROMPT, sampling=Sampling(max_tokens=8))
    assert count >= generation.usage.prompt_tokens


async def test_a_prompt_that_does_not_fit_is_refused_before_anything_is_generated(model):
    long = (ChatMessage(role="user", content="film noir, " * 5000),)
    with pytest.raises(ContextOverflow):
        await generate(model, long, sampling=Sampling())


async def test_an_answer_that_does_not_fit_beside_the_prompt_is_refused(model):
    with pytest.raises(ContextOverflow):
        await generate(model, PROMPT, sampling=Sampling(max_tokens=model.context_tokens))


async def test_a_stream_left_early_does_not_disturb_the_next(model):
    async with aclosing(model.stream(PROMPT, sampling=Sampling(max_tokens=200))) as stream:
        async for event in stream:
            assert isinstance(event, TextDelta)
            break
    again = await generate(model, PROMPT, sampling=Sampling(max_tokens=20))
    assert again.text


async def test_two_at_once_both_get_their_answer(model):
    sampling = Sampling(max_tokens=16)
    first, second = await asyncio.gather(*(generate(model, PROMPT, sampling=sampling) for _ in range(2)))
    assert first.text == second.text


async def test_loglikelihoods_are_negative_sums_or_unsupported(model):
    try:
        values = await model.loglikelihoods(
            PROMPT, ["Because it is tense.", "Because it is tense. Because it is tense."]
        )
    except Unsupported:
        assert model.name.startswith(("openai:", "langchain:"))
        return
    assert all(value < 0 and math.isfinite(value) for value in values)
    assert values[1] < values[0]


async def test_closing_twice_is_fine(model):
    await model.aclose()
    await model.aclose()


async def test_a_deadline_in_the_past_times_out():
    model = ScriptedModel([ScriptedAnswer(text="too", ending="stall")])
    with pytest.raises(ProviderTimeout):
        await generate(model, PROMPT, sampling=Sampling(), timeout=0.01)
