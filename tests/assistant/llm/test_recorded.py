"""Recording and replaying."""

from __future__ import annotations

import json

import pytest

from assistant.errors import ProviderUnavailable, SettingsError
from assistant.llm.base import ChatMessage, Generation, Sampling, generate
from assistant.llm.recorded import NotRecordedError, RecordedModel, prompt_digest
from assistant.llm.scripted import ScriptedAnswer, ScriptedModel

pytestmark = pytest.mark.anyio
MESSAGES = (ChatMessage(role="user", content="Why Alien? Grüße"),)
SAMPLING = Sampling()


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "answers.jsonl"


async def test_what_was_recorded_is_replayed_without_the_model(path):
    inner = ScriptedModel(["Because."], name="inner", context_tokens=777, loglikelihood=lambda *_: -1.5)
    recording = RecordedModel(path, inner=inner, mode="auto")
    first = await generate(recording, MESSAGES, sampling=SAMPLING)
    tokens = await recording.count_tokens(MESSAGES)
    await recording.loglikelihoods(MESSAGES, ["a"])
    assert await generate(recording, MESSAGES, sampling=SAMPLING) == first
    assert len(inner.asked) == 1  # the second time it was replayed

    replay = RecordedModel(path)
    assert (replay.name, replay.context_tokens) == ("inner", 777)
    assert await generate(replay, MESSAGES, sampling=SAMPLING) == first
    assert await replay.count_tokens(MESSAGES) == tokens
    assert await replay.loglikelihoods(MESSAGES, ["a"]) == [-1.5]


async def test_the_time_it_took_is_kept(path):
    inner = ScriptedModel([ScriptedAnswer(text="Because.", delay=0.05)])
    recording = RecordedModel(path, inner=inner, mode="record")
    first = await generate(recording, MESSAGES, sampling=SAMPLING)
    assert first.seconds >= 0.05
    events = [event async for event in RecordedModel(path).stream(MESSAGES, sampling=SAMPLING)]
    assert isinstance(events[-1], Generation)
    assert events[-1].seconds == first.seconds


async def test_record_asks_again_and_the_last_answer_counts(path):
    recording = RecordedModel(path, inner=ScriptedModel(["one", "two"]), mode="record")
    for _ in range(2):
        await generate(recording, MESSAGES, sampling=SAMPLING)
    assert (await generate(RecordedModel(path), MESSAGES, sampling=SAMPLING)).text == "two"


@pytest.mark.parametrize(
    ("messages", "sampling", "schema"),
    [
        ((ChatMessage(role="user", content="Why Aliens?"),), SAMPLING, None),
        ((ChatMessage(role="system", content=MESSAGES[0].content),), SAMPLING, None),
        (MESSAGES, Sampling(seed=1), None),
        (MESSAGES, SAMPLING, {"type": "object"}),
    ],
)
async def test_anything_that_differs_is_a_miss_that_names_the_digest(path, messages, sampling, schema):
    await generate(RecordedModel(path, inner=ScriptedModel(["x"]), mode="auto"), MESSAGES, sampling=SAMPLING)
    with pytest.raises(NotRecordedError, match=prompt_digest("scripted", messages, sampling, schema)):
        await generate(RecordedModel(path), messages, sampling=sampling, schema=schema)


async def test_failures_are_not_recorded(path):
    inner = ScriptedModel([ScriptedAnswer(text="half", ending="cut"), "whole"])
    recording = RecordedModel(path, inner=inner, mode="auto")
    with pytest.raises(ProviderUnavailable):
        await generate(recording, MESSAGES, sampling=SAMPLING)
    assert (await generate(recording, MESSAGES, sampling=SAMPLING)).text == "whole"


async def test_the_digest_does_not_depend_on_the_order_of_keys():
    schemas = ({"type": "object", "required": []}, {"required": [], "type": "object"})
    assert len({prompt_digest("m", MESSAGES, SAMPLING, schema) for schema in schemas}) == 1


async def test_what_cannot_work_is_told_when_it_is_made(path):
    with pytest.raises(SettingsError, match="no recording"):
        RecordedModel(path)
    with pytest.raises(SettingsError, match="model is needed"):
        RecordedModel(path, mode="record")
    await generate(RecordedModel(path, inner=ScriptedModel(["x"]), mode="auto"), MESSAGES, sampling=SAMPLING)
    with pytest.raises(SettingsError, match="another file"):
        RecordedModel(path, inner=ScriptedModel(["x"], name="other"), mode="auto")
    with path.open("a") as file:
        file.write(json.dumps({"kind": "generation"}) + "\n")
    with pytest.raises(SettingsError, match=r"answers\.jsonl:3"):
        RecordedModel(path)
