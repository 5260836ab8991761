"""The fake fails in every way that it is told to."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from assistant.errors import BadModelOutput, ProviderTimeout, ProviderUnavailable, SettingsError, Unsupported
from assistant.llm.base import ChatMessage, Sampling, TextDelta, generate
from assistant.llm.scripted import ScriptedAnswer, ScriptedModel, read_script

pytestmark = pytest.mark.anyio
MESSAGES = (ChatMessage(role="user", content="Why Alien?"),)
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def say(answer, **options):
    return await generate(ScriptedModel([answer]), MESSAGES, sampling=options.pop("sampling", Sampling()), **options)


async def test_answers_come_in_order_and_calls_are_recorded():
    model = ScriptedModel(["one", "two"])
    sampling = Sampling(temperature=0.5)
    assert [(await generate(model, MESSAGES, sampling=sampling, timeout=3)).text for _ in range(2)] == ["one", "two"]
    assert model.asked[1].messages == MESSAGES
    assert model.asked[1].sampling == sampling
    assert model.asked[1].timeout == 3
    with pytest.raises(AssertionError, match="2 answers"):
        await generate(model, MESSAGES, sampling=sampling)


async def test_answers_from_a_function():
    model = ScriptedModel(lambda messages: messages[-1].content.upper())
    assert (await generate(model, MESSAGES, sampling=Sampling())).text == "WHY ALIEN?"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("", BadModelOutput),
        (ScriptedAnswer(text="half", ending="cut"), ProviderUnavailable),
        (ScriptedAnswer(text="half", ending="stall"), ProviderTimeout),
        (ScriptedAnswer(error=ProviderUnavailable("gone", retryable=True)), ProviderUnavailable),
        (ScriptedAnswer(text="slow", piece=1, delay=5), ProviderTimeout),
    ],
)
async def test_every_fault(answer, error):
    with pytest.raises(error):
        await say(answer, timeout=0.05)


@pytest.mark.parametrize("text", ["no json", '{"text": 1}', "{}"])
async def test_json_that_does_not_follow_the_schema(text):
    with pytest.raises(BadModelOutput):
        await say(text, schema=SCHEMA)


async def test_pieces_and_a_reader_that_leaves():
    model = ScriptedModel([ScriptedAnswer(text="abcdef", piece=2)])
    async with aclosing(model.stream(MESSAGES, sampling=Sampling())) as stream:
        assert await anext(stream) == TextDelta(text="ab")
    assert model.closed == 1


async def test_stop_strings_and_the_limit_of_tokens():
    assert (await say("one. two.", sampling=Sampling(stop=(".",)))).text == "one"
    limited = await say("a" * 100, sampling=Sampling(max_tokens=5))
    assert (limited.finish_reason, len(limited.text)) == ("length", 20)


async def test_log_likelihoods_only_when_given():
    with pytest.raises(Unsupported):
        await ScriptedModel([]).loglikelihoods(MESSAGES, ["a"])
    model = ScriptedModel([], loglikelihood=lambda _, text: -len(text))
    assert await model.loglikelihoods(MESSAGES, ["a", "bb"]) == [-1, -2]


async def test_a_script_in_a_file(tmp_path):
    path = tmp_path / "script.jsonl"
    path.write_text('{"text": "one"}\n\n{"text": "two", "ending": "cut"}\n')
    assert read_script(path) == [ScriptedAnswer(text="one"), ScriptedAnswer(text="two", ending="cut")]
    path.write_text('{"text": "one"}\n{"txet": "two"}\n')
    with pytest.raises(SettingsError, match=r"script\.jsonl:2"):
        read_script(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_script(tmp_path / "absent")
