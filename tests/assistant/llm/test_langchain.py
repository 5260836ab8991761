"""Chat models of LangChain of every kind as our model, and what becomes of what they raise."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("langchain_core")

from langchain_core.exceptions import ContextOverflowError, ModelTimeoutError, OutputParserException

from assistant.errors import (
    BadModelOutput,
    ContextOverflow,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    Unsupported,
)
from assistant.llm.base import ChatMessage, Generation, Sampling, generate
from assistant.llm.langchain import LangChainConfig, LangChainModel
from tests.assistant.llm.chat_models import (
    AsyncOnly,
    AsyncStreamOnly,
    CallingChatModel,
    SyncOnly,
    SyncStreamOnly,
    TalkingChatModel,
)

pytestmark = pytest.mark.anyio
PROMPT = (ChatMessage(role="user", content="Why should I watch Alien?"),)
SAMPLING = Sampling(max_tokens=40)
SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "fact_ids": {"type": "array", "items": {"type": "string"}}},
    "required": ["text", "fact_ids"],
    "additionalProperties": False,
}
DOCUMENT = {"text": "Ridley Scott’s tense classic.", "fact_ids": ["f1"]}
KINDS = [SyncOnly, SyncStreamOnly, AsyncOnly, AsyncStreamOnly]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_model_needs_only_one_of_the_ways_to_be_asked(kind):
    model = LangChainModel(kind())
    events = [event async for event in model.stream(PROMPT, sampling=SAMPLING)]
    assert isinstance(events[-1], Generation)
    assert events[-1].text == "Because of Ridley Scott." == "".join(event.text for event in events[:-1])
    assert (events[-1].usage.prompt_tokens, events[-1].usage.completion_tokens) == (20, 9)
    assert events[-1].finish_reason == "stop"


@pytest.mark.parametrize("kind", KINDS)
async def test_its_document_is_asked_for_in_the_prompt_where_it_has_no_other_way(kind):
    fenced = f"```json\n{json.dumps(DOCUMENT)}\n```"
    answer = await generate(LangChainModel(kind(says=fenced)), PROMPT, sampling=SAMPLING, schema=SCHEMA)
    assert json.loads(answer.text) == DOCUMENT
    with pytest.raises(BadModelOutput):
        await generate(LangChainModel(kind(says='{"text": 1}')), PROMPT, sampling=SAMPLING, schema=SCHEMA)


@pytest.mark.parametrize("kind", KINDS)
async def test_no_kind_of_model_outlasts_the_deadline(kind):
    with pytest.raises(ProviderTimeout) as raised:
        await generate(LangChainModel(kind(seconds=0.5)), PROMPT, sampling=SAMPLING, timeout=0.05)
    assert raised.value.retryable


async def test_a_document_comes_by_the_models_own_way_where_it_has_one():
    chat = CallingChatModel(says=json.dumps(DOCUMENT))
    answer = await generate(LangChainModel(chat), PROMPT, sampling=SAMPLING, schema=SCHEMA)
    assert json.loads(answer.text) == DOCUMENT
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (20, 9)
    ((tool,),) = chat.bound
    assert tool["properties"] == SCHEMA["properties"]
    told = TalkingChatModel(choose=lambda asked: json.dumps(DOCUMENT) if asked else "no")
    prompted = LangChainModel(told, LangChainConfig(structured="prompt"))
    assert json.loads((await generate(prompted, PROMPT, sampling=SAMPLING, schema=SCHEMA)).text) == DOCUMENT


@pytest.mark.parametrize("says", ["I would rather talk.", '{"text": "no facts"}', '{"text": 1, "fact_ids": []}'])
async def test_what_is_no_document_of_the_schema_is_refused(says):
    model = LangChainModel(CallingChatModel(says=says))
    with pytest.raises(BadModelOutput) as raised:
        await generate(model, PROMPT, sampling=SAMPLING, schema=SCHEMA)
    assert raised.value.retryable


class Refused(Exception):
    """As vendors raise them: with a status, and with the request in the message's neighbourhood."""

    def __init__(self, status):
        super().__init__(f"status {status}")
        self.status_code = status
        self.request = {"authorization": "Bearer sk-secret"}


FAULTS = [
    (ContextOverflowError("too long"), ContextOverflow, False),
    (ModelTimeoutError("slow"), ProviderTimeout, True),
    (TimeoutError("slow"), ProviderTimeout, True),
    (OutputParserException("not JSON"), BadModelOutput, True),
    (json.JSONDecodeError("not JSON", "x", 0), BadModelOutput, True),
    (ConnectionError("refused"), ProviderUnavailable, True),
    (Refused(408), ProviderUnavailable, True),
    (Refused(429), ProviderUnavailable, True),
    (Refused(503), ProviderUnavailable, True),
    (Refused(400), ProviderUnavailable, False),
    (Refused(401), ProviderUnavailable, False),
    (RuntimeError("anything"), ProviderUnavailable, False),
]


@pytest.mark.parametrize(("error", "expected", "retryable"), FAULTS, ids=lambda value: repr(value)[:40])
@pytest.mark.parametrize("kind", [*KINDS, CallingChatModel])
async def test_what_it_raises_becomes_one_of_our_errors(kind, error, expected, retryable):
    schema = SCHEMA if kind is CallingChatModel else None
    with pytest.raises(ProviderError) as raised:
        await generate(LangChainModel(kind(error=error)), PROMPT, sampling=SAMPLING, schema=schema)
    assert type(raised.value) is expected
    assert raised.value.retryable is retryable
    assert raised.value.status == getattr(error, "status_code", None)
    assert type(error).__name__ in str(raised.value)
    assert "sk-secret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__  # a log with a stack trace would show the vendor's exception else


async def test_an_answer_that_was_cut_says_so():
    chat = TalkingChatModel(choose=lambda _: "Because of Ridley", reason="max_tokens")
    assert (await generate(LangChainModel(chat), PROMPT, sampling=SAMPLING)).finish_reason == "length"


async def test_what_does_not_fit_is_not_sent():
    chat = TalkingChatModel(choose=lambda _: "never")
    with pytest.raises(ContextOverflow):
        await generate(LangChainModel(chat, LangChainConfig(context_tokens=50)), PROMPT, sampling=SAMPLING)
    assert chat.asked == []


async def test_it_scores_nothing():
    with pytest.raises(Unsupported):
        await LangChainModel(SyncOnly()).loglikelihoods(PROMPT, ["Alien"])
