"""The OpenAI-compatible endpoint, asked by the vendor's own client, and by LangChain's."""

from __future__ import annotations

import pytest

from assistant.ingest import index_items
from assistant.surfaces.web.accounts import PREFIX
from tests.assistant.catalogues import FILMS
from tests.surfaces.served import served
from vectorstore.embed_hashing import HashingEmbedder

openai = pytest.importorskip("openai", reason="needs the extra openai")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("openai")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    with served(folder) as server, openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0) as client:
        yield client


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def complete(client, messages, **more):
    return client.chat.completions.create(model="any", messages=messages, **more)


def test_there_is_one_model(client) -> None:
    assert [model.id for model in client.models.list()] == ["recommender-assistant"]


def test_a_conversation_as_such_clients_hold_it(client) -> None:
    first = complete(client, [user("a comedy")])
    message = first.choices[0].message
    assert "1. **" in message.content
    assert "“" in message.content  # the evidence
    cards = message.model_extra["recommendations"]
    assert cards
    assert all(card["explanation"]["facts"] for card in cards)
    assert first.usage.total_tokens == 0
    history = [user("a comedy"), {"role": "assistant", "content": message.content}]
    second = complete(client, [*history, user("before 1970")])
    assert second.choices[0].message.model_extra["acting_on"] == ["Comedy", "up to 1969"]
    again = complete(client, [*history, user("from the 1990s")])  # the last message edited: another conversation begins
    assert "1990–1999" in again.choices[0].message.content
    same = complete(client, [*history, user("before 1970")])  # said again: the last turn is replaced
    assert same.choices[0].message.model_extra["conversation"] == second.choices[0].message.model_extra["conversation"]


def test_streamed_card_by_card(client) -> None:
    text, cards, usage, finish = "", [], None, None
    for chunk in complete(client, [user("space films")], stream=True, stream_options={"include_usage": True}):
        if chunk.usage is not None:
            usage = chunk.usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            cards += (choice.delta.model_extra or {}).get("recommendations", [])
            finish = choice.finish_reason or finish
    assert finish == "stop"
    assert usage.total_tokens == 0
    assert text.count("**") == 2 * len(cards) + 2 * text.endswith("**")
    for number, card in enumerate(cards, 1):
        assert f"{number}. **{card['title']}" in text


def test_parts_of_a_message_are_read(client) -> None:
    parts = [{"type": "text", "text": "a western"}]
    assert "Western" in complete(client, [{"role": "user", "content": parts}]).choices[0].message.content


def test_what_cannot_be_answered_is_refused(client) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="role 'user'"):
        complete(client, [{"role": "assistant", "content": "hello"}])
    with pytest.raises(openai.UnprocessableEntityError, match="characters"):
        complete(client, [user("x" * 9_000)])
    with pytest.raises(openai.AuthenticationError):
        complete(client.with_options(api_key=f"{PREFIX}_0a_former"), [user("a western")])


def test_langchain_takes_it_for_a_chat_model(client) -> None:
    langchain_openai = pytest.importorskip("langchain_openai")
    model = langchain_openai.ChatOpenAI(
        model="recommender-assistant", base_url=str(client.base_url), api_key="none", max_retries=0
    )
    whole = model.invoke("a western")
    assert "Unforgiven" in whole.content
    assert whole.usage_metadata["total_tokens"] == 0
    chunks = list(model.stream("a western"))
    assert "".join(chunk.content for chunk in chunks) == whole.content
    assert len([chunk for chunk in chunks if chunk.content]) > 2  # card by card
    history = [("human", "a comedy"), ("ai", model.invoke("a comedy").content), ("human", "before 1970")]
    assert "*Comedy · up to 1969*" in model.invoke(history).content
