from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assistant.documents import (
    DOCUMENTS,
    ErrorBody,
    ErrorDocument,
    ExplanationDocument,
    RankDocument,
    RepliedDocument,
    jsonable,
    schema,
)
from tests.assistant.cards import make_card, make_reply


def read(document) -> dict:
    data = document.encode()
    assert data.endswith(b"\n")
    assert len(data.decode("utf-8").splitlines()) == 1
    return json.loads(data, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_a_reply_has_the_documented_shape():
    document = read(RepliedDocument.of(make_reply()))
    assert list(document) == [
        "type",
        "reply_id",
        "user",
        "conversation",
        "text",
        "intent",
        "language",
        "acting_on",
        "held",
        "recommendations",
        "question",
        "answer",
        "trace",
    ]
    assert document["type"] == "replied"
    card = document["recommendations"][0]
    assert list(card) == ["item_id", "title", "year", "position", "score", "explanation", "label"]
    assert set(card["explanation"]) == {"text", "phrased_by", "model", "prompt", "facts", "claims", "rejected"}
    fact = card["explanation"]["facts"][2]
    assert fact == {
        "fact_id": "f3",
        "source": "history",
        "item_id": "galaxy",
        "slot": "liked",
        "value": "Alien",
        "other_item_id": "alien",
        "shared": [{"slot": "tags", "value": "space"}],
    }
    assert card["explanation"]["facts"][0]["value"] == ["Comedy", "Science fiction"]
    for claim in card["explanation"]["claims"]:
        assert card["explanation"]["text"][claim["start"] : claim["end"]] == claim["text"]


def test_values_keep_their_type():
    from assistant.documents import FactDocument
    from assistant.types import Fact

    for value in (True, False, 1, 0, 1.5, "1", "true"):
        fact = Fact(fact_id="f", source="catalogue", item_id="i", slot="s", value=value)
        found = json.loads(FactDocument.of(fact).encode())["value"]
        assert (type(found), found) == (type(value), value)


def test_an_explanation_that_was_written_is_read_back_as_it_was():
    for card in make_reply().recommendations:
        written = read(ExplanationDocument.of(card.explanation))
        assert card.explanation.claims
        assert ExplanationDocument.model_validate(written).explanation() == card.explanation


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_one_line_of_valid_utf8(text):
    document = RepliedDocument.of(make_reply(make_card(title=text), text=text, trace={text: text}))
    again = read(document)
    assert again["text"] == "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    assert not any(0x7F <= ord(c) < 0xA0 or ord(c) < 0x20 for c in document.encode().decode()[:-1])


def test_numbers_are_finite():
    trace = {"a": math.nan, "b": [math.inf, 1.0], "c": np.float32(0.5), "d": np.array([1.0, math.nan]), "e": {2, 1}}
    document = read(RepliedDocument.of(make_reply(trace=trace)))
    assert document["trace"] == {"a": None, "b": [None, 1.0], "c": 0.5, "d": [1.0, None], "e": [1, 2]}
    with pytest.raises(ValidationError):
        RankDocument(request_id="1", ranking=["a"], scores=[math.nan])


def test_jsonable_of_anything_else_is_its_text():
    assert jsonable(("a", object)) == ["a", str(object)]


def test_nothing_but_the_documented_keys():
    with pytest.raises(ValidationError, match="extra"):
        ErrorDocument(error=ErrorBody(kind="a", message="b"), more=1)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schemas_are_closed_and_say_which_keys_are_always_there(name):
    found = schema(name)
    assert found["additionalProperties"] is False
    if name not in ("chat_line", "rank_line"):
        assert set(found["required"]) == set(found["properties"])


def test_the_name_of_a_document_is_its_type():
    for name, document in DOCUMENTS.items():
        if "type" in document.model_fields and not name.endswith("_error"):
            assert document.model_fields["type"].default == name
